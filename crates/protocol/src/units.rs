//! Quantities with their unit in the type.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::limits::TILE_HEIGHT_MAX;

/// Payload bits per second, SRTP and UDP overhead excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bitrate(u64);

impl Bitrate {
    /// No bits at all.
    pub const ZERO: Self = Self(0);

    /// Returns this many bits per second.
    pub const fn bps(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns this many thousand bits per second.
    pub const fn kbps(kilobits: u64) -> Self {
        Self(kilobits * 1000)
    }

    /// Returns bits per second.
    pub const fn as_bps(self) -> u64 {
        self.0
    }

    /// Returns the sum, at most `u64::MAX`.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns the difference, at least zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Bitrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kbit/s", self.0 / 1000)
    }
}

/// Height at which a subscriber shows a tile, in device pixels, 1 to 2160.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(try_from = "u16", into = "u16")]
#[ts(type = "number")]
pub struct TileHeight(u16);

/// The height is 0 or beyond 2160 pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tile is 1 to {TILE_HEIGHT_MAX} pixels high")]
pub struct InvalidTileHeight;

impl TileHeight {
    /// Returns the height in device pixels.
    pub const fn pixels(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for TileHeight {
    type Error = InvalidTileHeight;

    fn try_from(pixels: u16) -> Result<Self, Self::Error> {
        if (1..=TILE_HEIGHT_MAX).contains(&pixels) { Ok(Self(pixels)) } else { Err(InvalidTileHeight) }
    }
}

impl From<TileHeight> for u16 {
    fn from(height: TileHeight) -> Self {
        height.0
    }
}
