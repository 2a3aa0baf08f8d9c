//! Everything that goes into a shard and everything that comes out of it.

use std::{net::SocketAddr, time::Instant};

use crate::relay::Relay;
use sabha_protocol::{
    DownSlot, Layer, MediaGeneration, MediaState, Mid, Quality, Sdp, Source, TileHeight, UpSlot, VideoCodec,
};

/// A room, on one shard or on several. Chosen by the caller, never used twice while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomKey(pub u64);

/// A peer on one shard. Chosen by the caller, never used twice while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey(pub u64);

/// One of the server's shards, 0 to 255. Written into each ICE ufrag, so that a datagram that reached
/// another shard's socket can be handed to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardIndex(pub u8);

/// How a packet travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// A datagram.
    Udp,
    /// A frame of an ICE-TCP connection (RFC 6544), length prefix (RFC 4571) removed.
    Tcp,
}

/// What a shard is told.
#[derive(Debug)]
pub enum Input<'a> {
    /// The control plane wants something.
    Command(Command),
    /// A packet arrived.
    Receive {
        /// How.
        transport: Transport,
        /// From where.
        source: SocketAddr,
        /// At which of our candidates.
        destination: SocketAddr,
        /// The packet.
        contents: &'a [u8],
    },
    /// Another shard says something, as it was asked to by `Output::Relay`. Afterwards it is to be given back to that shard
    /// by [`Shard::recycle_relay`](crate::Shard::recycle_relay).
    Relay {
        /// Which shard.
        from: ShardIndex,
        /// What.
        relay: &'a Relay,
    },
    /// Another shard has begun afresh, or missed something that was said to it: rooms that it had a part of fail.
    ShardLost {
        /// Which shard.
        shard: ShardIndex,
    },
    /// The time that `Output::Timeout` named has come.
    Timeout,
}

/// What the control plane wants of a shard.
#[derive(Clone, Debug)]
pub enum Command {
    /// Opens a peer connection, replacing any older one of the same peer. Answered by `Answered` or `OfferRefused`.
    Connect {
        /// The peer's room; created by its first peer.
        room: RoomKey,
        /// The shard on which it is decided who is heard in that room; the same for all of its peers.
        home: ShardIndex,
        /// The peer.
        peer: PeerKey,
        /// Counts the peer's connections.
        generation: MediaGeneration,
        /// The client's offer.
        offer: Sdp,
        /// Sections on which the client sends.
        up: Vec<UpSlot>,
        /// Sections on which it receives.
        down: Vec<DownSlot>,
        /// What may be forwarded from it.
        publishing: MediaState,
    },
    /// Forgets a peer; a room is forgotten with its last one.
    Disconnect {
        /// The peer.
        peer: PeerKey,
    },
    /// Says what may be forwarded from a peer. Packets of a source that is off are dropped on arrival.
    SetPublishing {
        /// The peer.
        peer: PeerKey,
        /// What is on.
        media: MediaState,
    },
    /// Says which pictures a peer shows and how large. Replaces what was said before.
    Subscribe {
        /// The peer.
        peer: PeerKey,
        /// The pictures, most important first.
        wants: Vec<Want>,
    },
}

impl Command {
    /// Returns the peer that it is about.
    pub const fn peer(&self) -> PeerKey {
        match self {
            Self::Connect { peer, .. }
            | Self::Disconnect { peer }
            | Self::SetPublishing { peer, .. }
            | Self::Subscribe { peer, .. } => *peer,
        }
    }
}

/// A picture that a peer wants to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Whose.
    pub publisher: PeerKey,
    /// Camera or screen.
    pub source: Source,
    /// Height at which it is shown.
    pub height: TileHeight,
}

/// What a shard says. Drained until `Timeout` after every input.
#[derive(Debug)]
pub enum Output {
    /// Something happened.
    Event(Event),
    /// Something is to be handed to another shard, in its order but for packets. A packet that cannot be is to be given
    /// to [`Shard::refuse_relay`](crate::Shard::refuse_relay).
    Relay {
        /// Which shard.
        to: ShardIndex,
        /// What.
        relay: Relay,
    },
    /// Nothing more to say: call again with `Input::Timeout` at this time at the latest.
    Timeout(Instant),
    /// Packets are to be sent, all to one receiver.
    Transmit {
        /// How.
        transport: Transport,
        /// From which of our candidates.
        source: SocketAddr,
        /// To where.
        destination: SocketAddr,
        /// One packet behind the other.
        contents: Vec<u8>,
        /// The length of each of them but the last, which may be shorter, in bytes. Over TCP there is only one.
        segment: usize,
    },
}

/// Which way packets take through a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketPath {
    /// Sabha's own: packets are kept once and sealed where they are sent from.
    Own,
    /// That of str0m: every receiver has a connection that keeps and seals its own packets.
    Library,
}

/// What happened on a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The answer to `Connect`.
    Answered {
        /// The peer.
        peer: PeerKey,
        /// Its connection.
        generation: MediaGeneration,
        /// The answer.
        answer: Sdp,
    },
    /// Everybody who watches a publication can decode this codec, and not all of them a better one. Told of
    /// publications that come, or came, in VP9, when it changes; a publisher that was told nothing sends what it
    /// likes.
    CodecWanted {
        /// The publisher.
        peer: PeerKey,
        /// Camera or screen.
        source: Source,
        /// The best codec for all.
        codec: VideoCodec,
    },
    /// ICE and DTLS are up: media flows.
    Connected {
        /// The peer.
        peer: PeerKey,
        /// Its connection.
        generation: MediaGeneration,
    },
    /// The layers of a publication that anybody watches changed.
    LayersWanted {
        /// The publisher.
        peer: PeerKey,
        /// Camera or screen.
        source: Source,
        /// Wanted layers, lowest first. A screen has only `High`.
        layers: Vec<Layer>,
    },
    /// The connection is gone: consent expired, DTLS closed, or the room failed.
    Lost {
        /// The peer.
        peer: PeerKey,
        /// Its connection.
        generation: MediaGeneration,
    },
    /// The offer cannot be answered; the peer has no connection now.
    OfferRefused {
        /// The peer.
        peer: PeerKey,
        /// Its connection.
        generation: MediaGeneration,
        /// Why, for the client.
        reason: String,
    },
    /// How well a peer's connection holds; told when it changes.
    QualityChanged {
        /// The peer.
        peer: PeerKey,
        /// How well.
        quality: Quality,
    },
    /// Code of ours panicked while it handled this room. The room and its peers are gone; each peer also got `Lost`. Told
    /// by the room's home.
    RoomFailed {
        /// The room.
        room: RoomKey,
    },
    /// What some of a peer's down-slots carry changed.
    SlotsChanged {
        /// The subscriber.
        peer: PeerKey,
        /// Its connection.
        generation: MediaGeneration,
        /// The slots.
        changes: Vec<SlotChange>,
    },
    /// Who speaks in a room changed; most recent first. Told by the room's home.
    SpeakersChanged {
        /// The room.
        room: RoomKey,
        /// At most `limits::SPEAKERS_FORWARDED`.
        speaking: Vec<PeerKey>,
    },
}

/// What a down-slot carries from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotChange {
    /// The slot.
    pub mid: Mid,
    /// The publication, or nothing.
    pub occupant: Option<(PeerKey, Source)>,
}
