//! The header of an RTP packet: read once on arrival, written anew for each receiver.
//!
//! Source: RFC 3550 section 5.1, RFC 8285 (header extensions).

mod header;
mod write;

pub use header::{Header, Ids};
pub(crate) use write::{HEADER_BYTES, Outgoing};

/// Bytes of the fixed part of a header.
const FIXED: usize = 12;
