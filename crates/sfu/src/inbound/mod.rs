//! What a receiver of RTP owes its sender: numbers that do not wrap, reports, feedback, requests for what was lost.
//!
//! | | for | says |
//! |---|---|---|
//! | [`Extender`] | a stream, a connection | which packet a 16-bit number means |
//! | [`Reception`] | a stream | report blocks: loss, jitter, the echo of sender reports |
//! | [`Gaps`] | a video stream | NACKs, and when they are of no use any more |
//! | [`Arrivals`] | a connection | transport-wide feedback |
//!
//! Each decides from numbers and times alone. None of them trusts a sequence number: a sender that lets them jump
//! costs a bounded amount of work and memory, and harms its own stream.

mod arrivals;
mod extender;
mod gaps;
mod reception;

pub(crate) use arrivals::Arrivals;
pub(crate) use extender::Extender;
pub(crate) use gaps::Gaps;
pub(crate) use reception::Reception;
