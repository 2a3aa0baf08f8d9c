//! A WebRTC peer connection, seen from the client: sans-IO, RTP in and RTP out.
//!
//! Makes an offer as a browser does (all sections at once: what it may send, and slots in which the server
//! puts what it likes), with full ICE and a DTLS role left to the server. Frames are neither built nor taken
//! apart here. str0m wants to be drained after every mutation; that rule is kept inside, so callers may mix
//! calls freely and then empty [`Peer::poll_output`].

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_protocol::{
    DownSlot, Layer, MediaKind, Mid, Sdp, Source, UpSlot,
    limits::{AUDIO_SLOTS_ANNOUNCED_MAX, VIDEO_SLOTS_MAX},
    wire::client::MediaOffer,
};
use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    crypto,
    format::Codec as RtcCodec,
    media::{
        Direction, KeyframeRequestKind, MediaKind as RtcKind, Mid as RtcMid, Pt, Rid, Simulcast,
        SimulcastLayer,
    },
    net::{Protocol, Receive, TcpType},
    rtp::{Extension, RtpPacket, RtpWrite, SeqNo, Ssrc},
};

use super::{
    keys::{KeyTap, Keys},
    wire::Path,
};
use crate::{
    error::ClientError,
    source::{Codec, Outgoing},
};

/// Outputs kept until the caller takes them. One mutation makes a few dozen at most.
const OUTPUTS_MAX: usize = 4_096;

/// Between two checks of consent (RFC 7675), once a connection is up: as Chromium 156 does it. Firefox 153 takes 4 to 6 s.
const CHECK_INTERVAL: Duration = Duration::from_millis(2_650);

/// What a peer connection is made from.
#[derive(Clone, Debug)]
pub struct PeerConfig {
    /// What the client may send, each at most once.
    pub up: Vec<Source>,
    /// Whether the camera is sent in every layer, as participants send it; else in one that has no name.
    pub simulcast: bool,
    /// Slots for pictures, at most [`VIDEO_SLOTS_MAX`].
    pub video_slots: usize,
    /// Slots for sound, at most [`AUDIO_SLOTS_ANNOUNCED_MAX`].
    pub audio_slots: usize,
    /// The client's own address; for [`Path::Tcp`] the port does not matter.
    pub local: SocketAddr,
    /// How packets travel.
    pub path: Path,
    /// Whether reports are made elsewhere, and so the keys for them are needed.
    pub reports_elsewhere: bool,
}

/// What the peer connection says.
#[derive(Debug)]
pub enum PeerOutput {
    /// A packet is to be sent.
    Transmit {
        /// To where.
        destination: SocketAddr,
        /// The packet.
        contents: Vec<u8>,
    },
    /// Something happened.
    Event(PeerEvent),
    /// That is all: call [`Peer::handle_timeout`] at this time.
    Timeout(Instant),
}

/// What happened on a peer connection.
#[derive(Debug)]
pub enum PeerEvent {
    /// ICE and DTLS are up.
    Connected,
    /// The connection is gone: consent expired or the other side closed it.
    Lost,
    /// Whoever receives this cannot go on without a key frame.
    KeyFrameWanted {
        /// Of what.
        source: Source,
        /// In which layer; all if absent.
        layer: Option<Layer>,
    },
    /// Media arrived.
    Packet(ReceivedPacket),
}

/// A media packet that arrived, decrypted.
#[derive(Debug)]
pub struct ReceivedPacket {
    /// Index of the down-slot, in the order of the offer.
    pub slot: usize,
    /// The stream's number at this end of the connection.
    pub ssrc: u32,
    /// How it was encoded.
    pub codec: Codec,
    /// Sequence number, extended so that it never wraps.
    pub sequence: u64,
    /// RTP time.
    pub time: u32,
    /// Last of its frame, or first of its talk spurt.
    pub marker: bool,
    /// Payload.
    pub payload: Arc<[u8]>,
    /// When it arrived.
    pub at: Instant,
    /// When the kernel received it, in unix nanoseconds; when it was read, where the kernel does not say.
    pub arrived_ns: u64,
    /// Bytes by which SRTP made it longer; more if it was padded or repeated.
    pub srtp_tag_bytes: usize,
}

/// A client's side of a peer connection.
pub struct Peer {
    rtc: Rtc,
    pending: Option<SdpPendingOffer>,
    up: Vec<Up>,
    down: Vec<Down>,
    slot_by_ssrc: HashMap<Ssrc, usize>,
    protocol: Protocol,
    local: SocketAddr,
    outputs: VecDeque<PeerOutput>,
    timeout: Instant,
    lost: bool,
    /// Where the keys are, if reports are made elsewhere.
    tap: Option<KeyTap>,
    /// When the kernel received the packet that is being handled.
    arrived_ns: u64,
    /// The length of that packet, in bytes.
    wire_bytes: usize,
}

/// One encoded stream that may be sent.
struct Up {
    source: Source,
    layer: Option<Layer>,
    mid: RtcMid,
    rid: Option<Rid>,
    /// The payload types that were agreed on, of each codec.
    payload_types: Vec<(Codec, Pt)>,
    next_sequence: SeqNo,
}

struct Down {
    mid: RtcMid,
    kind: MediaKind,
}

impl Peer {
    /// Returns a peer connection and the offer to send.
    ///
    /// # Errors
    /// [`ClientError::Misuse`] when there are more slots than the protocol allows or the address cannot be a
    /// candidate.
    pub fn offer(config: &PeerConfig, now: Instant) -> Result<(Self, MediaOffer), ClientError> {
        if config.video_slots > VIDEO_SLOTS_MAX || config.audio_slots > AUDIO_SLOTS_ANNOUNCED_MAX {
            return Err(ClientError::Misuse("more down-slots than the protocol allows"));
        }
        let (mut rtc, tap) = build(now, config.reports_elsewhere);
        let candidate = local_candidate(config)?;
        let local = candidate.addr();
        rtc.add_local_candidate(candidate);

        let mut changes = rtc.sdp_api();
        let mut up = Vec::new();
        for source in &config.up {
            let layered = config.simulcast && *source == Source::Camera;
            let simulcast = layered.then(simulcast);
            let mid = changes.add_media(rtc_kind(source.kind()), Direction::SendOnly, None, None, simulcast);
            let layers: &[Option<Layer>] = match layered {
                true => &[Some(Layer::Low), Some(Layer::Medium), Some(Layer::High)],
                false => &[None],
            };
            up.extend(layers.iter().map(|layer| Up {
                source: *source,
                layer: *layer,
                mid,
                rid: layer.map(|layer| Rid::from(layer.rid())),
                payload_types: Vec::new(),
                next_sequence: SeqNo::default(),
            }));
        }
        let mut down = Vec::new();
        for (kind, slots) in [(MediaKind::Video, config.video_slots), (MediaKind::Audio, config.audio_slots)]
        {
            for _ in 0..slots {
                let mid = changes.add_media(rtc_kind(kind), Direction::RecvOnly, None, None, None);
                down.push(Down { mid, kind });
            }
        }
        let (sdp, pending) =
            changes.apply().ok_or(ClientError::Misuse("an offer without a media section"))?;
        let offer = media_offer(&sdp.to_sdp_string(), &up, &down)?;
        let protocol = config.path.protocol();
        Ok((Self { pending: Some(pending), up, down, tap, ..Self::new(rtc, protocol, local, now) }, offer))
    }

    /// Returns a peer connection that receives what a server offers, over UDP, and the answer to send.
    ///
    /// # Errors
    /// [`ClientError::ServerMisbehaved`] when the offer cannot be read, [`ClientError::Media`] when it cannot be met.
    pub(crate) fn answer(
        offer: &Sdp,
        local: SocketAddr,
        reports_elsewhere: bool,
        now: Instant,
    ) -> Result<(Self, Sdp), ClientError> {
        let parsed = SdpOffer::from_sdp_string(offer.as_str())
            .map_err(|error| ClientError::ServerMisbehaved(format!("its offer cannot be read: {error}")))?;
        let (mut rtc, tap) = build(now, reports_elsewhere);
        let candidate = Candidate::host(local, Protocol::Udp);
        rtc.add_local_candidate(
            candidate.map_err(|_| ClientError::Misuse("the local address cannot be a candidate"))?,
        );
        let answer = rtc.sdp_api().accept_offer(parsed)?;
        let mids = offer.as_str().lines().filter_map(|line| line.strip_prefix("a=mid:"));
        let down = mids
            .take(VIDEO_SLOTS_MAX + AUDIO_SLOTS_ANNOUNCED_MAX)
            .filter_map(|mid| {
                let mid = RtcMid::from(mid.trim_end());
                let kind = match rtc.media(mid)?.kind() {
                    RtcKind::Audio => MediaKind::Audio,
                    RtcKind::Video => MediaKind::Video,
                };
                Some(Down { mid, kind })
            })
            .collect();
        let answer = answer.to_sdp_string().parse();
        let answer =
            answer.map_err(|_| ClientError::Misuse("the answer is longer than the protocol allows"))?;
        let mut peer = Self { down, tap, ..Self::new(rtc, Protocol::Udp, local, now) };
        peer.handle_timeout(now)?;
        Ok((peer, answer))
    }

    fn new(rtc: Rtc, protocol: Protocol, local: SocketAddr, now: Instant) -> Self {
        Self {
            rtc,
            pending: None,
            up: Vec::new(),
            down: Vec::new(),
            slot_by_ssrc: HashMap::new(),
            protocol,
            local,
            outputs: VecDeque::new(),
            timeout: now,
            lost: false,
            tap: None,
            arrived_ns: 0,
            wire_bytes: 0,
        }
    }

    /// Takes the server's answer; connecting starts. Only the first answer is taken.
    ///
    /// # Errors
    /// [`ClientError::ServerMisbehaved`] when the answer cannot be read, [`ClientError::Media`] when it does
    /// not fit the offer.
    pub fn accept(&mut self, answer: &Sdp, now: Instant) -> Result<(), ClientError> {
        let answer = SdpAnswer::from_sdp_string(answer.as_str())
            .map_err(|error| ClientError::ServerMisbehaved(format!("its answer cannot be read: {error}")))?;
        let pending = self.pending.take().ok_or(ClientError::Misuse("the offer was answered already"))?;
        self.rtc.sdp_api().accept_answer(pending, answer)?;
        self.drain()?;
        self.rtc.handle_input(Input::Timeout(now))?;
        self.drain()?;
        for up in &mut self.up {
            let accepted = self.rtc.media(up.mid).map(|media| media.remote_pts()).unwrap_or_default();
            let params = self.rtc.codec_config().params().iter();
            let accepted = params.filter(|params| accepted.contains(&params.pt()));
            up.payload_types =
                accepted.filter_map(|params| Some((codec(params.spec().codec)?, params.pt()))).collect();
        }
        Ok(())
    }

    /// Returns whether the other side takes this codec of a source.
    pub(crate) fn takes(&self, source: Source, codec: Codec) -> bool {
        let of_source = self.up.iter().filter(|up| up.source == source);
        of_source.flat_map(|up| &up.payload_types).any(|(known, _)| *known == codec)
    }

    /// Returns the section's tag and kind of each down-slot, in the order of [`ReceivedPacket::slot`].
    pub fn slots(&self) -> impl Iterator<Item = (String, MediaKind)> + '_ {
        self.down.iter().map(|down| (down.mid.to_string(), down.kind))
    }

    /// Returns the keys of SRTP, for reports that are made elsewhere; nothing before it is connected.
    pub(crate) fn keys(&self) -> Option<&Keys> {
        self.tap.as_ref().and_then(KeyTap::keys)
    }

    /// Returns the extension in which the other side numbers all its packets, if it does.
    pub(crate) fn transport_id(&self) -> Option<u8> {
        let extensions = |down: &Down| self.rtc.media(down.mid).map(|media| media.remote_extmap());
        self.down.iter().filter_map(extensions).find_map(|map| map.id_of(Extension::TransportSequenceNumber))
    }

    /// Takes a packet from the socket, which the kernel received at `arrived_ns`, in unix nanoseconds. What cannot be
    /// read is dropped: anybody can send anything to a port.
    ///
    /// # Errors
    /// [`ClientError::Media`] when the connection cannot go on.
    pub fn handle_packet(
        &mut self,
        now: Instant,
        arrived_ns: u64,
        source: SocketAddr,
        packet: &[u8],
    ) -> Result<(), ClientError> {
        (self.arrived_ns, self.wire_bytes) = (arrived_ns, packet.len());
        let Ok(receive) = Receive::new(self.protocol, source, self.local, packet) else { return Ok(()) };
        self.rtc.handle_input(Input::Receive(now, receive))?;
        self.drain()
    }

    /// Says that the time has come.
    ///
    /// # Errors
    /// [`ClientError::Media`] when the connection cannot go on.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), ClientError> {
        self.rtc.handle_input(Input::Timeout(now))?;
        self.drain()
    }

    /// Sends a packet. Dropped while not connected, and for sources that the answer did not take.
    ///
    /// # Errors
    /// [`ClientError::Media`] when the connection cannot go on.
    pub(crate) fn send(&mut self, now: Instant, packet: Outgoing<'_>) -> Result<(), ClientError> {
        if !self.rtc.is_connected() {
            return Ok(());
        }
        let found = self.up.iter_mut().find(|up| up.source == packet.source && up.layer == packet.layer);
        let Some(up) = found else { return Ok(()) };
        let payload_type = up.payload_types.iter().find(|(codec, _)| *codec == packet.codec);
        let (Some((_, payload_type)), mid, rid) = (payload_type.copied(), up.mid, up.rid) else {
            return Ok(());
        };
        let sequence = up.next_sequence.inc();
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(mid, rid) else { return Ok(()) };
        stream.write_rtp(
            RtpWrite::new(payload_type, sequence, packet.time, now, packet.payload)
                .marker(packet.marker)
                .nackable(packet.source.kind() == MediaKind::Video),
        );
        self.drain()
    }

    /// Asks whoever fills this slot for a key frame.
    ///
    /// # Errors
    /// [`ClientError::Media`] when the connection cannot go on.
    pub fn request_key_frame(&mut self, slot: usize) -> Result<(), ClientError> {
        let Some(mid) = self.down.get(slot).map(|down| down.mid) else { return Ok(()) };
        if let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(mid, None) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
        self.drain()
    }

    /// Says goodbye to the other side, as far as packets can.
    pub fn close(&mut self) {
        // A connection that cannot say goodbye is as gone as one that can.
        if self.rtc.close().is_ok() {
            drop(self.drain());
        }
    }

    /// Returns the next thing to do; `Timeout` when that is all.
    pub fn poll_output(&mut self) -> PeerOutput {
        self.outputs.pop_front().unwrap_or(PeerOutput::Timeout(self.timeout))
    }

    fn drain(&mut self) -> Result<(), ClientError> {
        for _ in 0..OUTPUTS_MAX {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => {
                    self.timeout = at;
                    break;
                }
                Output::Transmit(transmit) => self.outputs.push_back(PeerOutput::Transmit {
                    destination: transmit.destination,
                    contents: transmit.contents.into(),
                }),
                Output::Event(event) => self.handle_event(event),
            }
        }
        if !self.rtc.is_alive() && !self.lost {
            self.lost = true;
            self.outputs.push_back(PeerOutput::Event(PeerEvent::Lost));
        }
        if self.lost {
            self.timeout += Duration::from_secs(3_600);
        }
        Ok(())
    }

    fn handle_event(&mut self, event: Event) {
        let event = match event {
            Event::Connected => Some(PeerEvent::Connected),
            Event::IceConnectionStateChange(state) if state.is_disconnected() && !self.lost => {
                self.lost = true;
                Some(PeerEvent::Lost)
            }
            Event::KeyframeRequest(request) => {
                self.up.iter().find(|up| up.mid == request.mid).map(|up| PeerEvent::KeyFrameWanted {
                    source: up.source,
                    layer: request.rid.and_then(|rid| Layer::from_rid(&rid)),
                })
            }
            Event::RtpPacket(packet) => self.received(packet).map(PeerEvent::Packet),
            _ => None,
        };
        if let Some(event) = event {
            self.outputs.push_back(PeerOutput::Event(event));
        }
    }

    fn codec_of(&self, payload_type: Pt) -> Option<Codec> {
        let params = self.rtc.codec_config().params().iter().find(|params| params.pt() == payload_type)?;
        codec(params.spec().codec)
    }

    fn received(&mut self, packet: RtpPacket) -> Option<ReceivedPacket> {
        let ssrc = packet.header.ssrc;
        let slot = match self.slot_by_ssrc.get(&ssrc) {
            Some(slot) => *slot,
            None => {
                let mid = self.rtc.direct_api().stream_rx(&ssrc)?.mid();
                let slot = self.down.iter().position(|down| down.mid == mid)?;
                // A slot keeps its stream; a server that changes it often must not grow the table.
                self.slot_by_ssrc.retain(|_, other| *other != slot);
                self.slot_by_ssrc.insert(ssrc, slot);
                slot
            }
        };
        let srtp_tag_bytes = self.wire_bytes.saturating_sub(packet.header.header_len + packet.payload.len());
        Some(ReceivedPacket {
            slot,
            ssrc: *ssrc,
            codec: self.codec_of(packet.header.payload_type)?,
            sequence: *packet.seq_no,
            time: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload,
            at: packet.timestamp,
            arrived_ns: self.arrived_ns,
            srtp_tag_bytes,
        })
    }
}

fn build(now: Instant, taps_keys: bool) -> (Rtc, Option<KeyTap>) {
    let build = |provider| {
        let mut config = RtcConfig::new()
            .set_crypto_provider(Arc::new(provider))
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .enable_vp9(true)
            .set_rtp_mode(true);
        config.set_max_stun_rto(CHECK_INTERVAL);
        config.build(now)
    };
    if !taps_keys {
        return (build(crypto::from_feature_flags()), None);
    }
    let tap = KeyTap::default();
    (tap.of(build), Some(tap))
}

const fn codec(codec: RtcCodec) -> Option<Codec> {
    match codec {
        RtcCodec::Opus => Some(Codec::Opus),
        RtcCodec::Vp8 => Some(Codec::Vp8),
        RtcCodec::Vp9 => Some(Codec::Vp9),
        _ => None,
    }
}

fn rtc_kind(kind: MediaKind) -> RtcKind {
    match kind {
        MediaKind::Audio => RtcKind::Audio,
        MediaKind::Video => RtcKind::Video,
    }
}

fn simulcast() -> Simulcast {
    let mut simulcast = Simulcast::new();
    for layer in Layer::ALL {
        simulcast.add_send_layer(SimulcastLayer::new(layer.rid()));
    }
    simulcast
}

fn local_candidate(config: &PeerConfig) -> Result<Candidate, ClientError> {
    let candidate = match config.path {
        Path::Udp => Candidate::host(config.local, Protocol::Udp),
        Path::Tcp => {
            // RFC 6544 section 4.5: an active candidate has port 9, for the real one is not known yet.
            let address = SocketAddr::new(config.local.ip(), 9);
            Candidate::builder().tcp().host(address).tcptype(TcpType::Active).build()
        }
    };
    candidate.map_err(|_| ClientError::Misuse("the local address cannot be a candidate"))
}

fn media_offer(sdp: &str, up: &[Up], down: &[Down]) -> Result<MediaOffer, ClientError> {
    let wire_mid = |mid: RtcMid| {
        Mid::try_from(mid.to_string()).map_err(|_| ClientError::Misuse("a section's tag is not one"))
    };
    let mut sections: Vec<UpSlot> = Vec::new();
    for up in up.iter().filter(|up| matches!(up.layer, None | Some(Layer::Low))) {
        sections.push(UpSlot { mid: wire_mid(up.mid)?, source: up.source });
    }
    let down = down
        .iter()
        .map(|down| Ok(DownSlot { mid: wire_mid(down.mid)?, kind: down.kind }))
        .collect::<Result<_, ClientError>>()?;
    let sdp = sdp.parse().map_err(|_| ClientError::Misuse("the offer is longer than the protocol allows"))?;
    Ok(MediaOffer { sdp, up: sections, down })
}
