//! Bad networks, as a pure function of a seed, packets and time.
//!
//! ```text
//!   send(now, bytes, packet)                                         arrive(now)
//!        │                                                               ▲
//!        ▼                                                               │
//!   Queue ── bottleneck ──► Losses ──► doubled ──► delay, jitter ──► in flight
//!     ▲                                            freeze, scatter
//!   Crowd (what others send through the same queue)  reordering
//! ```
//!
//! A [`Link`] is one direction of a path and does what its [`Conditions`] say; they may change while packets are under
//! way. A [`Schedule`] is a list of such changes. The same seed, packets and times give the same arrivals, however often the
//! link is asked in between.
//!
//! A crate of its own because both sides of a wall need it: the tests of the forwarder in virtual time, and the headless
//! client's UDP proxy, which knows nothing of the server. What a packet is, is the caller's business.

mod conditions;
mod crowd;
mod link;
mod losses;
mod queue;
mod random;
mod schedule;
mod text;

pub use conditions::{Burst, Conditions, QueueMax};
pub use link::{Arrival, Counts, Link};
pub use random::Random;
pub use schedule::{Change, Direction, PathConditions, Schedule, Step};
pub use text::InvalidConditions;
