//! Source descriptions, of which only the CNAME is of use: it says which streams belong together.
//!
//! Source: RFC 3550 section 6.5.

use super::compound::Malformed;
use super::{packet_type, write};

const END: u8 = 0;
const CNAME: u8 = 1;
/// The length of an item has eight bits.
const CNAME_BYTES_MAX: usize = 255;

/// SDES.
#[derive(Clone, Copy, Debug)]
pub struct SourceDescription<'a> {
    chunks: u8,
    body: &'a [u8],
}

/// What is said of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceChunk<'a> {
    /// The source.
    pub ssrc: u32,
    /// Its canonical name, up to 255 bytes that should be UTF-8, and nobody has checked that they are.
    pub cname: Option<&'a [u8]>,
}

impl<'a> SourceDescription<'a> {
    pub(super) fn read(chunks: u8, body: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = body;
        for _ in 0..chunks {
            rest = chunk(rest).ok_or(Malformed::Count)?.1;
        }
        Ok(Self { chunks, body })
    }

    /// Returns what is said of each source, at most 31 of them.
    pub fn chunks(&self) -> impl Iterator<Item = SourceChunk<'a>> + use<'a> {
        let mut rest = self.body;
        (0..self.chunks).map_while(move |_| {
            let (first, after) = chunk(rest)?;
            rest = after;
            Some(first)
        })
    }
}

/// Reads one chunk: a source, items, and one to four zeros up to the next word.
fn chunk(bytes: &[u8]) -> Option<(SourceChunk<'_>, &[u8])> {
    let (ssrc, mut items) = bytes.split_first_chunk::<4>()?;
    let mut cname = None;
    loop {
        match *items {
            [END, ..] => break,
            [kind, length, ref rest @ ..] => {
                let (value, rest) = rest.split_at_checked(usize::from(length))?;
                if kind == CNAME {
                    cname = cname.or(Some(value));
                }
                items = rest;
            }
            _ => return None,
        }
    }
    // The zero that ends the list belongs to it.
    let used = (bytes.len() - items.len() + 1).next_multiple_of(4);
    Some((SourceChunk { ssrc: u32::from_be_bytes(*ssrc), cname }, bytes.get(used..)?))
}

/// Appends an SDES that names one source. Of `cname` the first 255 bytes are used.
pub(crate) fn write_source_description(out: &mut Vec<u8>, ssrc: u32, cname: &str) {
    let cname = &cname.as_bytes()[..cname.len().min(CNAME_BYTES_MAX)];
    write::packet(out, packet_type::SOURCE_DESCRIPTION, 1, |out| {
        out.extend_from_slice(&ssrc.to_be_bytes());
        out.extend_from_slice(&[CNAME, cname.len() as u8]);
        out.extend_from_slice(cname);
        let used = 4 + 2 + cname.len();
        out.resize(out.len() + (used + 1).next_multiple_of(4) - used, END);
    });
}
