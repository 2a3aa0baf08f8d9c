//! Puts the reference times of successive transport-wide feedbacks on one clock.

/// What one unit of a reference time is worth.
///
/// Source: draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.
pub(super) const REFERENCE_MICROS: i64 = 64_000;
/// So far from overflow that the offset of any arrival may be added; reached by no clock that runs for less than
/// 140,000 years, but by a sender that lets it jump.
const MICROS_MAX: i64 = i64::MAX / 2;

/// Unwraps the 24-bit reference time of feedbacks, which comes around every 12.4 days.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReferenceClock {
    newest: Option<i64>,
}

impl ReferenceClock {
    /// Returns a reference time as microseconds on the receiver's clock, whose zero nobody knows: only
    /// differences mean something. It is taken to be the time nearest to that of the last call, so that feedback
    /// may come out of order. The result is within ±2^62, so that what
    /// [`statuses`](super::transport::TransportFeedback::statuses) gives can be added to it.
    pub(crate) fn micros(&mut self, reference_time: i32) -> i64 {
        let time = match self.newest {
            None => i64::from(reference_time),
            Some(newest) => {
                // The lower 24 bits of the difference, with their sign.
                let ahead = i64::from(reference_time).wrapping_sub(newest) as i32;
                newest.saturating_add(i64::from(ahead << 8 >> 8))
            }
        };
        self.newest = Some(time);
        time.saturating_mul(REFERENCE_MICROS).clamp(-MICROS_MAX, MICROS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lower 24 bits, as [`TransportFeedback`](super::super::TransportFeedback) gives them.
    fn wrap(time: i64) -> i32 {
        (time as i32) << 8 >> 8
    }

    proptest! {
        #[test]
        fn clock_follows_any_steps_of_less_than_half_its_range(
            start in -0x80_0000i64..0x80_0000,
            steps in prop::collection::vec(-0x7f_ffffi64..0x80_0000, 1..50),
        ) {
            let mut clock = ReferenceClock::default();
            let mut time = start;
            prop_assert_eq!(clock.micros(wrap(time)), start * 64_000);
            for step in steps {
                time += step;
                prop_assert_eq!(clock.micros(wrap(time)), time * 64_000);
            }
        }
    }

    #[test]
    fn clock_wraps() {
        let mut clock = ReferenceClock::default();
        let before = clock.micros(0x7f_ffff);
        assert_eq!(clock.micros(-0x80_0000) - before, 64_000);
    }

    #[test]
    fn clock_that_is_made_to_jump_stops_before_it_overflows() {
        let mut clock = ReferenceClock { newest: Some(i64::MAX - 0x7f_fff0) };
        for time in [0x7f_ffff, -1, 0x7f_fffe, 0] {
            assert!(clock.micros(time).checked_add(1 << 37).is_some());
        }
    }
}
