//! What an authenticator and a browser say when a passkey is made or shown, taken apart and checked (W3C WebAuthn level 3
//! sections 5.8.1, 6.1 and 7). Pure: bytes come in, a verdict goes out.
//!
//! Attestation is not looked at: who made an authenticator decides nothing here, and without it a passkey is exactly the
//! key that its maker says it is. Three kinds of keys are taken, by which every authenticator of today has one: ES256,
//! Ed25519 and RS256. They come in CTAP2's canonical form, in which each kind has one length and one order of fields, so
//! they are compared with that form and not parsed. Signatures are checked by aws-lc-rs, which the media plane brings.
//!
//! No library does this here: `webauthn-rs` brings 33 crates, among them AES-GCM, which the server's wall forbids, and a
//! release candidate of RSA.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// COSE numbers of the algorithms that are taken (RFC 9053 section 2, RFC 8812 section 2), best first.
pub(super) const ALGORITHMS: [i64; 3] = [-7, -8, -257];

/// Longest name an authenticator may give a credential, in bytes (WebAuthn section 4, "credential ID").
const CREDENTIAL_ID_BYTES_MAX: usize = 1023;

/// Bits of the flags in authenticator data (section 6.1).
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const HAS_CREDENTIAL: u8 = 0x40;
const HAS_EXTENSIONS: u8 = 0x80;

/// What came is not a passkey that was asked for: a bad signature, another page, no user verified. Which of them is for
/// the log of a developer, not for who tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a passkey that was asked for: {0}")]
pub(crate) struct NotAPasskey(pub(super) &'static str);

/// What a ceremony is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Make,
    Show,
}

/// What has to be the same on both sides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) purpose: Purpose,
    pub(super) challenge: &'a [u8; 32],
    /// The page, such as `https://meet.example.org`.
    pub(super) origin: &'a str,
    /// The host's name.
    pub(super) rp_id: &'a str,
}

/// A credential that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) credential_id: Vec<u8>,
    /// The COSE key as the authenticator wrote it.
    pub(super) public_key: Vec<u8>,
    pub(super) counter: u32,
}

/// Checks what a browser says of the page that asked (section 7.1 steps 5 to 11, section 7.2 steps 9 to 14).
pub(super) fn check_client_data(json: &[u8], expected: &Expected<'_>) -> Result<(), NotAPasskey> {
    let data: Value = serde_json::from_slice(json).map_err(|_| NotAPasskey("client data is not JSON"))?;
    let text = |key: &str| data.get(key).and_then(Value::as_str);
    let purpose = match expected.purpose {
        Purpose::Make => "webauthn.create",
        Purpose::Show => "webauthn.get",
    };
    if text("type") != Some(purpose) {
        return Err(NotAPasskey("made for another purpose"));
    }
    if text("challenge") != Some(BASE64URL_NOPAD.encode(expected.challenge).as_str()) {
        return Err(NotAPasskey("another challenge"));
    }
    if text("origin") != Some(expected.origin) {
        return Err(NotAPasskey("another origin"));
    }
    // In a frame of another page. The policy of ours forbids frames; this is the second line.
    let framed = data.get("crossOrigin").is_some_and(|value| value != &Value::Bool(false));
    if framed || data.get("topOrigin").is_some() {
        return Err(NotAPasskey("in a frame of another page"));
    }
    Ok(())
}

/// Checks authenticator data of a credential that was made, and returns the credential (section 7.1 steps 14 to 22).
pub(super) fn check_made(data: &[u8], expected: &Expected<'_>) -> Result<Made, NotAPasskey> {
    let (flags, counter, rest) = check_head(data, expected.rp_id)?;
    if flags & HAS_CREDENTIAL == 0 {
        return Err(NotAPasskey("no credential"));
    }
    let cut = NotAPasskey("cut off");
    // The first 16 bytes are the authenticator's model, which decides nothing.
    let (_, rest) = rest.split_at_checked(16).ok_or(cut)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(cut)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length == 0 || length > CREDENTIAL_ID_BYTES_MAX {
        return Err(NotAPasskey("a credential id of a length that none has"));
    }
    let (credential_id, rest) = rest.split_at_checked(length).ok_or(cut)?;
    let (key, length) = Key::parse(rest)?;
    key.check()?;
    let (public_key, extensions) = rest.split_at(length);
    if extensions.is_empty() == (flags & HAS_EXTENSIONS != 0) {
        return Err(NotAPasskey("bytes left over"));
    }
    Ok(Made { credential_id: credential_id.to_vec(), public_key: public_key.to_vec(), counter })
}

/// Checks authenticator data and signature of a credential that was shown, and returns its counter (section 7.2 steps 15
/// to 22).
pub(super) fn check_shown(
    data: &[u8],
    client_data: &[u8],
    signature: &[u8],
    public_key: &[u8],
    expected: &Expected<'_>,
) -> Result<u32, NotAPasskey> {
    let (_, counter, _) = check_head(data, expected.rp_id)?;
    let mut signed = data.to_vec();
    signed.extend(Sha256::digest(client_data));
    Key::parse(public_key)?.0.verify(&signed, signature)?;
    Ok(counter)
}

/// Checks what all authenticator data begins with, and returns flags, counter and the rest.
fn check_head<'a>(data: &'a [u8], rp_id: &str) -> Result<(u8, u32, &'a [u8]), NotAPasskey> {
    let cut = NotAPasskey("cut off");
    let (rp_id_hash, rest) = data.split_first_chunk::<32>().ok_or(cut)?;
    let (flags, rest) = rest.split_first().ok_or(cut)?;
    let (counter, rest) = rest.split_first_chunk::<4>().ok_or(cut)?;
    if rp_id_hash[..] != Sha256::digest(rp_id.as_bytes())[..] {
        return Err(NotAPasskey("for another site"));
    }
    if flags & USER_PRESENT == 0 || flags & USER_VERIFIED == 0 {
        return Err(NotAPasskey("the user was not verified"));
    }
    if flags & BACKED_UP != 0 && flags & BACKUP_ELIGIBLE == 0 {
        return Err(NotAPasskey("backed up although it cannot be"));
    }
    Ok((*flags, u32::from_be_bytes(*counter), rest))
}

/// A public key, from its COSE form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key<'a> {
    /// Abscissa and ordinate of a point on P-256.
    Es256([&'a [u8]; 2]),
    /// A compressed point on edwards25519.
    Ed25519(&'a [u8]),
    /// The modulus of 2048 bits; the exponent is 65537.
    Rs256(&'a [u8]),
}

/// `{1: 2, 3: -7, -1: 1, -2: x, -3: y}` around `x` and `y` of 32 bytes.
const ES256: (&[u8], &[u8]) = (&[0xA5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32], &[0x22, 0x58, 32]);
/// `{1: 1, 3: -8, -1: 6, -2: x}` before `x` of 32 bytes.
const OKP: &[u8] = &[0xA4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32];
/// `{1: 3, 3: -257, -1: n, -2: 65537}` around `n` of 256 bytes.
const RS256: (&[u8], &[u8]) = (&[0xA4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x59, 1, 0], &[0x21, 0x43, 1, 0, 1]);

impl<'a> Key<'a> {
    /// Returns the key with which `bytes` begin, and its length.
    fn parse(bytes: &'a [u8]) -> Result<(Self, usize), NotAPasskey> {
        let unknown = NotAPasskey("a key of a kind that was not asked for");
        let part = |at: usize, length: usize| bytes.get(at..at + length).ok_or(unknown);
        let is = |at: usize, form: &[u8]| part(at, form.len()).is_ok_and(|found| found == form);
        if is(0, ES256.0) {
            let x = part(10, 32)?;
            if is(42, ES256.1) {
                return Ok((Self::Es256([x, part(45, 32)?]), 77));
            }
        } else if is(0, OKP) {
            return Ok((Self::Ed25519(part(10, 32)?), 42));
        } else if is(0, RS256.0) {
            let modulus = part(11, 256)?;
            if is(267, RS256.1) {
                return Ok((Self::Rs256(modulus), 272));
            }
        }
        Err(unknown)
    }

    /// Refuses what is no key at all, so that nobody is locked out by a passkey that never opens.
    fn check(&self) -> Result<(), NotAPasskey> {
        use aws_lc_rs::signature::ParsedPublicKey;
        let sound = match self {
            Self::Es256(point) => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, uncompressed(point)).is_ok(),
            Self::Ed25519(point) => ParsedPublicKey::new(&ED25519, point).is_ok(),
            // 2048 bits are 2048 bits: the first is set. An even number is no product of two odd primes.
            Self::Rs256(modulus) => modulus[0] & 0x80 != 0 && modulus[255] & 1 == 1,
        };
        if sound { Ok(()) } else { Err(NotAPasskey("a key that is none")) }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), NotAPasskey> {
        let verdict = match self {
            Self::Es256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, uncompressed(point))
                .verify(message, signature),
            Self::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
            Self::Rs256(modulus) => {
                let key = RsaPublicKeyComponents { n: *modulus, e: &[1, 0, 1][..] };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        verdict.map_err(|_| NotAPasskey("the signature does not hold"))
    }
}

/// SEC 1 section 2.3.3.
fn uncompressed([x, y]: &[&[u8]; 2]) -> Vec<u8> {
    [&[4], *x, *y].concat()
}

/// An authenticator of software, for tests.
#[cfg(test)]
pub(super) mod testing {
    use aws_lc_rs::{
        rand::SystemRandom,
        rsa::KeySize,
        signature::{
            ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
            RsaKeyPair,
        },
    };
    use serde_json::json;

    use super::*;

    pub(in crate::accounts) enum Signer {
        Es256(EcdsaKeyPair),
        Ed25519(Ed25519KeyPair),
        Rs256(RsaKeyPair),
    }

    impl Signer {
        pub(in crate::accounts) fn es256() -> Self {
            Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
        }

        pub(in crate::accounts) fn every() -> [Self; 3] {
            [
                Self::es256(),
                Self::Ed25519(Ed25519KeyPair::generate().unwrap()),
                Self::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
            ]
        }

        pub(in crate::accounts) fn cose(&self) -> Vec<u8> {
            match self {
                Self::Es256(pair) => {
                    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                    [ES256.0, x, ES256.1, y].concat()
                }
                Self::Ed25519(pair) => [OKP, pair.public_key().as_ref()].concat(),
                Self::Rs256(pair) => {
                    // RFC 8017 appendix A.1.1: nine bytes of DER, then the modulus.
                    [RS256.0, &pair.public_key().as_ref()[9..265], RS256.1].concat()
                }
            }
        }

        pub(in crate::accounts) fn sign(&self, data: &[u8], client_data: &[u8]) -> Vec<u8> {
            let signed = [data, &Sha256::digest(client_data)[..]].concat();
            match self {
                Self::Es256(pair) => pair.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_vec(),
                Self::Ed25519(pair) => pair.sign(&signed).as_ref().to_vec(),
                Self::Rs256(pair) => {
                    let mut signature = vec![0; pair.public_modulus_len()];
                    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed, &mut signature).unwrap();
                    signature
                }
            }
        }
    }

    pub(in crate::accounts) fn client_data(purpose: &str, challenge: &[u8], origin: &str) -> Vec<u8> {
        let challenge = BASE64URL_NOPAD.encode(challenge);
        let data = json!({ "type": purpose, "challenge": challenge, "origin": origin, "crossOrigin": false });
        serde_json::to_vec(&data).unwrap()
    }

    pub(in crate::accounts) fn head(rp_id: &str, flags: u8, counter: u32) -> Vec<u8> {
        [&Sha256::digest(rp_id.as_bytes())[..], &[flags], &counter.to_be_bytes()].concat()
    }

    pub(in crate::accounts) fn made(rp_id: &str, flags: u8, credential_id: &[u8], key: &[u8]) -> Vec<u8> {
        let length = u16::try_from(credential_id.len()).unwrap().to_be_bytes();
        [&head(rp_id, flags, 0)[..], &[0; 16], &length, credential_id, key].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{
        testing::{Signer, client_data, head, made},
        *,
    };

    const CHALLENGE: [u8; 32] = [7; 32];
    const ORIGIN: &str = "https://meet.example.org";
    const SITE: &str = "meet.example.org";

    fn expected(purpose: Purpose) -> Expected<'static> {
        Expected { purpose, challenge: &CHALLENGE, origin: ORIGIN, rp_id: SITE }
    }

    #[test]
    fn a_key_of_every_kind_is_made_and_shown() {
        for signer in Signer::every() {
            let data = made(SITE, 0x5D, &[9; 16], &signer.cose());
            let credential = check_made(&data, &expected(Purpose::Make)).unwrap();
            assert_eq!((&credential.credential_id[..], credential.public_key), (&[9; 16][..], signer.cose()));

            let (data, client) = (head(SITE, 0x05, 3), client_data("webauthn.get", &CHALLENGE, ORIGIN));
            let signature = signer.sign(&data, &client);
            let check = |data: &[u8], client: &[u8], signature: &[u8], key: &[u8]| {
                check_shown(data, client, signature, key, &expected(Purpose::Show))
            };
            assert_eq!(check(&data, &client, &signature, &signer.cose()), Ok(3));
            let mut other = signature.clone();
            *other.last_mut().unwrap() ^= 1;
            assert!(check(&data, &client, &other, &signer.cose()).is_err(), "another signature");
            assert!(
                check(&head(SITE, 0x05, 4), &client, &signature, &signer.cose()).is_err(),
                "another counter"
            );
            assert!(check(&data, b"{}", &signature, &signer.cose()).is_err(), "other client data");
            assert!(check(&data, &client, &signature, &Signer::es256().cose()).is_err(), "another key");
        }
    }

    #[test]
    fn another_page_purpose_or_challenge_is_refused() {
        let check = |data: &[u8]| check_client_data(data, &expected(Purpose::Show));
        assert_eq!(check(&client_data("webauthn.get", &CHALLENGE, ORIGIN)), Ok(()));
        assert!(check(&client_data("webauthn.create", &CHALLENGE, ORIGIN)).is_err());
        assert!(check(&client_data("webauthn.get", &[8; 32], ORIGIN)).is_err());
        for origin in ["https://evil.example", "http://meet.example.org", "https://meet.example.org:8443", ""]
        {
            assert!(check(&client_data("webauthn.get", &CHALLENGE, origin)).is_err(), "{origin}");
        }
        let challenge = BASE64URL_NOPAD.encode(&CHALLENGE);
        for (key, value) in
            [("crossOrigin", json!(true)), ("crossOrigin", json!("no")), ("topOrigin", json!(ORIGIN))]
        {
            let mut data = json!({ "type": "webauthn.get", "challenge": challenge, "origin": ORIGIN });
            assert_eq!(check(&serde_json::to_vec(&data).unwrap()), Ok(()));
            data[key] = value;
            assert!(check(&serde_json::to_vec(&data).unwrap()).is_err(), "{key}");
        }
        assert!(check(b"junk").is_err());
    }

    #[test]
    fn a_user_who_was_not_verified_or_another_site_is_refused() {
        let key = Signer::es256().cose();
        let check = |data: &[u8]| check_made(data, &expected(Purpose::Make));
        assert!(check(&made(SITE, 0x45, &[9; 16], &key)).is_ok());
        for flags in [0x44, 0x41, 0x05, 0x55, 0xC5] {
            assert!(check(&made(SITE, flags, &[9; 16], &key)).is_err(), "{flags:02x}");
        }
        assert!(check(&made("evil.example", 0x45, &[9; 16], &key)).is_err());
        assert!(check(&made(SITE, 0x45, &[], &key)).is_err());
        assert!(check(&made(SITE, 0x45, &[9; 1024], &key)).is_err());
        let extended = [made(SITE, 0xC5, &[9; 16], &key), vec![0xA0]].concat();
        assert!(check(&extended).is_ok());
        assert!(check(&[made(SITE, 0x45, &[9; 16], &key), vec![0xA0]].concat()).is_err());
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        let check = |key: &[u8]| check_made(&made(SITE, 0x45, &[9; 16], key), &expected(Purpose::Make));
        let off_the_curve = [ES256.0, &[1; 32], ES256.1, &[1; 32]].concat();
        assert_eq!(check(&off_the_curve), Err(NotAPasskey("a key that is none")));
        assert!(check(&[RS256.0, &[0xFE; 256], RS256.1].concat()).is_err(), "even");
        let mut other_algorithm = Signer::es256().cose();
        other_algorithm[4] = 0x27;
        assert!(check(&other_algorithm).is_err());
        assert!(check(&[]).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(data in proptest::collection::vec(any::<u8>(), 0..400), flags: u8) {
            let _ = check_made(&data, &expected(Purpose::Make));
            let _ = check_client_data(&data, &expected(Purpose::Show));
            let mut begun = head(SITE, flags, 1);
            begun.extend(&data);
            let _ = check_made(&begun, &expected(Purpose::Make));
            prop_assert!(check_shown(&begun, &data, &data, &data, &expected(Purpose::Show)).is_err());
        }

        #[test]
        fn what_is_cut_off_is_refused(length in 0_usize..130) {
            let whole = made(SITE, 0x45, &[9; 16], &[ES256.0, &[1; 32], ES256.1, &[1; 32]].concat());
            prop_assert!(length < whole.len());
            prop_assert!(check_made(&whole[..length], &expected(Purpose::Make)).is_err());
        }
    }
}
