//! What a mail says. One function from what is known to a whole message; nothing is sent here.

use std::{fmt::Write as _, time::SystemTime};

use jiff::{Timestamp, tz::TimeZone};
use lettre::{
    Message,
    message::{Attachment, Mailbox, MultiPart, SinglePart, header::ContentType},
};
use sabha_protocol::{
    MeetingId,
    wire::plans::{MailKind, Schedule, Times},
};

use super::{MailKeys, calendar, message_id};
use crate::{config::PublicUrl, storage::DueMail};

/// One meeting in a mail.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) meeting: MeetingId,
    pub(super) opens: Timestamp,
    pub(super) starts: Timestamp,
    pub(super) ends: Timestamp,
    /// By which one comes to the door.
    pub(super) link: String,
}

/// Why there is no mail of it. All are faults of what was stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unwritable {
    #[error("an address is none that mail goes to")]
    Address(#[from] lettre::address::AddressError),
    #[error("the message cannot be put together")]
    Message(#[from] lettre::error::Error),
    #[error("what is kept of the plan cannot be read")]
    Plan(#[from] serde_json::Error),
    #[error("a time or a zone is none")]
    Time(#[from] jiff::Error),
    #[error("a part is of no type that mail has")]
    Type(#[from] lettre::message::header::ContentTypeErr),
}

/// Returns the message. `from` is the server's own address, `now` when it is written.
pub(super) fn letter(
    due: &DueMail,
    from: &Mailbox,
    (url, keys): (&PublicUrl, &MailKeys),
    now: SystemTime,
) -> Result<Message, Unwritable> {
    let schedule: Schedule = serde_json::from_str(&due.schedule)?;
    let zone = jiff::tz::TimeZoneDatabase::bundled().get(schedule.zone.as_str())?;
    let entries = due.meetings.iter().map(|(meeting, times)| entry(*meeting, times, (url, keys)));
    let entries = entries.collect::<Result<Vec<_>, jiff::Error>>()?;
    let host = url.origin().split_once("://").map_or("", |(_, host)| host);
    let by = due.by.as_ref().map(|by| by.as_str());
    let untitled = || by.map_or_else(|| "Meeting".to_owned(), |by| format!("Meeting with {by}"));
    let title = due.title.as_ref().map_or_else(untitled, |title| title.as_str().to_owned());
    let sender =
        by.map_or_else(|| from.clone(), |by| Mailbox::new(Some(format!("{by} (Sabha)")), from.email.clone()));

    let mut message = Message::builder()
        .from(sender)
        .to(Mailbox::new(None, due.to.as_str().parse()?))
        .subject(subject(due.kind, &title, &entries, &zone))
        // Sent twice after a crash, it is one.
        .message_id(Some(message_id(&due.id, url)))
        .date(now);
    if let Some(address) = &due.reply_to {
        message = message.reply_to(Mailbox::new(by.map(str::to_owned), address.as_str().parse()?));
    }
    let text = text(due.kind, by, due.title.as_ref().map(|title| title.as_str()), &entries, &zone);
    let events = calendar::calendar(&entries, due.kind, &title, host, now.try_into()?);
    let events_type = format!("text/calendar; charset=utf-8; method={}", calendar::method(due.kind));
    let attachment =
        Attachment::new("meeting.ics".to_owned()).body(events, ContentType::parse(&events_type)?);
    Ok(message.multipart(MultiPart::mixed().singlepart(SinglePart::plain(text)).singlepart(attachment))?)
}

fn entry(
    meeting: MeetingId,
    times: &Times,
    (url, keys): (&PublicUrl, &MailKeys),
) -> Result<Entry, jiff::Error> {
    let at = |ms: u64| Timestamp::from_millisecond(i64::try_from(ms).unwrap_or(i64::MAX));
    Ok(Entry {
        meeting,
        opens: at(times.opens_ms)?,
        starts: at(times.starts_ms)?,
        ends: at(times.ends_ms)?,
        link: format!("{}/m/{meeting}#{}", url.origin(), keys.fragment(&meeting)),
    })
}

fn subject(kind: MailKind, title: &str, entries: &[Entry], zone: &TimeZone) -> String {
    let word = match kind {
        MailKind::Cancellation => "Cancelled",
        MailKind::Invitation => "Invitation",
    };
    match entries {
        [first, ..] => {
            let first =
                first.starts.to_zoned_datetime(zone.clone()).strftime("%a %-d %b %Y, %H:%M").to_string();
            let more =
                if entries.len() > 1 { format!(" and {} more", entries.len() - 1) } else { String::new() };
            format!("{word}: {title} ({first}{more})")
        }
        [] => format!("{word}: {title}"),
    }
}

fn text(kind: MailKind, by: Option<&str>, title: Option<&str>, entries: &[Entry], zone: &TimeZone) -> String {
    let series = entries.len() > 1;
    let what = match (kind, series) {
        (MailKind::Cancellation, false) => "has cancelled this meeting",
        (MailKind::Cancellation, true) => "has cancelled these meetings",
        (MailKind::Invitation, false) => "invites you to a meeting",
        (MailKind::Invitation, true) => "invites you to a series of meetings",
    };
    let mut text = match by {
        Some(by) => format!("{by} {what}.\n\n"),
        // Whoever was removed is named to nobody any more.
        None if series => {
            "These meetings are cancelled: whoever planned them has no account any more.\n\n".to_owned()
        }
        None => "This meeting is cancelled: whoever planned it has no account any more.\n\n".to_owned(),
    };
    let by = by.unwrap_or("Whoever planned it");
    let mut line = |line: std::fmt::Arguments<'_>| {
        let _ = text.write_fmt(line);
        text.push('\n');
    };
    if let Some(title) = title {
        line(format_args!("{title}\n"));
    }
    for entry in entries {
        line(format_args!("{}", when(entry, zone)));
        if kind == MailKind::Invitation {
            line(format_args!("{}\n", entry.link));
        }
    }
    match kind {
        MailKind::Cancellation => line(format_args!("\nThe links you were sent open nothing any more.")),
        MailKind::Invitation => line(format_args!(
            "A link alone lets nobody in: you will be asked for the meeting's passcode. This mail does not have it. {by} tells \
             it to you in another way, best by speaking to you."
        )),
    }
    text
}

/// When a meeting is, on the clocks of its zone, and when one can come.
fn when(entry: &Entry, zone: &TimeZone) -> String {
    let [opens, starts, ends] =
        [entry.opens, entry.starts, entry.ends].map(|at| at.to_zoned_datetime(zone.clone()));
    let name = zone.iana_name().unwrap_or("UTC");
    let end = if starts.date() == ends.date() { "%H:%M" } else { "%A %-d %B %Y, %H:%M" };
    let day = starts.strftime("%A %-d %B %Y, %H:%M");
    let early = if opens < starts {
        format!("; the lobby opens at {}", opens.strftime("%H:%M"))
    } else {
        String::new()
    };
    format!("{day} to {} ({name}, UTC{}){early}", ends.strftime(end), starts.strftime("%:z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;
    /// 30 November 2026, 03:30 UTC.
    const STARTS_MS: u64 = 1_796_009_400_000;

    fn due(kind: MailKind, meetings: u8) -> DueMail {
        let times = |day: u64| Times {
            opens_ms: STARTS_MS + day * 24 * HOUR_MS - 600_000,
            starts_ms: STARTS_MS + day * 24 * HOUR_MS,
            ends_ms: STARTS_MS + day * 24 * HOUR_MS + 2_700_000,
        };
        DueMail {
            id: [7; 16],
            to: "ravi@example.org".parse().unwrap(),
            kind,
            title: None,
            meetings: (0..meetings)
                .map(|day| (MeetingId::from_bytes([day; 20]), times(u64::from(day))))
                .collect(),
            schedule:
                r#"{"zone":"Asia/Kolkata","starts":"2026-11-30T09:00","minutes":45,"early_minutes":10}"#
                    .to_owned(),
            by: Some("Asha Rao".parse().unwrap()),
            reply_to: None,
            tries: 0,
        }
    }

    fn written(due: &DueMail) -> String {
        let from: Mailbox = "Sabha <meetings@example.org>".parse().unwrap();
        let url = PublicUrl::try_from("https://meet.example.org".to_owned()).unwrap();
        let keys = MailKeys::new([1; 32]);
        let message = letter(due, &from, (&url, &keys), SystemTime::UNIX_EPOCH).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    /// Takes quoted-printable's soft line ends and signs out, so that a sentence can be looked for.
    fn plain(mail: &str) -> String {
        mail.replace("=\r\n", "").replace("=3D", "=").replace("\r\n ", "")
    }

    #[test]
    fn an_invitation_says_when_on_the_clocks_of_its_zone_and_that_the_passcode_is_wanted() {
        let mail = plain(&written(&due(MailKind::Invitation, 1)));
        for part in [
            "Asha Rao invites you to a meeting.",
            "Monday 30 November 2026, 09:00 to 09:45 (Asia/Kolkata, UTC+05:30); the lobby opens at 08:50",
            "https://meet.example.org/m/",
            "#v1.mail.",
            "asked for the meeting's passcode",
            "Subject: Invitation: Meeting with Asha Rao (Mon 30 Nov 2026, 09:00)",
            "BEGIN:VEVENT",
            "DTSTART:20261130T033000Z",
            "METHOD:PUBLISH",
            "<07070707070707070707070707070707@meet.example.org>",
        ] {
            assert!(mail.contains(part), "{part} in {mail}");
        }
    }

    #[test]
    fn a_series_lists_every_meeting_with_its_own_link() {
        let mail = written(&due(MailKind::Invitation, 3));
        // A header's line is broken before a blank that belongs to it, an event's is not.
        assert!(mail.replace("\r\n ", " ").contains("and 2 more"));
        let mail = plain(&mail);
        assert_eq!(mail.matches("BEGIN:VEVENT").count(), 3);
        for day in 0..3 {
            let id = MeetingId::from_bytes([day; 20]);
            assert!(mail.contains(&format!("/m/{id}#v1.mail.")), "{id}");
        }
    }

    #[test]
    fn a_cancellation_has_no_link_and_takes_the_event_back() {
        let mail = plain(&written(&due(MailKind::Cancellation, 1)));
        assert!(!mail.contains("/m/"), "{mail}");
        for part in ["has cancelled this meeting", "METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:1"] {
            assert!(mail.contains(part), "{part} in {mail}");
        }
    }

    #[test]
    fn what_people_are_and_call_things_adds_no_header() {
        let mut due = due(MailKind::Invitation, 1);
        due.by = "Åsa: \"<eve@example.org>\", BCC".parse().ok();
        due.title = Some("राष्ट्रीय; =?utf-8?q?x?= END:VEVENT".parse().unwrap());
        due.reply_to = Some("asa@example.org".parse().unwrap());
        let mail = written(&due);
        let headers = mail.split("\r\n\r\n").next().unwrap();
        let names: Vec<&str> = headers
            .split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(
            sorted,
            ["Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Reply-To", "Subject", "To"],
            "{headers}"
        );
        assert!(headers.is_ascii());
        assert_eq!(plain(&mail).matches("BEGIN:VEVENT").count(), 1);
    }
}
