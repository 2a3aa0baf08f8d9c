//! A policy profile: what an authority or an organisation demands of meetings, as a file.
//!
//! Here is only the form, and every text in it is bounded while it is read. What the controls mean, and whether a
//! signature holds, is `sabha-policy`'s. The same form stands in `docs/schemas/policy-profile.schema.json`.

use std::{fmt, num::NonZeroU32};

use serde::{Deserialize, Serialize};

use crate::{
    ControlWord,
    key::{ProfileKey, Signature},
    text::ProfileText,
};

/// Most controls in a profile.
pub const PROFILE_CONTROLS_MAX: usize = 64;
/// Longest id of a profile, in bytes. With revision and key it fits into the record of a floor.
const ID_BYTES_MAX: usize = 48;
/// Longest address, in bytes.
const URL_BYTES_MAX: usize = 300;
/// Longest language tag, in bytes: what RFC 5646 (section 4.4.1) asks everybody to take.
const LANGUAGE_BYTES_MAX: usize = 35;

/// A profile as a file. JSON, at most [`PROFILE_BYTES_MAX`](crate::limits::PROFILE_BYTES_MAX) bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileFile {
    /// Tells these files from others.
    pub format: ProfileFormat,
    /// Of the format, and of the bytes that are signed.
    pub version: ProfileVersion,
    /// What is demanded.
    pub profile: Profile,
    /// Of whoever answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<ProfileSignature>,
}

/// What is demanded, by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The same in each revision, such as `in.gov.mha.2020-04-12`.
    pub id: ProfileId,
    /// From 1; a later one takes the place of an earlier one.
    pub revision: NonZeroU32,
    /// For people.
    pub title: ProfileText,
    /// Who issued what the profile renders, for people. Proves nothing; the signature's key does.
    pub issuer: ProfileText,
    /// When that was issued.
    pub issued: Date,
    /// In which language the texts are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<LanguageTag>,
    /// Controls that are not named are left as they are.
    #[serde(deserialize_with = "super::at_most::<_, _, PROFILE_CONTROLS_MAX>")]
    pub controls: Vec<ProfileControl>,
}

/// What is demanded of one control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileControl {
    /// Which.
    pub control: ControlWord,
    /// The name of a level, a number, `none`, or `always`.
    pub value: ControlWord,
    /// Where it is demanded, such as a point of an advisory.
    pub source: ProfileText,
    /// Where that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<ProfileUrl>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<ProfileText>,
}

/// A signature over the profile's canonical bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileSignature {
    /// Under which it holds.
    pub key: ProfileKey,
    /// The signature.
    pub signature: Signature,
}

/// The format's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProfileFormat {
    /// The only one.
    #[default]
    #[serde(rename = "sabha-policy-profile")]
    PolicyProfile,
}

/// The format's version, which is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct ProfileVersion(());

/// A version of the format that this program does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("version {0} of the format is not known, only version 1 is")]
pub struct UnknownVersion(u16);

impl TryFrom<u16> for ProfileVersion {
    type Error = UnknownVersion;

    fn try_from(number: u16) -> Result<Self, Self::Error> {
        if number == 1 { Ok(Self(())) } else { Err(UnknownVersion(number)) }
    }
}

impl From<ProfileVersion> for u16 {
    fn from(_: ProfileVersion) -> Self {
        1
    }
}

/// A word in a profile that is not in its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProfileWord {
    /// Not a date.
    #[error("a date is a day of the calendar, as in 2020-04-12, or a month or a year")]
    Date,
    /// Not an id.
    #[error("an id is 1 to {ID_BYTES_MAX} small letters, digits, dots and hyphens, and begins with a letter")]
    Id,
    /// Not a language tag.
    #[error("a language tag is written as in en or hi-IN")]
    Language,
    /// Not an address.
    #[error(
        "an address begins with https:// and has at most {URL_BYTES_MAX} characters, none of them a blank"
    )]
    Url,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $holds:ident else $error:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidProfileWord;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                if $holds(&text) { Ok(Self(text)) } else { Err(InvalidProfileWord::$error) }
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0
            }
        }
    )*};
}

words! {
    /// A day of the Gregorian calendar, as in `2020-04-12`; a month or a year where no more is known.
    Date: is_date else Date;
    /// A language tag, as in `en` or `hi-IN`. Checked for its form, not against a register.
    LanguageTag: is_language else Language;
    /// A profile's id, as in `in.gov.mha.2020-04-12`.
    ProfileId: is_id else Id;
    /// An address that a person may open. No program of ours does.
    ProfileUrl: is_url else Url;
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let number = |part: &str, digits: usize| {
        // Signs parse as numbers too.
        let plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<u16>().ok()).flatten()
    };
    let Some(year) = parts.next().and_then(|year| number(year, 4)) else { return false };
    let Some(month) = parts.next() else { return true };
    let is_leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let days = match number(month, 2) {
        Some(1 | 3 | 5 | 7 | 8 | 10 | 12) => 31,
        Some(4 | 6 | 9 | 11) => 30,
        Some(2) if is_leap => 29,
        Some(2) => 28,
        _ => return false,
    };
    let Some(day) = parts.next() else { return true };
    number(day, 2).is_some_and(|day| (1..=days).contains(&day)) && parts.next().is_none()
}

fn is_language(text: &str) -> bool {
    let is_subtag =
        |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let mut tags = text.split('-');
    let is_primary =
        |tag: &str| (2..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphabetic());
    text.len() <= LANGUAGE_BYTES_MAX && tags.next().is_some_and(is_primary) && tags.all(is_subtag)
}

fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    text.len() <= ID_BYTES_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(plain)
}

fn is_url(text: &str) -> bool {
    // No character that could end the address where it stands in a text.
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'`');
    text.len() <= URL_BYTES_MAX
        && text
            .strip_prefix("https://")
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphanumeric()))
        && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"format":"sabha-policy-profile","version":1,"profile":{"id":"org.example","revision":1,
        "title":"Ours","issuer":"Example","issued":"2020-04-12","controls":[CONTROLS]}}"#;
    const CONTROL: &str = r#"{"control":"MEET.SHARE.HOST","value":"hosts","source":"Point 4"}"#;

    fn read(text: &str) -> Result<ProfileFile, serde_json::Error> {
        serde_json::from_str(text)
    }

    fn file() -> String {
        FILE.replace("CONTROLS", CONTROL)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let file = read(&file()).unwrap();
        assert_eq!(file.profile.controls[0].value.as_str(), "hosts");
        assert_eq!(read(&serde_json::to_string(&file).unwrap()).unwrap(), file);
    }

    #[test]
    fn unknown_and_repeated_fields_other_formats_and_versions_are_refused() {
        for (from, to) in [
            ("\"revision\":1", "\"revision\":1,\"more\":1"),
            ("\"revision\":1", "\"revision\":1,\"revision\":2"),
            ("\"revision\":1", "\"revision\":0"),
            ("\"value\":", "\"extra\":1,\"value\":"),
            ("\"version\":1", "\"version\":2"),
            ("sabha-policy-profile", "another"),
            ("\"issuer\":\"Example\",", ""),
            ("\"Point 4\"", "\"\""),
        ] {
            let changed = file().replace(from, to);
            assert_ne!(changed, file());
            assert!(read(&changed).is_err(), "{to}");
        }
        let newer = read(&file().replace("\"version\":1", "\"version\":2")).unwrap_err().to_string();
        assert!(newer.contains("version 2 of the format is not known"), "{newer}");
    }

    #[test]
    fn controls_and_texts_are_bounded() {
        let of = |count: usize| FILE.replace("CONTROLS", &vec![CONTROL; count].join(","));
        assert!(read(&of(64)).is_ok());
        assert!(read(&of(65)).is_err());
        let source = |letters: usize| file().replace("Point 4", &"x".repeat(letters));
        assert!(read(&source(400)).is_ok());
        assert!(read(&source(401)).is_err());
    }

    #[test]
    fn dates_are_days_of_the_calendar_or_months_or_years() {
        for (text, holds) in [
            ("2020-04-12", true),
            ("2020-04", true),
            ("2020", true),
            ("2020-02-29", true),
            ("2000-02-29", true),
            ("1900-02-29", false),
            ("2021-02-29", false),
            ("2020-13-01", false),
            ("2020-00-01", false),
            ("2020-04-31", false),
            ("2020-4-1", false),
            ("2020-", false),
            ("+020-04-12", false),
            ("2020-04-12-1", false),
            ("", false),
        ] {
            assert_eq!(Date::try_from(text.to_owned()).is_ok(), holds, "{text}");
        }
    }

    #[test]
    fn ids_languages_and_addresses_have_their_form() {
        let id = |text: &str| ProfileId::try_from(text.to_owned()).is_ok();
        assert!(id("in.gov.mha.2020-04-12") && !id("") && !id("In.gov") && !id("a/b") && !id("1a"));
        assert!(id(&"a".repeat(48)) && !id(&"a".repeat(49)));
        let language = |text: &str| LanguageTag::try_from(text.to_owned()).is_ok();
        assert!(language("en") && language("hi-IN") && language("sr-Latn-RS"));
        assert!(!language("e") && !language("en_IN") && !language("en-") && !language("1n"));
        let url = |text: &str| ProfileUrl::try_from(text.to_owned()).is_ok();
        assert!(url("https://example.org/a?b=c#d"));
        assert!(
            !url("http://example.org") && !url("https://") && !url("https://a b") && !url("https://a\"b")
        );
    }
}
