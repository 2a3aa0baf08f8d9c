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
mod negotiate;
mod reports;
mod send;
mod upstream;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use sabha_protocol::{Bitrate, DownSlot, Layer, MediaKind, Sdp, Source, UpSlot};

pub(crate) use self::identity::Identity;
use self::{
    downstream::Downstream,
    dtls::{Handshake, Told},
    ice::Ice,
    negotiate::negotiate,
    reports::Feedbacks,
    send::{Probing, Waiting, wire_bytes},
    upstream::{Taken, Upstreams},
};
use super::{Answered, BITRATE_INITIAL, Gone, Packet, STATS_INTERVAL, Signal};
use crate::{
    bwe::{Estimator, Pacer},
    inbound::Arrivals,
    io::{Output, Transport},
    offer::Refusal,
    outbox::{OpenRun, Outbox, Route},
    rtcp::ReferenceClock,
    rtp::{Header, Ids},
    shard::ShardConfig,
    srtp::{Opener, Sealer},
    timeline::SenderClock,
};

/// What the pacer lets out, of the estimate: pictures come in bursts, and key frames are large.
const PACE_PERCENT: u64 = 250;
const PACE_MIN: Bitrate = Bitrate::kbps(300);
/// The estimate is told when it moved by more than this share of it.
const ESTIMATE_STEP: u64 = 33;
/// How often the estimator looks at time alone, while packets are on their way.
const ESTIMATOR_STEP: Duration = Duration::from_millis(50);
const ESTIMATOR_AFTER: Duration = Duration::from_secs(2);
/// Reports go on for this long once no media passes: until who was told of a bad link has been told of a good one.
const REPORTS_AFTER: Duration = Duration::from_secs(6);

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
    /// By which the client's reports are dated.
    sender_clock: SenderClock,
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
    /// When media came last.
    received_at: Option<Instant>,
    estimate_at: Instant,
    report_at: Instant,
    resends: u32,

    signals: Vec<Signal>,
    /// The handshake or the agent has something to send.
    is_stirred: bool,
    scratch: Vec<u8>,
    asked: Vec<u16>,
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
            sender_clock: SenderClock::default(),
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
            received_at: None,
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
        self.received_at = Some(now);
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

    /// Returns a packet of an up-slot that is still kept.
    pub(super) fn kept(&self, source: Source, layer: Layer, seq: u64) -> Option<&Packet> {
        self.upstreams.stream(source, layer)?.kept.get(seq)
    }

    /// Asks the client for a key frame when it is driven next. Returns whether the layer's stream is known yet.
    pub(super) fn request_keyframe(&mut self, source: Source, layer: Layer) -> bool {
        self.upstreams.want_keyframe(source, layer)
    }

    /// Returns what came on an up-slot since its last key frame.
    pub(super) fn since_keyframe(
        &self,
        source: Source,
        layer: Layer,
        packets_max: u64,
    ) -> Option<(Instant, RangeInclusive<u64>)> {
        self.upstreams.stream(source, layer)?.kept.since_keyframe(packets_max)
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

    /// Returns whether media passed so lately that there is something to report of it.
    fn has_reports(&self, now: Instant) -> bool {
        let passed = self.sent_at.max(self.received_at);
        self.sealer.is_some() && passed.is_some_and(|at| now.saturating_duration_since(at) <= REPORTS_AFTER)
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
            self.has_reports(now).then_some(self.report_at),
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
}
