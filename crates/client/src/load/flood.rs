//! Junk for a media port, while a load runs: what an attacker can send who listens on a sender's line, and has no keys.
//!
//! ```text
//!   sender's answer ──► Capture ◄── sender's packets        threads of its own:
//!                          │
//!                          └──► Flood ──► random bytes · STUN whose integrity is wrong · ClientHellos from addresses
//!                                         that proved nothing · what the sender sent, once more, from its address
//! ```
//! It goes to loopback and nowhere else, for as long as it is measured, and at most [`FLOOD_PACKETS_PER_SECOND_MAX`] a second.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use sabha_protocol::Sdp;
use serde::Serialize;

use crate::{error::ClientError, media::Wire, source::Random};

/// Packets a second at most, of all kinds together.
pub(crate) const FLOOD_PACKETS_PER_SECOND_MAX: u32 = 500_000;

/// Packets of a sender that are kept to be sent again: some seconds of voice and picture, the newest.
const CAPTURED_MAX: usize = 512;

/// Addresses from which each kind of junk comes, other than what is sent again.
const SOURCES: usize = 16;

/// Packets of each kind that are made before it begins, and sent in turns.
const VARIANTS: u64 = 256;

/// Between two bursts.
const BEAT: Duration = Duration::from_millis(1);

/// A flood that is late by more than this skips the time: it does not make up for it.
const BEHIND_MAX: Duration = Duration::from_millis(50);

/// What whoever listens on a sender's line knows.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// A second handle to the sender's socket: who sends through it has the sender's address.
    socket: Option<UdpSocket>,
    server: Option<SocketAddr>,
    ufrag: String,
    packets: Vec<Vec<u8>>,
    next: usize,
}

/// A flood at work.
#[derive(Debug)]
pub(super) struct Flood {
    stop: Arc<AtomicBool>,
    since: Instant,
    thread: JoinHandle<Counts>,
}

/// What was sent of each kind.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    random: u64,
    stun: u64,
    client_hello: u64,
    replayed: u64,
    failed: u64,
}

/// What was thrown at the media port. The JSON's names are stable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FloodLoad {
    /// Packets a second, of all kinds.
    pub packets_per_second: f64,
    /// Random bytes.
    pub random: u64,
    /// STUN requests for a connection that is there, with an integrity that is wrong.
    pub stun: u64,
    /// ClientHellos of DTLS from addresses that proved nothing.
    pub client_hello: u64,
    /// SRTP packets that had been sent before, from the address of their sender.
    pub replayed: u64,
    /// Packets that the system did not take.
    pub failed: u64,
}

impl Capture {
    /// Takes note of a connection of somebody who sends; the first is kept.
    pub(crate) fn connection(&self, wire: &Wire, answer: &Sdp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.socket.is_none()
            && let Some(ufrag) =
                answer.as_str().lines().find_map(|line| line.trim_end().strip_prefix("a=ice-ufrag:"))
        {
            ufrag.clone_into(&mut seen.ufrag);
            seen.socket = wire.second_handle();
        }
    }

    /// Takes note of a packet that somebody sends from the port `local`.
    pub(crate) fn packet(&self, wire: &Wire, destination: SocketAddr, packet: &[u8]) {
        // RTP and RTCP (RFC 7983).
        if !packet.first().is_some_and(|first| (128..192).contains(first)) {
            return;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = seen.socket.as_ref().and_then(|socket| socket.local_addr().ok());
        if ours.is_none() || ours != wire.local_address() {
            return;
        }
        seen.server = Some(destination);
        if seen.packets.len() < CAPTURED_MAX {
            seen.packets.push(packet.to_vec());
        } else {
            let next = seen.next;
            seen.packets[next] = packet.to_vec();
            seen.next = (next + 1) % CAPTURED_MAX;
        }
    }

    /// Begins to send `rate` packets a second to where the captured sender sends.
    ///
    /// # Errors
    /// [`ClientError::Misuse`] when nothing was captured, or that is not on loopback, or the rate is too high.
    pub(super) fn flood(&self, rate: u32) -> Result<Flood, ClientError> {
        if rate > FLOOD_PACKETS_PER_SECOND_MAX {
            return Err(ClientError::Misuse("a flood of more packets than allowed"));
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(server), Some(socket)) = (seen.server, &seen.socket) else {
            return Err(ClientError::Misuse("a flood needs somebody who sends over UDP"));
        };
        if !server.ip().is_loopback() {
            return Err(ClientError::Misuse("a flood goes to loopback only"));
        }
        let failed = |error| ClientError::connection("opening a socket for the flood", error);
        let own = socket.try_clone().map_err(failed)?;
        let mut sources = Vec::with_capacity(SOURCES);
        for _ in 0..SOURCES {
            let source = UdpSocket::bind((server.ip(), 0)).map_err(failed)?;
            source.set_nonblocking(true).map_err(failed)?;
            sources.push(source);
        }
        let mut random = Random::new(u64::from(rate));
        let junk = Junk {
            server,
            own,
            sources,
            random: (0..VARIANTS).map(|_| any_bytes(&mut random)).collect(),
            stun: (0..VARIANTS).map(|_| binding_request(&seen.ufrag, &mut random)).collect(),
            hello: (0..VARIANTS).map(|_| client_hello(&mut random)).collect(),
            replayed: seen.packets.clone(),
        };
        drop(seen);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || junk.send(rate, &stopped));
        Ok(Flood { stop, since: Instant::now(), thread })
    }
}

impl Flood {
    /// Ends it.
    pub(super) fn stop(self) -> FloodLoad {
        self.stop.store(true, Ordering::SeqCst);
        let lasted = self.since.elapsed().as_secs_f64();
        let counts = match self.thread.join() {
            Ok(counts) => counts,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        let Counts { random, stun, client_hello, replayed, failed } = counts;
        let packets = random + stun + client_hello + replayed;
        let packets_per_second = packets as f64 / lasted.max(f64::EPSILON);
        FloodLoad { packets_per_second, random, stun, client_hello, replayed, failed }
    }
}

/// What is sent, and from where.
struct Junk {
    server: SocketAddr,
    own: UdpSocket,
    sources: Vec<UdpSocket>,
    random: Vec<Vec<u8>>,
    stun: Vec<Vec<u8>>,
    hello: Vec<Vec<u8>>,
    replayed: Vec<Vec<u8>>,
}

impl Junk {
    fn send(&self, rate: u32, stop: &AtomicBool) -> Counts {
        let (mut counts, mut sent, mut begun) = (Counts::default(), 0_u64, Instant::now());
        while !stop.load(Ordering::Relaxed) {
            let due = (begun.elapsed().as_secs_f64() * f64::from(rate)) as u64;
            let behind = due.saturating_sub(sent);
            if behind > (f64::from(rate) * BEHIND_MAX.as_secs_f64()) as u64 {
                (begun, sent) = (Instant::now(), 0);
                continue;
            }
            for number in sent..due {
                self.packet(number, &mut counts);
            }
            sent = due;
            thread::sleep(BEAT);
        }
        counts
    }

    /// Sends the packet with this number: each kind in its turn.
    fn packet(&self, number: u64, counts: &mut Counts) {
        let (kind, turn) = (number % 4, (number / 4) as usize);
        let (packets, count) = match kind {
            0 => (&self.random, &mut counts.random),
            1 => (&self.stun, &mut counts.stun),
            2 => (&self.hello, &mut counts.client_hello),
            _ => (&self.replayed, &mut counts.replayed),
        };
        let socket = if kind == 3 { &self.own } else { &self.sources[turn % SOURCES] };
        // Of nothing captured nothing can be sent again; the count says so.
        let Some(packet) = packets.get(turn % packets.len().max(1)) else { return };
        match socket.send_to(packet, self.server) {
            Ok(_) => *count += 1,
            Err(_) => counts.failed += 1,
        }
    }
}

fn any_bytes(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    let count = random.between(1, 1_200) as usize;
    random.fill(&mut bytes, count);
    bytes
}

/// Returns a Binding request for this ufrag, as ICE sends it (RFC 8445 section 7.2.2), whose MESSAGE-INTEGRITY is made up and
/// whose FINGERPRINT is right (RFC 8489 sections 14.5 and 14.7).
fn binding_request(ufrag: &str, random: &mut Random) -> Vec<u8> {
    let mut attributes = Vec::new();
    let mut attribute = |kind: u16, value: &[u8]| {
        attributes.extend_from_slice(&kind.to_be_bytes());
        attributes.extend_from_slice(&(value.len() as u16).to_be_bytes());
        attributes.extend_from_slice(value);
        attributes.resize(attributes.len().next_multiple_of(4), 0);
    };
    let mut made_up = Vec::new();
    random.fill(&mut made_up, 20 + 12 + 8);
    attribute(0x0006, format!("{ufrag}:abcd").as_bytes());
    attribute(0x0024, &0x6e00_1eff_u32.to_be_bytes());
    attribute(0x802a, &made_up[32..]);
    attribute(0x0025, &[]);
    attribute(0x0008, &made_up[..20]);

    let mut message = vec![0x00, 0x01];
    // With the fingerprint, which is 8 bytes.
    message.extend_from_slice(&(attributes.len() as u16 + 8).to_be_bytes());
    message.extend_from_slice(&0x2112_a442_u32.to_be_bytes());
    message.extend_from_slice(&made_up[20..32]);
    message.extend_from_slice(&attributes);
    let fingerprint = crc32(&message) ^ 0x5354_554e;
    message.extend_from_slice(&[0x80, 0x28, 0x00, 0x04]);
    message.extend_from_slice(&fingerprint.to_be_bytes());
    message
}

/// Returns a ClientHello of DTLS 1.2 without a cookie (RFC 6347 section 4.2.1), with the suites and groups of browsers.
fn client_hello(random: &mut Random) -> Vec<u8> {
    let mut body = vec![0xfe, 0xfd];
    random.fill(&mut body, 32);
    // Neither a session nor a cookie; two suites; no compression.
    body.extend_from_slice(&[0, 0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0]);
    let extensions: [&[u8]; 4] = [
        &[0x00, 0x0a, 0, 4, 0, 2, 0x00, 0x17],
        &[0x00, 0x0d, 0, 4, 0, 2, 0x04, 0x03],
        // use_srtp (RFC 5764): AES-GCM of 128 bits.
        &[0x00, 0x0e, 0, 5, 0, 2, 0x00, 0x07, 0],
        &[0x00, 0x17, 0, 0],
    ];
    let extensions = extensions.concat();
    body.extend_from_slice(&(extensions.len() as u16).to_be_bytes());
    body.extend_from_slice(&extensions);

    let length = (body.len() as u32).to_be_bytes();
    // client_hello, its length, message 0, from byte 0 all of it.
    let mut fragment =
        vec![1, length[1], length[2], length[3], 0, 0, 0, 0, 0, length[1], length[2], length[3]];
    fragment.extend_from_slice(&body);
    // handshake, DTLS 1.0 in the record as is usual for the first, epoch 0, record 0.
    let mut record = vec![22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
    record.extend_from_slice(&(fragment.len() as u16).to_be_bytes());
    record.extend_from_slice(&fragment);
    record
}

/// CRC-32 of ISO 3309, as FINGERPRINT has it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn binding_request_reads_as_stun_but_for_its_integrity() {
        let message = binding_request("abcdefgh", &mut Random::new(1));

        let length = usize::from(u16::from_be_bytes([message[2], message[3]]));
        assert_eq!(message.len(), 20 + length);
        let (before, fingerprint) = message.split_at(message.len() - 8);
        assert_eq!(fingerprint[4..], (crc32(before) ^ 0x5354_554e).to_be_bytes());
        let parsed = str0m::ice::StunMessage::parse(&message).unwrap();
        assert!(parsed.is_binding_request());
    }

    #[tokio::test]
    async fn flood_sends_every_kind_at_its_rate_and_ends() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        server.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let address = server.local_addr().unwrap();
        let ip = "127.0.0.1".parse().unwrap();
        let (wire, _) = Wire::open(ip, crate::media::Path::Udp).await.unwrap();
        let capture = Capture::default();
        capture.connection(&wire, &"v=0\r\na=ice-ufrag:abcdefgh\r\n".parse().unwrap());
        assert!(capture.flood(1_000).is_err(), "nobody has sent anything");
        capture.packet(&wire, address, &[0x80; 60]);
        assert!(capture.flood(FLOOD_PACKETS_PER_SECOND_MAX + 1).is_err());

        // Read while it lasts: the socket's buffer holds a part of it only.
        let reader = thread::spawn(move || {
            let (mut buffer, mut sources) = ([0; 2_048], Vec::new());
            while let Ok((length, source)) = server.recv_from(&mut buffer) {
                if buffer[..length] == [0x80; 60] {
                    sources.push(source);
                }
            }
            sources
        });
        let flood = capture.flood(1_000).unwrap();
        thread::sleep(Duration::from_millis(500));
        let load = flood.stop();

        let counts = [load.random, load.stun, load.client_hello, load.replayed];
        assert!(counts.iter().all(|count| (20..=150).contains(count)), "{load:?}");
        let sources = reader.join().unwrap();
        assert!(sources.iter().all(|source| Some(*source) == wire.local_address()), "sent by its sender");
        assert_eq!(sources.len() as u64, load.replayed);
    }

    #[tokio::test]
    async fn flood_goes_to_loopback_only() {
        let (wire, _) = Wire::open("127.0.0.1".parse().unwrap(), crate::media::Path::Udp).await.unwrap();
        let capture = Capture::default();
        capture.connection(&wire, &"v=0\r\na=ice-ufrag:abcdefgh\r\n".parse().unwrap());
        capture.packet(&wire, "192.0.2.1:9".parse().unwrap(), &[0x80; 60]);
        assert!(matches!(capture.flood(1), Err(ClientError::Misuse(_))));
    }
}
