//! The MLS working group's published vectors, on what our group runs on: its primitives, and its way into a group.
//!
//! A Welcome of a vector is opened as [`Applicant::join`] opens one, up to the rules of admission: the members of a
//! vector's group show names, not grants. Their leaves are long out of date, too, which the library is told to
//! overlook here and nowhere else. Of later commits this set has none; the group against the delivery service
//! (`tests.rs`) and the second implementation (`tests/it/oracle.rs`) stand in for them. The vectors of the key schedule and
//! of message protection begin with a group's secrets, which the library takes from nobody: of those only the
//! framing is read.

use openmls::{
    framing::{MlsMessageBodyIn, MlsMessageIn, WireFormat},
    key_packages::{KeyPackage, KeyPackageBundle},
    prelude::RatchetTreeIn,
    schedule::PreSharedKeyId,
};
use openmls_traits::{
    OpenMlsProvider as _,
    crypto::OpenMlsCrypto,
    storage::StorageProvider as _,
    types::{Ciphersuite, HashType, HpkeCiphertext, SignatureScheme},
};
use sabha_delivery::VerifyOnly;
use serde_json::{Value, json};
use tls_codec::{DeserializeBytes as _, Serialize as _, VLBytes};

use super::{Provider, Reject, join::read_welcome};
use crate::vectors::{hex, load};

/// X25519, AES-128-GCM, SHA-256, Ed25519: the one suite of ours that the vectors know.
const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

fn cases(path: &str) -> Vec<Value> {
    let Some(file) = load(path) else { return Vec::new() };
    let cases: Vec<_> = file
        .as_array()
        .expect("a list of cases")
        .iter()
        .filter(|case| case["cipher_suite"] == json!(u16::from(SUITE)))
        .cloned()
        .collect();
    assert!(!cases.is_empty(), "{path} has cases of the suite");
    cases
}

/// What becomes of the dates on the leaves of a vector.
#[derive(Clone, Copy)]
enum Dates {
    Checked,
    Overlooked,
}

/// A device that has the keys of a vector.
fn client(case: &Value, encryption_private: &[u8]) -> Provider {
    let provider = Provider::default();
    for psk in case["external_psks"].as_array().into_iter().flatten() {
        PreSharedKeyId::external(hex(psk, "psk_id"), Vec::new()).store(&provider, &hex(psk, "psk")).unwrap();
    }
    let message = MlsMessageIn::tls_deserialize_exact_bytes(&hex(case, "key_package")).unwrap();
    let MlsMessageBodyIn::KeyPackage(key_package) = message.extract() else { panic!("no KeyPackage") };
    // Its dates are over, so that the library would not read it as one to be used.
    let key_package: KeyPackage = serde_json::from_value(json!(key_package)).unwrap();
    let private = |bytes: &[u8]| json!({ "vec": bytes });
    let bundle: KeyPackageBundle = serde_json::from_value(json!({
        "key_package": key_package,
        "private_init_key": private(&hex(case, "init_priv")),
        "private_encryption_key": { "key": private(encryption_private) },
    }))
    .unwrap();
    let reference = key_package.hash_ref(provider.crypto()).unwrap();
    provider.storage().write_key_package(&reference, &bundle).unwrap();
    provider
}

#[test]
fn a_published_welcome_leads_to_the_published_epoch() {
    for (number, case) in cases("mls/passive-client-welcome.json").iter().enumerate() {
        // A KeyPackage opens one Welcome, so each try is another client's.
        let open = |provider: &Provider, dates: Dates| {
            let builder = read_welcome(provider, &hex(case, "welcome")).unwrap();
            let builder = match case["ratchet_tree"].as_str() {
                Some(_) => builder.with_ratchet_tree(
                    RatchetTreeIn::tls_deserialize_exact_bytes(&hex(case, "ratchet_tree")).unwrap(),
                ),
                None => builder,
            };
            match dates {
                Dates::Overlooked => builder.skip_lifetime_validation().build(),
                Dates::Checked => builder.build(),
            }
        };
        let provider = || client(case, &hex(case, "encryption_priv"));
        // As it is in use: leaves whose dates are over let nobody in.
        assert!(open(&provider(), Dates::Checked).is_err(), "case {number}");

        let provider = provider();
        let group = open(&provider, Dates::Overlooked).unwrap().into_group(&provider).unwrap();
        assert_eq!(
            group.epoch_authenticator().as_slice(),
            hex(case, "initial_epoch_authenticator"),
            "case {number}"
        );
        assert_eq!(case["epochs"], json!([]), "a vector with commits wants a test that follows them");
    }
}

#[test]
fn a_published_welcome_is_for_whoever_has_all_its_keys() {
    for case in cases("mls/passive-client-welcome.json") {
        let refused = |changed: &Value| {
            let provider = client(changed, &hex(&case, "encryption_priv"));
            assert!(matches!(read_welcome(&provider, &hex(&case, "welcome")).err(), Some(Reject::Invalid)));
        };
        let mut stranger = case.clone();
        stranger["init_priv"] = json!("11".repeat(32));
        refused(&stranger);
        if !case["external_psks"].as_array().unwrap().is_empty() {
            let mut without = case.clone();
            without["external_psks"] = json!([]);
            refused(&without);
            let mut wrong = case.clone();
            wrong["external_psks"][0]["psk"] = json!("11".repeat(15));
            refused(&wrong);
        }
    }
}

#[test]
fn a_published_welcome_shows_the_published_group_information() {
    for case in cases("mls/welcome.json") {
        let provider = client(&case, &[0; 32]);
        let opened = read_welcome(&provider, &hex(&case, "welcome")).unwrap();
        let info = opened.processed_welcome().unverified_group_info();
        assert_eq!(info.ciphersuite(), SUITE);
        // RFC 9420 section 12.4.3: the signature is over everything before it.
        let written = info.tls_serialize_detached().unwrap();
        let (content, signature) = written.split_at(written.len() - 66);
        assert_eq!(signature[..2], [0x40, 64]);
        let content = with_label("GroupInfoTBS", content);
        let signer = hex(&case, "signer_pub");
        let scheme = SignatureScheme::ED25519;
        let verify = |signature: &[u8]| {
            let device = provider.crypto().verify_signature(scheme, &content, &signer, signature);
            assert_eq!(device, VerifyOnly.verify_signature(scheme, &content, &signer, signature));
            device
        };
        assert_eq!(verify(&signature[2..]), Ok(()));
        assert!(verify(&[7; 64]).is_err());
    }
}

#[test]
fn published_messages_are_framed_as_they_say() {
    for case in cases("mls/message-protection.json") {
        for content in ["proposal", "commit", "application"] {
            for (framing, format) in
                [("pub", WireFormat::PublicMessage), ("priv", WireFormat::PrivateMessage)]
            {
                let field = format!("{content}_{framing}");
                if case[&field].is_null() {
                    continue;
                }
                let bytes = hex(&case, &field);
                let message = MlsMessageIn::tls_deserialize_exact_bytes(&bytes).unwrap();
                assert_eq!(message.wire_format(), format, "{field}");
                assert_eq!(message.tls_serialize_detached().unwrap(), bytes, "{field}");
            }
        }
    }
}

#[test]
fn the_devices_primitives_give_the_published_results() {
    let provider = Provider::default();
    for case in cases("mls/crypto-basics.json") {
        check_hashes(provider.crypto(), &case);

        let sealed = &case["encrypt_with_label"];
        let info = with_label(&text(sealed, "label"), &hex(sealed, "context"));
        let ciphertext = HpkeCiphertext {
            kem_output: hex(sealed, "kem_output").into(),
            ciphertext: hex(sealed, "ciphertext").into(),
        };
        let open = |ciphertext: &HpkeCiphertext| {
            provider.crypto().hpke_open(SUITE.hpke_config(), ciphertext, &hex(sealed, "priv"), &info, &[])
        };
        assert_eq!(open(&ciphertext).unwrap(), hex(sealed, "plaintext"));
        let own = provider
            .crypto()
            .hpke_seal(SUITE.hpke_config(), &hex(sealed, "pub"), &info, &[], &hex(sealed, "plaintext"))
            .unwrap();
        assert_eq!(open(&own).unwrap(), hex(sealed, "plaintext"));
    }
}

#[test]
fn the_servers_primitives_give_the_published_results() {
    for case in cases("mls/crypto-basics.json") {
        check_hashes(&VerifyOnly, &case);
    }
}

/// What devices and the server must both be able to do.
fn check_hashes(crypto: &impl OpenMlsCrypto, case: &Value) {
    // RFC 9420 section 5.2
    let reference = &case["ref_hash"];
    let mut input = vector(text(reference, "label").as_bytes());
    input.extend(vector(&hex(reference, "value")));
    assert_eq!(crypto.hash(HashType::Sha2_256, &input).unwrap(), hex(reference, "out"));

    // RFC 9420 section 8
    let expand = |case: &Value, context: &[u8], length: usize| {
        let mut info = u16::try_from(length).unwrap().to_be_bytes().to_vec();
        info.extend(with_label(&text(case, "label"), context));
        let expanded = crypto.hkdf_expand(HashType::Sha2_256, &hex(case, "secret"), &info, length).unwrap();
        assert_eq!(expanded.as_slice(), hex(case, "out"));
    };
    let length = |case: &Value| usize::try_from(case["length"].as_u64().unwrap()).unwrap();
    let expanded = &case["expand_with_label"];
    expand(expanded, &hex(expanded, "context"), length(expanded));
    expand(&case["derive_secret"], &[], 32);
    let tree = &case["derive_tree_secret"];
    let generation = u32::try_from(tree["generation"].as_u64().unwrap()).unwrap();
    expand(tree, &generation.to_be_bytes(), length(tree));

    // RFC 9420 section 5.1.2
    let signed = &case["sign_with_label"];
    let labelled = with_label(&text(signed, "label"), &hex(signed, "content"));
    let verify = |content: &[u8], signature: &[u8]| {
        crypto.verify_signature(SignatureScheme::ED25519, content, &hex(signed, "pub"), signature)
    };
    assert_eq!(verify(&labelled, &hex(signed, "signature")), Ok(()));
    assert!(verify(&hex(signed, "content"), &hex(signed, "signature")).is_err());
    assert!(verify(&labelled, &[7; 64]).is_err());
}

/// A label and a context in the form that signatures, HPKE and key derivation share.
fn with_label(label: &str, context: &[u8]) -> Vec<u8> {
    let mut bytes = vector(format!("MLS 1.0 {label}").as_bytes());
    bytes.extend(vector(context));
    bytes
}

fn vector(bytes: &[u8]) -> Vec<u8> {
    VLBytes::new(bytes.to_vec()).tls_serialize_detached().unwrap()
}

fn text(case: &Value, field: &str) -> String {
    case[field].as_str().unwrap_or_else(|| panic!("no field {field}")).to_owned()
}
