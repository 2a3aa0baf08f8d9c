//! The behaviour of a room, seen from outside: inputs, time and outputs.
//!
//! One binary, one file per behaviour; `scene.rs` stages a room by hand.

mod bounds;
mod door;
mod ending;
mod leaving;
mod media;
mod moderation;
mod order;
mod resuming;
mod scene;
