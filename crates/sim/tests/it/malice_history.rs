//! The past shown as the present: what is held back, repeated, split or made up of the group's history.

use sabha_admission::{Heartbeat, NO_PREVIOUS};
use sabha_crypto::device::MeetingSuite;
use sabha_protocol::{
    ParticipantId, Rule,
    device::{Alarm, DeviceCommand, DeviceStage, Encryption, HeartbeatState},
    opaque::RelayPayload,
    wire::ServerMessage,
};
use sabha_sim::malice::{Fate, Hall, Letter, Said, Witness};

const CREATOR: usize = 0;
const ASHA: usize = 1;
const BILAL: usize = 2;

fn scene() -> Hall {
    let mut hall = Hall::new();
    hall.member("Asha");
    hall.member("Bilal");
    hall.pass(6000);
    hall
}

fn is_heartbeat(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Relayed { payload, .. } if payload.as_bytes().first() == Some(&2))
}

fn is_handshake(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Handshake { .. })
}

/// Drops what `which` says to one device.
fn withhold(hall: &mut Hall, from: usize, which: fn(&ServerMessage) -> bool) {
    hall.set_post(move |letter| match &letter.said {
        Said::Message(message) if letter.to == from && which(message) => Fate::Drop,
        _ => Fate::Deliver,
    });
}

fn heartbeats(hall: &Hall) -> Vec<ServerMessage> {
    let said = |letter: &Letter| match &letter.said {
        Said::Message(message) if is_heartbeat(message) => Some((**message).clone()),
        _ => None,
    };
    hall.sent.iter().filter_map(said).collect()
}

/// A warning after ten seconds, no media after thirty.
fn goes_silent(hall: &mut Hall, at: usize) {
    hall.pass(9000);
    assert!(hall.sends_in(at).is_some());
    hall.pass(2000);
    assert_eq!(hall.view(at).heartbeat, HeartbeatState::Late);
    assert!(hall.sends_in(at).is_some());
    hall.pass(20_000);
    assert_eq!(hall.view(at).heartbeat, HeartbeatState::Lost);
    assert_eq!(hall.view(at).stage, DeviceStage::Sealed);
    assert_eq!(hall.sends_in(at), None);
}

#[test]
fn handshakes_and_words_that_come_again_in_any_order_change_nothing() {
    let mut hall = scene();
    hall.command(ASHA, DeviceCommand::Chat { text: "once".parse().unwrap() });
    hall.pass(6000);
    let before: Vec<_> = (0..3).map(|at| (hall.epoch(at), hall.view(at).members.clone())).collect();
    let messages: Vec<_> = hall
        .sent
        .iter()
        .filter_map(|letter| match &letter.said {
            Said::Message(message)
                if is_handshake(message) || matches!(**message, ServerMessage::Relayed { .. }) =>
            {
                Some((**message).clone())
            }
            _ => None,
        })
        .collect();
    assert!(messages.len() > 10);
    for message in messages.iter().rev().chain(&messages) {
        hall.tell_all(message);
    }
    // A handshake of before that is said to be of now is refused aloud.
    let ServerMessage::Handshake { message, .. } = messages.iter().find(|m| is_handshake(m)).unwrap() else {
        panic!()
    };
    hall.push(message);
    assert!((0..3).all(|at| hall.view(at).alarms == [Alarm::Handshake {}]));
    hall.pass(6000);
    for (at, before) in before.iter().enumerate() {
        assert_eq!(&(hall.epoch(at), hall.view(at).members.clone()), before);
        assert_eq!(hall.people[at].chat, ["once"]);
        assert_eq!(hall.view(at).encryption, Encryption::Verified);
    }
}

/// ADM-49
#[test]
fn a_removal_that_is_held_back_is_noticed_within_ten_and_stops_sending_within_thirty_seconds() {
    let mut hall = scene();
    let past = hall.split();
    hall.people[ASHA].world = past;
    hall.remove(BILAL);
    assert_eq!(hall.view(ASHA).members.len(), 3);
    goes_silent(&mut hall, ASHA);
    assert!(hall.sends_in(CREATOR).is_some());
}

/// ADM-49: the hosts' word on a later epoch does not make an earlier one the present.
#[test]
fn a_removal_that_is_held_back_while_heartbeats_come_through_is_noticed_as_well() {
    let mut hall = scene();
    let past = hall.split();
    withhold(&mut hall, ASHA, is_handshake);
    hall.remove(BILAL);
    hall.people[ASHA].world = past;
    for _ in 0..6 {
        hall.pass(5000);
        let last = heartbeats(&hall).pop().unwrap();
        hall.tell(ASHA, last);
    }
    hall.pass(1000);
    assert_eq!(hall.view(ASHA).heartbeat, HeartbeatState::Lost);
    assert_eq!(hall.sends_in(ASHA), None);
    // The honest server again: with the next commit what was missed is made up for.
    hall.honest_post();
    hall.people[ASHA].world = 0;
    hall.member("Chitra");
    hall.pass(6000);
    assert_eq!(hall.epoch(ASHA), hall.epoch(CREATOR));
    assert!(hall.sends_in(ASHA).is_some());
    assert!(hall.view(ASHA).members.iter().all(|member| member.device != hall.key(BILAL)));
}

/// ADM-50
#[test]
fn old_heartbeats_keep_nobody_in_the_past() {
    let mut hall = scene();
    let old = heartbeats(&hall);
    withhold(&mut hall, ASHA, is_heartbeat);
    for second in 0..31 {
        hall.pass(1000);
        for heartbeat in &old {
            hall.tell(ASHA, heartbeat.clone());
        }
        if second == 11 {
            assert_eq!(hall.view(ASHA).heartbeat, HeartbeatState::Late);
        }
    }
    assert_eq!(hall.view(ASHA).heartbeat, HeartbeatState::Lost);
    assert_eq!(hall.sends_in(ASHA), None);
}

/// A server that passes heartbeats on ever later is not saved by their being genuine: how old they are is measured
/// by their dates, against the freshest that ever came.
#[test]
fn heartbeats_that_come_ever_later_do_not_hide_a_removal() {
    let mut hall = scene();
    let mut witness = Witness::default();
    // What is for one device is passed on at half the speed at which it is said.
    hall.set_post(|letter| if letter.to == ASHA { Fate::Hold } else { Fate::Deliver });
    let mut removed = false;
    for step in 0..60 {
        hall.pass(5000);
        if step % 2 == 1 && !hall.held.is_empty() {
            let next = hall
                .held
                .iter()
                .position(|letter| matches!(&letter.said, Said::Message(m) if is_heartbeat(m)));
            let upto = next.unwrap_or(hall.held.len() - 1);
            let letters: Vec<Letter> = hall.held.drain(..=upto).collect();
            for letter in letters {
                hall.deliver(letter);
                hall.settle();
            }
        }
        if step == 30 {
            hall.remove(BILAL);
            removed = true;
        }
        witness.check(&hall, &[]);
    }
    assert!(removed);
    assert_eq!(witness.breaches(), [""; 0]);
    assert_eq!(hall.sends_in(ASHA), None);
    assert_ne!(hall.view(ASHA).heartbeat, HeartbeatState::Fresh);
    // And a server that is honest again is believed again.
    hall.honest_post();
    hall.release();
    hall.pass(12_000);
    assert_eq!(hall.view(ASHA).members.len(), 2);
    assert_eq!(hall.view(ASHA).heartbeat, HeartbeatState::Fresh);
    assert_eq!(hall.sends_in(ASHA), hall.sends_in(CREATOR));
}

/// ADM-47, ADM-48, ADM-49
#[test]
fn forged_heartbeats_say_nothing() {
    let mut hall = scene();
    let insider = hall.loot(BILAL);
    let stranger = sabha_crypto::group::DeviceSigner::from_seed(&[99; 32]);
    withhold(&mut hall, ASHA, is_heartbeat);
    let (mut late, mut seq) = (false, 1000);
    for _ in 0..31 {
        hall.pass(1000);
        let group = hall.people[ASHA].device.group().unwrap();
        seq += 1;
        let by = |signer: &sabha_crypto::group::DeviceSigner, named| {
            let heartbeat = Heartbeat {
                meeting: insider.meeting,
                seq,
                epoch: group.epoch().0,
                transcript_hash: group.transcript_hash(),
                tree_hash: group.tree_hash(),
                policy_version: group.roster().policy.version,
                log_size: 1,
                log_head: [0; 32],
                previous: NO_PREVIOUS,
                time_ms: hall.now_ms,
                nonces: Vec::new(),
                signer: signer.device(),
            };
            let mut bytes = heartbeat.sign(signer.key()).unwrap().to_bytes();
            if let Some(named) = named {
                // Under the host's name, with somebody else's signature.
                let key = *signer.device().as_bytes();
                let at = bytes.windows(32).rposition(|window| window == key).unwrap();
                bytes[at..at + 32].copy_from_slice(sabha_protocol::DeviceKey::as_bytes(&named));
            }
            let payload = RelayPayload::try_from([&[2], &bytes[..]].concat()).unwrap();
            ServerMessage::Relayed { from: ParticipantId(1), payload }
        };
        let host = hall.key(CREATOR);
        let forged = [by(&insider.signer, None), by(&stranger, None), by(&stranger, Some(host))];
        for message in forged {
            hall.tell(ASHA, message);
        }
        late |= hall.view(ASHA).heartbeat == HeartbeatState::Late;
    }
    assert!(late);
    assert_eq!(hall.view(ASHA).heartbeat, HeartbeatState::Lost);
    assert_eq!(hall.sends_in(ASHA), None);
}

/// ADM-49: two different commits for one epoch, each shown to a half, are told by the first heartbeat that crosses.
#[test]
fn two_histories_of_one_meeting_are_an_alarm_on_both_sides() {
    let mut hall = scene();
    let chitra = hall.member("Chitra");
    let device = hall.key(BILAL);
    hall.command(CREATOR, DeviceCommand::MakeHost { device });
    hall.pass(6000);
    let second = hall.split();
    (hall.people[BILAL].world, hall.people[chitra].world) = (second, second);
    let (left, right) = (hall.guest("Left"), hall.guest("Right"));
    hall.people[right].world = second;
    hall.admit_by(CREATOR, left);
    hall.admit_by(BILAL, right);
    assert_eq!(hall.epoch(ASHA), hall.epoch(chitra));
    assert!(hall.view(ASHA).members != hall.view(chitra).members);

    let of = |hall: &Hall, to: usize| {
        let letters = hall.sent.iter().rev();
        let mut said = letters.filter(|letter| letter.to == to).filter_map(|letter| match &letter.said {
            Said::Message(message) if is_heartbeat(message) => Some((**message).clone()),
            _ => None,
        });
        said.next().unwrap()
    };
    hall.pass(6000);
    let (to_left, to_right) = (of(&hall, chitra), of(&hall, ASHA));
    for (to, heartbeat) in [(ASHA, &to_left), (CREATOR, &to_left), (chitra, &to_right), (BILAL, &to_right)] {
        hall.tell(to, heartbeat.clone());
        assert_eq!(hall.view(to).alarms, [Alarm::Fork {}], "person {to}");
        assert_eq!(hall.view(to).encryption, Encryption::Failed, "person {to}");
        assert_eq!(hall.sends_in(to), None, "person {to}");
    }
    // The alarm stays, also where the own side goes on.
    hall.pass(12_000);
    assert!([ASHA, CREATOR, chitra, BILAL].iter().all(|at| hall.view(*at).alarms == [Alarm::Fork {}]));
}

/// Accepting a commit towards its sender alone makes a history with one member.
#[test]
fn a_commit_that_is_confirmed_and_never_passed_on_is_noticed_by_the_others() {
    let mut hall = scene();
    hall.set_post(|letter| match &letter.said {
        Said::Message(message) if is_handshake(message) => Fate::Drop,
        _ => Fate::Deliver,
    });
    hall.remove(BILAL);
    assert_ne!(hall.epoch(ASHA), hall.epoch(CREATOR));
    let past = hall.worlds.len();
    hall.worlds.push(copy_of_creation(&hall));
    hall.people[ASHA].world = past;
    goes_silent(&mut hall, ASHA);
}

fn copy_of_creation(hall: &Hall) -> sabha_delivery::Delivery {
    let creation = &hall.creation;
    sabha_delivery::Delivery::open(creation.meeting, &creation.group_info, &creation.tree, hall.now_ms)
        .unwrap()
}

/// A device that comes back to a past of which it does not know better is with who was removed, and never sends.
#[test]
fn a_device_that_comes_back_to_the_past_never_sends() {
    let mut hall = scene();
    let past = hall.split();
    let old = heartbeats(&hall);
    hall.people[ASHA].world = past;
    hall.remove(BILAL);
    hall.pass(1000);
    hall.reload(ASHA);
    assert_eq!(hall.view(ASHA).members.len(), 3);
    for _ in 0..40 {
        hall.pass(1000);
        for heartbeat in &old {
            hall.tell(ASHA, heartbeat.clone());
        }
        assert_eq!(hall.sends_in(ASHA), None);
        assert_ne!(hall.view(ASHA).encryption, Encryption::Verified);
    }
    assert_eq!(hall.view(ASHA).heartbeat, HeartbeatState::Lost);
}

/// ADM-12: what a device has seen it knows after a reload too.
#[test]
fn a_device_that_saw_a_removal_does_not_come_back_to_before_it() {
    let mut hall = scene();
    let past = hall.split();
    hall.remove(BILAL);
    hall.people[ASHA].world = past;
    hall.reload(ASHA);
    assert_eq!(hall.view(ASHA).alarms, [Alarm::Admission { rule: "ADM-12".to_owned() }]);
    assert_eq!(hall.view(ASHA).stage, DeviceStage::Outside);
}

/// A joiner whose nonce no host has answered does not send; one whose Welcome was held back for long is not deceived
/// for longer than a member would be.
#[test]
fn a_joiner_who_is_shown_an_old_epoch_does_not_send_until_a_host_answers_it() {
    let mut hall = scene();
    let past = hall.split();
    hall.set_post(|letter| if letter.to == 3 { Fate::Hold } else { Fate::Deliver });
    let joiner = hall.guest("Chitra");
    assert_eq!(joiner, 3);
    hall.release();
    hall.settle();
    hall.admit(joiner);
    // The grant is passed on, and the commit takes place; nothing after it arrives.
    hall.release();
    hall.settle();
    hall.remove(BILAL);
    hall.people[joiner].world = past;
    let answered = |letter: &Letter| matches!(&letter.said, Said::Message(message) if is_heartbeat(message));
    let (beats, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut hall.held).into_iter().partition(answered);
    for letter in rest {
        let is_removal = matches!(&letter.said, Said::Message(message) if is_handshake(message));
        if !is_removal {
            hall.deliver(letter);
            hall.settle();
        }
    }
    assert_eq!(hall.view(joiner).members.len(), 4);
    // Without the answer: nothing is ever sent.
    for _ in 0..5 {
        hall.pass(1000);
        assert_eq!(hall.sends_in(joiner), None);
    }
    // With the one that was given before the removal: not beyond the silence that every member is bound to.
    for letter in beats {
        hall.deliver(letter);
        hall.settle();
    }
    hall.pass(31_000);
    assert_eq!(hall.sends_in(joiner), None);
    assert_eq!(hall.view(joiner).heartbeat, HeartbeatState::Lost);
}

/// A server that goes back to an old state gets no device to follow it.
#[test]
fn a_server_that_forgets_a_removal_is_not_followed() {
    let mut hall = scene();
    let past = hall.split();
    hall.remove(BILAL);
    hall.pass(1000);
    let epochs: Vec<_> = [CREATOR, ASHA].map(|at| hall.epoch(at)).to_vec();
    hall.worlds.swap(0, past);
    for at in [CREATOR, ASHA] {
        hall.disconnect(at);
    }
    for at in [ASHA, CREATOR] {
        hall.resume(at);
    }
    hall.pass(6000);
    assert_eq!([CREATOR, ASHA].map(|at| hall.epoch(at)).to_vec(), epochs);
    assert_eq!(hall.worlds[0].epoch(), epochs[0].unwrap());
    assert!(!hall.worlds[0].is_member(&hall.key(BILAL)));
    assert_eq!(hall.view(ASHA).members.len(), 2);
}

/// ADM-12: a host whom nobody else could tell the present knows itself what it has decided.
#[test]
fn the_only_host_is_not_led_back_to_before_its_own_removal() {
    for reloaded in [false, true] {
        let mut hall = scene();
        let past = hall.split();
        hall.remove(BILAL);
        hall.pass(1000);
        hall.worlds.swap(0, past);
        if reloaded {
            hall.reload(CREATOR);
        } else {
            // Its next commit is for another epoch than the server's, and what was missed is not kept, says the server.
            hall.set_post(|letter| match &mut letter.said {
                Said::Message(message) if is_handshake(message) => Fate::Drop,
                Said::Answer { refused, .. } => {
                    *refused = (*refused).or(Some(Rule::HandshakesKept));
                    Fate::Deliver
                }
                Said::Message(_) => Fate::Deliver,
            });
            hall.command(CREATOR, DeviceCommand::Lock { locked: true });
            hall.honest_post();
            hall.pass(6000);
        }
        let is_back = hall.view(CREATOR).members.iter().any(|member| member.device == hall.key(BILAL));
        assert!(!is_back, "reloaded: {reloaded}");
        assert_eq!(hall.view(CREATOR).alarms, [Alarm::Admission { rule: "ADM-12".to_owned() }]);
        assert_eq!(hall.view(CREATOR).stage, DeviceStage::Outside);
        assert_eq!(hall.sends_in(CREATOR), None);
        // With a server that has not forgotten it comes back.
        hall.worlds.swap(0, past);
        hall.reload(CREATOR);
        hall.pass(6000);
        assert_eq!(hall.view(CREATOR).stage, DeviceStage::Member);
        assert_eq!(hall.view(CREATOR).members.len(), 2);
    }
}

/// The same devices with the hybrid suite.
#[test]
fn the_hybrid_suite_notices_a_removal_that_is_held_back_too() {
    let mut hall = Hall::with(None, MeetingSuite::XWing);
    hall.member("Asha");
    hall.member("Bilal");
    hall.pass(6000);
    let past = hall.split();
    hall.people[ASHA].world = past;
    hall.remove(BILAL);
    goes_silent(&mut hall, ASHA);
    let mut witness = Witness::default();
    witness.check(&hall, &[]);
    assert_eq!(witness.breaches(), [""; 0]);
}
