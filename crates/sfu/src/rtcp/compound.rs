//! Walks a compound packet, or one of reduced size.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |V=2|P|  count  |  packet type  |     words in it, minus one    |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```

use thiserror::Error;

use super::bye::Goodbye;
use super::keyframe::{FullIntraRequest, PictureLoss};
use super::nack::Nack;
use super::report::{ReceiverReport, SenderReport};
use super::sdes::SourceDescription;
use super::transport::{STATUSES_MAX, TransportFeedback};
use super::{format, packet_type};

/// One RTCP packet, borrowed from the compound packet.
#[derive(Clone, Copy, Debug)]
pub enum Packet<'a> {
    /// SR.
    SenderReport(SenderReport<'a>),
    /// RR.
    ReceiverReport(ReceiverReport<'a>),
    /// SDES.
    SourceDescription(SourceDescription<'a>),
    /// BYE.
    Goodbye(Goodbye<'a>),
    /// Generic NACK.
    Nack(Nack<'a>),
    /// PLI.
    PictureLoss(PictureLoss),
    /// FIR.
    FullIntraRequest(FullIntraRequest<'a>),
    /// Feedback of transport-wide congestion control.
    TransportFeedback(TransportFeedback<'a>),
    /// A receiver's estimate of the bitrate it can take. Not read: the sender estimates here.
    Remb,
    /// Well-formed as far as its header says, and of no use here.
    Unknown {
        /// The packet type, 0 to 255.
        packet_type: u8,
        /// The lower five bits of the first byte.
        count: u8,
    },
}

/// Why a packet was not read. Always the sender's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// A count in the packet, or the length of an item, promises more than there is.
    #[error("count exceeds the packet")]
    Count,
    /// The padding is none, or longer than the packet.
    #[error("impossible padding")]
    Padding,
    /// A reserved symbol stands in transport-wide feedback.
    #[error("reserved symbol")]
    Symbol,
    /// Transport-wide feedback on no packets, or on more of them in one datagram than anybody has in flight.
    #[error("feedback on no packets or too many")]
    StatusCount,
    /// The packet ends before its fixed part does, or before its length says.
    #[error("truncated")]
    Truncated,
    /// The version is not 2.
    #[error("version is not 2")]
    Version,
}

/// The packets of one datagram, in order.
///
/// A packet whose content is malformed gives an error and is passed over. One whose header is, gives an error and
/// ends the walk, because nobody knows where the next one starts. The order that RFC 3550 section 6.1 wants of a
/// compound packet is not asked for (RFC 5506). The walk gives at most one item per four bytes, and transport-wide
/// feedback on at most 8191 packets, because two bytes can say as many.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: &'a [u8],
    /// On how many packets there may still be feedback.
    statuses_left: u16,
}

impl<'a> Packets<'a> {
    /// Returns the packets of a datagram from which SRTCP has been taken off.
    pub fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram, statuses_left: STATUSES_MAX }
    }

    /// Takes the work of walking a packet from what the datagram may cause.
    fn afford(&mut self, packet: Packet<'a>) -> Result<Packet<'a>, Malformed> {
        if let Packet::TransportFeedback(feedback) = packet {
            self.statuses_left =
                self.statuses_left.checked_sub(feedback.status_count).ok_or(Malformed::StatusCount)?;
        }
        Ok(packet)
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some(match Frame::split(self.rest) {
            Ok((frame, rest)) => {
                self.rest = rest;
                frame.read().and_then(|packet| self.afford(packet))
            }
            Err(malformed) => {
                self.rest = &[];
                Err(malformed)
            }
        })
    }
}

/// A packet of which only the header has been read.
struct Frame<'a> {
    count: u8,
    packet_type: u8,
    /// What follows the header, without padding.
    body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Cuts the first packet off.
    fn split(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Malformed> {
        let (&[first, packet_type, high, low], rest) =
            bytes.split_first_chunk::<4>().ok_or(Malformed::Truncated)?;
        if first >> 6 != 2 {
            return Err(Malformed::Version);
        }
        let length = usize::from(u16::from_be_bytes([high, low])) * 4;
        let (mut body, rest) = rest.split_at_checked(length).ok_or(Malformed::Truncated)?;
        if first & 0x20 != 0 {
            let padding = body.last().copied().filter(|padding| *padding > 0).ok_or(Malformed::Padding)?;
            let end = body.len().checked_sub(usize::from(padding)).ok_or(Malformed::Padding)?;
            body = &body[..end];
        }
        Ok((Self { count: first & 0x1f, packet_type, body }, rest))
    }

    fn read(&self) -> Result<Packet<'a>, Malformed> {
        let Self { count, packet_type, body } = *self;
        Ok(match (packet_type, count) {
            (packet_type::SENDER_REPORT, _) => Packet::SenderReport(SenderReport::read(count, body)?),
            (packet_type::RECEIVER_REPORT, _) => Packet::ReceiverReport(ReceiverReport::read(count, body)?),
            (packet_type::SOURCE_DESCRIPTION, _) => {
                Packet::SourceDescription(SourceDescription::read(count, body)?)
            }
            (packet_type::GOODBYE, _) => Packet::Goodbye(Goodbye::read(count, body)?),
            (packet_type::TRANSPORT_FEEDBACK, format::NACK) => Packet::Nack(Nack::read(body)?),
            (packet_type::TRANSPORT_FEEDBACK, format::TRANSPORT_WIDE) => {
                Packet::TransportFeedback(TransportFeedback::read(body)?)
            }
            (packet_type::PAYLOAD_FEEDBACK, format::PICTURE_LOSS) => {
                Packet::PictureLoss(PictureLoss::read(body)?)
            }
            (packet_type::PAYLOAD_FEEDBACK, format::FULL_INTRA_REQUEST) => {
                Packet::FullIntraRequest(FullIntraRequest::read(body)?)
            }
            (packet_type::PAYLOAD_FEEDBACK, format::APPLICATION) if body.get(8..12) == Some(b"REMB") => {
                Packet::Remb
            }
            _ => Packet::Unknown { packet_type, count },
        })
    }
}

/// Who gives feedback, and on whose stream: the first eight bytes of every feedback packet.
///
/// Source: RFC 4585 section 6.1.
pub(super) fn feedback_ssrcs(body: &[u8]) -> Result<((u32, u32), &[u8]), Malformed> {
    let (&[a, b, c, d, e, f, g, h], rest) = body.split_first_chunk::<8>().ok_or(Malformed::Truncated)?;
    Ok(((u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(datagram: &[u8]) -> Vec<Option<Malformed>> {
        Packets::new(datagram).map(Result::err).collect()
    }

    #[test]
    fn header_that_hides_where_the_packet_ends_ends_the_walk() {
        let good = [0x80, 201, 0, 1, 0, 0, 0, 7];
        assert_eq!(errors(&good), [None]);
        for (bad, why) in [
            (&[0x40, 201, 0, 1, 0, 0, 0, 7][..], Malformed::Version),
            (&[0x80, 201, 0, 200, 0, 0, 0, 7], Malformed::Truncated),
            (&[0x80, 201, 0], Malformed::Truncated),
            (&[0xa0, 201, 0, 1, 0, 0, 0, 0], Malformed::Padding),
            (&[0xa0, 201, 0, 1, 0, 0, 0, 5], Malformed::Padding),
            (&[0xa0, 201, 0, 0], Malformed::Padding),
        ] {
            assert_eq!(errors(&[&good, bad, &good].concat()[..8 + bad.len()]), [None, Some(why)], "{bad:?}");
        }
        assert_eq!(errors(&[&[0x40, 201, 0, 1, 0, 0, 0, 7], &good[..]].concat()), [Some(Malformed::Version)]);
    }

    #[test]
    fn packet_with_malformed_content_is_passed_over() {
        // An RR that promises a report block.
        let bad = [0x81, 201, 0, 1, 0, 0, 0, 7];
        let good = [0x80, 201, 0, 1, 0, 0, 0, 7];
        assert_eq!(errors(&[bad, good].concat()), [Some(Malformed::Count), None]);
    }

    #[test]
    fn feedback_in_one_datagram_is_on_a_bounded_number_of_packets() {
        // 4096 packets, none of which arrived, in 24 bytes.
        let feedback =
            [&[0x8f, 205, 0, 5, 0, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0x10, 0][..], &[0, 0, 0, 0, 0x10, 0, 0, 0]]
                .concat();
        assert_eq!(
            errors(&feedback.repeat(3)),
            [None, Some(Malformed::StatusCount), Some(Malformed::StatusCount)]
        );
    }

    #[test]
    fn padding_is_not_content() {
        // A BYE whose second SSRC would be padding.
        let padded = [0xa2, 203, 0, 2, 0, 0, 0, 7, 0, 0, 0, 4];
        assert_eq!(errors(&padded), [Some(Malformed::Count)]);
    }

    #[test]
    fn only_the_mark_of_remb_makes_remb() {
        let mut remb = [0u8; 20];
        remb[..4].copy_from_slice(&[0x8f, 206, 0, 4]);
        assert!(matches!(
            Packets::new(&remb).next(),
            Some(Ok(Packet::Unknown { packet_type: 206, count: 15 }))
        ));
        remb[12..16].copy_from_slice(b"REMB");
        assert!(matches!(Packets::new(&remb).next(), Some(Ok(Packet::Remb))));
    }

    #[test]
    fn extended_report_is_unknown() {
        let xr = [0x80, 207, 0, 1, 0, 0, 0, 1];
        assert!(matches!(Packets::new(&xr).next(), Some(Ok(Packet::Unknown { packet_type: 207, count: 0 }))));
    }
}
