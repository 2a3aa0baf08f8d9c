//! Forwards RTP between the peers of a room. Sans-IO: bytes and time come in, values go out.
//!
//! Knows peers, sources, layers and slots; knows no users, roles or policy. What a peer may publish and
//! what it wants to see is told by [`Command`]s; what happened is told by [`Event`]s.
//!
//! ```text
//! packet ─ steer ─▶ Shard ─ source, ufrag ─▶ Room ─▶ Connection ─▶ Packet
//!                                             │ publication ─▶ audience ─▶ Slot: rewrite
//!                                             ▼                              │
//!                            speakers, alloc, slots, keyframe        Connection ─▶ outbox ─▶ packets
//! ```
//!
//! The decisions (`alloc`, `keyframe`, `layer`, `quality`, `rewrite`, `slots`, `speakers`, `speech`, `temporal`) are pure
//! and stand in a file each; `room` runs them. Where a room is on several shards, `relay` has what they say to each other and
//! `remote` what one knows of a peer on another. A connection takes one of two paths. Sabha's own, `connection::own`, is
//! made of `sdp`, `rtp`, `rtcp`, `srtp`, `inbound` (what a sender is owed), `outbound` (what is told of what was sent), `timeline`
//! and `bwe` (how much a receiver's link carries); ICE and DTLS are libraries. That of str0m, `connection::library`
//! with its neighbours `offer` and `profile`, is there to be compared with.

mod alloc;
mod bwe;
mod codec;
mod connection;
mod dependency_descriptor;
mod descriptor;
mod inbound;
mod io;
mod keyed;
mod keyframe;
mod layer;
mod offer;
mod outbound;
mod outbox;
mod peer;
mod picture;
mod profile;
mod publication;
mod quality;
mod rate;
mod relay;
mod remote;
mod rewrite;
mod room;
mod rtcp;
mod rtp;
mod sdp;
mod shard;
mod slots;
mod speakers;
mod speech;
mod srtp;
mod stats;
mod steer;
mod temporal;
mod timeline;
mod timers;
mod vp8;
mod vp9;

// The tests of `shard` that look inside it use the same clients and links as those in `tests/it`.
#[cfg(test)]
extern crate self as sabha_sfu;
#[cfg(test)]
const PATH: PacketPath = PacketPath::Own;
#[cfg(test)]
#[allow(dead_code, reason = "some of it is used by tests/it only")]
#[path = "../tests/it/client.rs"]
mod client;
#[cfg(test)]
#[allow(dead_code, reason = "some of it is used by tests/it only")]
#[path = "../tests/it/world.rs"]
mod world;

pub use dependency_descriptor::{DescriptorReader, FrameDependencies, Indication, UnreadableDescriptor};
pub use io::{
    Command, Event, Input, Output, PacketPath, PeerKey, RoomKey, ShardIndex, SlotChange, Transport, Want,
};
pub use relay::Relay;
pub use rtcp::{Packet as RtcpPacket, Packets as RtcpPackets, ReportBlock as RtcpReportBlock};
pub use rtp::{Header as RtpHeader, Ids as RtpExtensionIds};
pub use shard::{Shard, ShardConfig};
pub use stats::{DropReason, ShardStats};
pub use steer::{Steer, steer};
pub use vp8::Vp8Descriptor;
pub use vp9::Vp9Descriptor;
