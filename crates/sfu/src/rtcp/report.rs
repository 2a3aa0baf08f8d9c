//! Sender and receiver reports with their report blocks.
//!
//! Source: RFC 3550 section 6.4.

use super::compound::Malformed;
use super::{packet_type, write};

/// The count of report blocks has five bits.
const BLOCKS_MAX: usize = 31;
const BLOCK_BYTES: usize = 24;

/// What a sender says of its own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall clock of the sender when the report left: seconds since 1900 in the upper half, 2^-32 s in the lower.
    pub ntp: u64,
    /// The same instant on the clock of the stream's RTP timestamps.
    pub timestamp: u32,
    /// RTP packets sent, modulo 2^32.
    pub packets: u32,
    /// Payload bytes sent, headers and padding excluded, modulo 2^32.
    pub octets: u32,
}

/// What a receiver says of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream.
    pub ssrc: u32,
    /// Share of packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the beginning, -2^23 to 2^23 - 1; negative if more were duplicated.
    pub cumulative_lost: i32,
    /// Highest sequence number received, with the count of its wraps in the upper half.
    pub highest_seq: u32,
    /// Interarrival jitter in units of the RTP timestamp.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last SR of this stream, 0 if there was none.
    pub last_sr: u32,
    /// Time between that SR's arrival and this report in 1/65536 s.
    pub delay_since_last_sr: u32,
}

/// SR.
#[derive(Clone, Copy, Debug)]
pub struct SenderReport<'a> {
    /// The stream that is sent.
    pub ssrc: u32,
    /// What is said of it.
    pub info: SenderInfo,
    blocks: &'a [[u8; BLOCK_BYTES]],
}

/// RR.
#[derive(Clone, Copy, Debug)]
pub struct ReceiverReport<'a> {
    /// Who reports.
    pub ssrc: u32,
    blocks: &'a [[u8; BLOCK_BYTES]],
}

impl<'a> SenderReport<'a> {
    pub(super) fn read(count: u8, body: &'a [u8]) -> Result<Self, Malformed> {
        let (ssrc, body) = ssrc(body)?;
        let (info, body) = body.split_first_chunk::<20>().ok_or(Malformed::Truncated)?;
        Ok(Self { ssrc, info: SenderInfo::read(info), blocks: blocks(count, body)? })
    }

    /// Returns the report blocks, at most 31.
    pub fn blocks(&self) -> impl Iterator<Item = ReportBlock> + use<'a> {
        self.blocks.iter().map(ReportBlock::read)
    }
}

impl<'a> ReceiverReport<'a> {
    pub(super) fn read(count: u8, body: &'a [u8]) -> Result<Self, Malformed> {
        let (ssrc, body) = ssrc(body)?;
        Ok(Self { ssrc, blocks: blocks(count, body)? })
    }

    /// Returns the report blocks, at most 31.
    pub fn blocks(&self) -> impl Iterator<Item = ReportBlock> + use<'a> {
        self.blocks.iter().map(ReportBlock::read)
    }
}

impl SenderInfo {
    fn read(bytes: &[u8; 20]) -> Self {
        let [n0, n1, n2, n3, n4, n5, n6, n7, t0, t1, t2, t3, p0, p1, p2, p3, o0, o1, o2, o3] = *bytes;
        Self {
            ntp: u64::from_be_bytes([n0, n1, n2, n3, n4, n5, n6, n7]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            packets: u32::from_be_bytes([p0, p1, p2, p3]),
            octets: u32::from_be_bytes([o0, o1, o2, o3]),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.ntp.to_be_bytes());
        for field in [self.timestamp, self.packets, self.octets] {
            out.extend_from_slice(&field.to_be_bytes());
        }
    }
}

impl ReportBlock {
    fn read(bytes: &[u8; BLOCK_BYTES]) -> Self {
        let [s0, s1, s2, s3, fraction_lost, c0, c1, c2, rest @ ..] = *bytes;
        let [h0, h1, h2, h3, j0, j1, j2, j3, l0, l1, l2, l3, d0, d1, d2, d3] = rest;
        Self {
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
            fraction_lost,
            // 24 bits, signed: shifted down with their sign.
            cumulative_lost: i32::from_be_bytes([c0, c1, c2, 0]) >> 8,
            highest_seq: u32::from_be_bytes([h0, h1, h2, h3]),
            jitter: u32::from_be_bytes([j0, j1, j2, j3]),
            last_sr: u32::from_be_bytes([l0, l1, l2, l3]),
            delay_since_last_sr: u32::from_be_bytes([d0, d1, d2, d3]),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let [_, c0, c1, c2] = self.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff).to_be_bytes();
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(&[self.fraction_lost, c0, c1, c2]);
        for field in [self.highest_seq, self.jitter, self.last_sr, self.delay_since_last_sr] {
            out.extend_from_slice(&field.to_be_bytes());
        }
    }
}

/// Appends an SR of the stream `ssrc`. What of `blocks` is more than 31 follows in RRs.
pub(crate) fn write_sender_report(out: &mut Vec<u8>, ssrc: u32, info: &SenderInfo, blocks: &[ReportBlock]) {
    let (first, rest) = blocks.split_at(blocks.len().min(BLOCKS_MAX));
    write::packet(out, packet_type::SENDER_REPORT, first.len() as u8, |out| {
        out.extend_from_slice(&ssrc.to_be_bytes());
        info.write(out);
        first.iter().for_each(|block| block.write(out));
    });
    if !rest.is_empty() {
        write_receiver_report(out, ssrc, rest);
    }
}

/// Appends an RR by `ssrc`, and more of them if `blocks` are more than 31. Without any it is empty, as the start
/// of a compound packet may be.
pub(crate) fn write_receiver_report(out: &mut Vec<u8>, ssrc: u32, blocks: &[ReportBlock]) {
    let mut rest = blocks;
    loop {
        let (some, more) = rest.split_at(rest.len().min(BLOCKS_MAX));
        write::packet(out, packet_type::RECEIVER_REPORT, some.len() as u8, |out| {
            out.extend_from_slice(&ssrc.to_be_bytes());
            some.iter().for_each(|block| block.write(out));
        });
        if more.is_empty() {
            return;
        }
        rest = more;
    }
}

fn ssrc(body: &[u8]) -> Result<(u32, &[u8]), Malformed> {
    let (ssrc, rest) = body.split_first_chunk::<4>().ok_or(Malformed::Truncated)?;
    Ok((u32::from_be_bytes(*ssrc), rest))
}

/// Returns the blocks that the header counts. What follows them is an extension of some profile.
fn blocks(count: u8, body: &[u8]) -> Result<&[[u8; BLOCK_BYTES]], Malformed> {
    let (blocks, _) = body.as_chunks::<BLOCK_BYTES>();
    blocks.get(..usize::from(count)).ok_or(Malformed::Count)
}
