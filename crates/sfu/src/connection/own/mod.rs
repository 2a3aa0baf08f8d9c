//! The packet path of Sabha: one parse of what comes in, and one copy for each receiver, sealed where it is sent from.
//!
//! ```text
//! datagram ─ STUN ─▶ Ice ────▶ where the client is
//!          ├ DTLS ─▶ Handshake ─▶ keys
//!          ├ RTCP ─▶ reports, NACK, PLI, transport-wide feedback ─▶ Estimator
//!          └ RTP ──▶ Opener ─▶ Upstreams ─▶ Signal::Packet ─▶ the room ─▶ send ─▶ Sealer ─▶ Outbox
//! ```
//!
//! On the way of a packet nothing is allocated, locked or logged once a connection has run for a while. Everything else
//! (reports, feedback, checks, handshakes) comes a few times a second and goes out by [`Own::drive`].

mod downstream;
mod dtls;
mod ice;
mod identity;
mod kept;
mod negotiate;
mod upstream;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};

use sabha_protocol::{Bitrate, DownSlot, Layer, MediaKind, Sdp, Source, UpSlot};

pub(crate) use self::identity::Identity;
use self::{
    downstream::Downstream,
    dtls::{Handshake, Told},
    ice::Ice,
    negotiate::negotiate,
    upstream::{Taken, Upstreams},
};
use super::{Answered, BITRATE_INITIAL, Gone, Packet, STATS_INTERVAL, Sending, Signal};
use crate::{
    bwe::{Estimator, Pacer, Probe, ProbeId},
    inbound::Arrivals,
    io::{Output, Transport},
    offer::Refusal,
    outbox::{OpenRun, Outbox, Route},
    rewrite::Numbers,
    rtcp::{self, Packet as Report, Packets, ReferenceClock},
    rtp::{HEADER_BYTES, Header, Ids, Outgoing},
    shard::ShardConfig,
    srtp::{Opener, RTP_OVERHEAD, Sealer},
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
/// Retransmissions that a client may have in a second.
const RESENDS_PER_SECOND: u32 = 1024;
/// What the pacer lets out, of the estimate: pictures come in bursts, and key frames are large.
const PACE_PERCENT: u64 = 250;
const PACE_MIN: Bitrate = Bitrate::kbps(300);
/// The estimate is told when it moved by more than this share of it.
const ESTIMATE_STEP: u64 = 33;
/// Padding of a probe's packet: the most that the header can say.
const PROBE_PADDING: usize = 255;
/// Time between the bursts of a probe.
const PROBE_STEP: Duration = Duration::from_millis(2);
/// How often the estimator looks at time alone, while packets are on their way.
const ESTIMATOR_STEP: Duration = Duration::from_millis(50);
const ESTIMATOR_AFTER: Duration = Duration::from_secs(2);
/// Longest datagram of reports that is made.
const REPORTS_BYTES_MAX: usize = 1150;

/// A connection.
#[derive(Debug)]
pub(crate) struct Own {
    ice: Ice,
    handshake: Handshake,
    /// Where the client is.
    route: Option<Route>,
    /// From where it spoke last, as long as no route is agreed on.
    heard_on: Option<Route>,
    sealer: Option<Sealer>,
    opener: Option<Opener>,
    ids: Ids,
    reporter: u32,
    cname: String,
    /// When it began: zero of the clock that sender reports show.
    began: Instant,

    upstreams: Upstreams,
    arrivals: Arrivals,
    down: Vec<Downstream>,
    open_run: OpenRun,
    transport_seq: u16,
    estimator: Estimator,
    reference: ReferenceClock,
    feedbacks: Feedbacks,
    pacer: Pacer,
    waiting: VecDeque<Waiting>,
    probe: Option<Probing>,
    told_estimate: Bitrate,
    desired: Bitrate,
    sent_at: Option<Instant>,
    estimate_at: Instant,
    report_at: Instant,
    resends: u32,

    signals: Vec<Signal>,
    /// The handshake or the agent has something to send.
    is_stirred: bool,
    scratch: Vec<u8>,
    asked: Vec<u16>,
}

/// A picture's packet that waits for the pacer.
#[derive(Debug)]
struct Waiting {
    slot: usize,
    numbers: Numbers,
    packet: Packet,
    since: Instant,
}

/// A probe that is being sent.
#[derive(Debug)]
struct Probing {
    probe: Probe,
    since: Instant,
    sent_bytes: usize,
    sent_packets: usize,
    next: Instant,
}

/// Ticks of the timestamps of a kind of media in a second.
const fn clock_rate(kind: MediaKind) -> u32 {
    match kind {
        MediaKind::Audio => 48_000,
        MediaKind::Video => 90_000,
    }
}

impl Own {
    /// Answers an offer.
    pub(super) fn answer(
        config: &ShardConfig,
        identity: &Identity,
        now: Instant,
        offer: &Sdp,
        up: Vec<UpSlot>,
        down: &[DownSlot],
    ) -> Result<Answered<Self>, Refusal> {
        let agreed = negotiate(config, identity, offer, up, down)?;
        let ufrag = agreed.local.ufrag.clone();
        let path = Self {
            ice: Ice::new(agreed.local, agreed.remote, &agreed.hosts, now),
            handshake: Handshake::new(identity, agreed.fingerprint, now),
            route: None,
            heard_on: None,
            sealer: None,
            opener: None,
            ids: agreed.extensions,
            reporter: agreed.reporter,
            cname: agreed.cname,
            began: now,
            upstreams: Upstreams::new(agreed.sections),
            arrivals: Arrivals::default(),
            down: agreed.down.iter().map(Downstream::new).collect(),
            open_run: OpenRun::default(),
            transport_seq: 0,
            estimator: Estimator::new(now, BITRATE_INITIAL),
            reference: ReferenceClock::default(),
            feedbacks: Feedbacks::default(),
            pacer: Pacer::new(now),
            waiting: VecDeque::new(),
            probe: None,
            told_estimate: BITRATE_INITIAL,
            desired: Bitrate::ZERO,
            sent_at: None,
            estimate_at: now,
            report_at: now + STATS_INTERVAL,
            resends: 0,
            signals: Vec::new(),
            is_stirred: true,
            scratch: Vec::new(),
            asked: Vec::new(),
        };
        Ok(Answered { path, ufrag, up: agreed.up, answer: agreed.answer, sending: agreed.sending })
    }

    /// Takes a packet. Returns whether it was one of this connection's.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        (transport, source): (Transport, SocketAddr),
        destination: SocketAddr,
        contents: &[u8],
        is_proven: bool,
    ) -> Result<bool, Gone> {
        // RFC 7983 section 7, and RFC 5761 section 4 for what follows 128.
        match contents {
            [0..=3, ..] => {
                if !self.ice.receive(now, transport, source, destination, contents) {
                    return Ok(false);
                }
                // What goes back leaves from where it was addressed to.
                self.heard_on = Some(Route { transport, source: destination, destination: source });
                self.is_stirred = true;
                Ok(true)
            }
            [20..=63, ..] if is_proven => {
                self.handshake.receive(now, contents)?;
                self.is_stirred = true;
                Ok(true)
            }
            [128..=191, 192..=223, ..] if is_proven => self.receive_reports(now, contents),
            [128..=191, ..] if is_proven => self.receive_media(now, contents),
            _ => Ok(false),
        }
    }

    fn receive_media(&mut self, now: Instant, contents: &[u8]) -> Result<bool, Gone> {
        let Some(opener) = &mut self.opener else { return Ok(false) };
        let Some(header) = Header::parse(contents, &self.ids) else { return Ok(false) };
        self.scratch.clear();
        self.scratch.extend_from_slice(contents);
        let Ok(end) = opener.open_rtp(&mut self.scratch, header.bytes) else { return Ok(false) };
        if let Some(seq) = header.transport_seq {
            self.arrivals.record(now, header.ssrc, seq);
        }
        let payload = self.scratch.get(header.bytes..end).unwrap_or_default();
        match self.upstreams.take(now, &header, payload)? {
            Taken::Packet(packet) => self.signals.push(Signal::Packet(packet)),
            Taken::Nothing => {}
            Taken::Unknown => self.signals.push(Signal::UnknownStream),
        }
        Ok(true)
    }

    fn receive_reports(&mut self, now: Instant, contents: &[u8]) -> Result<bool, Gone> {
        let Some(opener) = &mut self.opener else { return Ok(false) };
        let mut datagram = std::mem::take(&mut self.scratch);
        datagram.clear();
        datagram.extend_from_slice(contents);
        let opened = opener.open_rtcp(&mut datagram);
        if let Ok(end) = opened {
            // One that is malformed is passed over; its neighbours may be sound.
            Packets::new(datagram.get(..end).unwrap_or_default())
                .filter_map(Result::ok)
                .for_each(|report| self.take_report(now, &report));
        }
        self.scratch = datagram;
        Ok(opened.is_ok())
    }

    fn take_report(&mut self, now: Instant, report: &Report<'_>) {
        match report {
            Report::SenderReport(report) => {
                if let Some(stream) = self.upstreams.by_ssrc(report.ssrc) {
                    stream.reception.sender_report(now, &report.info);
                }
                report.blocks().for_each(|block| self.take_block(now, &block));
            }
            Report::ReceiverReport(report) => report.blocks().for_each(|block| self.take_block(now, &block)),
            Report::Nack(nack) => self.take_nack(nack.media_ssrc, nack.sequence_numbers()),
            Report::PictureLoss(loss) => self.want_keyframe(loss.media_ssrc),
            Report::FullIntraRequest(request) => {
                request.entries().for_each(|(ssrc, _)| self.want_keyframe(ssrc));
            }
            Report::TransportFeedback(feedback) => {
                let zero = self.reference.micros(feedback.reference_time);
                let unsaid =
                    self.feedbacks.follow(feedback.feedback_count, feedback.base_seq, feedback.status_count);
                let said = feedback.statuses().map(|(seq, at)| (seq, at.map(|at| zero + at)));
                self.estimator.feedback(now, unsaid.map(|seq| (seq, None)).chain(said));
                self.follow_estimate(now);
            }
            Report::SourceDescription(_) | Report::Goodbye(_) | Report::Remb | Report::Unknown { .. } => {}
        }
    }

    fn take_block(&mut self, now: Instant, block: &rtcp::ReportBlock) {
        let ntp = self.ntp(now);
        if let Some(down) = self.down.iter_mut().find(|down| down.stream.ssrc == block.ssrc) {
            down.reported.report(ntp, block);
        }
    }

    fn take_nack(&mut self, ssrc: u32, seqs: impl Iterator<Item = u16>) {
        let place = self.down.iter().position(|down| down.stream.ssrc == ssrc);
        let Some((place, newest)) = place.and_then(|place| Some((place, self.down.get(place)?.newest)))
        else {
            return;
        };
        for seq in seqs {
            if self.resends >= RESENDS_PER_SECOND {
                return;
            }
            self.resends += 1;
            let behind = u64::from((newest as u16).wrapping_sub(seq));
            if let Some(seq) = newest.checked_sub(behind) {
                self.signals.push(Signal::ResendWanted(place, seq));
            }
        }
    }

    fn want_keyframe(&mut self, ssrc: u32) {
        if let Some(place) = self.down.iter().position(|down| down.stream.ssrc == ssrc) {
            self.signals.push(Signal::KeyframeWanted(place));
        }
    }

    /// Lets the pacer and the room follow the estimate.
    fn follow_estimate(&mut self, now: Instant) {
        let estimate = self.estimator.estimate();
        let pace = Bitrate::bps(estimate.as_bps().saturating_mul(PACE_PERCENT) / 100).max(PACE_MIN);
        self.pacer.set_rate(now, pace);
        let told = self.told_estimate.as_bps();
        if told.abs_diff(estimate.as_bps()) > told / ESTIMATE_STEP {
            self.told_estimate = estimate;
            self.signals.push(Signal::Estimate(estimate));
        }
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self, now: Instant, outbox: &mut Outbox) -> Result<(), Gone> {
        self.is_stirred |= self.ice.tick(now);
        self.is_stirred |= self.handshake.tick(now)?;
        // Without feedback the estimator would take silence for a path that carries nothing.
        if self.estimate_at <= now && self.ids.transport_seq.is_some() {
            self.estimate_at = now + ESTIMATOR_STEP;
            self.estimator.tick(now);
            self.follow_estimate(now);
        }
        self.send_waiting(now, outbox);
        self.send_probe(now, outbox);
        Ok(())
    }

    /// Sends a packet, or lets it wait for the pacer. Returns whether [`drive`](Self::drive) must be called for it.
    pub(super) fn send(
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
            return is_idle;
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
    pub(super) fn resend(
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
        };
        let original = (numbers.seq as u16).to_be_bytes();
        let length = original.len() + packet.payload.len();
        self.seal_packet(now, outgoing, length, outbox, |payload| {
            payload[..original.len()].copy_from_slice(&original);
            fill(&mut payload[original.len()..], packet, numbers);
        });
    }

    /// Returns a packet of an up-slot that is still kept.
    pub(super) fn kept(&self, source: Source, layer: Layer, seq: u64) -> Option<&Packet> {
        self.upstreams.stream(source, layer)?.kept.get(seq)
    }

    /// Asks the client for a key frame when it is driven next. Returns whether the layer's stream is known yet.
    pub(super) fn request_keyframe(&mut self, source: Source, layer: Layer) -> bool {
        self.upstreams.want_keyframe(source, layer)
    }

    /// Tells the estimator how much bandwidth is worth looking for.
    pub(super) fn want_bitrate(&mut self, desired: Bitrate) {
        self.desired = desired;
        self.estimator.set_desired(desired);
    }

    /// Begins to close: the client sees DTLS end.
    pub(super) fn close(&mut self) {
        self.handshake.close();
        self.is_stirred = true;
    }

    /// Drains everything that is to be sent or said. Returns when to call [`tick`](Self::tick) next.
    pub(super) fn drive(
        &mut self,
        now: Instant,
        signals: &mut Vec<Signal>,
        mut transmit: impl FnMut(Output),
    ) -> Result<Instant, Gone> {
        let mut send = |route: Route, contents: Vec<u8>| {
            let Route { transport, source, destination } = route;
            transmit(Output::Transmit { transport, source, destination, segment: contents.len(), contents });
        };
        if std::mem::take(&mut self.is_stirred) {
            if let Some(route) = self.ice.drain(&mut send)?
                && self.route.replace(route).is_some_and(|before| before != route)
            {
                // Another path has another bandwidth, and what is known of the old one says nothing of it.
                self.estimator = Estimator::new(now, BITRATE_INITIAL);
                self.estimator.set_desired(self.desired);
            }
            let route = self.route.or(self.heard_on);
            let told = self.handshake.drain(|datagram| {
                if let Some(route) = route {
                    send(route, datagram.to_vec());
                }
            })?;
            match told {
                // There is one handshake: other keys would begin their numbers anew.
                Some(Told::Keys(keys)) if self.sealer.is_none() => {
                    let (sealer, opener) = *keys;
                    (self.sealer, self.opener) = (Some(sealer), Some(opener));
                    // DTLS may be done before the client has chosen a pair: then it is the one it used.
                    self.route = route;
                    // The estimator may begin to look before the first picture asks for more than it assumes.
                    self.sent_at = Some(now);
                    self.signals.push(Signal::Connected);
                }
                Some(Told::Weak) => {
                    signals.push(Signal::WeakProfile);
                    return Err(Gone);
                }
                Some(Told::Keys(_)) | None => {}
            }
        }
        self.send_reports(now, &mut send);
        signals.append(&mut self.signals);
        Ok(self.next(now))
    }

    /// Returns when something is to be done for which no packet is the cause.
    fn next(&self, now: Instant) -> Instant {
        let is_active = self.ids.transport_seq.is_some()
            && self.sent_at.is_some_and(|at| now.saturating_duration_since(at) <= ESTIMATOR_AFTER);
        let gaps = self.upstreams.streams.iter().filter_map(|stream| stream.gaps.as_ref()?.due());
        let waiting = self
            .waiting
            .front()
            .map(|waiting| self.pacer.next(now, wire_bytes(waiting.packet.payload.len())));
        let all = [
            self.ice.next(),
            self.sealer.as_ref().map(|_| self.report_at),
            self.arrivals.due(),
            waiting,
            self.probe.as_ref().map(|probing| probing.next),
            is_active.then_some(self.estimate_at),
        ];
        all.into_iter()
            .flatten()
            .chain(gaps)
            .chain([self.handshake.next()])
            .min()
            .unwrap_or(now + STATS_INTERVAL)
    }

    /// Lets out what waits, as the pacer allows.
    fn send_waiting(&mut self, now: Instant, outbox: &mut Outbox) {
        while let Some(first) = self.waiting.front() {
            if !self.pacer.take(now, wire_bytes(first.packet.payload.len())) {
                return;
            }
            let Some(Waiting { slot, numbers, packet, .. }) = self.waiting.pop_front() else { return };
            self.seal(now, slot, numbers, &packet, outbox);
        }
    }

    /// Sends as much of a probe as is due.
    fn send_probe(&mut self, now: Instant, outbox: &mut Outbox) {
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
        let sealing =
            Sealing { marker: false, payload_type, ssrc, index, timestamp, padding, probe: Some(probe) };
        self.seal_packet(now, sealing, 0, outbox, |_| {})
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
        down.count(now, numbers.timestamp, packet.payload.len());
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
        };
        self.seal_packet(now, sealing, length, outbox, |payload| fill(payload, packet, numbers));
    }

    /// Writes a packet into the outbox and seals it there. Returns whether it could be sent.
    fn seal_packet(
        &mut self,
        now: Instant,
        sealing: Sealing,
        length: usize,
        outbox: &mut Outbox,
        fill: impl FnOnce(&mut [u8]),
    ) -> bool {
        let (Some(route), Some(sealer)) = (self.route, &mut self.sealer) else { return false };
        let Sealing { marker, payload_type, ssrc, index, timestamp, padding, probe } = sealing;
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
        let body = buffer.len();
        buffer.resize(body + length + padding, 0);
        if let Some(payload) = buffer.get_mut(body..body + length) {
            fill(payload);
        }
        if padding > 0
            && let Some(last) = buffer.last_mut()
        {
            *last = padding as u8;
        }
        if sealer.seal_rtp(buffer, start, HEADER_BYTES, index).is_err() {
            // Cannot happen with a header of ours; a packet that is not sealed must not leave.
            buffer.truncate(start);
            return false;
        }
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

    /// Sends what is owed to the client: feedback, requests, and once a second reports.
    fn send_reports(&mut self, now: Instant, send: &mut impl FnMut(Route, Vec<u8>)) {
        let (Some(route), Some(sealer)) = (self.route, &mut self.sealer) else { return };
        let mut datagrams = Datagrams { reporter: self.reporter, open: Vec::new(), full: Vec::new() };
        while self.arrivals.due().is_some_and(|due| due <= now) {
            if !self.arrivals.feedback(now, self.reporter, datagrams.room(1000)) {
                break;
            }
        }
        for stream in &mut self.upstreams.streams {
            if let Some(gaps) = &mut stream.gaps {
                if gaps.due().is_some_and(|due| due <= now) {
                    self.asked.clear();
                    gaps.poll(now, &mut self.asked);
                    if !self.asked.is_empty() {
                        let room = datagrams.room(12 + 4 * self.asked.len());
                        rtcp::write_nack(room, self.reporter, stream.ssrc, self.asked.iter().copied());
                    }
                }
                stream.wants_keyframe |= gaps.take_given_up();
            }
            if std::mem::take(&mut stream.wants_keyframe) {
                rtcp::write_picture_loss(datagrams.room(12), self.reporter, stream.ssrc);
            }
        }
        if self.report_at <= now {
            self.report_at = now + STATS_INTERVAL;
            self.resends = 0;
            let ntp = ntp_since(self.began, now);
            let blocks: Vec<_> = self
                .upstreams
                .streams
                .iter_mut()
                .filter_map(|stream| stream.reception.report_block(now))
                .collect();
            if !blocks.is_empty() {
                rtcp::write_receiver_report(datagrams.room(8 + 24 * blocks.len()), self.reporter, &blocks);
            }
            let up = self.upstreams.streams.iter_mut().filter_map(|stream| stream.reception.take_loss());
            let active = self.down.iter().filter(|down| !down.is_quiet);
            let loss = up.chain(active.filter_map(|down| down.reported.loss())).chain(self.estimator.loss());
            let loss = loss.reduce(f32::max);
            for down in &mut self.down {
                if std::mem::replace(&mut down.is_quiet, true) {
                    continue;
                }
                if let Some(info) = down.sent.sender_info(now, ntp) {
                    let room = datagrams.room(28 + 16 + self.cname.len());
                    rtcp::write_sender_report(room, down.stream.ssrc, &info, &[]);
                    rtcp::write_source_description(room, down.stream.ssrc, &self.cname);
                }
            }
            let reported = self.down.iter().filter_map(|down| down.reported.rtt());
            let rtt = reported.chain(self.estimator.rtt()).min();
            if let Some(rtt) = rtt {
                self.upstreams.set_rtt(rtt);
            }
            self.signals.push(Signal::Health(loss, rtt));
        }
        for mut datagram in datagrams.finish() {
            // Refused after 2^31 reports: such a connection is 60 years old.
            if sealer.seal_rtcp(&mut datagram, 0).is_ok() {
                send(route, datagram);
            }
        }
    }

    fn ntp(&self, now: Instant) -> u64 {
        ntp_since(self.began, now)
    }
}

/// Where the last transport-wide feedback ended.
///
/// Some receivers begin a feedback with the first packet that came, so that what was lost before it is in none. As long
/// as no feedback itself was lost, which their count tells, what lies between two of them was.
#[derive(Debug, Default)]
struct Feedbacks {
    /// The count and the number that are expected next.
    next: Option<(u8, u16)>,
}

impl Feedbacks {
    /// Takes a feedback. Returns the numbers that were passed over between the last one and it.
    fn follow(&mut self, count: u8, base: u16, statuses: u16) -> impl Iterator<Item = u16> + use<> {
        let expected = self.next.filter(|(next, _)| *next == count).map_or(base, |(_, seq)| seq);
        self.next = Some((count.wrapping_add(1), base.wrapping_add(statuses)));
        let passed = base.wrapping_sub(expected);
        // The other half of the numbers lies behind.
        let passed = if passed < 1 << 15 { passed } else { 0 };
        (0..passed).map(move |step| expected.wrapping_add(step))
    }
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
}

/// Writes a payload with the numbers that its receiver knows.
fn fill(room: &mut [u8], packet: &Packet, numbers: Numbers) {
    room.copy_from_slice(&packet.payload);
    if let Some(descriptor) = &packet.descriptor {
        descriptor.renumber(room, numbers);
    }
}

/// Bytes that a payload takes on the wire, without padding.
const fn wire_bytes(payload: usize) -> usize {
    IP_UDP_BYTES + HEADER_BYTES + payload + RTP_OVERHEAD
}

/// The time since `began` as an NTP timestamp. Reports need a clock that runs, and no date (RFC 3550 section 6.4.1).
fn ntp_since(began: Instant, now: Instant) -> u64 {
    let elapsed = now.saturating_duration_since(began);
    (elapsed.as_secs() << 32) | ((u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000)
}

/// Datagrams of reports, each a compound packet that begins with a report (RFC 3550 section 6.1).
struct Datagrams {
    reporter: u32,
    open: Vec<u8>,
    full: Vec<Vec<u8>>,
}

impl Datagrams {
    /// Returns where a report of at most `bytes` is to be written.
    fn room(&mut self, bytes: usize) -> &mut Vec<u8> {
        if !self.open.is_empty() && self.open.len() + bytes > REPORTS_BYTES_MAX {
            self.full.push(std::mem::take(&mut self.open));
        }
        if self.open.is_empty() {
            rtcp::write_receiver_report(&mut self.open, self.reporter, &[]);
        }
        &mut self.open
    }

    fn finish(mut self) -> Vec<Vec<u8>> {
        if !self.open.is_empty() {
            self.full.push(self.open);
        }
        self.full
    }
}
