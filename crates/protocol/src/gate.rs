//! The invite link: `https://host/m/<meeting_id>#v1.<secret>`; the fragment never leaves the browser.
//!
//! What is derived from the secret, and how a guest shows at the gate that it has the link, is in
//! `sabha-crypto` (made) and `sabha-admission` (checked). The gate admits nobody: a host does.

/// Length of the link secret, in bytes.
pub const LINK_SECRET_BYTES: usize = 16;

/// Text before the secret in the link's fragment: the version of the derivation.
pub const FRAGMENT_PREFIX: &str = "v1.";
