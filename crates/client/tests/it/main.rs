//! The headless participant against the real server, each test with a server process of its own.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report; helpers are no tests to clippy")]

mod admission;
mod command_line;
mod crooked;
mod doorman;
mod fanout;
mod galene;
mod hostility;
mod impair;
mod load;
mod log;
mod meeting;
mod probe;
mod recovery;
mod scale;
mod secrecy;
mod server;
mod tls;
mod two_devices;
