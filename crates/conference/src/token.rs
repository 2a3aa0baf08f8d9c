//! Resume tokens: a place in a room, signed by the server, held by the client.
//!
//! Form: `v2.` and base64url without padding of the claim (81 bytes, big-endian, below) and its
//! HMAC-SHA256 (RFC 2104, 32 bytes) under the server's key. The claim is not secret, only unforgeable.
//! Whether a genuine claim still opens anything is decided in `resume.rs`, not here.
//!
//! ```text
//! meeting 20 | boot epoch 8 | room epoch 8 | participant 4 | device 32 | media 1 | counter 8
//! ```
//! What its holder may do is not in it: that is the group's word alone.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sabha_protocol::{
    BootEpoch, DeviceKey, MediaState, MeetingId, ParticipantId, RoomEpoch, Source, secret::ResumeToken,
};
use sha2::Sha256;

const VERSION_PREFIX: &str = "v2.";
/// Keeps these signatures apart from any other use of the same key.
const LABEL: &[u8] = b"sabha resume token v2";
const CLAIM_BYTES: usize = 20 + 8 + 8 + 4 + 32 + 1 + 8;
const MAC_BYTES: usize = 32;

/// What a token says about its bearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) meeting: MeetingId,
    /// Life of the server that issued it.
    pub(crate) boot_epoch: BootEpoch,
    /// Epoch of the room that issued it.
    pub(crate) room_epoch: RoomEpoch,
    pub(crate) participant: ParticipantId,
    /// The only device that may use it.
    pub(crate) device: DeviceKey,
    /// What was switched on when it was issued. Decides only after a restart, when nothing newer is known.
    pub(crate) media: MediaState,
    /// Counts the connections of this place within the epoch, from 1.
    pub(crate) counter: u64,
}

impl Claim {
    fn to_bytes(self) -> [u8; CLAIM_BYTES] {
        let mut bytes = [0; CLAIM_BYTES];
        bytes[..20].copy_from_slice(self.meeting.as_bytes());
        bytes[20..28].copy_from_slice(&self.boot_epoch.0.to_be_bytes());
        bytes[28..36].copy_from_slice(&self.room_epoch.0.to_be_bytes());
        bytes[36..40].copy_from_slice(&self.participant.0.to_be_bytes());
        bytes[40..72].copy_from_slice(self.device.as_bytes());
        bytes[72] = media_bits(self.media);
        bytes[73..].copy_from_slice(&self.counter.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; CLAIM_BYTES]) -> Option<Self> {
        let (meeting, rest) = bytes.split_first_chunk::<20>()?;
        let (boot, rest) = rest.split_first_chunk()?;
        let (room, rest) = rest.split_first_chunk()?;
        let (participant, rest) = rest.split_first_chunk()?;
        let (device, rest) = rest.split_first_chunk()?;
        let (media, counter) = rest.split_first()?;
        Some(Self {
            meeting: MeetingId::from_bytes(*meeting),
            boot_epoch: BootEpoch(u64::from_be_bytes(*boot)),
            room_epoch: RoomEpoch(u64::from_be_bytes(*room)),
            participant: ParticipantId(u32::from_be_bytes(*participant)),
            device: DeviceKey::from_bytes(*device),
            media: media_from_bits(*media)?,
            counter: u64::from_be_bytes(counter.try_into().ok()?),
        })
    }
}

/// Returns one bit for each source that is on, in the order of [`Source::ALL`], lowest first.
fn media_bits(media: MediaState) -> u8 {
    Source::ALL.iter().enumerate().map(|(bit, source)| u8::from(media.has(*source)) << bit).sum()
}

fn media_from_bits(bits: u8) -> Option<MediaState> {
    let mut media = MediaState::default();
    for (bit, source) in Source::ALL.into_iter().enumerate() {
        media.set(source, bits >> bit & 1 == 1);
    }
    (media_bits(media) == bits).then_some(media)
}

/// Returns the token that bears `claim`.
pub(crate) fn sign(key: &[u8; 32], claim: Claim) -> ResumeToken {
    let mut bytes = claim.to_bytes().to_vec();
    let tag = mac(key, &bytes).finalize().into_bytes();
    bytes.extend_from_slice(&tag);
    let text = format!("{VERSION_PREFIX}{}", BASE64URL_NOPAD.encode(&bytes));
    ResumeToken::try_from(text).expect("about 150 characters of base64url are a token's text")
}

/// Returns the claim of a token signed with `key`, or `None` for any other text. The signature is compared
/// in constant time, before anything of the claim is read.
pub(crate) fn verify(key: &[u8; 32], token: &ResumeToken) -> Option<Claim> {
    let bytes = BASE64URL_NOPAD.decode(token.expose().strip_prefix(VERSION_PREFIX)?.as_bytes()).ok()?;
    let (claim, tag) = bytes.split_first_chunk::<CLAIM_BYTES>()?;
    if tag.len() != MAC_BYTES {
        return None;
    }
    mac(key, claim).verify_slice(tag).ok()?;
    Claim::from_bytes(claim)
}

/// Returns whether a token was signed with `key` for this device in this meeting. Says nothing of whether its place is
/// kept: that is the room's to say, which is opened for genuine tokens only.
pub fn is_genuine(key: &[u8; 32], token: &ResumeToken, meeting: &MeetingId, device: &DeviceKey) -> bool {
    verify(key, token).is_some_and(|claim| claim.meeting == *meeting && claim.device == *device)
}

fn mac(key: &[u8; 32], claim: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key)
        .expect("HMAC takes a key of any length")
        .chain_update(LABEL)
        .chain_update(claim)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claims() -> impl Strategy<Value = Claim> {
        (
            any::<[u8; 20]>(),
            any::<u64>(),
            any::<u64>(),
            any::<u32>(),
            any::<[u8; 32]>(),
            any::<u64>(),
            0_u8..16,
        )
            .prop_map(|(meeting, boot, room, participant, device, counter, media)| Claim {
                meeting: MeetingId::from_bytes(meeting),
                boot_epoch: BootEpoch(boot),
                room_epoch: RoomEpoch(room),
                participant: ParticipantId(participant),
                device: DeviceKey::from_bytes(device),
                media: media_from_bits(media).expect("four bits for four sources"),
                counter,
            })
    }

    proptest! {
        #[test]
        fn claim_survives_its_token(key: [u8; 32], claim in claims()) {
            prop_assert_eq!(verify(&key, &sign(&key, claim)), Some(claim));
        }

        /// ROOM-09
        #[test]
        fn altered_token_is_refused(claim in claims(), at in 0usize..154, to in "[A-Za-z0-9_.-]") {
            let text = sign(&[1; 32], claim).expose().to_owned();
            let at = at % text.len();
            let altered = format!("{}{to}{}", &text[..at], &text[at + 1..]);
            prop_assume!(altered != text);
            prop_assert_eq!(verify(&[1; 32], &ResumeToken::try_from(altered).unwrap()), None);
        }

        /// ROOM-09
        #[test]
        fn token_under_another_key_is_refused(claim in claims(), key: [u8; 32]) {
            prop_assume!(key != [1; 32]);
            prop_assert_eq!(verify(&[1; 32], &sign(&key, claim)), None);
        }

        #[test]
        fn any_other_text_is_no_token(text in "(v[12]\\.)?[A-Za-z0-9_.-]{1,200}") {
            prop_assert_eq!(verify(&[1; 32], &ResumeToken::try_from(text).unwrap()), None);
        }
    }
}
