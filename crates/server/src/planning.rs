//! When the meetings of a plan are: from a time on a zone's clocks to instants.
//!
//! Pure. A series keeps its time on the clocks when they change for summer or winter. A time that the clocks leave out is
//! taken as much later as they jump; of one that they show twice the first is meant (RFC 5545 section 3.3.5). The rules of
//! the zones are those that the program was built with, so that a server needs none installed.

use jiff::{Span, Timestamp, ToSpan as _, civil, tz::TimeZone};
use sabha_protocol::{
    limits::{PLAN_AHEAD, PLAN_EARLY_MINUTES_MAX, PLAN_MINUTES, PLAN_OCCURRENCES_MAX},
    wire::plans::{Every, Schedule, Times},
};

/// Why something cannot be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unplannable {
    /// It begins too far ahead.
    #[error("a meeting is planned at most 396 days ahead")]
    Ahead,
    /// The lobby would open too early.
    #[error("the lobby opens at most 1440 minutes before the beginning")]
    Early,
    /// There is no such day or time.
    #[error("there is no such day or time")]
    Impossible,
    /// It is too short or too long.
    #[error("a meeting lasts 5 to 1440 minutes")]
    Minutes,
    /// There are too many.
    #[error("a series has at most 60 meetings")]
    Many,
    /// It has begun already.
    #[error("a meeting is planned for a time to come")]
    Past,
    /// The series has no end, two, or only one meeting.
    #[error("a series has a count from 2 to 60 or a last day, and not both")]
    Repeat,
    /// There is no such zone.
    #[error("there is no time zone of this name")]
    Zone,
}

/// Returns when each meeting of `schedule` is, in order; at least one.
///
/// # Errors
/// [`Unplannable`].
pub(crate) fn times(schedule: &Schedule, now_ms: u64) -> Result<Vec<Times>, Unplannable> {
    if !PLAN_MINUTES.contains(&schedule.minutes) {
        return Err(Unplannable::Minutes);
    }
    if schedule.early_minutes > PLAN_EARLY_MINUTES_MAX {
        return Err(Unplannable::Early);
    }
    let zone =
        jiff::tz::TimeZoneDatabase::bundled().get(schedule.zone.as_str()).map_err(|_| Unplannable::Zone)?;
    let first: civil::DateTime = schedule.starts.as_str().parse().map_err(|_| Unplannable::Impossible)?;
    let mut all = Vec::new();
    let Some(repeat) = &schedule.repeat else {
        all.push(at(schedule, &zone, first, now_ms)?);
        return Ok(all);
    };
    let (count, until) = match (repeat.count, &repeat.until) {
        (Some(count), None) if (2..=PLAN_OCCURRENCES_MAX).contains(&usize::from(count)) => {
            (usize::from(count), None)
        }
        (None, Some(until)) => {
            let until: civil::Date = until.as_str().parse().map_err(|_| Unplannable::Impossible)?;
            (usize::MAX, Some(until))
        }
        _ => return Err(Unplannable::Repeat),
    };
    // Ends: each step is later than the one before, and too late in the end.
    for step in 0_i64.. {
        let local = first.checked_add(span(repeat.every, step)).map_err(|_| Unplannable::Ahead)?;
        if all.len() == count || until.is_some_and(|until| local.date() > until) {
            break;
        }
        // The last day of a shorter month is another day.
        if local.day() != first.day() && repeat.every == Every::Month {
            continue;
        }
        if all.len() == PLAN_OCCURRENCES_MAX {
            return Err(Unplannable::Many);
        }
        all.push(at(schedule, &zone, local, now_ms)?);
    }
    if all.len() < 2 { Err(Unplannable::Repeat) } else { Ok(all) }
}

fn span(every: Every, step: i64) -> Span {
    match every {
        Every::Day => step.days(),
        Every::Month => step.months(),
        Every::Week => step.weeks(),
    }
}

fn at(
    schedule: &Schedule,
    zone: &TimeZone,
    local: civil::DateTime,
    now_ms: u64,
) -> Result<Times, Unplannable> {
    let instant: Timestamp =
        zone.to_ambiguous_timestamp(local).compatible().map_err(|_| Unplannable::Impossible)?;
    let starts_ms = u64::try_from(instant.as_millisecond()).map_err(|_| Unplannable::Past)?;
    if starts_ms < now_ms {
        return Err(Unplannable::Past);
    }
    if u128::from(starts_ms - now_ms) > PLAN_AHEAD.as_millis() {
        return Err(Unplannable::Ahead);
    }
    Ok(Times {
        opens_ms: starts_ms.saturating_sub(minutes(schedule.early_minutes)),
        starts_ms,
        ends_ms: starts_ms + minutes(schedule.minutes),
    })
}

const fn minutes(count: u16) -> u64 {
    count as u64 * 60_000
}

#[cfg(test)]
mod tests {
    use sabha_protocol::wire::plans::Repeat;

    use super::*;

    /// 1 October 2026, 00:00 UTC.
    const NOW: u64 = 1_790_812_800_000;

    fn schedule(zone: &str, starts: &str, repeat: Option<Repeat>) -> Schedule {
        Schedule {
            zone: zone.parse().unwrap(),
            starts: starts.parse().unwrap(),
            minutes: 45,
            early_minutes: 10,
            repeat,
        }
    }

    fn counted(every: Every, count: u16) -> Option<Repeat> {
        Some(Repeat { every, count: Some(count), until: None })
    }

    fn until(every: Every, day: &str) -> Option<Repeat> {
        Some(Repeat { every, count: None, until: Some(day.parse().unwrap()) })
    }

    fn begins(schedule: &Schedule) -> Vec<String> {
        let begin =
            |times: &Times| Timestamp::from_millisecond(times.starts_ms.cast_signed()).unwrap().to_string();
        times(schedule, NOW).unwrap().iter().map(begin).collect()
    }

    #[test]
    fn a_meeting_has_its_beginning_its_end_and_its_lobby() {
        let planned = times(&schedule("Asia/Kolkata", "2026-10-05T09:30", None), NOW).unwrap();
        let four = NOW + (4 * 24 + 4) * 3_600_000;
        assert_eq!(
            planned,
            [Times { opens_ms: four - 600_000, starts_ms: four, ends_ms: four + 45 * 60_000 }]
        );
    }

    #[test]
    fn a_series_keeps_its_time_on_the_clocks_when_they_change() {
        // Clocks go back in Berlin on 25 October 2026, and in New York on 1 November.
        assert_eq!(
            begins(&schedule("Europe/Berlin", "2026-10-18T09:00", counted(Every::Week, 3))),
            ["2026-10-18T07:00:00Z", "2026-10-25T08:00:00Z", "2026-11-01T08:00:00Z"]
        );
        assert_eq!(
            begins(&schedule("America/New_York", "2026-10-31T09:00", until(Every::Day, "2026-11-01"))),
            ["2026-10-31T13:00:00Z", "2026-11-01T14:00:00Z"]
        );
    }

    #[test]
    fn a_time_that_is_left_out_or_comes_twice_is_one_time() {
        // 02:30 is not on 28 March 2027 in Berlin, and twice on 25 October 2026.
        assert_eq!(begins(&schedule("Europe/Berlin", "2027-03-28T02:30", None)), ["2027-03-28T01:30:00Z"]);
        assert_eq!(begins(&schedule("Europe/Berlin", "2026-10-25T02:30", None)), ["2026-10-25T00:30:00Z"]);
    }

    #[test]
    fn a_month_without_the_day_is_left_out() {
        assert_eq!(
            begins(&schedule("UTC", "2026-10-31T12:00", counted(Every::Month, 3))),
            ["2026-10-31T12:00:00Z", "2026-12-31T12:00:00Z", "2027-01-31T12:00:00Z"]
        );
    }

    #[test]
    fn what_has_no_bounds_is_not_planned() {
        let why = |schedule: Schedule| times(&schedule, NOW).unwrap_err();
        let on = |starts, repeat| schedule("UTC", starts, repeat);
        assert_eq!(why(schedule("Mars/Olympus", "2026-10-05T09:00", None)), Unplannable::Zone);
        assert_eq!(why(on("2026-02-30T09:00", None)), Unplannable::Impossible);
        assert_eq!(why(on("2026-09-30T23:59", None)), Unplannable::Past);
        assert_eq!(why(on("2027-11-05T09:00", None)), Unplannable::Ahead);
        assert_eq!(why(on("9999-12-31T09:00", counted(Every::Day, 2))), Unplannable::Impossible);
        assert_eq!(why(Schedule { minutes: 4, ..on("2026-10-05T09:00", None) }), Unplannable::Minutes);
        assert_eq!(why(Schedule { early_minutes: 1441, ..on("2026-10-05T09:00", None) }), Unplannable::Early);
        for count in [0, 1, 61] {
            assert_eq!(why(on("2026-10-05T09:00", counted(Every::Day, count))), Unplannable::Repeat);
        }
        assert_eq!(why(on("2026-10-05T09:00", until(Every::Day, "2026-12-24"))), Unplannable::Many);
        assert_eq!(why(on("2026-10-05T09:00", until(Every::Day, "2026-10-05"))), Unplannable::Repeat);
        let endless = Repeat { every: Every::Day, count: None, until: None };
        assert_eq!(why(on("2026-10-05T09:00", Some(endless))), Unplannable::Repeat);
    }
}
