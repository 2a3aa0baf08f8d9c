//! Makes one continuous RTP stream out of pieces of several.
//!
//! A down-slot keeps its SSRC while publications and layers come and go in it, so that nothing is
//! renegotiated and the receiver sees no reset. For that, sequence number, timestamp, picture id and
//! TL0PICIDX (RFC 7741 and RFC 9628, section 4.2 of both) continue where the last piece ended. Inside a piece
//! they move by a constant, so that losses, reordering and retransmissions show through unchanged.

use std::time::{Duration, Instant};

/// The fields of an arriving packet that have to be rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    /// Sequence number, extended beyond 16 bits.
    pub(crate) seq: u64,
    /// RTP timestamp.
    pub(crate) timestamp: u32,
    /// Picture id of VP8 and VP9, 7 or 15 bits.
    pub(crate) picture: Option<u16>,
    /// TL0PICIDX of VP8, and of VP9 in its non-flexible mode.
    pub(crate) tl0: Option<u8>,
}

/// Rewrites the packets of one down-slot.
#[derive(Debug)]
pub(crate) struct Rewriter {
    clock_rate: u32,
    piece: Option<Piece>,
    /// The newest packet sent, with its rewritten numbers.
    newest: Option<(Instant, Numbers)>,
    first: Numbers,
}

/// What is added, modulo the width of each field, to the numbers of packets from `from` on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    from: u64,
    seq: u64,
    timestamp: u32,
    picture: u16,
    tl0: u8,
}

impl Piece {
    /// Returns the numbers under which a packet is sent, or `None` if it came before the piece.
    pub(crate) fn apply(&self, arrived: Numbers) -> Option<Numbers> {
        (arrived.seq >= self.from).then(|| Numbers {
            seq: arrived.seq.wrapping_add(self.seq),
            timestamp: arrived.timestamp.wrapping_add(self.timestamp),
            picture: arrived.picture.map(|picture| picture.wrapping_add(self.picture) & 0x7fff),
            tl0: arrived.tl0.map(|tl0| tl0.wrapping_add(self.tl0)),
        })
    }

    /// Returns the number under which the piece's first packet is sent.
    pub(crate) fn first(&self) -> u64 {
        self.from.wrapping_add(self.seq)
    }

    /// Returns whether the packet that arrived as `seq` is not before it.
    pub(crate) fn starts_by(&self, seq: u64) -> bool {
        self.from <= seq
    }

    /// Returns whether nothing of it can have been sent when the packet with number `seq` is the next to come.
    pub(crate) fn is_bare(&self, seq: u64) -> bool {
        self.from == seq
    }

    /// Returns the number under which arrived what was sent as `seq`, one of the piece.
    pub(crate) fn arrived(&self, seq: u64) -> u64 {
        seq.wrapping_sub(self.seq)
    }
}

impl Rewriter {
    /// Returns a rewriter whose first packet is numbered from `seed`, and its picture as it comes. The sequence
    /// number starts below 2^14, because a receiver takes the rollover counter of SRTP to be zero at first
    /// (RFC 3711 section 3.3.1).
    pub(crate) fn new(clock_rate: u32, seed: u32) -> Self {
        let first = Numbers { seq: u64::from(seed & 0x3fff) + 1, timestamp: seed, picture: None, tl0: None };
        Self { clock_rate, piece: None, newest: None, first }
    }

    /// Lets a new piece begin with `arrived`. Its timestamp follows the last one by the time that passed.
    pub(crate) fn begin(&mut self, now: Instant, arrived: Numbers) {
        let target = match self.newest {
            None => self.first,
            Some((at, newest)) => Numbers {
                seq: newest.seq + 1,
                timestamp: newest.timestamp.wrapping_add(self.ticks(now.saturating_duration_since(at))),
                picture: newest.picture.map(|picture| picture.wrapping_add(1)),
                tl0: newest.tl0.map(|tl0| tl0.wrapping_add(1)),
            },
        };
        self.piece = Some(Piece {
            from: arrived.seq,
            seq: target.seq.wrapping_sub(arrived.seq),
            timestamp: target.timestamp.wrapping_sub(arrived.timestamp),
            picture: target.picture.zip(arrived.picture).map_or(0, |(to, from)| to.wrapping_sub(from)),
            tl0: target.tl0.zip(arrived.tl0).map_or(0, |(to, from)| to.wrapping_sub(from)),
        });
    }

    /// Ends the piece; the next one is in another codec, whose pictures are numbered as they come. A receiver
    /// starts over with picture ids when the codec changes, and a payload that keeps its numbers is not copied.
    pub(crate) fn change_codec(&mut self) {
        self.end();
        if let Some((_, newest)) = &mut self.newest {
            (newest.picture, newest.tl0) = (None, None);
        }
    }

    /// Goes on with the same stream after packets of it were left out: no gap in sequence numbers, while
    /// timestamps keep the true distance.
    pub(crate) fn resume(&mut self, arrived: Numbers) {
        if let (Some(piece), Some((_, newest))) = (&mut self.piece, self.newest) {
            piece.from = arrived.seq;
            piece.seq = (newest.seq + 1).wrapping_sub(arrived.seq);
        }
    }

    /// Leaves out a packet that is newer than all before: what follows it takes its number, and its picture's if
    /// `closes_picture`. A new piece begins behind it, which is returned.
    pub(crate) fn leave_out(&mut self, seq: u64, closes_picture: bool) -> Option<Piece> {
        let piece = self.piece.as_mut()?;
        piece.from = seq + 1;
        piece.seq = piece.seq.wrapping_sub(1);
        piece.picture = piece.picture.wrapping_sub(closes_picture.into());
        Some(*piece)
    }

    /// Ends the piece; nothing passes until the next [`begin`](Self::begin).
    pub(crate) fn end(&mut self) {
        self.piece = None;
    }

    /// Returns the piece that is being forwarded.
    pub(crate) fn piece(&self) -> Option<Piece> {
        self.piece
    }

    /// Returns whether a piece is being forwarded.
    pub(crate) fn is_open(&self) -> bool {
        self.piece.is_some()
    }

    /// Returns the numbers under which a packet is sent, or `None` if it does not belong to the piece.
    pub(crate) fn rewrite(&mut self, now: Instant, arrived: Numbers) -> Option<Numbers> {
        let sent = self.piece.as_ref()?.apply(arrived)?;
        match &mut self.newest {
            Some((_, newest)) if newest.seq >= sent.seq => {}
            Some((at, newest)) => {
                *at = now;
                *newest = Numbers {
                    picture: sent.picture.or(newest.picture),
                    tl0: sent.tl0.or(newest.tl0),
                    ..sent
                };
            }
            None => self.newest = Some((now, sent)),
        }
        Some(sent)
    }

    /// Converts elapsed time to at least one tick of the RTP clock.
    fn ticks(&self, elapsed: Duration) -> u32 {
        let ticks = elapsed.as_micros().saturating_mul(u128::from(self.clock_rate)) / 1_000_000;
        (ticks as u32).max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(seq: u64, timestamp: u32) -> Numbers {
        Numbers { seq, timestamp, picture: Some(seq as u16 & 0x7fff), tl0: Some(seq as u8) }
    }

    proptest! {
        #[test]
        fn pieces_join_without_gap_or_step_back(
            seed: u32,
            pieces in prop::collection::vec((0u64..1 << 32, any::<u32>(), 1u64..50), 1..8),
        ) {
            let mut now = Instant::now();
            let mut rewriter = Rewriter::new(90_000, seed);
            let mut last: Option<Numbers> = None;
            for (seq, timestamp, length) in pieces {
                rewriter.begin(now, numbers(seq, timestamp));
                for i in 0..length {
                    now += Duration::from_millis(33);
                    let arrived = numbers(seq + i, timestamp.wrapping_add(2970 * i as u32));
                    let sent = rewriter.rewrite(now, arrived).unwrap();
                    if let Some(last) = last {
                        prop_assert_eq!(sent.seq, last.seq + 1);
                        prop_assert_eq!(sent.picture.unwrap(), (last.picture.unwrap() + 1) & 0x7fff);
                        prop_assert_eq!(sent.tl0.unwrap(), last.tl0.unwrap().wrapping_add(1));
                        prop_assert!((1..=2_971).contains(&sent.timestamp.wrapping_sub(last.timestamp)));
                    }
                    last = Some(sent);
                }
            }
        }
    }

    #[test]
    fn reordered_packet_keeps_its_place_and_older_piece_is_refused() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(90_000, 1);
        rewriter.begin(now, numbers(100, 0));
        let first = rewriter.rewrite(now, numbers(100, 0)).unwrap();
        let third = rewriter.rewrite(now, numbers(102, 0)).unwrap();
        let second = rewriter.rewrite(now, numbers(101, 0)).unwrap();

        assert_eq!([first.seq + 1, first.seq + 2], [second.seq, third.seq]);
        assert_eq!(rewriter.rewrite(now, numbers(99, 0)), None);
    }

    #[test]
    fn left_out_audio_leaves_no_gap_but_keeps_its_time() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(48_000, 1);
        rewriter.begin(now, numbers(7, 0));
        let before = rewriter.rewrite(now, numbers(7, 0)).unwrap();
        rewriter.resume(numbers(57, 48_000));
        let after = rewriter.rewrite(now, numbers(57, 48_000)).unwrap();

        assert_eq!(after.seq, before.seq + 1);
        assert_eq!(after.timestamp.wrapping_sub(before.timestamp), 48_000);
    }

    #[test]
    fn what_follows_a_packet_that_was_left_out_takes_its_numbers() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(90_000, 1);
        rewriter.begin(now, numbers(100, 0));
        let before = rewriter.rewrite(now, numbers(100, 0)).unwrap();
        let older = rewriter.piece().unwrap();
        // A picture of two packets.
        rewriter.leave_out(102, true);
        let newer = rewriter.leave_out(103, false).unwrap();
        let after = rewriter.rewrite(now, Numbers { picture: Some(102), ..numbers(104, 6000) }).unwrap();

        assert_eq!((after.seq, after.picture), (before.seq + 2, Some(before.picture.unwrap() + 1)));
        assert_eq!(after.timestamp.wrapping_sub(before.timestamp), 6000);
        assert_eq!(
            older.apply(numbers(101, 0)).unwrap().seq,
            before.seq + 1,
            "there is a place for what is late"
        );
        assert_eq!((newer.first(), newer.arrived(after.seq)), (after.seq, 104));
    }

    #[test]
    fn pictures_of_another_codec_are_numbered_as_they_come_while_packets_go_on() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(90_000, 1);
        rewriter.begin(now, numbers(100, 0));
        let before = rewriter.rewrite(now, numbers(100, 0)).unwrap();
        rewriter.change_codec();
        assert_eq!(rewriter.rewrite(now, numbers(101, 3000)), None);

        rewriter.begin(now, numbers(5000, 7));
        let after = rewriter.rewrite(now, numbers(5000, 7)).unwrap();
        assert_eq!(after.seq, before.seq + 1);
        assert_eq!((after.picture, after.tl0), (Some(5000), Some(5000u16 as u8)));

        rewriter.begin(now, numbers(9, 0));
        let same_codec = rewriter.rewrite(now, numbers(9, 0)).unwrap();
        assert_eq!((same_codec.picture, same_codec.tl0), (Some(5001), Some(5001u16 as u8)));
    }

    #[test]
    fn closed_rewriter_passes_nothing() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(90_000, 1);
        rewriter.begin(now, numbers(7, 0));
        rewriter.end();
        assert_eq!(rewriter.rewrite(now, numbers(7, 0)), None);
    }
}
