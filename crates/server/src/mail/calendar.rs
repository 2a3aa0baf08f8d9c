//! The calendar entries in a mail (RFC 5545), with the ids that the page gives its own: who has both has one entry.
//!
//! Every meeting has a link of its own, so a series is as many events. Times are in UTC.

use icalendar::{Calendar, Class, Component as _, Event, EventLike as _, EventStatus, Property};
use jiff::Timestamp;
use sabha_protocol::wire::plans::MailKind;

use super::letter::Entry;

/// Returns the entries for `entries`, as of `stamp`. `host` makes ids that no other server gives.
pub(super) fn calendar(
    entries: &[Entry],
    kind: MailKind,
    title: &str,
    host: &str,
    stamp: Timestamp,
) -> String {
    let is_off = kind == MailKind::Cancellation;
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0"));
    calendar.append_property(("PRODID", "-//Sabha//Sabha//EN"));
    calendar.append_property(("CALSCALE", "GREGORIAN"));
    calendar.append_property(("METHOD", method(kind)));
    for entry in entries {
        let mut event = Event::new();
        event
            .uid(&format!("{}@{host}", entry.meeting))
            .add_property("DTSTAMP", utc(stamp))
            .add_property("DTSTART", utc(entry.starts))
            .add_property("DTEND", utc(entry.ends))
            // A cancellation goes over what it cancels (section 3.8.7.4).
            .sequence(u32::from(is_off))
            .status(if is_off { EventStatus::Cancelled } else { EventStatus::Confirmed })
            .summary(title)
            // Whoever reads the calendar of another must not get to the door by it.
            .class(Class::Private);
        if !is_off {
            event.location(&entry.link);
            event.append_property(Property::new("URL", &entry.link));
        }
        calendar.push(event.done());
    }
    calendar.to_string()
}

/// What the entries tell a calendar (RFC 5546 section 3.2).
pub(super) const fn method(kind: MailKind) -> &'static str {
    match kind {
        MailKind::Cancellation => "CANCEL",
        MailKind::Invitation => "PUBLISH",
    }
}

/// A moment in UTC (section 3.3.5, form 2).
fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}
