//! Groups, the delivery service that orders their handshakes, and those who break the rules of both.

#![expect(clippy::unwrap_used, reason = "what a scene is made of must be there")]

mod delivery;
mod group;
mod meeting;
mod observer;
mod oracle;
mod rogue;
