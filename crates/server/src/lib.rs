//! The server of Sabha: everything that has effects, around crates that have none.
//!
//! | module | what |
//! |---|---|
//! | [`cli`], [`config`], [`logging`] | how it is called, set up and watched |
//! | [`server`], [`drain`] | what is started in which order, and how it stops |
//! | `accounts` | passkeys, tokens and keys of those who administer the server |
//! | `bulletin` | what is read from a document before it is stored |
//! | [`http`] | the web client, the API, health, and the door to signalling |
//! | `signalling` | a task for each WebSocket and each room |
//! | [`media`] | threads and sockets around `sabha-sfu` |
//! | [`probe`] | how the server shows its owner's prober who it is |
//! | [`data_dir`], [`storage`] | what outlives the process |
//! | `throttle`, `refusals` | how often one address or account may ask, and how often the answer was no |
//! | `planning` | when planned meetings are, by the clocks of a zone |
//! | `policy`, [`profiles`] | the organisation's floor, and the files that one can be made from |
//! | `advised` | what an advisory's profile makes of the floor, and which advisory demands what |
//!
//! Nothing here decides who may do what: that is `sabha-conference`. The server holds no key of a meeting.

mod accounts;
mod advised;
mod bulletin;
pub mod cli;
mod clock;
pub mod config;
pub mod data_dir;
pub mod drain;
pub mod http;
pub mod logging;
mod mail;
pub mod media;
mod metrics;
mod notices;
mod planning;
mod policy;
pub mod probe;
pub mod profiles;
mod refusals;
mod retention;
pub mod server;
mod signalling;
pub mod storage;
mod throttle;
mod wanted;
