//! Sender and receiver together, with somebody between them.

use proptest::prelude::*;
use sabha_protocol::Source;

use super::*;

const SUITE: CipherSuite = CipherSuite::Aes128GcmSha256;
const LEAF: u16 = 3;

fn base_key(epoch: u64) -> BaseKey {
    BaseKey::new(&[epoch as u8 + 1; 16]).unwrap()
}

fn sender(epoch: u64) -> Sender {
    let mut sender = Sender::new(SUITE);
    sender.switch_epoch(epoch, LEAF, &base_key(epoch)).unwrap();
    sender
}

fn receiver(epochs: impl IntoIterator<Item = u64>) -> Receiver {
    let mut receiver = Receiver::new(SUITE);
    for epoch in epochs {
        arm(&mut receiver, epoch).unwrap();
    }
    receiver
}

fn arm(receiver: &mut Receiver, epoch: u64) -> Result<(), SFrameError> {
    receiver.arm(epoch, &base_key(epoch), [(LEAF, Source::Microphone), (LEAF, Source::Camera)])
}

fn encrypt(sender: &mut Sender, source: Source, frame: &[u8], clear_bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    sender.encrypt_into(source, frame, clear_bytes, &mut out).unwrap();
    out
}

fn decrypt(
    receiver: &mut Receiver,
    frame: &[u8],
    clear_bytes: usize,
) -> Result<(Vec<u8>, Opened), SFrameError> {
    let mut frame = frame.to_vec();
    let opened = receiver.decrypt_in_place(&mut frame, clear_bytes);
    assert!(opened.is_ok() || frame.is_empty(), "a refused frame is emptied");
    opened.map(|opened| (frame, opened))
}

proptest! {
    #[test]
    fn what_is_encrypted_is_decrypted(
        frame in prop::collection::vec(any::<u8>(), 0..2000),
        clear_bytes in 0..=CLEAR_BYTES_MAX,
        epoch in 0..200u64,
    ) {
        prop_assume!(clear_bytes <= frame.len());
        let sent = encrypt(&mut sender(epoch), Source::Camera, &frame, clear_bytes);
        prop_assert_eq!(&sent[..clear_bytes], &frame[..clear_bytes]);

        let (got, opened) = decrypt(&mut receiver([epoch]), &sent, clear_bytes).unwrap();
        prop_assert_eq!(got, frame);
        prop_assert_eq!(opened, Opened { source: Source::Camera, leaf: LEAF, epoch, ctr: 0 });
    }

    #[test]
    fn any_changed_bit_is_refused(at in 0..60usize, bit in 0..8u8) {
        let mut sent = encrypt(&mut sender(9), Source::Camera, &[7; 40], 1);
        prop_assume!(at < sent.len());
        sent[at] ^= 1 << bit;
        prop_assert!(decrypt(&mut receiver([9]), &sent, 1).is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), clear_bytes in 0..20usize) {
        prop_assert!(decrypt(&mut receiver([0, 1]), &bytes, clear_bytes).is_err());
    }
}

#[test]
fn each_frame_is_opened_once() {
    let (mut sender, mut receiver) = (sender(1), receiver([1]));
    let frames: Vec<_> = (0..3).map(|n| encrypt(&mut sender, Source::Microphone, &[n], 0)).collect();

    for index in [2, 0, 1] {
        assert!(decrypt(&mut receiver, &frames[index], 0).is_ok());
    }
    for frame in &frames {
        assert_eq!(decrypt(&mut receiver, frame, 0).err(), Some(SFrameError::Replay(ReplayError::Replayed)));
    }
}

#[test]
fn a_forged_counter_does_not_move_the_window() {
    let (mut sender, mut receiver) = (sender(1), receiver([1]));
    let real = encrypt(&mut sender, Source::Microphone, b"real", 0);

    let mut header = [0; HEADER_BYTES_MAX];
    let kid = Kid::new(Source::Microphone, LEAF, 1).into();
    let forged = [Header { kid, ctr: 1 << 40 }.encode(&mut header), &[0; 40]].concat();
    assert_eq!(decrypt(&mut receiver, &forged, 0).err(), Some(SFrameError::NotAuthentic));

    assert!(decrypt(&mut receiver, &real, 0).is_ok());
}

#[test]
fn frames_of_those_who_may_not_send_are_refused() {
    let mut receiver = receiver([1]);
    let from = |leaf, source| {
        let mut sender = Sender::new(SUITE);
        sender.switch_epoch(1, leaf, &base_key(1)).unwrap();
        encrypt(&mut sender, source, b"frame", 0)
    };
    assert_eq!(decrypt(&mut receiver, &from(LEAF, Source::Screen), 0).err(), Some(SFrameError::UnknownKid));
    assert_eq!(decrypt(&mut receiver, &from(4, Source::Camera), 0).err(), Some(SFrameError::UnknownKid));

    receiver.revoke(LEAF, Source::Camera);
    assert_eq!(decrypt(&mut receiver, &from(LEAF, Source::Camera), 0).err(), Some(SFrameError::UnknownKid));
    assert!(decrypt(&mut receiver, &from(LEAF, Source::Microphone), 0).is_ok());
}

#[test]
fn a_stream_cannot_be_passed_off_as_another() {
    let sent = encrypt(&mut sender(1), Source::Microphone, b"frame", 0);
    let (header, length) = Header::parse(&sent).unwrap();
    let mut buffer = [0; HEADER_BYTES_MAX];
    let camera = Header { kid: Kid::new(Source::Camera, LEAF, 1).into(), ..header }.encode(&mut buffer);
    let swapped = [camera, &sent[length..]].concat();
    assert_eq!(decrypt(&mut receiver([1]), &swapped, 0).err(), Some(SFrameError::NotAuthentic));
}

#[test]
fn clear_prefix_is_authenticated_and_of_fixed_length() {
    let sent = encrypt(&mut sender(1), Source::Camera, b"\x10rest", 1);
    let mut changed = sent.clone();
    changed[0] ^= 1;
    assert_eq!(decrypt(&mut receiver([1]), &changed, 1).err(), Some(SFrameError::NotAuthentic));
    assert!(decrypt(&mut receiver([1]), &sent, 0).is_err());
    assert!(decrypt(&mut receiver([1]), &sent, 2).is_err());
}

#[test]
fn a_plain_frame_is_never_let_through() {
    for frame in [&b""[..], b"\x00", &[0; 17], &[0xf8; 300]] {
        assert!(decrypt(&mut receiver([0, 1]), frame, 0).is_err());
    }
}

#[test]
fn epochs_overlap_until_they_are_retired() {
    let (mut old, mut new) = (sender(1), sender(2));
    let mut receiver = receiver([1, 2]);
    assert!(decrypt(&mut receiver, &encrypt(&mut old, Source::Camera, b"a", 0), 0).is_ok());
    assert!(decrypt(&mut receiver, &encrypt(&mut new, Source::Camera, b"b", 0), 0).is_ok());

    receiver.retire_before(2);
    assert_eq!(
        decrypt(&mut receiver, &encrypt(&mut old, Source::Camera, b"c", 0), 0).err(),
        Some(SFrameError::UnknownKid)
    );
    assert!(decrypt(&mut receiver, &encrypt(&mut new, Source::Camera, b"d", 0), 0).is_ok());
}

#[test]
fn no_epoch_is_armed_or_sent_in_twice() {
    let mut receiver = receiver([5]);
    let frame = encrypt(&mut sender(5), Source::Camera, b"a", 0);
    decrypt(&mut receiver, &frame, 0).unwrap();
    for epoch in [4, 5] {
        assert_eq!(arm(&mut receiver, epoch), Err(SFrameError::EpochNotNewer));
    }
    receiver.retire_before(6);
    assert_eq!(arm(&mut receiver, 5), Err(SFrameError::EpochNotNewer));

    let mut sender = sender(5);
    for epoch in [4, 5] {
        assert_eq!(sender.switch_epoch(epoch, LEAF, &base_key(epoch)), Err(SFrameError::EpochNotNewer));
    }
    assert_eq!(sender.epoch(), Some(5));
}

#[test]
fn epochs_of_the_same_low_byte_replace_each_other() {
    let mut receiver = receiver([1, 200]);
    receiver.arm(257, &base_key(7), [(LEAF, Source::Camera)]).unwrap();
    let mut sender = Sender::new(SUITE);
    sender.switch_epoch(257, LEAF, &base_key(7)).unwrap();
    let (_, opened) = decrypt(&mut receiver, &encrypt(&mut sender, Source::Camera, b"a", 0), 0).unwrap();
    assert_eq!(opened.epoch, 257);
}

#[test]
fn a_receiver_holds_a_bounded_number_of_epochs() {
    let mut receiver = receiver(0..=EPOCHS_MAX as u64);
    assert_eq!(
        decrypt(&mut receiver, &encrypt(&mut sender(0), Source::Camera, b"a", 0), 0).err(),
        Some(SFrameError::UnknownKid)
    );
    assert!(decrypt(&mut receiver, &encrypt(&mut sender(1), Source::Camera, b"a", 0), 0).is_ok());
}

#[test]
fn counters_run_from_zero_for_each_source_and_epoch() {
    let ctr = |frame: &[u8]| Header::parse(frame).unwrap().0.ctr;
    let mut sender = sender(1);
    let next = |sender: &mut Sender, source| ctr(&encrypt(sender, source, b"a", 0));
    assert_eq!(next(&mut sender, Source::Camera), 0);
    assert_eq!(next(&mut sender, Source::Camera), 1);
    assert_eq!(next(&mut sender, Source::Microphone), 0);
    sender.switch_epoch(2, LEAF, &base_key(2)).unwrap();
    assert_eq!(next(&mut sender, Source::Camera), 0);
}

#[test]
fn an_exhausted_counter_sends_nothing_more() {
    let mut sender = sender(1);
    sender.skip_to(Source::Camera, u64::MAX);
    let last = encrypt(&mut sender, Source::Camera, b"a", 0);
    assert_eq!(Header::parse(&last).unwrap().0.ctr, u64::MAX);

    let mut out = vec![1];
    for _ in 0..2 {
        assert_eq!(
            sender.encrypt_into(Source::Camera, b"a", 0, &mut out),
            Err(SFrameError::CounterExhausted)
        );
        assert!(out.is_empty());
    }
    encrypt(&mut sender, Source::Microphone, b"a", 0);
}

#[test]
fn without_an_epoch_nothing_is_sent_or_received() {
    let mut out = vec![1, 2, 3];
    let error = Sender::new(SUITE).encrypt_into(Source::Camera, b"secret", 0, &mut out);
    assert_eq!(error, Err(SFrameError::NoEpoch));
    assert!(out.is_empty());

    let frame = encrypt(&mut sender(1), Source::Camera, b"a", 0);
    assert_eq!(decrypt(&mut Receiver::new(SUITE), &frame, 0).err(), Some(SFrameError::UnknownKid));
}

#[test]
fn sizes_are_bounded_on_both_sides() {
    let mut out = Vec::new();
    let mut sender = sender(1);
    let mut send =
        |frame: &[u8], clear_bytes| sender.encrypt_into(Source::Camera, frame, clear_bytes, &mut out);
    assert_eq!(send(&vec![0; FRAME_BYTES_MAX], 0), Err(SFrameError::FrameTooLarge));
    assert_eq!(send(&[0; 100], CLEAR_BYTES_MAX + 1), Err(SFrameError::FrameTooLarge));
    assert_eq!(send(&[0; 3], 4), Err(SFrameError::Truncated));

    let mut receiver = receiver([1]);
    assert_eq!(
        decrypt(&mut receiver, &vec![0; FRAME_BYTES_MAX + 1], 0).err(),
        Some(SFrameError::FrameTooLarge)
    );
}

#[test]
fn room_for_a_frame_is_used_again() {
    let (mut sender, mut receiver) = (sender(1), receiver([1]));
    let mut out = Vec::new();
    sender.encrypt_into(Source::Camera, &[7; 1000], 0, &mut out).unwrap();
    let before = (out.as_ptr(), out.capacity());
    receiver.decrypt_in_place(&mut out, 0).unwrap();
    sender.encrypt_into(Source::Camera, &[7; 1000], 0, &mut out).unwrap();
    assert_eq!((out.as_ptr(), out.capacity()), before);
}

#[test]
fn the_larger_suite_works_the_same() {
    let suite = CipherSuite::Aes256GcmSha512;
    let (mut sender, mut receiver) = (Sender::new(suite), Receiver::new(suite));
    sender.switch_epoch(1, LEAF, &base_key(1)).unwrap();
    arm(&mut receiver, 1).unwrap();
    let sent = encrypt(&mut sender, Source::Camera, b"frame", 0);
    assert_eq!(decrypt(&mut receiver, &sent, 0).unwrap().0, b"frame");
}
