//! Which connection sits where.
//!
//! A connection is known here from the `Enter` that succeeded until the caller reports `Disconnected`.
//! One that the room closed stays known as closed until then, so that what it had sent before it noticed
//! is neither answered nor taken for a stranger's (ROOM-20).

use std::collections::{BTreeMap, BTreeSet};

use sabha_protocol::ParticipantId;

use crate::io::ConnectionKey;

/// Closed connections remembered. The caller drops a closed connection at once, so a few are alive at any
/// time; should it forget to say so, the oldest are forgotten.
const CLOSED_MAX: usize = 1024;

/// Where a connection sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// Waits.
    Lobby(ParticipantId),
    /// Holds a place.
    Place(ParticipantId),
}

#[derive(Debug, Default)]
pub(crate) struct Connections {
    seats: BTreeMap<ConnectionKey, Seat>,
    closed: BTreeSet<ConnectionKey>,
}

impl Connections {
    pub(crate) fn seat(&self, connection: ConnectionKey) -> Option<Seat> {
        self.seats.get(&connection).copied()
    }

    pub(crate) fn is_open(&self, connection: ConnectionKey) -> bool {
        self.seats.contains_key(&connection)
    }

    pub(crate) fn is_closed(&self, connection: ConnectionKey) -> bool {
        self.closed.contains(&connection)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = ConnectionKey> + '_ {
        self.seats.keys().copied()
    }

    pub(crate) fn put(&mut self, connection: ConnectionKey, seat: Seat) {
        self.seats.insert(connection, seat);
    }

    /// Notes that the room closes a connection.
    pub(crate) fn close(&mut self, connection: ConnectionKey) {
        self.seats.remove(&connection);
        self.closed.insert(connection);
        if self.closed.len() > CLOSED_MAX {
            self.closed.pop_first();
        }
    }

    /// Notes that a connection is gone, and returns where it sat.
    pub(crate) fn disconnected(&mut self, connection: ConnectionKey) -> Option<Seat> {
        self.closed.remove(&connection);
        self.seats.remove(&connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_connections_are_remembered_within_a_bound() {
        let mut connections = Connections::default();
        for key in 0..3000 {
            connections.put(ConnectionKey(key), Seat::Lobby(ParticipantId(1)));
            connections.close(ConnectionKey(key));
        }
        assert_eq!(connections.closed.len(), CLOSED_MAX);
        assert!(connections.is_closed(ConnectionKey(2999)));
        assert!(connections.is_empty());
    }
}
