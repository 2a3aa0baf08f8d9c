//! `sabha-client probe`: what happened to other videoconferences, tried on one's own.
//!
//! ```text
//!   owner      may this server be probed at all? nothing is tried before
//!   pages      as a browser, and as a page of another site          entry    as a guest, and as one who makes ids up
//!   members    as a guest inside, and as one who was removed        passcode as one who guesses
//!   ports      as a stranger with a socket
//!      └──────────► findings ──► report: a row for each of `incidents`
//! ```
//!
//! Everything is harmless: two or three meetings of its own, some eighty connections, 400 datagrams, and nothing that is
//! kept by the server once the meetings have ended but that they were. It takes about half a minute.

mod entry;
mod findings;
mod incidents;
mod members;
mod owner;
mod pages;
mod passcode;
mod ports;
mod report;
mod stranger;

use std::time::{Duration, Instant};

use sabha_crypto::{
    device::{CreateOptions, Device, MeetingSuite},
    group::Provider,
    pake::generate_passcode,
    policy::Controls,
};
use sabha_protocol::{DisplayName, Source, probe::ProbeToken};

pub use self::report::{Evidence, Owner, ProbeReport, Row, Verdict};
use self::{findings::Findings, members::Kept};
use crate::{
    clock,
    error::ClientError,
    http::create_meeting,
    link::{Invite, NewMeeting, Server},
    participant::{Participant, ParticipantConfig},
    signalling::Tap,
    tls::Trust,
};

/// Time for what takes a second on a server that is not busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long who was removed listens on.
const LINGER: Duration = Duration::from_secs(3);

/// Title of the meetings.
const TITLE: &str = "A probe of this server";

/// What is probed, and by what right.
#[derive(Clone, Debug)]
pub struct ProbeConfig {
    /// The server, and the right to make meetings on it.
    pub new: NewMeeting,
    /// Whose word is taken on who the server is.
    pub trust: Trust,
    /// The owner's token, needed for a server on another machine.
    pub token: Option<ProbeToken>,
    /// Cipher suite of the meetings.
    pub suite: MeetingSuite,
}

/// The server and how its meetings are made.
struct Target<'a> {
    server: &'a Server,
    trust: &'a Trust,
    config: &'a ProbeConfig,
}

/// A meeting of the probe's own.
struct Made {
    invite: Invite,
    device: Device,
    passcode: String,
}

/// A meeting under way: a host, two guests, and one who waits.
struct Hall {
    invite: Invite,
    passcode: String,
    host: Participant,
    member: Participant,
    member_name: DisplayName,
    other: Participant,
    early: Participant,
    kept: Kept,
    taps: Vec<Tap>,
}

impl Target<'_> {
    async fn make(&self) -> Result<Made, ClientError> {
        let passcode = generate_passcode(Provider::default().random::<5>()).expose().to_string();
        let options = CreateOptions {
            suite: self.config.suite,
            title: TITLE.parse().ok(),
            name: name("Probe"),
            passcode: passcode.parse().ok(),
            // By hand, which every floor allows.
            admits: false,
            by_mail: false,
            floor: Controls::default(),
            controls: Controls::default(),
        };
        let made = create_meeting(&self.config.new, self.trust, options).await?;
        Ok(Made { invite: made.invite, device: made.device, passcode })
    }

    fn guest(&self, invite: &Invite, text: &str) -> ParticipantConfig {
        ParticipantConfig {
            trust: self.trust.clone(),
            publish: vec![Source::Microphone],
            video_slots: 4,
            ..ParticipantConfig::guest(invite.clone(), name(text))
        }
    }

    /// Returns a host who is asked about everybody.
    fn host(&self, invite: &Invite) -> ParticipantConfig {
        ParticipantConfig { publish: vec![Source::Microphone, Source::Camera], ..self.guest(invite, "Probe") }
    }
}

fn name(text: &str) -> DisplayName {
    text.parse().expect("a word of ASCII letters is a name")
}

/// Probes a server.
///
/// # Errors
/// [`ClientError::NotTheOwner`] before anything was tried. What fails after that is in the report, in the rows that it kept
/// from being checked.
pub async fn probe(config: &ProbeConfig) -> Result<ProbeReport, ClientError> {
    let (began, began_ms) = (Instant::now(), clock::unix_ms());
    let target = Target { server: &config.new.server, trust: &config.trust, config };
    let owner = owner::confirm(target.server, target.trust, config.token.as_ref()).await?;
    let mut findings = Findings::default();
    if let Err(error) = in_meetings(&target, &mut findings).await {
        // Whatever was not seen by then is not seen at all.
        let all: Vec<u8> = incidents::INCIDENTS.iter().map(|incident| incident.number).collect();
        findings.miss(&all, &error.chain());
    }
    let guessed = passcode::guess(&target, &mut findings).await;
    take(guessed, &passcode::ROWS, &mut findings);
    let rows = findings.judge();
    let holds = !rows.iter().any(|row| matches!(row.verdict, Verdict::NotHeld | Verdict::NotChecked));
    Ok(ProbeReport {
        format: "sabha-probe-report",
        version: 1,
        server: target.server.to_string(),
        owner,
        began_ms,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        holds,
        rows,
    })
}

/// Notes which rows a step could not see to their end.
fn take<T>(result: Result<T, ClientError>, rows: &[u8], findings: &mut Findings) -> Option<T> {
    result.map_err(|error| findings.miss(rows, &error.chain())).ok()
}

/// Everything that needs a meeting to be there.
async fn in_meetings(target: &Target<'_>, findings: &mut Findings) -> Result<(), ClientError> {
    let made = target.make().await?;
    let ended = end_one(target).await?;
    let invite = made.invite.clone();
    let looked = pages::look(target, invite.meeting(), findings).await;
    take(looked, &pages::ROWS, findings);

    let early = entry::come_early(&invite, target, findings).await;
    let early = match early {
        Ok(early) => early,
        Err(error) => {
            findings.miss(&entry::EARLY_ROWS, &error.chain());
            return Err(error);
        }
    };
    let hall = gather(target, made, early).await?;
    let tried = entry::try_ids(target, &invite, &ended, findings).await;
    take(tried, &entry::ROWS, findings);
    let tried = entry::try_rights(target, &invite, findings).await;
    take(tried, &entry::ROWS, findings);
    let waited = entry::wait_at_the_door(target, &hall, &hall.early, findings).await;
    take(waited, &entry::LOBBY_ROWS, findings);
    let misbehaved = members::misbehave(target, &hall, findings).await;
    take(misbehaved, &members::ROWS, findings);
    let media = hall.host.state().media_addresses;
    let thrown = ports::throw(target, &media, &hall.other, findings).await;
    take(thrown, &ports::ROWS, findings);
    let removed = members::remove(target, hall, findings).await;
    if let Some(left) = take(removed, &members::REMOVED_ROWS, findings) {
        drop(left.other);
        drop(left.host.end().await);
    }
    Ok(())
}

/// Makes a meeting and ends it.
async fn end_one(target: &Target<'_>) -> Result<Invite, ClientError> {
    let made = target.make().await?;
    let host = Participant::join_with(target.host(&made.invite), made.device);
    host.until_joined(PATIENCE).await?;
    host.end().await.1?;
    Ok(made.invite)
}

/// Brings a host and two guests into the meeting.
async fn gather(target: &Target<'_>, made: Made, early: Participant) -> Result<Hall, ClientError> {
    let Made { invite, device, passcode } = made;
    let taps = vec![Tap::default(), Tap::default()];
    let host = ParticipantConfig { tap: taps.first().cloned(), ..target.host(&invite) };
    let host = Participant::join_with(host, device);
    host.until_joined(PATIENCE).await?;
    let kept = Kept::new();
    let member_name = name("Ravindranath");
    let member = ParticipantConfig {
        name: member_name.clone(),
        passcode: passcode.parse().ok(),
        state_file: Some(kept.0.clone()),
        lingers: LINGER,
        tap: taps.get(1).cloned(),
        ..target.guest(&invite, "Guest")
    };
    let member = entry::let_in(&host, member).await?;
    let other = ParticipantConfig { passcode: passcode.parse().ok(), ..target.guest(&invite, "Other") };
    let other = entry::let_in(&host, other).await?;
    for participant in [&member, &other] {
        participant.until("frames of the host", PATIENCE, |state| state.decrypted >= 20).await?;
    }
    member
        .until("everybody's key", PATIENCE, |state| {
            state.members().len() == 3 && state.participants.len() == 3
        })
        .await?;
    Ok(Hall { invite, passcode, host, member, member_name, other, early, kept, taps })
}
