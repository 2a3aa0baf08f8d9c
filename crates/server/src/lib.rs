//! The server: everything with effects around the pure crates.

pub mod cli;
pub mod config;
pub mod drain;
pub mod http;
pub mod logging;
pub mod media;
pub mod metrics;
pub mod signalling;
pub mod storage;
