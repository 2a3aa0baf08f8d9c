//! Leaves out pictures that no other needs: the upper temporal layers of a stream, where their receiver has no use for
//! them or no room.
//!
//! ```text
//! layer 1       ┌─▶ 1 ┌─▶ 3 ┌─▶ 5       A picture builds on lower layers and on its own, never on a higher one. So
//!               │     │     │           layer 1 may be left out at any picture. It is taken up again where it needs
//! layer 0    0 ─┴▶ 2 ─┴▶ 4 ─┴▶ 6        nothing of it that was left out: at a picture that says so.
//! ```
//!
//! Pure: [`Temporal`] is what a packet says of its picture, [`TemporalGate`] what one receiver gets, [`TemporalMeter`] what the
//! layers of a stream cost.
//!
//! Source: RFC 7741 section 4.2 (TID, Y), RFC 9628 section 4.2 (TID, U).

use std::time::{Duration, Instant};

/// Temporal layers that are counted apart; what is above counts for the highest. Browsers send three at most.
const LAYERS_MAX: usize = 4;
/// Pictures a second that are enough for a small tile: 15, and a fifth for what a measured second may be off by.
const ENOUGH_PER_SECOND: u32 = 18;
/// The time over which pictures are counted.
const COUNTED: Duration = Duration::from_secs(1);
/// A stream that rests for longer is counted anew.
const STALE: Duration = Duration::from_secs(3);

/// What a packet says of the temporal layer of its picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Temporal {
    /// The layer, 0 for what all others build on; at most 7.
    pub(crate) id: u8,
    /// It needs nothing older of its own layer.
    pub(crate) syncs: bool,
    /// What follows it in higher layers needs nothing of them that came before.
    pub(crate) opens: bool,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass,
    /// It is left out, as the first of its picture or one after that.
    LeaveOut {
        is_first: bool,
    },
    /// It comes after some that were sent later: there is a place for it, if it was not left out.
    Late,
}

/// What of a stream one receiver gets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TemporalGate {
    /// The highest layer that may be passed on.
    limit: u8,
    /// The highest layer that is passed on.
    current: u8,
    /// Highest number so far.
    newest: u64,
    /// Timestamp of the newest picture, and whether it is passed on.
    picture: (u32, bool),
}

impl TemporalGate {
    /// Sets the highest layer that is to be passed on, from the next picture on that allows it.
    pub(crate) fn set_limit(&mut self, limit: u8) {
        self.limit = limit;
    }

    /// Begins with the first packet of a key frame, which is passed on and opens every layer.
    pub(crate) fn begin(&mut self, seq: u64, timestamp: u32) {
        self.newest = seq;
        self.current = self.limit;
        self.picture = (timestamp, true);
    }

    /// Judges a packet of the stream that has begun. All packets of a picture fare alike.
    pub(crate) fn judge(&mut self, seq: u64, timestamp: u32, temporal: Temporal) -> Verdict {
        if seq <= self.newest {
            return Verdict::Late;
        }
        self.newest = seq;
        let is_first = self.picture.0 != timestamp;
        if is_first {
            self.picture = (timestamp, self.admits(temporal));
        }
        if self.picture.1 { Verdict::Pass } else { Verdict::LeaveOut { is_first } }
    }

    /// Decides on a picture, and moves to where its layer lets it.
    fn admits(&mut self, Temporal { id, syncs, opens }: Temporal) -> bool {
        self.current = self.current.min(self.limit);
        if id <= self.current {
            if opens {
                self.current = self.limit;
            }
            return true;
        }
        // One layer at a time: what is two above may need what lies between.
        let rises = syncs && id == self.current + 1 && id <= self.limit;
        self.current += u8::from(rises);
        rises
    }
}

/// What the temporal layers of a stream cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TemporalMeter {
    counted_since: Option<Instant>,
    /// Timestamp of the newest picture.
    newest: Option<u32>,
    counts: [Count; LAYERS_MAX],
    /// What was counted last, in a second or a little more.
    last: Option<([Count; LAYERS_MAX], Duration)>,
}

/// What came of one layer.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    pictures: u16,
    bytes: u32,
}

/// What is left of a stream without its upper temporal layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reduced {
    /// The highest layer that stays.
    pub(crate) limit: u8,
    /// Share of the whole stream's bytes.
    pub(crate) percent: u8,
    /// The whole stream has more pictures than are enough for a small tile.
    pub(crate) is_enough: bool,
}

impl TemporalMeter {
    /// Counts a packet of `bytes`, none that was sent later having come before it.
    pub(crate) fn count(&mut self, now: Instant, timestamp: u32, temporal: Temporal, bytes: usize) {
        let since = *self.counted_since.get_or_insert(now);
        let passed = now.saturating_duration_since(since);
        if passed >= COUNTED {
            let counts = std::mem::take(&mut self.counts);
            self.last = (passed < STALE).then_some((counts, passed));
            self.counted_since = Some(now);
        }
        let is_first = self.newest.replace(timestamp) != Some(timestamp);
        let count = &mut self.counts[usize::from(temporal.id).min(LAYERS_MAX - 1)];
        count.pictures = count.pictures.saturating_add(is_first.into());
        count.bytes = count.bytes.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// Returns what stays if pictures are left out until there are just enough for a small tile, or only the lowest layer.
    /// `None` if there is nothing to leave out, or nothing is known yet.
    pub(crate) fn reduced(&self) -> Option<Reduced> {
        let (counts, passed) = self.last.as_ref()?;
        let top = counts.iter().rposition(|count| count.pictures > 0).filter(|top| *top > 0)?;
        let sum = |layer: usize, of: fn(&Count) -> u64| counts[..=layer].iter().map(of).sum::<u64>();
        let suffices = |layer: usize| {
            let pictures = u128::from(sum(layer, |count| count.pictures.into()));
            pictures * 1000 <= u128::from(ENOUGH_PER_SECOND) * passed.as_millis()
        };
        let limit = (0..top).rev().find(|layer| suffices(*layer)).unwrap_or(0);
        let bytes = |layer| sum(layer, |count| count.bytes.into());
        let percent = (bytes(limit) * 100).div_ceil(bytes(top).max(1)).min(100);
        Some(Reduced { limit: limit as u8, percent: percent as u8, is_enough: !suffices(top) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn picture(id: u8, syncs: bool) -> Temporal {
        Temporal { id, syncs, opens: false }
    }

    /// A gate that has begun with number 0.
    fn gate(limit: u8) -> TemporalGate {
        let mut gate = TemporalGate::default();
        gate.set_limit(limit);
        gate.begin(0, 0);
        gate
    }

    #[test]
    fn layer_is_left_out_at_once_and_taken_up_where_it_needs_nothing_of_before() {
        let mut gate = gate(1);
        let mut passes = |seq: u32, temporal| gate.judge(seq.into(), seq, temporal) == Verdict::Pass;
        assert!(passes(1, picture(1, true)) && passes(2, picture(0, false)) && passes(3, picture(1, false)));

        gate.set_limit(0);
        let mut passes = |seq: u32, temporal| gate.judge(seq.into(), seq, temporal) == Verdict::Pass;
        assert!(!passes(4, picture(1, true)) && passes(5, picture(0, false)));

        gate.set_limit(1);
        let mut passes = |seq: u32, temporal| gate.judge(seq.into(), seq, temporal) == Verdict::Pass;
        assert!(!passes(6, picture(1, false)), "it needs what was left out");
        assert!(passes(7, picture(0, false)) && passes(8, picture(1, true)) && passes(9, picture(1, false)));
    }

    #[test]
    fn layers_are_taken_up_one_after_the_other() {
        let mut gate = gate(0);
        gate.set_limit(2);
        let mut passes = |seq: u32, temporal| gate.judge(seq.into(), seq, temporal) == Verdict::Pass;
        assert!(!passes(1, picture(2, true)), "what lies between may be needed by what follows");
        assert!(passes(2, picture(1, true)));
        assert!(!passes(3, picture(2, false)));
        assert!(passes(4, picture(2, true)));
    }

    #[test]
    fn picture_that_opens_what_is_above_it_lets_all_of_that_follow() {
        let mut gate = gate(0);
        gate.set_limit(2);
        assert_eq!(gate.judge(1, 1, picture(2, false)), Verdict::LeaveOut { is_first: true });
        let opening = Temporal { id: 0, syncs: false, opens: true };
        assert_eq!(gate.judge(2, 2, opening), Verdict::Pass);
        assert_eq!(gate.judge(3, 3, picture(2, false)), Verdict::Pass);
    }

    #[test]
    fn packets_of_a_picture_fare_alike() {
        let mut gate = gate(1);
        assert_eq!(gate.judge(1, 7, picture(1, false)), Verdict::Pass);
        gate.set_limit(0);
        assert_eq!(gate.judge(2, 7, picture(1, false)), Verdict::Pass, "it has begun");
        assert_eq!(gate.judge(3, 8, picture(1, false)), Verdict::LeaveOut { is_first: true });
        gate.set_limit(1);
        assert_eq!(gate.judge(5, 8, picture(1, true)), Verdict::LeaveOut { is_first: false });
        assert_eq!(gate.judge(4, 8, picture(1, true)), Verdict::Late);
    }

    proptest! {
        /// Each picture builds on the newest of every layer up to its own, unless it says otherwise.
        #[test]
        fn what_is_passed_on_can_be_decoded(
            pictures in prop::collection::vec((0u8..3, any::<bool>(), any::<bool>(), 0u8..3), 1..200),
        ) {
            let mut gate = gate(2);
            // Of each layer: whether its newest picture was passed on and could be decoded.
            let mut whole = [true; 3];
            for (seq, (id, syncs, opens, limit)) in (1..).zip(pictures) {
                gate.set_limit(limit);
                let at = usize::from(id);
                let passed = gate.judge(u64::from(seq), seq, Temporal { id, syncs, opens }) == Verdict::Pass;
                prop_assert!(passed || id > 0, "all builds on the lowest layer");
                prop_assert!(!passed || id <= limit);
                let needed = if syncs { &whole[..at] } else { &whole[..=at] };
                prop_assert!(!passed || needed.iter().all(|whole| *whole), "{seq} cannot be decoded");
                whole[at] = passed;
                if opens && passed {
                    // What follows above needs nothing of what was left out there.
                    whole[at + 1..].fill(true);
                }
            }
        }
    }

    /// A second of pictures of 1000 bytes in the layers of `pattern`, `per_second` of them.
    fn meter(pattern: &[u8], per_second: u64) -> TemporalMeter {
        let (start, mut meter) = (Instant::now(), TemporalMeter::default());
        for (number, id) in (0..=per_second).zip(pattern.iter().cycle()) {
            let now = start + Duration::from_millis(number * 1000 / per_second);
            meter.count(now, number as u32, picture(*id, false), 600);
            meter.count(now, number as u32, picture(*id, false), 400);
        }
        meter
    }

    #[test]
    fn pictures_are_left_out_until_there_are_just_enough() {
        let two = meter(&[0, 1], 30).reduced().unwrap();
        assert_eq!(two, Reduced { limit: 0, percent: 50, is_enough: true });
        assert_eq!(meter(&[0, 2, 1, 2], 30).reduced().unwrap().limit, 1, "7.5 and 7.5 a second");
        assert_eq!(meter(&[0, 2, 1, 2], 60).reduced().unwrap().limit, 0);

        let slow = meter(&[0, 1], 15).reduced().unwrap();
        assert_eq!((slow.limit, slow.is_enough), (0, false));
        assert_eq!(meter(&[0], 30).reduced(), None);
        assert_eq!(TemporalMeter::default().reduced(), None);
    }
}
