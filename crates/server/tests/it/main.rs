//! The server as its clients and its operator meet it: real sockets, real files, the real binary.
//!
//! One test binary, one file for each behaviour. Every server listens on a port of its own (port 0) with a
//! data directory of its own; nothing waits for time to pass where it can wait for a state.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
#![expect(unreachable_pub, reason = "what the files of this binary share is public among them")]

mod accounts;
mod advisory;
mod binary;
mod bulletin;
mod client;
mod coming;
mod command_line;
mod drain;
mod entering;
mod erasure;
mod flood;
mod floor;
mod hostile;
mod http;
mod isolation;
mod limits;
mod mail;
mod operation;
mod person;
mod plans;
mod policy;
mod restart;
mod server;
mod ways_in;
