//! Requests for a key frame: PLI, and FIR, which some endpoints send instead.
//!
//! Source: RFC 4585 section 6.3.1, RFC 5104 section 4.3.1.

use super::compound::{Malformed, feedback_ssrcs};
use super::{format, packet_type, write};

/// PLI: the decoder lost pictures and cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureLoss {
    /// Who asks.
    pub sender_ssrc: u32,
    /// The stream that is asked for a key frame.
    pub media_ssrc: u32,
}

/// FIR: a decoder wants to start.
#[derive(Clone, Copy, Debug)]
pub struct FullIntraRequest<'a> {
    /// Who asks.
    pub sender_ssrc: u32,
    entries: &'a [[u8; 8]],
}

impl PictureLoss {
    pub(super) fn read(body: &[u8]) -> Result<Self, Malformed> {
        let ((sender_ssrc, media_ssrc), _) = feedback_ssrcs(body)?;
        Ok(Self { sender_ssrc, media_ssrc })
    }
}

impl<'a> FullIntraRequest<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        // The media SSRC of the header is unused here: each entry names its own.
        let ((sender_ssrc, _), entries) = feedback_ssrcs(body)?;
        match entries.as_chunks::<8>() {
            ([], _) => Err(Malformed::Truncated),
            (entries, _) => Ok(Self { sender_ssrc, entries }),
        }
    }

    /// Returns each stream that is asked for a key frame with the number of the request, which stays when the
    /// request is repeated. At most one per eight bytes of the packet.
    pub fn entries(&self) -> impl Iterator<Item = (u32, u8)> + use<'a> {
        self.entries.iter().map(|&[a, b, c, d, number, ..]| (u32::from_be_bytes([a, b, c, d]), number))
    }
}

/// Appends a PLI.
pub(crate) fn write_picture_loss(out: &mut Vec<u8>, sender_ssrc: u32, media_ssrc: u32) {
    write::packet(out, packet_type::PAYLOAD_FEEDBACK, format::PICTURE_LOSS, |out| {
        out.extend_from_slice(&sender_ssrc.to_be_bytes());
        out.extend_from_slice(&media_ssrc.to_be_bytes());
    });
}
