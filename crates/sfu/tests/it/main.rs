//! The shard's behaviour towards real peers, in virtual time: str0m plays the browser, a seeded link loses
//! and delays packets, and nothing waits for a clock.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that meets the unexpected is to fail; some of the world is used by tests/own only"
)]

/// The tests run over each packet path: here over the library's, in `tests/own` over Sabha's.
const PATH: sabha_sfu::PacketPath = sabha_sfu::PacketPath::Library;

mod client;
mod world;

mod codecs;
mod connections;
mod fanout;
mod forwarding;
mod hostility;
mod layers;
mod temporal;
