//! People in a room see and hear each other, and nobody else.

use sabha_client::{ParticipantConfig, Path, Subscription};
use sabha_crypto::device::MeetingSuite;
use sabha_protocol::{
    MediaState, Source,
    device::{CipherSuite, DeviceView, Encryption, MemberRight},
};

use crate::server::{
    Meeting, TestServer, guest, guest_config, host, id, joined, wait, wait_for_frames, wait_for_sound,
};

#[tokio::test(flavor = "multi_thread")]
async fn host_and_guest_see_and_hear_each_other() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;

    for (one, other) in [(&host, &guest), (&guest, &host)] {
        let other = id(other);
        wait_for_frames(one, other, Source::Camera, 60).await;
        let state = wait_for_sound(one, other, 100).await;
        let picture = &state.received(other, Source::Camera).unwrap().figures;
        assert!(picture.key_frames >= 1);
        assert_eq!((picture.lost, picture.duplicates, picture.picture_id_breaks), (0, 0, 0), "{picture:?}");
    }

    let (report, result) = guest.leave().await;
    result.unwrap();
    assert_eq!(report.roster.len(), 2);
    assert_eq!((report.seq_gaps, report.refusals.len()), (0, 0), "{:?}", report.refusals);
    let names: Vec<_> = report.roster.values().map(String::as_str).collect();
    assert_eq!(names, ["Asha", "Ravi"]);
    assert!(report.decrypted > 160);
    assert_eq!((report.dropped.not_authentic, report.dropped.malformed), (0, 0), "{:?}", report.dropped);
    assert_eq!((report.encryption, report.alarms.len()), (Some(Encryption::Verified), 0));
    host.end().await.1.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hybrid_suite_meets_as_well() {
    let server = TestServer::start();
    let meeting = Meeting::create(&server.new, MeetingSuite::XWing, None).await;
    let host = host(&meeting).await;
    let guest = guest(&meeting, "Ravi").await;
    wait_for_frames(&guest, id(&host), Source::Camera, 30).await;
    wait_for_frames(&host, id(&guest), Source::Camera, 30).await;
    assert_eq!(guest.state().view.unwrap().suite, CipherSuite::XWing);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_hands_words_and_the_title_reach_everybody_through_the_group() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let ravi = guest(&meeting, "Ravi").await;
    let mina = guest(&meeting, "Mina").await;
    // Who comes in later, or is still an epoch behind, does not read what was said before.
    for participant in [&host, &ravi, &mina] {
        wait(participant, "every name", |state| {
            state.members().len() == 3 && state.participants.values().all(|person| person.name.is_some())
        })
        .await;
    }

    ravi.chat("namaste".parse().unwrap());
    ravi.raise_hand(true);

    let sender = id(&ravi);
    for participant in [&host, &ravi, &mina] {
        let state = wait(participant, "word and hand", |state| {
            !state.chat.is_empty() && state.participants.get(&sender).is_some_and(|person| person.hand)
        })
        .await;
        let line = &state.chat[0];
        assert_eq!((line.name.as_str(), line.text.as_str()), ("Ravi", "namaste"));
        assert_eq!(line.from, state.participants[&sender].device);
        assert_eq!(state.title().unwrap().as_str(), "Monday");
    }
    let code = host.state().view.unwrap().code.clone();
    assert!(code.is_some());
    wait(&mina, "the same code", |state| state.view.as_ref().unwrap().code == code).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn media_over_tcp_arrives_as_over_udp() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let guest = joined(ParticipantConfig { path: Path::Tcp, ..guest_config(&meeting, "Ravi") }).await;

    wait_for_frames(&guest, id(&host), Source::Camera, 30).await;
    wait_for_frames(&host, id(&guest), Source::Camera, 30).await;
    wait_for_sound(&host, id(&guest), 50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_screen_arrives_with_its_sound_and_stops() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let voice_only = MediaState { microphone: true, ..MediaState::default() };
    let config = ParticipantConfig {
        publish: Source::ALL.to_vec(),
        media: Some(voice_only),
        ..guest_config(&meeting, "Ravi")
    };
    let guest = joined(config).await;
    let sharer = id(&guest);

    // By the organisation's floor a screen is shared by whom a host lets.
    host.set_right(sharer, MemberRight::Screen, true);
    wait(&guest, "the right to share", |state| {
        let own = |view: &DeviceView| {
            view.members.iter().any(|member| member.device == view.me && member.allowed.screen)
        };
        state.view.as_deref().is_some_and(own)
    })
    .await;
    guest.set_media(MediaState { screen: true, screen_audio: true, ..voice_only });
    wait_for_frames(&host, sharer, Source::Screen, 5).await;
    wait(&host, "the screen's sound", |state| {
        state.received(sharer, Source::ScreenAudio).is_some_and(|stats| stats.figures.frames > 25)
    })
    .await;

    guest.set_media(voice_only);
    wait(&host, "the end of the share", |state| {
        let shown = |source| state.received(sharer, source).is_some_and(|stats| stats.current);
        state.participants.get(&sharer).is_some_and(|person| !person.media.screen) && !shown(Source::Screen)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layer_follows_the_height_of_the_tile_without_a_broken_frame() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let small = ParticipantConfig { subscription: Subscription::all(90), ..guest_config(&meeting, "Ravi") };
    let guest = joined(small).await;
    let publisher = id(&host);
    let bytes_per_frame = |state: &sabha_client::Snapshot| {
        let figures = state.received(publisher, Source::Camera).unwrap().figures.clone();
        (figures.bytes, figures.frames)
    };

    let start = bytes_per_frame(&wait_for_frames(&guest, publisher, Source::Camera, 20).await);
    let low = bytes_per_frame(&wait_for_frames(&guest, publisher, Source::Camera, 30).await);
    guest.subscribe(Subscription::all(720));
    // The highest layer's frames are at least three times as large as the lowest's.
    let low_mean = (low.0 - start.0) / (low.1 - start.1);
    let mut before = low;
    for _ in 0..20 {
        let now = bytes_per_frame(&wait_for_frames(&guest, publisher, Source::Camera, 30).await);
        if (now.0 - before.0) / (now.1 - before.1) > 3 * low_mean {
            let state = guest.state();
            assert_eq!(state.received(publisher, Source::Camera).unwrap().figures.picture_id_breaks, 0);
            return;
        }
        before = now;
    }
    panic!("the layer did not rise from {low_mean} bytes a frame: {:#?}", guest.state().publications);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rooms_never_exchange_a_packet() {
    let server = TestServer::start();
    let (first, second) = (server.create().await, server.create().await);
    let (host_one, host_two) = (host(&first).await, host(&second).await);
    let (guest_one, guest_two) = (guest(&first, "Ravi").await, guest(&second, "Mina").await);
    wait_for_frames(&guest_one, id(&host_one), Source::Camera, 30).await;
    wait_for_frames(&guest_two, id(&host_two), Source::Camera, 30).await;

    host_two.end().await.1.unwrap();
    let (left_alone, result) = guest_two.finish().await;
    result.unwrap();
    let state = wait_for_frames(&guest_one, id(&host_one), Source::Camera, 30).await;

    // Each room has ids of its own, so more than the room's own two would show as a third.
    assert_eq!(state.participants.len(), 2);
    for publication in state.publications.iter().chain(&left_alone.received) {
        assert!(publication.publication.participant.0 <= 2, "{publication:?}");
    }
    let attributed: u64 = state.publications.iter().map(|stats| stats.figures.packets).sum();
    let duplicates: u64 = state.publications.iter().map(|stats| stats.figures.duplicates).sum();
    assert!(state.media_packets <= attributed + duplicates + 50, "packets of nobody in the room");
}
