//! Labels of TLP 2.0 as marking definitions.
//!
//! STIX 2.1 has TLP 1.0 built in. Version 2.0 is an extension with five markings, published by OASIS among its common objects;
//! who does not know them drops what is only referred to, and so each bundle carries the one that it uses. The markings of TLP
//! 1.0 are read, never written: the standard's AMBER of 1.0 allows what AMBER of 2.0 does, and WHITE is CLEAR.

use serde_json::{Value, json};

use crate::{Tlp, csaf::json::Json};

/// The extension by which a marking definition is a label of TLP 2.0.
const EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// Markings of TLP 1.0 (STIX 2.1, section 7.2.1.4).
const OLD: [(&str, Tlp); 4] = [
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", Tlp::Clear),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", Tlp::Green),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", Tlp::Amber),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Tlp::Red),
];

/// Returns the id of a label's marking definition.
pub(super) const fn marking_id(label: Tlp) -> &'static str {
    match label {
        Tlp::Clear => "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        Tlp::Green => "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        Tlp::Amber => "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        Tlp::AmberStrict => "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        Tlp::Red => "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    }
}

/// Returns a label's marking definition, as published: nobody's, and of the first of October 2022.
pub(super) fn marking(label: Tlp) -> Value {
    json!({
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": marking_id(label),
        "created": "2022-10-01T00:00:00.000Z",
        "name": label.label(),
        "extensions": {
            EXTENSION: { "extension_type": "property-extension", "tlp_2_0": label.name().to_ascii_lowercase() },
        },
    })
}

/// Returns the label for which a marking's id stands, whether or not the marking is carried along: an id is known by itself,
/// and what a bundle says under a known id changes nothing of what it means.
pub(super) fn label_of(id: &str) -> Option<Tlp> {
    let new = Tlp::ALL.into_iter().find(|label| marking_id(*label) == id);
    new.or_else(|| OLD.into_iter().find_map(|(old, label)| (old == id).then_some(label)))
}

/// Returns the label that a marking definition of another id says it is, in version 2.0 or 1.0.
pub(super) fn label_of_definition(definition: &Json) -> Option<Tlp> {
    let new = || definition.get("extensions")?.get(EXTENSION)?.text("tlp_2_0");
    let old = || definition.get("definition")?.text("tlp");
    match new().or_else(old)?.to_ascii_uppercase().as_str() {
        "WHITE" => Some(Tlp::Clear),
        word => word.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_label_has_a_marking_of_its_own_that_names_it_exactly() {
        for label in Tlp::ALL {
            let marking = marking(label);
            assert_eq!(label_of(marking["id"].as_str().unwrap()), Some(label));
            assert_eq!(marking["name"], label.label());
        }
        assert_eq!(marking(Tlp::AmberStrict)["extensions"][EXTENSION]["tlp_2_0"], "amber+strict");
        for (old, label) in OLD {
            assert_eq!(label_of(old), Some(label));
        }
        assert_eq!(label_of("marking-definition--00000000-0000-4000-8000-000000000000"), None);
    }
}
