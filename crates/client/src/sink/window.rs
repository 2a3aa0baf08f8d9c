//! Where packets become whole frames, in whatever order they come. As the sink's, it looks at packets only, and opens nothing.

use std::{sync::Arc, time::Instant};

use sabha_protocol::MediaKind;

use super::StreamFigures;
use crate::{
    media::ReceivedPacket,
    source::{Codec, Vp8Payload, Vp9Payload},
};

/// Packets remembered per slot for pictures: a frame of 500 kB.
const VIDEO_WINDOW: usize = 512;

/// Packets remembered per slot for sound: 1 s, against duplicates.
const AUDIO_WINDOW: usize = 64;

/// The latest packets of a slot, by sequence number, to find whole frames, losses and duplicates.
#[derive(Debug)]
pub(super) struct Window {
    /// `seen[sequence % len]`; made with the first packet, for most slots stay empty.
    seen: Vec<Seen>,
    len: usize,
    highest: Option<u64>,
    /// The last whole frame: its last sequence number and its picture id.
    last_frame: Option<(u64, Option<u16>)>,
}

/// A frame with all its packets.
pub(super) struct Whole {
    pub(super) frame: Vec<u8>,
    pub(super) key: bool,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    /// Plus one, so that zero is nothing.
    sequence: u64,
    time: u32,
    described: Described,
    marker: bool,
    /// The packet's part of the frame is what follows the descriptor.
    payload: Option<Arc<[u8]>>,
}

/// What the payload descriptor of a picture's packet says; nothing of a voice's, or one that cannot be read.
#[derive(Clone, Copy, Debug, Default)]
struct Described {
    picture_id: Option<u16>,
    starts: bool,
    key: bool,
    bytes: usize,
}

impl Described {
    fn read(codec: Codec, payload: &[u8]) -> Self {
        let read = match codec {
            Codec::Opus => None,
            Codec::Vp8 => Vp8Payload::parse(payload).map(|read| Self {
                picture_id: read.picture_id,
                starts: read.starts_frame,
                key: read.starts_key_frame,
                bytes: read.descriptor_bytes,
            }),
            Codec::Vp9 => Vp9Payload::parse(payload).map(|read| Self {
                picture_id: read.picture_id,
                starts: read.starts_frame,
                key: read.starts_key_frame,
                bytes: read.descriptor_bytes,
            }),
        };
        read.unwrap_or_default()
    }
}

impl Window {
    pub(super) const fn new(kind: MediaKind) -> Self {
        let len = match kind {
            MediaKind::Audio => AUDIO_WINDOW,
            MediaKind::Video => VIDEO_WINDOW,
        };
        Self { seen: Vec::new(), len, highest: None, last_frame: None }
    }

    /// Forgets the packets of the publication that was here, but not where the numbers were.
    pub(super) fn restart(&mut self) {
        self.last_frame = None;
        self.highest = None;
    }

    /// Takes a packet, and returns the frame that it completes; without what is in it, if nobody opens it.
    pub(super) fn receive(
        &mut self,
        packet: &ReceivedPacket,
        kind: MediaKind,
        start: Instant,
        opens: bool,
        figures: &mut StreamFigures,
    ) -> Option<Whole> {
        if self.seen.is_empty() {
            self.seen = vec![Seen::default(); self.len];
        }
        let sequence = packet.sequence;
        if self.at(sequence).is_some() {
            figures.duplicates += 1;
            return None;
        }
        figures.arrived(packet.at, packet.payload.len(), start);
        match self.highest {
            Some(highest) if sequence <= highest => figures.lost = figures.lost.saturating_sub(1),
            Some(highest) => figures.lost += sequence - highest - 1,
            None => {}
        }
        let in_order = self.highest.is_none_or(|highest| sequence > highest);
        self.highest = self.highest.max(Some(sequence));
        let described = Described::read(packet.codec, &packet.payload);
        let index = (sequence % self.len as u64) as usize;
        self.seen[index] = Seen {
            sequence: sequence + 1,
            time: packet.time,
            described,
            marker: packet.marker,
            payload: (opens && kind == MediaKind::Video).then(|| packet.payload.clone()),
        };
        if kind == MediaKind::Audio {
            let frame = if opens { packet.payload.to_vec() } else { Vec::new() };
            return Some(Whole { frame, key: false });
        }
        // The common case costs nothing: only a marker, or a packet that was missing, can complete a frame.
        if packet.marker || !in_order { self.complete(sequence, packet, opens, figures) } else { None }
    }

    fn at(&self, sequence: u64) -> Option<&Seen> {
        let seen = self.seen.get((sequence % self.len as u64) as usize)?;
        (seen.sequence == sequence + 1).then_some(seen)
    }

    /// Returns the frame of packet `sequence` if it is whole.
    fn complete(
        &mut self,
        sequence: u64,
        packet: &ReceivedPacket,
        opens: bool,
        figures: &mut StreamFigures,
    ) -> Option<Whole> {
        let same = |seen: &Seen| seen.time == packet.time;
        let mut first = sequence;
        while !self.at(first).is_some_and(|seen| seen.described.starts) {
            let before = first.checked_sub(1)?;
            self.at(before).filter(|seen| same(seen))?;
            first = before;
        }
        let mut last = sequence;
        while !self.at(last).is_some_and(|seen| seen.marker) {
            self.at(last + 1).filter(|seen| same(seen))?;
            last += 1;
        }
        let (picture_id, key) = self.at(first).map(|head| (head.described.picture_id, head.described.key))?;
        if let (Some((end, Some(previous))), Some(id)) = (self.last_frame, picture_id)
            && end + 1 == first
            && (previous + 1) & 0x7fff != id
        {
            figures.picture_id_breaks += 1;
        }
        if self.last_frame.is_none_or(|(end, _)| end < last) {
            self.last_frame = Some((last, picture_id));
        }
        let mut frame = Vec::new();
        if !opens {
            // A frame is whole once.
            self.seen[(last % self.len as u64) as usize].marker = false;
            return Some(Whole { frame, key });
        }
        for sequence in first..=last {
            // Taken, since a frame is whole once, and windows are large.
            let seen = self.seen.get_mut((sequence % self.len as u64) as usize)?;
            frame.extend_from_slice(seen.payload.take()?.get(seen.described.bytes..)?);
        }
        Some(Whole { frame, key })
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::stream::{Stream, assignment, camera, sink},
        *,
    };
    use crate::{frames::Drops, source::Packetizer};

    #[test]
    fn whole_frames_are_counted_whatever_the_order_of_their_packets() {
        let now = Instant::now();
        let (mut sink, mut stream) = (sink(now), Stream::new(now));
        sink.assign(&[assignment("v0", Some(camera(1)))]);

        for packet in stream.frame(true) {
            sink.receive(&packet);
        }
        for packet in stream.frame(false).iter().rev() {
            sink.receive(packet);
        }
        let damaged = stream.frame(false);
        sink.receive(&damaged[0]);
        sink.receive(&damaged[2]);

        let figures = &sink.publications()[0].figures;
        assert_eq!((figures.packets, figures.frames, figures.key_frames), (8, 2, 1));
        assert_eq!((figures.lost, figures.picture_id_breaks), (1, 0));
        assert_eq!((figures.first_packet_ms, figures.first_key_frame_ms), (Some(33), Some(33)));

        sink.receive(&damaged[1]);
        sink.receive(&damaged[1]);
        let figures = &sink.publications()[0].figures;
        assert_eq!((figures.frames, figures.lost, figures.duplicates), (3, 0, 1));
    }

    #[test]
    fn jump_of_the_picture_id_without_loss_is_a_break() {
        let now = Instant::now();
        let (mut sink, mut stream) = (sink(now), Stream::new(now));
        sink.assign(&[assignment("v0", Some(camera(1)))]);
        for packet in stream.frame(true) {
            sink.receive(&packet);
        }

        stream.packetizer = Packetizer::new(900);
        for packet in stream.frame(true) {
            sink.receive(&packet);
        }

        assert_eq!(sink.publications()[0].figures.picture_id_breaks, 1);
    }

    #[test]
    fn frames_of_vp9_are_whole_by_their_own_descriptor_and_opened() {
        let now = Instant::now();
        let (mut sink, mut stream) = (sink(now), Stream::new(now));
        stream.codec = Codec::Vp9;
        sink.assign(&[assignment("v0", Some(camera(1)))]);

        let mut packets: Vec<_> = (0..10).flat_map(|number| stream.frame(number == 0)).collect();
        packets.swap(7, 10);
        packets.remove(13);
        packets.iter().for_each(|packet| sink.receive(packet));

        let StreamFigures { frames, key_frames, lost, picture_id_breaks, dropped, .. } =
            sink.publications()[0].figures.clone();
        assert_eq!((frames, key_frames, lost, picture_id_breaks), (9, 1, 1, 0));
        assert_eq!(dropped, Drops::default());
    }
}
