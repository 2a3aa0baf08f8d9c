//! Messages as they travel. One file a direction; strict: an unknown field or type is refused.

pub mod accounts;
pub mod client;
pub mod http;
pub mod server;

pub use client::{ClientFrame, ClientMessage};
pub use server::{ServerFrame, ServerMessage};
