//! Nobody enters the room without the host's word, and who is out stays out.

use std::time::Duration;

use sabha_client::{ClientError, Over, Participant, Phase};
use sabha_protocol::{Rule, Source, secret::HostToken, wire::server::CloseReason};

use crate::server::{
    PATIENCE, TestServer, careful_host, guest, guest_config, host, host_config, id, knock, wait,
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
    assert!(state.participants.is_empty() && state.lobby.is_empty() && state.publications.is_empty());
    assert!(!inside.state().participants.contains_key(&outside_id), "the lobby is for hosts only");
    assert!(inside.state().lobby.is_empty());

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
    wait(&host, "an empty lobby", |state| state.lobby.is_empty()).await;

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

    // Its token, the only thing that names its place, is worth nothing any more.
    let mut again = sabha_client::Signalling::connect(&meeting.invite.server).await.unwrap();
    again.receive().await.unwrap();
    again
        .send(sabha_protocol::wire::ClientMessage::Enter {
            meeting: meeting.invite.meeting,
            name: "Ravi".parse().unwrap(),
            credential: sabha_protocol::wire::client::Credential::Resume {
                token: out.resume_token().unwrap().clone(),
            },
        })
        .await
        .unwrap();
    let answer = again.receive().await.unwrap();
    assert!(
        matches!(
            answer.body,
            sabha_protocol::wire::ServerMessage::Refused {
                rule: Rule::RemovedStaysOut | Rule::ResumeWindow,
                ..
            }
        ),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_link_and_wrong_token_are_refused_alike() {
    let server = TestServer::start();
    let (meeting, other) = (server.create().await, server.create().await);
    let _host = host(&meeting).await;

    let mut wrong_link = guest_config(&meeting, "Ravi");
    wrong_link.invite.meeting = other.invite.meeting;
    let mut wrong_token = host_config(&meeting);
    wrong_token.entry = sabha_client::Entry::Host(HostToken::from_bytes([1; 32]));

    for config in [wrong_link, wrong_token] {
        let (_, result) = Participant::join(config).finish().await;
        assert!(matches!(result, Err(ClientError::Refused { rule: Rule::KnownMeeting, .. })), "{result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guest_cannot_act_as_host() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;

    guest.remove(id(&host));
    guest.mute(id(&host), Source::Microphone);

    let state = wait(&guest, "two refusals", |state| state.refusals.len() >= 2).await;
    assert!(state.refusals.iter().all(|refusal| refusal.rule == Rule::HostOnly), "{:?}", state.refusals);
    assert_eq!(host.state().phase, Phase::Joined);
    wait_for_frames(&guest, id(&host), Source::Camera, 10).await;
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
    wait(&host, "the mute", |state| !state.participants[&target].media.camera).await;
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
