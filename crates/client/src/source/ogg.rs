//! Opus from an Ogg file (RFC 3533, RFC 7845), played in a loop.

use std::{fs, io::Read as _, path::Path, sync::Arc};

use super::{AudioSource, AudioStep};
use crate::error::ClientError;

/// Longest file, in bytes: an hour at 64 kbit/s.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Longest Opus packet that fits into one RTP packet with all headers, in bytes.
const PACKET_BYTES_MAX: usize = 1_100;

const PAGE_HEADER_BYTES: usize = 27;

/// A recording. Cloning shares the packets.
#[derive(Clone, Debug)]
pub struct OggAudio {
    packets: Arc<[Vec<u8>]>,
    next: usize,
}

impl OggAudio {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ClientError::MediaFile`] when it cannot be read, is not Ogg with one Opus stream, or has a packet
    /// too long for one datagram.
    pub fn open(path: &Path) -> Result<Self, ClientError> {
        let failed = |reason: String| ClientError::MediaFile { path: path.to_owned(), reason };
        let mut bytes = Vec::new();
        let file = fs::File::open(path).map_err(|error| failed(error.to_string()))?;
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(failed(format!("it is longer than {FILE_BYTES_MAX} bytes")));
        }
        Self::parse(&bytes).map_err(|reason| failed(reason.to_owned()))
    }

    fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut packets = packets(bytes)?.into_iter();
        if !packets.next().is_some_and(|head| head.starts_with(b"OpusHead")) {
            return Err("it is not Ogg with Opus");
        }
        if !packets.next().is_some_and(|tags| tags.starts_with(b"OpusTags")) {
            return Err("it has no OpusTags");
        }
        let packets: Arc<[Vec<u8>]> = packets.filter(|packet| !packet.is_empty()).collect();
        if packets.is_empty() {
            return Err("it has no sound");
        }
        if packets.iter().any(|packet| packet.len() > PACKET_BYTES_MAX) {
            return Err("a packet of it does not fit into a datagram");
        }
        Ok(Self { packets, next: 0 })
    }
}

/// Puts the packets of the file together from its pages' segments (RFC 3533 sections 5 and 6).
fn packets(bytes: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let mut packets = Vec::new();
    let mut open = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let header = rest.get(..PAGE_HEADER_BYTES).ok_or("it ends within a page")?;
        if &header[..5] != b"OggS\0" {
            return Err("it is not Ogg");
        }
        let table_end = PAGE_HEADER_BYTES + usize::from(header[26]);
        let lengths = rest.get(PAGE_HEADER_BYTES..table_end).ok_or("it ends within a page")?;
        let mut at = table_end;
        for length in lengths {
            let end = at + usize::from(*length);
            open.extend_from_slice(rest.get(at..end).ok_or("it ends within a page")?);
            at = end;
            // A segment of less than 255 bytes ends its packet.
            if *length < 255 {
                packets.push(std::mem::take(&mut open));
            }
        }
        rest = &rest[at..];
    }
    Ok(packets)
}

/// Returns how long an Opus packet lasts, in ticks of 48 kHz (RFC 6716 section 3.1 and table 2).
fn ticks(packet: &[u8]) -> u32 {
    let toc = packet.first().copied().unwrap_or_default();
    let config = toc >> 3;
    // In units of 2.5 ms, which is 120 ticks.
    let frame = match (config, config & 3) {
        (0..12, 0) => 4,
        (0..12, 1) => 8,
        (0..12, 2) => 16,
        (0..12, _) => 24,
        (12..16, low) => 4 << (low & 1),
        (_, low) => 1 << low,
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1).copied().unwrap_or(1) & 0x3f).max(1),
    };
    // No packet lasts longer than 120 ms.
    (frame * frames * 120).min(5_760)
}

impl AudioSource for OggAudio {
    fn next_packet(&mut self, payload: &mut Vec<u8>) -> AudioStep {
        let index = self.next;
        let packet = &self.packets[index];
        payload.extend_from_slice(packet);
        self.next = (index + 1) % self.packets.len();
        AudioStep { ticks: ticks(packet), starts_spurt: index == 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(packets: &[&[u8]]) -> Vec<u8> {
        let mut lengths = Vec::new();
        for packet in packets {
            lengths.extend(std::iter::repeat_n(255, packet.len() / 255));
            lengths.push((packet.len() % 255) as u8);
        }
        let mut out = b"OggS\0".to_vec();
        out.resize(PAGE_HEADER_BYTES - 1, 0);
        out.push(lengths.len() as u8);
        out.extend(lengths);
        out.extend(packets.concat());
        out
    }

    fn recording() -> Vec<u8> {
        let long = [0x78; 600];
        [page(&[b"OpusHead"]), page(&[b"OpusTags"]), page(&[&[0x78, 1], &long]), page(&[&[0xf9, 3]])].concat()
    }

    #[test]
    fn packets_come_in_order_with_their_length_and_then_again() {
        let mut audio = OggAudio::parse(&recording()).unwrap();
        let mut next = || {
            let mut payload = Vec::new();
            let step = audio.next_packet(&mut payload);
            (payload.len(), step.ticks)
        };
        // Hybrid 20 ms once, twice; CELT 20 ms with two frames in the packet; and from the start.
        assert_eq!([next(), next(), next(), next()], [(2, 960), (600, 960), (2, 1_920), (2, 960)]);
    }

    #[test]
    fn other_files_are_refused() {
        assert!(OggAudio::parse(b"RIFF").is_err());
        assert!(OggAudio::parse(&page(&[b"vorbis"])).is_err());
        assert!(OggAudio::parse(&[page(&[b"OpusHead"]), page(&[b"OpusTags"])].concat()).is_err());
    }

    proptest! {
        #[test]
        fn damaged_recording_is_refused_or_played_without_panic(cut in 0_usize..800, flip in 0_usize..800, by: u8) {
            let mut bytes = recording();
            bytes.truncate(cut);
            if let Some(byte) = bytes.get_mut(flip) {
                *byte ^= by;
            }
            if let Ok(mut audio) = OggAudio::parse(&bytes) {
                audio.next_packet(&mut Vec::new());
            }
        }
    }
}
