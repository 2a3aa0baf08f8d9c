//! Loads on a real server: what is counted adds up, and what is opened is what was sealed.

use std::{
    io::{BufRead as _, BufReader},
    net::{IpAddr, Ipv4Addr},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use sabha_client::{
    Drops, Elsewhere, ElsewhereConfig, ImpairConfig, Impairer, LoadConfig, LoadReport, Scenario, StreamLoad,
    Trust, load, load_elsewhere,
};
use sabha_crypto::device::MeetingSuite;
use sabha_impairer::{PathConditions, Schedule};
use sabha_protocol::{Layer, MediaKind, Source, VideoCodec};
use tokio::sync::mpsc;

use crate::server::{PATIENCE, TestServer};

fn config(server: &TestServer, scenario: Scenario) -> LoadConfig {
    LoadConfig {
        voices: 3,
        flood: None,
        new: server.new.clone(),
        trust: Trust::default(),
        suite: MeetingSuite::Classical,
        scenario,
        rooms: 1,
        participants: Some(4),
        warm_up: Duration::from_secs(2),
        duration: Duration::from_secs(3),
        open_one_in: 1,
        check_one_in: 1,
        seed: 7,
        server_pid: Some(server.pid()),
        patience: PATIENCE,
    }
}

/// Whatever the scenario: nobody is missing, and nothing that arrived is anything but what was sealed.
pub(crate) fn assert_sound(report: &LoadReport) {
    assert_eq!(report.absent, 0, "{report:#?}");
    for totals in [&report.video, &report.audio] {
        assert_eq!(totals.wrong, 0, "{totals:?}");
    }
    for stream in &report.streams {
        // Media overtakes the word on whose it is when a slot changes hands, and the group's keys when somebody comes.
        let Drops { malformed, misplaced: _, no_key: _, not_authentic, replayed } = stream.dropped;
        assert_eq!((malformed, not_authentic, replayed), (0, 0, 0), "{stream:?}");
    }
    for kind in [MediaKind::Video, MediaKind::Audio] {
        let streams = report.streams.iter().filter(|stream| stream.publication.source.kind() == kind);
        let totals = if kind == MediaKind::Video { &report.video } else { &report.audio };
        assert_eq!(streams.clone().count(), totals.streams);
        assert_eq!(streams.clone().map(|stream| stream.packets).sum::<u64>(), totals.packets);
        assert_eq!(streams.map(|stream| stream.latency.samples).sum::<u64>(), totals.latency.samples);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn speaker_reaches_everybody_and_every_packet_is_timed() {
    let server = TestServer::start();

    let report = load(&LoadConfig { rooms: 2, ..config(&server, Scenario::Speaker) }).await.unwrap();

    assert_sound(&report);
    assert_eq!((report.rooms, report.participants, report.joined.samples), (2, 4, 6));
    assert_eq!((report.video.streams, report.audio.streams), (6, 6), "one of each at each receiver");
    assert!(report.video.right > 100 && report.audio.right > 0, "{report:#?}");
    assert_eq!((report.video.unopened, report.audio.unopened), (0, 0));
    let timed = report.video.latency;
    assert_eq!(timed.samples, report.video.packets, "each packet is found among those that were sent");
    assert!(timed.p50_us <= timed.p99_us && timed.p99_us <= timed.p999_us && timed.p999_us <= timed.max_us);
    let sent = report.sent.iter().map(|stream| (stream.source, stream.layer));
    assert!(sent.clone().any(|stream| stream == (Source::Camera, Some(Layer::High))), "{:?}", report.sent);
    assert!(sent.clone().any(|stream| stream == (Source::Microphone, None)));
    let server = report.server.unwrap();
    assert!(server.user_seconds + server.system_seconds > 0.0 && server.rss_kb > 0, "{server:?}");
    assert!(report.table().contains("packets per CPU second"));
}

#[tokio::test(flavor = "multi_thread")]
async fn grid_is_complete_and_one_stream_in_two_stands_for_all() {
    let server = TestServer::start();

    let report = load(&LoadConfig { open_one_in: 2, ..config(&server, Scenario::Grid9) }).await.unwrap();

    assert_sound(&report);
    assert_eq!(report.video.streams, 4 * 3, "everybody sees everybody else");
    let opened = |stream: &&sabha_client::StreamLoad| stream.frames > 0;
    let is_video = |stream: &&sabha_client::StreamLoad| stream.publication.source == Source::Camera;
    let video: Vec<_> = report.streams.iter().filter(is_video).collect();
    assert!(video.iter().filter(|stream| opened(stream)).all(|stream| stream.unopened == 0));
    let count = video.iter().filter(|stream| opened(stream)).count();
    assert!((1..12).contains(&count), "{count} of 12 are opened");
    assert!(report.video.right > 0 && report.video.unopened > 0, "{:?}", report.video);
    assert!(video.iter().all(|stream| stream.latency.samples == stream.packets));
}

/// What each viewer received as picture, those who check and those who count apart.
fn checked_and_counted(report: &LoadReport) -> (Vec<&StreamLoad>, Vec<&StreamLoad>) {
    let pictures = report.streams.iter().filter(|stream| stream.publication.source == Source::Camera);
    pictures.partition(|stream| stream.frames > 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_counts_comes_to_what_who_checks_does() {
    let server = TestServer::start();

    let participants = Some(7);
    let report = load(&LoadConfig { participants, check_one_in: 2, ..config(&server, Scenario::Speaker) })
        .await
        .unwrap();

    assert_sound(&report);
    assert_eq!((report.video.streams, report.audio.streams, report.check_one_in), (6, 6, 2));
    let (checked, counted) = checked_and_counted(&report);
    assert_eq!((checked.len(), counted.len()), (3, 3));
    assert_eq!((report.video.lost, report.video.duplicates, report.audio.lost), (0, 0, 0));
    for stream in &counted {
        let other = checked[0];
        assert_eq!((stream.dropped, stream.latency.samples), (Drops::default(), 0));
        // A frame on its way when it begins or ends may be on either side, for each.
        assert!(stream.packets.abs_diff(other.packets) <= 30, "{stream:?} {other:?}");
        assert!(stream.unopened.abs_diff(other.frames) <= 4, "{stream:?} {other:?}");
        assert!((stream.kbit_per_second / other.kbit_per_second - 1.0).abs() < 0.1, "{stream:?} {other:?}");
    }
    assert_eq!(report.srtp_tag_bytes, Some(16));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_counts_has_what_is_lost_repaired() {
    let server = TestServer::behind("127.0.0.3");
    let path = PathConditions { down: "loss=3%".parse().unwrap(), ..PathConditions::default() };
    let (to, listen) =
        (([127, 0, 0, 1], server.media_port).into(), ([127, 0, 0, 3], server.media_port).into());
    let schedule = Schedule::new(path, Vec::new()).unwrap();
    let impairer = Impairer::bind(ImpairConfig { listen, to, path, schedule, seed: 5 }).await.unwrap();
    let (_changes, typed) = mpsc::channel(1);
    let running = tokio::spawn(impairer.run(typed, std::future::pending()));

    let participants = Some(5);
    let report = load(&LoadConfig { participants, check_one_in: 2, ..config(&server, Scenario::Speaker) })
        .await
        .unwrap();
    running.abort();

    assert_sound(&report);
    let (checked, counted) = checked_and_counted(&report);
    assert_eq!((checked.len(), counted.len()), (2, 2));
    for stream in checked.iter().chain(&counted) {
        // Without a repair it would be three in a hundred; what is on its way at the end is missing.
        assert!(stream.packets > 300 && stream.lost * 100 < stream.packets, "{stream:?}");
    }
    let voices = report.audio;
    assert!(voices.lost > 0, "nobody repairs voices, so something was lost on the way: {voices:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_followed_by_somebody_who_receives() {
    let server = TestServer::start();

    let report = load(&config(&server, Scenario::Churn)).await.unwrap();

    assert_sound(&report);
    assert_eq!(report.changes, 2, "one a second, but not at the end");
    let watched = report.streams.iter().filter(|stream| stream.publication.source == Source::Camera);
    assert!(watched.count() > 3, "those who came saw the speaker too: {:#?}", report.streams);
}

#[tokio::test(flavor = "multi_thread")]
async fn screen_of_the_lead_is_shared_with_its_sound() {
    let server = TestServer::start();

    let report = load(&config(&server, Scenario::Screen)).await.unwrap();

    assert_sound(&report);
    assert_eq!(report.video.streams, 3);
    let of = |source| report.streams.iter().filter(|stream| stream.publication.source == source).count();
    assert_eq!((of(Source::Screen), of(Source::ScreenAudio)), (3, 3));
    let screen = report.sent.iter().find(|stream| stream.source == Source::Screen).unwrap();
    assert_eq!(screen.codec, Some(VideoCodec::Vp9), "as browsers send it");
    assert!(report.video.right > 0, "{:?}", report.video);
}

#[tokio::test(flavor = "multi_thread")]
async fn stage_is_watched_by_everybody() {
    let server = TestServer::start();

    let report =
        load(&LoadConfig { participants: Some(12), ..config(&server, Scenario::Stage) }).await.unwrap();

    assert_sound(&report);
    assert_eq!((report.video.streams, report.audio.streams), (10 * 9 + 2 * 10, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_participants_are_connected_and_send_nothing() {
    let server = TestServer::start();

    let report = load(&config(&server, Scenario::Idle)).await.unwrap();

    assert_sound(&report);
    assert_eq!((report.streams.len(), report.sent.len(), report.connected.samples), (0, 0, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_goes_past_those_who_watch() {
    let server = TestServer::start();

    let report =
        load(&LoadConfig { flood: Some(2_000), ..config(&server, Scenario::Speaker) }).await.unwrap();

    assert_sound(&report);
    let flood = report.flood.unwrap();
    let counts = [flood.random, flood.stun, flood.client_hello, flood.replayed];
    assert!(counts.iter().all(|count| *count > 500), "{flood:?}");
    let video = report.video;
    assert_eq!((video.streams, video.duplicates), (3, 0), "what is sent again goes to nobody");
    assert!(video.lost * 200 < video.packets, "{video:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_forwarder_is_loaded_with_the_same_media() {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "sabha-client", "--example", "plain_forwarder"]);
    let beside = Path::new(env!("CARGO_BIN_EXE_sabha-client"));
    if beside.components().any(|part| part.as_os_str() == "release") {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success());
    let program = beside.parent().unwrap().join("examples/plain_forwarder");
    let mut forwarder = Command::new(program).stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(forwarder.stdout.take().unwrap()).read_line(&mut address).unwrap();

    let report = load_elsewhere(&ElsewhereConfig {
        kind: Elsewhere::Plain,
        address: address.trim().parse().unwrap(),
        media_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        scenario: Scenario::Speaker,
        viewers: 4,
        warm_up: Duration::from_secs(2),
        duration: Duration::from_secs(3),
        open_one_in: 1,
        check_one_in: 2,
        seed: 7,
        server_pid: Some(forwarder.id()),
        patience: PATIENCE,
    })
    .await;
    forwarder.kill().unwrap();
    forwarder.wait().unwrap();

    let report = report.unwrap();
    assert_sound(&report);
    assert_eq!((report.video.streams, report.audio.streams, report.connected.samples), (4, 4, 4));
    let (checked, counted) = checked_and_counted(&report);
    assert_eq!((checked.len(), counted.len()), (2, 2));
    assert!(report.video.right > 0 && report.video.unopened > 50, "{:?}", report.video);
    assert_eq!(report.video.latency.samples, checked.iter().map(|stream| stream.packets).sum::<u64>());
    assert_eq!(report.srtp_tag_bytes, Some(16), "AES-GCM");
    let layers = report.sent.iter().map(|stream| (stream.source, stream.layer));
    let sent = [(Source::Microphone, None), (Source::Camera, Some(Layer::High))];
    assert_eq!(layers.collect::<Vec<_>>(), sent);
}

#[test]
fn unknown_scenario_is_refused_with_those_that_there_are() {
    let output = Command::new(env!("CARGO_BIN_EXE_sabha-client")).args(["load", "gird-9"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("grid-9"));
}
