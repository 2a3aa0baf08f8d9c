//! Signatures of OpenPGP (RFC 9580) by which a reader knows that a document is the provider's: a key of version 4 for EdDSA with
//! Curve25519, detached signatures over SHA-512, ASCII armour. rPGP writes them; GnuPG judges them in the tests. What others have
//! signed is judged in `signatures.rs`.
//!
//! The key is derived from the server's, its time is fixed, and a signature has the time of the publication in it. EdDSA draws no
//! randomness. So the key, and the signature of a published document, are the same bytes whenever they are asked for, and
//! nothing has to be stored that could get lost or differ. Version 4 and the older form of the key are what GnuPG 2.1 to 2.4 know.

use pgp::{
    composed::{ArmorOptions, DetachedSignature, SignedKeyDetails, SignedPublicKey},
    crypto::{ed25519, eddsa_legacy, hash::HashAlgorithm, public_key::PublicKeyAlgorithm},
    packet::{
        KeyFlags, PubKeyInner, PublicKey, SecretKey, Signature, SignatureConfig, SignatureType, Subpacket,
        SubpacketData, UserId,
    },
    types::{
        EddsaLegacyPublicParams, KeyDetails as _, KeyVersion, PacketHeaderVersion, Password,
        PlainSecretParams, PublicParams, SecretParams, SignedUser, Tag, Timestamp,
    },
};

/// When the key says that it was made: 2020-01-01T00:00:00Z, before there was a document. The time is hashed into the fingerprint,
/// so that a real one would have to be stored beside the key.
const KEY_MADE_S: u32 = 1_577_836_800;

/// Why nothing that is written here fails: rPGP refuses what it does not know, and lengths that do not fit.
const KNOWN: &str = "rPGP knows Ed25519 of version 4, and no name or subpacket has 4 GiB";

/// The key by which documents are signed.
pub(crate) struct SigningKey {
    secret: SecretKey,
    public: PublicKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.fingerprint())
    }
}

impl SigningKey {
    /// Returns the key that comes from a seed, which is uniform and secret.
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        let secret = ed25519::SecretKey::try_from_bytes(*seed, ed25519::Mode::EdDSALegacy).expect(KNOWN);
        let params = PublicParams::EdDSALegacy(EddsaLegacyPublicParams::from(&secret));
        let (version, algorithm) = (KeyVersion::V4, PublicKeyAlgorithm::EdDSALegacy);
        let public = PubKeyInner::new(version, algorithm, Timestamp::from_secs(KEY_MADE_S), None, params);
        let public = public.and_then(PublicKey::from_inner).expect(KNOWN);
        let secret = PlainSecretParams::EdDSALegacy(eddsa_legacy::SecretKey::Ed25519(secret));
        let secret = SecretKey::new(public.clone(), SecretParams::Plain(secret)).expect(KNOWN);
        Self { secret, public }
    }

    /// Returns the fingerprint (section 5.5.4.2) as 40 hexadecimal digits.
    pub(crate) fn fingerprint(&self) -> String {
        format!("{:X}", self.public.fingerprint())
    }

    /// Returns the public key of somebody called so, armoured: a transferable public key (section 10.1).
    pub(crate) fn public_key(&self, name: &str) -> String {
        let id = UserId::from_str(PacketHeaderVersion::New, name).expect(KNOWN);
        let mut flags = KeyFlags::default();
        flags.set_certify(true);
        flags.set_sign(true);
        let mut config = self.config(SignatureType::CertPositive, KEY_MADE_S);
        config.hashed_subpackets.push(Subpacket::regular(SubpacketData::KeyFlags(flags)).expect(KNOWN));
        let (none, tag) = (Password::empty(), Tag::UserId);
        let word = config.sign_certification(&self.secret, &self.public, &none, tag, &id).expect(KNOWN);
        let users = vec![SignedUser::new(id, vec![word])];
        let details = SignedKeyDetails::new(Vec::new(), Vec::new(), users, Vec::new());
        let key = SignedPublicKey::new(self.public.clone(), details, Vec::new());
        key.to_armored_string(ArmorOptions::default()).expect(KNOWN)
    }

    /// Returns the detached signature of a document that was published at a time, armoured. A time beyond the year 2106, which
    /// the format does not have, is its last.
    pub(crate) fn sign(&self, document: &[u8], published_ms: u64) -> String {
        let published_s = u32::try_from(published_ms / 1000).unwrap_or(u32::MAX);
        let config = self.config(SignatureType::Binary, published_s);
        let signature: Signature = config.sign(&self.secret, &Password::empty(), document).expect(KNOWN);
        DetachedSignature::new(signature).to_armored_string(ArmorOptions::default()).expect(KNOWN)
    }

    /// Returns what a signature says of itself.
    fn config(&self, kind: SignatureType, made_s: u32) -> SignatureConfig {
        let mut config = SignatureConfig::v4(kind, PublicKeyAlgorithm::EdDSALegacy, HashAlgorithm::Sha512);
        let part = |data| Subpacket::regular(data).expect(KNOWN);
        config.hashed_subpackets = vec![
            part(SubpacketData::SignatureCreationTime(Timestamp::from_secs(made_s))),
            part(SubpacketData::IssuerFingerprint(self.public.fingerprint())),
        ];
        // By which old readers find the key; it proves nothing, and so is not hashed.
        config.unhashed_subpackets = vec![part(SubpacketData::IssuerKeyId(self.public.legacy_key_id()))];
        config
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, process::Command};

    use super::*;

    const PUBLISHED_MS: u64 = 1_795_780_800_123;

    fn key() -> SigningKey {
        SigningKey::new(&[7; 32])
    }

    /// Runs GnuPG with a home of its own; `None` where there is none, which CI does not allow.
    fn gpg(home: &Path, arguments: &[&str]) -> Option<(bool, String)> {
        let output = Command::new("gpg")
            .arg("--homedir")
            .arg(home)
            .args(["--batch", "--status-fd", "1"])
            .args(arguments)
            .output();
        let Ok(output) = output else {
            assert!(std::env::var_os("CI").is_none(), "gpg is missing: scripts/setup.sh test installs it");
            println!("skipped: gpg is missing");
            return None;
        };
        Some((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    #[test]
    fn another_program_imports_the_key_and_finds_every_changed_byte() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let at = |name: &str| home.join(name).to_str().unwrap().to_owned();
        let document: Vec<u8> = "{ \"document\": \"बैठक\" }\r\n\0".bytes().cycle().take(100).collect();
        fs::write(at("key.asc"), key().public_key("Example CERT 🛡")).unwrap();
        fs::write(at("a.json.asc"), key().sign(&document, PUBLISHED_MS)).unwrap();
        let Some((imported, said)) = gpg(home, &["--import", &at("key.asc")]) else { return };
        assert!(imported, "{said}");
        assert!(said.contains(&format!("IMPORT_OK 1 {}", key().fingerprint())), "{said}");
        let (_, listed) = gpg(home, &["--with-colons", "--list-keys"]).unwrap();
        assert!(listed.contains("Example CERT \u{1F6E1}") && listed.contains(":1577836800:"), "{listed}");

        let verify = |document: &[u8]| {
            fs::write(at("a.json"), document).unwrap();
            gpg(home, &["--verify", &at("a.json.asc"), &at("a.json")]).unwrap()
        };
        let (good, said) = verify(&document);
        assert!(good && said.contains("VALIDSIG") && said.contains(" 1795780800 "), "{said}");
        for at in 0..document.len() {
            let mut changed = document.clone();
            changed[at] ^= 1 << (at % 8);
            let (good, said) = verify(&changed);
            assert!(!good && said.contains("BADSIG"), "byte {at}: {said}");
        }
        assert!(!verify(&document[..99]).0 && !verify(&[&document[..], b"\n"].concat()).0);
        // Nor is it another's.
        fs::write(at("a.json.asc"), SigningKey::new(&[8; 32]).sign(&document, PUBLISHED_MS)).unwrap();
        assert!(!verify(&document).0);
    }

    #[test]
    fn key_and_signature_are_the_same_whenever_they_are_made() {
        assert_eq!(key().public_key("A"), key().public_key("A"));
        assert_eq!(key().sign(b"x", PUBLISHED_MS), key().sign(b"x", PUBLISHED_MS));
        assert_ne!(key().sign(b"x", PUBLISHED_MS), key().sign(b"x", PUBLISHED_MS + 1000));
        assert_ne!(key().fingerprint(), SigningKey::new(&[8; 32]).fingerprint());
        assert_eq!(format!("{:?}", key()), format!("SigningKey({})", key().fingerprint()), "no secret");
    }

    /// What servers have handed out before is the same now, with other code: nobody has to trust another key, and no signature changes.
    #[test]
    fn key_and_signature_are_those_of_every_earlier_build() {
        assert_eq!(key().fingerprint(), "BAD43AD47A048CFE7CF577CE65EF7F6B84959C46");
        let signature = "-----BEGIN PGP SIGNATURE-----\n\n\
            wnUEABYKAB0FAmsJcMAWIQS61DrUegSM/nz1d85l739rhJWcRgAKCRBl739rhJWc\n\
            RsZ6AQCzcdoyTJW9IjdkjA0o4ntjxfLdOXGQvXw9KHG2/9GOQwEAqKjn/8RuWWan\n\
            Za5ofgA4Gpwree0J6CV55kZkrGyJcQA=\n=ejAM\n-----END PGP SIGNATURE-----\n";
        assert_eq!(key().sign(b"x", PUBLISHED_MS), signature);
    }

    #[test]
    fn another_program_takes_every_signature_whatever_its_numbers_begin_with() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let at = |name: &str| home.join(name).to_str().unwrap().to_owned();
        fs::write(at("key.asc"), key().public_key(&"n".repeat(300))).unwrap();
        if gpg(home, &["--import", &at("key.asc")]).is_none() {
            return;
        }
        // Of two numbers in a signature one in 128 begins with a zero octet; the armour of most is as long.
        let signed = |number: u32| (number, key().sign(&number.to_be_bytes(), PUBLISHED_MS));
        let usual = signed(0).1.len();
        let short = (1..).map(signed).filter(|(_, signature)| signature.len() < usual);
        for (number, signature) in short.take(3) {
            fs::write(at("a"), number.to_be_bytes()).unwrap();
            fs::write(at("a.asc"), signature).unwrap();
            let (good, said) = gpg(home, &["--verify", &at("a.asc"), &at("a")]).unwrap();
            assert!(good, "{said}");
        }
    }
}
