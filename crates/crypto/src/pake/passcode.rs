//! A passcode as people say it to each other, and the one form it has in the computation.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Longest passcode, in bytes after normalisation.
pub const PASSCODE_BYTES_MAX: usize = 128;

/// Shortest passcode that a host can choose, in characters after normalisation. With 20 guesses per meeting an
/// attacker's chance against eight characters, even if they are digits, is below one in a million.
pub const CHOSEN_CHARS_MIN: usize = 8;

/// Crockford's base32: no I, L, O and U, so that a code can be read aloud and never spells a word by accident.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A passcode in its one form: upper case, without white space and hyphens, with O read as 0 and I and L as 1.
///
/// Crockford's base32 has these readings so that what is heard or read from paper can be typed as it is understood;
/// applied to a code that a host chose they cost it little and change nothing for who types it the same way. Unicode
/// is not normalised: a code of other letters than ASCII must be typed as it was chosen.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Passcode(String);

impl Passcode {
    /// Reads a passcode that somebody typed.
    ///
    /// # Errors
    /// [`InvalidPasscode::Empty`] or [`InvalidPasscode::TooLong`].
    pub fn typed(text: &str) -> Result<Self, InvalidPasscode> {
        // Measured before anything is computed: upper case and white space can make the text some times as long.
        if text.len() > 4 * PASSCODE_BYTES_MAX {
            return Err(InvalidPasscode::TooLong);
        }
        let ignored = |char: &char| {
            !char.is_whitespace() && !matches!(char, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        };
        // Room for the longest result, so that no copy of the code stays behind in memory given back.
        let mut code = Self(String::with_capacity(3 * text.len()));
        for char in text.chars().filter(ignored).flat_map(char::to_uppercase) {
            code.0.push(match char {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            });
        }
        match code.0.len() {
            0 => Err(InvalidPasscode::Empty),
            1..=PASSCODE_BYTES_MAX => Ok(code),
            _ => Err(InvalidPasscode::TooLong),
        }
    }

    /// Reads a passcode that a host chose.
    ///
    /// # Errors
    /// As [`Passcode::typed`], and [`InvalidPasscode::TooShort`].
    pub fn chosen(text: &str) -> Result<Self, InvalidPasscode> {
        let code = Self::typed(text)?;
        if code.0.chars().count() < CHOSEN_CHARS_MIN { Err(InvalidPasscode::TooShort) } else { Ok(code) }
    }

    /// Returns the form that goes into the computation.
    pub(super) const fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Returns the code in groups of four, `XXXX-XXXX`, to be shown to the host.
    pub fn expose(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(2 * self.0.len()));
        for (index, char) in self.0.chars().enumerate() {
            if index > 0 && index % 4 == 0 {
                text.push('-');
            }
            text.push(char);
        }
        text
    }
}

/// Makes a passcode of eight characters from 40 random bits. A meeting's twenty guesses hit it with probability
/// 2^-35.
pub fn generate_passcode(random: [u8; 5]) -> Passcode {
    let [a, b, c, d, e] = random;
    let bits = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
    let char = |index: u32| char::from(ALPHABET[(bits >> (35 - 5 * index) & 31) as usize]);
    Passcode((0..8).map(char).collect())
}

/// Why a text is no passcode. `Display` repeats nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPasscode {
    /// Nothing but white space and hyphens.
    #[error("the passcode is empty")]
    Empty,
    /// More than [`PASSCODE_BYTES_MAX`] bytes.
    #[error("the passcode is too long")]
    TooLong,
    /// Chosen, and less than [`CHOSEN_CHARS_MIN`] characters.
    #[error("the passcode is too short")]
    TooShort,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn generated_code_survives_being_shown_and_typed_by_hand(random: [u8; 5]) {
            let code = generate_passcode(random);
            let shown = code.expose();
            prop_assert_eq!(shown.len(), 9);
            let sloppy = format!(" {} ", shown.to_lowercase().replace('-', " – ").replace('0', "o").replace('1', "l"));
            let typed = Passcode::typed(&sloppy).unwrap();
            prop_assert_eq!(typed.as_bytes(), code.as_bytes());
            prop_assert!(Passcode::chosen(&shown).is_ok());
        }

        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{0,40}") {
            if let Ok(code) = Passcode::typed(&text) {
                let again = Passcode::typed(std::str::from_utf8(code.as_bytes()).unwrap()).unwrap();
                prop_assert_eq!(again.as_bytes(), code.as_bytes());
            }
        }
    }

    #[test]
    fn code_shows_all_of_its_bits() {
        assert_eq!(*generate_passcode([0; 5]).expose(), "0000-0000");
        assert_eq!(*generate_passcode([0xff; 5]).expose(), "ZZZZ-ZZZZ");
        assert_eq!(*generate_passcode([0x08, 0x86, 0x42, 0x98, 0xe8]).expose(), "1234-5678");
    }

    #[test]
    fn bounds_are_kept() {
        let error = |text: &str| Passcode::typed(text).err();
        assert_eq!(error(""), Some(InvalidPasscode::Empty));
        assert_eq!(error(" - \u{2014}\t"), Some(InvalidPasscode::Empty));
        assert_eq!(error(&"7".repeat(128)), None);
        assert_eq!(error(&"7".repeat(129)), Some(InvalidPasscode::TooLong));
        assert_eq!(error(&" ".repeat(600)), Some(InvalidPasscode::TooLong));
    }

    #[test]
    fn host_cannot_choose_a_short_code() {
        assert_eq!(Passcode::chosen("123-456").err(), Some(InvalidPasscode::TooShort));
        assert_eq!(Passcode::chosen("1 2 3 4 5 6 7").err(), Some(InvalidPasscode::TooShort));
        assert!(Passcode::chosen("12345678").is_ok());
    }
}
