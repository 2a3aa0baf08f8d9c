//! Nobody enters the room without the host's word, and who is out stays out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sabha_client::{ClientError, Invite, Link, Over, Participant, ParticipantConfig, Phase};
use sabha_crypto::{
    link::LinkSecret,
    policy::{Controls, Tier},
};
use sabha_protocol::{
    Rule, Source,
    device::{AdmissionMethod, DeviceStage, PasscodeView},
    wire::server::CloseReason,
};

use crate::server::{
    PATIENCE, TestServer, careful_host, guest, guest_config, host, id, joined, knock, passcode, wait,
    wait_for_frames,
};

#[tokio::test(flavor = "multi_thread")]
async fn guest_in_the_lobby_receives_no_media_and_no_roster() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = careful_host(&meeting).await;
    let (inside, inside_id) = knock(&host, guest_config(&meeting, "Inside")).await;
    host.admit(inside_id);
    inside.until_joined(PATIENCE).await.unwrap();
    let (outside, outside_id) = knock(&host, guest_config(&meeting, "Outside")).await;

    // The meeting goes on meanwhile: two seconds of pictures pass between those inside.
    wait_for_frames(&inside, id(&host), Source::Camera, 60).await;

    let state = outside.state();
    assert_eq!(state.phase, Phase::Waiting);
    assert_eq!((state.media_packets, state.media_socket_bytes), (0, 0));
    assert!(state.participants.is_empty() && state.members().is_empty() && state.publications.is_empty());
    assert!(!inside.state().participants.contains_key(&outside_id), "the lobby is for hosts only");
    assert!(inside.state().lobby().is_empty());

    host.admit(outside_id);
    let joined = outside.until_joined(PATIENCE).await.unwrap();
    assert_eq!((joined.you, joined.participants.len()), (Some(outside_id), 3), "the id is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_guest_is_told_so_and_waits_before_knocking_again() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = careful_host(&meeting).await;
    let (guest, guest_id) = knock(&host, guest_config(&meeting, "Ravi")).await;

    host.deny(guest_id);

    let (report, result) = guest.finish().await;
    assert!(matches!(result, Err(ClientError::Closed { reason: CloseReason::Denied, .. })), "{result:?}");
    assert!(matches!(report.over, Some(Over::Closed { reason: CloseReason::Denied, .. })));
    wait(&host, "an empty lobby", |state| state.lobby().is_empty()).await;

    let (_, result) = Participant::join(guest_config(&meeting, "Ravi")).finish().await;
    assert!(matches!(result, Err(ClientError::Refused { rule: Rule::KnockCooldown, .. })), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_participant_is_out_at_once_and_stays_out() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;
    let removed = id(&guest);
    wait_for_frames(&guest, id(&host), Source::Camera, 10).await;

    host.remove(removed);

    let out =
        guest.until("removal", Duration::from_secs(1), |state| state.phase == Phase::Over).await.unwrap();
    assert!(matches!(out.over, Some(Over::Closed { reason: CloseReason::Removed, .. })), "{:?}", out.over);
    let state = wait(&host, "an empty place", |state| !state.participants.contains_key(&removed)).await;
    assert_eq!(state.participants.len(), 1);

    assert!(!out.sending, "no key is left to send with");
    let removed_device = out.view.unwrap().me;
    let state = wait(&host, "a smaller group", |state| state.members().len() == 1).await;
    assert!(state.members().iter().all(|member| member.device != removed_device));

    // Its token, the only thing that names its place, is worth nothing any more.
    let (_, result) = guest.finish().await;
    assert!(matches!(result, Err(ClientError::Closed { reason: CloseReason::Removed, .. })), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_removed_decrypts_nothing_more_and_does_not_come_back_with_its_grant() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let folder = tempfile::tempdir().unwrap();
    let state_file = folder.path().join("guest.state");
    let config = ParticipantConfig { state_file: Some(state_file.clone()), ..guest_config(&meeting, "Ravi") };
    let removed = joined(config).await;
    let other = guest(&meeting, "Mina").await;
    wait_for_frames(&removed, id(&host), Source::Camera, 30).await;

    host.remove(id(&removed));
    wait(&removed, "the removal", |state| state.phase == Phase::Over).await;
    let at_removal = removed.state();

    // The others go on under new keys.
    let state = wait_for_frames(&other, id(&host), Source::Camera, 60).await;
    assert!(state.epoch() > at_removal.epoch());
    assert_eq!(state.dropped.not_authentic, 0);
    let (report, _) = removed.finish().await;
    assert_eq!(report.decrypted, at_removal.decrypted, "not a frame more");

    // The grant is revoked in the group, so the device that kept it stays out.
    let device = sabha_client::DeviceState::load(&state_file).unwrap().restore().unwrap();
    let (_, result) = Participant::join_with(guest_config(&meeting, "Ravi"), device).finish().await;
    assert!(matches!(result, Err(ClientError::Refused { rule: Rule::RemovedStaysOut, .. })), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_link_is_refused_whatever_is_wrong_with_it() {
    let server = TestServer::start();
    let (meeting, other) = (server.create().await, server.create().await);
    let _host = host(&meeting).await;

    let (here, secret) = (meeting.invite.server(), meeting.invite.secret());
    let wrong = [
        (other.invite.meeting(), secret.clone()),
        (meeting.invite.meeting(), LinkSecret::from_bytes([1; 16])),
        (sabha_protocol::MeetingId::from_bytes([1; 20]), secret.clone()),
    ];
    for (id, secret) in wrong {
        let mut config = guest_config(&meeting, "Ravi");
        config.invite = Invite::new(here.clone(), id, secret).unwrap();
        let (_, result) = Participant::join(config).finish().await;
        assert!(matches!(result, Err(ClientError::Refused { rule: Rule::KnownMeeting, .. })), "{result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passcode_is_stopped_while_others_join_by_the_right_one() {
    let server = TestServer::start();
    let meeting = server.create_with(Some("7KQM-2XWD")).await;
    let host = careful_host(&meeting).await;
    let with = |name: &str, text: &str| ParticipantConfig {
        passcode: passcode(text),
        ..guest_config(&meeting, name)
    };

    let mallory = Participant::join(with("Mallory", "AAAA-AAAA"));
    let wrong = |state: &sabha_client::Snapshot| {
        let passcode = state.view.as_ref().map(|view| view.passcode.clone());
        matches!(passcode, Some(PasscodeView::Wanted { wrong: 1, left: 4 }))
    };
    wait(&mallory, "the verdict", wrong).await;

    let ravi = joined(with("Ravi", "7kqm 2xwd")).await;
    wait_for_frames(&ravi, id(&host), Source::Camera, 10).await;

    let state = mallory.state();
    assert_eq!((state.phase, state.stage()), (Phase::Waiting, DeviceStage::PasscodeWanted));
    assert_eq!((state.media_packets, state.decrypted), (0, 0));
    let state = host.state();
    let methods: Vec<_> = state.members().iter().map(|member| member.method).collect();
    assert_eq!(methods, [AdmissionMethod::Creator, AdmissionMethod::Passcode]);

    // Who was wrong once may try again, a little later.
    tokio::time::sleep(Duration::from_secs(6)).await;
    mallory.prove("7KQM-2XWD".parse().unwrap());
    mallory.until_joined(PATIENCE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_meeting_lets_nobody_in_until_it_is_unlocked() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    host.lock(true);
    wait(&host, "the lock", |state| state.view.as_ref().is_some_and(|view| view.locked)).await;
    let (ravi, _) = knock(&host, guest_config(&meeting, "Ravi")).await;
    assert_eq!(ravi.state().phase, Phase::Waiting);

    host.lock(false);

    ravi.until_joined(PATIENCE).await.unwrap();
}

fn invite_of(link: &str) -> Invite {
    match link.parse().unwrap() {
        Link::Invite(invite) => invite,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_lets_one_person_in_until_it_is_withdrawn() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = careful_host(&meeting).await;
    let until_ms = (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64) + 3_600_000;
    host.invite("Ravi".parse().unwrap(), until_ms, 1);
    let made =
        |state: &sabha_client::Snapshot| state.view.as_ref().is_some_and(|view| !view.invites.is_empty());
    let state = wait(&host, "an invite", made).await;
    let invite = state.view.unwrap().invites[0].clone();
    let link = format!("{}/m/{}{}", meeting.invite.server(), meeting.invite.meeting(), invite.fragment);
    let config = |name: &str| ParticipantConfig { invite: invite_of(&link), ..guest_config(&meeting, name) };

    let ravi = joined(config("Ravi")).await;
    wait_for_frames(&ravi, id(&host), Source::Camera, 10).await;
    wait_for_frames(&host, id(&ravi), Source::Camera, 10).await;
    let state = ravi.state();
    assert!(state.members().iter().any(|member| !member.host && member.method == AdmissionMethod::Invite));

    // A second person with the same link waits like anybody.
    let (eve, _) = knock(&host, config("Eve")).await;
    assert_eq!(eve.state().phase, Phase::Waiting);

    host.withdraw_invite(invite.invite);
    let (_, result) = ravi.finish().await;
    assert!(matches!(result, Err(ClientError::Closed { reason: CloseReason::SentBack, .. })), "{result:?}");
    let (back, _) = knock(&host, config("Ravi")).await;
    assert_eq!(back.state().phase, Phase::Waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_links_are_personal_and_a_host_decides_on_each_a_guest_comes_in_by_both() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = careful_host(&meeting).await;
    let mut controls = Controls::default();
    controls.set_named("ORG.LINK.PRIVATE", "personal").unwrap();
    controls.set_named("MEET.LOBBY.ON", "host").unwrap();
    let settings = Controls::of(Tier::Medium).tighten(&controls).to_settings();
    host.set_controls(settings.clone());
    wait(&host, "the controls", |state| {
        state.view.as_ref().is_some_and(|view| view.conduct.controls == settings)
    })
    .await;
    let until_ms = (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64) + 3_600_000;
    host.invite("Ravi of the ministry".parse().unwrap(), until_ms, 1);
    let made =
        |state: &sabha_client::Snapshot| state.view.as_ref().is_some_and(|view| !view.invites.is_empty());
    let state = wait(&host, "an invite", made).await;
    let invite = state.view.unwrap().invites[0].clone();
    let link = format!("{}/m/{}{}", meeting.invite.server(), meeting.invite.meeting(), invite.fragment);

    // By the meeting's own link a guest is told why not, and a host lets none in.
    let (eve, eve_id) = knock(&host, guest_config(&meeting, "Eve")).await;
    let told = wait(&eve, "the reason", |state| !state.refusals.is_empty()).await;
    assert_eq!(told.refusals[0].rule, Rule::LinkPrivate);
    host.admit(eve_id);
    let state = wait(&host, "a refusal", |state| !state.refusals.is_empty()).await;
    assert_eq!(state.refusals[0].rule, Rule::LinkPrivate);
    assert_eq!(eve.state().phase, Phase::Waiting);

    let config = ParticipantConfig { invite: invite_of(&link), ..guest_config(&meeting, "Ravi") };
    let (ravi, ravi_id) = knock(&host, config).await;
    let shown = wait(&host, "what it shows", |state| {
        state.view.as_ref().is_some_and(|view| view.guests.iter().any(|guest| guest.invite.is_some()))
    })
    .await;
    let shown = shown.view.unwrap().guests.iter().find_map(|guest| guest.invite.clone()).unwrap();
    assert_eq!((shown.name.unwrap().as_str(), shown.holds), ("Ravi of the ministry", true));
    host.admit(ravi_id);
    ravi.until_joined(PATIENCE).await.unwrap();
    wait_for_frames(&ravi, id(&host), Source::Camera, 10).await;
    wait_for_frames(&host, id(&ravi), Source::Camera, 10).await;
    let state = ravi.state();
    assert!(state.members().iter().any(|member| !member.host && member.method == AdmissionMethod::Invite));

    host.withdraw_invite(invite.invite);
    let (_, result) = ravi.finish().await;
    assert!(matches!(result, Err(ClientError::Closed { reason: CloseReason::SentBack, .. })), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_host_lets_in_when_the_first_is_gone() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let first = host(&meeting).await;
    let config =
        ParticipantConfig { admission: sabha_client::Admission::All, ..guest_config(&meeting, "Ravi") };
    let second = joined(config).await;
    first.make_host(id(&second));
    for participant in [&first, &second] {
        let hosts = |state: &sabha_client::Snapshot| state.members().iter().filter(|one| one.host).count();
        wait(participant, "two hosts", |state| hosts(state) == 2).await;
    }

    first.leave().await.1.unwrap();

    let third = guest(&meeting, "Mina").await;
    wait_for_frames(&third, id(&second), Source::Camera, 10).await;
    wait(&third, "the first host gone from the group", |state| state.members().len() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guest_cannot_act_as_host() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;

    // Its own device does not even make the commit, and the server would not take it.
    guest.remove(id(&host));
    guest.make_host(id(&guest));
    guest.mute(id(&host), Source::Microphone);

    let state = wait(&guest, "a refusal", |state| !state.refusals.is_empty()).await;
    assert!(state.refusals.iter().all(|refusal| refusal.rule == Rule::HostOnly), "{:?}", state.refusals);
    wait_for_frames(&guest, id(&host), Source::Camera, 30).await;
    let state = host.state();
    assert_eq!((state.phase, state.members().len()), (Phase::Joined, 2));
    assert_eq!(state.members().iter().filter(|member| member.host).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn muted_source_stops_at_the_sender_and_shows_in_the_room() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;
    let target = id(&guest);

    host.mute(target, Source::Camera);

    wait(&guest, "the mute", |state| !state.media.camera).await;
    wait(&host, "the mute", |state| {
        state.participants.get(&target).is_some_and(|person| !person.media.camera)
    })
    .await;
    assert!(guest.state().media.microphone, "nothing else is switched off");
}

#[tokio::test(flavor = "multi_thread")]
async fn host_ends_the_meeting_for_everybody() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;

    host.end().await.1.unwrap();

    let (report, result) = guest.finish().await;
    result.unwrap();
    assert!(matches!(report.over, Some(Over::Closed { reason: CloseReason::Ended, .. })));
    let (_, again) = Participant::join(guest_config(&meeting, "Ravi")).finish().await;
    assert!(matches!(again, Err(ClientError::Refused { rule: Rule::KnownMeeting, .. })), "{again:?}");
}
