//! Whole meetings in virtual time: the real rooms and a real shard, model clients with real peer connections,
//! and everything bad that happens between them, in one thread.
//!
//! ```text
//!  Chaos ── transitions ──▶ World ── virtual clock
//!                             │
//!   Client ── Signalling ──▶ Home ── Room, Room      (sabha-conference)
//!     Peer ── Network ─────▶      ├─ Shard           (sabha-sfu)
//!                                 └─ Delivery        a group without cryptography
//! ```
//!
//! [`World`] runs it and collects in `breaches` every promise that was broken. What happens is drawn from one
//! seed: the same seed plays the same transitions at the same virtual times. Only the keys of DTLS
//! are drawn by the media stack itself, so the bytes on the links differ from run to run.
//!
//! Not here: sockets, threads, the WebSocket and the database, which the server's own tests have; and MLS: who commits
//! what is played as it would be, but everybody is believed.

mod chaos;
mod client;
mod group;
mod home;
pub mod malice;
mod network;
mod peer;
mod signalling;
mod witness;
mod world;

pub use chaos::{Chaos, Transition};
pub use client::{Client, Phase};
pub use network::healthy_link;
pub use sabha_impairer::{Conditions, Random};
pub use world::{ClientIndex, MeetingIndex, Seat, World};
