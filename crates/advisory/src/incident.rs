//! The clock of an incident: six hours from when it was noticed.
//!
//! CERT-In's directions of 28 April 2022 under section 70B(6) of the Information Technology Act, in force since 27 June 2022,
//! have service providers, intermediaries, data centres, companies and government bodies report cyber incidents "within 6
//! hours of noticing such incidents or being brought to notice about such incidents". Noticing begins it, not the incident.

use sabha_protocol::limits::INCIDENT_REPORT_WITHIN;

/// How an incident stands with its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Not reported, and there is time.
    Running,
    /// Not reported, and there is no time left.
    Overdue,
    /// Reported in time.
    InTime,
    /// Reported late.
    Late,
}

/// Returns until when an incident is to be reported, in unix milliseconds (BUL-15).
pub fn due_ms(noticed_ms: u64) -> u64 {
    noticed_ms.saturating_add(u64::try_from(INCIDENT_REPORT_WITHIN.as_millis()).unwrap_or(u64::MAX))
}

/// Returns how the clock stands at `now_ms`. The last millisecond is in time.
pub fn clock(noticed_ms: u64, reported_ms: Option<u64>, now_ms: u64) -> Clock {
    let due_ms = due_ms(noticed_ms);
    match reported_ms {
        Some(reported_ms) if reported_ms <= due_ms => Clock::InTime,
        Some(_) => Clock::Late,
        None if now_ms <= due_ms => Clock::Running,
        None => Clock::Overdue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 60 * 60 * 1000;

    /// BUL-15
    #[test]
    fn an_incident_is_reported_within_six_hours_of_noticing() {
        let noticed = 1_700_000_000_000;
        let due = noticed + 6 * HOUR_MS;
        assert_eq!(due_ms(noticed), due);
        assert_eq!(clock(noticed, None, noticed), Clock::Running);
        assert_eq!(clock(noticed, None, due), Clock::Running);
        assert_eq!(clock(noticed, None, due + 1), Clock::Overdue);
        assert_eq!(clock(noticed, Some(due), due + 9 * HOUR_MS), Clock::InTime);
        assert_eq!(clock(noticed, Some(due + 1), due + 1), Clock::Late);
        assert_eq!(clock(u64::MAX, None, u64::MAX), Clock::Running);
    }
}
