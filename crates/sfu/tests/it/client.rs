//! A browser, as far as a shard can tell: offers up-slots with simulcast and down-slots, sends synthetic
//! Opus and VP8 or VP9, answers key frame requests and keeps what it received.

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant, SystemTime},
};

use sabha_protocol::{DownSlot, Layer, MediaKind, Mid, Sdp, Source, UpSlot};
use sabha_sfu::Transport;
use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    change::{SdpAnswer, SdpPendingOffer},
    format::Codec,
    media::{Direction, KeyframeRequestKind, Simulcast, SimulcastLayer},
    net::{DatagramRecv, Protocol, Receive, TcpType},
    rtp::{Extension, ExtensionSerializer, ExtensionValues, RtpPacket, RtpWrite, Vp8Descriptor},
};

const FRAME: Duration = Duration::from_millis(33);
const SOUND: Duration = Duration::from_millis(20);
const DTX: Duration = Duration::from_millis(400);

/// What a browser can do.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) sources: Vec<Source>,
    pub(crate) simulcast: bool,
    pub(crate) audio_slots: usize,
    pub(crate) video_slots: usize,
    pub(crate) transport: Transport,
    /// Offers VP9 besides VP8, and sends its screen in it.
    pub(crate) knows_vp9: bool,
    /// Every other picture is of a higher temporal layer.
    pub(crate) two_temporal_layers: bool,
    /// Says so in a Dependency Descriptor, and in VP9 nowhere else.
    pub(crate) describes_dependencies: bool,
    /// From when a picture is taken to when it is sent.
    pub(crate) picture_delay: Duration,
}

const DEPENDENCY_DESCRIPTOR: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
/// What follows the first three bytes of the descriptor of a key frame in two temporal layers, as Chromium 156 writes it.
const DEPENDENCY_STRUCTURE: [u8; 14] =
    [0x80, 0x01, 0x04, 0xea, 0xac, 0x85, 0x14, 0x50, 0x46, 0x04, 0x04, 0xfc, 0x02, 0xcc];

/// The bytes of a Dependency Descriptor.
#[derive(Debug)]
struct Dependencies(Vec<u8>);

/// Writes them.
#[derive(Debug)]
struct DependencySerializer;

impl ExtensionSerializer for DependencySerializer {
    fn write_to(&self, buffer: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(Dependencies(bytes)) = values.user_values.get() else { return 0 };
        buffer[..bytes.len()].copy_from_slice(bytes);
        bytes.len()
    }

    fn parse_value(&self, _: &[u8], _: &mut ExtensionValues) -> bool {
        true
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }

    fn requires_two_byte_form(&self, values: &ExtensionValues) -> bool {
        values.user_values.get::<Dependencies>().is_none_or(|Dependencies(bytes)| bytes.len() > 16)
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            sources: vec![Source::Microphone, Source::Camera],
            simulcast: true,
            audio_slots: 4,
            video_slots: 4,
            transport: Transport::Udp,
            knows_vp9: false,
            two_temporal_layers: false,
            describes_dependencies: false,
            picture_delay: Duration::ZERO,
        }
    }
}

/// A packet that arrived in a down-slot.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) at: Instant,
    pub(crate) mid: Mid,
    pub(crate) kind: MediaKind,
    pub(crate) ssrc: u32,
    pub(crate) seq: u64,
    pub(crate) timestamp: u32,
    /// Of the last sender report of its stream: its date, from 1970 on, and its timestamp.
    pub(crate) reported: Option<(Duration, u32)>,
    pub(crate) codec: Codec,
    pub(crate) picture: Option<u16>,
    pub(crate) tl0: Option<u8>,
    /// The temporal layer of a picture.
    pub(crate) temporal: u8,
    /// It needs nothing older of its temporal layer.
    pub(crate) syncs: bool,
    pub(crate) starts_keyframe: bool,
    /// Number of the client that made it, as written in its payload.
    pub(crate) from: u8,
    pub(crate) source: Source,
    pub(crate) layer: Layer,
    pub(crate) frame: u32,
}

#[derive(Debug)]
struct Sender {
    mid: Mid,
    layer: Layer,
    rid: Option<&'static str>,
    next: Instant,
    seq: u64,
    timestamp: u32,
    frame: u32,
    /// Pictures since the last key frame.
    since_keyframe: u32,
    tl0: u8,
    codec: Codec,
    needs_keyframe: bool,
    enabled: bool,
}

pub(crate) struct Client {
    pub(crate) number: u8,
    pub(crate) address: SocketAddr,
    /// Where its packets seem to come from.
    pub(crate) outer_address: SocketAddr,
    pub(crate) profile: Profile,
    pub(crate) rtc: Rtc,
    pub(crate) up: Vec<UpSlot>,
    pub(crate) down: Vec<DownSlot>,
    pub(crate) offer: Sdp,
    pub(crate) received: Vec<Received>,
    /// Packets of sound and of pictures that it sent, retransmissions apart.
    pub(crate) sent_packets: [usize; 2],
    pub(crate) keyframe_requests: Vec<(Instant, Source, Layer)>,
    /// Speaks, or keeps silent with discontinuous transmission.
    pub(crate) is_talking: bool,
    pub(crate) is_sending: bool,
    pub(crate) is_connected: bool,
    pub(crate) is_closed: bool,
    pending: Option<SdpPendingOffer>,
    senders: HashMap<(Source, Layer), Sender>,
    pub(crate) wake: Instant,
}

impl Client {
    pub(crate) fn new(number: u8, address: SocketAddr, profile: Profile, now: Instant) -> Self {
        let mut config =
            RtcConfig::new().set_rtp_mode(true).clear_codecs().enable_opus(true, false).enable_vp8(true);
        if profile.knows_vp9 {
            config = config.enable_vp9(true);
        }
        if profile.describes_dependencies {
            let extension = Extension::with_serializer(DEPENDENCY_DESCRIPTOR, DependencySerializer);
            config = config.set_extension(13, extension);
        }
        let mut rtc = config.enable_bwe(Some(str0m::bwe::Bitrate::mbps(5))).build(now);
        let candidate = match profile.transport {
            Transport::Udp => Candidate::builder().udp().host(address).build(),
            Transport::Tcp => Candidate::builder().tcp().host(address).tcptype(TcpType::Active).build(),
        };
        rtc.add_local_candidate(candidate.unwrap());

        let mut changes = rtc.sdp_api();
        let mut up = Vec::new();
        for &source in &profile.sources {
            let simulcast = (source == Source::Camera && profile.simulcast).then(|| {
                let mut simulcast = Simulcast::new();
                Layer::ALL
                    .iter()
                    .for_each(|layer| simulcast.add_send_layer(SimulcastLayer::new(layer.rid())));
                simulcast
            });
            let mid = changes.add_media(kind(source.kind()), Direction::SendOnly, None, None, simulcast);
            up.push(UpSlot { mid: protocol_mid(mid), source });
        }
        let mut down = Vec::new();
        for (slots, of) in [(profile.audio_slots, MediaKind::Audio), (profile.video_slots, MediaKind::Video)]
        {
            for _ in 0..slots {
                let mid = changes.add_media(kind(of), Direction::RecvOnly, None, None, None);
                down.push(DownSlot { mid: protocol_mid(mid), kind: of });
            }
        }
        let (offer, pending) = changes.apply().unwrap();

        Self {
            number,
            address,
            outer_address: address,
            rtc,
            up,
            down,
            offer: Sdp::try_from(offer.to_sdp_string()).unwrap(),
            received: Vec::new(),
            sent_packets: [0; 2],
            keyframe_requests: Vec::new(),
            is_talking: false,
            is_sending: true,
            is_connected: false,
            is_closed: false,
            pending: Some(pending),
            senders: HashMap::new(),
            wake: now,
            profile,
        }
    }

    pub(crate) fn accept(&mut self, answer: &Sdp, now: Instant) {
        let answer = SdpAnswer::from_sdp_string(answer.as_str()).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
        self.wake = now;
    }

    pub(crate) fn set_layers(&mut self, source: Source, layers: &[Layer]) {
        for ((of, layer), sender) in &mut self.senders {
            if *of == source {
                let enable = layers.contains(layer);
                // An encoder that starts again starts with a key frame.
                sender.needs_keyframe |= enable && !sender.enabled;
                sender.enabled = enable;
            }
        }
    }

    /// Goes on in another codec, from a key frame on.
    pub(crate) fn set_codec(&mut self, source: Source, codec: Codec) {
        for ((of, _), sender) in &mut self.senders {
            if *of == source {
                sender.codec = codec;
                sender.needs_keyframe = true;
            }
        }
    }

    /// Goes on in another codec, whose first key frame never leaves.
    pub(crate) fn set_codec_without_keyframe(&mut self, source: Source, codec: Codec) {
        self.set_codec(source, codec);
        self.senders.values_mut().for_each(|sender| sender.needs_keyframe = false);
    }

    /// Goes on under another SSRC, as a hostile client would do all the time.
    pub(crate) fn change_ssrc(&mut self, source: Source) {
        let senders = self.senders.iter_mut().filter(|((of, _), _)| *of == source);
        for (_, sender) in senders {
            let mut direct = self.rtc.direct_api();
            let (ssrc, rtx) = (direct.new_ssrc(), direct.new_ssrc());
            let rid = sender.rid.map(Into::into);
            direct.reset_stream_tx(sender.mid.as_str().into(), rid, ssrc, Some(rtx));
            sender.seq = 1;
        }
    }

    /// Leaves out numbers, as if as many packets had been lost.
    pub(crate) fn skip_numbers(&mut self, source: Source, by: u64) {
        let senders = self.senders.iter_mut().filter(|((of, _), _)| *of == source);
        senders.for_each(|(_, sender)| sender.seq += by);
    }

    /// Says that it cannot decode what it receives.
    pub(crate) fn request_keyframes(&mut self) {
        let pictures = self.down.iter().filter(|slot| slot.kind == MediaKind::Video);
        for slot in pictures {
            let mut direct = self.rtc.direct_api();
            if let Some(stream) = direct.stream_rx_by_mid(slot.mid.as_str().into(), None) {
                stream.request_keyframe(KeyframeRequestKind::Pli);
            }
        }
    }

    pub(crate) fn packet(&mut self, now: Instant, source: SocketAddr, contents: &[u8]) {
        let proto = match self.profile.transport {
            Transport::Udp => Protocol::Udp,
            Transport::Tcp => Protocol::Tcp,
        };
        let Ok(contents) = DatagramRecv::try_from(contents) else { return };
        let receive = Receive { proto, source, destination: self.address, contents };
        let _ = self.rtc.handle_input(Input::Receive(now, receive));
        self.wake = now;
    }

    /// Does what is due and hands out what is to be sent, as destination and bytes.
    pub(crate) fn run(&mut self, now: Instant, transmit: &mut Vec<(SocketAddr, Vec<u8>)>) {
        self.drain(now, transmit);
        while let Some(key) = self.due(now) {
            self.produce(now, key);
            self.drain(now, transmit);
        }
    }

    /// Returns when to call `run` next.
    pub(crate) fn next(&self) -> Instant {
        let senders = self.senders.values().filter(|_| self.is_sending).map(|sender| sender.next);
        senders.chain([self.wake]).min().unwrap()
    }

    fn due(&self, now: Instant) -> Option<(Source, Layer)> {
        let ready = self.is_connected && self.is_sending;
        self.senders.iter().find(|(_, sender)| ready && sender.next <= now).map(|(key, _)| *key)
    }

    fn drain(&mut self, now: Instant, transmit: &mut Vec<(SocketAddr, Vec<u8>)>) {
        for _ in 0..1000 {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(packet)) => transmit.push((packet.destination, packet.contents.to_vec())),
                Ok(Output::Event(event)) => self.event(now, event),
                Ok(Output::Timeout(at)) if at > now => {
                    self.wake = at;
                    return;
                }
                Ok(Output::Timeout(_)) => {
                    let _ = self.rtc.handle_input(Input::Timeout(now));
                }
                Err(_) => {
                    self.is_closed = true;
                    break;
                }
            }
        }
        self.wake = now + Duration::from_millis(1);
    }

    fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Connected => {
                self.is_connected = true;
                self.start(now);
            }
            Event::Closed => self.is_closed = true,
            Event::KeyframeRequest(request) => {
                let rid = request.rid.map(|rid| Layer::from_rid(rid.trim_end()).unwrap());
                let mid = protocol_mid(request.mid);
                let source = self.up.iter().find(|slot| slot.mid == mid).unwrap().source;
                let layer = rid.unwrap_or(Layer::High);
                self.keyframe_requests.push((now, source, layer));
                self.senders.get_mut(&(source, layer)).unwrap().needs_keyframe = true;
            }
            Event::RtpPacket(packet) => self.received(now, packet),
            _ => {}
        }
    }

    fn start(&mut self, now: Instant) {
        for slot in &self.up {
            let layers: &[(Layer, Option<&'static str>)] =
                if slot.source == Source::Camera && self.profile.simulcast {
                    &[(Layer::Low, Some("l")), (Layer::Medium, Some("m")), (Layer::High, Some("h"))]
                } else {
                    &[(Layer::High, None)]
                };
            let codec = match slot.source {
                Source::Microphone | Source::ScreenAudio => Codec::Opus,
                Source::Screen if self.profile.knows_vp9 => Codec::Vp9,
                Source::Camera | Source::Screen => Codec::Vp8,
            };
            for &(layer, rid) in layers {
                let salt = u32::from(self.number) * 1000 + layer as u32 * 100;
                self.senders.insert(
                    (slot.source, layer),
                    Sender {
                        mid: slot.mid.clone(),
                        layer,
                        rid,
                        next: now,
                        seq: u64::from(salt) + 1,
                        timestamp: salt.wrapping_mul(0x0101_0101),
                        frame: 0,
                        since_keyframe: 0,
                        tl0: 0,
                        codec,
                        needs_keyframe: true,
                        enabled: true,
                    },
                );
            }
        }
    }

    fn produce(&mut self, now: Instant, key: (Source, Layer)) {
        let sender = self.senders.get_mut(&key).unwrap();
        let (packets, bytes, step) = match key.0.kind() {
            MediaKind::Audio => {
                let (gap, bytes) = if self.is_talking { (SOUND, 90) } else { (DTX, 3) };
                sender.next = now + gap;
                (1, bytes, gap.as_millis() as u32 * 48)
            }
            MediaKind::Video => {
                sender.next = now + FRAME;
                let packets = [1, 2, 5][key.1 as usize] * if sender.needs_keyframe { 3 } else { 1 };
                // About 150, 500 and 1300 kbit/s.
                (packets, if key.1 == Layer::Low { 600 } else { 1000 }, 2970)
            }
        };
        let codec = sender.codec;
        let keyframe = std::mem::take(&mut sender.needs_keyframe);
        sender.timestamp = sender.timestamp.wrapping_add(step);
        sender.frame += 1;
        sender.since_keyframe = if keyframe { 0 } else { sender.since_keyframe + 1 };
        // Layer 0 and 1 in turns; every other picture of layer 1 needs only the one before it.
        let place = if self.profile.two_temporal_layers { sender.since_keyframe % 4 } else { 0 };
        let (temporal, syncs) = ((place % 2) as u8, place == 1);
        sender.tl0 = sender.tl0.wrapping_add(u8::from(temporal == 0));
        if !sender.enabled {
            return;
        }
        let pt =
            self.rtc.codec_config().params().iter().find(|params| params.spec().codec == codec).unwrap().pt();
        for index in 0..packets {
            let mut payload = Vec::with_capacity(bytes);
            let picture = (0x8000 | sender.frame as u16).to_be_bytes();
            match codec {
                // X, and S on the first packet; I, L and T; PictureID of 15 bits; TL0PICIDX; TID and Y; P bit.
                Codec::Vp8 => {
                    payload.extend([0x80 | u8::from(index == 0) << 4, 0xe0]);
                    payload.extend(picture);
                    let layer = temporal << 6 | u8::from(syncs) << 5;
                    payload.extend([sender.tl0, layer, u8::from(!keyframe)]);
                }
                // I, P unless a key frame, L, B on the first packet, E on the last; picture id of 15 bits; T, and U
                // before a picture of layer 1 that needs only this one; TL0PICIDX. Then a byte that would be a key frame's in VP8: it must not be looked at.
                Codec::Vp9 => {
                    let ends = u8::from(index == 0) << 3 | u8::from(index + 1 == packets) << 2;
                    payload.push(0xa0 | u8::from(!keyframe) << 6 | ends);
                    payload.extend(picture);
                    let opens = self.profile.two_temporal_layers && place == 0;
                    payload.extend([temporal << 5 | u8::from(opens) << 4, sender.tl0, 0, 0]);
                    if self.profile.describes_dependencies {
                        // No L: what would be layers is part of the frame.
                        payload[0] &= !0x20;
                    }
                }
                _ => {}
            }
            payload.extend([self.number, key.0 as u8, sender.layer as u8]);
            payload.extend(sender.frame.to_be_bytes());
            if payload.len() < bytes {
                payload.resize(bytes, 0);
            } else if codec == Codec::Opus {
                payload.truncate(bytes);
            }
            let mut values = ExtensionValues::default();
            if self.profile.describes_dependencies && key.0.kind() == MediaKind::Video {
                // The structure's templates: key frame, layer 0 twice, layer 1 with and without a beginning.
                let template = if keyframe { 0 } else { [1, 3, 2, 4][place as usize] };
                let ends = u8::from(index == 0) << 7 | u8::from(index + 1 == packets) << 6;
                let [high, low] = (sender.frame as u16).to_be_bytes();
                let mut descriptor = vec![ends | template, high, low];
                if keyframe && index == 0 {
                    descriptor.extend(DEPENDENCY_STRUCTURE);
                }
                values.user_values.set(Dependencies(descriptor));
            }
            let taken = match key.0.kind() {
                MediaKind::Audio => now,
                MediaKind::Video => now - self.profile.picture_delay,
            };
            let write = RtpWrite::new(pt, sender.seq.into(), sender.timestamp, taken, payload)
                .ext_vals(values)
                .marker(index + 1 == packets)
                .nackable(codec != Codec::Opus);
            let rid = sender.rid.map(Into::into);
            let mut direct = self.rtc.direct_api();
            direct.stream_tx_by_mid(sender.mid.as_str().into(), rid).unwrap().write_rtp(write);
            sender.seq += 1;
        }
        self.sent_packets[key.0.kind() as usize] += packets;
    }

    fn received(&mut self, now: Instant, packet: RtpPacket) {
        let ssrc = packet.header.ssrc;
        let mid = self.rtc.direct_api().stream_rx(&ssrc).unwrap().mid();
        let mid = protocol_mid(mid);
        let kind = self.down.iter().find(|slot| slot.mid == mid).expect("it came in a down-slot").kind;
        let params = self.rtc.codec_config().params().iter();
        let codec = params
            .filter(|params| params.pt() == packet.header.payload_type)
            .map(|params| params.spec().codec)
            .next()
            .expect("its codec was negotiated");
        let (picture, tl0, starts_keyframe) = describe(codec, &packet.payload);
        let (temporal, syncs) = match codec {
            Codec::Vp8 => (packet.payload[5] >> 6, packet.payload[5] & 0x20 != 0),
            Codec::Vp9 => (packet.payload[3] >> 5, false),
            _ => (0, false),
        };
        let body = &packet.payload[if codec == Codec::Opus { 0 } else { 7 }..];
        self.received.push(Received {
            at: now,
            mid,
            kind,
            ssrc: *ssrc,
            seq: *packet.seq_no,
            timestamp: packet.header.timestamp,
            reported: packet.last_sender_info.map(|info| {
                let date = info.ntp_time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
                (date, info.rtp_time.numer() as u32)
            }),
            codec,
            picture,
            tl0,
            temporal,
            syncs,
            starts_keyframe,
            from: body[0],
            source: Source::ALL[usize::from(body[1])],
            layer: Layer::ALL[usize::from(body[2])],
            frame: body.get(3..7).map_or(0, |bytes| u32::from_be_bytes(bytes.try_into().unwrap())),
        });
    }

    /// Returns what arrived from a source of another client since `from`.
    pub(crate) fn got(&self, from: usize, source: Source, since: Instant) -> Vec<&Received> {
        let wanted = |packet: &&Received| {
            usize::from(packet.from) == from && packet.source == source && packet.at >= since
        };
        self.received.iter().filter(wanted).collect()
    }
}

/// Returns picture id and TL0PICIDX of a payload that a client made, and whether a key frame starts in it.
fn describe(codec: Codec, payload: &[u8]) -> (Option<u16>, Option<u8>, bool) {
    match codec {
        Codec::Vp8 => {
            let vp8 = Vp8Descriptor::parse(payload).unwrap();
            (vp8.picture_id(), vp8.tl0_pic_idx(), vp8.starts_keyframe(payload))
        }
        Codec::Vp9 => {
            let picture = u16::from_be_bytes([payload[1] & 0x7f, payload[2]]);
            (Some(picture), Some(payload[4]), payload[0] & 0x48 == 0x08)
        }
        _ => (None, None, false),
    }
}

fn kind(kind: MediaKind) -> str0m::media::MediaKind {
    match kind {
        MediaKind::Audio => str0m::media::MediaKind::Audio,
        MediaKind::Video => str0m::media::MediaKind::Video,
    }
}

fn protocol_mid(mid: str0m::media::Mid) -> Mid {
    mid.trim_end().to_owned().try_into().unwrap()
}
