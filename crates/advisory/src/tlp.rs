//! The Traffic Light Protocol, version 2.0 (FIRST, August 2022): how far a document may travel.
//!
//! A label is kept exactly as its author gave it. Where a format knows fewer labels, the narrower of two is written, never
//! the wider: nothing that leaves through an export may travel further than it could before.

use std::{fmt, str::FromStr};

/// A label of TLP 2.0, from the widest to the narrowest: a greater one is never wider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tlp {
    /// To the world.
    Clear,
    /// Within the community.
    Green,
    /// To those who need to know, in the recipient's organisation and at its clients.
    Amber,
    /// To those who need to know, in the recipient's organisation only.
    AmberStrict,
    /// To those who were given it, and to nobody else.
    Red,
}

/// What is not a label of TLP 2.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("TLP: the label is none of CLEAR, GREEN, AMBER, AMBER+STRICT and RED")]
pub struct UnknownLabel;

impl Tlp {
    /// Every label, from the widest to the narrowest.
    pub const ALL: [Self; 5] = [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red];

    /// Returns the label's name without its prefix: `AMBER+STRICT`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Green => "GREEN",
            Self::Amber => "AMBER",
            Self::AmberStrict => "AMBER+STRICT",
            Self::Red => "RED",
        }
    }

    /// Returns the label as it is to be written: `TLP:AMBER+STRICT`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Clear => "TLP:CLEAR",
            Self::Green => "TLP:GREEN",
            Self::Amber => "TLP:AMBER",
            Self::AmberStrict => "TLP:AMBER+STRICT",
            Self::Red => "TLP:RED",
        }
    }

    /// Returns the narrower of two labels: what holds for a document that was made from both.
    #[must_use]
    pub fn narrower(self, other: Self) -> Self {
        self.max(other)
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// Reads a label with or without its prefix, in capitals as the standard wants it. `WHITE`, of TLP 1.0, is not one.
impl FromStr for Tlp {
    type Err = UnknownLabel;

    fn from_str(text: &str) -> Result<Self, UnknownLabel> {
        let name = text.strip_prefix("TLP:").unwrap_or(text);
        Self::ALL.into_iter().find(|label| label.name() == name).ok_or(UnknownLabel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_is_read_as_it_is_written_and_nothing_else_is() {
        for label in Tlp::ALL {
            assert_eq!(label.to_string().parse(), Ok(label));
            assert_eq!(label.name().parse(), Ok(label));
        }
        for other in
            ["", "TLP:", "TLP:WHITE", "WHITE", "tlp:red", "red", "AMBER STRICT", "TLP:TLP:RED", " RED"]
        {
            assert_eq!(other.parse::<Tlp>(), Err(UnknownLabel), "{other:?}");
        }
    }

    #[test]
    fn what_is_made_from_two_is_as_narrow_as_the_narrower() {
        for one in Tlp::ALL {
            for other in Tlp::ALL {
                let both = one.narrower(other);
                assert!(both >= one && both >= other && (both == one || both == other));
            }
        }
        assert!(Tlp::ALL.is_sorted());
    }
}
