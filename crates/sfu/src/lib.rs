//! Forwards RTP between the peers of a room. Sans-IO: bytes and time come in, values go out.
//!
//! Knows peers, sources, layers and slots; knows no users, roles or policy. What a peer may publish and
//! what it wants to see is told by [`Command`]s; what happened is told by [`Event`]s.
//!
//! ```text
//! packet ─ steer ─▶ Shard ─ source, ufrag ─▶ Room ─▶ Connection (str0m) ─▶ Packet
//!                                             │ publication ─▶ audience ─▶ Slot: rewrite
//!                                             ▼                              │
//!                            speakers, alloc, slots, keyframe        Connection (str0m) ─▶ packet
//! ```
//!
//! The decisions (`alloc`, `keyframe`, `layer`, `quality`, `rewrite`, `slots`, `speakers`, `speech`) are pure
//! and stand in a file each; `room` runs them; only `connection`, `descriptor`, `offer` and `profile`
//! know str0m.

mod alloc;
mod codec;
mod connection;
mod descriptor;
mod io;
mod keyframe;
mod layer;
mod offer;
mod peer;
mod profile;
mod publication;
mod quality;
mod rate;
mod rewrite;
mod room;
mod shard;
mod slots;
mod speakers;
mod speech;
mod stats;
mod steer;
mod timers;
mod vp9;

// The tests of `shard` that look inside it use the same clients and links as those in `tests/it`.
#[cfg(test)]
extern crate self as sabha_sfu;
#[cfg(test)]
#[allow(dead_code, reason = "some of it is used by tests/it only")]
#[path = "../tests/it/client.rs"]
mod client;
#[cfg(test)]
#[allow(dead_code, reason = "some of it is used by tests/it only")]
#[path = "../tests/it/world.rs"]
mod world;

pub use io::{Command, Event, Input, Output, PeerKey, RoomKey, ShardIndex, SlotChange, Transport, Want};
pub use shard::{Shard, ShardConfig};
pub use stats::{DropReason, ShardStats};
pub use steer::{Steer, steer};
pub use vp9::Vp9Descriptor;
