//! Whole meetings in virtual time: what must hold, and chance trying to break it.
//!
//! `malice_*.rs` are about a server that is the enemy: named attacks, and chance as an attacker.

#![expect(clippy::unwrap_used, reason = "what a scene is made of must be there")]

mod chaos;
mod malice_door;
mod malice_ghosts;
mod malice_history;
mod malice_invites;
mod malice_media;
mod malice_schedules;
mod malice_words;
mod matrix;
mod meetings;
