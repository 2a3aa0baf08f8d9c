//! One peer connection: the only file, with its neighbours `descriptor`, `offer` and `profile`, that speaks to str0m.
//!
//! str0m wants every mutation followed by draining its output before the next one. Here each method mutates
//! once, and [`Connection::drive`] drains; the room calls it after every mutation of a connection.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_protocol::{Bitrate, DownSlot, Layer, MediaGeneration, MediaKind, Mid, Sdp, Source, UpSlot};
use str0m::{
    Candidate, Event, IceConnectionState, IceCreds, Input, Output, Rtc, RtcConfig,
    bwe::BweKind,
    change::SdpOffer,
    config::{CryptoProvider, DtlsCert},
    format,
    media::{Frequency, KeyframeRequestKind, Pt},
    net::{DatagramRecv, Protocol, Receive, TcpType},
    rtp::{Extension, ExtensionMap, RtpPacket, RtpWrite, Ssrc},
};

use crate::{
    codec::Codec,
    descriptor::Descriptor,
    io::{self, Transport},
    offer::{self, Refusal},
    rewrite::Numbers,
    shard::ShardConfig,
    steer::ufrag_for,
};

/// Bandwidth assumed until the estimator knows better: carries audio and a few small tiles.
const BITRATE_INITIAL: Bitrate = Bitrate::kbps(1_000);
/// Video packets kept per down-slot for retransmission: 2 s of 2.5 Mbit/s.
const RESEND_PACKETS: usize = 512;
/// Addresses a connection may have proven at once: some interfaces of a laptop, over UDP and TCP. The oldest goes.
const SOURCES_MAX: usize = 8;
/// Times the streams of a connection may change their SSRC. A browser does it never or once per restart; each
/// costs memory until the connection ends.
const SSRC_CHANGES_MAX: u32 = 64;
/// Rounds of output in one go; beyond that the rest waits a millisecond.
const DRIVE_ROUNDS_MAX: usize = 64;
const STATS_INTERVAL: Duration = Duration::from_secs(1);

/// Silence after which a connection to which video flows is lost: its feedback comes several times a second.
const SILENCE_WITH_VIDEO: Duration = Duration::from_secs(5);
/// Silence after which any connection is lost. Consent checks (RFC 7675) come every 5 s, and one may be lost.
const SILENCE_MAX: Duration = Duration::from_secs(14);

/// What all connections of a shard share.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) config: ShardConfig,
    pub(crate) crypto: Arc<CryptoProvider>,
    pub(crate) certificate: DtlsCert,
}

/// A negotiated down-slot.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    pub(crate) mid: Mid,
    pub(crate) kind: MediaKind,
    ssrc: Ssrc,
    /// Payload type of each codec that the client offered to receive here, in the order of [`Codec::ALL`].
    pts: [Option<Pt>; Codec::ALL.len()],
}

impl Sending {
    /// Returns whether the client offered to receive `codec` here.
    pub(crate) fn accepts(&self, codec: Codec) -> bool {
        self.pts[codec as usize].is_some()
    }

    /// Returns a number that differs from slot to slot and from connection to connection.
    pub(crate) fn seed(&self) -> u32 {
        *self.ssrc
    }
}

/// An RTP packet of a negotiated up-slot.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) source: Source,
    pub(crate) layer: Layer,
    pub(crate) codec: Codec,
    pub(crate) numbers: Numbers,
    pub(crate) marker: bool,
    pub(crate) starts_keyframe: bool,
    pub(crate) payload: Arc<[u8]>,
    descriptor: Option<Descriptor>,
}

/// What a connection has to say.
#[derive(Debug)]
pub(crate) enum Signal {
    Connected,
    Estimate(Bitrate),
    /// The receiver of a down-slot wants a key frame.
    KeyframeWanted(Mid),
    Packet(Packet),
    /// A packet of a stream that belongs to no up-slot.
    UnknownStream,
    /// A second's share of lost packets and round trip.
    Health(Option<f32>, Option<Duration>),
}

/// The connection is gone or misbehaved.
#[derive(Debug)]
pub(crate) struct Gone;

/// A peer's connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) generation: MediaGeneration,
    pub(crate) ufrag: String,
    pub(crate) sources: VecDeque<(Transport, SocketAddr)>,
    /// Up-slots with their layers.
    pub(crate) up: Vec<(UpSlot, Vec<Layer>)>,
    rtc: Rtc,
    streams: HashMap<Ssrc, (Source, Layer)>,
    ssrc_changes: u32,
    connected: bool,
    heard_at: Instant,
    video_sent_since: Option<Instant>,
    rtt: Option<Duration>,
}

impl Connection {
    /// Answers an offer.
    pub(crate) fn answer(
        endpoint: &Endpoint,
        now: Instant,
        generation: MediaGeneration,
        offer: &Sdp,
        up: Vec<UpSlot>,
        down: &[DownSlot],
    ) -> Result<(Self, Sdp, Vec<Sending>), Refusal> {
        offer::check_text(offer.as_str(), &up, down)?;
        let unreadable = |error: &dyn std::fmt::Display| Refusal::Unreadable(error.to_string());
        let text = offer::without_candidates(offer.as_str());
        let parsed = SdpOffer::from_sdp_string(&text).map_err(|error| unreadable(&error))?;

        let IceCreds { ufrag, pass } = IceCreds::new();
        let ufrag = ufrag_for(endpoint.config.shard, &ufrag);
        let mut rtc = build(endpoint, IceCreds { ufrag: ufrag.clone(), pass }, now);
        add_candidates(&mut rtc, &endpoint.config);
        let answer = rtc.sdp_api().accept_offer(parsed).map_err(|error| unreadable(&error))?;

        let up = up
            .into_iter()
            .map(|slot| offer::up_layers(&rtc, &slot).map(|layers| (slot, layers)))
            .collect::<Result<_, _>>()?;
        let sending = down.iter().map(|slot| sending(&mut rtc, slot)).collect::<Result<_, _>>()?;
        let answer = Sdp::try_from(answer.to_sdp_string()).map_err(|error| unreadable(&error))?;

        let connection = Self {
            generation,
            ufrag,
            sources: VecDeque::new(),
            up,
            rtc,
            streams: HashMap::new(),
            ssrc_changes: 0,
            connected: false,
            heard_at: now,
            video_sent_since: None,
            rtt: None,
        };
        Ok((connection, answer, sending))
    }

    /// Takes a packet. Returns whether it was one of this connection's: a STUN request must pass its
    /// integrity check, everything else comes from an address that did.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        transport: Transport,
        source: SocketAddr,
        destination: SocketAddr,
        contents: &[u8],
    ) -> Result<bool, Gone> {
        let is_stun = matches!(contents.first(), Some(0..=3));
        let is_proven = !is_stun && self.sources.contains(&(transport, source));
        let Ok(contents) = DatagramRecv::try_from(contents) else { return Ok(false) };
        let proto = match transport {
            Transport::Udp => Protocol::Udp,
            Transport::Tcp => Protocol::Tcp,
        };
        let input = Input::Receive(now, Receive { proto, source, destination, contents });
        if !is_proven && !self.rtc.accepts(&input) {
            return Ok(false);
        }
        self.heard_at = now;
        self.video_sent_since = None;
        self.rtc.handle_input(input).map_err(|_| Gone)?;
        Ok(true)
    }

    /// Remembers that an address was proven. Returns the one that has to be forgotten for it.
    pub(crate) fn learn(
        &mut self,
        transport: Transport,
        source: SocketAddr,
    ) -> Option<(Transport, SocketAddr)> {
        self.sources.push_back((transport, source));
        if self.sources.len() > SOURCES_MAX { self.sources.pop_front() } else { None }
    }

    /// Lets time pass.
    pub(crate) fn tick(&mut self, now: Instant) -> Result<(), Gone> {
        self.rtc.handle_input(Input::Timeout(now)).map_err(|_| Gone)
    }

    /// Queues a packet on a down-slot. One in a codec that was not negotiated for it goes nowhere.
    pub(crate) fn send(&mut self, now: Instant, slot: &Sending, numbers: Numbers, packet: &Packet) {
        let Some(pt) = slot.pts[packet.codec as usize] else { return };
        let payload = match &packet.descriptor {
            Some(descriptor) => descriptor.payload(&packet.payload, numbers),
            None => Arc::clone(&packet.payload),
        };
        let mut write =
            RtpWrite::new(pt, numbers.seq.into(), numbers.timestamp, now, payload).marker(packet.marker);
        if slot.kind == MediaKind::Video {
            self.video_sent_since.get_or_insert(now);
            write = write.nackable(true);
        }
        if let Some(descriptor) = &packet.descriptor {
            write = descriptor.patch(write, numbers);
        }
        if let Some(stream) = self.rtc.direct_api().stream_tx(&slot.ssrc) {
            stream.write_rtp(write);
        }
    }

    /// Queues a key frame request to the client. Returns whether the layer's stream is known yet.
    pub(crate) fn request_keyframe(&mut self, source: Source, layer: Layer) -> bool {
        let known = self.streams.iter().find(|(_, stream)| **stream == (source, layer));
        let Some((&ssrc, _)) = known else { return false };
        match self.rtc.direct_api().stream_rx(&ssrc) {
            Some(stream) => stream.request_keyframe(KeyframeRequestKind::Pli),
            None => return false,
        }
        true
    }

    /// Tells the estimator how much bandwidth is worth looking for.
    pub(crate) fn want_bitrate(&mut self, desired: Bitrate) {
        self.rtc.bwe().set_bitrate(str0m::bwe::Bitrate::ZERO, bitrate(desired));
    }

    /// Begins to close: the client sees DTLS end.
    pub(crate) fn close(&mut self) {
        // It may be closed already; either way there is nothing more to say.
        let _ = self.rtc.close();
    }

    /// Returns whether nothing came from the client for so long that it must be gone.
    pub(crate) fn is_silent(&self, now: Instant) -> bool {
        let since = |at: Instant| now.saturating_duration_since(at);
        since(self.heard_at) > SILENCE_MAX
            || self.video_sent_since.is_some_and(|at| since(at) > SILENCE_WITH_VIDEO)
    }

    /// Drains everything that is to be sent or said. Returns when to call [`tick`](Self::tick) next.
    pub(crate) fn drive(
        &mut self,
        now: Instant,
        signals: &mut Vec<Signal>,
        mut transmit: impl FnMut(io::Output),
    ) -> Result<Instant, Gone> {
        for _ in 0..DRIVE_ROUNDS_MAX {
            loop {
                match self.rtc.poll_output().map_err(|_| Gone)? {
                    Output::Transmit(packet) => transmit(io::Output::Transmit {
                        transport: if packet.proto == Protocol::Udp {
                            Transport::Udp
                        } else {
                            Transport::Tcp
                        },
                        source: packet.source,
                        destination: packet.destination,
                        contents: packet.contents.into(),
                    }),
                    Output::Event(event) => signals.extend(self.signal(now, event)?),
                    Output::Timeout(_) if !self.rtc.is_alive() => return Err(Gone),
                    Output::Timeout(at) if at > now => return Ok(at),
                    Output::Timeout(_) => break,
                }
            }
            self.rtc.handle_input(Input::Timeout(now)).map_err(|_| Gone)?;
        }
        Ok(now + Duration::from_millis(1))
    }

    fn signal(&mut self, now: Instant, event: Event) -> Result<Option<Signal>, Gone> {
        Ok(Some(match event {
            Event::Connected => {
                self.connected = true;
                self.heard_at = now;
                Signal::Connected
            }
            Event::Closed | Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                return Err(Gone);
            }
            Event::RtpPacket(packet) => self.packet(packet)?,
            Event::KeyframeRequest(request) => {
                let Ok(mid) = Mid::try_from(request.mid.trim_end().to_owned()) else { return Ok(None) };
                Signal::KeyframeWanted(mid)
            }
            Event::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
                Signal::Estimate(Bitrate::bps(estimate.as_u64()))
            }
            Event::MediaEgressStats(stats) => {
                // The least of the round trips that the receiver reports of all slots tell: a lone packet
                // may have waited for its report.
                self.rtt = [self.rtt, stats.rtt].into_iter().flatten().min();
                return Ok(None);
            }
            Event::PeerStats(stats) => {
                let loss = [stats.egress_loss_fraction, stats.ingress_loss_fraction];
                let worse = loss.into_iter().flatten().reduce(f32::max);
                Signal::Health(worse, self.rtt.take())
            }
            _ => return Ok(None),
        }))
    }

    fn packet(&mut self, packet: RtpPacket) -> Result<Signal, Gone> {
        let ssrc = packet.header.ssrc;
        let (source, layer) = match self.streams.get(&ssrc) {
            Some(stream) => *stream,
            None => match self.bind(ssrc)? {
                Some(stream) => stream,
                None => return Ok(Signal::UnknownStream),
            },
        };
        let codec = self.codec(packet.header.payload_type).filter(|codec| codec.kind() == source.kind());
        let Some(codec) = codec else { return Ok(Signal::UnknownStream) };
        let descriptor = Descriptor::parse(codec, &packet.payload);
        Ok(Signal::Packet(Packet {
            source,
            layer,
            codec,
            numbers: Numbers {
                seq: *packet.seq_no,
                timestamp: packet.header.timestamp,
                picture: descriptor.and_then(|descriptor| descriptor.picture_id()),
                tl0: descriptor.and_then(|descriptor| descriptor.tl0_pic_idx()),
            },
            marker: packet.header.marker,
            starts_keyframe: descriptor.is_some_and(|descriptor| descriptor.starts_keyframe(&packet.payload)),
            payload: packet.payload,
            descriptor,
        }))
    }

    /// Returns the codec that was negotiated under a payload type. There are three to look through.
    fn codec(&self, pt: Pt) -> Option<Codec> {
        let params = self.rtc.codec_config().params().iter().find(|params| params.pt() == pt)?;
        Codec::ALL.into_iter().find(|codec| format_of(*codec) == params.spec().codec)
    }

    /// Finds out which layer a new SSRC carries.
    fn bind(&mut self, ssrc: Ssrc) -> Result<Option<(Source, Layer)>, Gone> {
        let Some((mid, rid)) =
            self.rtc.direct_api().stream_rx(&ssrc).map(|stream| (stream.mid(), stream.rid()))
        else {
            return Ok(None);
        };
        let Some((slot, layers)) = self.up.iter().find(|(slot, _)| slot.mid.as_str() == mid.trim_end())
        else {
            return Ok(None);
        };
        let layer = match rid {
            Some(rid) => Layer::from_rid(rid.trim_end()),
            None => Some(Layer::High),
        };
        let Some(layer) = layer.filter(|layer| layers.contains(layer)) else { return Ok(None) };

        let stream = (slot.source, layer);
        let before = self.streams.len();
        self.streams.retain(|_, other| *other != stream);
        if self.streams.len() < before {
            self.ssrc_changes += 1;
            if self.ssrc_changes > SSRC_CHANGES_MAX {
                return Err(Gone);
            }
        }
        self.streams.insert(ssrc, stream);
        Ok(Some(stream))
    }
}

fn build(endpoint: &Endpoint, credentials: IceCreds, now: Instant) -> Rtc {
    let mut extensions = ExtensionMap::empty();
    // The numbers are those of the offer in the end. No audio level: it would show the speech envelope.
    extensions.set(2, Extension::AbsoluteSendTime);
    extensions.set(3, Extension::TransportSequenceNumber);
    extensions.set(4, Extension::RtpMid);
    extensions.set(10, Extension::RtpStreamId);
    extensions.set(11, Extension::RepairedRtpStreamId);
    let mut config = RtcConfig::new()
        .set_local_ice_credentials(credentials)
        .set_crypto_provider(Arc::clone(&endpoint.crypto))
        .set_dtls_cert(endpoint.certificate.clone())
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .clear_codecs()
        .enable_opus(true, false)
        .set_extension_map(extensions)
        .set_send_buffer_video(RESEND_PACKETS)
        .set_stats_interval(Some(STATS_INTERVAL))
        .enable_bwe(Some(bitrate(BITRATE_INITIAL)));
    // The answer lists what a section offers in this order, and browsers send what is listed first: who offers
    // VP9 for an up-slot gets to send it.
    let profile_0 = format::FormatParams { profile_id: Some(0), ..Default::default() };
    let (codecs, pictures) = (config.codec_config(), Frequency::NINETY_KHZ);
    codecs.add_config(98.into(), Some(99.into()), format::Codec::Vp9, pictures, None, profile_0);
    codecs.enable_vp8(true);
    config.build(now)
}

fn format_of(codec: Codec) -> format::Codec {
    match codec {
        Codec::Opus => format::Codec::Opus,
        Codec::Vp8 => format::Codec::Vp8,
        Codec::Vp9 => format::Codec::Vp9,
    }
}

fn add_candidates(rtc: &mut Rtc, config: &ShardConfig) {
    for &address in &config.udp {
        if let Ok(candidate) = Candidate::builder().udp().host(address).build() {
            rtc.add_local_candidate(candidate);
        }
    }
    for &address in &config.tcp {
        if let Ok(candidate) = Candidate::builder().tcp().host(address).tcptype(TcpType::Passive).build() {
            rtc.add_local_candidate(candidate);
        }
    }
}

fn sending(rtc: &mut Rtc, slot: &DownSlot) -> Result<Sending, Refusal> {
    offer::check_down(rtc, slot)?;
    let mid = slot.mid.as_str().into();
    let offered = rtc.media(mid).map(|section| section.remote_pts().to_vec()).unwrap_or_default();
    let pts = Codec::ALL.map(|codec| {
        let mut params = rtc.codec_config().params().iter();
        let wanted = |params: &&format::PayloadParams| {
            codec.kind() == slot.kind
                && params.spec().codec == format_of(codec)
                && offered.contains(&params.pt())
        };
        params.find(wanted).map(|params| params.pt())
    });
    let required = Codec::required(slot.kind);
    if pts[required as usize].is_none() {
        return Err(Refusal::NoCodec(required.name()));
    }
    let ssrc = rtc.direct_api().stream_tx_by_mid(mid, None).map(|stream| stream.ssrc());
    let ssrc = ssrc.ok_or_else(|| Refusal::WrongSection(slot.mid.clone()))?;
    Ok(Sending { mid: slot.mid.clone(), kind: slot.kind, ssrc, pts })
}

fn bitrate(rate: Bitrate) -> str0m::bwe::Bitrate {
    str0m::bwe::Bitrate::from(rate.as_bps())
}

/// Returns the bandwidth that a new connection is assumed to have.
pub(crate) const fn initial_bitrate() -> Bitrate {
    BITRATE_INITIAL
}
