//! What somebody in a meeting may do.

use std::{fmt, ops::BitOr};

use sabha_protocol::{MediaState, Source};

use crate::codec::Malformed;

/// A set of rights. As a number on the wire, one bit each; a bit that this version does not know is refused.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(u16);

impl Capabilities {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Lets devices in.
    pub const ADMIT: Self = Self(1);
    /// Removes, bans, locks: signs the policy.
    pub const MODERATE: Self = Self(2);
    /// Makes hosts, and unmakes them.
    pub const DELEGATE: Self = Self(4);
    /// Sends its microphone.
    pub const MICROPHONE: Self = Self(16);
    /// Sends its camera.
    pub const CAMERA: Self = Self(32);
    /// Shares its screen.
    pub const SCREEN: Self = Self(64);
    /// Shares the sound of its screen.
    pub const SCREEN_AUDIO: Self = Self(128);
    /// Writes messages to all.
    pub const CHAT: Self = Self(256);
    /// All that hosts have over others.
    pub const HOST: Self = Self(1 | 2 | 4);
    /// Shares its screen, with its sound.
    pub const SHARE: Self = Self(64 | 128);
    /// All that a participant can be granted.
    pub const PARTICIPANT: Self = Self(16 | 32 | 64 | 128 | 256);

    const SOURCES: [(Self, Source); 4] = [
        (Self::MICROPHONE, Source::Microphone),
        (Self::CAMERA, Source::Camera),
        (Self::SCREEN, Source::Screen),
        (Self::SCREEN_AUDIO, Source::ScreenAudio),
    ];

    /// Every right there is, in the order of the bits.
    const NAMES: [(Self, &'static str); 8] = [
        (Self::ADMIT, "admit"),
        (Self::MODERATE, "moderate"),
        (Self::DELEGATE, "delegate"),
        (Self::MICROPHONE, "microphone"),
        (Self::CAMERA, "camera"),
        (Self::SCREEN, "screen"),
        (Self::SCREEN_AUDIO, "screen_audio"),
        (Self::CHAT, "chat"),
    ];

    /// Returns the rights to send these sources.
    pub fn to_send(sources: MediaState) -> Self {
        Self::SOURCES
            .iter()
            .filter(|(_, source)| sources.has(*source))
            .fold(Self::NONE, |rights, (right, _)| rights.union(*right))
    }

    /// Returns the sources that may be sent.
    pub fn sources(self) -> MediaState {
        let mut sources = MediaState::default();
        for (right, source) in Self::SOURCES {
            sources.set(source, self.contains(right));
        }
        sources
    }

    /// Returns the set as bits.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Returns whether everything in `other` is in this set too.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether everything in this set is in `other` too.
    pub const fn is_subset_of(self, other: Self) -> bool {
        other.contains(self)
    }

    /// Returns whether the sets share anything.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns what is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns what is in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns what is in this set and not in `other`.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for Capabilities {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl TryFrom<u16> for Capabilities {
    type Error = Malformed;

    fn try_from(bits: u16) -> Result<Self, Malformed> {
        let set = Self(bits);
        let known = Self::HOST.union(Self::PARTICIPANT);
        if set.is_subset_of(known) { Ok(set) } else { Err(Malformed::Unknown("capabilities")) }
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(right, _)| self.contains(*right)).map(|(_, name)| name);
        f.debug_set().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_compared_and_joined() {
        let both = Capabilities::ADMIT | Capabilities::CHAT;
        assert!(both.contains(Capabilities::ADMIT) && both.contains(both));
        assert!(!Capabilities::ADMIT.contains(both));
        assert!(Capabilities::ADMIT.is_subset_of(both) && !both.is_subset_of(Capabilities::ADMIT));
        assert!(both.intersects(Capabilities::HOST) && !Capabilities::CHAT.intersects(Capabilities::HOST));
        assert_eq!(both.difference(Capabilities::HOST), Capabilities::CHAT);
        assert_eq!(both.intersection(Capabilities::HOST), Capabilities::ADMIT);
        assert!(Capabilities::NONE.is_subset_of(Capabilities::NONE));
    }

    #[test]
    fn sources_and_the_rights_to_send_them_are_the_same() {
        for bits in 0..16_u16 {
            let rights = Capabilities::try_from(bits << 4).unwrap();
            assert_eq!(Capabilities::to_send(rights.sources()), rights);
        }
        assert_eq!(Capabilities::CHAT.sources(), MediaState::default());
    }

    #[test]
    fn an_unknown_bit_is_refused() {
        for bit in 0..16 {
            let known = [0, 1, 2, 4, 5, 6, 7, 8].contains(&bit);
            assert_eq!(Capabilities::try_from(1 << bit).is_ok(), known, "bit {bit}");
        }
        assert_eq!(Capabilities::try_from(0x1f7).map(Capabilities::bits), Ok(0x1f7));
    }

    #[test]
    fn debug_form_names_the_rights() {
        let set = Capabilities::MODERATE | Capabilities::SCREEN_AUDIO;
        assert_eq!(format!("{set:?}"), r#"{"moderate", "screen_audio"}"#);
    }
}
