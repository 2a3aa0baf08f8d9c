//! Plain counters of one shard, copied out whenever somebody asks. All but the gauges only grow.

/// Why a packet was not used. Closed, so that it can label a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// Not STUN, DTLS, SRTP or SRTCP, or damaged.
    Malformed,
    /// From an address that no connection has proven.
    UnknownSource,
    /// A STUN request that names none of our connections, or fails its integrity check.
    UnknownUfrag,
    /// An RTP stream that belongs to no negotiated up-slot.
    UnknownStream,
    /// A source that is switched off.
    SourceOff,
    /// Audio of somebody who does not speak.
    Silence,
    /// A picture nobody watches.
    Unwatched,
    /// From another shard, of a connection that this one does not know, or not any more.
    Outdated,
}

impl DropReason {
    /// Every reason, in the order of the enum.
    pub const ALL: [Self; 8] = [
        Self::Malformed,
        Self::UnknownSource,
        Self::UnknownUfrag,
        Self::UnknownStream,
        Self::SourceOff,
        Self::Silence,
        Self::Unwatched,
        Self::Outdated,
    ];

    /// Returns the reason as a metric label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownSource => "unknown_source",
            Self::UnknownUfrag => "unknown_ufrag",
            Self::UnknownStream => "unknown_stream",
            Self::SourceOff => "source_off",
            Self::Silence => "silence",
            Self::Unwatched => "unwatched",
            Self::Outdated => "outdated",
        }
    }
}

/// What a shard holds and has done since it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ShardStats {
    /// Rooms now.
    pub rooms: usize,
    /// Peers with a connection now.
    pub peers: usize,
    /// Packets handed to the shard.
    pub packets_in: u64,
    /// Their bytes, IP and UDP headers excluded.
    pub bytes_in: u64,
    /// Packets handed out for sending.
    pub packets_out: u64,
    /// Their bytes, IP and UDP headers excluded.
    pub bytes_out: u64,
    /// Copies of packets made for other shards.
    pub relayed_out: u64,
    /// Packets that other shards sent here.
    pub relayed_in: u64,
    /// Copies that another shard had no room for.
    pub relays_refused: u64,
    /// Key frames asked of publishers.
    pub keyframe_requests: u64,
    /// Offers that could not be answered.
    pub offers_refused: u64,
    /// Connections set up, all under an AES-GCM SRTP profile.
    pub connections: u64,
    /// Connections closed because their SRTP profile was not AES-GCM.
    pub weak_profiles: u64,
    /// Panics caught, one room each.
    pub panics: u64,
    dropped: [u64; DropReason::ALL.len()],
}

impl ShardStats {
    /// Returns how many packets were not used for this reason.
    pub const fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    pub(crate) const fn drop_packet(&mut self, reason: DropReason) {
        self.dropped[reason as usize] += 1;
    }
}
