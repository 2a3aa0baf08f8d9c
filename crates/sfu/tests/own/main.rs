//! The tests of `tests/it` over Sabha's own packet path: towards the same peers it behaves as the library does.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected is to fail")]

const PATH: sabha_sfu::PacketPath = sabha_sfu::PacketPath::Own;

#[path = "../it/client.rs"]
mod client;
#[path = "../it/world.rs"]
mod world;

mod adaptation;
mod catching_up;
#[path = "../it/codecs.rs"]
mod codecs;
#[path = "../it/connections.rs"]
mod connections;
mod dependencies;
#[path = "../it/fanout.rs"]
mod fanout;
mod fewer;
#[path = "../it/forwarding.rs"]
mod forwarding;
#[path = "../it/hostility.rs"]
mod hostility;
mod idle;
#[path = "../it/layers.rs"]
mod layers;
#[path = "../it/temporal.rs"]
mod temporal;
mod together;
