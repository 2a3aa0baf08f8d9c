//! Bodies of the HTTP API for planned meetings.
//!
//! What the server knows of one: who planned it, when it is and in which zone, and what it knows of any meeting. Its title
//! is sealed, and who is invited is not here, unless who planned has it send them mail.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::http::CreateMeeting;
use crate::{
    MeetingId, MeetingTitle,
    account::{EmailAddress, PlanId},
    limits::{MAILS_AT_ONCE_MAX, PLAN_OCCURRENCES_MAX, TIME_ZONE_BYTES_MAX},
};

/// The text is not of the form that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not of the form {form}")]
pub struct InvalidTime {
    form: &'static str,
}

macro_rules! form {
    ($(#[$doc:meta])* $name:ident, $form:literal, $is:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[ts(type = "string")]
        #[schema(value_type = String)]
        pub struct $name(String);

        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidTime;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let is: fn(&str) -> bool = $is;
                if is(&text) { Ok(Self(text)) } else { Err(InvalidTime { form: $form }) }
            }
        }

        impl FromStr for $name {
            type Err = InvalidTime;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

form! {
    /// A time zone by its IANA name, `Asia/Kolkata`. Whether there is one of this name the server says.
    TimeZoneName, "Area/Place", |text| {
        let is_one = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+');
        !text.is_empty() && text.len() <= TIME_ZONE_BYTES_MAX && text.bytes().all(is_one)
    }
}

form! {
    /// A day, `2026-11-30`.
    LocalDate, "YYYY-MM-DD", |text| fits(text, b"0000-00-00")
}

form! {
    /// A time on the clocks of a zone, to the minute: `2026-11-30T09:00`.
    LocalTime, "YYYY-MM-DDThh:mm", |text| fits(text, b"0000-00-00T00:00")
}

/// Returns whether `text` has a digit wherever `pattern` has a zero, and else what `pattern` has.
fn fits(text: &str, pattern: &[u8]) -> bool {
    let same =
        |(byte, wanted): (u8, &u8)| if *wanted == b'0' { byte.is_ascii_digit() } else { byte == *wanted };
    text.len() == pattern.len() && text.bytes().zip(pattern).all(same)
}

macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

/// After what time a series comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// The next day.
    Day,
    /// The next month, on the same day; a month without that day is left out.
    Month,
    /// The next week.
    Week,
}

body! {
    /// How a series goes on, at the same time on the zone's clocks. Exactly one of `count` and `until` is there.
    Repeat {
        /// After what time.
        every: Every,
        /// How many meetings in all, 2 to 60.
        #[serde(default)]
        #[ts(optional = nullable)]
        count: Option<u16>,
        /// The last day on which one can be.
        #[serde(default)]
        #[ts(optional = nullable)]
        until: Option<LocalDate>,
    }
}

body! {
    /// When a meeting is, or a series. Body of `POST /api/v1/plans/times`.
    Schedule {
        /// Whose clocks count.
        zone: TimeZoneName,
        /// When the first one begins.
        starts: LocalTime,
        /// How long each lasts, 5 to 1440.
        minutes: u16,
        /// So many minutes before its beginning who has the link may wait in the lobby, at most 1440.
        early_minutes: u16,
        /// Absent for a single meeting.
        #[serde(default)]
        #[ts(optional = nullable)]
        repeat: Option<Repeat>,
    }
}

body! {
    /// When one meeting is, in milliseconds since 1970.
    Times {
        /// From when who has the link may wait in the lobby.
        #[ts(type = "number")]
        opens_ms: u64,
        /// Its beginning.
        #[ts(type = "number")]
        starts_ms: u64,
        /// Its end, until when who has the link is let into the lobby. One that is under way goes on.
        #[ts(type = "number")]
        ends_ms: u64,
    }
}

body! {
    /// Answer to [`Schedule`].
    ScheduleTimes {
        /// Of every meeting, in order.
        times: Vec<Times>,
    }
}

body! {
    /// Body of `POST /api/v1/plans`.
    CreatePlan {
        /// When.
        schedule: Schedule,
        /// A meeting for each time that `POST /api/v1/plans/times` answers, in that order, each with keys of its own.
        #[serde(deserialize_with = "super::at_most::<_, _, PLAN_OCCURRENCES_MAX>")]
        meetings: Vec<CreateMeeting>,
    }
}

body! {
    /// One planned meeting.
    PlannedMeeting {
        /// The meeting.
        meeting: MeetingId,
        /// When it is.
        times: Times,
        /// How it stands.
        state: PlannedState,
    }
}

/// How a planned meeting stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlannedState {
    /// Who planned it does not want it any more.
    Cancelled,
    /// It has been ended.
    Over,
    /// It can be entered in its time.
    Planned,
}

body! {
    /// A plan: one meeting, or a series.
    Plan {
        /// The plan.
        id: PlanId,
        /// As it was made.
        schedule: Schedule,
        /// When it was made, in milliseconds since 1970.
        #[ts(type = "number")]
        created_ms: u64,
        /// Its meetings in order, but for those that ended more than a day ago.
        meetings: Vec<PlannedMeeting>,
    }
}

body! {
    /// Answer to `GET /api/v1/plans`.
    Plans {
        /// The own plans of which a meeting has not ended for a day, oldest first.
        plans: Vec<Plan>,
        /// Whether this server sends invitations by mail.
        sends_mail: bool,
    }
}

body! {
    /// Body of `POST /api/v1/plans/{id}/mails`.
    SendMails {
        /// To whom, 1 to 100 addresses.
        #[serde(deserialize_with = "super::at_most::<_, _, MAILS_AT_ONCE_MAX>")]
        to: Vec<EmailAddress>,
        /// What the meeting is called, if those who are invited are to read it in the mail; so does the server then.
        #[serde(default)]
        #[ts(optional = nullable)]
        title: Option<MeetingTitle>,
    }
}

body! {
    /// One mail, to one address.
    Mail {
        /// To whom.
        to: EmailAddress,
        /// What it says.
        kind: MailKind,
        /// How it stands.
        state: MailState,
        /// Why it has not gone out, if it was tried.
        #[ts(optional = nullable)]
        trouble: Option<MailTrouble>,
        /// When it was asked for, in milliseconds since 1970.
        #[ts(type = "number")]
        created_ms: u64,
    }
}

/// What a mail says of planned meetings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// That they are cancelled.
    Cancellation,
    /// When they are, and how one comes in.
    Invitation,
}

/// How a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// The mail server does not take it, or could not be reached for too long.
    Failed,
    /// The mail server has taken it.
    Sent,
    /// It is to be sent, or tried again.
    Waiting,
}

/// Why the mail server has not taken a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailTrouble {
    /// It does not show by a certificate that it is the mail server.
    Certificate,
    /// It says that it may take it later.
    Later,
    /// It does not turn to TLS, and nothing is said to it in the clear.
    NoTls,
    /// It says that it never takes it.
    Refused,
    /// It does not answer.
    Unreachable,
}

body! {
    /// Answer to [`SendMails`], and to `GET /api/v1/plans/{id}/mails`.
    Mails {
        /// All of the plan, oldest first.
        mails: Vec<Mail>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_zones_have_one_form() {
        for right in ["2026-11-30T09:00", "0000-00-00T00:00"] {
            assert!(right.parse::<LocalTime>().is_ok(), "{right}");
        }
        for wrong in
            ["", "2026-11-30", "2026-11-30 09:00", "2026-11-30T09:00Z", "2026-11-30T09:0x", "٢٠٢٦-11-30T"]
        {
            assert!(wrong.parse::<LocalTime>().is_err(), "{wrong}");
        }
        assert!("2026-11-30".parse::<LocalDate>().is_ok());
        assert!("2026-11-3".parse::<LocalDate>().is_err());
        for right in ["Asia/Kolkata", "UTC", "America/Argentina/ComodRivadavia", "Etc/GMT+5"] {
            assert!(right.parse::<TimeZoneName>().is_ok(), "{right}");
        }
        for wrong in ["", "../etc/passwd", "a b", "a\r\nb", &"A".repeat(TIME_ZONE_BYTES_MAX + 1)] {
            assert!(wrong.parse::<TimeZoneName>().is_err(), "{wrong}");
        }
    }
}
