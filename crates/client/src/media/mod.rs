//! The media connection: str0m as a WebRTC client, and the socket it talks through.

mod datagram;
mod peer;
#[cfg(test)]
mod peer_tests;
mod wire;

pub use peer::{Peer, PeerConfig, PeerEvent, PeerOutput, ReceivedPacket};
pub use wire::Path;
pub(crate) use wire::Wire;
