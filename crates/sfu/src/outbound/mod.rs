//! What a sender of RTP says of a stream, and what it hears of it from reports.

mod reported;
mod sent;

pub(crate) use reported::Reported;
pub(crate) use sent::Sent;
