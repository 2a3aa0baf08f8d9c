//! Many participants in one process.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use sabha_client::{
    CrowdConfig, JoinTimesConfig, MediaFiles, Participant, ParticipantConfig, Subscription, Trust, crowd,
    join_times, sample_process,
};
use sabha_crypto::device::MeetingSuite;
use sabha_protocol::{Source, limits::ROOM_PARTICIPANTS_MAX};

use crate::server::{TestServer, guest_config, host_config, id, joined, until_joined, wait};

/// Writes a clip of 8 kbit/s: ten frames a second of 100 bytes, every tenth a key frame. Nine pictures at the usual rates
/// are more than the bandwidth that the server starts with, and on a machine that is busy with something else its
/// estimate may stay there: then the last of them are not sent at all, as they should not.
pub(crate) fn small_clip(folder: &Path) -> PathBuf {
    let mut clip = b"DKIF\0\0\x20\0VP80\x10\0\x10\0".to_vec();
    for number in [10_u32, 1, 10, 0] {
        clip.extend(number.to_le_bytes());
    }
    for index in 0..10_u64 {
        clip.extend(100_u32.to_le_bytes());
        clip.extend(index.to_le_bytes());
        clip.push(u8::from(index > 0));
        clip.extend([0; 99]);
    }
    let path = folder.join("small.ivf");
    fs::write(&path, clip).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_participants_in_one_process_all_see_each_other() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let folder = tempfile::tempdir().unwrap();
    let files = MediaFiles { video: vec![small_clip(folder.path())], ..MediaFiles::default() };
    let host = ParticipantConfig { files: files.clone(), ..host_config(&meeting) };
    let mut everybody = vec![until_joined(Participant::join_with(host, meeting.creator())).await];
    for number in 1..10 {
        let config = ParticipantConfig {
            files: files.clone(),
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

/// Who come at once: all that a room holds beside the host; fewer where nothing is optimised, for every device follows
/// every change, and that would take minutes.
const CROWD: usize = if cfg!(debug_assertions) { 40 } else { ROOM_PARTICIPANTS_MAX - 1 };

/// A commit brings up to 16, and while one is under way the next are gathered; who loses its Welcome comes in by a commit
/// of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_comes_at_once_is_let_in_by_few_commits_into_one_group() {
    let server = TestServer::start();
    let config = CrowdConfig {
        new: server.new.clone(),
        trust: Trust::default(),
        suite: MeetingSuite::Classical,
        guests: CROWD,
        over: Duration::ZERO,
        passcode: None,
        patience: Duration::from_secs(60),
    };

    let report = crowd(&config).await.unwrap();

    println!("{report:?}");
    assert_eq!((report.joined, report.members), (CROWD, CROWD + 1), "{report:?}");
    assert!(report.same_group_ms.is_some(), "everybody sees the same group: {report:?}");
    let fewest = CROWD.div_ceil(16) as u64;
    assert!((fewest..=CROWD as u64 / 2).contains(&report.commits), "{report:?}");
    assert_eq!(report.refusals, 0, "{report:?}");
}
