//! The open rooms of this server: finds them, opens them, forgets them.
//!
//! A room opens when the first connection with the right to enter its meeting arrives. Here is checked that its
//! device is its own and, if it says so, that it has the link: with one answer and the same work for every cause, before
//! anything is kept of who asked. What an open room's group says of a device is asked there, in the room's task. A
//! room that panics takes its own connections with it and nothing else.

use std::{
    collections::HashMap,
    net::IpAddr,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use sabha_admission::{Conduct, check_enter_proof, check_gate_tag};
use sabha_conference::{Refusal, RoomConfig};
use sabha_protocol::{
    BootEpoch, ControlSettings, DeviceKey, MeetingId, Rule,
    key::{Challenge, GateKey, Signature},
    limits::RESUME_WINDOW,
    wire::{client::Credential, operation::LiveRoom},
};
use tokio::sync::{OnceCell, mpsc};

use super::{
    handshakes::Handshakes,
    passcodes::PasscodeThrottle,
    peers::{Peers, Routes},
    room::{Claim, DoorLimits, LobbyShares, Mailbox, Message, Outcome, RoomTask},
};
use crate::{
    clock,
    drain::Drain,
    mail::MailKeys,
    media::MediaPlane,
    metrics,
    policy::Floor,
    storage::{Store, StoredMeeting},
    throttle::{NetworkThrottle, Pace},
};

/// Stands for the gate key of a meeting that is not there, so that a tag is checked all the same: the public key of
/// RFC 8032 section 7.1, test 1. Whoever signs with it is told what everybody is told.
const NOBODYS_GATE_KEY: GateKey = GateKey::from_bytes([
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e,
    0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
]);

/// How long a look-up is waited for whose answer is not needed.
const LOOK_UP_MAX: Duration = Duration::from_millis(20);

/// What rooms are made from.
#[derive(Debug)]
pub(crate) struct RoomsConfig {
    pub(crate) store: Store,
    pub(crate) media: MediaPlane,
    pub(crate) drain: Drain,
    pub(crate) boot_epoch: BootEpoch,
    pub(crate) floor: Floor,
    pub(crate) resume_key: [u8; 32],
    pub(crate) mail_keys: MailKeys,
    pub(crate) rooms_max: usize,
    pub(crate) knocks: Pace,
    pub(crate) wrong_passcodes: Pace,
    pub(crate) lobby: LobbyShares,
    pub(crate) door_per_second: u32,
}

/// The open rooms. Cloned freely.
#[derive(Clone, Debug)]
pub(super) struct Rooms(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: RoomsConfig,
    started: Instant,
    routes: Routes,
    open: Mutex<HashMap<MeetingId, Slot>>,
    /// When rooms were lost by a fault of ours, for as long as their places can be claimed.
    lost: Mutex<HashMap<MeetingId, Instant>>,
    next_serial: AtomicU64,
    totals: Arc<Totals>,
    knocks: NetworkThrottle<MeetingId>,
    passcodes: PasscodeThrottle,
}

/// A room, or the place of one that is being opened. All who come meanwhile wait for the same opening.
#[derive(Clone, Debug)]
struct Slot {
    serial: u64,
    room: Arc<OnceCell<OpenRoom>>,
}

/// A room that can be entered.
#[derive(Clone, Debug)]
struct OpenRoom {
    mailbox: Mailbox,
    gate_key: GateKey,
    /// What may be shown of it.
    shown: Arc<Mutex<Shown>>,
}

/// What may be shown of an open room to whoever watches over the server: counts, times and rules.
#[derive(Debug)]
struct Shown {
    room: LiveRoom,
    /// When it locks by itself, in unix milliseconds.
    locks_at_ms: Option<u64>,
}

/// Somebody who wants in, as it says itself.
#[derive(Clone, Debug)]
pub(super) struct Stranger {
    pub(super) meeting: MeetingId,
    pub(super) device: DeviceKey,
    /// What its connection was given to sign.
    pub(super) challenge: Challenge,
    pub(super) proof: Signature,
    pub(super) credential: Credential,
    /// Where it comes from.
    pub(super) address: IpAddr,
}

impl Rooms {
    /// Returns the rooms, none open, and starts to hand out what the media plane says.
    pub(super) fn start(config: RoomsConfig, mut events: mpsc::Receiver<sabha_sfu::Event>) -> Self {
        let routes = Routes::default();
        let rooms = Self(Arc::new(Inner {
            knocks: NetworkThrottle::new(config.knocks),
            passcodes: PasscodeThrottle::new(config.wrong_passcodes),
            config,
            started: Instant::now(),
            routes: routes.clone(),
            open: Mutex::default(),
            lost: Mutex::default(),
            next_serial: AtomicU64::new(1),
            totals: Arc::default(),
        }));
        // Ends with the media plane, which holds the other end.
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                routes.deliver(event);
            }
        });
        rooms
    }

    /// Returns the way into the room that a stranger asks for, and by what it enters there, opening the room if it is
    /// not open and the stranger may.
    ///
    /// # Errors
    /// [`Rule::DeviceProof`] for a device that is not the stranger's; [`Rule::KnownMeeting`] for an unknown or ended
    /// meeting, another link, and a device that has no right to open the room, alike; [`Rule::ResumeWindow`] for a
    /// token that is forged or whose place is not kept; [`Rule::RemovedStaysOut`],
    /// [`Rule::Locked`] to a device that was granted entry once; [`Rule::Capacity`], [`Rule::Storage`] when the room
    /// cannot be opened now.
    pub(super) async fn enter(&self, stranger: Stranger) -> Result<(Mailbox, Claim), Refusal> {
        let Stranger { meeting, device, ref challenge, ref proof, address, .. } = stranger;
        check_enter_proof(&device, &meeting, challenge.as_bytes(), proof.as_bytes())
            .map_err(|_| refusal(Rule::DeviceProof, "the device key is not shown to be yours"))?;
        if let Credential::Resume { token } = &stranger.credential
            && !sabha_conference::is_genuine(&self.0.config.resume_key, token, &meeting, &device)
        {
            return Err(not_kept());
        }
        let by_link = matches!(stranger.credential, Credential::Link { .. } | Credential::Mail { .. });
        if let Some(room) = self.find(meeting) {
            if by_link {
                // Not needed, and looked up all the same: whoever has no link waits for the same work whether the
                // meeting runs or not. A database that is gone keeps nobody out of a room that is open.
                let _ = tokio::time::timeout(LOOK_UP_MAX, self.0.config.store.door(&meeting)).await;
            }
            let claim = self.claim(Some(&room.gate_key), stranger)?;
            self.check_knock(&claim, meeting, address)?;
            return Ok((room.mailbox, claim));
        }
        let door = self.0.config.store.door(&meeting).await.map_err(storage_failed)?;
        let now_ms = clock::unix_ms();
        let window = door.and_then(|door| door.window);
        // A planned meeting that nobody has opened is there for its link in its time only, and else as if it were not.
        // The window binds nobody who holds a grant: the host comes earlier, and who was let in comes back.
        let is_shut = by_link && window.is_some_and(|window| !window.holds(now_ms));
        let gate_key = door.map(|door| door.gate_key).filter(|_| !is_shut);
        let claim = self.claim(gate_key.as_ref(), stranger)?;
        self.check_knock(&claim, meeting, address)?;
        if matches!(claim, Claim::Resume(_)) && self.claim_window(meeting).is_zero() {
            // The room is not open, and was neither lost nor stopped with the server a minute ago.
            return Err(not_kept());
        }
        // Only now what is long: whoever came so far has the link, or a grant to be looked at.
        let stored = self.0.config.store.meeting(&meeting).await.map_err(storage_failed)?;
        let Some(stored) = stored else { return Err(unknown_meeting()) };
        let group = Handshakes::open(meeting, &stored, now_ms).map_err(|reject| {
            tracing::info!(?meeting, %reject, "the group that was stored has run out");
            unknown_meeting()
        })?;
        if let Claim::Device(grant) = &claim {
            group.right(&device, grant.as_ref(), now_ms)?;
        }
        let kept_for = window.map_or(0, |window| window.ends_ms.saturating_sub(now_ms));
        let room = self.open(meeting, stored, group, Duration::from_millis(kept_for)).await?;
        Ok((room.mailbox, claim))
    }

    /// Says by what a stranger enters. Takes as long for a meeting that is not there, whose gate key is `None`.
    fn claim(&self, gate_key: Option<&GateKey>, stranger: Stranger) -> Result<Claim, Refusal> {
        let Stranger { meeting, device, challenge, credential, .. } = stranger;
        let passes = |key: &GateKey, tag: &Signature| {
            let checked =
                check_gate_tag(key.as_bytes(), &meeting, &device, challenge.as_bytes(), tag.as_bytes());
            checked.is_ok() && gate_key.is_some()
        };
        match credential {
            Credential::Device { grant } => Ok(Claim::Device(grant)),
            Credential::Link { tag, knock } if passes(gate_key.unwrap_or(&NOBODYS_GATE_KEY), &tag) => {
                Ok(Claim::Link(Some(knock)))
            }
            Credential::Mail { tag } if passes(&self.0.config.mail_keys.gate_key(&meeting), &tag) => {
                Ok(Claim::Link(None))
            }
            Credential::Link { .. } | Credential::Mail { .. } => Err(unknown_meeting()),
            Credential::Resume { token } => Ok(Claim::Resume(token)),
        }
    }

    /// Refuses who knocks at one meeting again and again. Only who has the link hears of it.
    fn check_knock(&self, claim: &Claim, meeting: MeetingId, address: IpAddr) -> Result<(), Refusal> {
        if !matches!(claim, Claim::Link(_)) || self.0.knocks.take(meeting, address, Instant::now()) {
            return Ok(());
        }
        Err(refusal(Rule::KnockRate, "too many knocks from your network; wait a minute"))
    }

    /// Tells a meeting's room, if it is open, that the meeting is cancelled.
    pub(super) async fn cancelled(&self, meeting: MeetingId) {
        if let Some(room) = self.find(meeting) {
            // A room that is gone has nobody to be told.
            let _ = room.mailbox.send(Message::Cancelled).await;
        }
    }

    /// Returns how many rooms are open.
    pub(super) fn len(&self) -> usize {
        self.open_rooms().len()
    }

    /// Returns how many participants and guests there are in all rooms.
    pub(super) fn people(&self) -> (usize, usize) {
        let totals = &self.0.totals;
        (totals.participants.load(Ordering::Relaxed), totals.guests.load(Ordering::Relaxed))
    }

    /// Returns what may be shown of each open room.
    pub(super) fn live(&self) -> Vec<LiveRoom> {
        let rooms: Vec<_> =
            self.open_rooms().values().filter_map(|slot| Some(Arc::clone(&slot.room.get()?.shown))).collect();
        let now_ms = clock::unix_ms();
        rooms.iter().map(|shown| shown.lock().unwrap_or_else(PoisonError::into_inner).now(now_ms)).collect()
    }

    fn find(&self, meeting: MeetingId) -> Option<OpenRoom> {
        self.open_rooms().get(&meeting)?.room.get().cloned()
    }

    async fn open(
        &self,
        meeting: MeetingId,
        stored: StoredMeeting,
        group: Handshakes,
        kept_for: Duration,
    ) -> Result<OpenRoom, Refusal> {
        let slot = self.slot(meeting)?;
        let opened = slot
            .room
            .get_or_try_init(|| self.start_room(meeting, slot.serial, stored, group, kept_for))
            .await
            .cloned();
        if opened.is_err() && !slot.room.initialized() {
            self.forget(meeting, slot.serial);
        }
        opened
    }

    /// Returns the place of a room, taking one if there is none yet.
    fn slot(&self, meeting: MeetingId) -> Result<Slot, Refusal> {
        let mut open = self.open_rooms();
        if let Some(slot) = open.get(&meeting) {
            return Ok(slot.clone());
        }
        if !self.0.config.drain.is_serving() {
            return Err(refusal(Rule::Capacity, "the server is stopping; try again soon"));
        }
        if open.len() >= self.0.config.rooms_max {
            return Err(refusal(Rule::Capacity, "the server has as many rooms as it can hold"));
        }
        let serial = self.0.next_serial.fetch_add(1, Ordering::Relaxed);
        let slot = Slot { serial, room: Arc::default() };
        open.insert(meeting, slot.clone());
        Ok(slot)
    }

    async fn start_room(
        &self,
        meeting: MeetingId,
        serial: u64,
        stored: StoredMeeting,
        group: Handshakes,
        kept_for: Duration,
    ) -> Result<OpenRoom, Refusal> {
        let config = &self.0.config;
        let start = config.store.open_room(&meeting).await.map_err(storage_failed)?;
        let start = start.ok_or_else(unknown_meeting)?;
        tracing::info!(?meeting, epoch = %start.room_epoch, "room opened");
        let (mailbox, messages) = Mailbox::new(config.door_per_second);
        let peers = Peers::new(config.media.clone(), self.0.routes.clone(), mailbox.clone());
        let shown = Arc::new(Mutex::new(Shown::new(serial)));
        let task = RoomTask::new(
            RoomConfig {
                meeting,
                title: stored.title,
                group: group.view(),
                floor: config.floor.now(),
                boot_epoch: config.boot_epoch,
                room_epoch: start.room_epoch,
                resume_key: config.resume_key,
                removed: start.removed,
                banned_accounts: start.banned_accounts,
                next_participant: start.next_participant,
                claim_window: self.claim_window(meeting),
                kept_for,
            },
            group,
            peers,
            config.store.clone(),
            mailbox.clone(),
            DoorLimits { lobby: config.lobby, passcodes: self.0.passcodes.of(meeting) },
            Census {
                totals: Arc::clone(&self.0.totals),
                shown: Arc::clone(&shown),
                participants: 0,
                guests: 0,
            },
            config.floor.clone(),
        );
        let (rooms, phase, floor) = (self.clone(), config.drain.watch(), config.floor.watch());
        tokio::spawn(async move {
            // The state dies with the panic: nothing of it is looked at afterwards.
            let outcome = AssertUnwindSafe(task.run(messages, phase, floor)).catch_unwind().await;
            if matches!(outcome, Err(_) | Ok(Outcome::Overrun)) {
                rooms.note_lost(meeting);
            }
            rooms.forget(meeting, serial);
            match outcome {
                Ok(outcome) => tracing::info!(?meeting, ?outcome, "room closed"),
                Err(_) => {
                    metrics::room_panicked();
                    tracing::error!(?meeting, "a room panicked; its connections are closed");
                }
            }
        });
        Ok(OpenRoom { mailbox, gate_key: stored.gate_key, shown })
    }

    fn forget(&self, meeting: MeetingId, serial: u64) {
        let mut open = self.open_rooms();
        // The same meeting may have been opened again meanwhile.
        if open.get(&meeting).is_some_and(|slot| slot.serial == serial) {
            open.remove(&meeting);
        }
    }

    /// Returns for how long places of an earlier epoch of this room can still be claimed: a resume window
    /// after the server's start, or after the room was lost.
    fn claim_window(&self, meeting: MeetingId) -> Duration {
        let lost = self.lost_rooms().get(&meeting).copied();
        let since = lost.map_or(self.0.started, |lost| lost.max(self.0.started));
        RESUME_WINDOW.saturating_sub(since.elapsed())
    }

    fn note_lost(&self, meeting: MeetingId) {
        let mut lost = self.lost_rooms();
        lost.retain(|_, since| since.elapsed() < RESUME_WINDOW);
        // No more rooms can be lost in a minute than can be open, or something is so wrong that places
        // are the least of it.
        if lost.len() < self.0.config.rooms_max {
            lost.insert(meeting, Instant::now());
        }
    }

    fn lost_rooms(&self) -> std::sync::MutexGuard<'_, HashMap<MeetingId, Instant>> {
        self.0.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_rooms(&self) -> std::sync::MutexGuard<'_, HashMap<MeetingId, Slot>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refusal(rule: Rule, message: &str) -> Refusal {
    Refusal { rule, message: message.to_owned() }
}

/// Returns what is said to who has no right to know more.
pub(super) fn unknown_meeting() -> Refusal {
    refusal(Rule::KnownMeeting, "there is no such meeting, it is over, or you have no right to enter it")
}

/// Returns what is said of every resume token that opens nothing, forged ones of any meeting included.
fn not_kept() -> Refusal {
    refusal(Rule::ResumeWindow, "the place is not kept any more")
}

fn storage_failed(error: crate::storage::StoreError) -> Refusal {
    let error: &dyn std::error::Error = &error;
    tracing::error!(error, "a meeting could not be read");
    refusal(Rule::Storage, "the server's storage failed; try again soon")
}

impl Shown {
    fn new(serial: u64) -> Self {
        let room = LiveRoom {
            number: u32::try_from(serial).unwrap_or(u32::MAX),
            opened_ms: clock::unix_ms(),
            participants: 0,
            guests: 0,
            locked: false,
            suspended: false,
            controls: ControlSettings::default(),
        };
        Self { room, locks_at_ms: None }
    }

    fn now(&self, now_ms: u64) -> LiveRoom {
        let locked = self.room.locked || self.locks_at_ms.is_some_and(|at| at <= now_ms);
        LiveRoom { locked, ..self.room.clone() }
    }
}

/// People in all rooms together.
#[derive(Debug, Default)]
struct Totals {
    participants: AtomicUsize,
    guests: AtomicUsize,
}

/// One room's part of the totals, taken back when the room is dropped.
#[derive(Debug)]
pub(super) struct Census {
    totals: Arc<Totals>,
    shown: Arc<Mutex<Shown>>,
    participants: usize,
    guests: usize,
}

impl Census {
    /// Says how many there are in this room now.
    pub(super) fn update(&mut self, participants: usize, guests: usize) {
        let change = |total: &AtomicUsize, before: usize, after: usize| {
            total.fetch_add(after, Ordering::Relaxed);
            total.fetch_sub(before, Ordering::Relaxed);
        };
        change(&self.totals.participants, self.participants, participants);
        change(&self.totals.guests, self.guests, guests);
        (self.participants, self.guests) = (participants, guests);
        let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let room = &mut self.shown().room;
        (room.participants, room.guests) = (count(participants), count(guests));
    }

    /// Says what holds in this room now.
    pub(super) fn note_rules(&self, locked: bool, conduct: &Conduct) {
        let mut shown = self.shown();
        shown.locks_at_ms = conduct.locks_at_ms();
        (shown.room.locked, shown.room.suspended) = (locked, conduct.suspended);
        shown.room.controls = conduct.controls.to_settings();
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Census {
    fn drop(&mut self) {
        self.update(0, 0);
    }
}

#[cfg(test)]
mod tests;
