//! Restricted material: what is marked TLP:RED and exists in the room only, from member to member, while they are in it.
//!
//! These are the words between an interface and its own device; what devices say to each other is sealed, and nothing
//! here ever goes to a server. `docs/red.md` says what that holds against and what not.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{DeviceKey, key::Digest, limits::MATERIAL_BYTES_MAX};

/// What a piece of restricted material is. There is none that a browser would run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MaterialKind {
    /// An advisory of CSAF in JSON: laid out like those of the bulletin.
    Csaf,
    /// A picture as JPEG.
    Jpeg,
    /// A picture as PNG.
    Png,
    /// Plain text in UTF-8, shown as it stands.
    Text,
}

/// The text is not base64url, or holds nothing or more than [`MATERIAL_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the material is not base64url without padding, is empty, or is longer than {MATERIAL_BYTES_MAX} bytes"
)]
pub struct InvalidMaterial;

/// The material itself: 1 byte to [`MATERIAL_BYTES_MAX`], in base64url without padding. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct MaterialBytes(Vec<u8>);

impl MaterialBytes {
    /// Returns the bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for MaterialBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaterialBytes({} bytes)", self.0.len())
    }
}

impl TryFrom<&[u8]> for MaterialBytes {
    type Error = InvalidMaterial;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        match bytes.len() {
            1..=MATERIAL_BYTES_MAX => Ok(Self(bytes.to_vec())),
            _ => Err(InvalidMaterial),
        }
    }
}

impl TryFrom<String> for MaterialBytes {
    type Error = InvalidMaterial;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // Measured before it is decoded.
        if text.len() > MATERIAL_BYTES_MAX.div_ceil(3) * 4 {
            return Err(InvalidMaterial);
        }
        let bytes = Base64UrlUnpadded::decode_vec(&text).map_err(|_| InvalidMaterial)?;
        bytes.as_slice().try_into()
    }
}

impl From<MaterialBytes> for String {
    fn from(material: MaterialBytes) -> Self {
        Base64UrlUnpadded::encode_string(&material.0)
    }
}

/// Restricted material that a member shows now, as one device sees it. What is not in the view any more is to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MaterialView {
    /// Whose device shows it.
    pub from: DeviceKey,
    /// SHA-256 of it, by which it is told from another.
    pub id: Digest,
    /// What it is.
    pub kind: MaterialKind,
    /// In how many parts it travels.
    pub parts: u8,
    /// How many of them have come, or, on the device that shows it, have been sent or asked for no more.
    pub done: u8,
    /// How far that is.
    pub state: MaterialState,
}

/// How far restricted material has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MaterialState {
    /// It is on its way.
    Coming,
    /// All of it has come, and was as announced.
    Here,
    /// This device shows it.
    Own,
    /// All of it has come, and is not what was announced, or nothing that can be shown: it was dropped.
    Unfit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn material_survives_its_text_form_and_is_never_printed() {
        let material = MaterialBytes::try_from(b"marked".as_slice()).unwrap();
        assert_eq!(format!("{material:?}"), "MaterialBytes(6 bytes)");
        assert_eq!(MaterialBytes::try_from(String::from(material.clone())), Ok(material));
    }

    #[test]
    fn nothing_and_too_much_are_refused_before_they_are_decoded() {
        assert!(MaterialBytes::try_from([].as_slice()).is_err());
        assert!(MaterialBytes::try_from(vec![0; MATERIAL_BYTES_MAX].as_slice()).is_ok());
        assert!(MaterialBytes::try_from(vec![0; MATERIAL_BYTES_MAX + 1].as_slice()).is_err());
        assert!(MaterialBytes::try_from("!".repeat(2 * MATERIAL_BYTES_MAX)).is_err());
        assert!(MaterialBytes::try_from("AQ==".to_owned()).is_err());
    }
}
