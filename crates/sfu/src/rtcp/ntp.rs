//! The short form of NTP time: the middle 32 bits, in 1/65536 s, which come around every 18 hours.
//!
//! Source: RFC 3550 section 4.

use std::time::Duration;

/// What one unit of the short form is: a second has 65536.
const PER_SECOND: u128 = 65_536;
const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Returns the middle 32 bits of an NTP time.
pub(crate) fn short(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Returns a time in 1/65536 s, rounded down, at most 18 hours.
pub(crate) fn short_duration(duration: Duration) -> u32 {
    u32::try_from(duration.as_nanos() * PER_SECOND / NANOS_PER_SECOND).unwrap_or(u32::MAX)
}

/// Returns the time that a number of 1/65536 s is, rounded down to nanoseconds.
pub(crate) fn duration(short: u32) -> Duration {
    Duration::from_nanos((u128::from(short) * NANOS_PER_SECOND / PER_SECOND) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_form_is_the_middle() {
        assert_eq!(short(0x1122_3344_5566_7788), 0x3344_5566);
        assert_eq!(short_duration(Duration::from_millis(5250)), 0x0005_4000);
        assert_eq!(duration(0x0005_4000), Duration::from_millis(5250));
        assert_eq!(short_duration(Duration::MAX), u32::MAX);
    }
}
