//! What leaves for a client: packets sealed into the outbox, those that wait for the pacer, and probes.

use std::time::{Duration, Instant};

use sabha_protocol::MediaKind;

use super::{ESTIMATOR_AFTER, Own};
use crate::{
    bwe::{Probe, ProbeId},
    connection::{Packet, Sending, Signal},
    outbox::Outbox,
    rewrite::Numbers,
    rtp::{HEADER_BYTES, Outgoing},
    srtp::RTP_OVERHEAD,
};

/// Bytes of IP and UDP headers, which the estimator counts.
const IP_UDP_BYTES: usize = 28;
/// Payloads of pictures are padded to a multiple of this. Encoders cut a frame into packets that differ by a byte, and
/// only packets of one length leave in one system call; a byte in 150 is little for that.
const PAD: usize = 16;
/// Packets that wait for the pacer, and how long they may. Beyond it they are of no use: the pictures go on from a key
/// frame.
const WAITING_MAX: usize = 1024;
const WAIT_MAX: Duration = Duration::from_millis(500);
/// Padding of a probe's packet: the most that the header can say.
const PROBE_PADDING: usize = 255;
/// Time between the bursts of a probe.
const PROBE_STEP: Duration = Duration::from_millis(2);

/// A picture's packet that waits for the pacer.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) slot: usize,
    pub(super) numbers: Numbers,
    pub(super) packet: Packet,
    pub(super) since: Instant,
}

/// A probe that is being sent.
#[derive(Debug)]
pub(super) struct Probing {
    pub(super) probe: Probe,
    pub(super) since: Instant,
    pub(super) sent_bytes: usize,
    pub(super) sent_packets: usize,
    pub(super) next: Instant,
}

/// What a packet is sealed as.
#[derive(Clone, Copy)]
struct Sealing {
    marker: bool,
    payload_type: u8,
    ssrc: u32,
    /// Sequence number, extended.
    index: u64,
    timestamp: u32,
    /// Bytes of padding, 0 to 255.
    padding: usize,
    probe: Option<ProbeId>,
    /// Whether packets follow that belong to it.
    more_follow: bool,
}

impl Own {
    /// Sends a packet, or lets it wait for the pacer. Returns whether [`drive`](Self::drive) must be called for it.
    pub(in crate::connection) fn send(
        &mut self,
        now: Instant,
        slot: &Sending,
        numbers: Numbers,
        packet: &Packet,
        outbox: &mut Outbox,
    ) -> bool {
        let is_idle = self.sent_at.is_none_or(|at| now.saturating_duration_since(at) > ESTIMATOR_AFTER);
        let must_wait = slot.kind == MediaKind::Video
            && (!self.waiting.is_empty() || !self.pacer.take(now, wire_bytes(packet.payload.len())));
        if !must_wait {
            self.seal(now, slot.index, numbers, packet, outbox);
            return is_idle || self.down.get(slot.index).is_some_and(|down| down.has_moved);
        }
        let is_stale = |first: &Waiting| now.saturating_duration_since(first.since) > WAIT_MAX;
        if self.waiting.len() >= WAITING_MAX || self.waiting.front().is_some_and(is_stale) {
            self.give_up_waiting();
        }
        let is_first = self.waiting.is_empty();
        self.waiting.push_back(Waiting { slot: slot.index, numbers, packet: packet.clone(), since: now });
        is_first
    }

    /// Drops what waits, and asks for key frames in its place.
    fn give_up_waiting(&mut self) {
        for slot in 0..self.down.len() {
            if self.waiting.iter().any(|waiting| waiting.slot == slot) {
                self.signals.push(Signal::KeyframeWanted(slot));
            }
        }
        self.waiting.clear();
    }

    /// Sends again what a receiver misses.
    pub(in crate::connection) fn resend(
        &mut self,
        now: Instant,
        slot: &Sending,
        numbers: Numbers,
        packet: &Packet,
        outbox: &mut Outbox,
    ) {
        // One that the pacer has no room for is asked for again.
        if !self.pacer.take(now, wire_bytes(packet.payload.len())) {
            return;
        }
        let Some(down) = self.down.get_mut(slot.index) else { return };
        let format = down.formats[packet.codec as usize];
        let Some((payload_type, ssrc)) = format.and_then(|format| format.rtx).zip(down.stream.rtx) else {
            return;
        };
        let index = down.rtx_seq;
        down.rtx_seq += 1;
        let outgoing = Sealing {
            marker: packet.marker,
            payload_type,
            ssrc,
            index,
            timestamp: numbers.timestamp,
            padding: 0,
            probe: None,
            more_follow: false,
        };
        let original = (numbers.seq as u16).to_be_bytes();
        self.seal_packet(now, outgoing, &original, Some((packet, numbers)), outbox);
    }

    /// Lets out what waits, as the pacer allows.
    pub(super) fn send_waiting(&mut self, now: Instant, outbox: &mut Outbox) {
        while let Some(first) = self.waiting.front() {
            if !self.pacer.take(now, wire_bytes(first.packet.payload.len())) {
                return;
            }
            let Some(Waiting { slot, numbers, packet, .. }) = self.waiting.pop_front() else { return };
            self.seal(now, slot, numbers, &packet, outbox);
        }
    }

    /// Sends as much of a probe as is due.
    pub(super) fn send_probe(&mut self, now: Instant, outbox: &mut Outbox) {
        if self.route.is_none() || self.sealer.is_none() || self.ids.transport_seq.is_none() {
            return;
        }
        if self.probe.is_none() {
            // What goes out as padding is of a stream that repairs another, and needs one.
            if !self.down.iter().any(|down| down.repair().is_some()) {
                return;
            }
            self.probe = self.estimator.poll_probe(now).map(|probe| Probing {
                probe,
                since: now,
                sent_bytes: 0,
                sent_packets: 0,
                next: now,
            });
        }
        let Some(probing) = &self.probe else { return };
        if probing.next > now {
            return;
        }
        // A burst for the time that has passed and the step that comes.
        let elapsed = now.saturating_duration_since(probing.since) + PROBE_STEP;
        let due = (probing.probe.rate.as_bps() as u128 * elapsed.as_micros() / 8_000_000) as usize;
        let (due, id) = (due.min(2 * probing.probe.min_bytes.max(1)), probing.probe.id);
        while let Some(probing) = &self.probe
            && probing.sent_bytes < due
        {
            if !self.send_padding(now, id, outbox) {
                self.probe = None;
                return;
            }
        }
        if let Some(probing) = &mut self.probe {
            probing.next = now + PROBE_STEP;
            let Probe { min_bytes, min_packets, duration, .. } = probing.probe;
            let is_sent = probing.sent_bytes >= min_bytes && probing.sent_packets >= min_packets;
            if is_sent && now.saturating_duration_since(probing.since) + PROBE_STEP >= duration {
                self.probe = None;
            }
        }
    }

    /// Sends a packet that is all padding. Returns whether it could be.
    fn send_padding(&mut self, now: Instant, probe: ProbeId, outbox: &mut Outbox) -> bool {
        let found = self.down.iter_mut().find_map(|down| {
            let (payload_type, ssrc) = down.repair()?;
            down.rtx_seq += 1;
            Some((payload_type, ssrc, down.rtx_seq - 1, down.timestamp))
        });
        let Some((payload_type, ssrc, index, timestamp)) = found else { return false };
        let padding = PROBE_PADDING;
        let sealing = Sealing {
            marker: false,
            payload_type,
            ssrc,
            index,
            timestamp,
            padding,
            probe: Some(probe),
            more_follow: false,
        };
        self.seal_packet(now, sealing, &[], None, outbox)
    }

    /// Seals a packet of a down-slot. One whose number was used is dropped: a second packet under the same would
    /// give away what the keys protect.
    fn seal(&mut self, now: Instant, slot: usize, numbers: Numbers, packet: &Packet, outbox: &mut Outbox) {
        let probe = self.probe.as_ref().map(|probing| probing.probe.id);
        let Some(down) = self.down.get_mut(slot) else { return };
        let Some(format) = down.formats[packet.codec as usize] else { return };
        if self.route.is_none() || !down.claim(numbers.seq) {
            return;
        }
        down.count(now, numbers.timestamp, packet);
        let length = packet.payload.len();
        let padding = match down.kind {
            MediaKind::Audio => 0,
            MediaKind::Video => length.next_multiple_of(PAD) - length,
        };
        let sealing = Sealing {
            marker: packet.marker,
            payload_type: format.payload_type,
            ssrc: down.stream.ssrc,
            index: numbers.seq,
            timestamp: numbers.timestamp,
            padding,
            probe,
            more_follow: down.kind == MediaKind::Video && !packet.marker,
        };
        self.seal_packet(now, sealing, &[], Some((packet, numbers)), outbox);
    }

    /// Writes a packet into the outbox and seals it there: `prefix`, and what it carries under the numbers that its
    /// receiver knows. Returns whether it could be sent.
    fn seal_packet(
        &mut self,
        now: Instant,
        sealing: Sealing,
        prefix: &[u8],
        carried: Option<(&Packet, Numbers)>,
        outbox: &mut Outbox,
    ) -> bool {
        let (Some(route), Some(sealer)) = (self.route, &mut self.sealer) else { return false };
        let Sealing { marker, payload_type, ssrc, index, timestamp, padding, probe, more_follow } = sealing;
        let length = prefix.len() + carried.map_or(0, |(packet, _)| packet.payload.len());
        let total = HEADER_BYTES + length + padding + RTP_OVERHEAD;
        let transport_seq = self.transport_seq;
        let buffer = outbox.place(&mut self.open_run, route, total);
        let start = buffer.len();
        let outgoing = Outgoing {
            marker,
            has_padding: padding > 0,
            payload_type,
            seq: index as u16,
            timestamp,
            ssrc,
            transport_seq: self.ids.transport_seq.map(|id| (id, transport_seq)),
        };
        outgoing.write(buffer);
        buffer.extend_from_slice(prefix);
        if let Some((packet, numbers)) = carried {
            let body = buffer.len();
            buffer.extend_from_slice(&packet.payload);
            if let Some((descriptor, payload)) = packet.descriptor.as_ref().zip(buffer.get_mut(body..)) {
                descriptor.renumber(payload, numbers);
            }
        }
        if padding > 0 {
            buffer.resize(buffer.len() + padding - 1, 0);
            buffer.push(padding as u8);
        }
        if sealer.seal_rtp(buffer, start, HEADER_BYTES, index).is_err() {
            // Cannot happen with a header of ours; a packet that is not sealed must not leave.
            buffer.truncate(start);
            return false;
        }
        outbox.placed(now, more_follow);
        self.transport_seq = transport_seq.wrapping_add(1);
        self.sent_at = Some(now);
        if self.ids.transport_seq.is_some() {
            self.estimator.sent(now, transport_seq, total + IP_UDP_BYTES, probe);
        }
        if let Some(probing) = &mut self.probe {
            probing.sent_bytes += total + IP_UDP_BYTES;
            probing.sent_packets += 1;
        }
        true
    }
}

/// Bytes that a payload takes on the wire, without padding.
pub(super) const fn wire_bytes(payload: usize) -> usize {
    IP_UDP_BYTES + HEADER_BYTES + payload + RTP_OVERHEAD
}
