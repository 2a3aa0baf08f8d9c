//! Sabha's packet path as it looks to a WebRTC stack that shares nothing with it but the primitives of aws-lc.
//!
//! str0m, the peer in `crates/sfu/tests`, is made of the same ICE and DTLS libraries as the path itself: what these get
//! wrong, both ends get wrong alike. Here a peer of webrtc.rs joins with its own offer; the others of its room are the
//! clients of `crates/sfu/tests`. One thread, virtual time.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected is to fail")]

const PATH: sabha_sfu::PacketPath = sabha_sfu::PacketPath::Own;

#[allow(dead_code, reason = "some of it is used by the tests of the crate only")]
#[path = "../../../crates/sfu/tests/it/client.rs"]
mod client;
#[allow(dead_code, reason = "some of it is used by the tests of the crate only")]
#[path = "../../../crates/sfu/tests/it/world.rs"]
mod world;

mod bandwidth;
mod call;
mod foreign;
mod media;
mod reading;
mod repair;
mod reports;
