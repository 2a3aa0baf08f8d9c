//! Ids of STIX objects: UUIDs of version 5 (RFC 9562 section 5.5), so that the same thing has the same id in every export.
//!
//! Section 2.9 of STIX 2.1 has domain and relationship objects named by random UUIDs (version 4), or by version 5 in a
//! namespace that is not its own; cyber-observable objects by version 5 in its own namespace, over what tells one from another.
//! Random ids would be another object at each export, for which there is nothing to remember them by.

use serde_json::Value;
use sha1::{Digest as _, Sha1};

/// Of what this crate names. Drawn at random once, and never changed: ids that are out in the world come from it.
const NAMESPACE: u128 = 0x6b44_b53a_4649_488b_aa44_9fdd_2ede_cf4c;

/// Of cyber-observable objects (STIX 2.1, section 2.9).
const OBSERVABLE_NAMESPACE: u128 = 0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7;

/// Returns the id of a domain or relationship object: what it is, and what tells it from others of its kind.
pub(crate) fn id(kind: &str, parts: &[&str]) -> String {
    format!("{kind}--{}", uuid(kind, parts))
}

/// Returns the UUID of something: what it is, and what tells it from others of its kind. A list of texts as JSON is that list
/// and no other.
pub(crate) fn uuid(kind: &str, parts: &[&str]) -> String {
    let name = Value::from_iter(std::iter::once(kind).chain(parts.iter().copied()));
    version_5(NAMESPACE, &name.to_string())
}

/// Returns the id of a cyber-observable object. `contributing` are its properties that section 6 names for that, as an object;
/// `serde_json` writes texts, and sorts ASCII keys, as RFC 8785 wants it.
pub(super) fn observable_id(kind: &str, contributing: &Value) -> String {
    format!("{kind}--{}", version_5(OBSERVABLE_NAMESPACE, &contributing.to_string()))
}

/// Returns whether a text is an id: a type, and a UUID of any version (section 2.9).
pub(super) fn is_id(text: &str) -> bool {
    let is_type = |kind: &str| {
        !kind.is_empty() && kind.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    };
    text.split_once("--").is_some_and(|(kind, uuid)| is_type(kind) && is_uuid(uuid))
}

/// Returns the type in an id.
pub(super) fn kind_of(id: &str) -> &str {
    id.split_once("--").map_or(id, |(kind, _)| kind)
}

/// Returns whether a text is a UUID (RFC 9562 section 4).
pub(crate) fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-')
}

fn version_5(namespace: u128, name: &str) -> String {
    let hash = Sha1::new().chain_update(namespace.to_be_bytes()).chain_update(name).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn uuids_are_those_of_the_rfc() {
        // RFC 9562, appendix A.4.
        let dns = 0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8;
        assert_eq!(version_5(dns, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }

    #[test]
    fn an_observable_has_the_id_that_others_give_it() {
        // As stix2 3.0.2, OASIS' library, gives them.
        let id = observable_id("ipv4-addr", &json!({ "value": "198.51.100.3" }));
        assert_eq!(id, "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4");
        let cpe = "cpe:2.3:a:x:y:*:*:*:*:*:*:*:*";
        let id = observable_id("software", &json!({ "name": "Example & co \"x\" \u{e9}", "cpe": cpe }));
        assert_eq!(id, "software--b435b74b-c9eb-5a47-866f-a2889385a584");
    }

    #[test]
    fn an_id_is_a_type_and_a_uuid() {
        let uuid = "ff26c055-6336-5bc5-b98d-13d6226742dd";
        assert!(is_id(&format!("x-mine--{uuid}")));
        assert_eq!(kind_of(&format!("marking-definition--{uuid}")), "marking-definition");
        for text in [
            "",
            "note",
            "note--",
            "--",
            uuid,
            &format!("--{uuid}"),
            &format!("Note--{uuid}"),
            &format!("note--{uuid}0"),
        ] {
            assert!(!is_id(text), "{text}");
        }
    }

    #[test]
    fn what_is_told_apart_has_another_id() {
        let ids = [
            id("note", &["a", "b"]),
            id("note", &["b", "a"]),
            id("note", &["ab"]),
            id("note", &["a\",\"b"]),
            id("report", &["a", "b"]),
        ];
        let all: std::collections::BTreeSet<&str> =
            ids.iter().map(|id| id.split_once("--").unwrap().1).collect();
        assert_eq!(all.len(), ids.len());
    }
}
