//! A crowd at the door: many guests come within a short time, a host lets each of them in at once, and all of them
//! should end up in one group.
//!
//! Nobody sends or watches anything: what is measured is the way in, not the media.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_crypto::device::{CreateOptions, MeetingSuite};
use sabha_protocol::{
    device::{DeviceView, MemberView},
    text::Passcode,
};
use tokio::time::{sleep, sleep_until};

use super::{PATIENCE, guest};
use crate::{
    error::ClientError,
    http::{CreatedMeeting, create_meeting},
    link::NewMeeting,
    participant::{Admission, Participant, ParticipantConfig, Phase, Subscription},
    report::{CrowdReport, Percentiles},
    tls::Trust,
};

/// Between two looks at whether everybody sees the same group.
const LOOK: Duration = Duration::from_millis(100);

/// Failures told in words; more of them say nothing new.
const FAILURES_MAX: usize = 20;

/// What to measure.
#[derive(Clone, Debug)]
pub struct CrowdConfig {
    /// Where.
    pub new: NewMeeting,
    /// Whose word is taken on who that is.
    pub trust: Trust,
    /// The meeting's cipher suite.
    pub suite: MeetingSuite,
    /// How many come, beside the host that is there already.
    pub guests: usize,
    /// The time in which they come, one after the other; zero for all at once.
    pub over: Duration,
    /// What each of them has to prove. Without it the host lets in whoever knocks.
    pub passcode: Option<Passcode>,
    /// How long to wait for the last of them to be in, and then for everybody to see the same group.
    pub patience: Duration,
}

/// Lets a crowd into a meeting, and measures how long that takes and how often the group changes.
///
/// # Errors
/// When the meeting cannot be opened. Guests that do not get in are in the report.
pub async fn crowd(config: &CrowdConfig) -> Result<CrowdReport, ClientError> {
    let (host, meeting) = open(config).await?;
    let start = Instant::now();
    let mut guests = Vec::new();
    for number in 0..config.guests as u64 {
        let after = config.over.as_nanos() * u128::from(number) / config.guests as u128;
        sleep_until((start + Duration::from_nanos(after as u64)).into()).await;
        let passcode = config.passcode.clone();
        guests.push(Participant::join(quiet(ParticipantConfig {
            passcode,
            ..guest(&meeting, &config.trust, number)?
        })));
    }

    let mut report = CrowdReport { guests: guests.len(), ..CrowdReport::default() };
    let mut joins = Vec::new();
    for (number, guest) in guests.iter().enumerate() {
        let left = config.patience.saturating_sub(start.elapsed().saturating_sub(config.over));
        match guest.until("being let in", left, |state| state.phase == Phase::Joined).await {
            Ok(state) => joins.extend(state.joined_ms),
            Err(_) if report.failures.len() < FAILURES_MAX => {
                let state = guest.state();
                report.failures.push(format!("guest {number}: {:?}, {:?}", state.phase, state.over));
            }
            Err(_) => {}
        }
    }
    report.joined = joins.len();
    report.all_in_ms = millis(start);
    report.join = Percentiles::of(joins);

    let everybody: Vec<_> = std::iter::once(&host).chain(&guests).collect();
    let deadline = Instant::now() + config.patience;
    while Instant::now() < deadline && report.same_group_ms.is_none() {
        let views: Option<Vec<_>> = everybody.iter().map(|one| one.view()).collect();
        match views {
            Some(views) if in_one_group(&views) => report.same_group_ms = Some(millis(start)),
            _ => sleep(LOOK).await,
        }
    }
    let views: Vec<_> = everybody.iter().filter_map(|one| one.view()).collect();
    let nameless =
        |view: &Arc<DeviceView>| view.members.iter().filter(|member| member.name.is_none()).count();
    report.nameless = views.iter().map(nameless).sum();
    if report.same_group_ms.is_none() {
        let others = views.iter().filter(|view| view.epoch != views[0].epoch).count();
        report.failures.push(format!("{others} are in another epoch than the host"));
    }
    let state = host.state();
    report.members = state.members().len();
    // A group begins with epoch 0, and each commit is one more (RFC 9420 section 8).
    report.commits = state.epoch().0;
    report.refusals = everybody.iter().map(|one| one.state().refusals.len()).sum();
    drop(host.end().await);
    for guest in guests {
        drop(guest.finish().await);
    }
    Ok(report)
}

/// Creates the meeting and enters it as its host.
async fn open(config: &CrowdConfig) -> Result<(Participant, crate::link::Invite), ClientError> {
    let name = "Host".parse().map_err(|_| ClientError::Misuse("the name is not one"))?;
    let options = CreateOptions {
        suite: config.suite,
        title: None,
        name,
        passcode: config.passcode.clone(),
        admits: config.passcode.is_some(),
        by_mail: false,
        floor: sabha_crypto::policy::Controls::default(),
        controls: sabha_crypto::policy::Controls::default(),
    };
    let CreatedMeeting { invite, device, .. } =
        create_meeting(&config.new, &config.trust, options.clone()).await?;
    let admission = if config.passcode.is_some() { Admission::Asked } else { Admission::All };
    let host = quiet(ParticipantConfig {
        trust: config.trust.clone(),
        admission,
        ..ParticipantConfig::guest(invite.clone(), options.name)
    });
    let host = Participant::join_with(host, device);
    host.until_joined(PATIENCE).await?;
    Ok((host, invite))
}

/// Neither sends nor watches.
fn quiet(config: ParticipantConfig) -> ParticipantConfig {
    let subscription = Subscription::Only(Vec::new());
    ParticipantConfig { publish: Vec::new(), subscription, video_slots: 1, audio_slots: 0, ..config }
}

/// Returns whether all are in the same group: in the same epoch, under the same keys, with the same members.
fn in_one_group(views: &[Arc<DeviceView>]) -> bool {
    let Some((first, others)) = views.split_first() else { return true };
    let who = |member: &MemberView| (member.leaf, member.device);
    first.members.len() == views.len()
        && first.code.is_some()
        && others.iter().all(|other| {
            other.epoch == first.epoch
                && other.code == first.code
                && other.members.iter().map(who).eq(first.members.iter().map(who))
        })
}

fn millis(since: Instant) -> u64 {
    since.elapsed().as_millis() as u64
}
