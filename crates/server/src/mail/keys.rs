//! The key in the links that mails carry, one for each meeting: it shows at the gate that a knock comes from somebody who
//! has such a mail.
//!
//! Derived, so that nothing is stored and a mail is as good after a restart. It lets nobody in: whoever knocks by it has
//! the passcode to prove to a host's device, and until then shows nothing and sees nothing.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use hkdf::Hkdf;
use sabha_protocol::{MeetingId, gate::FRAGMENT_PREFIX, key::GateKey};
use sha2::Sha256;

/// Makes the keys of this server's mails.
#[derive(Clone)]
pub(crate) struct MailKeys([u8; 32]);

impl std::fmt::Debug for MailKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailKeys(redacted)")
    }
}

impl MailKeys {
    /// Returns keys that come from `secret`, which is uniform.
    pub(crate) const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// Returns what a link in a mail to `meeting` has after its `#`.
    pub(crate) fn fragment(&self, meeting: &MeetingId) -> String {
        format!("{FRAGMENT_PREFIX}mail.{}", Base64UrlUnpadded::encode_string(&self.seed(meeting)))
    }

    /// Returns the key by which a knock is checked that comes by such a link.
    pub(crate) fn gate_key(&self, meeting: &MeetingId) -> GateKey {
        let pair = Ed25519KeyPair::from_seed_unchecked(&self.seed(meeting)).expect("the seed has 32 bytes");
        let public = pair.public_key().as_ref().try_into().expect("the key has 32 bytes");
        GateKey::from_bytes(public)
    }

    fn seed(&self, meeting: &MeetingId) -> [u8; 32] {
        let mut seed = [0; 32];
        Hkdf::<Sha256>::new(Some(meeting.as_bytes()), &self.0)
            .expand(b"sabha mail gate v1", &mut seed)
            .expect("32 bytes are far below HKDF's limit of 255 blocks");
        seed
    }
}

#[cfg(test)]
mod tests {
    use sabha_admission::{check_gate_tag, gate_tag};
    use sabha_crypto::mail::MailKey;
    use sabha_protocol::DeviceKey;

    use super::*;

    #[test]
    fn who_has_the_mail_of_a_meeting_passes_its_gate_and_no_others() {
        let keys = MailKeys::new([1; 32]);
        let (meeting, other) = (MeetingId::from_bytes([2; 20]), MeetingId::from_bytes([3; 20]));
        let fragment = keys.fragment(&meeting);
        let key = MailKey::from_text(fragment.strip_prefix(FRAGMENT_PREFIX).unwrap()).unwrap().unwrap();
        let device = DeviceKey::from_bytes([4; 32]);
        let tag = gate_tag(&key.signer(), &meeting, &device, &[5; 32]);
        let passes = |keys: &MailKeys, at: &MeetingId| {
            check_gate_tag(keys.gate_key(at).as_bytes(), &meeting, &device, &[5; 32], &tag).is_ok()
        };
        assert!(passes(&keys, &meeting));
        assert!(!passes(&keys, &other));
        assert!(!passes(&MailKeys::new([9; 32]), &meeting));
    }
}
