//! The door, with a server that listens, lies and tries for itself.

use sabha_crypto::{
    device::MeetingSuite,
    group::DeviceSigner,
    pake::{Context, GuestHello, Host, HostWaiting, Passcode},
};
use sabha_protocol::{
    DeviceKey, ParticipantId, Rule,
    device::{DeviceCommand, DeviceStage, PasscodeView},
    opaque::DoorPayload,
    wire::{ClientMessage, ServerMessage},
};
use sabha_sim::malice::{Fate, Hall, Said, forge};

const CREATOR: usize = 0;
const PASSCODE: &str = "7KQM-2XWD";

fn scene(admits: bool) -> Hall {
    Hall::with(Some((PASSCODE, admits)), MeetingSuite::Classical)
}

/// Something that a host says at the door.
fn said_by(host: &DeviceKey, kind: u8, bytes: &[u8]) -> ServerMessage {
    let payload = [&[kind], &host.as_bytes()[..], bytes].concat();
    ServerMessage::Door { from: ParticipantId(1), payload: DoorPayload::try_from(payload).unwrap() }
}

fn vector(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// Returns the last thing of a kind that somebody said at the door, without the host's key and the length.
fn last_said(hall: &Hall, from: usize, kind: u8) -> Option<Vec<u8>> {
    hall.seen.iter().rev().find_map(|seen| match &seen.message {
        ClientMessage::Door { payload, .. } if seen.from == from && payload.as_bytes()[0] == kind => {
            Some(payload.as_bytes()[35..].to_vec())
        }
        _ => None,
    })
}

fn root(hall: &Hall) -> DeviceKey {
    hall.people[CREATOR].device.group().unwrap().roster().policy.root
}

/// Holds everything back that hosts and guests say to each other at the door.
fn alone_with_the_guest(hall: &mut Hall) {
    hall.set_post(|letter| match &letter.said {
        Said::Message(message) if matches!(**message, ServerMessage::Door { .. }) => Fate::Drop,
        _ => Fate::Deliver,
    });
}

/// A server that plays the host against a guest, with one passcode that it bets on.
struct FalseHost {
    signer: DeviceSigner,
    waiting: HostWaiting,
}

impl FalseHost {
    fn play(hall: &mut Hall, guest: usize, bet: &str) -> Self {
        let signer = DeviceSigner::from_seed(&[66; 32]);
        let me = signer.device();
        let root = root(hall);
        hall.tell(guest, said_by(&me, 1, root.as_bytes()));
        assert_eq!(hall.view(guest).stage, DeviceStage::PasscodeWanted);
        hall.command(guest, DeviceCommand::Passcode { passcode: PASSCODE.parse().unwrap() });
        let hello = GuestHello::from_bytes(&last_said(hall, guest, 2).unwrap()).unwrap();
        let context = Context { meeting: hall.creation.meeting, guest: hall.key(guest), role: 0, root };
        let bet = Passcode::typed(bet).unwrap();
        let (waiting, answer) = Host::answer(&bet, context, &me, &hello, &[3; 64], [4; 32]);
        hall.tell(guest, said_by(&me, 3, &vector(&answer.to_bytes())));
        Self { signer, waiting }
    }
}

/// The passcode, the link's secret, names, the title, words and keys are in nothing that a server ever sees.
#[test]
fn a_server_sees_no_passcode_no_secret_no_name_and_no_word() {
    let mut hall = scene(true);
    let asha = hall.guest("Parvathalu");
    hall.command(asha, DeviceCommand::Passcode { passcode: "7kqm 2xwd".parse().unwrap() });
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
    let ravi = hall.by_mail("Parvathalu");
    hall.command(ravi, DeviceCommand::Passcode { passcode: "7kqm-2xwd".parse().unwrap() });
    assert_eq!(hall.view(ravi).stage, DeviceStage::Member);
    hall.command(asha, DeviceCommand::Chat { text: "dosa-at-eight".parse().unwrap() });
    hall.pass(6000);
    let loots = [hall.loot(CREATOR), hall.loot(asha), hall.loot(ravi)];

    let mut transcript = serde_json::to_vec(&hall.creation).unwrap();
    for seen in &hall.seen {
        transcript.extend(serde_json::to_vec(&seen.message).unwrap());
        transcript.extend(match &seen.message {
            ClientMessage::Door { payload, .. } => payload.as_bytes().to_vec(),
            ClientMessage::Relay { payload, .. } => payload.as_bytes().to_vec(),
            ClientMessage::Commit { commit, welcome, group_info, .. } => {
                let welcome = welcome.as_ref().map_or(&[][..], |welcome| welcome.as_bytes());
                [commit.as_bytes(), welcome, group_info.as_bytes()].concat()
            }
            ClientMessage::Enter {
                credential: sabha_protocol::wire::client::Credential::Link { knock, .. },
                ..
            } => knock.as_bytes().to_vec(),
            _ => Vec::new(),
        });
    }
    transcript.extend(hall.creation.title.as_ref().unwrap().as_bytes());
    transcript.extend([hall.creation.group_info.as_bytes(), hall.creation.tree.as_bytes()].concat());
    assert!(transcript.len() > 10_000);
    let mut secrets: Vec<Vec<u8>> = [
        "7KQM-2XWD",
        "7KQM2XWD",
        "7kqm2xwd",
        "7kqm 2xwd",
        "7kqm-2xwd",
        "Parvathalu",
        "Weekly",
        "dosa-at-eight",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    for loot in &loots {
        secrets.push(loot.signer.key().to_bytes().to_vec());
        secrets.push(loot.link.expose().to_vec());
        secrets.push(loot.link.fragment().as_bytes()[3..].to_vec());
        secrets.push(loot.link.derive(&loot.meeting).psk.expose().to_vec());
        secrets.extend(loot.root.iter().map(|root| root.key().to_bytes().to_vec()));
    }
    secrets.push(hall.people[asha].device.group().unwrap().keys().base_key.0.expose().to_vec());
    for secret in secrets {
        assert!(!transcript.windows(secret.len()).any(|window| window == secret), "{secret:02x?}");
    }
    // What is searched for is found where it is.
    let device = hall.key(asha);
    assert!(transcript.windows(32).any(|window| window == device.as_bytes()));
}

/// A guest's device types no passcode for a meeting whose root key is another than that of its link.
#[test]
fn a_passcode_is_asked_for_under_the_meetings_root_key_only() {
    let mut hall = scene(true);
    alone_with_the_guest(&mut hall);
    let asha = hall.guest("Asha");
    let other = DeviceSigner::from_seed(&[66; 32]).device();
    hall.tell(asha, said_by(&other, 1, other.as_bytes()));
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    hall.command(asha, DeviceCommand::Passcode { passcode: PASSCODE.parse().unwrap() });
    assert_eq!(last_said(&hall, asha, 2), None);
}

/// Each run tells a false host whether the one passcode is right that it bet on before.
#[test]
fn a_false_host_has_one_guess_a_run_and_few_runs() {
    let mut hall = scene(true);
    alone_with_the_guest(&mut hall);
    let asha = hall.guest("Asha");
    for run in 1..=5 {
        let FalseHost { signer, waiting } = FalseHost::play(&mut hall, asha, "wrong-bet-1");
        let proof = sabha_crypto::pake::GuestProof::from_bytes(&last_said(&hall, asha, 4).unwrap()).unwrap();
        // The state is used up by the try: no second passcode can be tried against the same proof.
        assert!(waiting.verify(&proof).is_err());
        hall.tell(asha, said_by(&signer.device(), 6, &[&[5][..], &0u64.to_be_bytes()].concat()));
        assert!(matches!(hall.view(asha).passcode, PasscodeView::Wanted { wrong, .. } if wrong == run));
    }
    // Whoever asks, the guest's device proves no more in this stay.
    let before = hall.seen.len();
    hall.command(asha, DeviceCommand::Passcode { passcode: PASSCODE.parse().unwrap() });
    assert_eq!(hall.seen.len(), before);
    assert!(matches!(hall.view(asha).passcode, PasscodeView::Wanted { left: 0, .. }));
    assert_eq!(hall.view(CREATOR).members.len(), 1);
}

/// What a guest's device has given away it has given away, also if the server says that it has passed nothing on.
#[test]
fn a_server_that_says_it_has_passed_nothing_on_has_no_guess_more() {
    let mut hall = scene(true);
    alone_with_the_guest(&mut hall);
    let asha = hall.guest("Asha");
    hall.set_post(|letter| match &letter.said {
        Said::Message(message) if matches!(**message, ServerMessage::Door { .. }) => Fate::Drop,
        Said::Answer { .. } => Fate::Hold,
        Said::Message(_) => Fate::Deliver,
    });
    let refuse_all = |hall: &mut Hall| {
        for mut letter in std::mem::take(&mut hall.held) {
            if let Said::Answer { refused, .. } = &mut letter.said {
                *refused = Some(Rule::PasscodeRate);
            }
            hall.deliver(letter);
        }
        hall.settle();
    };
    for run in 1..=5 {
        FalseHost::play(&mut hall, asha, "wrong-bet-1");
        assert!(last_said(&hall, asha, 4).is_some(), "that is a guess");
        refuse_all(&mut hall);
        assert!(matches!(hall.view(asha).passcode, PasscodeView::Wanted { wrong, .. } if wrong == run));
    }
    assert!(matches!(hall.view(asha).passcode, PasscodeView::Wanted { left: 0, .. }));

    // Who is refused before has given nothing away, and answers no host that comes late with its part.
    let ben = hall.guest("Ben");
    let me = DeviceSigner::from_seed(&[66; 32]).device();
    let root = root(&hall);
    hall.tell(ben, said_by(&me, 1, root.as_bytes()));
    hall.command(ben, DeviceCommand::Passcode { passcode: PASSCODE.parse().unwrap() });
    let hello = GuestHello::from_bytes(&last_said(&hall, ben, 2).unwrap()).unwrap();
    refuse_all(&mut hall);
    assert!(matches!(hall.view(ben).passcode, PasscodeView::Wanted { wrong: 0, .. }));
    let context = Context { meeting: hall.creation.meeting, guest: hall.key(ben), role: 0, root };
    let bet = Passcode::typed("wrong-bet-1").unwrap();
    let (_, answer) = Host::answer(&bet, context, &me, &hello, &[3; 64], [4; 32]);
    hall.tell(ben, said_by(&me, 3, &vector(&answer.to_bytes())));
    assert_eq!(last_said(&hall, ben, 4), None);
}

/// Even a bet that is right lets no guest into a group of the server's: the grant does not lead to the root key.
#[test]
fn a_false_host_that_guessed_right_still_leads_nobody_into_a_false_meeting() {
    let mut hall = scene(true);
    alone_with_the_guest(&mut hall);
    let asha = hall.guest("Asha");
    let FalseHost { signer, waiting } = FalseHost::play(&mut hall, asha, PASSCODE);
    let proof = sabha_crypto::pake::GuestProof::from_bytes(&last_said(&hall, asha, 4).unwrap()).unwrap();
    let (_, right) = waiting.verify(&proof).unwrap();
    hall.tell(asha, said_by(&signer.device(), 5, &vector(&right.to_bytes())));
    // The nonce of the knock is sealed, so the server's grant does not answer it.
    let grant = forge(hall.creation.meeting, hall.key(asha), &signer, hall.now_ms, |_| {});
    hall.tell(asha, said_by(&signer.device(), 7, &vector(&grant)));
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    assert_eq!(last_said(&hall, asha, 8), None);
    assert!(hall.people[asha].media.is_empty());
}

/// A host's device between the guest and a server that changes the host's key: the proof is over that key.
#[test]
fn a_passcode_proven_to_one_host_key_is_none_to_another() {
    let mut hall = scene(true);
    let other = DeviceSigner::from_seed(&[66; 32]).device();
    let host = hall.key(CREATOR);
    // The server puts another host's key before the guest, and the true one before the host.
    hall.set_post(move |letter| {
        let to_guest = letter.to != CREATOR;
        if let Said::Message(message) = &mut letter.said
            && let ServerMessage::Door { payload, .. } = &mut **message
        {
            let mut bytes = payload.as_bytes().to_vec();
            let key = if to_guest { other } else { host };
            bytes[1..33].copy_from_slice(key.as_bytes());
            *payload = DoorPayload::try_from(bytes).unwrap();
        }
        Fate::Deliver
    });
    let asha = hall.guest("Asha");
    assert_eq!(hall.view(asha).stage, DeviceStage::PasscodeWanted);
    hall.command(asha, DeviceCommand::Passcode { passcode: PASSCODE.parse().unwrap() });
    assert!(matches!(hall.view(asha).passcode, PasscodeView::Wanted { wrong: 1, .. }));
    assert_eq!(hall.view(CREATOR).members.len(), 1);
}

/// What a guest has said once costs one guess, however often the server says it again.
#[test]
fn a_proof_that_is_repeated_is_no_further_guess() {
    let mut hall = scene(true);
    let asha = hall.guest("Asha");
    hall.command(asha, DeviceCommand::Passcode { passcode: "wrong-code".parse().unwrap() });
    let letters: Vec<_> = hall
        .sent
        .iter()
        .filter(|letter| letter.to == CREATOR)
        .filter(
            |letter| matches!(&letter.said, Said::Message(m) if matches!(**m, ServerMessage::Door { .. })),
        )
        .cloned()
        .collect();
    for _ in 0..100 {
        let proof = letters.last().unwrap().clone();
        hall.deliver(proof);
        hall.settle();
    }
    assert!(matches!(hall.view(CREATOR).passcode, PasscodeView::Set { wrong: 1, .. }));
}

/// A server that knows the link tries passcodes under ever new keys: it is stopped at the meeting's budget, and the host
/// sees it; whoever is let in by hand still comes in, and nobody is asked for what opens nothing.
#[test]
fn a_server_that_guesses_as_a_guest_is_stopped_at_the_meetings_budget() {
    let mut hall = scene(true);
    let mut tried = 0;
    for number in 0..30 {
        let guest = hall.guest("Mallory");
        if hall.view(guest).stage != DeviceStage::PasscodeWanted {
            continue;
        }
        let passcode = format!("guess-{number:04}").parse().unwrap();
        hall.command(guest, DeviceCommand::Passcode { passcode });
        tried += 1;
        hall.disconnect(guest);
        hall.pass(1000);
    }
    assert!(tried >= 20);
    assert_eq!(hall.view(CREATOR).passcode, PasscodeView::Disabled { admits: true });
    let asha = hall.guest("Asha");
    // What a host says at the door has a pace.
    hall.pass(5000);
    assert_eq!(
        (hall.view(asha).stage, &hall.view(asha).passcode),
        (DeviceStage::Waiting, &PasscodeView::Off {})
    );
    hall.command(asha, DeviceCommand::Passcode { passcode: PASSCODE.parse().unwrap() });
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
}

/// A grant and a KeyPackage are for the key that knocked: a server that swaps two guests lets neither in as the other.
#[test]
fn a_grant_that_is_brought_to_another_guest_lets_nobody_in() {
    let mut hall = Hall::new();
    let (asha, mallory) = (hall.guest("Asha"), hall.guest("Mallory"));
    hall.set_post(move |letter| {
        if letter.to == asha
            && matches!(&letter.said, Said::Message(m) if matches!(**m, ServerMessage::Door { .. }))
        {
            letter.to = mallory;
        }
        Fate::Deliver
    });
    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    assert_eq!(hall.view(mallory).stage, DeviceStage::Waiting);
    assert_eq!(hall.view(CREATOR).members.len(), 1);
}
