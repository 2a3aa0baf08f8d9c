//! What breaks comes back: the same place, the same media, without a word from anybody.

use std::time::Duration;

use sabha_protocol::{MediaState, Source};

use crate::server::{TestServer, guest, host, id, wait, wait_for_frames, wait_for_sound};

#[tokio::test(flavor = "multi_thread")]
async fn dropped_websocket_resumes_the_same_place_while_media_goes_on() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;
    let (before, publisher) = (id(&guest), id(&host));
    wait_for_frames(&guest, publisher, Source::Camera, 30).await;

    guest.drop_websocket(Duration::from_secs(1));
    wait(&guest, "the drop", |state| state.phase == sabha_client::Phase::Reconnecting).await;
    wait_for_frames(&guest, publisher, Source::Camera, 10).await;

    let back = wait(&guest, "the resume", |state| state.resumes == 1 && state.media_connected).await;
    assert_eq!(back.you, Some(before));
    assert_eq!(back.participants.len(), 2);
    wait_for_frames(&guest, publisher, Source::Camera, 30).await;
    wait_for_frames(&host, before, Source::Camera, 30).await;
    let gap = guest.state().received(publisher, Source::Camera).unwrap().figures.longest_gap_ms;
    assert!(gap < 5_000, "pictures were away for {gap} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_back_less_muted_than_they_left() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;
    let target = id(&guest);
    let camera_only = MediaState { camera: true, ..MediaState::default() };

    guest.drop_websocket(Duration::from_secs(2));
    wait(&guest, "the drop", |state| state.phase == sabha_client::Phase::Reconnecting).await;
    host.mute(target, Source::Microphone);
    wait(&host, "the mute", |state| {
        state.participants.get(&target).is_some_and(|person| !person.media.microphone)
    })
    .await;

    let back = wait(&guest, "the resume", |state| state.resumes == 1).await;
    assert_eq!(back.media, camera_only);
    wait(&host, "the same", |state| {
        state.participants.get(&target).is_some_and(|person| person.media == camera_only)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replaced_media_connection_carries_on_both_ways() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;
    let (sender, publisher) = (id(&guest), id(&host));
    wait_for_frames(&guest, publisher, Source::Camera, 30).await;
    let before = guest.state().generation;

    guest.replace_media();

    let after =
        wait(&guest, "a new connection", |state| state.media_replacements == 1 && state.media_connected)
            .await;
    assert!(after.generation > before);
    wait_for_frames(&guest, publisher, Source::Camera, 30).await;
    wait_for_frames(&host, sender, Source::Camera, 30).await;
    wait_for_sound(&host, sender, 50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_has_made_up_for_what_was_missed() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let away = guest(&meeting, "Ravi").await;
    let leaf = |state: &sabha_client::Snapshot| {
        let me = state.view.as_ref().unwrap().me;
        state.members().iter().find(|member| member.device == me).unwrap().leaf
    };
    let before = leaf(&away.state());

    away.drop_websocket(Duration::from_secs(4));
    wait(&away, "the drop", |state| state.phase == sabha_client::Phase::Reconnecting).await;
    let newcomer = guest(&meeting, "Mina").await;

    let back = wait(&away, "the resume", |state| state.resumes == 1 && state.media_connected).await;
    assert_eq!((back.members().len(), leaf(&back)), (3, before), "the same leaf, and the group as it is now");
    wait_for_frames(&away, id(&newcomer), Source::Camera, 10).await;
    wait_for_frames(&newcomer, id(&away), Source::Camera, 10).await;
    wait_for_frames(&host, id(&away), Source::Camera, 10).await;
    assert!(back.view.unwrap().alarms.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn restarted_server_gets_the_group_back_from_its_members() {
    let mut server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;
    wait_for_frames(&guest, id(&host), Source::Camera, 10).await;
    let before = guest.state();

    server.restart();

    for participant in [&host, &guest] {
        wait(participant, "the resume", |state| state.resumes == 1 && state.media_connected).await;
    }
    let back = wait_for_frames(&guest, id(&host), Source::Camera, 30).await;
    wait_for_frames(&host, id(&guest), Source::Camera, 30).await;
    assert!(back.epoch() >= before.epoch() && back.boot_epoch > before.boot_epoch);
    assert_eq!((back.you, back.members().len()), (before.you, 2));
    assert!(back.view.unwrap().alarms.is_empty());
    let newcomer = crate::server::guest(&meeting, "Mina").await;
    wait_for_frames(&newcomer, id(&guest), Source::Camera, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn host_comes_back_from_what_was_kept_and_is_host_again() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let first = host(&meeting).await;
    let ravi = guest(&meeting, "Ravi").await;
    first.vanish().await;

    let device = meeting.state.restore().unwrap();
    let back = sabha_client::Participant::join_with(crate::server::host_config(&meeting), device);
    let back = crate::server::until_joined(back).await;

    wait(&back, "the group", |state| state.members().len() == 2 && state.view.as_ref().unwrap().host).await;
    wait_for_frames(&ravi, id(&back), Source::Camera, 10).await;
    wait_for_frames(&back, id(&ravi), Source::Camera, 10).await;
    let newcomer = guest(&meeting, "Mina").await;
    wait_for_frames(&newcomer, id(&ravi), Source::Camera, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_message_is_refused_to_its_sender_and_harms_nobody_else() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;
    let other = crate::server::guest(&meeting, "Mina").await;

    for text in ["", "{", r#"{"id":1,"body":{"type":"deny","guest":1,"x":1}}"#, r#"{"id":-1}"#] {
        guest.send_text(text);
    }

    wait(&guest, "a refusal or the end", |state| {
        state.was_refused_by(sabha_protocol::Rule::WellFormed) || state.over.is_some()
    })
    .await;
    wait_for_frames(&other, id(&host), Source::Camera, 30).await;
    wait_for_frames(&host, id(&other), Source::Camera, 30).await;
}
