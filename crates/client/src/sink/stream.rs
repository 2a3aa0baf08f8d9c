//! What the tests of the sink receive: a stream of sealed frames in packets, and a sink that has the keys to open them.

use std::time::{Duration, Instant};

use sabha_protocol::{
    MediaKind, Mid, ParticipantId, Source,
    wire::server::{Occupant, SlotAssignment},
};

use super::Sink;
use crate::{
    frames::{
        Frames,
        tests::{device_at, member},
    },
    media::ReceivedPacket,
    source::{Codec, Packetizer, Vp9Packetizer},
};

/// What a participant sends, packet by packet.
pub(super) struct Stream {
    pub(super) now: Instant,
    sequence: u64,
    time: u32,
    pub(super) packetizer: Packetizer,
    vp9: Vp9Packetizer,
    pub(super) codec: Codec,
    pub(super) frames: Frames,
    source: Source,
}

impl Stream {
    /// The camera of participant 1, whose device is at leaf 1.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            now,
            sequence: 1_000,
            time: 0,
            packetizer: Packetizer::new(7),
            vp9: Vp9Packetizer::new(7, (1920, 1080), false),
            codec: Codec::Vp8,
            frames: member(1, 1),
            source: Source::Camera,
        }
    }

    /// The next frame, 33 ms later, in three packets.
    pub(super) fn frame(&mut self, key: bool) -> Vec<ReceivedPacket> {
        self.now += Duration::from_millis(33);
        self.time += 3_000;
        let mut frame = vec![0; 3_000];
        frame[0] = u8::from(!key);
        let mut sealed = Vec::new();
        assert!(self.frames.seal(self.source, self.codec, &frame, &mut sealed));
        let mut packets = Vec::new();
        let (now, time) = (self.now, self.time);
        let sequence = &mut self.sequence;
        let codec = self.codec;
        let emit = |payload: &[u8], marker| {
            *sequence += 1;
            let payload = payload.into();
            packets.push(ReceivedPacket {
                slot: 0,
                ssrc: 1,
                codec,
                sequence: *sequence,
                time,
                marker,
                payload,
                at: now,
                arrived_ns: 0,
                srtp_tag_bytes: 16,
            });
        };
        match codec {
            Codec::Vp9 => self.vp9.packetize(&sealed, key, 0, &mut Vec::new(), emit),
            _ => self.packetizer.packetize(&sealed, key, 0, &mut Vec::new(), emit),
        }
        packets
    }
}

/// A sink with the keys of leaf 0.
pub(super) struct Receiver {
    pub(super) sink: Sink,
    pub(super) frames: Frames,
}

impl Receiver {
    pub(super) fn receive(&mut self, packet: &ReceivedPacket) {
        self.sink.receive(packet, &mut self.frames);
    }
}

impl std::ops::Deref for Receiver {
    type Target = Sink;

    fn deref(&self) -> &Sink {
        &self.sink
    }
}

impl std::ops::DerefMut for Receiver {
    fn deref_mut(&mut self) -> &mut Sink {
        &mut self.sink
    }
}

/// A sink of two slots for pictures.
pub(super) fn sink(now: Instant) -> Receiver {
    let mut sink = Sink::new(now);
    sink.set_devices((1..4).map(|leaf| (ParticipantId(leaf.into()), device_at(leaf))));
    sink.reset_slots([("v0".to_owned(), MediaKind::Video), ("v1".to_owned(), MediaKind::Video)].into_iter());
    Receiver { sink, frames: member(0, 1) }
}

pub(super) fn camera(participant: u32) -> Occupant {
    Occupant { participant: ParticipantId(participant), source: Source::Camera }
}

pub(super) fn assignment(mid: &str, occupant: Option<Occupant>) -> SlotAssignment {
    SlotAssignment { mid: Mid::try_from(mid.to_owned()).unwrap(), occupant }
}
