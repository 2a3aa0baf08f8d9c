//! The signalling connections: in order and complete while they hold, and noticed late when they break.
//!
//! A cut loses what is under way, as a TCP connection does whose peer vanished; each side notices when it
//! notices. So a client may be back on a new connection while the server still believes in the old one.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use sabha_conference::{Command, ConnectionKey, Event};
use sabha_impairer::Random;
use sabha_protocol::{
    DeviceKey, GroupEpoch, RequestId, RoomSeq, opaque::KnockPayload, secret::ResumeToken,
    wire::server::CloseReason,
};

use crate::group::Edit;

/// One way, shortest and longest.
const LATENCY: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(60));

/// By what right a client enters, as it says itself.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// It is in the group, or has a grant.
    Device,
    Link(KnockPayload),
    Resume(ResumeToken),
}

/// What a client says: a command to the room, or something that concerns the group first.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Adopt,
    /// A host's word on which epoch is the present, as its heartbeat gives it. Not answered.
    Certify {
        epoch: GroupEpoch,
    },
    Command(Command),
    Commit {
        epoch: GroupEpoch,
        edits: Vec<Edit>,
    },
    Enter {
        device: DeviceKey,
        credential: Credential,
    },
    GroupState,
    Missed {
        epoch: GroupEpoch,
    },
}

/// What a client hears.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    Closed(CloseReason),
    Event {
        re: Option<RequestId>,
        seq: Option<RoomSeq>,
        event: Event,
    },
    /// The connection is broken.
    Gone,
    GroupState {
        re: RequestId,
        epoch: GroupEpoch,
    },
}

/// What arrives at an end of a connection.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    AtClient { client: usize, connection: ConnectionKey, heard: Heard },
    AtServer { meeting: usize, connection: ConnectionKey, request: RequestId, said: Said },
    Lost { meeting: usize, connection: ConnectionKey },
}

#[derive(Debug)]
struct Wire {
    client: usize,
    meeting: usize,
    /// When the last thing under way arrives, up and down: nothing overtakes it.
    up: Instant,
    down: Instant,
    is_cut: bool,
    /// The server was told, or will be, that the connection is gone.
    is_reported: bool,
}

#[derive(Debug)]
pub(crate) struct Signalling {
    wires: BTreeMap<ConnectionKey, Wire>,
    under_way: BTreeMap<(Instant, u64), (ConnectionKey, Arrival)>,
    opened: u64,
    order: u64,
    random: Random,
}

impl Signalling {
    pub(crate) fn new(random: Random) -> Self {
        Self { wires: BTreeMap::new(), under_way: BTreeMap::new(), opened: 0, order: 0, random }
    }

    pub(crate) fn open(&mut self, now: Instant, client: usize, meeting: usize) -> ConnectionKey {
        self.opened += 1;
        let connection = ConnectionKey(self.opened);
        let wire = Wire { client, meeting, up: now, down: now, is_cut: false, is_reported: false };
        self.wires.insert(connection, wire);
        connection
    }

    /// Sends to the server.
    pub(crate) fn up(&mut self, now: Instant, connection: ConnectionKey, request: RequestId, said: Said) {
        let late = self.random.time(LATENCY.0, LATENCY.1);
        let Some(wire) = self.wires.get_mut(&connection).filter(|wire| !wire.is_cut) else { return };
        wire.up = wire.up.max(now + late);
        let (at, meeting) = (wire.up, wire.meeting);
        self.push(at, connection, Arrival::AtServer { meeting, connection, request, said });
    }

    /// Sends to the client.
    pub(crate) fn down(&mut self, now: Instant, connection: ConnectionKey, heard: Heard) {
        let late = self.random.time(LATENCY.0, LATENCY.1);
        let Some(wire) = self.wires.get_mut(&connection).filter(|wire| !wire.is_cut) else { return };
        wire.down = wire.down.max(now + late);
        let (at, client) = (wire.down, wire.client);
        self.push(at, connection, Arrival::AtClient { client, connection, heard });
    }

    /// The client hangs up: the server learns it after everything that was sent before.
    pub(crate) fn hang_up(&mut self, now: Instant, connection: ConnectionKey) {
        let Some(wire) = self.wires.get_mut(&connection).filter(|wire| !wire.is_reported) else { return };
        wire.is_reported = true;
        let (at, meeting) = (wire.up.max(now + LATENCY.1), wire.meeting);
        self.push(at, connection, Arrival::Lost { meeting, connection });
    }

    /// Breaks a connection: what is under way is lost, and each side notices after its own time.
    pub(crate) fn cut(
        &mut self,
        now: Instant,
        connection: ConnectionKey,
        server_notices: Duration,
        client_notices: Duration,
    ) {
        let Some(wire) = self.wires.get_mut(&connection).filter(|wire| !wire.is_cut && !wire.is_reported)
        else {
            return;
        };
        (wire.is_cut, wire.is_reported) = (true, true);
        let (client, meeting) = (wire.client, wire.meeting);
        self.under_way.retain(|_, (other, _)| *other != connection);
        self.push(now + server_notices, connection, Arrival::Lost { meeting, connection });
        let heard = Heard::Gone;
        self.push(now + client_notices, connection, Arrival::AtClient { client, connection, heard });
    }

    /// Breaks every connection because the server's process is gone. Clients notice soon; nobody is left to
    /// notice at the other end.
    pub(crate) fn cut_all(&mut self, now: Instant) {
        self.under_way.clear();
        let open: Vec<_> = self.wires.iter().map(|(connection, wire)| (*connection, wire.client)).collect();
        for (connection, client) in open {
            let late = self.random.time(LATENCY.0, LATENCY.1);
            self.push(now + late, connection, Arrival::AtClient { client, connection, heard: Heard::Gone });
        }
        for wire in self.wires.values_mut() {
            (wire.is_cut, wire.is_reported) = (true, true);
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.under_way.keys().next().map(|(at, _)| *at)
    }

    /// Returns everything that arrives by `now`, in order.
    pub(crate) fn arrive(&mut self, now: Instant) -> VecDeque<Arrival> {
        let later = self.under_way.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut self.under_way, later);
        due.into_values().map(|(_, arrival)| arrival).collect()
    }

    fn push(&mut self, at: Instant, connection: ConnectionKey, arrival: Arrival) {
        self.order += 1;
        self.under_way.insert((at, self.order), (connection, arrival));
    }
}
