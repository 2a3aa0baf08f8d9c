//! The media connection: str0m as a WebRTC client, and the socket it talks through.

mod counted;
mod datagram;
mod keys;
mod peer;
#[cfg(test)]
mod peer_tests;
mod wire;

pub(crate) use counted::CountedPacket;
#[cfg(target_os = "linux")]
pub(crate) use counted::Reader;
pub use peer::{Peer, PeerConfig, PeerEvent, PeerOutput, ReceivedPacket};
pub use wire::Path;
pub(crate) use wire::Wire;
