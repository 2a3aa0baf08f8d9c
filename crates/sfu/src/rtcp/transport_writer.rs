//! Writes the feedback that `transport` reads.

use super::reference_clock::REFERENCE_MICROS;
use super::transport::{DELTA_MICROS, STATUSES_MAX, Symbol};
use super::{format, packet_type, write};

/// Header, SSRCs and fixed fields.
const HEAD_BYTES: usize = 20;
/// With what SRTCP, UDP and a tunnel add it fits where 1200 bytes do, with a report beside it.
const BYTES_MAX: usize = 1000;
/// Symbols in a chunk of two bits each: no chunk but the last says fewer.
const PAIRS: usize = 7;
/// Symbols in a chunk of one bit each.
const BITS: usize = 14;

/// The fields of a feedback that its packets do not tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FeedbackHead {
    /// Who gives the feedback.
    pub(crate) sender_ssrc: u32,
    /// Some stream of the connection.
    pub(crate) media_ssrc: u32,
    /// Counts the feedbacks, modulo 2^8.
    pub(crate) feedback_count: u8,
}

/// Writes feedbacks, and keeps what it needs for that from one to the next.
#[derive(Debug, Default)]
pub(crate) struct FeedbackWriter {
    symbols: Vec<Symbol>,
    deltas: Vec<u8>,
}

impl FeedbackWriter {
    /// Appends a feedback on packets from `base_seq` on, whose arrivals in microseconds of the receiver's clock are
    /// `arrivals`, `None` for one that has not arrived. Returns on how many of them it is.
    ///
    /// It ends early before one that arrived more than 8.1 s before or after the last one, and at 1000 bytes or
    /// 8191 packets: give the rest to the next one. Times are rounded down to 250 µs, which does not add up. If
    /// none of them arrived, nothing is written, and they are counted none the less.
    pub(crate) fn write(
        &mut self,
        out: &mut Vec<u8>,
        head: FeedbackHead,
        base_seq: u16,
        arrivals: impl IntoIterator<Item = Option<i64>>,
    ) -> usize {
        self.symbols.clear();
        self.deltas.clear();
        let mut reference = None;
        let mut last = 0;
        for arrival in arrivals.into_iter().take(usize::from(STATUSES_MAX)) {
            let chunks = (self.symbols.len() + 1).div_ceil(PAIRS) * 2;
            if HEAD_BYTES + chunks + self.deltas.len() + 2 > BYTES_MAX {
                break;
            }
            let Some(arrival) = arrival else {
                self.symbols.push(Symbol::NotReceived);
                continue;
            };
            let ticks = arrival.div_euclid(DELTA_MICROS);
            if reference.is_none() {
                let start = arrival.div_euclid(REFERENCE_MICROS);
                reference = Some(start);
                last = start * (REFERENCE_MICROS / DELTA_MICROS);
            }
            let delta = ticks.saturating_sub(last);
            if let Ok(small) = u8::try_from(delta) {
                self.symbols.push(Symbol::SmallDelta);
                self.deltas.push(small);
            } else if let Ok(large) = i16::try_from(delta) {
                self.symbols.push(Symbol::LargeDelta);
                self.deltas.extend_from_slice(&large.to_be_bytes());
            } else {
                break;
            }
            last = ticks;
        }
        if let Some(reference) = reference {
            self.append(out, head, base_seq, reference as u32);
        }
        self.symbols.len()
    }

    fn append(&self, out: &mut Vec<u8>, head: FeedbackHead, base_seq: u16, reference: u32) {
        write::packet(out, packet_type::TRANSPORT_FEEDBACK, format::TRANSPORT_WIDE, |out| {
            out.extend_from_slice(&head.sender_ssrc.to_be_bytes());
            out.extend_from_slice(&head.media_ssrc.to_be_bytes());
            out.extend_from_slice(&base_seq.to_be_bytes());
            out.extend_from_slice(&(self.symbols.len() as u16).to_be_bytes());
            let [_, t0, t1, t2] = reference.to_be_bytes();
            out.extend_from_slice(&[t0, t1, t2, head.feedback_count]);
            let mut rest = &self.symbols[..];
            while let Some((chunk, symbols)) = chunk(rest) {
                out.extend_from_slice(&chunk.to_be_bytes());
                rest = &rest[symbols..];
            }
            out.extend_from_slice(&self.deltas);
        });
    }
}

/// Returns the chunk that says the most of the next symbols, and how many; `None` if there are none.
fn chunk(symbols: &[Symbol]) -> Option<(u16, usize)> {
    let first = *symbols.first()?;
    let run = symbols.iter().take_while(|symbol| **symbol == first).count();
    let small = symbols.iter().take(BITS).take_while(|symbol| **symbol != Symbol::LargeDelta).count();
    // A vector of bits has to say all of its 14, or all that are left, and cannot say a large delta.
    let in_bits = small == symbols.len().min(BITS);
    let vector = symbols.len().min(if in_bits { BITS } else { PAIRS });
    // A run of large deltas is said in pairs too: str0m 0.25 goes on at the wrong byte after such a run, and it would
    // save two bytes of sixteen.
    if run >= vector && first != Symbol::LargeDelta {
        return Some(((first as u16) << 13 | run as u16, run));
    }
    let (kind, width) = if in_bits { (2 << 14, 1) } else { (3 << 14, 2) };
    let said = symbols[..vector].iter().fold(0, |said, symbol| said << width | *symbol as u16);
    let missing = 14 / width - vector;
    Some((kind | said << (width * missing), vector))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Packet, Packets};
    use super::*;

    const HEAD: FeedbackHead = FeedbackHead { sender_ssrc: 1, media_ssrc: 2, feedback_count: 3 };

    /// Writes feedbacks on all of `arrivals` and returns what is read of them, in 250 µs.
    fn round_trip(base_seq: u16, arrivals: &[Option<i64>]) -> Vec<(u16, Option<i64>)> {
        let mut writer = FeedbackWriter::default();
        let (mut at, mut read) = (0, Vec::new());
        while at < arrivals.len() {
            let mut out = Vec::new();
            let base = base_seq.wrapping_add(at as u16);
            let count = writer.write(&mut out, HEAD, base, arrivals[at..].iter().copied());
            assert!(count > 0 && out.len() <= BYTES_MAX, "{} bytes", out.len());
            at += count;
            if out.is_empty() {
                read.extend((0..count).map(|i| (base.wrapping_add(i as u16), None)));
                continue;
            }
            let mut packets = Packets::new(&out);
            let Some(Ok(Packet::TransportFeedback(feedback))) = packets.next() else { panic!() };
            assert!(packets.next().is_none());
            assert_eq!((feedback.sender_ssrc, feedback.media_ssrc, feedback.feedback_count), (1, 2, 3));
            assert_eq!((feedback.base_seq, usize::from(feedback.status_count)), (base, count));
            let reference = i64::from(feedback.reference_time) * REFERENCE_MICROS;
            let micros = |offset: Option<i64>| offset.map(|offset| (reference + offset) / DELTA_MICROS);
            read.extend(feedback.statuses().map(|(seq, offset)| (seq, micros(offset))));
        }
        read
    }

    /// Arrivals in order, some lost, a few late, a few after a pause.
    fn arrivals() -> impl Strategy<Value = Vec<Option<i64>>> {
        let step = prop_oneof![
            12 => (0i64..30_000).prop_map(Some),
            4 => Just(None),
            2 => (-200_000i64..0).prop_map(Some),
            1 => (0i64..60_000_000).prop_map(Some),
        ];
        (prop::collection::vec((step, 1usize..20), 1..300), 0i64..1 << 36).prop_map(|(steps, start)| {
            let mut now = start + 200_000_000;
            let mut arrivals = Vec::new();
            for (step, times) in steps {
                for _ in 0..times {
                    now += step.unwrap_or(0);
                    arrivals.push(step.map(|_| now));
                }
            }
            arrivals
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(base_seq: u16, arrivals in arrivals()) {
            let read = round_trip(base_seq, &arrivals);

            prop_assert_eq!(read.len(), arrivals.len());
            for (i, ((seq, ticks), arrival)) in read.into_iter().zip(arrivals).enumerate() {
                prop_assert_eq!(seq, base_seq.wrapping_add(i as u16));
                // The reference time has 24 bits.
                let wrap = |ticks: i64| ticks.rem_euclid(256 << 24);
                prop_assert_eq!(ticks.map(wrap), arrival.map(|micros| wrap(micros.div_euclid(DELTA_MICROS))));
            }
        }

        #[test]
        fn chunks_are_never_more_than_those_of_seven(symbols in prop::collection::vec(0u8..3, 0..200)) {
            let symbols: Vec<Symbol> = symbols
                .into_iter()
                .map(|symbol| [Symbol::NotReceived, Symbol::SmallDelta, Symbol::LargeDelta][usize::from(symbol)])
                .collect();
            let (mut rest, mut chunks) = (&symbols[..], 0);
            while let Some((_, said)) = chunk(rest) {
                prop_assert!(said >= PAIRS.min(rest.len()));
                rest = &rest[said..];
                chunks += 1;
            }
            prop_assert!(chunks <= symbols.len().div_ceil(PAIRS));
        }
    }

    #[test]
    fn steady_stream_takes_one_run() {
        let mut out = Vec::new();
        let arrivals = (0..100).map(|i| Some(i * 5000));
        assert_eq!(FeedbackWriter::default().write(&mut out, HEAD, 0, arrivals), 100);
        assert_eq!(out.len(), (HEAD_BYTES + 2 + 100usize).next_multiple_of(4));
        assert_eq!(out[HEAD_BYTES..HEAD_BYTES + 2], [0x20, 100]);
    }

    #[test]
    fn losses_take_a_vector_of_bits_and_large_deltas_one_of_pairs() {
        let mut out = Vec::new();
        let every_other = (0..14).map(|i| (i % 2 == 0).then_some(i * 1000));
        FeedbackWriter::default().write(&mut out, HEAD, 0, every_other);
        assert_eq!(out[HEAD_BYTES..HEAD_BYTES + 2], [0b1010_1010, 0b1010_1010]);

        let mut out = Vec::new();
        let arrivals = [Some(0), None, Some(100_000), Some(100_000)];
        FeedbackWriter::default().write(&mut out, HEAD, 0, arrivals);
        assert_eq!(out[HEAD_BYTES..HEAD_BYTES + 2], [0b1101_0010, 0b0100_0000]);
    }

    #[test]
    fn feedback_ends_before_a_pause_of_more_than_eight_seconds() {
        let mut out = Vec::new();
        let arrivals = [Some(0), None, Some(9_000_000), Some(9_000_000)];
        assert_eq!(FeedbackWriter::default().write(&mut out, HEAD, 0, arrivals), 2);
    }

    #[test]
    fn nothing_is_written_on_packets_none_of_which_arrived() {
        let mut out = Vec::new();
        assert_eq!(FeedbackWriter::default().write(&mut out, HEAD, 0, [None, None]), 2);
        assert!(out.is_empty());
    }

    #[test]
    fn scratch_is_allocated_once() {
        let mut writer = FeedbackWriter::default();
        let mut out = Vec::new();
        writer.write(&mut out, HEAD, 0, (0..500).map(|i| Some(i * 100_000)));
        let before = (writer.symbols.capacity(), writer.deltas.capacity(), out.capacity());
        out.clear();
        writer.write(&mut out, HEAD, 0, (0..500).map(|i| Some(i * 100_000)));
        assert_eq!((writer.symbols.capacity(), writer.deltas.capacity(), out.capacity()), before);
    }
}
