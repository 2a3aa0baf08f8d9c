//! Reads and writes RTCP, after SRTCP has been taken off and before it is put on.
//!
//! [`Packets`] walks a compound packet, or one of reduced size (RFC 5506), and lends a view of each packet in it.
//! The views were checked when they were made, so that walking them cannot fail; they allocate nothing, and no
//! count in them is believed beyond the bytes that are there. The `write` functions append to a buffer of the
//! caller's, which keeps its capacity.
//!
//! | | read | written |
//! |---|---|---|
//! | SR, RR, report blocks (RFC 3550 section 6.4) | `report` | `report` |
//! | SDES with CNAME (RFC 3550 section 6.5) | `sdes` | `sdes` |
//! | BYE (RFC 3550 section 6.6) | `bye` | `bye` |
//! | NACK (RFC 4585 section 6.2.1) | `nack` | `nack` |
//! | PLI (RFC 4585 section 6.3.1), FIR (RFC 5104 section 4.3.1) | `keyframe` | PLI |
//! | transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01) | `transport` | `transport_writer` |
//! | REMB (draft-alvestrand-rmcat-remb-03) | recognised | |
//!
//! What a report means is for others to judge: `inbound` and `outbound`.

mod bye;
mod compound;
mod keyframe;
mod nack;
pub(crate) mod ntp;
mod reference_clock;
mod report;
mod sdes;
#[cfg(test)]
mod tests;
mod transport;
mod transport_writer;
mod write;

pub use compound::{Packet, Packets};
pub(crate) use keyframe::write_picture_loss;
pub(crate) use nack::write_nack;
pub(crate) use reference_clock::ReferenceClock;
pub use report::ReportBlock;
pub(crate) use report::{SenderInfo, write_receiver_report, write_sender_report};
pub(crate) use sdes::write_source_description;
pub(crate) use transport_writer::{FeedbackHead, FeedbackWriter};

/// The packet types that are known here. Source: RFC 3550 section 12.1, RFC 4585 section 6.1.
mod packet_type {
    pub(super) const SENDER_REPORT: u8 = 200;
    pub(super) const RECEIVER_REPORT: u8 = 201;
    pub(super) const SOURCE_DESCRIPTION: u8 = 202;
    pub(super) const GOODBYE: u8 = 203;
    pub(super) const TRANSPORT_FEEDBACK: u8 = 205;
    pub(super) const PAYLOAD_FEEDBACK: u8 = 206;
}

/// The feedback message types of packet types 205 and 206. Source: RFC 4585 sections 6.2 and 6.3, RFC 5104
/// section 4.3.1, draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.
mod format {
    pub(super) const NACK: u8 = 1;
    pub(super) const TRANSPORT_WIDE: u8 = 15;

    pub(super) const PICTURE_LOSS: u8 = 1;
    pub(super) const FULL_INTRA_REQUEST: u8 = 4;
    pub(super) const APPLICATION: u8 = 15;
}
