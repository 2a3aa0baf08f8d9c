//! From the link to the lobby and into the room, and back after a lost connection.

use sabha_crypto::{
    device::{Device, MeetingSuite},
    link::LinkSecret,
};
use sabha_protocol::{
    GroupEpoch, MediaState, Rule,
    device::{DeviceCommand, DeviceOutput, DeviceStage, Encryption},
    wire::{ClientMessage, ServerMessage, client::Credential, server::CloseReason},
};

use crate::{
    client::{Client, offer},
    person::{self, Person, admit},
    server::{TestServer, create_meeting_of, meeting_of, new_meeting, now_ms},
};

#[tokio::test]
async fn creator_enters_as_host_and_a_guest_waits_in_the_lobby() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    assert!(host.view.host);

    let guest = person::knock(server.address(), &meeting, "Bilal").await;
    assert_eq!(guest.view.title, Some("Monday".parse().unwrap()), "the link opens the title");
    let device = guest.device.me();
    host.until(|view| view.guests.iter().any(|waiting| waiting.device == device)).await;
    let waiting = &host.view.guests[0];
    assert_eq!(
        (waiting.guest, waiting.name.as_str()),
        (guest.you, "Bilal"),
        "a host's device opens the name"
    );
}

#[tokio::test]
async fn guest_is_admitted_by_a_hosts_commit_only() {
    let server = TestServer::start().await;
    let meeting = create_meeting_of(server.address(), &server.creation_key(), MeetingSuite::XWing).await;
    let mut host = person::host(server.address(), &meeting).await;
    let mut guest = person::knock(server.address(), &meeting, "Bilal").await;

    let join = || ClientMessage::Join { offer: offer(), media: MediaState::default() };
    assert_eq!(guest.client.refused(join()).await, Rule::AdmittedOnly);
    for message in [ClientMessage::GroupState {}, ClientMessage::Missed { epoch: GroupEpoch(0) }, commit(0)] {
        assert_eq!(guest.client.refused(message).await, Rule::Order, "the lobby hears nothing of the group");
    }

    let waited_as = guest.you;
    admit(&mut host, &mut guest).await;
    assert_eq!(guest.you, waited_as);
    guest.join().await;
    assert_eq!((host.view.epoch, guest.view.epoch), (GroupEpoch(1), GroupEpoch(1)));
    assert_eq!(host.view.code, guest.view.code);
    assert_eq!((&host.view.alarms, &guest.view.alarms), (&vec![], &vec![]));
}

#[tokio::test]
async fn what_is_shown_is_verified_once_a_host_has_certified_it() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let mut guest = person::member(server.address(), &meeting, &mut host, "Bilal").await;

    let verified = |person: &Person| person.view.encryption == Encryption::Verified;
    while !(verified(&host) && verified(&guest)) {
        tokio::select! {
            frame = host.next() => assert!(frame.is_some()),
            frame = guest.next() => assert!(frame.is_some()),
        }
    }
}

/// A commit that is none.
fn commit(epoch: u64) -> ClientMessage {
    ClientMessage::Commit {
        epoch: GroupEpoch(epoch),
        commit: vec![1; 100].try_into().unwrap(),
        welcome: None,
        group_info: vec![2; 100].try_into().unwrap(),
    }
}

#[tokio::test]
async fn unknown_meeting_ended_meeting_and_no_right_to_enter_get_the_same_answer() {
    let server = TestServer::start().await;
    let (meeting, ended) = (server.create_meeting().await, server.create_meeting().await);
    let mut host = person::host(server.address(), &ended).await;
    host.client.send(ClientMessage::End {}).await;
    assert_eq!(host.last_word().await, Some(CloseReason::Ended));
    let unknown = meeting_of(new_meeting().0);

    let no_link = LinkSecret::from_bytes([0; 16]);
    let eve = |id, link: &LinkSecret| Device::guest(id, link.clone(), "Eve".parse().unwrap(), now_ms());
    let without_grant = |message: &mut ClientMessage| {
        if let ClientMessage::Enter { credential, .. } = message {
            *credential = Credential::Device { grant: None };
        }
    };
    let mut answers = Vec::new();
    for open in [false, true] {
        let _host = if open { Some(person::host(server.address(), &meeting).await) } else { None };
        for device in [
            eve(meeting.id, &no_link),
            eve(unknown.id, &no_link),
            eve(ended.id, &no_link),
            unknown.guest("Eve"),
            ended.guest("Eve"),
            unknown.creator_reloaded(),
            ended.creator_reloaded(),
        ] {
            let mut device = device;
            let mut client = Client::connect(server.address()).await;
            answers.push(client.enter(&mut device, |_| ()).await);
        }
        for id in [meeting.id, unknown.id, ended.id] {
            let mut client = Client::connect(server.address()).await;
            answers.push(client.enter(&mut eve(id, &meeting.link), without_grant).await);
        }
    }
    assert!(matches!(answers[0], ServerMessage::Refused { rule: Rule::KnownMeeting, .. }));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn a_device_enters_by_its_own_signature_over_this_connection_only() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut device = meeting.creator();
    let mut observed = Client::connect(server.address()).await;
    let mut overheard = None;
    observed.enter(&mut device, |message| overheard = Some(message.clone())).await;

    let mut replayer = Client::connect(server.address()).await;
    assert_ne!(replayer.challenge, observed.challenge);
    assert_eq!(replayer.refused(overheard.unwrap()).await, Rule::DeviceProof);
    let other = meeting.guest("Eve").me();
    let as_another = |message: &mut ClientMessage| {
        if let ClientMessage::Enter { device, .. } = message {
            *device = other;
        }
    };
    let answer = replayer.enter(&mut device, as_another).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::DeviceProof, .. }), "{answer:?}");
}

#[tokio::test]
async fn denied_guest_cannot_knock_before_the_cooldown_even_from_a_new_connection() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let mut guest = person::knock(server.address(), &meeting, "Bilal").await;

    host.ask(ClientMessage::Deny { guest: guest.you }).await;
    assert_eq!(guest.last_word().await, Some(CloseReason::Denied));

    let mut again = Client::connect(server.address()).await;
    assert_eq!(again.enter_refused(&mut guest.device).await, Rule::KnockCooldown);
    let mut other_device = Client::connect(server.address()).await;
    assert_eq!(other_device.enter_refused(&mut meeting.guest("Bilal")).await, Rule::KnockCooldown);
}

#[tokio::test]
async fn dropped_connection_comes_back_to_its_place_once_per_token() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let (place, token) = (host.you, host.resume.clone());

    let answer = host.come_back(server.address()).await;
    assert!(matches!(answer, ServerMessage::Admitted { in_group: true, .. }), "{answer:?}");
    assert_eq!(host.you, place);
    host.join().await;
    // Whatever follows `join` shows that the new token has arrived, and voids the one that was used.
    let set = ClientMessage::SetMedia { media: MediaState::default() };
    assert_eq!(host.ask(set).await, ServerMessage::Done {});

    host.drop_connection(server.address()).await;
    let answer = host.say_enter(token).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::ResumeWindow, .. }), "{answer:?}");
}

#[tokio::test]
async fn a_stolen_token_is_worth_nothing_to_another_device() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let token = host.resume.clone().unwrap();

    let mut thief = Client::connect(server.address()).await;
    let stolen = |message: &mut ClientMessage| {
        if let ClientMessage::Enter { credential, .. } = message {
            *credential = Credential::Resume { token };
        }
    };
    let answer = thief.enter(&mut meeting.guest("Eve"), stolen).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::ResumeWindow, .. }), "{answer:?}");
    host.ping().await;
}

#[tokio::test]
async fn who_comes_back_gets_the_handshakes_that_were_missed() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let mut bilal = person::member(server.address(), &meeting, &mut host, "Bilal").await;

    // Away while two come in.
    bilal.drop_connection(server.address()).await;
    for name in ["Chitra", "Dev"] {
        person::member(server.address(), &meeting, &mut host, name).await;
    }
    assert_eq!(bilal.view.epoch, GroupEpoch(1));
    let token = bilal.resume.clone();
    bilal.say_enter(token).await;
    bilal.until(|view| view.epoch == GroupEpoch(3) && view.stage == DeviceStage::Member).await;
    assert_eq!(bilal.view.members.len(), 4);
    bilal.join().await;
}

#[tokio::test]
async fn a_reloaded_device_comes_back_to_its_place_by_an_external_commit() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let bilal = person::member(server.address(), &meeting, &mut host, "Bilal").await;
    let (place, kept) = (bilal.you, bilal.device.export().to_vec());
    drop(bilal);

    let device = Device::restore(&kept, now_ms()).unwrap();
    let (mut again, answer) = Person::enter(server.address(), device).await;
    assert!(matches!(answer, ServerMessage::Admitted { .. }), "{answer:?}");
    again.until_member().await;
    again.join().await;
    assert_eq!(again.you, place);
    assert_eq!(again.view.members.len(), 2, "the leaf it had before is gone");
    host.until(|view| view.epoch == GroupEpoch(2)).await;
    assert_eq!(host.view.code, again.view.code);
}

#[tokio::test]
async fn removed_participant_is_out_and_neither_its_token_nor_its_grant_lets_it_in() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let mut guest = person::member(server.address(), &meeting, &mut host, "Bilal").await;
    let kept = guest.device.export().to_vec();

    host.command(DeviceCommand::Remove { device: guest.device.me() }).await;
    assert_eq!(guest.last_word().await, Some(CloseReason::Removed));
    assert_eq!(guest.view.stage, DeviceStage::Removed);

    // A device that does not admit it, with the token and with the grant.
    let reloaded = || Device::restore(&kept, now_ms()).unwrap();
    let mut again = Person::connect(server.address(), reloaded()).await;
    let answer = again.say_enter(guest.resume.clone()).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::RemovedStaysOut, .. }), "{answer:?}");
    let mut again = Client::connect(server.address()).await;
    assert_eq!(again.enter_refused(&mut reloaded()).await, Rule::RemovedStaysOut);
    host.ping().await;
}

#[tokio::test]
async fn who_leaves_is_committed_out_of_the_group_by_somebody_who_stays() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let mut guest = person::member(server.address(), &meeting, &mut host, "Bilal").await;

    guest.command(DeviceCommand::Leave {}).await;
    host.until(|view| view.epoch == GroupEpoch(2) && view.members.len() == 1).await;
    assert_eq!(guest.last_word().await, Some(CloseReason::Left));
}

#[tokio::test]
async fn a_handshake_that_breaks_the_rules_is_refused_to_its_sender_only() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let mut bilal = person::member(server.address(), &meeting, &mut host, "Bilal").await;

    let refused = async |person: &mut Person, message| match person.ask(message).await {
        ServerMessage::Refused { rule, .. } => rule,
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(refused(&mut bilal, commit(0)).await, Rule::CurrentEpoch);
    assert_eq!(refused(&mut bilal, commit(1)).await, Rule::WellFormed);
    let proposal = vec![3; 100].try_into().unwrap();
    let propose = ClientMessage::Propose { epoch: GroupEpoch(1), proposal };
    assert_eq!(refused(&mut bilal, propose).await, Rule::WellFormed);
    let ahead = ClientMessage::Missed { epoch: GroupEpoch(9) };
    assert_eq!(refused(&mut bilal, ahead).await, Rule::HandshakesKept);
    let ServerMessage::GroupState { group_info, tree, epoch } = bilal.ask(ClientMessage::GroupState {}).await
    else {
        panic!("no state");
    };
    assert_eq!(epoch, GroupEpoch(1));
    let adopt = ClientMessage::Adopt { group_info, tree, heartbeat: vec![4; 100].try_into().unwrap() };
    assert_eq!(refused(&mut bilal, adopt).await, Rule::CurrentEpoch, "no newer than what the server has");

    let metrics = server.get("/metrics").await.body;
    for counted in ["commit", "proposal", "adoption"] {
        let line = format!("sabha_handshakes_total{{kind=\"{counted}\",outcome=\"refused\"}}");
        assert!(metrics.contains(&line), "{line}");
    }
    assert!(metrics.contains("sabha_handshakes_total{kind=\"commit\",outcome=\"accepted\"}"));
    host.ping().await;
    assert_eq!((host.view.epoch, &host.view.alarms), (GroupEpoch(1), &vec![]));
}

#[tokio::test]
async fn a_handshake_that_another_device_made_is_refused() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let mut bilal = person::member(server.address(), &meeting, &mut host, "Bilal").await;

    // What Bilal's device would say to leave, overheard and sent by somebody else.
    bilal.device.command(DeviceCommand::Leave {}, now_ms());
    let propose = std::iter::from_fn(|| bilal.device.poll_output()).find_map(|output| match output {
        DeviceOutput::Send { message, .. } => Some(*message),
        _ => None,
    });
    let propose = propose.unwrap();
    let answer = host.ask(propose.clone()).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::Admission, .. }), "{answer:?}");
    assert_eq!(bilal.ask(propose).await, ServerMessage::Done {});
}

#[tokio::test]
async fn a_grant_that_is_signed_after_the_lock_lets_nobody_in() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut asha = person::host(server.address(), &meeting).await;
    let mut bilal = person::member(server.address(), &meeting, &mut asha, "Bilal").await;
    asha.command(DeviceCommand::MakeHost { device: bilal.device.me() }).await;
    bilal.until(|view| view.host).await;
    let mut guest = person::knock(server.address(), &meeting, "Chitra").await;
    bilal.until(|view| view.guests.len() == 1).await;

    asha.command(DeviceCommand::Lock { locked: true }).await;
    asha.until(|view| view.locked).await;
    let locked_at = now_ms();
    while now_ms() == locked_at {
        tokio::task::yield_now().await;
    }
    // Bilal's device has not heard of it yet.
    bilal.command(DeviceCommand::Admit { guest: guest.you, by_rule: false }).await;
    guest.until(|view| view.stage == DeviceStage::Joining).await;

    let mut again = Client::connect(server.address()).await;
    assert_eq!(again.enter_refused(&mut guest.device).await, Rule::Locked);
}
