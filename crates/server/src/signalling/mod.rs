//! Signalling: WebSockets on one side, rooms on the other, messages of `sabha-protocol` between them.
//!
//! ```text
//!  WebSocket ─► connection task ──Message──► room task ──Command──► media plane
//!            ◄──── outbox ◄──── frames ────────┘  ▲ └──Record──► store
//!                                                 └──── Event ──── media plane
//! ```
//! One task for each connection (`connection.rs`) and one for each open room (`room.rs`); every queue
//! between them is bounded. Decisions are the room's, in `sabha-conference`; what its group allows is decided by
//! `sabha-delivery` (`handshakes.rs`).

mod addresses;
mod connection;
mod frames;
mod handshakes;
mod intake;
mod outbox;
mod pace;
mod passcodes;
mod peers;
mod rate;
mod room;
mod rooms;
mod socket;
mod translate;

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use sabha_conference::ConnectionKey;
use sabha_protocol::{
    BootEpoch, MeetingId,
    account::UserId,
    key::Challenge,
    wire::{ServerMessage, operation::LiveRoom},
};
use tokio::sync::{mpsc, watch};

use self::rooms::Rooms;
pub(crate) use self::{
    addresses::{AddressLimits, Addresses, Permit, Refused, network},
    intake::{Intake, Metered},
    rate::TokenBucket,
    room::LobbyShares,
    rooms::RoomsConfig,
    socket::Socket,
};
use crate::drain::{Drain, Phase};

/// The signalling of a server. Cloned freely.
#[derive(Clone, Debug)]
pub(crate) struct Signalling(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rooms: Rooms,
    drain: Drain,
    boot_epoch: BootEpoch,
    next_connection: AtomicU64,
    attached: watch::Sender<usize>,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// Its network.
    pub(crate) address: IpAddr,
    /// The account that it was signed in with when it was opened.
    pub(crate) account: Option<UserId>,
}

/// What signalling is doing now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) rooms: usize,
    pub(crate) participants: usize,
    pub(crate) lobby_guests: usize,
}

impl Signalling {
    /// Starts signalling; `events` are those of the media plane.
    pub(crate) fn start(config: RoomsConfig, events: mpsc::Receiver<sabha_sfu::Event>) -> Self {
        Self(Arc::new(Inner {
            drain: config.drain.clone(),
            boot_epoch: config.boot_epoch,
            rooms: Rooms::start(config, events),
            next_connection: AtomicU64::new(1),
            attached: watch::Sender::new(0),
        }))
    }

    /// Serves a WebSocket until it ends. `permit` is held as long.
    pub(crate) async fn serve(self, socket: Socket, intake: Intake, origin: Origin, permit: Permit) {
        connection::serve(self, socket, intake, origin, &permit).await;
        drop(permit);
    }

    /// Returns what is going on.
    pub(crate) fn load(&self) -> Load {
        let (participants, lobby_guests) = self.0.rooms.people();
        Load { rooms: self.0.rooms.len(), participants, lobby_guests }
    }

    /// Returns what may be shown of each open room.
    pub(crate) fn live(&self) -> Vec<LiveRoom> {
        self.0.rooms.live()
    }

    /// Tells whoever waits for these meetings that they are cancelled. Those that are under way go on.
    pub(crate) async fn cancelled(&self, meetings: &[MeetingId]) {
        for meeting in meetings {
            self.0.rooms.cancelled(*meeting).await;
        }
    }

    /// Waits until no connection is in a room any more.
    pub(crate) async fn emptied(&self) {
        // Cannot fail: the sender lives in `self`.
        let _ = self.0.attached.subscribe().wait_for(|attached| *attached == 0).await;
    }

    fn rooms(&self) -> &Rooms {
        &self.0.rooms
    }

    fn next_connection(&self) -> ConnectionKey {
        ConnectionKey(self.0.next_connection.fetch_add(1, Ordering::Relaxed))
    }

    fn watch_drain(&self) -> watch::Receiver<Phase> {
        self.0.drain.watch()
    }

    fn welcome(&self, challenge: Challenge) -> ServerMessage {
        ServerMessage::Welcome {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            boot_epoch: self.0.boot_epoch,
            challenge,
        }
    }

    fn attach(&self) -> Attachment {
        self.0.attached.send_modify(|attached| *attached += 1);
        Attachment(self.clone())
    }
}

/// Counts a connection that is in a room, as long as it lives.
#[derive(Debug)]
struct Attachment(Signalling);

impl Drop for Attachment {
    fn drop(&mut self) {
        self.0.0.attached.send_modify(|attached| *attached -= 1);
    }
}
