//! Feedback of transport-wide congestion control: which packets of a connection arrived, and when.
//!
//! ```text
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |     base sequence number      |      packet status count      |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |            reference time, signed, 64 ms      |feedback count |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |  chunks of 16 bits, until the status count is reached         |
//! |  a delta of 8 or 16 bits for each packet received             |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//!
//! chunk   0 S S n n n n n n n n n n n n n    the symbol S, n times
//!         1 0 s s s s s s s s s s s s s s    14 symbols: 0 or 1
//!         1 1 S S S S S S S S S S S S S S    7 symbols
//! symbol  0  not received
//!         1  received, delta of  8 bits, unsigned, in 250 µs
//!         2  received, delta of 16 bits, signed,   in 250 µs
//!         3  reserved
//! ```
//!
//! A delta counts from the packet received before it, the first one from the reference time.
//!
//! Source: draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.

use super::compound::{Malformed, feedback_ssrcs};

/// What one unit of a delta is worth.
pub(super) const DELTA_MICROS: i64 = 250;
/// The longest run that one chunk says; also the most packets that one feedback is believed to be on. A sender of
/// 100 Mbit/s sends as many in a second, and feedback comes ten times in one.
pub(super) const STATUSES_MAX: u16 = 0x1fff;

/// What a feedback says of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    NotReceived = 0,
    SmallDelta = 1,
    LargeDelta = 2,
}

/// Some packets' symbols, packed.
#[derive(Clone, Copy, Debug)]
enum Chunk {
    Run(u16),
    Bits(u16),
    Pairs(u16),
}

/// Transport-wide feedback.
#[derive(Clone, Copy, Debug)]
pub struct TransportFeedback<'a> {
    /// Who gives the feedback.
    pub sender_ssrc: u32,
    /// Some stream of the connection. The feedback is on all of them.
    pub media_ssrc: u32,
    /// The transport-wide sequence number of the first packet.
    pub base_seq: u16,
    /// How many packets it is on, 1 to 8191.
    pub status_count: u16,
    /// From what the first delta counts on the receiver's clock, in 64 ms, signed, of 24 bits: wraps in 12.4 days.
    pub reference_time: i32,
    /// Counts the feedbacks, modulo 2^8.
    pub feedback_count: u8,
    chunks: &'a [[u8; 2]],
    deltas: &'a [u8],
}

/// The statuses of a feedback's packets in the order of their sequence numbers. Made by
/// [`TransportFeedback::statuses`].
#[derive(Clone, Debug)]
pub struct Statuses<'a> {
    seq: u16,
    remaining: u16,
    chunk: Chunk,
    /// How many symbols of the chunk have been read.
    read: u16,
    chunks: std::slice::Iter<'a, [u8; 2]>,
    deltas: &'a [u8],
    micros: i64,
}

impl<'a> TransportFeedback<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let ((sender_ssrc, media_ssrc), body) = feedback_ssrcs(body)?;
        let (&[b0, b1, n0, n1, t0, t1, t2, feedback_count], body) =
            body.split_first_chunk::<8>().ok_or(Malformed::Truncated)?;
        let status_count = u16::from_be_bytes([n0, n1]);
        if !(1..=STATUSES_MAX).contains(&status_count) {
            return Err(Malformed::StatusCount);
        }

        let (pairs, _) = body.as_chunks::<2>();
        let (mut used, mut delta_bytes, mut remaining) = (0, 0, status_count);
        while remaining > 0 {
            let chunk = Chunk::read(*pairs.get(used).ok_or(Malformed::Count)?);
            let symbols = chunk.symbols().min(remaining);
            delta_bytes += chunk.delta_bytes(symbols)?;
            remaining -= symbols;
            used += 1;
        }
        let deltas = body.get(used * 2..used * 2 + delta_bytes).ok_or(Malformed::Count)?;
        Ok(Self {
            sender_ssrc,
            media_ssrc,
            base_seq: u16::from_be_bytes([b0, b1]),
            status_count,
            reference_time: i32::from_be_bytes([t0, t1, t2, 0]) >> 8,
            feedback_count,
            chunks: &pairs[..used],
            deltas,
        })
    }

    /// Returns each packet's transport-wide sequence number with the microseconds from the reference time to its
    /// arrival, or `None` if it has not arrived. They may be negative, and are within ±2^37.
    pub fn statuses(&self) -> Statuses<'a> {
        Statuses {
            seq: self.base_seq,
            remaining: self.status_count,
            chunk: Chunk::Run(0),
            read: 0,
            chunks: self.chunks.iter(),
            deltas: self.deltas,
            micros: 0,
        }
    }
}

impl Iterator for Statuses<'_> {
    type Item = (u16, Option<i64>);

    fn next(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        while self.read >= self.chunk.symbols() {
            self.chunk = Chunk::read(*self.chunks.next()?);
            self.read = 0;
        }
        let symbol = self.chunk.symbol(self.read).ok()?;
        self.read += 1;

        let seq = self.seq;
        self.seq = seq.wrapping_add(1);
        let delta = match symbol {
            Symbol::NotReceived => return Some((seq, None)),
            Symbol::SmallDelta => {
                let (&delta, rest) = self.deltas.split_first()?;
                self.deltas = rest;
                i64::from(delta)
            }
            Symbol::LargeDelta => {
                let (&delta, rest) = self.deltas.split_first_chunk()?;
                self.deltas = rest;
                i64::from(i16::from_be_bytes(delta))
            }
        };
        self.micros += delta * DELTA_MICROS;
        Some((seq, Some(self.micros)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(usize::from(self.remaining)))
    }
}

impl Symbol {
    fn read(bits: u16) -> Result<Self, Malformed> {
        match bits & 3 {
            0 => Ok(Self::NotReceived),
            1 => Ok(Self::SmallDelta),
            2 => Ok(Self::LargeDelta),
            _ => Err(Malformed::Symbol),
        }
    }

    /// How many bytes its delta takes.
    pub(super) fn delta_bytes(self) -> usize {
        self as usize
    }
}

impl Chunk {
    fn read(bytes: [u8; 2]) -> Self {
        let bits = u16::from_be_bytes(bytes);
        match bits >> 14 {
            0 | 1 => Self::Run(bits),
            2 => Self::Bits(bits),
            _ => Self::Pairs(bits),
        }
    }

    /// How many symbols it says. A run may be of none.
    fn symbols(self) -> u16 {
        match self {
            Self::Run(bits) => bits & STATUSES_MAX,
            Self::Bits(_) => 14,
            Self::Pairs(_) => 7,
        }
    }

    /// Returns one of its symbols, of which the first is in the highest bits.
    fn symbol(self, index: u16) -> Result<Symbol, Malformed> {
        match self {
            Self::Run(bits) => Symbol::read(bits >> 13),
            Self::Bits(bits) => Symbol::read(bits >> 13u16.saturating_sub(index) & 1),
            Self::Pairs(bits) => Symbol::read(bits >> 12u16.saturating_sub(2 * index)),
        }
    }

    /// How many bytes the deltas of its first `symbols` take.
    fn delta_bytes(self, symbols: u16) -> Result<usize, Malformed> {
        match self {
            Self::Run(_) => Ok(self.symbol(0)?.delta_bytes() * usize::from(symbols)),
            _ => (0..symbols).map(|index| Ok(self.symbol(index)?.delta_bytes())).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body: SSRCs 1 and 2, base 65534, reference time -1, feedback count 9, and what is given.
    fn body(status_count: u16, rest: &[u8]) -> Vec<u8> {
        let mut body = vec![0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xfe];
        body.extend(status_count.to_be_bytes());
        body.extend([0xff, 0xff, 0xff, 9]);
        body.extend(rest);
        body
    }

    fn statuses(status_count: u16, rest: &[u8]) -> Vec<(u16, Option<i64>)> {
        TransportFeedback::read(&body(status_count, rest)).unwrap().statuses().collect()
    }

    #[test]
    fn fixed_fields_are_read() {
        let body = body(1, &[0x20, 0x01, 4]);
        let feedback = TransportFeedback::read(&body).unwrap();
        assert_eq!((feedback.sender_ssrc, feedback.media_ssrc), (1, 2));
        assert_eq!((feedback.base_seq, feedback.status_count), (65534, 1));
        assert_eq!((feedback.reference_time, feedback.feedback_count), (-1, 9));
    }

    #[test]
    fn run_of_each_symbol_is_read() {
        assert_eq!(statuses(3, &[0x00, 0x03]), [(65534, None), (65535, None), (0, None)]);
        assert_eq!(statuses(2, &[0x20, 0x02, 4, 8]), [(65534, Some(1000)), (65535, Some(3000))]);
        assert_eq!(
            statuses(2, &[0x40, 0x02, 0x7f, 0xff, 0x80, 0x00]),
            [(65534, Some(32767 * 250)), (65535, Some(-250))]
        );
    }

    #[test]
    fn vectors_are_read_from_the_highest_bit() {
        // One bit a symbol, the example in section 3.1.4 of the draft.
        let read = statuses(14, &[0b1001_1111, 0b0001_1100, 1, 1, 1, 1, 1, 1, 1, 1]);
        let received: Vec<bool> = read.iter().map(|(_, micros)| micros.is_some()).collect();
        let [y, n] = [true, false];
        assert_eq!(received, [n, y, y, y, y, y, n, n, n, y, y, y, n, n]);

        // Two bits a symbol: a lost packet, a small delta, a large one, two small ones, two lost.
        let read = statuses(7, &[0b1100_0110, 0b0101_0000, 1, 0xff, 0xff, 2, 3]);
        let micros: Vec<Option<i64>> = read.iter().map(|(_, micros)| *micros).collect();
        assert_eq!(micros, [None, Some(250), Some(0), Some(500), Some(1250), None, None]);
    }

    #[test]
    fn last_chunk_says_no_more_than_the_status_count() {
        // A run of 8191 where two are left: only two deltas are asked for.
        assert_eq!(statuses(2, &[0x3f, 0xff, 1, 1]).len(), 2);
        // What is beyond the count in a vector may be reserved.
        assert_eq!(statuses(1, &[0b1101_1111, 0xff, 1]), [(65534, Some(250))]);
    }

    #[test]
    fn run_of_none_is_passed_over() {
        assert_eq!(statuses(1, &[0x00, 0x00, 0x20, 0x01, 4]), [(65534, Some(1000))]);
    }

    #[test]
    fn what_promises_more_than_there_is_is_refused() {
        for (status_count, rest, why) in [
            (0, &[0x20, 0x01, 4][..], Malformed::StatusCount),
            (8192, &[0x3f, 0xff, 0x3f, 0xff], Malformed::StatusCount),
            (15, &[0b1000_0000, 0], Malformed::Count),
            (2, &[0x20, 0x02, 4], Malformed::Count),
            (1, &[0x40, 0x01, 4], Malformed::Count),
            (1, &[0x60, 0x01, 4, 4], Malformed::Symbol),
            (2, &[0b1101_1100, 0, 4, 4], Malformed::Symbol),
        ] {
            assert_eq!(TransportFeedback::read(&body(status_count, rest)).err(), Some(why), "{rest:x?}");
        }
    }

    #[test]
    fn longest_feedback_with_the_largest_deltas_does_not_overflow() {
        let deltas = [0x80, 0x00].repeat(8191);
        let read = statuses(8191, &[&[0x5f, 0xff][..], &deltas].concat());
        assert_eq!(read.last().unwrap().1, Some(-32768 * 250 * 8191));
    }
}
