//! Seals short texts that pass through the server: a guest's name and the meeting's title under the lobby key, and
//! what guest and host tell each other once the passcode is proven under the key of that proof.
//!
//! AES-256-GCM (NIST SP 800-38D) with a 96-bit nonce from the caller's random source. The bytes are
//! `nonce || ciphertext || tag`. What a text is, its meeting and the device it speaks for are associated data, so
//! that a sealed text cannot be moved to another place. Texts are padded before they are sealed (ISO/IEC 7816-4:
//! a byte 0x80, then zeros): names would otherwise show by their length.
//!
//! A random nonce is safe for 2^32 texts per key (SP 800-38D section 8.3); a meeting has a few hundred.

use aes_gcm::{Aes256Gcm, KeyInit as _, aead::AeadInOut as _};
use hkdf::Hkdf;
use sabha_protocol::{DeviceKey, MeetingId};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::pake::PakeKey;

/// Longest profile in the clear, in bytes; also the longest text under a passcode's key.
pub const PROFILE_BYTES_MAX: usize = 1024;

/// Longest title in the clear, in bytes: sealed it has 512.
pub const TITLE_BYTES_MAX: usize = 483;

/// Length of a nonce, in bytes.
pub const NONCE_BYTES: usize = 12;

/// The key that everybody with the meeting's link has.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct LobbyKey([u8; 32]);

impl LobbyKey {
    /// Returns the key with these bytes, derived as [`LinkSecret::derive`](crate::link::LinkSecret::derive) does.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[cfg(test)]
    pub(crate) const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What is sealed under the lobby key, and where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The profile that a knock carries.
    Profile {
        /// The meeting that is knocked at.
        meeting: MeetingId,
        /// The device that knocks.
        device: DeviceKey,
    },
    /// The meeting's title. It speaks for no device: whoever has the link can have written it.
    Title {
        /// The meeting.
        meeting: MeetingId,
    },
}

impl Place {
    const fn bytes_max(&self) -> usize {
        match self {
            Self::Profile { .. } => PROFILE_BYTES_MAX,
            Self::Title { .. } => TITLE_BYTES_MAX,
        }
    }

    fn aad(&self) -> Vec<u8> {
        let no_device = DeviceKey::from_bytes([0; 32]);
        match self {
            Self::Profile { meeting, device } => aad(b"sabha seal profile v1", meeting, device),
            Self::Title { meeting } => aad(b"sabha seal title v1", meeting, &no_device),
        }
    }
}

/// Who speaks under the key of a passcode's proof. Each direction has a key of its own, so that no text comes back
/// to who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The guest, to the host.
    Guest,
    /// The host, to the guest.
    Host,
}

/// Seals `plaintext` under the lobby key. `nonce` is fresh from a secure random source.
///
/// # Errors
/// [`SealError::TooLong`]: the text has more bytes than its place allows.
pub fn seal(
    key: &LobbyKey,
    place: &Place,
    plaintext: &[u8],
    nonce: [u8; NONCE_BYTES],
) -> Result<Vec<u8>, SealError> {
    seal_padded(&key.0, &place.aad(), plaintext, place.bytes_max(), nonce)
}

/// Opens what [`seal`] sealed for the same place.
///
/// # Errors
/// [`SealError::TooLong`] before anything is decrypted; [`SealError::NotAuthentic`] for everything else: another key,
/// another place, or damage.
pub fn open(key: &LobbyKey, place: &Place, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    open_padded(&key.0, &place.aad(), sealed, place.bytes_max())
}

/// Seals `plaintext` under the key of a proven passcode, as `speaker`. `guest` is the device that proved it.
///
/// # Errors
/// [`SealError::TooLong`]: the text has more than [`PROFILE_BYTES_MAX`] bytes.
pub fn seal_to_pake_key(
    key: &PakeKey,
    speaker: Speaker,
    meeting: &MeetingId,
    guest: &DeviceKey,
    plaintext: &[u8],
    nonce: [u8; NONCE_BYTES],
) -> Result<Vec<u8>, SealError> {
    let (key, aad) = pake_place(key, speaker, meeting, guest);
    seal_padded(&key, &aad, plaintext, PROFILE_BYTES_MAX, nonce)
}

/// Opens what [`seal_to_pake_key`] sealed as `speaker`.
///
/// # Errors
/// As [`open`].
pub fn open_from_pake_key(
    key: &PakeKey,
    speaker: Speaker,
    meeting: &MeetingId,
    guest: &DeviceKey,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (key, aad) = pake_place(key, speaker, meeting, guest);
    open_padded(&key, &aad, sealed, PROFILE_BYTES_MAX)
}

/// Why a text was not sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// Not sealed under this key for this place, or damaged since.
    #[error("the sealed text is not authentic")]
    NotAuthentic,
    /// More bytes than the place allows.
    #[error("the text is too long")]
    TooLong,
}

fn aad(label: &[u8], meeting: &MeetingId, device: &DeviceKey) -> Vec<u8> {
    // The labels are no prefixes of each other, and what follows has a fixed length.
    [label, meeting.as_bytes(), device.as_bytes()].concat()
}

fn pake_place(
    key: &PakeKey,
    speaker: Speaker,
    meeting: &MeetingId,
    guest: &DeviceKey,
) -> (Zeroizing<[u8; 32]>, Vec<u8>) {
    let label: &[u8] = match speaker {
        Speaker::Guest => b"sabha seal from guest v1",
        Speaker::Host => b"sabha seal from host v1",
    };
    let mut direction = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, key.expose())
        .expand(label, &mut *direction)
        .expect("32 bytes are far below HKDF's limit of 255 blocks");
    (direction, aad(label, meeting, guest))
}

/// Texts are padded to a multiple of this many bytes, or to the longest that their place allows.
const BUCKET_BYTES: usize = 64;

const TAG_BYTES: usize = 16;
const PAD: u8 = 0x80;

fn seal_padded(
    key: &[u8; 32],
    aad: &[u8],
    plaintext: &[u8],
    bytes_max: usize,
    nonce: [u8; NONCE_BYTES],
) -> Result<Vec<u8>, SealError> {
    if plaintext.len() > bytes_max {
        return Err(SealError::TooLong);
    }
    let padded = (plaintext.len() + 1).next_multiple_of(BUCKET_BYTES).min(bytes_max + 1);
    let mut out = Vec::with_capacity(NONCE_BYTES + padded + TAG_BYTES);
    out.extend(nonce);
    out.extend(plaintext);
    out.push(PAD);
    out.resize(NONCE_BYTES + padded, 0);
    let tag = Aes256Gcm::new(key.into())
        .encrypt_inout_detached(&nonce.into(), aad, (&mut out[NONCE_BYTES..]).into())
        .map_err(|_| SealError::TooLong)?;
    out.extend(tag);
    Ok(out)
}

fn open_padded(
    key: &[u8; 32],
    aad: &[u8],
    sealed: &[u8],
    bytes_max: usize,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    if sealed.len() > NONCE_BYTES + bytes_max + 1 + TAG_BYTES {
        return Err(SealError::TooLong);
    }
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::NotAuthentic)?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(SealError::NotAuthentic)?;
    let mut text = Zeroizing::new(ciphertext.to_vec());
    Aes256Gcm::new(key.into())
        .decrypt_inout_detached(nonce.into(), aad, text.as_mut_slice().into(), tag.into())
        .map_err(|_| SealError::NotAuthentic)?;
    let end = text.iter().rposition(|&byte| byte != 0).ok_or(SealError::NotAuthentic)?;
    if text[end] != PAD {
        return Err(SealError::NotAuthentic);
    }
    text.truncate(end);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MEETING: MeetingId = MeetingId::from_bytes([2; 20]);
    const DEVICE: DeviceKey = DeviceKey::from_bytes([3; 32]);
    const PROFILE: Place = Place::Profile { meeting: MEETING, device: DEVICE };
    const TITLE: Place = Place::Title { meeting: MEETING };
    const NONCE: [u8; 12] = [9; 12];

    fn key() -> LobbyKey {
        LobbyKey::from_bytes([7; 32])
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(text in prop::collection::vec(any::<u8>(), 0..=TITLE_BYTES_MAX), nonce: [u8; 12]) {
            for place in [PROFILE, TITLE] {
                let sealed = seal(&key(), &place, &text, nonce).unwrap();
                prop_assert_eq!(&*open(&key(), &place, &sealed).unwrap(), &text);
            }
        }

        #[test]
        fn a_changed_byte_anywhere_is_noticed(at in 0..92usize, flip in 1..=255u8) {
            let mut sealed = seal(&key(), &PROFILE, b"Asha", NONCE).unwrap();
            assert_eq!(sealed.len(), 92);
            sealed[at] ^= flip;
            prop_assert_eq!(open(&key(), &PROFILE, &sealed).err(), Some(SealError::NotAuthentic));
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..1200)) {
            prop_assert!(open(&key(), &PROFILE, &bytes).is_err());
        }
    }

    #[test]
    fn a_sealed_text_opens_in_its_place_only() {
        let sealed = seal(&key(), &PROFILE, b"Asha", NONCE).unwrap();
        let places = [
            TITLE,
            Place::Profile { meeting: MeetingId::from_bytes([4; 20]), device: DEVICE },
            Place::Profile { meeting: MEETING, device: DeviceKey::from_bytes([4; 32]) },
        ];
        for place in places {
            assert_eq!(open(&key(), &place, &sealed).err(), Some(SealError::NotAuthentic), "{place:?}");
        }
        assert_eq!(
            open(&LobbyKey::from_bytes([8; 32]), &PROFILE, &sealed).err(),
            Some(SealError::NotAuthentic)
        );
    }

    #[test]
    fn a_title_of_no_device_is_not_the_profile_of_the_zero_device() {
        let sealed = seal(&key(), &TITLE, b"x", NONCE).unwrap();
        let zero = Place::Profile { meeting: MEETING, device: DeviceKey::from_bytes([0; 32]) };
        assert!(open(&key(), &zero, &sealed).is_err());
    }

    #[test]
    fn length_shows_only_in_steps_of_a_bucket() {
        let length = |text: &[u8]| seal(&key(), &PROFILE, text, NONCE).unwrap().len();
        assert_eq!(length(b""), length(&[b'a'; 63]));
        assert_eq!(length(&[b'a'; 64]), length(&[b'a'; 127]));
        assert_ne!(length(&[b'a'; 63]), length(&[b'a'; 64]));
    }

    #[test]
    fn bounds_hold_on_both_sides() {
        assert_eq!(seal(&key(), &PROFILE, &[1; PROFILE_BYTES_MAX], NONCE).unwrap().len(), 12 + 1025 + 16);
        assert_eq!(seal(&key(), &TITLE, &[1; TITLE_BYTES_MAX], NONCE).unwrap().len(), 512);
        assert_eq!(
            seal(&key(), &PROFILE, &[1; PROFILE_BYTES_MAX + 1], NONCE).err(),
            Some(SealError::TooLong)
        );
        assert_eq!(open(&key(), &TITLE, &[0; 513]).err(), Some(SealError::TooLong));
    }

    #[test]
    fn what_a_guest_says_is_not_taken_for_the_hosts_word() {
        let key = PakeKey::from_bytes([5; 32]);
        let sealed = seal_to_pake_key(&key, Speaker::Guest, &MEETING, &DEVICE, b"Asha", NONCE).unwrap();

        let open = |speaker, device| open_from_pake_key(&key, speaker, &MEETING, device, &sealed);
        assert_eq!(&**open(Speaker::Guest, &DEVICE).unwrap(), b"Asha");
        assert_eq!(open(Speaker::Host, &DEVICE).err(), Some(SealError::NotAuthentic));
        assert_eq!(
            open(Speaker::Guest, &DeviceKey::from_bytes([4; 32])).err(),
            Some(SealError::NotAuthentic)
        );
    }
}
