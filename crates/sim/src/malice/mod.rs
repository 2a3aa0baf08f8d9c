//! The server as an enemy: real devices, in virtual time, behind a server that does whatever it likes.
//!
//! ```text
//!   Person ── Device (sabha-crypto) ──┐                     ┌── worlds: what it shows to whom
//!   Person ── Device ─────────────────┤── letters ── Hall ──┤── seen: every byte that it ever had
//!   Person ── Device ─────────────────┘      │              └── held: what it keeps back
//!                                          post: delivers, drops, holds, doubles, changes
//!   Insider ── MLS without our rules, with the keys of who was taken over
//! ```
//!
//! A [`Hall`] that is left alone is an honest server. Tests give it a [`Post`], split its worlds, and say to devices
//! what no honest server would say; [`Insider`]s make what no honest device would make. [`Witness`] knows what must
//! hold at every honest device at every moment, and [`Schedule`] tries to break it by chance.
//!
//! Not here: rooms, media connections and the wire's text form, which [`World`](crate::World) and the server's own
//! tests have; and the page's code, which a server that delivers it can change.

mod frames;
mod ghosts;
mod hall;
mod insider;
mod schedule;
mod witness;

pub use frames::Frames;
pub use ghosts::{Ghost, Paper, forge};
pub use hall::{Fate, Hall, Letter, Person, Post, START_MS, Said};
pub use insider::{Forged, Insider, Loot, Plan};
pub use schedule::{Schedule, Verdict};
pub use witness::Witness;
