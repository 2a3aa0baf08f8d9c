//! The frame of every packet that is written: header, length, padding.

/// Version 2, no padding.
const VERSION: u8 = 0x80;
const PADDING: u8 = 0x20;

/// Appends one packet, whose body `body` appends, and pads it to a whole number of words.
///
/// `count` is the lower five bits of the first byte: a count of blocks or the feedback message type. The length
/// of the body is for the caller to bound; it fits the field up to 256 KiB.
pub(super) fn packet(out: &mut Vec<u8>, packet_type: u8, count: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[VERSION | count & 0x1f, packet_type, 0, 0]);
    body(out);
    let padding = (out.len() - start).next_multiple_of(4) - (out.len() - start);
    if padding > 0 {
        out.resize(out.len() + padding, 0);
        // The last byte says how many there are (RFC 3550 section 6.4.1). libwebrtc pads in the middle of a
        // compound packet too, although the RFC has only the last packet padded.
        if let Some(last) = out.last_mut() {
            *last = padding as u8;
        }
        out[start] |= PADDING;
    }
    let words = (out.len() - start) / 4 - 1;
    debug_assert!(words <= usize::from(u16::MAX), "bodies are bounded by their writers");
    out[start + 2..start + 4].copy_from_slice(&(words as u16).to_be_bytes());
}
