//! Requests for packets that were lost.
//!
//! ```text
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+   PID  a sequence number
//! |              PID              |              BLP              |   BLP  bit i, from the lowest: PID + i + 1 too
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! Source: RFC 4585 section 6.2.1.

use super::compound::{Malformed, feedback_ssrcs};
use super::{format, packet_type, write};

/// What a packet has room for beside a report in one datagram: 1 KiB.
const ENTRIES_MAX: usize = 256;
/// Packets that BLP covers.
const BITS: u16 = 16;

/// Generic NACK.
#[derive(Clone, Copy, Debug)]
pub struct Nack<'a> {
    /// Who asks.
    pub sender_ssrc: u32,
    /// The stream of which packets are asked for.
    pub media_ssrc: u32,
    entries: &'a [[u8; 4]],
}

impl<'a> Nack<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let ((sender_ssrc, media_ssrc), entries) = feedback_ssrcs(body)?;
        match entries.as_chunks::<4>() {
            ([], _) => Err(Malformed::Truncated),
            (entries, _) => Ok(Self { sender_ssrc, media_ssrc, entries }),
        }
    }

    /// Returns the sequence numbers asked for, in the order of the packet. The same one may come more than once;
    /// there are at most 17 for every four bytes.
    pub fn sequence_numbers(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.entries.iter().flat_map(|&[p0, p1, b0, b1]| {
            let (pid, blp) = (u16::from_be_bytes([p0, p1]), u16::from_be_bytes([b0, b1]));
            let others = (0..BITS).filter(move |bit| blp >> bit & 1 != 0);
            std::iter::once(pid).chain(others.map(move |bit| pid.wrapping_add(bit + 1)))
        })
    }
}

/// Appends a NACK for these sequence numbers, and more of them where one would be longer than 1 KiB; nothing for
/// none. They are packed best if they come in their order, each once.
pub(crate) fn write_nack(
    out: &mut Vec<u8>,
    sender_ssrc: u32,
    media_ssrc: u32,
    seqs: impl IntoIterator<Item = u16>,
) {
    let mut seqs = seqs.into_iter();
    let mut next = seqs.next();
    while next.is_some() {
        write::packet(out, packet_type::TRANSPORT_FEEDBACK, format::NACK, |out| {
            out.extend_from_slice(&sender_ssrc.to_be_bytes());
            out.extend_from_slice(&media_ssrc.to_be_bytes());
            for _ in 0..ENTRIES_MAX {
                let Some(pid) = next.take() else { break };
                let mut blp = 0u16;
                next = seqs.by_ref().find(|seq| match seq.wrapping_sub(pid) {
                    0 => false,
                    ahead if ahead <= BITS => {
                        blp |= 1 << (ahead - 1);
                        false
                    }
                    _ => true,
                });
                out.extend_from_slice(&pid.to_be_bytes());
                out.extend_from_slice(&blp.to_be_bytes());
            }
        });
    }
}
