//! Text from people and browsers, bounded and cleaned while it is parsed.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::limits::{
    CHAT_CHARS_MAX, NAME_CHARS_MAX, PASSCODE_CHARS_MAX, PROFILE_TEXT_CHARS_MAX, SDP_BYTES_MAX,
    TITLE_CHARS_MAX,
};

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidText {
    /// Nothing is left once white space at both ends is gone.
    #[error("the text is empty")]
    Empty,
    /// Control characters, line breaks and characters that reverse or hide text are not allowed in names.
    #[error("the text has a character that cannot be shown safely")]
    Forbidden,
    /// More characters (or, for SDP, bytes) than the limit.
    #[error("the text is longer than {max}")]
    TooLong {
        /// The limit that was passed.
        max: usize,
    },
}

/// A name a participant gave itself: 1 to 64 characters, trimmed, on one line, shown as typed.
///
/// Not verified in any way, and not unique.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
#[schema(value_type = String, min_length = 1, max_length = 64)]
pub struct DisplayName(String);

/// A meeting's title: 1 to 120 characters, trimmed, on one line.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
#[schema(value_type = String, min_length = 1, max_length = 120)]
pub struct MeetingTitle(String);

/// What somebody says in the chat: 1 to 4000 characters, line breaks allowed, nothing that hides or reverses text.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct ChatText(String);

/// A meeting's passcode as typed: 1 to 64 characters on one line. Blanks, hyphens and case do not count.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct Passcode(String);

/// A text in a policy profile: 1 to 400 characters, trimmed, on one line.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileText(String);

/// A session description (RFC 8866) of at most 96 KiB. Checked for size here and parsed by the media plane.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct Sdp(String);

macro_rules! text {
    ($name:ident, $parse:expr) => {
        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidText;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let parse: fn(String) -> Result<String, InvalidText> = $parse;
                parse(text).map(Self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Debug for $name {
            /// Personal data and network addresses stay out of logs: only the length is printed.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} chars)"), self.0.chars().count())
            }
        }
    };
}

text!(DisplayName, |text| one_line(&text, NAME_CHARS_MAX));
text!(MeetingTitle, |text| one_line(&text, TITLE_CHARS_MAX));
text!(ChatText, |text| lines(&text, CHAT_CHARS_MAX));
text!(Passcode, |text| one_line(&text, PASSCODE_CHARS_MAX));
text!(ProfileText, |text| one_line(&text, PROFILE_TEXT_CHARS_MAX));
text!(Sdp, |text| {
    if text.is_empty() {
        Err(InvalidText::Empty)
    } else if text.len() > SDP_BYTES_MAX {
        Err(InvalidText::TooLong { max: SDP_BYTES_MAX })
    } else {
        Ok(text)
    }
});

/// Trims `text` and refuses what could break a line, hide or reverse the text around it.
pub(crate) fn one_line(text: &str, chars_max: usize) -> Result<String, InvalidText> {
    // Four bytes hold any character, so a longer text is refused before it is walked.
    if text.len() > chars_max * 4 {
        return Err(InvalidText::TooLong { max: chars_max });
    }
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(InvalidText::Empty);
    }
    if trimmed.chars().count() > chars_max {
        return Err(InvalidText::TooLong { max: chars_max });
    }
    if trimmed.chars().any(is_unsafe_in_a_line) {
        return Err(InvalidText::Forbidden);
    }
    if trimmed.chars().all(is_invisible) {
        return Err(InvalidText::Empty);
    }
    Ok(trimmed.to_owned())
}

/// As [`one_line`], but with line breaks (LF) and tabulators.
pub(crate) fn lines(text: &str, chars_max: usize) -> Result<String, InvalidText> {
    if text.len() > chars_max * 4 {
        return Err(InvalidText::TooLong { max: chars_max });
    }
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.chars().all(is_invisible) {
        return Err(InvalidText::Empty);
    }
    if trimmed.chars().count() > chars_max {
        return Err(InvalidText::TooLong { max: chars_max });
    }
    if trimmed.chars().any(|c| !matches!(c, '\n' | '\t') && is_unsafe_in_a_line(c)) {
        return Err(InvalidText::Forbidden);
    }
    Ok(trimmed.to_owned())
}

/// Control characters, line and paragraph separators, and the bidirectional overrides and isolates
/// (Unicode Standard Annex 9) by which one name could disguise itself as another.
fn is_unsafe_in_a_line(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Zero-width characters join letters in Indic scripts and emoji, so they are allowed, but not alone.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{00AD}' | '\u{115F}' | '\u{1160}' | '\u{3164}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn accepted_name_is_within_its_limit_and_stays_as_it_is(text in "\\PC{0,80}") {
            if let Ok(name) = text.parse::<DisplayName>() {
                prop_assert!(name.as_str().chars().count() <= NAME_CHARS_MAX);
                prop_assert_eq!(name.as_str().parse::<DisplayName>(), Ok(name.clone()));
            }
        }
    }

    #[test]
    fn names_in_indic_scripts_and_with_joined_emoji_are_accepted() {
        for name in ["आशा", "அனிதா", "ক্ষমা", "می‌خواهم", "👩‍👩‍👧", "O'Brien"]
        {
            assert!(name.parse::<DisplayName>().is_ok(), "{name}");
        }
    }

    #[test]
    fn a_name_cannot_reverse_break_or_hide_text() {
        for name in ["a\u{202E}b", "a\nb", "a\u{2066}b", "\u{0}", "a\u{2028}b"] {
            assert_eq!(name.parse::<DisplayName>(), Err(InvalidText::Forbidden));
        }
        for name in ["", "  ", "\u{200B}\u{200D}", "\u{3164}"] {
            assert_eq!(name.parse::<DisplayName>(), Err(InvalidText::Empty));
        }
        assert_eq!("x".repeat(65).parse::<DisplayName>(), Err(InvalidText::TooLong { max: 64 }));
    }

    #[test]
    fn debug_form_of_a_name_does_not_print_it() {
        let name: DisplayName = "Asha".parse().unwrap();
        assert_eq!(format!("{name:?}"), "DisplayName(4 chars)");
    }
}
