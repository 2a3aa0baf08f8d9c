//! What is sent to a client on one of its down-slots.

use std::time::Instant;

use sabha_protocol::MediaKind;

use super::negotiate;
use crate::{
    codec::Codec,
    connection::Packet,
    outbound::{Reported, Sent},
    sdp::{Format, Stream},
    srtp::Replay,
};

/// A down-slot.
#[derive(Debug)]
pub(super) struct Downstream {
    pub(super) kind: MediaKind,
    pub(super) stream: Stream,
    pub(super) formats: [Option<Format>; Codec::ALL.len()],
    /// The highest number under which a packet was sent.
    pub(super) newest: u64,
    /// Numbers that were sent: each seals one packet, and no second one ever.
    sealed: Replay,
    /// Number of the next retransmission. It begins in the first round, where receivers take it to be.
    pub(super) rtx_seq: u64,
    pub(super) timestamp: u32,
    pub(super) sent: Sent,
    pub(super) reported: Reported,
    /// It was reported on for a time in which nothing was sent.
    pub(super) is_quiet: bool,
    /// By how much its timestamps differ from those of what it carries.
    shift: Option<u32>,
    /// That changed, and its receiver was not told yet.
    pub(super) has_moved: bool,
}

impl Downstream {
    pub(super) fn new(agreed: &negotiate::Down) -> Self {
        Self {
            kind: agreed.kind,
            stream: agreed.stream,
            formats: agreed.formats,
            newest: 0,
            sealed: Replay::default(),
            rtx_seq: 1,
            timestamp: 0,
            sent: Sent::new(super::clock_rate(agreed.kind)),
            reported: Reported::default(),
            is_quiet: true,
            shift: None,
            has_moved: false,
        }
    }

    /// Takes a number for one packet. Returns `false` if it was used before, or may have been.
    pub(super) fn claim(&mut self, seq: u64) -> bool {
        if !self.sealed.is_new(seq) {
            return false;
        }
        self.sealed.take(seq);
        self.newest = self.newest.max(seq);
        true
    }

    /// Counts a packet that was sent under `timestamp`.
    pub(super) fn count(&mut self, now: Instant, timestamp: u32, packet: &Packet) {
        self.timestamp = timestamp;
        self.is_quiet = false;
        let shift = timestamp.wrapping_sub(packet.numbers.timestamp);
        // What it carries has changed: a receiver that went on by the last report would play it at the wrong time.
        self.has_moved |= self.shift.replace(shift) != Some(shift);
        self.sent.count(now, timestamp, packet.payload.len());
        self.sent.follow(packet.timeline.map(|timeline| timeline.shifted(shift)));
    }

    /// Returns the payload type of retransmissions of any codec, and their SSRC.
    pub(super) fn repair(&self) -> Option<(u8, u32)> {
        let payload_type = self.formats.iter().flatten().find_map(|format| format.rtx)?;
        Some((payload_type, self.stream.rtx?))
    }
}

#[cfg(test)]
mod tests {
    use sabha_protocol::MediaKind;

    use super::*;

    #[test]
    fn number_is_claimed_once_however_late_it_comes_again() {
        let agreed = negotiate::Down {
            kind: MediaKind::Video,
            stream: Stream { ssrc: 1, rtx: None },
            formats: [None; Codec::ALL.len()],
        };
        let mut down = Downstream::new(&agreed);
        assert!((100..5000).all(|seq| down.claim(seq)));
        assert!((0..5000).all(|seq| !down.claim(seq)));
        assert!(down.claim(6000) && down.claim(5999) && !down.claim(5999));
    }
}
