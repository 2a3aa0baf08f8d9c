//! The figures of a stream, and how they come together: packet by packet, with what came early, and from one look to the next.

use std::time::Instant;

use sabha_protocol::wire::server::Occupant;
use serde::Serialize;

use crate::frames::{DropReason, Drops, Origin};

/// Packets on a down-slot before anything said whose they are, and what they turned out to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StreamFigures {
    /// Packets, duplicates excluded.
    pub packets: u64,
    /// Their payload, in bytes.
    pub bytes: u64,
    /// Whole frames that were opened. Of sound each packet is one.
    pub frames: u64,
    /// Key frames among them.
    pub key_frames: u64,
    /// Whole frames that were not opened, or were not what the slot should carry.
    pub dropped: Drops,
    /// Whole frames that nobody tried to open, since in a load one stream stands for several.
    #[serde(skip_serializing_if = "is_zero")]
    pub unopened: u64,
    /// Packets that never came, of those between the first and the last that did.
    pub lost: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Frames whose picture id did not follow that of the frame before, with no packet lost between them.
    pub picture_id_breaks: u64,
    /// Longest time between two packets while the slot was filled, in milliseconds.
    pub longest_gap_ms: u64,
    /// From the start of the sink to the first packet, in milliseconds.
    pub first_packet_ms: Option<u64>,
    /// From the start of the sink to the last packet of the first whole key frame that was opened, in milliseconds.
    pub first_key_frame_ms: Option<u64>,
    #[serde(skip)]
    last_packet: Option<Instant>,
    /// Whose frames they are, as long as nothing said whose they should be.
    #[serde(skip)]
    origin: Option<Origin>,
}

/// What was received of one publication.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublicationStats {
    /// Whose and what.
    pub publication: Occupant,
    /// Whether a slot carries it now.
    pub current: bool,
    /// The figures.
    #[serde(flatten)]
    pub figures: StreamFigures,
}

impl StreamFigures {
    pub(super) fn arrived(&mut self, at: Instant, bytes: usize, start: Instant) {
        self.packets += 1;
        self.bytes += bytes as u64;
        self.first_packet_ms.get_or_insert_with(|| millis(start, at));
        if let Some(last) = self.last_packet {
            self.longest_gap_ms = self.longest_gap_ms.max(millis(last, at));
        }
        self.last_packet = Some(at);
    }

    /// Says that nothing will come for a while: a pause that the server announced is no gap.
    pub(super) fn pause(&mut self) {
        self.last_packet = None;
    }

    /// Returns whose frames came before the server said whose they are.
    pub(super) const fn origin(&self) -> Option<Origin> {
        self.origin
    }

    /// Takes note of whose a frame is that came before the server said so. Those of others before it are disowned;
    /// returns how many.
    pub(super) fn found(&mut self, origin: Origin) -> u64 {
        let other = self.origin.replace(origin).is_some_and(|before| before != origin);
        if other { self.disown() } else { 0 }
    }

    /// Counts the frames as misplaced, and returns how many they were.
    pub(super) fn disown(&mut self) -> u64 {
        let misplaced = std::mem::take(&mut self.frames);
        self.key_frames = 0;
        self.first_key_frame_ms = None;
        self.dropped.add(DropReason::Misplaced, misplaced);
        misplaced
    }

    /// Returns what came after `before` was taken of the same stream.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let dropped = |now: u64, then: u64| now.saturating_sub(then);
        Self {
            packets: self.packets - before.packets,
            bytes: self.bytes - before.bytes,
            frames: self.frames.saturating_sub(before.frames),
            key_frames: self.key_frames.saturating_sub(before.key_frames),
            dropped: Drops {
                malformed: dropped(self.dropped.malformed, before.dropped.malformed),
                misplaced: dropped(self.dropped.misplaced, before.dropped.misplaced),
                no_key: dropped(self.dropped.no_key, before.dropped.no_key),
                not_authentic: dropped(self.dropped.not_authentic, before.dropped.not_authentic),
                replayed: dropped(self.dropped.replayed, before.dropped.replayed),
            },
            unopened: self.unopened - before.unopened,
            // A packet that was missing may come after all.
            lost: self.lost.saturating_sub(before.lost),
            duplicates: self.duplicates - before.duplicates,
            picture_id_breaks: self.picture_id_breaks - before.picture_id_breaks,
            ..self.clone()
        }
    }

    /// Adds what came before the server said that it belongs here.
    pub(super) fn absorb(&mut self, early: Self, start: Instant) {
        if let (Some(last), Some(first)) = (self.last_packet, early.first_packet_ms) {
            self.longest_gap_ms = self.longest_gap_ms.max(first.saturating_sub(millis(start, last)));
        }
        self.packets += early.packets;
        self.bytes += early.bytes;
        self.frames += early.frames;
        self.key_frames += early.key_frames;
        self.dropped.absorb(early.dropped);
        self.unopened += early.unopened;
        self.lost += early.lost;
        self.duplicates += early.duplicates;
        self.picture_id_breaks += early.picture_id_breaks;
        self.longest_gap_ms = self.longest_gap_ms.max(early.longest_gap_ms);
        self.first_packet_ms = self.first_packet_ms.or(early.first_packet_ms);
        self.first_key_frame_ms = self.first_key_frame_ms.or(early.first_key_frame_ms);
        self.last_packet = early.last_packet.or(self.last_packet);
    }
}

/// As serde wants it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

pub(super) fn millis(from: Instant, to: Instant) -> u64 {
    to.saturating_duration_since(from).as_millis() as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_came_early_is_added_and_the_gap_between_counts() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let (mut figures, mut early) = (StreamFigures::default(), StreamFigures::default());
        [10, 30].into_iter().for_each(|ms| figures.arrived(at(ms), 100, start));
        [90, 95].into_iter().for_each(|ms| early.arrived(at(ms), 50, start));
        figures.absorb(early, start);

        assert_eq!((figures.packets, figures.bytes), (4, 300));
        assert_eq!((figures.first_packet_ms, figures.longest_gap_ms), (Some(10), 60));
        figures.arrived(at(99), 1, start);
        assert_eq!(figures.longest_gap_ms, 60, "the last packet is that which came early");
        figures.pause();
        figures.arrived(at(999), 1, start);
        assert_eq!(figures.longest_gap_ms, 60);
    }

    #[test]
    fn between_two_looks_is_what_came_and_a_packet_that_came_late_is_no_loss() {
        let start = Instant::now();
        let mut figures = StreamFigures { lost: 2, frames: 3, ..StreamFigures::default() };
        figures.arrived(start, 100, start);
        let before = figures.clone();
        figures.arrived(start + Duration::from_millis(7), 40, start);
        figures.lost -= 1;
        figures.frames += 1;
        figures.dropped.add(DropReason::NoKey, 1);

        let since = figures.since(&before);
        assert_eq!((since.packets, since.bytes, since.frames, since.lost), (1, 40, 1, 0));
        assert_eq!((since.dropped.no_key, since.dropped.total()), (1, 1));
    }
}
