//! How controls are written: ids and values as text. What they mean is `sabha-policy`'s.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Longest id of a control, and longest value, in bytes.
const WORD_BYTES_MAX: usize = 40;

/// Not the form in which controls and their values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ids and values of controls are 1 to {WORD_BYTES_MAX} letters, digits, dots and underscores")]
pub struct InvalidControlWord;

/// A control's id, such as `MEET.SHARE.HOST`, or what it is set to, such as `granted` or `15`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
#[schema(value_type = String, min_length = 1, max_length = 40)]
pub struct ControlWord(String);

impl ControlWord {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ControlWord {
    type Error = InvalidControlWord;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
        let fits = (1..=WORD_BYTES_MAX).contains(&text.len());
        if fits && text.bytes().all(plain) { Ok(Self(text)) } else { Err(InvalidControlWord) }
    }
}

impl From<ControlWord> for String {
    fn from(word: ControlWord) -> Self {
        word.0
    }
}

/// What one control is set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlSetting {
    /// Which.
    pub control: ControlWord,
    /// The name of a level, a number, or `none`.
    pub value: ControlWord,
}

/// A set of controls, at most 64; those left out are at their loosest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(transparent)]
pub struct ControlSettings(
    #[serde(deserialize_with = "crate::wire::at_most::<_, _, 64>")] pub Vec<ControlSetting>,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_short_and_plain() {
        let word = |text: &str| ControlWord::try_from(text.to_owned()).is_ok();
        assert!(word("MEET.SHARE.HOST") && word("muted_and_dark") && word("15"));
        assert!(!word("") && !word("a b") && !word("<b>") && !word("é"));
        assert!(word(&"x".repeat(40)) && !word(&"x".repeat(41)));
    }

    #[test]
    fn more_settings_than_there_can_be_are_refused() {
        let setting = r#"{"control":"A","value":"b"}"#;
        let list = |count| format!("[{}]", vec![setting; count].join(","));
        assert!(serde_json::from_str::<ControlSettings>(&list(64)).is_ok());
        assert!(serde_json::from_str::<ControlSettings>(&list(65)).is_err());
    }
}
