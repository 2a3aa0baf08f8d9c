//! The open rooms of this server: finds them, opens them, forgets them.
//!
//! A room opens when the first connection with the right to enter its meeting arrives. The right is checked
//! here, in constant time and with one answer for every cause, before anything is kept of who asked. A room
//! that panics takes its own connections with it and nothing else.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use sabha_conference::{Refusal, Right, RoomConfig};
use sabha_protocol::{BootEpoch, MeetingId, Rule, gate, limits::RESUME_WINDOW, wire::client::Credential};
use subtle::ConstantTimeEq as _;
use tokio::sync::{OnceCell, mpsc};

use super::{
    peers::{Peers, Routes},
    room::{Mailbox, Outcome, RoomTask},
};
use crate::{
    drain::Drain,
    media::MediaPlane,
    metrics,
    storage::{Store, StoredMeeting},
};

/// What rooms are made from.
#[derive(Debug)]
pub(crate) struct RoomsConfig {
    pub(crate) store: Store,
    pub(crate) media: MediaPlane,
    pub(crate) drain: Drain,
    pub(crate) boot_epoch: BootEpoch,
    pub(crate) resume_key: [u8; 32],
    pub(crate) rooms_max: usize,
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
    stored: Arc<StoredMeeting>,
}

impl Rooms {
    /// Returns the rooms, none open, and starts to hand out what the media plane says.
    pub(super) fn start(config: RoomsConfig, mut events: mpsc::Receiver<sabha_sfu::Event>) -> Self {
        let routes = Routes::default();
        let rooms = Self(Arc::new(Inner {
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

    /// Returns the way into the room of `meeting`, and by what right, opening it if it is not open.
    ///
    /// # Errors
    /// [`Rule::KnownMeeting`] for an unknown or ended meeting and for a wrong secret alike;
    /// [`Rule::Capacity`], [`Rule::Storage`] when the room cannot be opened now.
    pub(super) async fn enter(
        &self,
        meeting: MeetingId,
        credential: Credential,
    ) -> Result<(Mailbox, Right), Refusal> {
        if let Some(room) = self.find(meeting) {
            let right = check(Some(&room.stored), credential)?;
            return Ok((room.mailbox, right));
        }
        let stored = self.0.config.store.meeting(&meeting).await.map_err(storage_failed)?;
        let right = check(stored.as_ref(), credential)?;
        let Some(stored) = stored else { return Err(unknown_meeting()) };
        if matches!(right, Right::Resume(_)) && self.claim_window(meeting).is_zero() {
            // The room is not open, and was neither lost nor stopped with the server a minute ago.
            return Err(refusal(Rule::ResumeWindow, "the place is not kept any more"));
        }
        let room = self.open(meeting, stored).await?;
        Ok((room.mailbox, right))
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

    fn find(&self, meeting: MeetingId) -> Option<OpenRoom> {
        self.open_rooms().get(&meeting)?.room.get().cloned()
    }

    async fn open(&self, meeting: MeetingId, stored: StoredMeeting) -> Result<OpenRoom, Refusal> {
        let slot = self.slot(meeting)?;
        let opened =
            slot.room.get_or_try_init(|| self.start_room(meeting, slot.serial, stored)).await.cloned();
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
    ) -> Result<OpenRoom, Refusal> {
        let config = &self.0.config;
        let start = config.store.open_room(&meeting).await.map_err(storage_failed)?;
        let start = start.ok_or_else(unknown_meeting)?;
        tracing::info!(?meeting, epoch = %start.room_epoch, "room opened");
        let (mailbox, messages) = Mailbox::new();
        let peers = Peers::new(config.media.clone(), self.0.routes.clone(), mailbox.clone());
        let task = RoomTask::new(
            RoomConfig {
                meeting,
                title: stored.title.clone(),
                boot_epoch: config.boot_epoch,
                room_epoch: start.room_epoch,
                resume_key: config.resume_key,
                removed: start.removed,
                next_participant: start.next_participant,
                claim_window: self.claim_window(meeting),
            },
            peers,
            config.store.clone(),
            mailbox.clone(),
            Census { totals: Arc::clone(&self.0.totals), participants: 0, guests: 0 },
        );
        let (rooms, phase) = (self.clone(), config.drain.watch());
        tokio::spawn(async move {
            // The state dies with the panic: nothing of it is looked at afterwards.
            let outcome = AssertUnwindSafe(task.run(messages, phase)).catch_unwind().await;
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
        Ok(OpenRoom { mailbox, stored: Arc::new(stored) })
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

/// Says by what right a credential enters. Takes as long for a meeting that is not there.
fn check(stored: Option<&StoredMeeting>, credential: Credential) -> Result<Right, Refusal> {
    let zeros = [0; 32];
    let gate_hash = stored.map_or(&zeros, |meeting| &meeting.gate_hash);
    let host_hash = stored.map_or(&zeros, |meeting| &meeting.host_hash);
    let (matches, right) = match credential {
        Credential::Host { token } => (gate::digest(token.expose()).ct_eq(host_hash), Right::Host),
        Credential::Link { gate_key } => (gate::digest(gate_key.expose()).ct_eq(gate_hash), Right::Link),
        // The room checks the token's signature and answers in its own words.
        Credential::Resume { token } => (1.into(), Right::Resume(token)),
    };
    if bool::from(matches) && stored.is_some() { Ok(right) } else { Err(unknown_meeting()) }
}

fn refusal(rule: Rule, message: &str) -> Refusal {
    Refusal { rule, message: message.to_owned() }
}

fn unknown_meeting() -> Refusal {
    refusal(Rule::KnownMeeting, "there is no such meeting, it is over, or the link is not its link")
}

fn storage_failed(error: crate::storage::StoreError) -> Refusal {
    let error: &dyn std::error::Error = &error;
    tracing::error!(error, "a meeting could not be read");
    refusal(Rule::Storage, "the server's storage failed; try again soon")
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
    }
}

impl Drop for Census {
    fn drop(&mut self) {
        self.update(0, 0);
    }
}

#[cfg(test)]
mod tests {
    use sabha_protocol::secret::{GateKey, HostToken, ResumeToken};

    use super::{super::room::Message, *};
    use crate::{media::MediaConfig, storage::NewMeeting};

    fn stored() -> StoredMeeting {
        StoredMeeting { title: None, gate_hash: gate::digest(&[1; 32]), host_hash: gate::digest(&[2; 32]) }
    }

    #[test]
    fn unknown_meeting_and_wrong_secret_get_the_same_answer() {
        let link = |byte| Credential::Link { gate_key: GateKey::from_bytes([byte; 32]) };
        let host = |byte| Credential::Host { token: HostToken::from_bytes([byte; 32]) };
        assert!(matches!(check(Some(&stored()), link(1)), Ok(Right::Link)));
        assert!(matches!(check(Some(&stored()), host(2)), Ok(Right::Host)));
        let answers = [
            check(Some(&stored()), link(2)),
            check(Some(&stored()), host(1)),
            check(None, link(1)),
            check(None, host(2)),
        ];
        for answer in answers {
            assert_eq!(answer.unwrap_err(), unknown_meeting());
        }
    }

    #[test]
    fn a_dropped_room_leaves_the_totals() {
        let totals = Arc::new(Totals::default());
        let mut census = Census { totals: Arc::clone(&totals), participants: 0, guests: 0 };
        census.update(3, 1);
        census.update(2, 4);
        assert_eq!(totals.participants.load(Ordering::Relaxed), 2);
        drop(census);
        assert_eq!(totals.guests.load(Ordering::Relaxed), 0);
    }

    /// Returns rooms over a store with the meetings 1 and 2, whose host tokens are all zeros.
    async fn rooms(directory: &std::path::Path) -> Rooms {
        let store = Store::open(directory).await.unwrap();
        for byte in [1, 2] {
            let (gate_hash, host_hash) = ([0; 32], gate::digest(&[0; 32]));
            let id = MeetingId::from_bytes([byte; 20]);
            store.create_meeting(&NewMeeting { id, title: None, gate_hash, host_hash }).await.unwrap();
        }
        let address = "127.0.0.1:0".parse().unwrap();
        let config =
            MediaConfig { listen: address, tcp_listen: address, external_ips: Vec::new(), shards: 1 };
        let (events_in, events) = mpsc::channel(16);
        let config = RoomsConfig {
            store,
            media: MediaPlane::start(&config, events_in).unwrap(),
            drain: Drain::default(),
            boot_epoch: BootEpoch(1),
            resume_key: [0; 32],
            rooms_max: 10,
        };
        Rooms::start(config, events)
    }

    fn host() -> Credential {
        Credential::Host { token: HostToken::from_bytes([0; 32]) }
    }

    #[tokio::test]
    async fn a_room_that_panics_takes_no_other_with_it_and_can_be_opened_again() {
        let directory = tempfile::tempdir().unwrap();
        let rooms = rooms(directory.path()).await;
        let (one, two) = (MeetingId::from_bytes([1; 20]), MeetingId::from_bytes([2; 20]));
        let (failing, _) = rooms.enter(one, host()).await.unwrap();
        let (other, _) = rooms.enter(two, host()).await.unwrap();

        failing.send(Message::Panic).await.unwrap();
        failing.closed().await;
        let disconnected = || Message::Disconnected { connection: sabha_conference::ConnectionKey(1) };
        assert!(other.send(disconnected()).await.is_ok());
        // The room is forgotten just after its mailbox closed.
        while rooms.len() == 2 {
            tokio::task::yield_now().await;
        }
        let (again, _) = rooms.enter(one, host()).await.unwrap();
        assert!(again.send(disconnected()).await.is_ok());
    }

    #[tokio::test]
    async fn all_who_come_while_a_room_opens_come_into_the_same_room() {
        let directory = tempfile::tempdir().unwrap();
        let rooms = rooms(directory.path()).await;
        let one = MeetingId::from_bytes([1; 20]);
        let entries = futures_util::future::join_all((0..20).map(|_| rooms.enter(one, host()))).await;
        assert!(entries.iter().all(Result::is_ok));
        assert_eq!(rooms.len(), 1);
        let start = rooms.0.config.store.open_room(&one).await.unwrap().unwrap();
        assert_eq!(start.room_epoch.0, 2, "it was opened once before");
    }

    #[tokio::test]
    async fn a_resume_token_opens_no_room_long_after_the_start() {
        let directory = tempfile::tempdir().unwrap();
        let mut rooms = rooms(directory.path()).await;
        let token = ResumeToken::try_from("v1.x".to_owned()).unwrap();
        let one = MeetingId::from_bytes([1; 20]);
        let resume = Credential::Resume { token };
        let Some(past) = Instant::now().checked_sub(RESUME_WINDOW * 2) else {
            println!("skipped: this machine started a minute ago");
            return;
        };
        Arc::get_mut(&mut rooms.0).unwrap().started = past;
        let refusal = rooms.enter(one, resume.clone()).await.unwrap_err();
        assert_eq!(refusal.rule, Rule::ResumeWindow);
        assert_eq!(rooms.len(), 0);

        rooms.note_lost(one);
        assert!(rooms.enter(one, resume).await.is_ok(), "the room was lost a moment ago");
    }
}
