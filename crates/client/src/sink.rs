//! Counts what arrived: per down-slot as packets come in, per publication as slots change hands.
//!
//! Pure: packets and times come in, figures go out. A frame counts when all its packets are there, from the
//! one that starts it to the one with the marker, and when it could be opened: by the key of the device that the
//! slot's occupant has, as the source that it should be. It is not decoded. Sequence numbers are expected to be
//! contiguous within a slot for as long as one publication fills it, and picture ids from one frame to the
//! next, whatever layer the server chose: that is what a browser's decoder needs.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use sabha_protocol::{
    DeviceKey, MediaKind, ParticipantId,
    wire::server::{Occupant, SlotAssignment},
};

mod figures;
mod headers;
#[cfg(test)]
mod stream;
mod window;

pub use self::figures::{PublicationStats, StreamFigures};
use self::{
    figures::millis,
    headers::{Arrived, Headers},
    window::Window,
};
use crate::{
    frames::{DropReason, Drops, Frames, Origin},
    load::{Arrival, Measured, Meter},
    media::{CountedPacket, ReceivedPacket},
};

/// Publications remembered. A soak sees many come and go; later ones are only counted in total.
const PUBLICATIONS_MAX: usize = 1_024;

/// A slot without its key frame asks for one this often.
const KEY_FRAME_PATIENCE: Duration = Duration::from_millis(700);

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
        publication.figures.pause();
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
        if early.origin().is_some_and(|origin| !is_from(origin, occupant, &self.devices)) {
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

/// Returns whether a frame is from the device and of the source that the server says.
fn is_from(origin: Origin, occupant: Occupant, devices: &BTreeMap<ParticipantId, DeviceKey>) -> bool {
    devices.get(&occupant.participant) == Some(&origin.device) && origin.source == occupant.source
}

#[cfg(test)]
mod tests {
    use sabha_protocol::Source;

    use super::{
        stream::{Receiver, Stream, assignment, camera, sink},
        *,
    };
    use crate::frames::tests::member;

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
}
