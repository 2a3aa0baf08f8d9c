//! The cryptography of a release, as a bill of materials of CycloneDX 1.6: which algorithms, in which protocols, for what.
//!
//! No build says it, so it is written down here. A test holds it against the packages: each that implements cryptography stands
//! beside an algorithm or a protocol, and none stands here that no program is built of.

use serde_json::{Value, json};

use super::cyclonedx::{Subject, document};

/// An algorithm.
#[derive(Debug)]
struct Algorithm {
    name: &'static str,
    /// As CycloneDX calls it.
    primitive: &'static str,
    /// Length of the key or the digest, or the name of the parameters.
    parameters: &'static str,
    functions: &'static [&'static str],
    /// Bits of security against computers as they are; for one that is not relied on, 0.
    bits: u16,
    /// Category of NIST's against quantum computers, 0 where there is none.
    quantum: u8,
    oid: Option<&'static str>,
    /// Packages of Cargo that implement it.
    by: &'static [&'static str],
    /// What it is there for.
    purpose: &'static str,
}

/// A protocol.
#[derive(Debug)]
struct Protocol {
    name: &'static str,
    /// As CycloneDX calls it.
    kind: &'static str,
    version: &'static str,
    /// Cipher suites, each with its number in the registry, if it has one.
    suites: &'static [(&'static str, Option<&'static str>)],
    algorithms: &'static [&'static str],
    by: &'static [&'static str],
    purpose: &'static str,
}

const GCM: &[&str] = &["keygen", "encrypt", "decrypt", "tag"];
const SIGNS: &[&str] = &["keygen", "sign", "verify"];
/// Of what is there and never called.
const OLD: &[&str] = &["unknown"];
const PART_OF_RPGP: &str = "part of the library for OpenPGP: nothing is encrypted or signed with it, and no document's signature that needs it counts";
const KEM: &[&str] = &["keygen", "encapsulate", "decapsulate"];

#[rustfmt::skip]
const ALGORITHMS: &[Algorithm] = &[
    Algorithm { name: "X-Wing", primitive: "kem", parameters: "X25519, ML-KEM-768", functions: KEM, bits: 128, quantum: 1, oid: Some("1.3.6.1.4.1.62253.25722"),
        by: &["x-wing", "kem"], purpose: "key exchange of a meeting's group, by default" },
    Algorithm { name: "ML-KEM-768", primitive: "kem", parameters: "768", functions: KEM, bits: 192, quantum: 3, oid: Some("2.16.840.1.101.3.4.4.2"),
        by: &["ml-kem", "aws-lc-rs"], purpose: "half of X-Wing; half of X25519MLKEM768 in TLS" },
    Algorithm { name: "X25519", primitive: "key-agree", parameters: "Curve25519", functions: &["keygen", "keyderive"], bits: 128, quantum: 0, oid: Some("1.3.101.110"),
        by: &["x25519-dalek", "curve25519-dalek", "aws-lc-rs"], purpose: "half of X-Wing; key exchange of the classical suite and of TLS" },
    Algorithm { name: "Ed25519", primitive: "signature", parameters: "Curve25519", functions: SIGNS, bits: 128, quantum: 0, oid: Some("1.3.101.112"),
        by: &["ed25519", "ed25519-dalek", "aws-lc-rs"], purpose: "devices, hosts' grants, logs, certificates, policy profiles, published documents" },
    Algorithm { name: "ECDSA-P256", primitive: "signature", parameters: "P-256", functions: SIGNS, bits: 128, quantum: 0, oid: Some("1.2.840.10045.4.3.2"),
        by: &["aws-lc-rs", "rcgen", "ecdsa", "p256", "elliptic-curve", "primeorder", "rfc6979"], purpose: "certificates of DTLS; ID tokens of identity providers are checked" },
    Algorithm { name: "ECDSA-P384", primitive: "signature", parameters: "P-384", functions: &["verify"], bits: 192, quantum: 0, oid: Some("1.2.840.10045.4.3.3"),
        by: &["aws-lc-rs", "p384"], purpose: "ID tokens and certificates of others are checked" },
    Algorithm { name: "ECDSA-P521", primitive: "signature", parameters: "P-521", functions: &["verify"], bits: 256, quantum: 0, oid: Some("1.2.840.10045.4.3.4"),
        by: &["p521"], purpose: "OpenPGP signatures of other publishers are checked" },
    Algorithm { name: "ECDSA-secp256k1", primitive: "signature", parameters: "secp256k1", functions: &["verify"], bits: 128, quantum: 0, oid: None,
        by: &["k256"], purpose: "OpenPGP signatures of other publishers are checked" },
    Algorithm { name: "RSA", primitive: "signature", parameters: "2048 and more", functions: &["verify"], bits: 112, quantum: 0, oid: Some("1.2.840.113549.1.1.1"),
        by: &["rsa", "aws-lc-rs"], purpose: "ID tokens and certificates of others are checked" },
    Algorithm { name: "AES-128-GCM", primitive: "ae", parameters: "128", functions: GCM, bits: 128, quantum: 1, oid: Some("2.16.840.1.101.3.4.1.6"),
        by: &["aes", "aes-gcm", "ghash", "polyval", "ctr", "aws-lc-rs"], purpose: "SFrame, messages of the group, SRTP, DTLS" },
    Algorithm { name: "AES-256-GCM", primitive: "ae", parameters: "256", functions: GCM, bits: 256, quantum: 5, oid: Some("2.16.840.1.101.3.4.1.46"),
        by: &["aes", "aes-gcm", "ghash", "polyval", "ctr", "aws-lc-rs"], purpose: "names and titles at the door, SRTP, secrets at rest" },
    Algorithm { name: "ChaCha20-Poly1305", primitive: "ae", parameters: "256", functions: GCM, bits: 256, quantum: 5, oid: Some("1.2.840.113549.1.9.16.3.18"),
        by: &["aws-lc-rs"], purpose: "TLS to others, if they choose it" },
    Algorithm { name: "ChaCha20", primitive: "drbg", parameters: "256", functions: &["generate"], bits: 256, quantum: 5, oid: None,
        by: &["chacha20", "rand_chacha"], purpose: "random numbers, seeded by the system" },
    Algorithm { name: "SHA-1", primitive: "hash", parameters: "160", functions: &["digest"], bits: 0, quantum: 0, oid: Some("1.3.14.3.2.26"),
        by: &["sha1", "aws-lc-rs"], purpose: "WebSocket's handshake, HMAC of STUN, OpenPGP's fingerprints: nothing relies on collisions being hard" },
    Algorithm { name: "SHA-256", primitive: "hash", parameters: "256", functions: &["digest"], bits: 128, quantum: 2, oid: Some("2.16.840.1.101.3.4.2.1"),
        by: &["sha2", "aws-lc-rs"], purpose: "ids, chains of logs, fingerprints, key schedules" },
    Algorithm { name: "SHA-512", primitive: "hash", parameters: "512", functions: &["digest"], bits: 256, quantum: 5, oid: Some("2.16.840.1.101.3.4.2.3"),
        by: &["sha2", "aws-lc-rs"], purpose: "Ed25519, CPace, OPAQUE, signatures of OpenPGP" },
    Algorithm { name: "SHAKE256", primitive: "xof", parameters: "256", functions: &["digest"], bits: 256, quantum: 5, oid: Some("2.16.840.1.101.3.4.2.12"),
        by: &["sha3", "shake", "keccak"], purpose: "within ML-KEM and X-Wing" },
    Algorithm { name: "HMAC-SHA1", primitive: "mac", parameters: "160", functions: &["tag"], bits: 128, quantum: 1, oid: Some("1.2.840.113549.2.7"),
        by: &["hmac", "sha1", "is", "aws-lc-rs"], purpose: "integrity of STUN (RFC 8489)" },
    Algorithm { name: "HMAC-SHA256", primitive: "mac", parameters: "256", functions: &["tag"], bits: 256, quantum: 5, oid: Some("1.2.840.113549.2.9"),
        by: &["hmac", "aws-lc-rs"], purpose: "tokens, hooks, confirmation tags of the group" },
    Algorithm { name: "HKDF-SHA256", primitive: "kdf", parameters: "256", functions: &["keyderive"], bits: 256, quantum: 5, oid: None,
        by: &["hkdf", "aws-lc-rs"], purpose: "keys of links, lobbies, SFrame and the server" },
    Algorithm { name: "3DES", primitive: "block-cipher", parameters: "168", functions: OLD, bits: 0, quantum: 0, oid: None,
        by: &["des"], purpose: PART_OF_RPGP },
    Algorithm { name: "Blowfish", primitive: "block-cipher", parameters: "128", functions: OLD, bits: 0, quantum: 0, oid: None,
        by: &["blowfish"], purpose: PART_OF_RPGP },
    Algorithm { name: "Camellia", primitive: "block-cipher", parameters: "128, 192, 256", functions: OLD, bits: 0, quantum: 0, oid: None,
        by: &["camellia"], purpose: PART_OF_RPGP },
    Algorithm { name: "CAST5", primitive: "block-cipher", parameters: "128", functions: OLD, bits: 0, quantum: 0, oid: None,
        by: &["cast5"], purpose: PART_OF_RPGP },
    Algorithm { name: "DSA", primitive: "signature", parameters: "1024 and more", functions: OLD, bits: 0, quantum: 0, oid: None,
        by: &["dsa"], purpose: PART_OF_RPGP },
    Algorithm { name: "IDEA", primitive: "block-cipher", parameters: "128", functions: OLD, bits: 0, quantum: 0, oid: None,
        by: &["idea"], purpose: PART_OF_RPGP },
    Algorithm { name: "MD5", primitive: "hash", parameters: "128", functions: OLD, bits: 0, quantum: 0, oid: None,
        by: &["md-5"], purpose: PART_OF_RPGP },
    Algorithm { name: "RIPEMD-160", primitive: "hash", parameters: "160", functions: OLD, bits: 0, quantum: 0, oid: None,
        by: &["ripemd"], purpose: PART_OF_RPGP },
    Algorithm { name: "Twofish", primitive: "block-cipher", parameters: "256", functions: OLD, bits: 0, quantum: 0, oid: None,
        by: &["twofish"], purpose: PART_OF_RPGP },
    Algorithm { name: "Argon2id", primitive: "kdf", parameters: "64 MiB, 3 passes", functions: &["keyderive"], bits: 0, quantum: 0, oid: None,
        by: &["argon2", "blake2"], purpose: "passwords, in the browser; as strong as the password" },
    Algorithm { name: "ristretto255", primitive: "key-agree", parameters: "Curve25519", functions: &["keygen", "keyderive"], bits: 128, quantum: 0, oid: None,
        by: &["curve25519-dalek", "voprf", "group"], purpose: "passcodes (CPace) and passwords (OPAQUE)" },
];

#[rustfmt::skip]
const PROTOCOLS: &[Protocol] = &[
    Protocol { name: "MLS", kind: "other", version: "1.0 (RFC 9420)",
        suites: &[("X-Wing, AES-128-GCM, SHA-256, Ed25519", Some("0x004F")), ("MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519", Some("0x0001"))],
        algorithms: &["X-Wing", "X25519", "AES-128-GCM", "SHA-256", "HKDF-SHA256", "HMAC-SHA256", "Ed25519"],
        by: &["openmls", "hpke"], purpose: "the group of a meeting: who is in it, and its keys" },
    Protocol { name: "SFrame", kind: "other", version: "RFC 9605",
        suites: &[("AES_128_GCM_SHA256_128", Some("0x0004"))], algorithms: &["AES-128-GCM", "HKDF-SHA256"],
        by: &["sabha-crypto"], purpose: "media from end to end" },
    Protocol { name: "DTLS", kind: "tls", version: "1.2",
        suites: &[("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Some("0xC02B")), ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Some("0xC02C"))],
        algorithms: &["ECDSA-P256", "AES-128-GCM", "AES-256-GCM", "SHA-256"],
        by: &["dimpl", "str0m", "str0m-aws-lc-rs"], purpose: "keys of SRTP between a client and the server" },
    Protocol { name: "SRTP", kind: "other", version: "RFC 3711, RFC 7714",
        suites: &[("AEAD_AES_128_GCM", Some("0x0007")), ("AEAD_AES_256_GCM", Some("0x0008"))], algorithms: &["AES-128-GCM", "AES-256-GCM"],
        by: &["sabha-sfu"], purpose: "media between a client and the server, around SFrame" },
    Protocol { name: "TLS", kind: "tls", version: "1.3, 1.2",
        suites: &[("TLS_AES_256_GCM_SHA384", Some("0x1302")), ("TLS_AES_128_GCM_SHA256", Some("0x1301")), ("TLS_CHACHA20_POLY1305_SHA256", Some("0x1303"))],
        algorithms: &["X25519", "ML-KEM-768", "ECDSA-P256", "ECDSA-P384", "RSA", "AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"],
        by: &["rustls", "rustls-webpki"], purpose: "from here to identity providers and mail servers, and of the headless client" },
    Protocol { name: "CPace", kind: "other", version: "draft-irtf-cfrg-cpace-21, Ristretto255-SHA512", suites: &[],
        algorithms: &["ristretto255", "SHA-512"], by: &["sabha-crypto"], purpose: "the passcode, between a guest and a host" },
    Protocol { name: "OPAQUE", kind: "other", version: "RFC 9807, ristretto255-SHA512, 3DH", suites: &[],
        algorithms: &["ristretto255", "SHA-512", "Argon2id"], by: &["opaque-ke", "voprf"], purpose: "passwords that the server never sees" },
    Protocol { name: "OpenPGP", kind: "other", version: "RFC 9580, keys of version 4", suites: &[],
        algorithms: &["Ed25519", "SHA-512", "SHA-1", "X25519", "RSA", "ECDSA-P256", "ECDSA-P384", "ECDSA-P521", "ECDSA-secp256k1", "AES-256-GCM"],
        by: &["pgp"], purpose: "signatures of published documents, those of other publishers, and mail that is sealed for its reader" },
];

/// Returns the bill of the cryptography.
pub(super) fn cbom(subject: &Subject<'_>) -> Vec<u8> {
    let algorithms = ALGORITHMS.iter().map(|algorithm| {
        let properties = json!({
            "assetType": "algorithm",
            "algorithmProperties": {
                "primitive": algorithm.primitive,
                "parameterSetIdentifier": algorithm.parameters,
                "executionEnvironment": "software-plain-ram",
                "implementationPlatform": "generic",
                "certificationLevel": ["none"],
                "cryptoFunctions": algorithm.functions,
                "classicalSecurityLevel": algorithm.bits,
                "nistQuantumSecurityLevel": algorithm.quantum,
            },
        });
        let mut asset = asset(algorithm.name, algorithm.purpose, algorithm.by, properties);
        if let Some(oid) = algorithm.oid {
            asset["cryptoProperties"]["oid"] = json!(oid);
        }
        asset
    });
    let protocols = PROTOCOLS.iter().map(|protocol| {
        let suites = protocol.suites.iter().map(|(name, number)| {
            let mut suite = json!({"name": name});
            if let Some(number) = number {
                suite["identifiers"] = json!([number]);
            }
            suite
        });
        let mut properties = json!({
            "type": protocol.kind,
            "version": protocol.version,
            "cryptoRefArray": protocol.algorithms.iter().map(|name| reference(name)).collect::<Vec<_>>(),
        });
        let suites: Vec<Value> = suites.collect();
        if !suites.is_empty() {
            properties["cipherSuites"] = json!(suites);
        }
        let properties = json!({"assetType": "protocol", "protocolProperties": properties});
        asset(protocol.name, protocol.purpose, protocol.by, properties)
    });
    let dependencies = PROTOCOLS.iter().map(|protocol| {
        let needs: Vec<String> = protocol.algorithms.iter().map(|name| reference(name)).collect();
        json!({"ref": reference(protocol.name), "dependsOn": needs})
    });
    document(subject, algorithms.chain(protocols).collect(), dependencies.collect())
}

fn asset(name: &str, purpose: &str, by: &[&str], properties: Value) -> Value {
    json!({
        "type": "cryptographic-asset",
        "bom-ref": reference(name),
        "name": name,
        "description": purpose,
        "cryptoProperties": properties,
        "properties": by.iter().map(|by| json!({"name": "sabha:implemented-by", "value": by})).collect::<Vec<_>>(),
    })
}

fn reference(name: &str) -> String {
    format!("crypto/{name}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::graph::Graph;

    /// Packages that implement cryptography, by what their names are or begin with.
    const CRYPTOGRAPHIC: &[&str] = &[
        "aes",
        "argon2",
        "aws-lc-rs",
        "blake2",
        "blowfish",
        "camellia",
        "cast5",
        "chacha20",
        "curve25519-dalek",
        "des",
        "dimpl",
        "dsa",
        "ecdsa",
        "ed25519",
        "ed448",
        "ghash",
        "hkdf",
        "hmac",
        "hpke",
        "idea",
        "keccak",
        "k256",
        "md-5",
        "ml-dsa",
        "ml-kem",
        "openmls",
        "opaque-ke",
        "p256",
        "p384",
        "p521",
        "pgp",
        "poly1305",
        "polyval",
        "rc4",
        "ripemd",
        "rsa",
        "rustls",
        "scrypt",
        "sha1",
        "sha2",
        "sha3",
        "shake",
        "slh-dsa",
        "twofish",
        "voprf",
        "x-wing",
        "x25519-dalek",
        "x448",
    ];

    fn named() -> BTreeSet<&'static str> {
        let algorithms = ALGORITHMS.iter().flat_map(|algorithm| algorithm.by);
        algorithms.chain(PROTOCOLS.iter().flat_map(|protocol| protocol.by)).copied().collect()
    }

    #[test]
    fn every_package_that_implements_cryptography_is_named_and_no_other() {
        let graph = Graph::read().unwrap();
        let shipped: BTreeSet<&str> =
            graph.shipped().into_iter().map(|package| package.name.as_str()).collect();
        let missing: Vec<&&str> = CRYPTOGRAPHIC
            .iter()
            .filter(|name| shipped.contains(**name) && !named().contains(**name))
            .collect();
        assert!(missing.is_empty(), "in no line of the table: {missing:?}");
        let gone: Vec<&str> = named().into_iter().filter(|name| !shipped.contains(name)).collect();
        assert!(gone.is_empty(), "named, and no program is built of them: {gone:?}");
    }

    #[test]
    fn a_protocol_refers_to_algorithms_that_are_there() {
        for protocol in PROTOCOLS {
            for name in protocol.algorithms {
                assert!(
                    ALGORITHMS.iter().any(|algorithm| algorithm.name == *name),
                    "{}: {name}",
                    protocol.name
                );
            }
        }
    }

    #[test]
    fn the_suites_are_those_of_the_code() {
        let suites = |name: &str| PROTOCOLS.iter().find(|protocol| protocol.name == name).unwrap().suites;
        let source = |path: &str| std::fs::read_to_string(crate::root().join(path)).unwrap();
        // The number that meetings use, in the registry of SFrame and of MLS.
        assert!(source("crates/crypto/src/sframe/keys.rs").contains("Aes128GcmSha256 = 4"));
        assert_eq!(suites("SFrame")[0].1, Some("0x0004"));
        let documented = source("docs/e2ee.md");
        for (_, number) in suites("MLS") {
            assert!(documented.contains(number.unwrap()), "{number:?}");
        }
    }
}
