//! A meeting in which people come, go, share, drop out and come back for minutes on end; afterwards the
//! server should hold what it held before.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use sabha_crypto::device::MeetingSuite;
use sabha_protocol::{MediaState, Source};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{PATIENCE, guest, open};
use crate::{
    error::ClientError,
    link::{Invite, NewMeeting},
    participant::{Participant, Phase, Subscription},
    process::{ProcessSample, sample_process},
    report::SoakReport,
    tls::Trust,
};

/// Failures told in words; more of them say nothing new.
const FAILURES_MAX: usize = 20;

/// How long the first, unmeasured meeting lasts, so that the baseline has warm caches and pools.
const WARM_UP: Duration = Duration::from_secs(5);

/// Time given to the server to come to rest before its figures are taken.
const SETTLE: Duration = Duration::from_secs(5);

/// Longest wait for file descriptors to return to the baseline.
const SETTLE_MAX: Duration = Duration::from_secs(90);

const VOICE_AND_CAMERA: MediaState =
    MediaState { microphone: true, camera: true, screen: false, screen_audio: false };
const ALL_ON: MediaState = MediaState { microphone: true, camera: true, screen: true, screen_audio: true };

/// What to soak.
#[derive(Clone, Debug)]
pub struct SoakConfig {
    /// Where.
    pub new: NewMeeting,
    /// Whose word is taken on who that is.
    pub trust: Trust,
    /// The meeting's cipher suite.
    pub suite: MeetingSuite,
    /// For how long.
    pub duration: Duration,
    /// Guests at once.
    pub guests: usize,
    /// Between two steps; in each a guest comes or goes, and something else happens.
    pub step: Duration,
    /// The server's process, if its figures are wanted.
    pub server_pid: Option<u32>,
}

struct Soak {
    meeting: Invite,
    trust: Trust,
    guests: VecDeque<Participant>,
    sharing: Option<usize>,
    next_guest: u64,
    report: SoakReport,
}

/// Runs the soak.
///
/// # Errors
/// When the meeting cannot be opened. What goes wrong later is in the report.
pub async fn soak(config: &SoakConfig) -> Result<SoakReport, ClientError> {
    warm_up(config).await?;
    let baseline = sample(config);
    let (meeting, host) = open(&config.new, &config.trust, config.suite).await?;
    let report = SoakReport { baseline, peak: baseline, ..SoakReport::default() };
    let trust = config.trust.clone();
    let mut soak = Soak { meeting, trust, guests: VecDeque::new(), sharing: None, next_guest: 0, report };

    let start = Instant::now();
    let mut steps = interval(config.step);
    steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut number = 0;
    while start.elapsed() < config.duration {
        steps.tick().await;
        soak.step(config, number).await;
        soak.report.peak = soak.report.peak.zip(sample(config)).map(|(peak, now)| peak.max(now));
        number += 1;
    }
    if host.state().phase != Phase::Joined {
        soak.fail("the host is no longer in the room");
    }
    soak.empty().await;
    if let (_, Err(error)) = host.end().await {
        soak.fail(&error.to_string());
    }
    soak.report.seconds = start.elapsed().as_secs();
    soak.report.end = settle(config, baseline).await;
    Ok(soak.report)
}

async fn warm_up(config: &SoakConfig) -> Result<(), ClientError> {
    let (meeting, host) = open(&config.new, &config.trust, config.suite).await?;
    let mut guests = Vec::new();
    for number in 0..config.guests as u64 {
        guests.push(Participant::join(guest(&meeting, &config.trust, number)?));
    }
    for guest in &guests {
        guest.until_joined(PATIENCE).await?;
    }
    sleep(WARM_UP).await;
    drop(host.end().await);
    for guest in guests {
        drop(guest.finish().await);
    }
    sleep(SETTLE).await;
    Ok(())
}

fn sample(config: &SoakConfig) -> Option<ProcessSample> {
    config.server_pid.and_then(|pid| sample_process(pid).ok())
}

/// Waits until the server holds no more file descriptors than before, or the patience ends, and samples.
async fn settle(config: &SoakConfig, baseline: Option<ProcessSample>) -> Option<ProcessSample> {
    let start = Instant::now();
    loop {
        sleep(SETTLE).await;
        let now = sample(config)?;
        let at_rest = baseline.is_none_or(|before| now.file_descriptors <= before.file_descriptors);
        if at_rest || start.elapsed() > SETTLE_MAX {
            return Some(now);
        }
    }
}

impl Soak {
    async fn step(&mut self, config: &SoakConfig, number: u64) {
        if self.guests.len() < config.guests {
            self.join().await;
        } else {
            self.leave(number).await;
        }
        if self.guests.is_empty() {
            return;
        }
        let index = number as usize % self.guests.len();
        match number % 5 {
            0 => self.share(index),
            1 => self.resubscribe(index, number),
            2 => self.drop_websocket(index).await,
            3 => self.replace_media(index).await,
            _ => self.check(),
        }
    }

    async fn join(&mut self) {
        let Ok(mut config) = guest(&self.meeting, &self.trust, self.next_guest) else { return };
        config.publish = Source::ALL.to_vec();
        config.media = Some(VOICE_AND_CAMERA);
        self.next_guest += 1;
        let participant = Participant::join(config);
        match participant.until_joined(PATIENCE).await {
            Ok(_) => {
                self.report.joins += 1;
                self.guests.push_back(participant);
            }
            Err(_) => {
                let why = participant.state().over;
                self.fail(&format!("guest {} could not join: {why:?}", self.next_guest));
            }
        }
    }

    async fn leave(&mut self, number: u64) {
        let Some(guest) = self.guests.pop_front() else { return };
        self.sharing = self.sharing.and_then(|index| index.checked_sub(1));
        // One in four goes without a word; its place lapses a minute later.
        let report = if number.is_multiple_of(4) {
            guest.vanish().await
        } else {
            let (report, result) = guest.leave().await;
            if let Err(error) = result {
                self.fail(&format!("a guest left with an error: {error}"));
            }
            report
        };
        self.report.leaves += 1;
        self.report.media_packets += report.media_packets;
        self.report.decrypted += report.decrypted;
        self.report.dropped.absorb(report.dropped);
        if report.decrypted == 0 {
            self.fail("a guest received no media that it could open");
        }
        if report.dropped.not_authentic + report.dropped.malformed > 0 {
            self.fail("a guest received frames that nobody sealed");
        }
        if !report.alarms.is_empty() {
            self.fail(&format!("a guest's device gave alarm: {:?}", report.alarms));
        }
    }

    fn share(&mut self, index: usize) {
        if let Some(guest) = self.sharing.take().and_then(|sharer| self.guests.get(sharer)) {
            guest.set_media(VOICE_AND_CAMERA);
        }
        self.guests[index].set_media(ALL_ON);
        self.sharing = Some(index);
        self.report.screen_shares += 1;
    }

    fn resubscribe(&mut self, index: usize, number: u64) {
        let height = [90, 180, 360, 720][number as usize / 5 % 4];
        self.guests[index].subscribe(Subscription::Automatic { most: 1 + index, height });
        self.report.subscription_changes += 1;
    }

    async fn drop_websocket(&mut self, index: usize) {
        let before = self.guests[index].state();
        self.guests[index].drop_websocket(Duration::from_millis(300));
        let back = self.guests[index]
            .until("resuming", PATIENCE, |state| state.resumes > before.resumes && state.media_connected)
            .await;
        match back {
            Ok(after) if after.you == before.you => self.report.resumes += 1,
            Ok(_) => self.fail("a guest resumed under another id"),
            Err(_) => {
                let over = self.guests[index].state().over;
                self.fail(&format!("a guest could not resume: {over:?}"));
            }
        }
    }

    async fn replace_media(&mut self, index: usize) {
        let before = self.guests[index].state().media_replacements;
        self.guests[index].replace_media();
        let replaced = self.guests[index]
            .until("replacing media", PATIENCE, |state| {
                state.media_replacements > before && state.media_connected
            })
            .await;
        match replaced {
            Ok(_) => self.report.media_replacements += 1,
            Err(_) => {
                let state = self.guests[index].state();
                let (phase, connected, refusals) = (state.phase, state.media_connected, state.refusals);
                self.fail(&format!(
                    "media was not replaced: {phase:?}, connected: {connected}, {refusals:?}"
                ));
            }
        }
    }

    /// Everybody who should be in the room is.
    fn check(&mut self) {
        let over: Vec<_> = self.guests.iter().filter_map(|guest| guest.state().over).collect();
        for over in over {
            self.fail(&format!("a guest is out: {over:?}"));
        }
        self.guests.retain(|guest| guest.state().over.is_none());
        self.sharing = None;
    }

    async fn empty(&mut self) {
        while !self.guests.is_empty() {
            self.leave(1).await;
        }
    }

    fn fail(&mut self, what: &str) {
        tracing::warn!(what, "soak");
        if self.report.failures.len() < FAILURES_MAX {
            self.report.failures.push(what.to_owned());
        }
    }
}
