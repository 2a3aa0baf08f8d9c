use proptest::prelude::*;

use super::*;

const CONTEXT: Context = Context {
    meeting: MeetingId::from_bytes([1; 20]),
    guest: DeviceKey::from_bytes([2; 32]),
    role: 3,
    root: DeviceKey::from_bytes([4; 32]),
};
const HOST: DeviceKey = DeviceKey::from_bytes([5; 32]);

struct Side<'a> {
    passcode: &'a str,
    context: Context,
    host: DeviceKey,
    seed: u8,
}

impl Side<'_> {
    const fn with(passcode: &str, seed: u8) -> Side<'_> {
        Side { passcode, context: CONTEXT, host: HOST, seed }
    }

    fn passcode(&self) -> Passcode {
        Passcode::typed(self.passcode).unwrap()
    }
}

/// Runs the four messages through their bytes and returns what guest and host end with.
fn run(guest: &Side<'_>, host: &Side<'_>) -> (Result<PakeKey, PakeError>, Result<PakeKey, PakeError>) {
    let (start, hello) =
        GuestStart::new(&guest.passcode(), guest.context, &[guest.seed; 64], [guest.seed; 32]);
    let hello = GuestHello::from_bytes(&hello.to_bytes()).unwrap();
    let (waiting, answer) =
        Host::answer(&host.passcode(), host.context, &host.host, &hello, &[host.seed; 64], [host.seed; 32]);
    let answer = HostAnswer::from_bytes(&answer.to_bytes()).unwrap();
    let (confirm, proof) = start.receive(&answer, &guest.host).unwrap();
    match waiting.verify(&GuestProof::from_bytes(&proof.to_bytes()).unwrap()) {
        Ok((key, proof)) => {
            let proof = HostProof::from_bytes(&proof.to_bytes()).unwrap();
            (confirm.finish(&proof), Ok(key))
        }
        Err(error) => (Err(error), Err(error)),
    }
}

fn fails(guest: &Side<'_>, host: &Side<'_>) -> bool {
    let (guest, host) = run(guest, host);
    guest.err() == Some(PakeError::Mismatch) && host.err() == Some(PakeError::Mismatch)
}

#[test]
fn the_same_passcode_gives_both_the_same_key() {
    let (guest, host) = run(&Side::with("K7QM-2X9A", 10), &Side::with("k7qm2x9a", 11));
    assert_eq!(guest.ok().unwrap().0, host.ok().unwrap().0);
}

#[test]
fn each_run_has_a_key_of_its_own() {
    let key = |a, b| run(&Side::with("12345678", a), &Side::with("12345678", b)).1.ok().unwrap().0;
    assert_ne!(key(10, 11), key(10, 12));
    assert_ne!(key(10, 11), key(12, 11));
}

#[test]
fn another_passcode_fails_on_both_sides() {
    assert!(fails(&Side::with("K7QM-2X9A", 10), &Side::with("K7QM-2X9B", 11)));
}

#[test]
fn another_view_of_meeting_device_role_root_or_host_fails() {
    let honest = Side::with("K7QM-2X9A", 10);
    let other = DeviceKey::from_bytes([9; 32]);
    let contexts = [
        Context { meeting: MeetingId::from_bytes([9; 20]), ..CONTEXT },
        Context { guest: other, ..CONTEXT },
        Context { role: 9, ..CONTEXT },
        Context { root: other, ..CONTEXT },
    ];
    for context in contexts {
        assert!(fails(&honest, &Side { context, ..Side::with("K7QM-2X9A", 11) }), "{context:?}");
    }
    assert!(fails(&honest, &Side { host: other, ..Side::with("K7QM-2X9A", 11) }));
}

fn to_proof(passcode: &str) -> (GuestConfirm, HostWaiting, GuestProof) {
    let passcode = Passcode::typed(passcode).unwrap();
    let (start, hello) = GuestStart::new(&passcode, CONTEXT, &[1; 64], [1; 32]);
    let (waiting, answer) = Host::answer(&passcode, CONTEXT, &HOST, &hello, &[2; 64], [2; 32]);
    let (confirm, proof) = start.receive(&answer, &HOST).unwrap();
    (confirm, waiting, proof)
}

#[test]
fn the_guests_own_tag_is_not_taken_for_the_hosts() {
    let (confirm, _, proof) = to_proof("12345678");
    assert_eq!(confirm.finish(&HostProof { tag: proof.tag }).err(), Some(PakeError::Mismatch));
}

#[test]
fn an_answer_that_reflects_the_host_is_no_proof() {
    // A false guest sends the host's own share back, with whatever tag.
    let passcode = Passcode::typed("12345678").unwrap();
    let (waiting, answer) =
        Host::answer(&passcode, CONTEXT, &HOST, &GuestHello { nonce: [1; 32] }, &[2; 64], [2; 32]);
    let proof = GuestProof { share: answer.share, tag: [0; 64] };
    assert_eq!(waiting.verify(&proof).err(), Some(PakeError::Mismatch));
}

#[test]
fn identity_and_non_canonical_shares_abort_on_both_sides() {
    let passcode = Passcode::typed("12345678").unwrap();
    let mut negative = [0; 32];
    negative[0] = 1;
    for share in [[0; 32], [0xff; 32], negative] {
        let (start, hello) = GuestStart::new(&passcode, CONTEXT, &[1; 64], [1; 32]);
        let answer = HostAnswer { nonce: [2; 32], share };
        assert_eq!(start.receive(&answer, &HOST).err(), Some(PakeError::InvalidShare));

        let (waiting, _) = Host::answer(&passcode, CONTEXT, &HOST, &hello, &[2; 64], [2; 32]);
        assert_eq!(waiting.verify(&GuestProof { share, tag: [0; 64] }).err(), Some(PakeError::InvalidShare));
    }
}

#[test]
fn messages_of_another_length_are_refused() {
    assert_eq!((GuestHello::BYTES, HostAnswer::BYTES, GuestProof::BYTES, HostProof::BYTES), (32, 64, 96, 64));
    for length in [0, 31, 33, 63, 65, 95, 97] {
        let bytes = vec![0; length];
        assert_eq!(GuestHello::from_bytes(&bytes), Err(PakeError::Length));
        assert_eq!(HostAnswer::from_bytes(&bytes), Err(PakeError::Length));
        assert_eq!(GuestProof::from_bytes(&bytes), Err(PakeError::Length));
        assert_eq!(HostProof::from_bytes(&bytes), Err(PakeError::Length));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_changed_bit_of_the_proof_fails(at in 0..GuestProof::BYTES, bit in 0..8u8) {
        let (_, waiting, proof) = to_proof("12345678");
        let mut bytes = proof.to_bytes();
        bytes[at] ^= 1 << bit;
        prop_assert!(waiting.verify(&GuestProof::from_bytes(&bytes).unwrap()).is_err());
    }

    #[test]
    fn any_changed_bit_of_the_hosts_proof_fails(at in 0..HostProof::BYTES, bit in 0..8u8) {
        let (confirm, waiting, proof) = to_proof("12345678");
        let mut bytes = waiting.verify(&proof).ok().unwrap().1.to_bytes();
        bytes[at] ^= 1 << bit;
        prop_assert!(confirm.finish(&HostProof::from_bytes(&bytes).unwrap()).is_err());
    }
}
