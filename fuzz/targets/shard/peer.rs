//! A client whose every packet is in the fuzzer's hand: ICE and DTLS are done in earnest, and what is said under the keys
//! that come of it, of media and reports alike, is any bytes at all.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{AES_256, EncryptingKey, UnboundCipherKey},
    digest,
};
use dimpl::{Config, Dtls, DtlsCertificate, Output, SrtpProfile};
use is::{
    Candidate, IceAgent, IceCreds, Protocol,
    stun::{StunMessage, StunPacket},
};
use sabha_protocol::{DownSlot, MediaKind, Mid, Source, UpSlot};

/// Payload types that it offers.
pub const OPUS: u8 = 111;
pub const VP8: u8 = 96;
pub const VP9: u8 = 98;
/// Numbers of the extensions that it offers.
pub const MID: u8 = 4;
pub const RID: u8 = 10;
pub const REPAIRED: u8 = 11;
pub const TRANSPORT_SEQ: u8 = 3;
/// The SSRC that it announces for its microphone.
pub const SOUND: u32 = 1000;

static CERTIFICATE: LazyLock<DtlsCertificate> =
    LazyLock::new(|| dimpl::certificate::generate_self_signed_certificate().expect("a certificate"));

pub struct Peer {
    pub address: SocketAddr,
    pub offer: String,
    pub is_connected: bool,
    /// SSRCs under which the shard sends to it, retransmissions included.
    pub sent_to: Vec<u32>,
    /// Transport-wide numbers of what came last.
    pub heard: Vec<u16>,
    agent: IceAgent,
    dtls: Option<Dtls>,
    media: Option<Media>,
    waiting: Vec<Vec<u8>>,
    next: Instant,
}

/// Keys of both directions, and what was sealed and opened under them.
struct Media {
    own: Keys,
    theirs: Keys,
    report: u32,
    sealed: HashMap<u32, u64>,
    opened: HashMap<u32, u64>,
    seen: HashSet<(u32, u64)>,
    reports: HashSet<u32>,
}

impl Peer {
    pub fn new(number: u16, now: Instant) -> Self {
        let address = SocketAddr::from(([10, 0, 1, 1], 5000 + number));
        let creds =
            IceCreds { ufrag: format!("peer{number}"), pass: "of-128-bits-at-the-very-least".to_owned() };
        let offer = offer(&creds);
        let mut agent = IceAgent::new(creds);
        agent.set_controlling(true);
        agent.add_local_candidate(Candidate::host(address, Protocol::Udp).expect("a candidate"));
        let config =
            Config::builder().dangerously_set_rng_seed(u64::from(number)).build().expect("a configuration");
        let mut dtls = Dtls::new_12(Arc::new(config), CERTIFICATE.clone(), now);
        dtls.set_active(true);
        Self {
            address,
            offer,
            is_connected: false,
            sent_to: Vec::new(),
            heard: Vec::new(),
            agent,
            dtls: Some(dtls),
            media: None,
            waiting: Vec::new(),
            next: now,
        }
    }

    /// Returns the sections of its offer.
    pub fn slots() -> (Vec<UpSlot>, Vec<DownSlot>) {
        let mid = |mid: usize| Mid::try_from(mid.to_string()).expect("a mid");
        let sources = [Source::Microphone, Source::Camera, Source::Screen];
        let up = sources.into_iter().enumerate().map(|(at, source)| UpSlot { mid: mid(at), source });
        let kinds = [MediaKind::Audio, MediaKind::Audio, MediaKind::Video, MediaKind::Video];
        let down = kinds.into_iter().enumerate().map(|(at, kind)| DownSlot { mid: mid(at + 3), kind });
        (up.collect(), down.collect())
    }

    pub fn accept(&mut self, server: SocketAddr, answer: &str) {
        let value = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let creds =
            IceCreds { ufrag: value("a=ice-ufrag:").to_owned(), pass: value("a=ice-pwd:").to_owned() };
        self.agent.set_remote_credentials(creds);
        self.agent.add_remote_candidate(Candidate::host(server, Protocol::Udp).expect("a candidate"));
        let ssrcs =
            answer.lines().filter_map(|line| line.strip_prefix("a=ssrc:")?.split(' ').next()?.parse().ok());
        self.sent_to = ssrcs.collect();
        self.sent_to.dedup();
    }

    /// Takes what the shard sent. What it cannot read is a fault of the shard's.
    pub fn receive(&mut self, now: Instant, server: SocketAddr, datagram: &[u8]) {
        match datagram {
            [0..=3, ..] => {
                let message = StunMessage::parse(datagram).expect("STUN of the shard's");
                let packet =
                    StunPacket { proto: Protocol::Udp, source: server, destination: self.address, message };
                self.agent.handle_packet(now, packet);
                self.agent.handle_timeout(now);
            }
            [20..=63, ..] => {
                if self.dtls.as_mut().is_some_and(|dtls| dtls.handle_packet(datagram).is_err()) {
                    self.dtls = None;
                }
                // Media may follow at once.
                self.drive_dtls(now);
            }
            _ => {
                // The last flight of the handshake may have been lost.
                let Some(media) = &mut self.media else { return };
                if let Some(seq) = media.open(datagram) {
                    self.heard.push(seq);
                    if self.heard.len() > 64 {
                        self.heard.remove(0);
                    }
                }
            }
        }
        self.next = now;
    }

    /// When it has something to do.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// Does what is due. Returns what is to be sent.
    pub fn run(&mut self, now: Instant) -> Vec<Vec<u8>> {
        self.agent.handle_timeout(now);
        self.waiting.extend(
            std::iter::from_fn(|| self.agent.poll_transmit()).map(|transmit| transmit.contents.into()),
        );
        while self.agent.poll_event().is_some() {}
        let dtls = if self.agent.state().is_connected() { self.drive_dtls(now) } else { None };
        let next = self.agent.poll_timeout().into_iter().chain(dtls).min();
        self.next = next.map_or(now + Duration::from_secs(1), |next| next.max(now));
        std::mem::take(&mut self.waiting)
    }

    /// Returns when DTLS has something to do.
    fn drive_dtls(&mut self, now: Instant) -> Option<Instant> {
        let dtls = self.dtls.as_mut()?;
        let mut buffer = vec![0; 2048];
        let mut is_over = dtls.handle_timeout(now).is_err();
        while !is_over {
            match dtls.poll_output(&mut buffer) {
                Output::Packet(packet) => self.waiting.push(packet.to_vec()),
                Output::Timeout(at) => return Some(at),
                Output::KeyingMaterial(material, profile) => {
                    assert_eq!(profile, SrtpProfile::AEAD_AES_256_GCM);
                    self.media = Some(Media::new(&material));
                    self.is_connected = true;
                }
                Output::CloseNotify => is_over = true,
                _ => {}
            }
        }
        self.dtls = None;
        None
    }

    /// Seals a packet whose header is `header` bytes long.
    pub fn seal(&mut self, packet: Vec<u8>, header: usize) -> Option<Vec<u8>> {
        Some(self.media.as_mut()?.seal(packet, header))
    }

    /// Seals RTCP.
    pub fn seal_report(&mut self, packet: Vec<u8>) -> Option<Vec<u8>> {
        Some(self.media.as_mut()?.seal_report(packet))
    }
}

fn offer(creds: &IceCreds) -> String {
    let hash = digest::digest(&digest::SHA256, &CERTIFICATE.certificate);
    let fingerprint: Vec<String> = hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    let mut text = format!(
        "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2 3 4 5 6\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\n\
         a=fingerprint:sha-256 {}\r\na=setup:actpass\r\n",
        creds.ufrag,
        creds.pass,
        fingerprint.join(":")
    );
    let extensions = format!(
        "a=extmap:{MID} urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:{RID} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
         a=extmap:{REPAIRED} urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n\
         a=extmap:{TRANSPORT_SEQ} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    );
    let sections = [
        ("audio", "sendonly", format!("a=ssrc:{SOUND} cname:x\r\n")),
        (
            "video",
            "sendonly",
            "a=rid:l send\r\na=rid:m send\r\na=rid:h send\r\na=simulcast:send l;m;h\r\n".to_owned(),
        ),
        ("video", "sendonly", String::new()),
        ("audio", "recvonly", String::new()),
        ("audio", "recvonly", String::new()),
        ("video", "recvonly", String::new()),
        ("video", "recvonly", String::new()),
    ];
    for (mid, (kind, direction, more)) in sections.into_iter().enumerate() {
        let (formats, maps) = match kind {
            "audio" => (OPUS.to_string(), format!("a=rtpmap:{OPUS} opus/48000/2\r\n")),
            _ => (
                format!("{VP8} {} {VP9} {}", VP8 + 1, VP9 + 1),
                format!(
                    "a=rtpmap:{VP8} VP8/90000\r\na=rtpmap:{} rtx/90000\r\na=fmtp:{} apt={VP8}\r\n\
                     a=rtpmap:{VP9} VP9/90000\r\na=fmtp:{VP9} profile-id=0\r\na=rtpmap:{} rtx/90000\r\na=fmtp:{} apt={VP9}\r\n",
                    VP8 + 1,
                    VP8 + 1,
                    VP9 + 1,
                    VP9 + 1
                ),
            ),
        };
        text += &format!(
            "m={kind} 9 UDP/TLS/RTP/SAVPF {formats}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na={direction}\r\na=rtcp-mux\r\n\
             {extensions}{maps}{more}"
        );
    }
    text
}

/// The keys of one direction (RFC 3711 section 4.3, RFC 7714).
struct Keys {
    rtp: (LessSafeKey, [u8; 12]),
    rtcp: (LessSafeKey, [u8; 12]),
}

impl Keys {
    fn new(master: &[u8], salt: &[u8]) -> Self {
        let aes = EncryptingKey::ecb(UnboundCipherKey::new(&AES_256, master).expect("a key")).expect("a key");
        let stream = |label: u8| -> [u8; 32] {
            let mut bytes = [0; 32];
            for (number, block) in bytes.chunks_mut(16).enumerate() {
                block[..12].copy_from_slice(salt);
                block[7] ^= label;
                block[15] = number as u8;
                aes.encrypt(block).expect("a block");
            }
            bytes
        };
        let pair = |key: u8, salt: u8| {
            let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &stream(key)).expect("a key"));
            (key, *stream(salt).first_chunk().expect("12 of 32"))
        };
        Self { rtp: pair(0, 2), rtcp: pair(3, 5) }
    }
}

fn nonce(salt: [u8; 12], ssrc: u32, index: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[2..6].copy_from_slice(&ssrc.to_be_bytes());
    bytes[6..].copy_from_slice(&index.to_be_bytes()[2..]);
    Nonce::assume_unique_for_key(std::array::from_fn(|at| bytes[at] ^ salt[at]))
}

/// Returns the index that a sequence number stands for (RFC 3711 section 3.3.1).
fn index(newest: Option<u64>, seq: u16) -> u64 {
    let Some(newest) = newest else { return seq.into() };
    newest.checked_add_signed((seq.wrapping_sub(newest as u16) as i16).into()).unwrap_or(seq.into())
}

fn word(packet: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(*packet[at..].first_chunk().expect("a word"))
}

impl Media {
    fn new(material: &[u8]) -> Self {
        let (keys, salts) = material.split_at(64);
        Self {
            own: Keys::new(&keys[..32], &salts[..12]),
            theirs: Keys::new(&keys[32..], &salts[12..]),
            report: 0,
            sealed: HashMap::new(),
            opened: HashMap::new(),
            seen: HashSet::new(),
            reports: HashSet::new(),
        }
    }

    fn seal(&mut self, mut packet: Vec<u8>, header: usize) -> Vec<u8> {
        let (seq, ssrc) = (u16::from_be_bytes([packet[2], packet[3]]), word(&packet, 8));
        let newest = self.sealed.get(&ssrc).copied();
        let index = index(newest, seq);
        self.sealed.insert(ssrc, newest.map_or(index, |newest| newest.max(index)));
        let (aad, payload) = packet.split_at_mut(header);
        let nonce = nonce(self.own.rtp.1, ssrc, index);
        let tag =
            self.own.rtp.0.seal_in_place_separate_tag(nonce, Aad::from(&*aad), payload).expect("sealed");
        packet.extend(tag.as_ref());
        packet
    }

    fn seal_report(&mut self, mut packet: Vec<u8>) -> Vec<u8> {
        let index = 1 << 31 | self.report;
        let ssrc = word(&packet, 4);
        let aad = [&packet[..8], &index.to_be_bytes()].concat();
        let nonce = nonce(self.own.rtcp.1, ssrc, self.report.into());
        let tag = self
            .own
            .rtcp
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(&aad), &mut packet[8..])
            .expect("sealed");
        packet.extend(tag.as_ref());
        packet.extend(index.to_be_bytes());
        self.report += 1;
        packet
    }

    /// Opens what the shard sent, as any receiver would, and makes sure that nothing was sealed twice under one number.
    /// Returns the transport-wide number of a packet of media.
    fn open(&mut self, datagram: &[u8]) -> Option<u16> {
        if (192..=223).contains(&datagram[1]) {
            let (rest, trailer) = datagram.split_at(datagram.len() - 4);
            let aad = [&rest[..8], trailer].concat();
            let (ssrc, index) = (word(rest, 4), word(trailer, 0) & !(1 << 31));
            assert!(self.reports.insert(index), "two reports under one number");
            let nonce = nonce(self.theirs.rtcp.1, ssrc, index.into());
            let mut body = rest[8..].to_vec();
            self.theirs
                .rtcp
                .0
                .open_in_place(nonce, Aad::from(&aad), &mut body)
                .expect("a report of the shard's");
            return None;
        }
        let (seq, ssrc) = (u16::from_be_bytes([datagram[2], datagram[3]]), word(datagram, 8));
        let newest = self.opened.get(&ssrc).copied();
        let index = index(newest, seq);
        let header = 12 + 4 + 4 * usize::from(u16::from_be_bytes([datagram[14], datagram[15]]));
        let nonce = nonce(self.theirs.rtp.1, ssrc, index);
        let mut body = datagram[header..].to_vec();
        let opened = self.theirs.rtp.0.open_in_place(nonce, Aad::from(&datagram[..header]), &mut body);
        assert!(opened.is_ok(), "no receiver can open {seq} of {ssrc} after {newest:?}");
        assert!(self.seen.insert((ssrc, index)), "two packets under one number");
        self.opened.insert(ssrc, newest.map_or(index, |newest| newest.max(index)));
        assert_eq!(datagram[16] >> 4, TRANSPORT_SEQ);
        Some(u16::from_be_bytes([datagram[17], datagram[18]]))
    }
}
