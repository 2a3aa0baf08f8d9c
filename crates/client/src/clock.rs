//! The time as devices count it. The only place of this crate that reads the calendar.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Returns the time in unix milliseconds.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the time in unix nanoseconds, to compare with when the kernel received a packet.
pub(crate) fn unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns when the clock will show `at_ms`; now, if it has shown it.
pub(crate) fn instant_of(at_ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(at_ms.saturating_sub(unix_ms()))
}
