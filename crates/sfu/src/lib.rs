//! Forwards RTP between the peers of a room. Sans-IO: bytes and time come in, values go out.
//!
//! Knows peers, sources, layers and slots; knows no users, roles or policy. What a peer may publish and
//! what it wants to see is told by [`Command`]s; what happened is told by [`Event`]s.

mod io;
mod shard;
mod stats;
mod steer;

pub use io::{Command, Event, Input, Output, PeerKey, RoomKey, ShardIndex, SlotChange, Transport, Want};
pub use shard::{Shard, ShardConfig};
pub use stats::{DropReason, ShardStats};
pub use steer::{Steer, steer};
