//! Points in time as documents write them (RFC 3339), comparable across offsets and to any fraction of a second.

/// A point in time: seconds since 1970 in UTC, and the digits of the fraction without zeros at their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant<'a> {
    seconds: i64,
    fraction: &'a str,
}

impl<'a> Instant<'a> {
    /// Reads a time with its offset. A leap second is read as the first second after it.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        // A shape in which every index below is a boundary of characters.
        if bytes.len() < 20 || !text.is_ascii() {
            return None;
        }
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
        if marks.iter().any(|&(at, mark)| bytes[at] != mark) || !matches!(bytes[10], b'T' | b't') {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let rest = &text[19..];
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(rest) => {
                let end = rest.find(|c: char| !c.is_ascii_digit())?;
                (rest.get(..end).filter(|digits| !digits.is_empty())?, &rest[end..])
            }
            None => ("", rest),
        };
        let offset_minutes = offset(zone)?;
        let is_day = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
        if !is_day || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
        // Leap seconds are inserted at the end of a day in UTC, and nowhere else.
        if second == 60 && minutes.rem_euclid(24 * 60) != 24 * 60 - 1 {
            return None;
        }
        Some(Self { seconds: minutes * 60 + second, fraction: fraction.trim_end_matches('0') })
    }
}

impl Instant<'_> {
    /// Returns the milliseconds since 1970, what is smaller cut off; 0 for what was before.
    pub(crate) fn unix_ms(self) -> u64 {
        let digits = self.fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
        let thousandths = digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        u64::try_from(self.seconds * 1000 + thousandths).unwrap_or(0)
    }
}

/// Reads an offset from UTC, in minutes.
fn offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    let two = |digits: &str| -> Option<i64> {
        (digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| digits.parse().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

const fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts days of the Gregorian calendar, in eras of 400 years that begin in March.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> i64 {
        Instant::parse(text).unwrap().seconds
    }

    #[test]
    fn times_are_seconds_since_1970_in_utc() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), 0);
        assert_eq!(seconds("2000-02-29T23:59:59Z"), 951_868_799);
        assert_eq!(seconds("2026-11-27T10:00:00+05:30"), 1_795_753_800);
        assert_eq!(seconds("1969-12-31T23:59:59-00:00"), -1);
        assert_eq!(seconds("2016-12-31T23:59:60Z"), seconds("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn milliseconds_are_counted_and_what_is_smaller_is_cut_off() {
        let ms = |text| Instant::parse(text).unwrap().unix_ms();
        assert_eq!(ms("1970-01-01T00:00:01Z"), 1000);
        assert_eq!(ms("1970-01-01T00:00:01.05Z"), 1050);
        assert_eq!(ms("1970-01-01T00:00:01.0009999Z"), 1000);
        assert_eq!(ms("1969-12-31T23:59:59Z"), 0);
    }

    #[test]
    fn times_compare_across_offsets_and_fractions() {
        let parse = |text| Instant::parse(text).unwrap();
        assert_eq!(parse("2021-07-21T10:00:00.000Z"), parse("2021-07-21t12:00:00+02:00"));
        assert!(parse("2021-07-21T10:00:00.1Z") > parse("2021-07-21T10:00:00.09999Z"));
        assert!(parse("2021-07-21T10:00:00.5Z") < parse("2021-07-21T10:00:00.51Z"));
        assert!(parse("2021-07-21T10:00:00Z") < parse("2021-07-21T10:00:00.000000000000000000001Z"));
    }

    #[test]
    fn what_is_no_time_of_rfc_3339_is_refused() {
        for text in [
            "",
            "2021-07-21",
            "2021-07-21T10:00:00",
            "2021-07-21 10:00:00Z",
            "2021-02-29T10:00:00Z",
            "2021-13-01T10:00:00Z",
            "2021-07-21T24:00:00Z",
            "2021-07-21T10:60:00Z",
            "2021-07-21T10:00:60Z",
            "2021-07-21T10:00:00.Z",
            "2021-07-21T10:00:00+0200",
            "2021-07-21T10:00:00+24:00",
            "2021-07-21T10:00:00Zx",
            "2021-07-21T10:00:00.5",
            "+021-07-21T10:00:00Z",
            "2021-07-21T10:00:00\u{2003}",
            "1900-02-29T10:00:00Z",
        ] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }
}
