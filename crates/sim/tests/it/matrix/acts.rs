//! The forbidden acts, each tried on real devices: what it returns is the rule, or the word, by which it came to nothing. It
//! panics if the act had any effect at an honest device.

use sabha_admission::{Method, Policy};
use sabha_crypto::{
    device::{CreateOptions, Device, MeetingSuite},
    group::DeviceSigner,
    sframe::{BaseKey, CipherSuite, Sender},
};
use sabha_delivery::{Delivery, Reject};
use sabha_policy::{Action, Actor, Control, Controls, Decision, may};
use sabha_protocol::{
    Rule, Source,
    device::{Alarm, DeviceCommand, DeviceStage, Encryption, MemberRole},
    opaque::{HandshakeMessage, RelayPayload},
    wire::{ClientMessage, ServerMessage, server::Participant},
};
use sabha_sim::malice::{Fate, Ghost, Hall, Insider, Loot, Paper, Plan, Said, forge};

pub(super) const CREATOR: usize = 0;
pub(super) const ASHA: usize = 1;
pub(super) const BILAL: usize = 2;

/// Words for what no rule has to refuse.
pub(super) const NOTHING_LEAVES: &str = "nothing leaves the device";
pub(super) const NO_KEY: &str = "no key";
pub(super) const NOTHING_SHOWN: &str = "nothing is shown";
pub(super) const NOT_OPENED: &str = "not opened";
pub(super) const ONLY_ASKS: &str = "only a question";
pub(super) const CHANGES_NOTHING: &str = "changes nothing";
pub(super) const NO_MEMBER: &str = "no member";

/// A meeting of the creator and two members under these controls.
fn meeting(controls: &[(&str, &str)]) -> Hall {
    let mut hall = Hall::new();
    hall.member("Asha");
    hall.member("Bilal");
    set(&mut hall, controls);
    hall.pass(6_000);
    hall
}

fn set(hall: &mut Hall, controls: &[(&str, &str)]) {
    let mut settings = Controls::default();
    for (id, value) in controls {
        settings.set_named(id, value).unwrap();
    }
    hall.command(CREATOR, DeviceCommand::SetControls { controls: settings.to_settings() });
    let signed = &hall.people[CREATOR].device.group().unwrap().roster().policy.conduct.controls;
    assert_eq!(*signed, settings, "the controls are in force");
}

/// The same, with the second member's device in the hands of somebody who keeps no rule; it is a host too if `host`.
fn taken_over(controls: &[(&str, &str)], host: bool) -> (Hall, Insider, Loot) {
    let mut hall = meeting(controls);
    let loot = hall.loot(BILAL);
    if host {
        let device = hall.key(BILAL);
        hall.command(CREATOR, DeviceCommand::MakeHost { device });
    }
    let insider = hall.take_over(BILAL);
    hall.pass(6_000);
    (hall, insider, loot)
}

/// Passes a handshake to everybody, which changes no group, and returns the rule of the alarm that everybody raises.
fn pushed(hall: &mut Hall, commit: &HandshakeMessage) -> String {
    let people: Vec<usize> = (0..hall.people.len()).filter(|at| hall.epoch(*at).is_some()).collect();
    let people: Vec<usize> = people.into_iter().filter(|at| hall.people[*at].connected).collect();
    let before: Vec<_> = people.iter().map(|at| (hall.epoch(*at), hall.view(*at).members.clone())).collect();
    hall.push(commit);
    let mut rules = Vec::new();
    for (at, before) in people.iter().zip(&before) {
        assert_eq!(&(hall.epoch(*at), hall.view(*at).members.clone()), before, "person {at} has moved");
        assert_eq!(hall.sends_in(*at), None, "person {at} goes on sending");
        let Some(Alarm::Admission { rule }) = hall.view(*at).alarms.last() else {
            panic!("person {at}: {:?}", hall.view(*at).alarms)
        };
        rules.push(rule.clone());
    }
    rules.dedup();
    assert_eq!(rules.len(), 1, "everybody refuses by the same rule: {rules:?}");
    hall.pass(6_000);
    assert!(
        people.iter().all(|at| hall.view(*at).encryption == Encryption::Verified),
        "and the meeting goes on"
    );
    rules.remove(0)
}

fn refusal(hall: &Hall, of: usize, action: Action) -> Option<Rule> {
    let mut rules: Vec<Option<Rule>> = [CREATOR, ASHA]
        .map(|at| {
            let conduct = &hall.people[at].device.group().unwrap().roster().policy.conduct;
            conduct.refusal(&hall.key(of), false, action)
        })
        .to_vec();
    rules.dedup();
    assert_eq!(rules.len(), 1, "every device decides alike");
    rules.remove(0)
}

fn id(rule: Option<Rule>) -> String {
    rule.expect("somebody refuses").id().to_owned()
}

// Coming in.

fn other_root(hall: &Hall) -> Vec<u8> {
    let root = DeviceSigner::from_seed(&[99; 32]);
    let mut policy = Policy::clone(&hall.people[CREATOR].device.group().unwrap().roster().policy);
    (policy.root, policy.signer, policy.hosts) = (root.device(), root.device(), Vec::new());
    policy.sign(root.key()).unwrap().to_bytes()
}

/// A group under the meeting's id, whose root key is another.
pub(super) fn false_group_is_offered() -> String {
    let hall = meeting(&[]);
    let member = hall.loot(BILAL);
    let ghost = Ghost::new(100, &member);
    let mut rival = ghost.insider(ghost.paper(Paper::SelfMade, &hall, &member));
    let (info, tree) = rival.found(&other_root(&hall));
    match Delivery::open(hall.creation.meeting, &info, &tree, hall.now_ms) {
        Err(Reject::Admission(violation)) => violation.id().to_owned(),
        other => panic!("{:?}", other.map(|_| "it is taken")),
    }
}

/// The server shows that group to a device that comes back.
pub(super) fn false_group_is_shown() -> String {
    let mut hall = meeting(&[]);
    let member = hall.loot(BILAL);
    let ghost = Ghost::new(100, &member);
    let mut rival = ghost.insider(ghost.paper(Paper::SelfMade, &hall, &member));
    let (group_info, tree) = rival.found(&other_root(&hall));
    let lie = ServerMessage::GroupState { epoch: sabha_protocol::GroupEpoch(0), group_info, tree };
    hall.set_post(move |letter| {
        if let Said::Message(message) = &mut letter.said
            && matches!(**message, ServerMessage::GroupState { .. })
        {
            **message = lie.clone();
        }
        Fate::Deliver
    });
    let creation = hall.creation.clone();
    let old = Delivery::open(creation.meeting, &creation.group_info, &creation.tree, hall.now_ms).unwrap();
    hall.worlds.push(old);
    hall.people[ASHA].world = 1;
    hall.reload(ASHA);
    assert_eq!(hall.view(ASHA).stage, DeviceStage::Outside);
    assert_eq!(hall.sends_in(ASHA), None);
    let [Alarm::Admission { rule }] = &hall.view(ASHA).alarms[..] else {
        panic!("{:?}", hall.view(ASHA).alarms)
    };
    rule.clone()
}

fn host_lets_in(controls: &[(&str, &str)], wait_ms: u64, by_rule: bool) -> String {
    let mut hall = meeting(controls);
    hall.pass(wait_ms);
    let guest = hall.guest("Chitra");
    let number = hall.people[guest].id;
    let epoch = hall.epoch(CREATOR);
    hall.command(CREATOR, DeviceCommand::Admit { guest: number, by_rule });
    assert_eq!((hall.epoch(CREATOR), hall.view(guest).stage), (epoch, DeviceStage::Waiting));
    let [rule] = hall.people[CREATOR].refusals[..] else { panic!("{:?}", hall.people[CREATOR].refusals) };
    // Without the control it does, or this would show nothing.
    let mut hall = meeting(&[]);
    let guest = hall.guest("Chitra");
    let number = hall.people[guest].id;
    hall.command(CREATOR, DeviceCommand::Admit { guest: number, by_rule });
    assert_eq!(hall.view(guest).stage, DeviceStage::Member);
    rule.id().to_owned()
}

pub(super) fn host_lets_in_without_the_passcode() -> String {
    host_lets_in(&[("MEET.PASS.REQUIRED", "passcode")], 0, false)
}

pub(super) fn host_lets_in_by_a_rule() -> String {
    host_lets_in(&[("MEET.LOBBY.ON", "host")], 0, true)
}

pub(super) fn host_lets_in_late() -> String {
    host_lets_in(&[("MEET.LOCK.AUTO", "1")], 61_000, false)
}

pub(super) fn host_lets_in_by_the_shared_link() -> String {
    host_lets_in(&[("ORG.LINK.PRIVATE", "personal")], 0, false)
}

/// Somebody who is no host lets in who waits.
pub(super) fn member_lets_in() -> String {
    let mut hall = meeting(&[]);
    let guest = hall.guest("Chitra");
    let number = hall.people[guest].id;
    let said = hall.seen.len();
    hall.command(ASHA, DeviceCommand::Admit { guest: number, by_rule: false });
    assert_eq!(hall.seen.len(), said);
    assert_eq!(hall.view(guest).stage, DeviceStage::Waiting);
    NOTHING_LEAVES.to_owned()
}

/// A host's device without our rules adds somebody, by a grant that says how.
fn host_adds(controls: &[(&str, &str)], wait_ms: u64, method: Method) -> String {
    let (mut hall, mut insider, member) = taken_over(controls, true);
    hall.pass(wait_ms);
    let ghost = Ghost::new(100, &member);
    let now_ms = hall.now_ms;
    let grant = forge(member.meeting, ghost.device(), &member.signer, now_ms, |grant| grant.method = method);
    let rival = ghost.insider(grant);
    let forged = insider.commit(&Plan { add: vec![rival.key_package()], ..Plan::default() }).unwrap();
    insider.give_up();
    let (commit, info) = (forged.commit.clone(), forged.group_info.clone());
    let device = insider.device();
    assert!(
        hall.worlds[0].commit(&device, forged.epoch, commit, info, now_ms).is_err(),
        "nor an honest server"
    );
    pushed(&mut hall, &forged.commit)
}

pub(super) fn host_adds_without_the_passcode() -> String {
    host_adds(&[("MEET.PASS.REQUIRED", "passcode")], 0, Method::Manual)
}

pub(super) fn host_adds_by_a_rule() -> String {
    host_adds(&[("MEET.LOBBY.ON", "host")], 0, Method::Rule)
}

pub(super) fn host_adds_late() -> String {
    host_adds(&[("MEET.LOCK.AUTO", "1")], 61_000, Method::Manual)
}

pub(super) fn host_adds_by_the_shared_link() -> String {
    host_adds(&[("ORG.LINK.PRIVATE", "personal")], 0, Method::Manual)
}

/// The server brings in somebody whom no host has let in.
pub(super) fn server_adds() -> String {
    let mut hall = meeting(&[]);
    let member = hall.loot(BILAL);
    let ghost = Ghost::new(100, &member);
    let mut rival = ghost.insider(ghost.paper(Paper::SelfMade, &hall, &member));
    let (_, info, tree) = hall.worlds[0].state();
    let forged = rival.come_in(&info, &tree, true).unwrap();
    pushed(&mut hall, &forged.commit)
}

/// A member's device without our rules adds somebody with a good grant.
pub(super) fn member_adds() -> String {
    let (mut hall, mut insider, member) = taken_over(&[], false);
    let ghost = Ghost::new(100, &member);
    let host = hall.loot(CREATOR).signer;
    let rival = ghost.insider(forge(member.meeting, ghost.device(), &host, hall.now_ms, |_| {}));
    let forged = insider.commit(&Plan { add: vec![rival.key_package()], ..Plan::default() }).unwrap();
    insider.give_up();
    pushed(&mut hall, &forged.commit)
}

/// Who waits in the lobby seals, writes and changes nothing, and holds no key.
pub(super) fn guest_is_without_a_key() -> String {
    let mut hall = meeting(&[]);
    let guest = hall.guest("Chitra");
    let said = hall.seen.len();
    hall.command(guest, DeviceCommand::Chat { text: "from the lobby".parse().unwrap() });
    let device = hall.key(CREATOR);
    hall.command(guest, DeviceCommand::Remove { device });
    hall.command(guest, DeviceCommand::SetControls { controls: Controls::default().to_settings() });
    assert_eq!(hall.seen.len(), said);
    assert!(Source::ALL.iter().all(|source| hall.people[guest].frames.seal(*source, b"frame", 0).is_none()));
    assert!(hall.people[guest].media.is_empty() && hall.view(guest).members.is_empty());
    assert!(hall.people[ASHA].chat.is_empty());
    NO_KEY.to_owned()
}

/// The server tells a guest that it is in, before any host has said so.
pub(super) fn server_says_come_in() -> String {
    let mut hall = meeting(&[]);
    let guest = hall.guest("Chitra");
    let admitted = hall.sent.iter().find_map(|letter| match &letter.said {
        Said::Message(message) if matches!(**message, ServerMessage::Admitted { .. }) => {
            Some((**message).clone())
        }
        _ => None,
    });
    let joined = hall.joined_message(guest);
    hall.tell(guest, admitted.expect("somebody was admitted before"));
    hall.tell(guest, joined);
    hall.pass(6_000);
    assert!(!matches!(hall.view(guest).stage, DeviceStage::Member | DeviceStage::Sealed));
    assert!(hall.people[guest].frames.seal(Source::Microphone, b"frame", 0).is_none());
    NO_KEY.to_owned()
}

/// Who was removed comes back to an honest server.
pub(super) fn removed_comes_back() -> String {
    let mut hall = meeting(&[]);
    hall.remove(BILAL);
    let said = hall.sent.len();
    hall.reload(BILAL);
    assert_eq!(hall.epoch(BILAL), None);
    let refused = hall.sent[said..].iter().find_map(|letter| match &letter.said {
        Said::Answer { refused, .. } if letter.to == BILAL => *refused,
        _ => None,
    });
    id(refused)
}

/// Who was removed comes back with all its keys, and the server lets it.
pub(super) fn removed_comes_in() -> String {
    let mut hall = meeting(&[]);
    let member = hall.loot(BILAL);
    hall.remove(BILAL);
    hall.disconnect(BILAL);
    let mut rival = Insider::with_loot(&member);
    let (_, info, tree) = hall.worlds[0].state();
    let forged = rival.come_in(&info, &tree, true).unwrap();
    pushed(&mut hall, &forged.commit)
}

// Sending.

/// A member shares a screen that may not. With `role` a host has given it what can be given.
fn shares(role: MemberRole) -> String {
    let mut hall = meeting(&[("MEET.SHARE.HOST", "hosts")]);
    let device = hall.key(ASHA);
    hall.command(CREATOR, DeviceCommand::SetRole { device, role });
    hall.pass(6_000);
    let screen = hall.people[ASHA].frames.seal(Source::Screen, b"frame", 0).unwrap();
    let sound = hall.people[ASHA].frames.seal(Source::Microphone, b"frame", 0).unwrap();
    for at in [CREATOR, BILAL] {
        assert!(hall.people[at].frames.open(&screen, 0).is_err(), "person {at} sees it");
        assert!(hall.people[at].frames.open(&sound, 0).is_ok(), "what it may send is opened");
    }
    id(refusal(&hall, ASHA, Action::Publish(Source::Screen)))
}

pub(super) fn participant_shares() -> String {
    shares(MemberRole::Participant)
}

pub(super) fn presenter_shares() -> String {
    shares(MemberRole::Presenter)
}

/// A device without our rules seals a screen under its own key; the server says that it may, and forwards it.
pub(super) fn disobeying_shares() -> String {
    let (mut hall, insider, _) = taken_over(&[("MEET.SHARE.HOST", "hosts")], false);
    let (epoch, leaf) = (insider.epoch().unwrap().0, u16::try_from(insider.leaf().unwrap()).unwrap());
    let key = BaseKey::new(insider.keys().last().unwrap()).unwrap();
    let mut sender = Sender::new(CipherSuite::Aes128GcmSha256);
    sender.switch_epoch(epoch, leaf, &key).unwrap();
    let one = Participant { device: insider.device(), ..participant(&hall, BILAL) };
    hall.tell_all(&ServerMessage::ParticipantChanged { participant: one });
    let mut sealed = Vec::new();
    sender.encrypt_into(Source::Microphone, b"frame", 0, &mut sealed).unwrap();
    assert!(hall.people[ASHA].frames.open(&sealed, 0).is_ok(), "its key is the right one");
    sender.encrypt_into(Source::Screen, b"frame", 0, &mut sealed).unwrap();
    let refused: Vec<_> =
        [CREATOR, ASHA].iter().map(|at| hall.people[*at].frames.open(&sealed, 0).unwrap_err()).collect();
    assert_eq!(refused[0], refused[1]);
    assert_eq!(refused[0], sabha_crypto::sframe::SFrameError::UnknownKid);
    NOT_OPENED.to_owned()
}

fn participant(hall: &Hall, at: usize) -> Participant {
    let ServerMessage::Joined { participants, .. } = hall.joined_message(CREATOR) else { panic!() };
    let mut one = participants[0].clone();
    one.id = hall.people[at].id;
    one.media.set(Source::Screen, true);
    one
}

/// What is not sealed, or sealed by a key of nobody's.
pub(super) fn plain_frame_is_sent() -> String {
    let mut hall = meeting(&[]);
    let mut stranger = Sender::new(CipherSuite::Aes128GcmSha256);
    stranger.switch_epoch(hall.epoch(ASHA).unwrap().0, 1, &BaseKey::new(&[7; 16]).unwrap()).unwrap();
    let mut sealed = Vec::new();
    stranger.encrypt_into(Source::Microphone, b"a voice by telephone", 0, &mut sealed).unwrap();
    for frame in [b"a voice by telephone".to_vec(), vec![0; 200], sealed] {
        assert!([CREATOR, ASHA, BILAL].iter().all(|at| hall.people[*at].frames.open(&frame, 0).is_err()));
    }
    NOT_OPENED.to_owned()
}

// Writing.

fn writes(role: MemberRole) -> String {
    let mut hall = meeting(&[("MEET.CHAT.SAFE", "hosts")]);
    let device = hall.key(ASHA);
    hall.command(CREATOR, DeviceCommand::SetRole { device, role });
    hall.pass(6_000);
    let said = hall.seen.len();
    hall.command(ASHA, DeviceCommand::Chat { text: "may I?".parse().unwrap() });
    let relays = hall.seen[said..].iter().filter(|seen| matches!(seen.message, ClientMessage::Relay { .. }));
    assert_eq!(relays.count(), 0, "nothing leaves the device");
    assert!(hall.people.iter().all(|person| person.chat.is_empty()));
    hall.people[ASHA].refusals.last().unwrap().id().to_owned()
}

pub(super) fn participant_writes() -> String {
    writes(MemberRole::Participant)
}

pub(super) fn presenter_writes() -> String {
    writes(MemberRole::Presenter)
}

/// What a member says in the group, as it is before it is sealed: kind, and a text with its length.
fn word(kind: u8, text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    [&[kind][..], &length.to_be_bytes(), text.as_bytes()].concat()
}

fn relay(hall: &mut Hall, insider: &mut Insider, word: &[u8]) {
    let sealed = insider.seal(word).unwrap();
    let payload = RelayPayload::try_from([&[1], &sealed[..]].concat()).unwrap();
    let from = hall.people[BILAL].id;
    hall.tell_all(&ServerMessage::Relayed { from, payload });
}

/// A device without our rules writes; before the control forbids it, its words are shown.
pub(super) fn disobeying_writes() -> String {
    let (mut hall, mut insider, _) = taken_over(&[], false);
    relay(&mut hall, &mut insider, &[&word(1, "Bilal")[..], &[0, 0]].concat());
    relay(&mut hall, &mut insider, &word(2, "before"));
    assert_eq!(hall.people[ASHA].chat, ["before"], "a word that is allowed is shown");
    let from = hall.epoch(CREATOR).unwrap();
    set(&mut hall, &[("MEET.CHAT.SAFE", "hosts")]);
    for missed in hall.worlds[0].missed(from).unwrap() {
        insider.follow(&missed.message);
    }
    relay(&mut hall, &mut insider, &word(2, "after"));
    assert_eq!(
        (&hall.people[ASHA].chat[..], &hall.people[CREATOR].chat[..]),
        (&["before".to_owned()][..], &["before".to_owned()][..])
    );
    let refused = refusal(&hall, BILAL, Action::Use(sabha_policy::Function::Chat));
    id(refused)
}

/// The server says again what was said while it was allowed, and makes up a word.
pub(super) fn server_writes() -> String {
    let mut hall = meeting(&[]);
    hall.command(ASHA, DeviceCommand::Chat { text: "once".parse().unwrap() });
    let said = hall.seen.iter().rev().find_map(|seen| match &seen.message {
        ClientMessage::Relay { payload, .. } if seen.from == ASHA => Some(payload.clone()),
        _ => None,
    });
    set(&mut hall, &[("MEET.CHAT.SAFE", "hosts")]);
    let from = hall.people[ASHA].id;
    hall.tell_all(&ServerMessage::Relayed { from, payload: said.unwrap() });
    let made_up = RelayPayload::try_from([&[1][..], &word(2, "never said")].concat()).unwrap();
    hall.tell_all(&ServerMessage::Relayed { from, payload: made_up });
    assert_eq!(hall.people[CREATOR].chat, ["once"]);
    NOTHING_SHOWN.to_owned()
}

/// A device without our rules says what no word is.
pub(super) fn strange_words() -> String {
    let (mut hall, mut insider, _) = taken_over(&[], false);
    let state = |hall: &Hall| {
        [CREATOR, ASHA].map(|at| {
            (
                hall.view(at).materials.clone(),
                hall.view(at).members.clone(),
                hall.epoch(at),
                hall.people[at].chat.clone(),
            )
        })
    };
    let before = state(&hall);
    for kind in (0..=u8::MAX).filter(|kind| *kind == 0 || *kind > 8) {
        relay(&mut hall, &mut insider, &word(kind, "../../file"));
    }
    assert_eq!(state(&hall), before);
    NOTHING_SHOWN.to_owned()
}

/// There is no such message: neither to the server, nor from it, nor to a device.
fn no_message(kinds: &[&str]) -> String {
    for kind in kinds {
        for fields in [
            "",
            r#","participant":1"#,
            r#","participant":1,"source":"camera""#,
            r#","name":"x","bytes":"AAAA""#,
        ] {
            let body = format!(r#"{{"type":"{kind}"{fields}}}"#);
            let to_server = format!(r#"{{"id":1,"body":{body}}}"#);
            assert!(serde_json::from_str::<sabha_protocol::wire::ClientFrame>(&to_server).is_err(), "{body}");
            let from_server = format!(r#"{{"body":{body}}}"#);
            assert!(
                serde_json::from_str::<sabha_protocol::wire::ServerFrame>(&from_server).is_err(),
                "{body}"
            );
            assert!(serde_json::from_str::<DeviceCommand>(&body).is_err(), "{body}");
        }
    }
    Rule::WellFormed.id().to_owned()
}

pub(super) fn control_message() -> String {
    no_message(&["unmute", "switch_on", "control", "remote_control", "camera_control", "start_video"])
}

pub(super) fn file_message() -> String {
    no_message(&["file", "upload", "attachment", "transfer"])
}

pub(super) fn recording_message() -> String {
    no_message(&["record", "start_recording", "recording", "egress"])
}

pub(super) fn transcript_message() -> String {
    no_message(&["transcribe", "transcript", "captions"])
}

pub(super) fn leg_message() -> String {
    no_message(&["dial_in", "dial_out", "gateway", "whip", "live_stream"])
}

/// A host asks somebody to speak.
pub(super) fn host_asks_to_speak() -> String {
    let mut hall = meeting(&[]);
    let device = hall.key(ASHA);
    let before = hall.view(CREATOR).members.clone();
    let said = hall.seen.iter().filter(|seen| seen.from == ASHA).count();
    hall.command(CREATOR, DeviceCommand::AskToSpeak { device });
    assert_eq!(hall.seen.iter().filter(|seen| seen.from == ASHA).count(), said, "its device says nothing");
    assert_eq!(hall.view(CREATOR).members, before);
    ONLY_ASKS.to_owned()
}

// Who is there, and who decides.

/// The server puts somebody into its list.
pub(super) fn server_lists() -> String {
    let mut hall = meeting(&[]);
    let ghost = Ghost::new(100, &hall.loot(BILAL));
    let truth = hall.view(ASHA).members.clone();
    let mut lie = hall.joined_message(ASHA);
    let ServerMessage::Joined { participants, .. } = &mut lie else { panic!() };
    let one = Participant { device: ghost.device(), ..participants[0].clone() };
    *participants = vec![one.clone()];
    hall.tell_all(&lie);
    hall.tell_all(&ServerMessage::ParticipantJoined { participant: one });
    hall.pass(6_000);
    assert_eq!(hall.view(ASHA).members, truth);
    NO_MEMBER.to_owned()
}

/// A member uses what only hosts have.
pub(super) fn member_moderates() -> String {
    let mut hall = meeting(&[]);
    let (host, other) = (hall.key(CREATOR), hall.key(BILAL));
    let (said, before) = (hall.seen.len(), hall.view(CREATOR).members.clone());
    for command in [
        DeviceCommand::Remove { device: host },
        DeviceCommand::MakeHost { device: other },
        DeviceCommand::Lock { locked: true },
        DeviceCommand::Suspend { suspended: true },
        DeviceCommand::SetControls { controls: Controls::default().to_settings() },
        DeviceCommand::LiftBan { device: other },
        DeviceCommand::SetRole { device: other, role: MemberRole::Attendee },
    ] {
        hall.command(ASHA, command);
    }
    assert_eq!(hall.seen.len(), said);
    assert_eq!(hall.view(CREATOR).members, before);
    NOTHING_LEAVES.to_owned()
}

/// A member's device without our rules removes the host, and then changes the policy.
pub(super) fn disobeying_moderates() -> String {
    let (mut hall, mut insider, _) = taken_over(&[], false);
    let policy = hall.people[CREATOR].device.group().unwrap().roster().policy.to_bytes();
    let remove = insider.commit(&Plan { remove: vec![0], ..Plan::default() }).unwrap();
    insider.give_up();
    assert_eq!(pushed(&mut hall, &remove.commit), "ADM-35");
    let change = insider.commit(&Plan { policy: Some(policy), ..Plan::default() }).unwrap();
    insider.give_up();
    pushed(&mut hall, &change.commit)
}

/// The server says old steps of the group again, as if a host had just made them.
pub(super) fn server_repeats() -> String {
    let mut hall = meeting(&[]);
    let device = hall.key(BILAL);
    hall.command(CREATOR, DeviceCommand::MakeHost { device });
    set(&mut hall, &[("MEET.SHARE.HOST", "hosts")]);
    let old: Vec<_> = hall
        .sent
        .iter()
        .filter_map(|letter| match &letter.said {
            Said::Message(message) => match &**message {
                ServerMessage::Handshake { message, .. } => Some(message.clone()),
                _ => None,
            },
            Said::Answer { .. } => None,
        })
        .collect();
    assert!(old.len() > 2);
    let state = |hall: &Hall| {
        [CREATOR, ASHA]
            .map(|at| (hall.epoch(at), hall.view(at).members.clone(), hall.view(at).conduct.clone()))
    };
    let before = state(&hall);
    for message in &old {
        hall.push(message);
    }
    assert_eq!(state(&hall), before);
    CHANGES_NOTHING.to_owned()
}

// Decisions that the server calls before it acts, by the same function as every device.

fn decision(id: &str, value: &str, actor: Actor, action: Action) -> String {
    let mut controls = Controls::default();
    assert!(may(&controls, actor, action).is_allowed(), "without the control it may be done");
    controls.set_named(id, value).unwrap();
    match may(&controls, actor, action) {
        Decision::Refused { by } => by.id().to_owned(),
        Decision::Allowed => panic!("{id}={value} allows {action:?}"),
    }
}

pub(super) fn last_host_hands_over() -> String {
    decision(Control::EndAll.id(), "end_only", Actor::HOST, Action::HandOver)
}

pub(super) fn comes_in_with_camera() -> String {
    decision(Control::MuteEntry.id(), "muted_and_dark", Actor::PARTICIPANT, Action::EnterWith(Source::Camera))
}

/// A meeting of the classical suite where only the hybrid one may be.
pub(super) fn host_makes_a_classical_meeting() -> String {
    let mut controls = Controls::default();
    controls.set_named("MEET.E2EE.REQUIRED", "hybrid").unwrap();
    let options = CreateOptions {
        suite: MeetingSuite::Classical,
        title: None,
        name: "Host".parse().unwrap(),
        passcode: None,
        admits: false,
        by_mail: false,
        floor: controls,
        controls: Controls::default(),
    };
    let now_ms = sabha_sim::malice::START_MS;
    match Device::create(options, now_ms) {
        Err(sabha_crypto::group::Reject::Admission(violation)) => violation.id().to_owned(),
        Err(other) => panic!("{other:?}"),
        Ok(device) => {
            let made = device.creation().unwrap();
            match Delivery::open(made.meeting, &made.group_info, &made.tree, now_ms) {
                Err(Reject::Admission(violation)) => violation.id().to_owned(),
                other => panic!("{:?}", other.map(|_| "it is taken")),
            }
        }
    }
}

/// A host's device without our rules demands the hybrid suite in a meeting of the classical one, or leaves the demand out.
pub(super) fn disobeying_loosens() -> String {
    let (mut hall, mut insider, member) = taken_over(&[], true);
    let policy = hall.people[CREATOR].device.group().unwrap().roster().policy.clone();
    let mut loose = Policy::clone(&policy.successor(member.signer.device()));
    loose.conduct.controls.set_named("MEET.E2EE.REQUIRED", "hybrid").unwrap();
    let loose = loose.sign(member.signer.key()).unwrap().to_bytes();
    let change = insider.commit(&Plan { policy: Some(loose), ..Plan::default() }).unwrap();
    insider.give_up();
    pushed(&mut hall, &change.commit)
}
