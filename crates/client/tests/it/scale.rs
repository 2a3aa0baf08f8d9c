//! Many participants in one process.

use std::time::Duration;

use sabha_client::{JoinTimesConfig, ParticipantConfig, Subscription, Trust, join_times, sample_process};
use sabha_crypto::device::MeetingSuite;
use sabha_protocol::Source;

use crate::server::{TestServer, guest_config, host, id, joined, wait};

#[tokio::test(flavor = "multi_thread")]
async fn ten_participants_in_one_process_all_see_each_other() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let mut everybody = vec![host(&meeting).await];
    for number in 1..10 {
        let config = ParticipantConfig {
            subscription: Subscription::all(90),
            seed: number,
            ..guest_config(&meeting, &format!("Guest {number}"))
        };
        everybody.push(joined(config).await);
    }

    let ids: Vec<_> = everybody.iter().map(id).collect();
    for participant in &everybody {
        let you = id(participant);
        wait(participant, "everybody's picture", |state| {
            ids.iter().filter(|other| **other != you).all(|other| {
                state.received(*other, Source::Camera).is_some_and(|stats| stats.figures.frames >= 10)
            })
        })
        .await;
    }

    let sample = sample_process(server.pid()).unwrap();
    assert!(sample.rss_kb < 1_000_000, "{sample:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn join_times_are_measured_for_every_join() {
    let server = TestServer::start();
    let pause = Duration::from_millis(100);
    let config = JoinTimesConfig {
        new: server.new.clone(),
        trust: Trust::default(),
        joins: 3,
        height: 180,
        pause,
        suite: MeetingSuite::Classical,
    };

    let times = join_times(&config).await.unwrap();

    assert_eq!((times.failed, times.first_key_frame.samples), (0, 3));
    assert!(times.joined.p50_ms <= times.first_key_frame.p50_ms, "{times:?}");
}
