//! Signatures of OpenPGP (RFC 9580) by which a reader knows that a document is the provider's: a key of version 4 for EdDSA with
//! Curve25519, detached signatures over SHA-512, ASCII armour. Written here, and read nowhere: GnuPG judges them in the tests.
//!
//! The key is derived from the server's, its time is fixed, and a signature has the time of the publication in it. EdDSA draws no
//! randomness. So the key, and the signature of a published document, are the same bytes whenever they are asked for, and
//! nothing has to be stored that could get lost or differ.
//!
//! A library would be `pgp` 0.21: about fifty packages that the server does not have, among them IDEA, CAST5, DES, Twofish,
//! MD5, DSA and two decompressors, to read what others have written. What is written here are three packets.

use aws_lc_rs::{
    digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA512, digest},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64ct::{Base64, Encoding as _};

/// When the key says that it was made: 2020-01-01T00:00:00Z, before there was a document. The time is hashed into the fingerprint,
/// so that a real one would have to be stored beside the key.
const KEY_MADE_S: u32 = 1_577_836_800;

// Numbers of RFC 9580: types of packets (section 5), of signatures (5.2.1) and of subpackets (5.2.3.7), and algorithms (9.1, 9.5).
const SIGNATURE: u8 = 2;
const PUBLIC_KEY: u8 = 6;
const USER_ID: u8 = 13;
const OF_DOCUMENT: u8 = 0x00;
const OF_USER_ID: u8 = 0x13;
const CREATION_TIME: u8 = 2;
const ISSUER_KEY_ID: u8 = 16;
const KEY_FLAGS: u8 = 27;
const ISSUER_FINGERPRINT: u8 = 33;
const VERSION: u8 = 4;
const EDDSA_LEGACY: u8 = 22;
const HASH_SHA512: u8 = 10;

/// Certifies and signs.
const FLAGS: u8 = 0x01 | 0x02;

/// Ed25519Legacy, 1.3.6.1.4.1.11591.15.1 (section 9.2), with its length.
const CURVE: [u8; 10] = [9, 0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x0F, 0x01];

/// Characters of a line of armour.
const LINE: usize = 64;

/// The key by which documents are signed.
pub(crate) struct SigningKey {
    pair: Ed25519KeyPair,
    /// The body of its packet.
    public: Vec<u8>,
    fingerprint: [u8; 20],
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.fingerprint())
    }
}

impl SigningKey {
    /// Returns the key that comes from a seed, which is uniform and secret.
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("the seed has 32 bytes");
        let mut public = vec![VERSION];
        public.extend(KEY_MADE_S.to_be_bytes());
        public.push(EDDSA_LEGACY);
        public.extend(CURVE);
        // A point as it is, after the octet that says so (section 11.2.1).
        integer(&mut public, &[&[0x40], pair.public_key().as_ref()].concat());
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &hashed_key(&public));
        let fingerprint = hash.as_ref().try_into().expect("SHA-1 has 20 bytes");
        Self { pair, public, fingerprint }
    }

    /// Returns the fingerprint (section 5.5.4.2) as 40 hexadecimal digits.
    pub(crate) fn fingerprint(&self) -> String {
        data_encoding::HEXUPPER.encode(&self.fingerprint)
    }

    /// Returns the public key of somebody called so, armoured: a transferable public key (section 10.1).
    pub(crate) fn public_key(&self, name: &str) -> String {
        let hashed = [
            subpacket(CREATION_TIME, &KEY_MADE_S.to_be_bytes()),
            self.issuer(),
            subpacket(KEY_FLAGS, &[FLAGS]),
        ];
        let length = u32::try_from(name.len()).expect("a name has less than 4 GiB");
        let mut certified = hashed_key(&self.public);
        certified.push(0xB4);
        certified.extend(length.to_be_bytes());
        certified.extend(name.as_bytes());
        let signature = self.signature(OF_USER_ID, certified, &hashed.concat());
        let packets = [packet(PUBLIC_KEY, &self.public), packet(USER_ID, name.as_bytes()), signature];
        armour("PUBLIC KEY BLOCK", &packets.concat())
    }

    /// Returns the detached signature of a document that was published at a time, armoured. A time beyond the year 2106, which
    /// the format does not have, is its last.
    pub(crate) fn sign(&self, document: &[u8], published_ms: u64) -> String {
        let published_s = u32::try_from(published_ms / 1000).unwrap_or(u32::MAX);
        let hashed = [subpacket(CREATION_TIME, &published_s.to_be_bytes()), self.issuer()].concat();
        armour("SIGNATURE", &self.signature(OF_DOCUMENT, document.to_vec(), &hashed))
    }

    fn issuer(&self) -> Vec<u8> {
        subpacket(ISSUER_FINGERPRINT, &[&[VERSION][..], &self.fingerprint].concat())
    }

    /// Returns a signature packet (section 5.2.3) over `signed`, which becomes what is hashed (section 5.2.4).
    fn signature(&self, kind: u8, mut signed: Vec<u8>, subpackets: &[u8]) -> Vec<u8> {
        let mut body = vec![VERSION, kind, EDDSA_LEGACY, HASH_SHA512];
        area(&mut body, subpackets);
        signed.extend(&body);
        signed.extend([VERSION, 0xFF]);
        signed.extend(u32::try_from(body.len()).expect("subpackets are short").to_be_bytes());
        let hash = digest(&SHA512, &signed);
        // By which old readers find the key; it proves nothing, and so is not hashed.
        area(&mut body, &subpacket(ISSUER_KEY_ID, &self.fingerprint[12..]));
        body.extend(&hash.as_ref()[..2]);
        let signature = self.pair.sign(hash.as_ref());
        let (r, s) = signature.as_ref().split_at(32);
        integer(&mut body, r);
        integer(&mut body, s);
        packet(SIGNATURE, &body)
    }
}

/// Returns a key as it is hashed (sections 5.2.4, 5.5.4.2).
fn hashed_key(public: &[u8]) -> Vec<u8> {
    let mut hashed = vec![0x99];
    area(&mut hashed, public);
    hashed
}

/// Writes bytes after their length in two octets.
fn area(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u16::try_from(bytes.len()).expect("keys and subpackets are short").to_be_bytes());
    out.extend(bytes);
}

/// Writes a multiprecision integer (section 3.2): bits, then octets without zeros before them.
fn integer(out: &mut Vec<u8>, bytes: &[u8]) {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let bits = bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize);
    out.extend(u16::try_from(bits).expect("33 octets have 264 bits").to_be_bytes());
    out.extend(bytes);
}

/// Returns a packet (section 4.2.1).
fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0xC0 | kind];
    match body.len() {
        short @ 0..192 => out.push(u8::try_from(short).expect("below 192")),
        long => {
            out.push(0xFF);
            out.extend(u32::try_from(long).expect("names are short").to_be_bytes());
        }
    }
    out.extend(body);
    out
}

/// Returns a subpacket (section 5.2.3.7).
fn subpacket(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len() + 1).expect("ours have at most 22 octets");
    [&[length, kind], body].concat()
}

/// Returns the ASCII armour of packets (section 6), with the checksum that old readers want.
fn armour(what: &str, packets: &[u8]) -> String {
    let mut text = format!("-----BEGIN PGP {what}-----\n\n");
    let encoded = Base64::encode_string(packets);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE));
        text += line;
        text.push('\n');
        rest = more;
    }
    let checksum = Base64::encode_string(&crc24(packets).to_be_bytes()[1..]);
    text + &format!("={checksum}\n-----END PGP {what}-----\n")
}

/// CRC-24 (section 6.1.1).
fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x00B7_04CE, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 16), |crc, _| {
            let shifted = crc << 1;
            if shifted & 0x0100_0000 == 0 { shifted } else { shifted ^ 0x0186_4CFB }
        })
    }) & 0x00FF_FFFF
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

    /// Zeros before a number are left out (RFC 9580 section 3.2): of some 256 signatures one begins with them.
    #[test]
    fn numbers_with_zeros_before_them_are_written_short() {
        let written = |bytes: &[u8]| {
            let mut out = Vec::new();
            integer(&mut out, bytes);
            out
        };
        assert_eq!(written(&[0, 0, 1, 0xFF]), [0, 9, 1, 0xFF]);
        assert_eq!(written(&[0, 0]), [0, 0]);
        assert_eq!(crc24(b"123456789"), 0x0021_CF02, "the check value of CRC-24/OPENPGP");
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
