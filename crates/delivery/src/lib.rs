//! What a delivery service may know of a meeting's group (RFC 9750 section 5): it orders handshakes, one commit an
//! epoch, and checks each against the public state and the rules of admission before anybody gets it.
//!
//! Holds no secret of the group and no code to open one: [`VerifyOnly`] is a provider of hashes and signature checks
//! without HPKE and AEAD, and nothing else is in this crate's dependency graph. What it decides early, every
//! client decides for itself: this keeps junk from members, not secrets from the server.
//!
//! [`translate`] says what `sabha-admission` needs to see of OpenMLS' types; the clients' group uses the same.
//!
//! Pure: time comes in. (OpenMLS itself reads the system's clock for the lifetime of key packages.)

mod delivery;
mod provider;
mod reject;
pub mod translate;

pub use delivery::{Change, Delivery, Member, Missed, Removal};
pub use provider::VerifyOnly;
pub use reject::Reject;
