//! The packet path of str0m: the only file, with its neighbours `descriptor`, `offer` and `profile`, that speaks to it.
//!
//! str0m wants every mutation followed by draining its output before the next one. Here each method mutates
//! once, and [`Library::drive`] drains; the room calls it after every mutation of a connection.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_protocol::{Bitrate, DownSlot, Layer, MediaKind, Mid, Sdp, Source, UpSlot};
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

use super::{Answered, BITRATE_INITIAL, Gone, Packet, SSRC_CHANGES_MAX, STATS_INTERVAL, Sending, Signal};
use crate::{
    codec::Codec,
    descriptor::Descriptor,
    io::{self, Transport},
    offer::{self, Refusal},
    rewrite::Numbers,
    shard::ShardConfig,
    steer::ufrag_for,
};

/// Video packets kept per down-slot for retransmission: 2 s of 2.5 Mbit/s.
const RESEND_PACKETS: usize = 512;
/// Rounds of output in one go; beyond that the rest waits a millisecond.
const DRIVE_ROUNDS_MAX: usize = 64;

/// What all connections of a shard share.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) crypto: Arc<CryptoProvider>,
    pub(crate) certificate: DtlsCert,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Library {
    /// Up-slots with their layers.
    up: Vec<(UpSlot, Vec<Layer>)>,
    down: Vec<Mid>,
    rtc: Rtc,
    streams: HashMap<Ssrc, (Source, Layer)>,
    ssrc_changes: u32,
    rtt: Option<Duration>,
}

impl Library {
    /// Answers an offer.
    pub(super) fn answer(
        config: &ShardConfig,
        endpoint: &Endpoint,
        now: Instant,
        offer: &Sdp,
        up: Vec<UpSlot>,
        down: &[DownSlot],
    ) -> Result<Answered<Self>, Refusal> {
        let unreadable = |error: &dyn std::fmt::Display| Refusal::Unreadable(error.to_string());
        let text = offer::without_candidates(offer.as_str());
        let parsed = SdpOffer::from_sdp_string(&text).map_err(|error| unreadable(&error))?;

        let IceCreds { ufrag, pass } = IceCreds::new();
        let ufrag = ufrag_for(config.shard, &ufrag);
        let mut rtc = build(endpoint, IceCreds { ufrag: ufrag.clone(), pass }, now);
        add_candidates(&mut rtc, config);
        let answer = rtc.sdp_api().accept_offer(parsed).map_err(|error| unreadable(&error))?;

        let up: Vec<_> = up
            .into_iter()
            .map(|slot| offer::up_layers(&rtc, &slot).map(|layers| (slot, layers)))
            .collect::<Result<_, _>>()?;
        let numbered = down.iter().enumerate();
        let sending =
            numbered.map(|(index, slot)| sending(&mut rtc, index, slot)).collect::<Result<_, _>>()?;
        let answer = Sdp::try_from(answer.to_sdp_string()).map_err(|error| unreadable(&error))?;
        let down = down.iter().map(|slot| slot.mid.clone()).collect();
        let path = Self { up: up.clone(), down, rtc, streams: HashMap::new(), ssrc_changes: 0, rtt: None };
        Ok(Answered { path, ufrag, up, answer, sending })
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
        let Ok(contents) = DatagramRecv::try_from(contents) else { return Ok(false) };
        let proto = match transport {
            Transport::Udp => Protocol::Udp,
            Transport::Tcp => Protocol::Tcp,
        };
        let input = Input::Receive(now, Receive { proto, source, destination, contents });
        if !is_proven && !self.rtc.accepts(&input) {
            return Ok(false);
        }
        self.rtc.handle_input(input).map_err(|_| Gone)?;
        Ok(true)
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self, now: Instant) -> Result<(), Gone> {
        self.rtc.handle_input(Input::Timeout(now)).map_err(|_| Gone)
    }

    /// Queues a packet on a down-slot. One in a codec that was not negotiated for it goes nowhere.
    pub(super) fn send(&mut self, now: Instant, slot: &Sending, numbers: Numbers, packet: &Packet) {
        let Some(pt) = slot.pts[packet.codec as usize].map(Pt::from) else { return };
        let shared = packet.payload.to_shared();
        let payload = match &packet.descriptor {
            Some(descriptor) => descriptor.payload(&shared, numbers),
            None => shared,
        };
        let mut write =
            RtpWrite::new(pt, numbers.seq.into(), numbers.timestamp, now, payload).marker(packet.marker);
        if slot.kind == MediaKind::Video {
            write = write.nackable(true);
        }
        if let Some(descriptor) = &packet.descriptor {
            write = descriptor.patch(write, &packet.payload, numbers);
        }
        if let Some(stream) = self.rtc.direct_api().stream_tx(&slot.ssrc.into()) {
            stream.write_rtp(write);
        }
    }

    /// Queues a key frame request to the client. Returns whether the layer's stream is known yet.
    pub(super) fn request_keyframe(&mut self, source: Source, layer: Layer) -> bool {
        let known = self.streams.iter().find(|(_, stream)| **stream == (source, layer));
        let Some((&ssrc, _)) = known else { return false };
        match self.rtc.direct_api().stream_rx(&ssrc) {
            Some(stream) => stream.request_keyframe(KeyframeRequestKind::Pli),
            None => return false,
        }
        true
    }

    /// Tells the estimator how much bandwidth is worth looking for.
    pub(super) fn want_bitrate(&mut self, desired: Bitrate) {
        self.rtc.bwe().set_bitrate(str0m::bwe::Bitrate::ZERO, bitrate(desired));
    }

    /// Begins to close: the client sees DTLS end.
    pub(super) fn close(&mut self) {
        // It may be closed already; either way there is nothing more to say.
        let _ = self.rtc.close();
    }

    /// Drains everything that is to be sent or said. Returns when to call [`tick`](Self::tick) next.
    pub(super) fn drive(
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
                        segment: packet.contents.len(),
                        contents: packet.contents.into(),
                    }),
                    Output::Event(event) => signals.extend(self.signal(event)?),
                    Output::Timeout(_) if !self.rtc.is_alive() => return Err(Gone),
                    Output::Timeout(at) if at > now => return Ok(at),
                    Output::Timeout(_) => break,
                }
            }
            self.rtc.handle_input(Input::Timeout(now)).map_err(|_| Gone)?;
        }
        Ok(now + Duration::from_millis(1))
    }

    fn signal(&mut self, event: Event) -> Result<Option<Signal>, Gone> {
        Ok(Some(match event {
            Event::Connected => Signal::Connected,
            Event::Closed | Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                return Err(Gone);
            }
            Event::RtpPacket(packet) => self.packet(packet)?,
            Event::KeyframeRequest(request) => {
                let mid = request.mid.trim_end();
                let place = self.down.iter().position(|slot| slot.as_str() == mid);
                return Ok(place.map(Signal::KeyframeWanted));
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
            temporal: descriptor.and_then(|descriptor| descriptor.temporal()).unwrap_or_default(),
            // It makes its own reports.
            timeline: None,
            marker: packet.header.marker,
            starts_keyframe: descriptor.is_some_and(|descriptor| descriptor.starts_keyframe()),
            payload: packet.payload.into(),
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

fn sending(rtc: &mut Rtc, index: usize, slot: &DownSlot) -> Result<Sending, Refusal> {
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
    let pts = pts.map(|pt| pt.map(|pt| *pt));
    Ok(Sending { mid: slot.mid.clone(), kind: slot.kind, index, ssrc: *ssrc, pts })
}

fn bitrate(rate: Bitrate) -> str0m::bwe::Bitrate {
    str0m::bwe::Bitrate::from(rate.as_bps())
}
