//! The shard's behaviour towards real peers, in virtual time: str0m plays the browser, a seeded link loses
//! and delays packets, and nothing waits for a clock.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected is to fail")]

mod client;
mod world;

mod codecs;
mod connections;
mod forwarding;
mod hostility;
mod layers;
