//! The behaviour of a room, seen from outside: inputs, time and outputs.
//!
//! One binary, one file per behaviour; `scene.rs` stages a room by hand with the group of `delivery.rs`, `model.rs`
//! watches one and says which invariant it broke, `play.rs` moves one at random, and `properties.rs` puts these two
//! together.

mod bounds;
mod coming;
mod delivery;
mod door;
mod ending;
mod floor;
mod leaving;
mod media;
mod membership;
mod model;
mod moderation;
mod order;
mod play;
mod properties;
mod resuming;
mod scene;
