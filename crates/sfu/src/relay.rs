//! What the parts of one room say to each other, where its peers live on several shards.
//!
//! ```text
//!   part on shard 1 ──── Report ───▶ home ◀─── Report ──── part on shard 2
//!        ▲    ◀───────── Notice ──── (one of ─── Notice ────▶    │
//!        │                         the shards)                   │
//!        └──────────────── Ask: what is wanted ──────────────────┘
//!                packets, straight from the publisher's shard
//! ```
//!
//! A peer lives on one shard, with all that it has there. The other shards know of it what they need to put its
//! publications into slots, and learn that from the home of the room, through which all such news goes: so every part
//! hears it in one order. Who is heard is decided at home alone, of all voices, so that everybody hears the same.
//! Packets go straight from the publisher's shard to those that asked for its publication, one copy each. Whose people begin to
//! watch gets what came since the last key frame first, if that was a moment ago.
//!
//! News of two senders may cross, and a part may end and begin anew meanwhile. So each part has a number that is never
//! used twice, by which both it and its home tell what is meant for a part of before.

use std::time::Instant;

use sabha_protocol::{Layer, MediaGeneration, MediaState, Source, VideoCodec};

use crate::{
    connection::{Packet, Payload},
    io::{PeerKey, RoomKey, ShardIndex},
    publication::LayerSet,
    speech::Voice,
};

/// Payloads whose memory is kept for copies that are to be made: what one queue of a thread can hold several times over.
const SPARE_MAX: usize = 8192;

/// Something that one shard says to another of a room that both have a part of. What is in it is nobody else's matter.
#[derive(Debug)]
pub struct Relay {
    pub(crate) room: RoomKey,
    pub(crate) said: Said,
}

impl Relay {
    /// Returns whether it is packets, which may be dropped; everything else must arrive, and in its order.
    pub const fn is_packet(&self) -> bool {
        matches!(self.said, Said::Packet(_) | Said::CatchUp(_))
    }
}

/// A part of a room, on one shard. Never the same for two of them, and never for what comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartNumber(pub(crate) u64);

#[derive(Debug)]
pub(crate) enum Said {
    Packet(Relayed),
    /// What came lately of a picture, to where somebody begins to watch it.
    CatchUp(CatchUp),
    /// A part, to its home.
    Report(PartNumber, Report),
    /// Home, to a part.
    Notice(PartNumber, Notice),
    /// A part, to that of a publisher.
    Ask(PeerKey, Ask),
}

/// What a part tells its home.
#[derive(Clone, Debug)]
pub(crate) enum Report {
    /// A peer lives here, and stands so.
    Present(PeerKey, Standing),
    /// A peer is gone.
    Absent(PeerKey),
    /// It failed.
    Failed,
    /// There is no such part any more.
    Nobody,
}

/// What home tells a part.
#[derive(Clone, Debug)]
pub(crate) enum Notice {
    /// It belongs to the room from here on; home's own part has that number.
    Welcome(PartNumber),
    /// A peer lives on another shard, and stands so.
    Present(PeerKey, ShardIndex, Standing),
    /// A peer of another shard is gone.
    Absent(PeerKey),
    /// Whose voices are heard.
    Voices(Vec<PeerKey>),
    /// The room failed.
    Failed,
}

/// What a part wants of a publisher on another shard.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    /// What is wanted of a source, by a part of the room whose home has that number.
    Demand(PartNumber, Source, Demand),
    Keyframe(Source, Layer),
}

/// What those on one shard want of a publication on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    /// Somebody receives it, or would if it came.
    pub(crate) is_wanted: bool,
    /// The layers that they are to get.
    pub(crate) layers: LayerSet,
    /// The best codec that all of them can decode.
    pub(crate) codec: VideoCodec,
}

impl Demand {
    /// What nobody wants.
    pub(crate) fn none() -> Self {
        // Whoever does not watch can decode anything.
        Self { is_wanted: false, layers: LayerSet::default(), codec: VideoCodec::Vp9 }
    }
}

/// What others have to know of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) generation: MediaGeneration,
    pub(crate) publishing: MediaState,
    /// The layers that its connection can send, in the order of [`Source::ALL`].
    pub(crate) offered: [LayerSet; 4],
}

/// A packet of a publisher's, as its shard has read it.
#[derive(Debug)]
pub(crate) struct Relayed {
    pub(crate) publisher: PeerKey,
    /// Of its connection.
    pub(crate) generation: MediaGeneration,
    pub(crate) packet: Packet,
    /// Of sound, what was heard in it.
    pub(crate) voice: Option<Voice>,
}

/// A layer of a publisher's from its last key frame on, as its shard keeps it.
#[derive(Debug)]
pub(crate) struct CatchUp {
    pub(crate) publisher: PeerKey,
    /// Of its connection.
    pub(crate) generation: MediaGeneration,
    pub(crate) source: Source,
    pub(crate) layer: Layer,
    /// When the key frame came.
    pub(crate) came: Instant,
    /// In the order of their numbers, none of which is missing.
    pub(crate) packets: Vec<Packet>,
}

/// Memory for copies, which comes back when they were taken.
#[derive(Debug, Default)]
pub(crate) struct Copies(Vec<Payload>);

impl Copies {
    /// Returns a packet that shares nothing with `packet`.
    pub(crate) fn copy(&mut self, packet: &Packet) -> Packet {
        packet.with_payload(Payload::copied(&packet.payload, self.0.pop()))
    }

    /// Takes a copy's memory back.
    pub(crate) fn recycle(&mut self, relay: Relay) {
        match relay.said {
            Said::Packet(relayed) => self.keep(relayed.packet),
            Said::CatchUp(given) => given.packets.into_iter().for_each(|packet| self.keep(packet)),
            Said::Report(..) | Said::Notice(..) | Said::Ask(..) => {}
        }
    }

    fn keep(&mut self, packet: Packet) {
        if self.0.len() < SPARE_MAX {
            self.0.push(packet.payload);
        }
    }
}
