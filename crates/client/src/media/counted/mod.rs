//! Receivers that only count: of a load's many viewers some stand for all, and the others have to cost little.
//!
//! ```text
//!   sockets of all of them ──► Reader: one thread, one epoll ──► Tally of each (pure)
//!                                                                  │ RTP of a stream that is known: counted by its header
//!                                                                  │ ──► CountedPacket ──► Sink, now and then
//!                                                                  │ anything else ──► Wire ──► media stack
//!                                                                  └ reports, sealed, from the same socket
//! ```
//! What is counted is not opened and not checked: sequence numbers, times and lengths are clear in SRTP. ICE, DTLS and
//! retransmissions stay with the media stack, and so does the first packet of each stream, which says whose slot it is. What
//! the stack would report of packets that it does not see is dropped, and said here instead ([`feedback`]).

mod feedback;
mod header;
#[cfg(target_os = "linux")]
mod reader;
mod silence;
mod srtcp;

use std::{collections::VecDeque, net::SocketAddr, time::Instant};

use sabha_protocol::MediaKind;

use self::{
    feedback::{Feedback, REPORT_INTERVAL_NS},
    header::Header,
    silence::Silence,
    srtcp::Srtcp,
};
use super::keys::Keys;

#[cfg(target_os = "linux")]
pub(crate) use self::reader::Reader;
#[cfg(target_os = "linux")]
pub(super) use self::reader::Viewer;

/// Datagrams that wait for the media stack. More are dropped: it is for ICE and DTLS to say things again.
const WAITING_MAX: usize = 256;

/// Packets that wait to be counted: five seconds of a viewer of ten pictures. What finds no room is missing from the count,
/// and so is counted as lost.
const COUNTED_MAX: usize = 16_384;

/// Streams of one receiver: its slots, and as many again that were before them.
const STREAMS_MAX: usize = 64;

/// A packet of media of which only the header was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CountedPacket {
    pub(crate) slot: usize,
    pub(crate) sequence: u16,
    pub(crate) time: u32,
    pub(crate) marker: bool,
    /// Padding included, of which only the opened payload says how much it is. Sabha pads the packets of a frame to one length.
    pub(crate) payload_bytes: usize,
    pub(crate) at: Instant,
    /// As [`ReceivedPacket`](super::ReceivedPacket) has it.
    pub(crate) arrived_ns: u64,
    pub(crate) srtp_tag_bytes: usize,
}

/// A datagram for the media stack.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) arrived_ns: u64,
    pub(super) source: SocketAddr,
    pub(super) contents: Vec<u8>,
}

/// What one receiver that counts knows. Pure.
#[derive(Debug)]
pub(super) struct Tally {
    waiting: VecDeque<Waiting>,
    counted: Vec<CountedPacket>,
    streams: Vec<Counts>,
    feedback: Feedback,
    /// Of those whose slots stay empty, if that is what is measured.
    silence: Option<Silence>,
    srtcp: Option<Srtcp>,
    transport_id: Option<u8>,
    /// Where media came from last.
    server: Option<SocketAddr>,
    /// Bytes that came, headers of IP and UDP excluded.
    pub(super) bytes_in: u64,
}

/// A stream that is counted.
#[derive(Clone, Copy, Debug)]
struct Counts {
    ssrc: u32,
    slot: usize,
    kind: MediaKind,
}

impl Tally {
    /// Returns the tally of a receiver that reports under this SSRC.
    pub(super) const fn new(ssrc: u32) -> Self {
        Self {
            waiting: VecDeque::new(),
            counted: Vec::new(),
            streams: Vec::new(),
            feedback: Feedback::new(ssrc),
            silence: None,
            srtcp: None,
            transport_id: None,
            server: None,
            bytes_in: 0,
        }
    }

    /// From now on, reports are made here; `transport_id` is the extension with the transport-wide number. Nothing changes if the
    /// keys are none.
    pub(super) fn take_over(&mut self, keys: &Keys, transport_id: Option<u8>) {
        self.srtcp = Srtcp::new(keys);
        self.transport_id = transport_id;
    }

    /// Says that this receiver's slots, of these kinds, stay empty, and that this is said to `server` as a browser says it.
    pub(super) fn stay_silent(&mut self, slots: impl Iterator<Item = MediaKind>, server: SocketAddr) {
        self.silence = Some(Silence::new(self.feedback.ssrc(), slots));
        self.server = Some(server);
    }

    /// Returns whether reports are made here, so that those of the media stack are not to be sent.
    pub(super) const fn reports(&self) -> bool {
        self.srtcp.is_some()
    }

    /// Says that a stream fills a slot: from its next packet on it is counted.
    pub(super) fn count(&mut self, ssrc: u32, slot: usize, kind: MediaKind) {
        if self.srtcp.is_none() || self.streams.iter().any(|known| (known.ssrc, known.slot) == (ssrc, slot)) {
            return;
        }
        for old in self.streams.extract_if(.., |known| known.slot == slot || known.ssrc == ssrc) {
            self.feedback.forget(old.ssrc);
        }
        if self.streams.len() < STREAMS_MAX {
            self.streams.push(Counts { ssrc, slot, kind });
        }
    }

    /// Asks for a key frame for this slot, and returns whether that is said here.
    pub(super) fn want_key_frame(&mut self, slot: usize) -> bool {
        if let Some(stream) = self.streams.iter().find(|stream| stream.slot == slot) {
            self.feedback.want_key_frame(stream.ssrc);
        }
        self.srtcp.is_some()
    }

    /// Takes a datagram.
    pub(super) fn take(&mut self, now: Instant, arrived_ns: u64, source: SocketAddr, contents: &[u8]) {
        self.bytes_in += contents.len() as u64;
        if is_rtcp(contents)
            && let Some(srtcp) = &mut self.srtcp
        {
            if let Some(report) = srtcp.open(contents) {
                self.feedback.told(report, arrived_ns);
            }
            return;
        }
        if is_media(contents)
            && let Some(srtcp) = &self.srtcp
            && let Some(header) = Header::read(contents, self.transport_id)
        {
            self.server = Some(source);
            self.feedback.arrived(&header, arrived_ns);
            let known = self.streams.iter().find(|stream| stream.ssrc == header.ssrc);
            let srtp_tag_bytes = srtcp.media_tag_bytes();
            let payload_bytes = contents.len().checked_sub(header.bytes + srtp_tag_bytes);
            if let Some((stream, payload_bytes)) = known.zip(payload_bytes) {
                self.feedback.received(&header, stream.kind, arrived_ns);
                if self.counted.len() < COUNTED_MAX {
                    let Header { marker, sequence, time, .. } = header;
                    let (slot, at) = (stream.slot, now);
                    self.counted.push(CountedPacket {
                        slot,
                        sequence,
                        time,
                        marker,
                        payload_bytes,
                        at,
                        arrived_ns,
                        srtp_tag_bytes,
                    });
                }
                return;
            }
        }
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(Waiting { arrived_ns, source, contents: contents.to_vec() });
        }
    }

    /// Returns the next datagram for the media stack.
    pub(super) fn next_waiting(&mut self) -> Option<Waiting> {
        self.waiting.pop_front()
    }

    /// Returns whether a datagram waits for the media stack.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Hands out what was counted since, into `counted`, whose contents are replaced.
    pub(super) fn take_counted(&mut self, counted: &mut Vec<CountedPacket>) {
        counted.clear();
        std::mem::swap(&mut self.counted, counted);
    }

    /// Writes what there is to report at `now_ns` into `out`, sealed, and returns where to send it. Call it every
    /// [`REPORT_INTERVAL_NS`], and until there is nothing.
    fn report(&mut self, now_ns: u64, out: &mut Vec<u8>) -> Option<SocketAddr> {
        out.clear();
        let (srtcp, server) = (self.srtcp.as_mut()?, self.server?);
        self.feedback.report(now_ns, out);
        if let Some(silence) = self.silence.as_mut().filter(|_| out.is_empty()) {
            silence.report(now_ns, out);
        }
        if !out.is_empty() {
            srtcp.seal(out);
        }
        (!out.is_empty()).then_some(server)
    }
}

/// Returns whether it is RTP or RTCP (RFC 7983).
fn is_media(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| (128..192).contains(first))
}

/// Returns whether it is RTCP on the port of RTP (RFC 5761 section 4).
pub(super) fn is_rtcp(packet: &[u8]) -> bool {
    is_media(packet) && packet.get(1).is_some_and(|kind| (192..224).contains(kind))
}

#[cfg(test)]
mod tests {
    use str0m::crypto::dtls::SrtpProfile;

    use super::*;

    fn source() -> SocketAddr {
        "192.0.2.1:4000".parse().unwrap()
    }

    /// A tally that reports, and the other end of its connection.
    fn connected() -> (Tally, Srtcp) {
        let [_, server] = srtcp::tests::ends(SrtpProfile::AEAD_AES_128_GCM);
        let mut tally = Tally::new(99);
        let material = (0..56).collect();
        let keys = Keys { profile: SrtpProfile::AEAD_AES_128_GCM, material, is_client: true };
        tally.take_over(&keys, Some(3));
        (tally, server)
    }

    fn media(ssrc: u32, sequence: u16) -> Vec<u8> {
        let mut packet = header::tests::packet(ssrc, sequence, 9, false, sequence);
        packet.extend_from_slice(&[0; 100 + 16]);
        packet
    }

    #[test]
    fn what_is_not_known_goes_to_the_media_stack_and_what_is_known_is_counted() {
        let (mut tally, _) = connected();
        let now = Instant::now();
        let stun = vec![0, 1, 0, 0];
        tally.take(now, 1, source(), &stun);
        tally.take(now, 2, source(), &media(7, 1));
        tally.count(7, 4, MediaKind::Video);
        tally.take(now, 3, source(), &media(7, 2));
        tally.take(now, 4, source(), &media(8, 5));
        let mut short = media(7, 4);
        short.truncate(30);
        tally.take(now, 6, source(), &short);

        let waiting: Vec<_> = std::iter::from_fn(|| tally.next_waiting()).collect();
        assert_eq!(waiting.iter().map(|one| one.arrived_ns).collect::<Vec<_>>(), [1, 2, 4, 6]);
        assert_eq!((&waiting[0].contents, waiting[0].source), (&stun, source()));
        let mut counted = Vec::new();
        tally.take_counted(&mut counted);
        let [one] = counted[..] else { panic!("{counted:?}") };
        assert_eq!((one.slot, one.sequence, one.payload_bytes, one.arrived_ns), (4, 2, 100, 3));
        tally.take_counted(&mut counted);
        assert!(counted.is_empty());
    }

    #[test]
    fn slot_that_changes_its_stream_counts_the_new_one_only() {
        let (mut tally, _) = connected();
        tally.count(7, 4, MediaKind::Video);
        tally.count(8, 4, MediaKind::Video);
        tally.take(Instant::now(), 1, source(), &media(7, 1));
        tally.take(Instant::now(), 2, source(), &media(8, 1));

        assert_eq!(tally.next_waiting().map(|one| one.arrived_ns), Some(1));
        let mut counted = Vec::new();
        tally.take_counted(&mut counted);
        assert_eq!(counted.iter().map(|one| one.arrived_ns).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn reports_are_sealed_and_go_to_where_media_came_from() {
        let (mut tally, mut server) = connected();
        let mut out = Vec::new();
        assert_eq!(tally.report(0, &mut out), None, "nothing came");
        tally.count(7, 0, MediaKind::Video);
        tally.take(Instant::now(), 1_000_000, source(), &media(7, 1));
        // A retransmission, which the stack is to open, is reported all the same.
        tally.take(Instant::now(), 2_000_000, source(), &media(9, 2));

        assert_eq!(tally.report(REPORT_INTERVAL_NS, &mut out), Some(source()));
        assert!(is_rtcp(&out) && !is_rtcp(&media(7, 1)));
        let opened = server.open(&out).unwrap();
        assert_eq!(opened[..8], [0x81, 201, 0, 7, 0, 0, 0, 99], "a receiver report first");
        let transport = &opened[32..];
        assert_eq!((transport[1], &transport[14..16]), (205, &[0, 2][..]), "then feedback on two packets");
        assert_eq!(tally.report(2 * REPORT_INTERVAL_NS, &mut out), None);
    }

    #[test]
    fn nothing_is_counted_or_reported_without_keys() {
        let mut tally = Tally::new(99);
        tally.count(7, 0, MediaKind::Video);
        tally.take(Instant::now(), 1, source(), &media(7, 1));
        let mut report = media(7, 1);
        report[1] = 201;
        tally.take(Instant::now(), 2, source(), &report);

        assert!(!tally.reports() && !tally.want_key_frame(0));
        assert_eq!(tally.waiting.len(), 2);
        assert_eq!(tally.report(REPORT_INTERVAL_NS, &mut Vec::new()), None);
    }

    #[test]
    fn what_nobody_takes_is_bounded() {
        let (mut tally, _) = connected();
        tally.count(7, 0, MediaKind::Video);
        for number in 0..COUNTED_MAX + 10 {
            tally.take(Instant::now(), 1, source(), &media(7, number as u16));
            tally.take(Instant::now(), 1, source(), &[0]);
        }
        assert_eq!((tally.counted.len(), tally.waiting.len()), (COUNTED_MAX, WAITING_MAX));
    }
}
