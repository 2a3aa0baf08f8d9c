//! A device's cryptography: everything that makes, holds or uses a key.
//!
//! Pure: no clock, socket, file or randomness. Seeds, nonces and `now` come in as arguments, so that every
//! value is reproducible in a test and the browser's and the operating system's sources stay outside. Secrets
//! are wiped when they are dropped, and types that hold them have no `Debug`.
//!
//! The server never depends on this crate: it can open nothing.

pub mod certificate;
pub mod code;
mod codec;
pub mod device;
pub mod group;
pub mod invitation;
pub mod link;
pub mod log;
pub mod mail;
pub mod pake;
pub mod policy {
    //! What may be done in a meeting; `sabha-policy`, for those who make meetings by a device.

    pub use sabha_admission::controls::*;
}
mod restricted;
pub mod seal;
pub mod sframe;

#[cfg(test)]
mod vectors;
