//! A client's peer connection: str0m, sending voice and pictures that say in the clear whose they are.
//!
//! A payload names its meeting, its sender and its source, so that whoever receives it can tell whether it
//! should have. The client sends from all its sources all the time, muted or not: to keep back what is
//! switched off is the server's part.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use sabha_protocol::{
    DownSlot, MediaKind, Mid, ParticipantId, Sdp, Source, UpSlot, wire::client::MediaOffer,
};
use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    change::{SdpAnswer, SdpPendingOffer},
    format::Codec,
    media::Direction,
    net::{DatagramRecv, Protocol, Receive},
    rtp::{RtpPacket, RtpWrite},
};

const VOICE_EVERY: Duration = Duration::from_millis(40);
/// Ten pictures a second and long Opus frames keep the simulation quick; the shard does not care.
const PICTURE_EVERY: Duration = Duration::from_millis(100);
/// A key frame this often stands in for answering requests.
const KEYFRAME_EVERY: u32 = 10;
/// Bytes before our own in a VP8 payload: descriptor with a picture id of 15 bits, TL0PICIDX, TID (RFC 7741).
const DESCRIPTOR_BYTES: usize = 6;
/// Outputs taken in one go; str0m has far fewer.
const DRAIN_MAX: usize = 1000;

/// Whose peer connection it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) meeting: u8,
    pub(crate) id: ParticipantId,
    /// Start of the world, from which payloads count time.
    pub(crate) start: Instant,
}

/// Whose media it is, as its payload says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) meeting: u8,
    pub(crate) sender: ParticipantId,
    pub(crate) source: Source,
    /// When the sender made it.
    pub(crate) made: Instant,
}

#[derive(Debug)]
struct Sender {
    mid: Mid,
    source: Source,
    next: Instant,
    seq: u64,
    timestamp: u32,
    frame: u32,
}

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    rtc: Rtc,
    pending: Option<SdpPendingOffer>,
    owner: Owner,
    down: Vec<DownSlot>,
    senders: Vec<Sender>,
    is_connected: bool,
    wake: Instant,
    /// To be sent.
    outgoing: Vec<Vec<u8>>,
    /// Received.
    labels: Vec<Label>,
}

impl Peer {
    /// Returns a peer connection with its offer: voice and camera up, four voices and four pictures down.
    pub(crate) fn new(now: Instant, address: SocketAddr, owner: Owner) -> (Self, MediaOffer) {
        let mut rtc = RtcConfig::new()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .build(now);
        let candidate = Candidate::builder().udp().host(address).build();
        rtc.add_local_candidate(candidate.expect("a plain address"));
        let mut changes = rtc.sdp_api();
        let mut up = Vec::new();
        for source in [Source::Microphone, Source::Camera] {
            let mid = changes.add_media(kind(source.kind()), Direction::SendOnly, None, None, None);
            up.push(UpSlot { mid: protocol_mid(mid), source });
        }
        let mut down = Vec::new();
        for of in [MediaKind::Audio, MediaKind::Video] {
            for _ in 0..4 {
                let mid = changes.add_media(kind(of), Direction::RecvOnly, None, None, None);
                down.push(DownSlot { mid: protocol_mid(mid), kind: of });
            }
        }
        let (offer, pending) = changes.apply().expect("sections were added");
        let sdp = Sdp::try_from(offer.to_sdp_string()).expect("an offer of ten sections");
        let senders = up
            .iter()
            .map(|slot| Sender {
                mid: slot.mid.clone(),
                source: slot.source,
                next: now,
                seq: 1,
                timestamp: 1,
                frame: 0,
            })
            .collect();
        let offer = MediaOffer { sdp, up, down: down.clone() };
        let pending = Some(pending);
        let peer = Self {
            address,
            rtc,
            pending,
            owner,
            down,
            senders,
            is_connected: false,
            wake: now,
            outgoing: Vec::new(),
            labels: Vec::new(),
        };
        (peer, offer)
    }

    pub(crate) fn accept(&mut self, now: Instant, answer: &Sdp) {
        let Some(pending) = self.pending.take() else { return };
        let answer = SdpAnswer::from_sdp_string(answer.as_str()).expect("the shard writes valid answers");
        self.rtc.sdp_api().accept_answer(pending, answer).expect("the answer fits its offer");
        self.wake = now;
    }

    pub(crate) fn receive(&mut self, now: Instant, source: SocketAddr, contents: &[u8]) {
        let Ok(contents) = DatagramRecv::try_from(contents) else { return };
        let receive = Receive { proto: Protocol::Udp, source, destination: self.address, contents };
        // A datagram of an older connection is not this one's; str0m says so and is none the worse.
        let _ = self.rtc.handle_input(Input::Receive(now, receive));
        // At once: str0m holds one received packet, and the next one would take its place.
        self.drain(now);
        self.wake = now;
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.is_connected
    }

    pub(crate) fn next(&self) -> Instant {
        let senders = self.senders.iter().filter(|_| self.is_connected).map(|sender| sender.next);
        senders.chain([self.wake]).min().unwrap_or(self.wake)
    }

    /// Does what is due. Returns what is to be sent, and the labels of what was received.
    pub(crate) fn run(&mut self, now: Instant) -> (Vec<Vec<u8>>, Vec<Label>) {
        self.drain(now);
        for index in 0..self.senders.len() {
            while self.is_connected && self.senders[index].next <= now {
                self.produce(now, index);
                self.drain(now);
            }
        }
        (std::mem::take(&mut self.outgoing), std::mem::take(&mut self.labels))
    }

    fn drain(&mut self, now: Instant) {
        self.wake = now + Duration::from_millis(1);
        for _ in 0..DRAIN_MAX {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(packet)) => self.outgoing.push(packet.contents.to_vec()),
                Ok(Output::Event(Event::Connected)) => {
                    self.is_connected = true;
                    self.senders.iter_mut().for_each(|sender| sender.next = now);
                }
                Ok(Output::Event(Event::RtpPacket(packet))) => {
                    let label = self.label(&packet);
                    self.labels.extend(label);
                }
                Ok(Output::Event(_)) => {}
                Ok(Output::Timeout(at)) if at > now => {
                    self.wake = at;
                    return;
                }
                Ok(Output::Timeout(_)) => {
                    let _ = self.rtc.handle_input(Input::Timeout(now));
                }
                Err(_) => {
                    // Closed or failed: the client learns from the server and offers anew.
                    self.is_connected = false;
                    self.wake = now + Duration::from_secs(3600);
                    return;
                }
            }
        }
    }

    fn produce(&mut self, now: Instant, index: usize) {
        let owner = self.owner;
        let sender = &mut self.senders[index];
        let (codec, every, ticks) = match sender.source.kind() {
            MediaKind::Audio => (Codec::Opus, VOICE_EVERY, 1920),
            MediaKind::Video => (Codec::Vp8, PICTURE_EVERY, 9000),
        };
        sender.next = now + every;
        sender.timestamp = sender.timestamp.wrapping_add(ticks);
        sender.frame += 1;
        let mut payload = Vec::with_capacity(120);
        if codec == Codec::Vp8 {
            let is_delta = sender.frame % KEYFRAME_EVERY != 1;
            payload.extend([0x90, 0xe0]);
            payload.extend((0x8000 | (sender.frame as u16 & 0x7fff)).to_be_bytes());
            payload.extend([sender.frame as u8, 0, u8::from(is_delta)]);
        }
        payload.extend([owner.meeting, sender.source as u8]);
        payload.extend(owner.id.0.to_be_bytes());
        let age = now.saturating_duration_since(owner.start).as_millis() as u32;
        payload.extend(age.to_be_bytes());
        payload.resize(100, 0);
        let params = self.rtc.codec_config().params();
        let Some(pt) = params.iter().find(|params| params.spec().codec == codec).map(|params| params.pt())
        else {
            return;
        };
        let write = RtpWrite::new(pt, sender.seq.into(), sender.timestamp, now, payload)
            .marker(true)
            .nackable(codec == Codec::Vp8);
        sender.seq += 1;
        if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(sender.mid.as_str().into(), None) {
            stream.write_rtp(write);
        }
    }

    fn label(&mut self, packet: &RtpPacket) -> Option<Label> {
        let mid = self.rtc.direct_api().stream_rx(&packet.header.ssrc)?.mid();
        let mid = protocol_mid(mid);
        let slot = self.down.iter().find(|slot| slot.mid == mid)?;
        let start = if slot.kind == MediaKind::Video { DESCRIPTOR_BYTES + 1 } else { 0 };
        let (_, body) = packet.payload.split_at_checked(start)?;
        let ([meeting, source], body) = body.split_first_chunk()?;
        let (sender, body) = body.split_first_chunk()?;
        let (age, _) = body.split_first_chunk()?;
        Some(Label {
            meeting: *meeting,
            source: *Source::ALL.get(usize::from(*source))?,
            sender: ParticipantId(u32::from_be_bytes(*sender)),
            made: self.owner.start + Duration::from_millis(u32::from_be_bytes(*age).into()),
        })
    }
}

fn kind(kind: MediaKind) -> str0m::media::MediaKind {
    match kind {
        MediaKind::Audio => str0m::media::MediaKind::Audio,
        MediaKind::Video => str0m::media::MediaKind::Video,
    }
}

fn protocol_mid(mid: str0m::media::Mid) -> Mid {
    mid.trim_end().to_owned().try_into().expect("str0m makes short tags of letters and digits")
}
