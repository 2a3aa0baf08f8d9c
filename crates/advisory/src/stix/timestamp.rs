//! Times as STIX writes them: RFC 3339 in UTC, here always with three digits of a second (section 2.16).

use crate::csaf::instant::Instant;

/// Last millisecond that has four digits of a year.
const LAST_MS: u64 = 253_402_300_799_999;

/// Writes a time in milliseconds since 1970. What is after the year 9999 is its end.
pub fn timestamp(unix_ms: u64) -> String {
    let unix_ms = unix_ms.min(LAST_MS);
    let (days, of_day) = (unix_ms / 86_400_000, unix_ms % 86_400_000);
    // Eras of 400 years that begin in March, so that a leap day is the last of its year. Day 0 is 719 468 days before 1970.
    let day = days + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day + 2) / 153;
    let day = day - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, thousandth) = (of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{thousandth:03}Z")
}

/// Reads a time of RFC 3339 as milliseconds since 1970.
pub fn unix_ms(text: &str) -> Option<u64> {
    Instant::parse(text).map(Instant::unix_ms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_in_utc_with_milliseconds() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(951_782_400_007), "2000-02-29T00:00:00.007Z");
        assert_eq!(timestamp(u64::MAX), "9999-12-31T23:59:59.999Z");
        assert_eq!(
            unix_ms("2026-11-27T15:30:00.25+05:30").map(timestamp).unwrap(),
            "2026-11-27T10:00:00.250Z"
        );
        assert_eq!(unix_ms("yesterday"), None);
    }

    proptest! {
        #[test]
        fn a_time_is_read_as_it_was_written(ms in 0..=LAST_MS) {
            prop_assert_eq!(unix_ms(&timestamp(ms)), Some(ms));
        }
    }
}
