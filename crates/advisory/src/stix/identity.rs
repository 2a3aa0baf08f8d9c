//! Organisations.

use serde_json::{Value, json};

use super::id::id;
use crate::Owner;

/// When every identity was made. Whatever is in one is in its id, so that there is one version of it for ever.
const CREATED: &str = "2026-01-01T00:00:00.000Z";

/// Returns the identity of a document's owner. It has no marking: one and the same object comes with documents of every label,
/// and it says no more than that there is an organisation of this name.
pub(super) fn identity(owner: Owner<'_>) -> Value {
    json!({
        "type": "identity",
        "spec_version": "2.1",
        "id": identity_id(owner),
        "created": CREATED,
        "modified": CREATED,
        "identity_class": "organization",
        "name": owner.name,
    })
}

/// Returns the id of its identity.
pub(super) fn identity_id(owner: Owner<'_>) -> String {
    id("identity", &[owner.key, owner.name])
}
