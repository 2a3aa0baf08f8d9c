//! What the crate promises to whoever uses it: documents of the standard, of others, of ourselves and of the hostile.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod documents;
mod hostile;
mod misp;
mod peers;
mod provider;
mod stix;
mod vectors;
