//! What a key id says: which media, of which member, in which epoch (RFC 9605 section 5.2, with S = 16 and E = 8).
//!
//! ```text
//!  KID = context << 24 | leaf index << 8 | epoch mod 256
//! ```

use sabha_protocol::Source;

/// The key id of one source of one member in one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kid {
    /// The context: what the frames are of.
    pub source: Source,
    /// Index of the sender's leaf in the MLS tree.
    pub leaf: u16,
    /// The low byte of the MLS epoch.
    pub epoch: u8,
}

impl Kid {
    /// Returns the key id in this epoch of the group.
    pub const fn new(source: Source, leaf: u16, epoch: u64) -> Self {
        Self { source, leaf, epoch: epoch as u8 }
    }
}

impl From<Kid> for u64 {
    fn from(kid: Kid) -> Self {
        context(kid.source) << 24 | Self::from(kid.leaf) << 8 | Self::from(kid.epoch)
    }
}

/// The number is no key id of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the number names no source")]
pub struct InvalidKid;

impl TryFrom<u64> for Kid {
    type Error = InvalidKid;

    fn try_from(kid: u64) -> Result<Self, InvalidKid> {
        let source = *Source::ALL.iter().find(|source| context(**source) == kid >> 24).ok_or(InvalidKid)?;
        Ok(Self { source, leaf: (kid >> 8) as u16, epoch: kid as u8 })
    }
}

/// Number of a source in a key id. Fixed: senders and receivers of any version agree on it.
const fn context(source: Source) -> u64 {
    match source {
        Source::Microphone => 0,
        Source::Camera => 1,
        Source::Screen => 2,
        Source::ScreenAudio => 3,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_stand_where_the_layout_says() {
        assert_eq!(u64::from(Kid::new(Source::Microphone, 0, 0)), 0);
        assert_eq!(u64::from(Kid::new(Source::ScreenAudio, 0xabcd, 0x1234)), 0x03ab_cd34);
        assert_eq!(u64::from(Kid::new(Source::Camera, 1, 256)), 0x0100_0100);
    }

    #[test]
    fn other_numbers_are_no_key_ids() {
        for kid in [0x0400_0000, 1 << 32, u64::MAX] {
            assert_eq!(Kid::try_from(kid), Err(InvalidKid), "{kid:x}");
        }
    }

    proptest! {
        #[test]
        fn key_id_survives_its_number(source in prop::sample::select(Source::ALL.to_vec()), leaf: u16, epoch: u64) {
            let kid = Kid::new(source, leaf, epoch);
            prop_assert_eq!(Kid::try_from(u64::from(kid)), Ok(kid));
        }
    }
}
