//! A peer of webrtc.rs: offers up-slots and down-slots as a browser does, sends synthetic Opus and VP8, and keeps what it
//! received and was told.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use rtc::{
    interceptor::{
        BandwidthEstimator, Gcc, Interceptor, NackGeneratorBuilder, Packet as Intercepted, PacketReport,
        Registry, Slot, StreamInfo, TaggedPacket,
    },
    media_stream::MediaStreamTrack,
    peer_connection::{
        RTCPeerConnection, RTCPeerConnectionBuilder,
        configuration::{
            interceptor_registry::{
                CongestionFeedback, configure_congestion_control, configure_nack, configure_rtcp_reports,
                configure_simulcast_extension_headers,
            },
            media_engine::{MIME_TYPE_OPUS, MIME_TYPE_RTX, MIME_TYPE_VP8, MediaEngine},
        },
        event::RTCPeerConnectionEvent,
        message::{RTCMessage, TaggedRTCMessage},
        sdp::RTCSessionDescription,
        state::RTCPeerConnectionState,
        transport::{CandidateConfig, CandidateHostConfig, RTCDtlsTransportState, RTCIceCandidate},
    },
    rtcp::{
        self, payload_feedbacks::picture_loss_indication::PictureLossIndication,
        receiver_report::ReceiverReport, reception_report::ReceptionReport, sender_report::SenderReport,
        transport_feedbacks::transport_layer_nack::TransportLayerNack,
    },
    rtp::{header::Header, packet::Packet},
    rtp_transceiver::{
        RTCRtpSenderId, RTCRtpTransceiverDirection, RTCRtpTransceiverInit,
        rtp_sender::{
            RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
            RTCRtpRtxParameters, RtpCodecKind,
        },
    },
    sansio::Protocol,
    shared::{TaggedBytesMut, TransportContext, TransportProtocol, error::Error},
};
use sabha_protocol::{DownSlot, Layer, MediaKind, Mid, Sdp, Source, UpSlot};

const FRAME: Duration = Duration::from_millis(33);
const SOUND: Duration = Duration::from_millis(20);
pub(crate) const OPUS: u8 = 111;
pub(crate) const VP8: u8 = 96;
pub(crate) const RTX: u8 = 97;
/// How often it asks for what is missing, and how many times for the same.
const NACKS: Duration = Duration::from_millis(50);
const NACKS_MAX: u16 = 4;
/// What the first SSRC is; each stream has the next two, for itself and for what repairs it.
const SSRC: u32 = 0x00f0_0000;

/// What it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Camera {
    Single,
    Simulcast,
}

/// A packet that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) at: Instant,
    pub(crate) kind: MediaKind,
    pub(crate) ssrc: u32,
    pub(crate) seq: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload: Bytes,
}

/// RTCP that arrived, by what it is.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) sender_reports: Vec<(Instant, SenderReport)>,
    pub(crate) blocks: Vec<ReceptionReport>,
    pub(crate) nacks: usize,
    pub(crate) key_frames: usize,
}

/// What transport-wide feedback said of the packets that were sent, and what followed from it.
#[derive(Debug, Default)]
pub(crate) struct Feedback {
    pub(crate) arrived: usize,
    pub(crate) lost: usize,
    /// Bits per second.
    pub(crate) estimate: f64,
}

#[derive(Debug)]
struct Sending {
    sender: RTCRtpSenderId,
    mid: String,
    source: Source,
    layer: Layer,
    is_named: bool,
    ssrc: u32,
    next: Instant,
    seq: u16,
    timestamp: u32,
    frame: u32,
    needs_keyframe: bool,
}

pub(crate) struct Foreign {
    pub(crate) number: u8,
    pub(crate) address: SocketAddr,
    pub(crate) up: Vec<UpSlot>,
    pub(crate) down: Vec<DownSlot>,
    pub(crate) offer: Sdp,
    pub(crate) received: Vec<Received>,
    pub(crate) told: Told,
    pub(crate) feedback: Arc<Mutex<Feedback>>,
    /// Packets of media that it handed to its stack.
    pub(crate) written: usize,
    pub(crate) is_connected: bool,
    pub(crate) is_sending: bool,
    pub(crate) has_ended: bool,
    connection: RTCPeerConnection,
    heard: Arc<Mutex<Reports>>,
    sending: Vec<Sending>,
}

/// Its estimator, which somebody looks at from outside.
struct Watched {
    estimator: Gcc,
    feedback: Arc<Mutex<Feedback>>,
}

impl BandwidthEstimator for Watched {
    fn on_reports(&mut self, now: Instant, reports: &[PacketReport]) {
        self.estimator.on_reports(now, reports);
        let mut feedback = self.feedback.lock().unwrap();
        let arrived = reports.iter().filter(|report| report.arrived).count();
        feedback.arrived += arrived;
        feedback.lost += reports.len() - arrived;
        feedback.estimate = self.estimator.target_bitrate();
    }

    fn target_bitrate(&self) -> f64 {
        self.estimator.target_bitrate()
    }
}

type Reports = Vec<Box<dyn rtcp::Packet>>;

/// Hears the RTCP that arrives, which the stack keeps from its application otherwise.
struct Ear {
    heard: Arc<Mutex<Reports>>,
    inward: VecDeque<TaggedPacket>,
    outward: VecDeque<TaggedPacket>,
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Ear {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Intercepted::Rtcp(reports) = &packet.message.packet {
            self.heard.lock().unwrap().extend(reports.iter().cloned());
        }
        self.inward.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.inward.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.outward.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.outward.pop_front()
    }
}

impl Interceptor for Ear {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}

impl Foreign {
    pub(crate) fn new(number: u8, address: SocketAddr, camera: Camera, now: Instant) -> Self {
        let feedback = Arc::new(Mutex::new(Feedback::default()));
        // As much as the pacer needs to let simulcast out at once.
        let estimator = Gcc::new(4_000_000.0, 100_000.0, 20_000_000.0);
        let estimator = Watched { estimator, feedback: Arc::clone(&feedback) };
        let mut engine = MediaEngine::default();
        engine.register_codec(codec(MIME_TYPE_OPUS, OPUS), RtpCodecKind::Audio).unwrap();
        engine.register_codec(codec(MIME_TYPE_VP8, VP8), RtpCodecKind::Video).unwrap();
        engine.register_codec(codec(MIME_TYPE_RTX, RTX), RtpCodecKind::Video).unwrap();
        configure_simulcast_extension_headers(&mut engine).unwrap();
        // Its generator does not notice what comes as a retransmission, and would ask for it on and on.
        let generator =
            NackGeneratorBuilder::new().with_interval(NACKS).with_max_nacks_per_packet(NACKS_MAX).build();
        let registry = configure_nack(Registry::new(), &mut engine).with(Slot::NackGenerator, generator);
        let registry = configure_rtcp_reports(registry);
        let feedback_form = CongestionFeedback::Twcc;
        let registry = configure_congestion_control(registry, estimator, feedback_form, &mut engine).unwrap();
        let heard = Arc::new(Mutex::new(Reports::new()));
        let ear = Ear { heard: Arc::clone(&heard), inward: VecDeque::new(), outward: VecDeque::new() };
        // Nearest to the wire.
        let registry = registry.with(Slot::from(1), ear);
        let mut connection = RTCPeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_interceptor_registry(registry)
            .build(now)
            .unwrap();
        let base_config = CandidateConfig {
            network: "udp".to_owned(),
            address: address.ip().to_string(),
            port: address.port(),
            component: 1,
            ..CandidateConfig::default()
        };
        let host = CandidateHostConfig { base_config, ..CandidateHostConfig::default() };
        let host = RTCIceCandidate::from(&host.new_candidate_host().unwrap()).to_json().unwrap();
        connection.add_local_candidate(host).unwrap();

        let layers: &[Layer] = if camera == Camera::Simulcast { &Layer::ALL } else { &[Layer::High] };
        let mut sending = Vec::new();
        let mut sections = Vec::new();
        for (source, layers) in [(Source::Microphone, &[Layer::High][..]), (Source::Camera, layers)] {
            let kind = codec_kind(source.kind());
            let encodings: Vec<_> = layers
                .iter()
                .enumerate()
                .map(|(index, layer)| {
                    let ssrc = SSRC + 2 * (sending.len() + index) as u32;
                    let rid = if layers.len() > 1 { layer.rid().to_owned() } else { String::new() };
                    let rtx =
                        (source.kind() == MediaKind::Video).then_some(RTCRtpRtxParameters { ssrc: ssrc + 1 });
                    let mime = if source.kind() == MediaKind::Video { MIME_TYPE_VP8 } else { MIME_TYPE_OPUS };
                    RTCRtpEncodingParameters {
                        rtp_coding_parameters: RTCRtpCodingParameters {
                            rid,
                            ssrc: Some(ssrc),
                            rtx,
                            fec: None,
                        },
                        codec: codec(mime, 0).rtp_codec,
                        ..RTCRtpEncodingParameters::default()
                    }
                })
                .collect();
            let name = format!("{source:?}");
            let track = MediaStreamTrack::new(name.clone(), name.clone(), name, kind, encodings.clone());
            let init = RTCRtpTransceiverInit {
                direction: RTCRtpTransceiverDirection::Sendonly,
                streams: vec![],
                send_encodings: encodings,
            };
            let transceiver = connection.add_transceiver_from_track(track, Some(init)).unwrap();
            let sender = connection.rtp_transceiver(transceiver).unwrap().sender().unwrap();
            for &layer in layers {
                sending.push(Sending {
                    sender,
                    mid: String::new(),
                    source,
                    layer,
                    is_named: layers.len() > 1,
                    ssrc: SSRC + 2 * sending.len() as u32,
                    next: now,
                    // The numbers go around during the test.
                    seq: 65_500,
                    timestamp: u32::MAX - 90_000,
                    frame: 0,
                    needs_keyframe: true,
                });
            }
            sections.push((transceiver, Some(source), source.kind()));
        }
        for kind in [MediaKind::Audio, MediaKind::Audio, MediaKind::Video, MediaKind::Video] {
            sections.push((
                connection.add_transceiver_from_kind(codec_kind(kind), None).unwrap(),
                None,
                kind,
            ));
        }

        let offer = connection.create_offer(None).unwrap();
        connection.set_local_description(now, offer.clone()).unwrap();
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for (transceiver, source, kind) in sections {
            let mid = connection.rtp_transceiver(transceiver).unwrap().mid().clone().unwrap();
            let streams = sending.iter_mut().filter(|sending| Some(sending.source) == source);
            streams.for_each(|sending| sending.mid.clone_from(&mid));
            let mid = Mid::try_from(mid).unwrap();
            match source {
                Some(source) => up.push(UpSlot { mid, source }),
                None => down.push(DownSlot { mid, kind }),
            }
        }
        let offer = Sdp::try_from(offer.sdp).unwrap();
        Self {
            number,
            address,
            up,
            down,
            offer,
            received: Vec::new(),
            told: Told::default(),
            feedback,
            written: 0,
            is_connected: false,
            is_sending: true,
            has_ended: false,
            connection,
            heard,
            sending,
        }
    }

    pub(crate) fn accept(&mut self, now: Instant, answer: &Sdp) {
        let answer = RTCSessionDescription::answer(answer.as_str().to_owned()).unwrap();
        self.connection.set_remote_description(now, answer).unwrap();
    }

    pub(crate) fn packet(&mut self, now: Instant, from: SocketAddr, contents: &[u8]) {
        let transport = TransportContext {
            local_addr: self.address,
            peer_addr: from,
            ecn: None,
            transport_protocol: TransportProtocol::UDP,
        };
        let message = BytesMut::from(contents);
        self.connection.handle_read(TaggedBytesMut { now, transport, message }).unwrap();
        self.drain(now);
    }

    /// Does what is due, and returns the datagrams that are to be sent.
    pub(crate) fn run(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.connection.poll_timeout().is_some_and(|at| at <= now) {
            self.connection.handle_timeout(now).unwrap();
        }
        while let Some(index) = self.sending.iter().position(|sending| sending.next <= now) {
            self.produce(now, index);
        }
        let mut datagrams = Vec::new();
        while let Some(datagram) = self.connection.poll_write() {
            if datagram.transport.transport_protocol == TransportProtocol::UDP {
                datagrams.push(datagram.message.to_vec());
            }
        }
        self.drain(now);
        datagrams
    }

    /// Says that it cannot decode what arrives under an SSRC.
    pub(crate) fn request_keyframe(&mut self, now: Instant, ssrc: u32) {
        let receivers: Vec<_> = self.connection.get_receivers().collect();
        for id in receivers {
            let Some(mut receiver) = self.connection.rtp_receiver(id) else { continue };
            if receiver.track().ssrcs().any(|of| of == ssrc) {
                let request = PictureLossIndication { sender_ssrc: 1, media_ssrc: ssrc };
                receiver.write_rtcp(now, vec![Box::new(request)]).unwrap();
            }
        }
    }

    /// Returns the SSRC of what it sends last of a source.
    pub(crate) fn ssrc(&self, source: Source) -> u32 {
        self.sending.iter().rfind(|sending| sending.source == source).unwrap().ssrc
    }

    /// Returns whether it knows that the other side closed the connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        let sender = self.connection.rtp_sender(self.sending[0].sender).unwrap();
        sender.transport().is_some_and(|transport| transport.state() == RTCDtlsTransportState::Closed)
    }

    /// Closes the connection.
    pub(crate) fn close(&mut self) {
        self.connection.close().unwrap();
    }

    /// Returns what arrived of a source of the client with `number`, from `since` on, as frame and packet.
    pub(crate) fn got(&self, number: u8, source: Source, since: Instant) -> Vec<(u32, &Received)> {
        let arrived = self.received.iter().filter(|packet| packet.at >= since);
        let arrived = arrived.filter_map(|packet| {
            let body = packet.payload.get(if packet.kind == MediaKind::Video { 7 } else { 0 }..)?;
            let [from, of, _layer, a, b, c, d, ..] = *body else { return None };
            (from == number && of == source as u8).then(|| (u32::from_be_bytes([a, b, c, d]), packet))
        });
        arrived.collect()
    }

    fn drain(&mut self, now: Instant) {
        while let Some(event) = self.connection.poll_event() {
            if let RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) = event {
                match state {
                    RTCPeerConnectionState::Connected if !self.is_connected => {
                        self.is_connected = true;
                        self.sending.iter_mut().for_each(|sending| sending.next = now);
                    }
                    RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed => self.has_ended = true,
                    _ => {}
                }
            }
        }
        while let Some(TaggedRTCMessage { message, .. }) = self.connection.poll_read() {
            if let RTCMessage::RtpPacket(_, packet) = message {
                self.media(now, packet);
            }
        }
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        heard.iter().for_each(|packet| self.control(now, packet.as_ref()));
    }

    fn media(&mut self, now: Instant, packet: Packet) {
        let kind = if packet.header.payload_type == OPUS { MediaKind::Audio } else { MediaKind::Video };
        self.received.push(Received {
            at: now,
            kind,
            ssrc: packet.header.ssrc,
            seq: packet.header.sequence_number,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload,
        });
    }

    fn control(&mut self, now: Instant, packet: &dyn rtcp::Packet) {
        let packet = packet.as_any();
        if let Some(report) = packet.downcast_ref::<SenderReport>() {
            self.told.blocks.extend(report.reports.iter().cloned());
            self.told.sender_reports.push((now, report.clone()));
        } else if let Some(report) = packet.downcast_ref::<ReceiverReport>() {
            self.told.blocks.extend(report.reports.iter().cloned());
        } else if packet.is::<TransportLayerNack>() {
            self.told.nacks += 1;
        } else if let Some(request) = packet.downcast_ref::<PictureLossIndication>() {
            self.told.key_frames += 1;
            let of = self.sending.iter_mut().filter(|sending| sending.ssrc == request.media_ssrc);
            of.for_each(|sending| sending.needs_keyframe = true);
        }
    }

    /// Writes a frame, in the form of those of the other clients.
    fn produce(&mut self, now: Instant, index: usize) {
        let sending = &mut self.sending[index];
        let is_picture = sending.source.kind() == MediaKind::Video;
        let (packets, bytes, step, gap) = if is_picture {
            ([1, 2, 5][sending.layer as usize], 900, 2970, FRAME)
        } else {
            (1, 90, 960, SOUND)
        };
        if !self.is_connected || !self.is_sending {
            sending.next = now + gap;
            return;
        }
        sending.next += gap;
        sending.timestamp = sending.timestamp.wrapping_add(step);
        sending.frame += 1;
        let is_keyframe = std::mem::take(&mut sending.needs_keyframe);
        let ids = ids(&mut self.connection, sending.sender);
        for packet in 0..packets {
            let mut payload = Vec::with_capacity(bytes);
            if is_picture {
                payload.extend([0x80 | u8::from(packet == 0) << 4, 0xe0]);
                payload.extend((0x8000 | sending.frame as u16).to_be_bytes());
                payload.extend([sending.frame as u8, 0, u8::from(!is_keyframe)]);
            }
            payload.extend([self.number, sending.source as u8, sending.layer as u8]);
            payload.extend(sending.frame.to_be_bytes());
            payload.resize(bytes, 0);
            let mut header = Header {
                version: 2,
                marker: packet + 1 == packets,
                payload_type: if is_picture { VP8 } else { OPUS },
                sequence_number: sending.seq,
                timestamp: sending.timestamp,
                ssrc: sending.ssrc,
                ..Header::default()
            };
            if sending.is_named {
                header.set_extension(ids.mid, Bytes::from(sending.mid.clone())).unwrap();
                header.set_extension(ids.rid, Bytes::from(sending.layer.rid())).unwrap();
            }
            sending.seq = sending.seq.wrapping_add(1);
            self.written += 1;
            let mut sender = self.connection.rtp_sender(sending.sender).unwrap();
            sender.write_rtp(now, Packet { header, payload: payload.into() }).unwrap();
        }
    }
}

/// Numbers of the extensions that name a stream.
struct Names {
    mid: u8,
    rid: u8,
}

fn ids(connection: &mut RTCPeerConnection, sender: RTCRtpSenderId) -> Names {
    let mut sender = connection.rtp_sender(sender).unwrap();
    let extensions = &sender.get_parameters().rtp_parameters.header_extensions;
    let id = |uri: &str| {
        extensions.iter().find(|extension| extension.uri == uri).map_or(0, |extension| extension.id as u8)
    };
    Names {
        mid: id("urn:ietf:params:rtp-hdrext:sdes:mid"),
        rid: id("urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"),
    }
}

fn codec(mime: &str, payload_type: u8) -> RTCRtpCodecParameters {
    let (clock_rate, channels, parameters) = match mime {
        MIME_TYPE_OPUS => (48_000, 2, "minptime=10;useinbandfec=1".to_owned()),
        MIME_TYPE_RTX => (90_000, 0, format!("apt={VP8}")),
        _ => (90_000, 0, String::new()),
    };
    let rtp_codec = RTCRtpCodec {
        mime_type: mime.to_owned(),
        clock_rate,
        channels,
        sdp_fmtp_line: parameters,
        rtcp_feedback: vec![],
    };
    RTCRtpCodecParameters { rtp_codec, payload_type }
}

fn codec_kind(kind: MediaKind) -> RtpCodecKind {
    match kind {
        MediaKind::Audio => RtpCodecKind::Audio,
        MediaKind::Video => RtpCodecKind::Video,
    }
}
