//! The newest packets of a layer, kept for those of its receivers that miss one.
//!
//! One copy serves all receivers: each has its own numbers for it. What is overwritten gives its memory to what
//! overwrites it, so that a stream that has run for a while allocates nothing.

use std::{ops::RangeInclusive, time::Instant};

use sabha_protocol::MediaKind;

use crate::connection::{Packet, Payload};

/// Packets of a picture layer that are kept: 2 s of 2.5 Mbit/s.
const PICTURE_PACKETS: usize = 512;
/// Packets of sound that are kept; nobody asks for them again.
const SOUND_PACKETS: usize = 4;

/// The newest packets of a stream.
pub(crate) struct Kept {
    slots: Box<[Option<Packet>]>,
    /// Number of the newest packet that starts a key frame, and when it came.
    keyframe: Option<(u64, Instant)>,
    /// The highest number of a packet that came.
    newest: u64,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Kept").field(&self.slots.len()).finish()
    }
}

impl Kept {
    /// Keeps as many packets as a stream of such a kind needs.
    pub(crate) fn of(kind: MediaKind) -> Self {
        Self::new(match kind {
            MediaKind::Audio => SOUND_PACKETS,
            MediaKind::Video => PICTURE_PACKETS,
        })
    }

    /// Keeps up to `packets`, a power of two.
    fn new(packets: usize) -> Self {
        let slots = (0..packets.next_power_of_two()).map(|_| None).collect();
        Self { slots, keyframe: None, newest: 0 }
    }

    /// Returns the packet with this number.
    pub(crate) fn get(&self, seq: u64) -> Option<&Packet> {
        self.slots.get(self.place(seq))?.as_ref().filter(|packet| packet.numbers.seq == seq)
    }

    /// Copies a payload to where the packet with number `seq` will be kept.
    pub(crate) fn copy(&mut self, seq: u64, payload: &[u8]) -> Payload {
        let place = self.place(seq);
        let old = self.slots.get_mut(place).and_then(Option::take).map(|packet| packet.payload);
        Payload::copied(payload, old)
    }

    /// Keeps a packet that came `now`.
    pub(crate) fn keep(&mut self, now: Instant, packet: Packet) {
        let seq = packet.numbers.seq;
        self.newest = self.newest.max(seq);
        if packet.starts_keyframe && self.keyframe.is_none_or(|(newest, _)| seq > newest) {
            self.keyframe = Some((seq, now));
        }
        let place = self.place(seq);
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Some(packet);
        }
    }

    /// Returns the highest number of a packet that came.
    pub(crate) const fn newest(&self) -> u64 {
        self.newest
    }

    /// Forgets which numbers came, for those of another stream follow.
    pub(crate) const fn begin_anew(&mut self) {
        (self.keyframe, self.newest) = (None, 0);
    }

    /// Returns the numbers from the last key frame on, and when it came, if none is missing and they are no more than
    /// `packets_max`.
    pub(crate) fn since_keyframe(&self, packets_max: u64) -> Option<(Instant, RangeInclusive<u64>)> {
        let (first, at) = self.keyframe?;
        let run = first..=self.newest;
        let is_whole = self.newest - first < packets_max && run.clone().all(|seq| self.get(seq).is_some());
        is_whole.then_some((at, run))
    }

    fn place(&self, seq: u64) -> usize {
        seq as usize & (self.slots.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use sabha_protocol::Layer;

    use super::*;
    use crate::codec::Codec;

    fn keep(kept: &mut Kept, seq: u64, text: &[u8]) -> Packet {
        let payload = kept.copy(seq, text);
        let packet = Packet { payload, ..Packet::of_picture(Layer::High, Codec::Vp8, seq, &[]) };
        kept.keep(Instant::now(), packet.clone());
        packet
    }

    #[test]
    fn newest_are_kept_and_a_packet_on_its_way_is_not_written_over() {
        let mut kept = Kept::new(4);
        let on_its_way = keep(&mut kept, 1, b"one");
        (2..=5).for_each(|seq| drop(keep(&mut kept, seq, &[seq as u8; 9])));
        assert!(kept.get(1).is_none());
        assert_eq!(&*on_its_way.payload, b"one");
        assert!((2..=5).all(|seq| *kept.get(seq).unwrap().payload == [seq as u8; 9]));
    }

    #[test]
    fn memory_is_used_again() {
        let mut kept = Kept::new(1);
        let first = keep(&mut kept, 1, b"one").payload.bytes.as_ptr();
        assert_eq!(keep(&mut kept, 2, b"other").payload.bytes.as_ptr(), first);
        let long = keep(&mut kept, 3, &[7; 4000]);
        assert_eq!(*long.payload, [7; 4000]);
    }
}
