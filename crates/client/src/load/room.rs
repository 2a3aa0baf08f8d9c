//! One room of a load: opened by its lead, filled, left alone for a while, closed.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_crypto::device::CreateOptions;
use sabha_protocol::{
    Source,
    limits::{LOBBY_PER_ADDRESS_MAX, VIDEO_SLOTS_MAX},
};
use tokio::time::{sleep, timeout};

use super::{Gauge, LoadConfig, scenario::Plan};
use crate::{
    error::ClientError,
    http::{CreatedMeeting, create_meeting},
    link::Invite,
    participant::{Admission, Participant, ParticipantConfig, Phase, Subscription},
    report::Report,
    source::MediaFiles,
};

/// How long one waits for a participant to come to its end.
const GOODBYE: Duration = Duration::from_secs(10);

/// Who come at once: fewer than a lobby takes of one address ([`LOBBY_PER_ADDRESS_MAX`]).
const AT_ONCE: usize = LOBBY_PER_ADDRESS_MAX * 4 / 5;

/// A room and everybody in it.
pub(super) struct Room {
    number: usize,
    plan: Plan,
    invite: Invite,
    lead: Participant,
    /// Who came first is first.
    others: VecDeque<Participant>,
    /// Joined so far, whether or not they still are; each has a number of its own.
    joined: u64,
    /// Reports of those who left.
    left: Vec<Report>,
    absent: usize,
}

/// How a room fared.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stay {
    /// Who left, each followed by somebody new.
    pub(super) changes: u64,
}

/// What is left of a room.
pub(super) struct Remains {
    /// Of everybody who was in it.
    pub(super) reports: Vec<Report>,
    /// Who did not get in.
    pub(super) absent: usize,
}

/// How long one participant took to come in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Join {
    /// From opening the WebSocket to being in the room, in milliseconds.
    pub(super) joined_ms: Option<u64>,
    /// To connected media.
    pub(super) connected_ms: Option<u64>,
}

impl Room {
    /// Makes the meeting, and has its lead enter.
    pub(super) async fn open(
        config: &LoadConfig,
        gauge: &Arc<Gauge>,
        number: usize,
    ) -> Result<Self, ClientError> {
        let mut plan = config.scenario.plan();
        plan.participants = config.participants.unwrap_or(plan.participants);
        let name = "Lead".parse().map_err(|_| ClientError::Misuse("the name is not one"))?;
        let options = CreateOptions {
            suite: config.suite,
            title: None,
            name,
            passcode: None,
            admits: false,
            by_mail: false,
            floor: sabha_crypto::policy::Controls::default(),
            controls: sabha_crypto::policy::Controls::default(),
        };
        let CreatedMeeting { invite, device, .. } =
            create_meeting(&config.new, &config.trust, options.clone()).await?;
        let tiles = if plan.lead_watches { plan.tiles } else { 0 };
        let lead = ParticipantConfig {
            admission: Admission::All,
            ..member(config, gauge, &plan, (&invite, number, 0), tiles)?
        };
        let lead = Participant::join_with(ParticipantConfig { publish: plan.lead.to_vec(), ..lead }, device);
        lead.until_joined(config.patience).await?;
        let (others, left) = (VecDeque::new(), Vec::new());
        Ok(Self { number, plan, invite, lead, others, joined: 0, left, absent: 0 })
    }

    /// Has everybody else come, some at once, and waits for them.
    pub(super) async fn fill(&mut self, config: &LoadConfig, gauge: &Arc<Gauge>) -> Result<(), ClientError> {
        let deadline = Instant::now() + config.patience;
        let mut to_come = self.plan.participants - 1;
        while to_come > 0 {
            let batch = to_come.min(AT_ONCE);
            to_come -= batch;
            let coming = (0..batch).map(|_| self.next(config, gauge));
            let coming: Vec<_> = coming.collect::<Result<_, _>>()?;
            for one in coming {
                let left = deadline.saturating_duration_since(Instant::now());
                match one.until_joined(left).await {
                    Ok(_) => self.others.push_back(one),
                    Err(_) => self.absent += 1,
                }
            }
        }
        Ok(())
    }

    /// How long each of those who are in took.
    pub(super) fn joins(&self) -> impl Iterator<Item = Join> + '_ {
        let states = self.others.iter().map(Participant::state);
        states.map(|state| Join { joined_ms: state.joined_ms, connected_ms: state.media_connected_ms })
    }

    /// Lets the room be, for as long as it is measured.
    pub(super) async fn stay(
        &mut self,
        config: &LoadConfig,
        gauge: &Arc<Gauge>,
    ) -> Result<Stay, ClientError> {
        let (mut stay, end) = (Stay::default(), Instant::now() + config.duration);
        while let Some(step) = self.plan.churn {
            if Instant::now() + step >= end {
                break;
            }
            sleep(step).await;
            let Some(goes) = self.others.pop_front() else { break };
            let next = self.next(config, gauge)?;
            self.others.push_back(next);
            // How one leaves is not what is measured, and the next shall not wait for it.
            let farewell = timeout(GOODBYE, goes.leave()).await;
            self.left.extend(farewell.ok().map(|(report, _)| report));
            stay.changes += 1;
        }
        sleep(end.saturating_duration_since(Instant::now())).await;
        Ok(stay)
    }

    /// Ends the meeting, and returns what everybody has to tell.
    pub(super) async fn close(self) -> Remains {
        let Self { lead, others, left: mut reports, mut absent, .. } = self;
        absent += others.iter().filter(|one| one.state().phase != Phase::Joined).count();
        reports.extend(timeout(GOODBYE, lead.end()).await.ok().map(|(report, _)| report));
        for one in others {
            reports.extend(timeout(GOODBYE, one.finish()).await.ok().map(|(report, _)| report));
        }
        Remains { reports, absent }
    }

    fn next(&mut self, config: &LoadConfig, gauge: &Arc<Gauge>) -> Result<Participant, ClientError> {
        self.joined += 1;
        let member =
            member(config, gauge, &self.plan, (&self.invite, self.number, self.joined), self.plan.tiles)?;
        let sends = if self.joined < self.plan.stage as u64 { self.plan.lead } else { self.plan.others };
        Ok(Participant::join(ParticipantConfig { publish: sends.to_vec(), ..member }))
    }
}

/// Returns what the participant with this number in the room with that one is made from.
fn member(
    config: &LoadConfig,
    gauge: &Arc<Gauge>,
    plan: &Plan,
    (invite, room, number): (&Invite, usize, u64),
    tiles: usize,
) -> Result<ParticipantConfig, ClientError> {
    let name = format!("Load {number}").parse().map_err(|_| ClientError::Misuse("the name is not one"))?;
    let seed = config.seed.wrapping_mul(1_000_003).wrapping_add(room as u64 * 1_009 + number);
    let audible = plan.others.contains(&Source::Microphone) || number > 0;
    let guest = ParticipantConfig::guest(invite.clone(), name);
    Ok(ParticipantConfig {
        trust: config.trust.clone(),
        files: MediaFiles { traced: true, ..MediaFiles::default() },
        subscription: Subscription::Automatic { most: tiles, height: plan.height },
        // A slot more than is watched: pictures change places without waiting for each other.
        video_slots: if tiles == 0 { 0 } else { (tiles + 1).min(VIDEO_SLOTS_MAX) },
        // One for each voice, and one for the sound of a screen.
        audio_slots: if audible { config.voices + 1 } else { 0 },
        seed,
        reconnect: Duration::ZERO,
        gauge: Some(gauge.clone()),
        ..guest
    })
}
