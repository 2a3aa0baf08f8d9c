//! Counts what arrived: per down-slot as packets come in, per publication as slots change hands.
//!
//! Pure: packets and times come in, figures go out. A frame counts when all its packets are there, from the
//! one that starts it to the one with the marker, and when it could be opened: by the key of the device that the
//! slot's occupant has, as the source that it should be. It is not decoded. Sequence numbers are expected to be
//! contiguous within a slot for as long as one publication fills it, and picture ids from one frame to the
//! next, whatever layer the server chose: that is what a browser's decoder needs.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_protocol::{
    DeviceKey, MediaKind, ParticipantId,
    wire::server::{Occupant, SlotAssignment},
};
use serde::Serialize;

mod headers;

use self::headers::{Arrived, Headers};
use crate::{
    frames::{DropReason, Drops, Frames, Origin},
    load::{Arrival, Measured, Meter},
    media::{CountedPacket, ReceivedPacket},
    source::{Codec, Vp8Payload, Vp9Payload},
};

/// Publications remembered. A soak sees many come and go; later ones are only counted in total.
const PUBLICATIONS_MAX: usize = 1_024;

/// Packets remembered per slot for pictures: a frame of 500 kB.
const VIDEO_WINDOW: usize = 512;

/// Packets remembered per slot for sound: 1 s, against duplicates.
const AUDIO_WINDOW: usize = 64;

/// A slot without its key frame asks for one this often.
const KEY_FRAME_PATIENCE: Duration = Duration::from_millis(700);

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

/// Everything one participant received.
#[derive(Debug)]
pub struct Sink {
    start: Instant,
    slots: Vec<Slot>,
    publications: Vec<PublicationStats>,
    /// The devices of those in the room.
    devices: BTreeMap<ParticipantId, DeviceKey>,
    packets: u64,
    bytes: u64,
    opened: u64,
    dropped: Drops,
    meter: Option<Meter>,
    /// Whether nothing is opened, and only headers count.
    only_counts: bool,
}

#[derive(Debug)]
struct Slot {
    mid: String,
    kind: MediaKind,
    occupant: Option<usize>,
    /// What came before the server said whose it is.
    early: StreamFigures,
    window: Window,
    /// In the window's place, where nothing is opened.
    headers: Headers,
    key_frame_asked: Option<Instant>,
    needs_key_frame: bool,
}

impl Sink {
    /// Returns a sink without slots; times count from `start`.
    pub const fn new(start: Instant) -> Self {
        Self {
            start,
            slots: Vec::new(),
            publications: Vec::new(),
            devices: BTreeMap::new(),
            packets: 0,
            bytes: 0,
            opened: 0,
            dropped: Drops { malformed: 0, misplaced: 0, no_key: 0, not_authentic: 0, replayed: 0 },
            meter: None,
            only_counts: false,
        }
    }

    /// Has nothing opened, and everything counted by the headers of packets.
    pub(crate) fn counting_only(self, only_counts: bool) -> Self {
        Self { only_counts, ..self }
    }

    /// Has what arrives measured.
    pub(crate) fn measured_by(self, meter: Option<Meter>) -> Self {
        Self { meter, ..self }
    }

    /// Returns what was measured of each publication.
    pub(crate) fn measured(&self) -> Vec<Measured> {
        let Some(meter) = &self.meter else { return Vec::new() };
        let streams = self.publications.iter().enumerate();
        streams
            .filter_map(|(index, stats)| meter.measured(index, stats.publication, &stats.figures))
            .collect()
    }

    /// Says which devices are in the room.
    pub fn set_devices(&mut self, devices: impl Iterator<Item = (ParticipantId, DeviceKey)>) {
        self.devices = devices.collect();
    }

    /// Replaces the slots by those of a new peer connection. Publications and their gaps go on.
    pub fn reset_slots(&mut self, slots: impl Iterator<Item = (String, MediaKind)>) {
        self.slots = slots
            .map(|(mid, kind)| Slot {
                mid,
                kind,
                occupant: None,
                early: StreamFigures::default(),
                window: Window::new(kind),
                headers: Headers::default(),
                key_frame_asked: None,
                needs_key_frame: false,
            })
            .collect();
        for publication in &mut self.publications {
            publication.current = false;
        }
    }

    /// Takes the server's word on what slots carry.
    pub fn assign(&mut self, assignments: &[SlotAssignment]) {
        // Vacate first: a publication may move from one slot to another within one message.
        for pass in [None, Some(())] {
            for assignment in assignments {
                let Some(index) = self.slots.iter().position(|slot| slot.mid == assignment.mid.as_str())
                else {
                    continue;
                };
                match (pass, assignment.occupant) {
                    (None, occupant) => self.vacate(index, occupant),
                    (Some(()), Some(occupant)) => self.occupy(index, occupant),
                    (Some(()), None) => {}
                }
            }
        }
    }

    /// Takes a packet, and opens the frame that it completes.
    pub fn receive(&mut self, packet: &ReceivedPacket, frames: &mut Frames) {
        if self.only_counts {
            self.count(&CountedPacket {
                slot: packet.slot,
                sequence: packet.sequence as u16,
                time: packet.time,
                marker: packet.marker,
                payload_bytes: packet.payload.len(),
                at: packet.at,
                arrived_ns: packet.arrived_ns,
                srtp_tag_bytes: packet.srtp_tag_bytes,
            });
            return;
        }
        self.packets += 1;
        self.bytes += packet.payload.len() as u64;
        let Some(slot) = self.slots.get_mut(packet.slot) else { return };
        let (figures, occupant) = match slot.occupant {
            Some(index) => {
                let PublicationStats { publication, figures, .. } = &mut self.publications[index];
                (figures, Some(*publication))
            }
            None => (&mut slot.early, None),
        };
        if let (Some(meter), Some(index)) = (&mut self.meter, slot.occupant) {
            let arrival = Arrival {
                arrived_ns: packet.arrived_ns,
                time: packet.time,
                srtp_tag_bytes: packet.srtp_tag_bytes,
                payload: Some(&packet.payload),
            };
            meter.packet(index, slot.kind, arrival, figures);
        }
        let opens = self.meter.as_ref().is_none_or(|meter| meter.opens(packet.slot));
        let whole = slot.window.receive(packet, slot.kind, self.start, opens, figures);
        let Some(mut whole) = whole else { return };
        if !opens {
            figures.unopened += 1;
            if whole.key {
                figures.first_key_frame_ms.get_or_insert_with(|| millis(self.start, packet.at));
                slot.needs_key_frame = false;
            }
            if let (Some(meter), Some(index)) = (&mut self.meter, slot.occupant) {
                meter.frame(index, slot.kind, packet.arrived_ns, None);
            }
            return;
        }
        let opened = frames.open(packet.codec, &mut whole.frame).and_then(|origin| match occupant {
            None => {
                let misplaced = figures.found(origin);
                self.opened -= misplaced;
                self.dropped.add(DropReason::Misplaced, misplaced);
                Ok(())
            }
            Some(occupant) if is_from(origin, occupant, &self.devices) => Ok(()),
            Some(_) => Err(DropReason::Misplaced),
        });
        match opened {
            Ok(()) => {
                self.opened += 1;
                figures.frames += 1;
                if let (Some(meter), Some(index)) = (&mut self.meter, slot.occupant) {
                    meter.frame(index, slot.kind, packet.arrived_ns, Some(&whole.frame));
                }
                if whole.key {
                    figures.key_frames += 1;
                    figures.first_key_frame_ms.get_or_insert_with(|| millis(self.start, packet.at));
                    slot.needs_key_frame = false;
                }
            }
            Err(reason) => {
                self.dropped.add(reason, 1);
                figures.dropped.add(reason, 1);
            }
        }
    }

    /// Takes a packet of which only the header is known.
    pub(crate) fn count(&mut self, packet: &CountedPacket) {
        self.packets += 1;
        self.bytes += packet.payload_bytes as u64;
        let Some(slot) = self.slots.get_mut(packet.slot) else { return };
        let figures = match slot.occupant {
            Some(index) => &mut self.publications[index].figures,
            None => &mut slot.early,
        };
        if let (Some(meter), Some(index)) = (&mut self.meter, slot.occupant) {
            let CountedPacket { arrived_ns, time, srtp_tag_bytes, .. } = *packet;
            meter.packet(
                index,
                slot.kind,
                Arrival { arrived_ns, time, srtp_tag_bytes, payload: None },
                figures,
            );
        }
        let Arrived::New { lost, frames } = slot.headers.receive(packet.sequence, packet.time, packet.marker)
        else {
            figures.duplicates += 1;
            return;
        };
        figures.arrived(packet.at, packet.payload_bytes, self.start);
        figures.lost = figures.lost.saturating_add_signed(lost);
        // It begins with a key frame, whose bytes only who opens it sees.
        slot.needs_key_frame = false;
        let whole = if slot.kind == MediaKind::Audio { 1 } else { frames };
        figures.unopened += whole;
        if let (Some(meter), Some(index)) = (&mut self.meter, slot.occupant) {
            (0..whole).for_each(|_| meter.frame(index, slot.kind, packet.arrived_ns, None));
        }
    }

    /// Returns the slots that wait for a key frame and should ask for one now.
    pub fn key_frames_to_ask(&mut self, now: Instant) -> Vec<usize> {
        let mut ask = Vec::new();
        for (index, slot) in self.slots.iter_mut().enumerate().filter(|(_, slot)| slot.needs_key_frame) {
            let asked = *slot.key_frame_asked.get_or_insert(now);
            if now.saturating_duration_since(asked) >= KEY_FRAME_PATIENCE {
                slot.key_frame_asked = Some(now);
                ask.push(index);
            }
        }
        ask
    }

    /// Returns what was received of each publication, in the order of their first appearance.
    pub fn publications(&self) -> &[PublicationStats] {
        &self.publications
    }

    /// Returns all media packets received and their payload in bytes.
    pub const fn totals(&self) -> (u64, u64) {
        (self.packets, self.bytes)
    }

    /// Returns how many frames were opened, and how many were not.
    pub const fn frames(&self) -> (u64, Drops) {
        (self.opened, self.dropped)
    }

    fn vacate(&mut self, index: usize, next: Option<Occupant>) {
        let slot = &mut self.slots[index];
        let Some(publication) = slot.occupant.map(|at| &mut self.publications[at]) else { return };
        if next == Some(publication.publication) {
            return;
        }
        publication.current = false;
        // A pause that the server announced is no gap.
        publication.figures.last_packet = None;
        if let (Some(meter), Some(index)) = (&mut self.meter, slot.occupant) {
            meter.pause(index);
        }
        slot.occupant = None;
        slot.needs_key_frame = false;
        slot.window.restart();
        slot.headers.restart();
    }

    fn occupy(&mut self, index: usize, occupant: Occupant) {
        let known = self.publications.iter().position(|known| known.publication == occupant);
        let at = known.unwrap_or(self.publications.len());
        if at == self.publications.len() {
            if at == PUBLICATIONS_MAX {
                return;
            }
            let figures = StreamFigures::default();
            self.publications.push(PublicationStats { publication: occupant, current: true, figures });
        }
        let slot = &mut self.slots[index];
        if slot.occupant == Some(at) {
            return;
        }
        let mut early = std::mem::take(&mut slot.early);
        if early.origin.is_some_and(|origin| !is_from(origin, occupant, &self.devices)) {
            let misplaced = early.disown();
            self.opened -= misplaced;
            self.dropped.add(DropReason::Misplaced, misplaced);
        }
        let has_begun = early.key_frames > 0 || self.only_counts && early.packets > 0;
        slot.needs_key_frame = slot.kind == MediaKind::Video && !has_begun;
        slot.key_frame_asked = None;
        slot.occupant = Some(at);
        self.publications[at].current = true;
        self.publications[at].figures.absorb(early, self.start);
    }
}

impl StreamFigures {
    fn arrived(&mut self, at: Instant, bytes: usize, start: Instant) {
        self.packets += 1;
        self.bytes += bytes as u64;
        self.first_packet_ms.get_or_insert_with(|| millis(start, at));
        if let Some(last) = self.last_packet {
            self.longest_gap_ms = self.longest_gap_ms.max(millis(last, at));
        }
        self.last_packet = Some(at);
    }

    /// Takes note of whose a frame is that came before the server said so. Those of others before it are disowned;
    /// returns how many.
    fn found(&mut self, origin: Origin) -> u64 {
        let other = self.origin.replace(origin).is_some_and(|before| before != origin);
        if other { self.disown() } else { 0 }
    }

    /// Counts the frames as misplaced, and returns how many they were.
    fn disown(&mut self) -> u64 {
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
    fn absorb(&mut self, early: Self, start: Instant) {
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

/// Returns whether a frame is from the device and of the source that the server says.
fn is_from(origin: Origin, occupant: Occupant, devices: &BTreeMap<ParticipantId, DeviceKey>) -> bool {
    devices.get(&occupant.participant) == Some(&origin.device) && origin.source == occupant.source
}

/// As serde wants it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn millis(from: Instant, to: Instant) -> u64 {
    to.saturating_duration_since(from).as_millis() as u64
}

/// The latest packets of a slot, by sequence number, to find whole frames, losses and duplicates.
#[derive(Debug)]
struct Window {
    /// `seen[sequence % len]`; made with the first packet, for most slots stay empty.
    seen: Vec<Seen>,
    len: usize,
    highest: Option<u64>,
    /// The last whole frame: its last sequence number and its picture id.
    last_frame: Option<(u64, Option<u16>)>,
}

/// A frame with all its packets.
struct Whole {
    frame: Vec<u8>,
    key: bool,
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
    const fn new(kind: MediaKind) -> Self {
        let len = match kind {
            MediaKind::Audio => AUDIO_WINDOW,
            MediaKind::Video => VIDEO_WINDOW,
        };
        Self { seen: Vec::new(), len, highest: None, last_frame: None }
    }

    /// Forgets the packets of the publication that was here, but not where the numbers were.
    fn restart(&mut self) {
        self.last_frame = None;
        self.highest = None;
    }

    /// Takes a packet, and returns the frame that it completes; without what is in it, if nobody opens it.
    fn receive(
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
    use proptest::prelude::*;
    use sabha_protocol::{Mid, Source};

    use super::*;
    use crate::{
        frames::tests::{device_at, member},
        source::{Packetizer, Vp9Packetizer},
    };

    struct Stream {
        now: Instant,
        sequence: u64,
        time: u32,
        packetizer: Packetizer,
        vp9: Vp9Packetizer,
        codec: Codec,
        frames: Frames,
        source: Source,
    }

    impl Stream {
        /// The camera of participant 1, whose device is at leaf 1.
        fn new(now: Instant) -> Self {
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
        fn frame(&mut self, key: bool) -> Vec<ReceivedPacket> {
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
    struct Receiver {
        sink: Sink,
        frames: Frames,
    }

    impl Receiver {
        fn receive(&mut self, packet: &ReceivedPacket) {
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

    fn sink(now: Instant) -> Receiver {
        let mut sink = Sink::new(now);
        sink.set_devices((1..4).map(|leaf| (ParticipantId(leaf.into()), device_at(leaf))));
        sink.reset_slots(
            [("v0".to_owned(), MediaKind::Video), ("v1".to_owned(), MediaKind::Video)].into_iter(),
        );
        Receiver { sink, frames: member(0, 1) }
    }

    fn camera(participant: u32) -> Occupant {
        Occupant { participant: ParticipantId(participant), source: Source::Camera }
    }

    fn assignment(mid: &str, occupant: Option<Occupant>) -> SlotAssignment {
        SlotAssignment { mid: Mid::try_from(mid.to_owned()).unwrap(), occupant }
    }

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
    fn packets_ahead_of_the_slots_message_belong_to_its_occupant() {
        let now = Instant::now();
        let (mut sink, mut stream) = (sink(now), Stream::new(now));
        for packet in stream.frame(true) {
            sink.receive(&packet);
        }
        assert!(sink.publications().is_empty());

        sink.assign(&[assignment("v0", Some(camera(1)))]);

        assert_eq!(sink.publications()[0].publication, camera(1));
        assert_eq!(sink.publications()[0].figures.frames, 1);
        assert!(sink.key_frames_to_ask(now + Duration::from_secs(9)).is_empty());
    }

    #[test]
    fn announced_pause_is_no_gap_but_a_broken_connection_is() {
        let now = Instant::now();
        let (mut sink, mut stream) = (sink(now), Stream::new(now));
        let mut play = |sink: &mut Receiver, later: Duration| {
            stream.now += later;
            for packet in stream.frame(true) {
                sink.receive(&packet);
            }
            sink.publications()[0].figures.longest_gap_ms
        };
        sink.assign(&[assignment("v0", Some(camera(1)))]);
        play(&mut sink, Duration::ZERO);

        sink.assign(&[assignment("v0", None)]);
        sink.assign(&[assignment("v1", Some(camera(2))), assignment("v0", Some(camera(1)))]);
        assert_eq!(play(&mut sink, Duration::from_secs(5)), 0);

        sink.reset_slots([("v0".to_owned(), MediaKind::Video)].into_iter());
        sink.assign(&[assignment("v0", Some(camera(1)))]);
        assert_eq!(play(&mut sink, Duration::from_secs(2)), 2_033);
    }

    #[test]
    fn slot_without_key_frame_asks_for_one_now_and_then() {
        let now = Instant::now();
        let (mut sink, mut stream) = (sink(now), Stream::new(now));
        sink.assign(&[assignment("v0", Some(camera(1)))]);
        for packet in stream.frame(false) {
            sink.receive(&packet);
        }
        assert!(sink.key_frames_to_ask(now).is_empty());
        assert_eq!(sink.key_frames_to_ask(now + KEY_FRAME_PATIENCE), [0]);
        assert!(sink.key_frames_to_ask(now + KEY_FRAME_PATIENCE).is_empty());

        for packet in stream.frame(true) {
            sink.receive(&packet);
        }
        assert!(sink.key_frames_to_ask(now + Duration::from_secs(9)).is_empty());
    }

    #[test]
    fn frames_of_another_device_or_source_than_the_server_says_are_never_counted() {
        let now = Instant::now();
        for occupant in [camera(2), camera(9), Occupant { source: Source::Screen, ..camera(1) }] {
            for early in [false, true] {
                let (mut sink, mut stream) = (sink(now), Stream::new(now));
                if !early {
                    sink.assign(&[assignment("v0", Some(occupant))]);
                }
                for packet in stream.frame(true) {
                    sink.receive(&packet);
                }
                sink.assign(&[assignment("v0", Some(occupant))]);

                let figures = &sink.publications()[0].figures;
                assert_eq!((figures.frames, figures.key_frames, figures.first_key_frame_ms), (0, 0, None));
                assert_eq!((figures.dropped.misplaced, figures.dropped.total()), (1, 1));
                let (opened, dropped) = sink.frames();
                assert_eq!((opened, dropped.misplaced), (0, 1));
                assert_eq!(sink.key_frames_to_ask(now).len(), 0);
                assert_eq!(sink.key_frames_to_ask(now + KEY_FRAME_PATIENCE), [0], "it still waits for one");
            }
        }
    }

    #[test]
    fn frames_without_a_key_are_counted_by_their_reason() {
        let now = Instant::now();
        let (mut sink, mut stream) = (sink(now), Stream::new(now));
        stream.frames = member(1, 2);
        sink.assign(&[assignment("v0", Some(camera(1)))]);
        for packet in stream.frame(true) {
            sink.receive(&packet);
        }

        let figures = &sink.publications()[0].figures;
        assert_eq!((figures.packets, figures.frames, figures.dropped.no_key), (3, 0, 1));
    }

    /// Feeds both sinks, and returns what each made of it.
    fn both(packets: &[ReceivedPacket]) -> [StreamFigures; 2] {
        let start = packets[0].at;
        [false, true].map(|only_counts| {
            let Receiver { sink, mut frames } = sink(start);
            let mut sink = sink.counting_only(only_counts);
            sink.assign(&[assignment("v0", Some(camera(1)))]);
            packets.iter().for_each(|packet| sink.receive(packet, &mut frames));
            sink.publications()[0].figures.clone()
        })
    }

    proptest! {
        #[test]
        fn counting_by_headers_comes_to_the_same_as_opening(
            fates in prop::collection::vec((0_u8..20, 1_usize..40), 150),
            repairs: bool,
        ) {
            let start = Instant::now();
            let mut stream = Stream::new(start);
            let sent: Vec<_> = (0..50).flat_map(|number| stream.frame(number == 0)).collect();
            // Lost, late, and twice: what is lost comes in the end, or never. The last packets come in order, so that both
            // know where the stream ends.
            let (mut order, mut late): (Vec<usize>, Vec<(usize, usize)>) = (vec![0], Vec::new());
            for (index, (fate, by)) in fates.iter().enumerate().skip(1).take(sent.len() - 7) {
                late.retain(|(due, index)| {
                    if *due <= order.len() {
                        order.push(*index);
                    }
                    *due > order.len()
                });
                match fate {
                    0 => late.push((if repairs { order.len() + by } else { usize::MAX }, index)),
                    1 => order.extend([index, index]),
                    _ => order.push(index),
                }
            }
            order.extend(late.iter().filter(|(due, _)| *due != usize::MAX).map(|(_, index)| *index));
            order.extend(sent.len() - 6..sent.len());
            let came: Vec<_> = order.iter().map(|index| copy(&sent[*index])).collect();

            let [opened, counted] = both(&came);

            let of = |figures: &StreamFigures| {
                let StreamFigures { packets, bytes, lost, duplicates, longest_gap_ms, .. } = *figures;
                (packets, bytes, lost, duplicates, longest_gap_ms)
            };
            prop_assert_eq!(of(&opened), of(&counted));
            prop_assert_eq!((counted.frames, opened.unopened), (0, 0));
            if opened.lost == 0 {
                prop_assert_eq!(opened.frames, counted.unopened);
            } else {
                // Behind each that never came there is at most one frame of which only its descriptor says that it is whole.
                prop_assert!(counted.unopened <= opened.frames);
                prop_assert!(opened.frames <= counted.unopened + opened.lost);
            }
        }
    }

    fn copy(packet: &ReceivedPacket) -> ReceivedPacket {
        ReceivedPacket { payload: packet.payload.clone(), ..*packet }
    }

    #[test]
    fn who_only_counts_asks_for_a_key_frame_until_something_comes() {
        let start = Instant::now();
        let Receiver { sink, mut frames } = sink(start);
        let mut sink = sink.counting_only(true);
        sink.assign(&[assignment("v0", Some(camera(1)))]);
        assert!(sink.key_frames_to_ask(start).is_empty());
        assert_eq!(sink.key_frames_to_ask(start + KEY_FRAME_PATIENCE), [0]);

        let packet = Stream::new(start).frame(false).remove(0);
        sink.receive(&packet, &mut frames);

        assert!(sink.key_frames_to_ask(start + 3 * KEY_FRAME_PATIENCE).is_empty());
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
