//! The newest packets of a layer, kept for those of its receivers that miss one.
//!
//! One copy serves all receivers: each has its own numbers for it. What is overwritten gives its memory to what
//! overwrites it, so that a stream that has run for a while allocates nothing.

use std::sync::Arc;

use crate::connection::{Packet, Payload};

/// Room for one payload. Clients send up to about 1,200 bytes; a larger one gets memory of its own.
const PAYLOAD_BYTES: usize = 1536;

/// The newest packets of a stream.
pub(super) struct Kept {
    slots: Box<[Option<Packet>]>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Kept").field(&self.slots.len()).finish()
    }
}

impl Kept {
    /// Keeps up to `packets`, a power of two.
    pub(super) fn new(packets: usize) -> Self {
        Self { slots: (0..packets.next_power_of_two()).map(|_| None).collect() }
    }

    /// Returns the packet with this number.
    pub(super) fn get(&self, seq: u64) -> Option<&Packet> {
        self.slots.get(self.place(seq))?.as_ref().filter(|packet| packet.numbers.seq == seq)
    }

    /// Copies a payload to where the packet with number `seq` will be kept.
    pub(super) fn copy(&mut self, seq: u64, payload: &[u8]) -> Payload {
        let place = self.place(seq);
        let old = self.slots.get_mut(place).and_then(Option::take).map(|packet| packet.payload.bytes);
        let mut bytes = old
            .filter(|bytes| bytes.len() >= payload.len() && Arc::strong_count(bytes) == 1)
            .unwrap_or_else(|| Arc::from(vec![0; payload.len().max(PAYLOAD_BYTES)]));
        if let Some(room) = Arc::get_mut(&mut bytes).and_then(|bytes| bytes.get_mut(..payload.len())) {
            room.copy_from_slice(payload);
        }
        Payload { bytes, length: payload.len() }
    }

    /// Keeps a packet.
    pub(super) fn keep(&mut self, packet: Packet) {
        let place = self.place(packet.numbers.seq);
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Some(packet);
        }
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
        kept.keep(packet.clone());
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
