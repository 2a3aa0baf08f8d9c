//! What a receiver reports of what came, at the rates of a browser: pure, time and headers in, RTCP out.
//!
//! ```text
//!   every RTP header ──► transport-wide feedback, every 50 ms (draft-holmer-rmcat-transport-wide-cc-extensions-01)
//!   gaps of pictures ──► NACK, at once and four times more (RFC 4585 section 6.2.1)
//!   sender reports   ──► receiver report, every second (RFC 3550 section 6.4.2)
//!   who is asked to  ──► PLI (RFC 4585 section 6.3.1)
//! ```
//! 50 ms is what str0m has, and Chromium with an estimate of 218 kbit/s or more (it gives feedback a twentieth of that).

use sabha_protocol::MediaKind;

use super::header::Header;
use crate::source::{AUDIO_TICKS, VIDEO_TICKS};

/// Between two looks at what there is to report, in nanoseconds.
pub(super) const REPORT_INTERVAL_NS: u64 = 50_000_000;

/// Between two receiver reports, in nanoseconds.
const RECEIVER_REPORT_INTERVAL_NS: u64 = 1_000_000_000;

/// Between two requests for one packet, in nanoseconds, and how many.
const NACK_INTERVAL_NS: u64 = 100_000_000;
const NACKS_MAX: u8 = 5;

/// Packets asked for at once: a burst that is larger is for a key frame to repair.
const MISSING_MAX: usize = 128;

/// Arrivals remembered between two reports. More come only if nobody reports, before media is connected.
const ARRIVALS_MAX: usize = 4_096;

/// Packets that one feedback is on; a receiver that saw fewer between two numbers begins anew behind the gap.
const STATUSES_MAX: i64 = 4_096;

/// What a delta of transport-wide feedback counts in, and what its reference time does, in nanoseconds.
const DELTA_NS: u64 = 250_000;
const REFERENCE_NS: u64 = 64_000_000;

/// Reports of one receiver. Its own SSRC keeps what it seals apart from what the media stack did under other ones.
#[derive(Debug)]
pub(super) struct Feedback {
    ssrc: u32,
    transport: Transport,
    streams: Vec<Stream>,
    receiver_report_due_ns: u64,
    key_frames_wanted: Vec<u32>,
}

#[derive(Debug, Default)]
struct Transport {
    /// Extended numbers and when they came, in nanoseconds.
    arrivals: Vec<(i64, u64)>,
    highest: Option<i64>,
    /// The first number of the next feedback.
    next: Option<i64>,
    count: u8,
    media_ssrc: u32,
    symbols: Vec<u8>,
    deltas: Vec<u8>,
}

/// What is known of one stream.
#[derive(Debug)]
struct Stream {
    ssrc: u32,
    kind: MediaKind,
    /// Extended sequence numbers.
    first: u64,
    highest: u64,
    received: u64,
    /// Expected and received when it was last reported.
    reported: (u64, u64),
    /// RFC 3550 appendix A.8, in sixteenths of a tick.
    jitter: u32,
    transit: Option<u32>,
    missing: Vec<Missing>,
    /// The middle of a sender report's time, and when that came, in nanoseconds.
    sender_report: Option<(u32, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    sequence: u16,
    asked: u8,
    due_ns: u64,
}

impl Feedback {
    pub(super) const fn new(ssrc: u32) -> Self {
        let transport = Transport {
            arrivals: Vec::new(),
            highest: None,
            next: None,
            count: 0,
            media_ssrc: 0,
            symbols: Vec::new(),
            deltas: Vec::new(),
        };
        Self {
            ssrc,
            transport,
            streams: Vec::new(),
            receiver_report_due_ns: 0,
            key_frames_wanted: Vec::new(),
        }
    }

    /// Returns the number under which it reports.
    pub(super) const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Takes note of a packet of any stream, retransmissions included.
    pub(super) fn arrived(&mut self, header: &Header, arrived_ns: u64) {
        if let Some(sequence) = header.transport_sequence {
            self.transport.arrived(sequence, header.ssrc, arrived_ns);
        }
    }

    /// Takes note of a packet of a stream that is counted.
    pub(super) fn received(&mut self, header: &Header, kind: MediaKind, arrived_ns: u64) {
        let known = self.streams.iter_mut().find(|stream| stream.ssrc == header.ssrc);
        match known {
            Some(stream) => stream.received(header, arrived_ns),
            None => self.streams.push(Stream::new(header, kind)),
        }
    }

    /// Forgets a stream.
    pub(super) fn forget(&mut self, ssrc: u32) {
        self.streams.retain(|stream| stream.ssrc != ssrc);
    }

    /// Takes an opened report of the other side.
    pub(super) fn told(&mut self, mut report: &[u8], arrived_ns: u64) {
        while let Some((&[_, kind, high, low], rest)) = report.split_first_chunk::<4>() {
            let length = 4 * usize::from(u16::from_be_bytes([high, low]));
            let Some((body, rest)) = rest.split_at_checked(length) else { return };
            if kind == 200
                && let Some(&[s0, s1, s2, s3, _, _, n2, n3, n4, n5]) = body.first_chunk::<10>()
            {
                let (ssrc, middle) =
                    (u32::from_be_bytes([s0, s1, s2, s3]), u32::from_be_bytes([n2, n3, n4, n5]));
                if let Some(stream) = self.streams.iter_mut().find(|stream| stream.ssrc == ssrc) {
                    stream.sender_report = Some((middle, arrived_ns));
                }
            }
            report = rest;
        }
    }

    /// Asks for a key frame with the next report.
    pub(super) fn want_key_frame(&mut self, ssrc: u32) {
        if !self.key_frames_wanted.contains(&ssrc) {
            self.key_frames_wanted.push(ssrc);
        }
    }

    /// Writes what there is to report at `now_ns` into `out`, which is empty; leaves it empty if that is nothing.
    pub(super) fn report(&mut self, now_ns: u64, out: &mut Vec<u8>) {
        if now_ns >= self.receiver_report_due_ns && !self.streams.is_empty() {
            self.receiver_report_due_ns = now_ns + RECEIVER_REPORT_INTERVAL_NS;
            self.receiver_report(now_ns, out);
        }
        let Self { ssrc, transport, streams, key_frames_wanted, .. } = self;
        for stream in streams {
            stream.ask(*ssrc, now_ns, out);
        }
        for media in key_frames_wanted.drain(..) {
            head(out, 1, 206, 2);
            word(out, *ssrc);
            word(out, media);
        }
        transport.write(*ssrc, out);
    }

    fn receiver_report(&mut self, now_ns: u64, out: &mut Vec<u8>) {
        // More blocks would need a second report; a receiver has a dozen slots.
        let count = self.streams.len().min(31);
        head(out, count as u8, 201, 1 + 6 * count);
        word(out, self.ssrc);
        for stream in &mut self.streams[..count] {
            stream.block(now_ns, out);
        }
    }
}

impl Transport {
    fn arrived(&mut self, sequence: u16, ssrc: u32, arrived_ns: u64) {
        let extended = match self.highest {
            None => i64::from(sequence),
            Some(highest) => highest + i64::from(sequence.wrapping_sub(highest as u16) as i16),
        };
        self.highest = self.highest.max(Some(extended));
        self.media_ssrc = ssrc;
        if self.arrivals.len() < ARRIVALS_MAX && self.next.is_none_or(|next| extended >= next) {
            self.arrivals.push((extended, arrived_ns));
        }
    }

    fn write(&mut self, ssrc: u32, out: &mut Vec<u8>) {
        let Self { arrivals, next, count, media_ssrc, symbols, deltas, .. } = self;
        arrivals.sort_unstable();
        arrivals.dedup_by_key(|(sequence, _)| *sequence);
        let (Some(&(first, first_ns)), Some(&(last, _))) = (arrivals.first(), arrivals.last()) else {
            return;
        };
        let base = next.filter(|next| last - next < STATUSES_MAX).unwrap_or(first);
        let reference = first_ns / REFERENCE_NS;
        let mut before = reference * (REFERENCE_NS / DELTA_NS);
        symbols.clear();
        deltas.clear();
        for &(sequence, arrived_ns) in &*arrivals {
            let at = (sequence - base) as usize;
            let ticks = arrived_ns / DELTA_NS;
            let Ok(delta) = i16::try_from(ticks as i64 - before as i64) else { continue };
            if at >= STATUSES_MAX as usize {
                continue;
            }
            before = ticks;
            symbols.resize(at, 0);
            match u8::try_from(delta) {
                Ok(small) => {
                    symbols.push(1);
                    deltas.push(small);
                }
                Err(_) => {
                    symbols.push(2);
                    deltas.extend_from_slice(&delta.to_be_bytes());
                }
            }
        }
        arrivals.clear();
        *next = Some(last + 1);
        if symbols.is_empty() {
            return;
        }
        let start = out.len();
        head(out, 15, 205, 0);
        word(out, ssrc);
        word(out, *media_ssrc);
        out.extend_from_slice(&(base as u16).to_be_bytes());
        out.extend_from_slice(&(symbols.len() as u16).to_be_bytes());
        word(out, (reference as u32) << 8 | u32::from(*count));
        *count = count.wrapping_add(1);
        chunks(symbols, out);
        out.extend_from_slice(deltas);
        while !(out.len() - start).is_multiple_of(4) {
            out.push(0);
        }
        let words = ((out.len() - start) / 4 - 1) as u16;
        out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
    }
}

/// Writes symbols of two bits, as runs where they are alike and by sevens where not.
fn chunks(symbols: &[u8], out: &mut Vec<u8>) {
    let mut rest = symbols;
    while let Some(&symbol) = rest.first() {
        let run = rest.iter().take_while(|other| **other == symbol).count().min(0x1fff);
        if run >= 7 || run == rest.len() {
            out.extend_from_slice(&(u16::from(symbol) << 13 | run as u16).to_be_bytes());
            rest = &rest[run..];
            continue;
        }
        let (group, after) = rest.split_at(rest.len().min(7));
        let bits = group
            .iter()
            .enumerate()
            .fold(0xc000, |bits, (at, symbol)| bits | u16::from(*symbol) << (12 - 2 * at));
        out.extend_from_slice(&bits.to_be_bytes());
        rest = after;
    }
}

impl Stream {
    fn new(header: &Header, kind: MediaKind) -> Self {
        // Extended numbers begin in the second round, so that what came before the first has one too.
        let first = 0x1_0000 + u64::from(header.sequence);
        Self {
            ssrc: header.ssrc,
            kind,
            first,
            highest: first,
            received: 1,
            reported: (0, 0),
            jitter: 0,
            transit: None,
            missing: Vec::new(),
            sender_report: None,
        }
    }

    fn received(&mut self, header: &Header, arrived_ns: u64) {
        let step = header.sequence.wrapping_sub(self.highest as u16) as i16;
        self.received += 1;
        if step <= 0 {
            self.missing.retain(|missing| missing.sequence != header.sequence);
            return;
        }
        if self.kind == MediaKind::Video {
            for behind in (1..step as u16).rev().take(MISSING_MAX.saturating_sub(self.missing.len())) {
                let sequence = header.sequence.wrapping_sub(behind);
                self.missing.push(Missing { sequence, asked: 0, due_ns: arrived_ns });
            }
        }
        self.highest += step as u64;
        let rate = if self.kind == MediaKind::Audio { AUDIO_TICKS } else { VIDEO_TICKS };
        let arrived = (u128::from(arrived_ns) * u128::from(rate) / 1_000_000_000) as u32;
        let transit = arrived.wrapping_sub(header.time);
        if let Some(before) = self.transit.replace(transit) {
            let difference = (transit.wrapping_sub(before) as i32).unsigned_abs();
            self.jitter = self.jitter.saturating_add(difference).saturating_sub((self.jitter + 8) >> 4);
        }
    }

    fn ask(&mut self, ssrc: u32, now_ns: u64, out: &mut Vec<u8>) {
        self.missing.retain(|missing| missing.asked < NACKS_MAX);
        let mut items: Vec<(u16, u16)> = Vec::new();
        for missing in self.missing.iter_mut().filter(|missing| missing.due_ns <= now_ns) {
            missing.asked += 1;
            missing.due_ns = now_ns + NACK_INTERVAL_NS;
            match items.last_mut() {
                Some((first, mask)) if (1..=16).contains(&missing.sequence.wrapping_sub(*first)) => {
                    *mask |= 1 << (missing.sequence.wrapping_sub(*first) - 1);
                }
                _ => items.push((missing.sequence, 0)),
            }
        }
        if items.is_empty() {
            return;
        }
        head(out, 1, 205, 2 + items.len());
        word(out, ssrc);
        word(out, self.ssrc);
        for (first, mask) in items {
            word(out, u32::from(first) << 16 | u32::from(mask));
        }
    }

    fn block(&mut self, now_ns: u64, out: &mut Vec<u8>) {
        let expected = self.highest - self.first + 1;
        let (expected_since, received_since) = (expected - self.reported.0, self.received - self.reported.1);
        self.reported = (expected, self.received);
        let lost_since = expected_since.saturating_sub(received_since);
        let fraction = (lost_since * 256).checked_div(expected_since).unwrap_or(0).min(255) as u32;
        let lost = expected.saturating_sub(self.received).min(0x7f_ffff) as u32;
        word(out, self.ssrc);
        word(out, fraction << 24 | lost);
        word(out, (self.highest - 0x1_0000) as u32);
        word(out, self.jitter >> 4);
        let (middle, delay) = self.sender_report.map_or((0, 0), |(middle, came_ns)| {
            let waited = u128::from(now_ns.saturating_sub(came_ns));
            (middle, (waited * 65_536 / 1_000_000_000) as u32)
        });
        word(out, middle);
        word(out, delay);
    }
}

fn head(out: &mut Vec<u8>, count: u8, kind: u8, words: usize) {
    out.push(0x80 | count);
    out.push(kind);
    out.extend_from_slice(&(words as u16).to_be_bytes());
}

fn word(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::counted::header::tests::packet;

    const MS: u64 = 1_000_000;

    fn header(ssrc: u32, sequence: u16, time: u32, transport: u16) -> Header {
        Header::read(&packet(ssrc, sequence, time, false, transport), Some(3)).unwrap()
    }

    /// Cuts a compound packet: type, count, body.
    fn parts(mut report: &[u8]) -> Vec<(u8, u8, Vec<u8>)> {
        let mut parts = Vec::new();
        while !report.is_empty() {
            let length = 4 * usize::from(u16::from_be_bytes([report[2], report[3]]));
            parts.push((report[1], report[0] & 0x1f, report[4..4 + length].to_vec()));
            report = &report[4 + length..];
        }
        parts
    }

    /// Reads transport-wide feedback back: number and microseconds since the reference time, of what came.
    fn read_transport(body: &[u8]) -> (u64, Vec<(u16, Option<i64>)>) {
        let base = u16::from_be_bytes([body[8], body[9]]);
        let count = usize::from(u16::from_be_bytes([body[10], body[11]]));
        let reference = u64::from(u32::from_be_bytes([0, body[12], body[13], body[14]]));
        let (mut symbols, mut at) = (Vec::new(), 16);
        while symbols.len() < count {
            let chunk = u16::from_be_bytes([body[at], body[at + 1]]);
            at += 2;
            if chunk & 0x8000 == 0 {
                symbols.extend(vec![chunk >> 13; usize::from(chunk & 0x1fff)]);
            } else {
                symbols.extend((0..7).map(|place| chunk >> (12 - 2 * place) & 3));
            }
        }
        symbols.truncate(count);
        let mut micros = 0;
        let statuses = symbols.iter().enumerate().map(|(index, symbol)| {
            let delta = match symbol {
                0 => None,
                1 => Some(i64::from(body[at])),
                2 => Some(i64::from(i16::from_be_bytes([body[at], body[at + 1]]))),
                _ => panic!("reserved"),
            };
            at += usize::from(*symbol);
            let came = delta.map(|delta| {
                micros += delta * 250;
                micros
            });
            (base.wrapping_add(index as u16), came)
        });
        (reference, statuses.collect())
    }

    #[test]
    fn transport_wide_feedback_says_what_came_and_when_and_what_did_not() {
        let mut feedback = Feedback::new(1);
        let start = 1_000_000 * REFERENCE_NS;
        // Over the wrap, one lost, one late, one after so long that its delta needs two bytes.
        for (sequence, ms) in [(65_534_u16, 5), (65_535, 6), (1, 8), (0, 9), (3, 10), (4, 200)] {
            feedback.arrived(&header(7, 0, 0, sequence), start + ms * MS);
        }
        let mut out = Vec::new();
        feedback.report(start + 300 * MS, &mut out);

        let [(205, 15, body)] = &parts(&out)[..] else { panic!("{out:?}") };
        assert_eq!(body[..8], [0, 0, 0, 1, 0, 0, 0, 7]);
        let (reference, statuses) = read_transport(body);
        assert_eq!(reference, 1_000_000 & 0xff_ffff);
        let ms = |ms: i64| Some(ms * 1_000);
        assert_eq!(
            statuses,
            [(65_534, ms(5)), (65_535, ms(6)), (0, ms(9)), (1, ms(8)), (2, None), (3, ms(10)), (4, ms(200))]
        );

        // The next goes on behind it, and counts.
        feedback.arrived(&header(7, 0, 0, 6), start + 310 * MS);
        let before = body[15];
        out.clear();
        feedback.report(start + 350 * MS, &mut out);
        let [(205, 15, body)] = &parts(&out)[..] else { panic!("{out:?}") };
        assert_eq!(body[15], before + 1);
        let (_, statuses) = read_transport(body);
        assert_eq!(
            statuses.iter().map(|(number, came)| (*number, came.is_some())).collect::<Vec<_>>(),
            [(5, false), (6, true)]
        );
        out.clear();
        feedback.report(start + 400 * MS, &mut out);
        assert!(out.is_empty(), "nothing new, nothing said");
    }

    #[test]
    fn long_runs_and_mixtures_are_read_back_as_they_were() {
        let mut feedback = Feedback::new(1);
        let came = |number: u16| !(100..150).contains(&number) && !number.is_multiple_of(9);
        for number in (0..300).filter(|number| came(*number)) {
            feedback.arrived(&header(7, 0, 0, number), u64::from(number) * MS);
        }
        let mut out = Vec::new();
        feedback.report(400 * MS, &mut out);

        let (_, statuses) = read_transport(&parts(&out)[0].2);
        assert_eq!(statuses.len(), 299, "the first and the last came");
        for (number, found) in statuses {
            assert_eq!(found, came(number).then_some(i64::from(number) * 1_000), "{number}");
        }
    }

    #[test]
    fn missing_pictures_are_asked_for_five_times_and_voices_never() {
        let mut feedback = Feedback::new(1);
        let receive = |feedback: &mut Feedback, ssrc, kind, sequence: u16| {
            let header = header(ssrc, sequence, 0, 0);
            feedback.received(&header, kind, 0);
        };
        for sequence in [65_530_u16, 65_534, 2, 40] {
            receive(&mut feedback, 7, MediaKind::Video, sequence);
            receive(&mut feedback, 8, MediaKind::Audio, sequence);
        }
        // It came after all.
        receive(&mut feedback, 7, MediaKind::Video, 65_531);

        let mut asked = Vec::new();
        for round in 0..10 {
            let mut out = Vec::new();
            feedback.report(round * NACK_INTERVAL_NS, &mut out);
            asked.extend(
                parts(&out).into_iter().filter(|part| (part.0, part.1) == (205, 1)).map(|part| part.2),
            );
        }

        assert_eq!(asked.len(), 5, "{asked:?}");
        let body = &asked[0];
        assert_eq!(body[..8], [0, 0, 0, 1, 0, 0, 0, 7]);
        let mut numbers = Vec::new();
        for item in body[8..].chunks(4) {
            let first = u16::from_be_bytes([item[0], item[1]]);
            let mask = u16::from_be_bytes([item[2], item[3]]);
            numbers.push(first);
            numbers.extend((0..16).filter(|bit| mask >> bit & 1 == 1).map(|bit| first.wrapping_add(bit + 1)));
        }
        let expected: Vec<u16> = [65_532, 65_533, 65_535, 0, 1].into_iter().chain(3..40).collect();
        assert_eq!(numbers, expected);
    }

    #[test]
    fn receiver_report_comes_each_second_with_loss_and_the_last_sender_report() {
        let mut feedback = Feedback::new(1);
        for sequence in [10_u16, 11, 12, 14] {
            feedback.received(&header(7, sequence, 0, 0), MediaKind::Audio, 0);
        }
        let mut told = Vec::new();
        head(&mut told, 0, 200, 6);
        for value in [7, 0xaaaa_1234, 0x5678_bbbb, 0, 0, 0] {
            word(&mut told, value);
        }
        feedback.told(&told, 500 * MS);

        let mut reports = Vec::new();
        for tick in 0..60 {
            let mut out = Vec::new();
            feedback.report((1_000 + tick * 50) * MS, &mut out);
            reports.extend(parts(&out).into_iter().filter(|part| part.0 == 201));
        }

        assert_eq!(reports.len(), 3);
        let (_, count, body) = &reports[0];
        let words: Vec<u32> =
            body.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect();
        assert_eq!(*count, 1);
        // A fifth is lost, one packet, the highest is 14; half a second since the sender's report.
        assert_eq!(words, [1, 7, 51 << 24 | 1, 14, 0, 0x1234_5678, 32_768]);
        let later: Vec<u32> =
            reports[1].2.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect();
        assert_eq!(later[2], 1, "nothing was lost since");
    }

    #[test]
    fn key_frame_is_asked_for_once() {
        let mut feedback = Feedback::new(1);
        feedback.want_key_frame(9);
        feedback.want_key_frame(9);
        let mut out = Vec::new();
        feedback.report(0, &mut out);
        feedback.report(50 * MS, &mut out);
        assert_eq!(parts(&out), [(206, 1, vec![0, 0, 0, 1, 0, 0, 0, 9])]);
    }
}
