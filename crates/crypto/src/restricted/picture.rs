//! How large a picture says it is, before anybody unpacks it.
//!
//! No more of either format is read: the browser's decoder does that, in a process of its own, and what it gives is painted.

/// Returns width and height of a PNG (W3C PNG, third edition, sections 5.2 and 11.2.1): the signature, and `IHDR` as the first
/// chunk.
pub(super) fn of_png(bytes: &[u8]) -> Option<(u32, u32)> {
    let rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")?;
    let (width, rest) = rest.split_first_chunk()?;
    let (height, _) = rest.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// Returns width and height of a JPEG (ITU-T T.81, annex B): what its first frame header says, behind any other segments.
pub(super) fn of_jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let ([0xff, marker, high, low], after) = rest.split_first_chunk()? else { return None };
        // Of the segment, with these two bytes.
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        match marker {
            // Table B.1: a frame header, but for DHT, JPG and DAC.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let [_, y_high, y_low, x_high, x_low] = *after.first_chunk()?;
                let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
                return Some((side(x_high, x_low), side(y_high, y_low)));
            }
            // Fill bytes, and what stands alone or begins the scan, come before no frame header that a canvas writes.
            0x00 | 0x01 | 0xd0..=0xda | 0xff => return None,
            _ => rest = after.get(length.checked_sub(2)?..)?,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The beginning of a PNG.
    pub(in crate::restricted) fn png(width: u32, height: u32) -> Vec<u8> {
        [
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(),
            &width.to_be_bytes(),
            &height.to_be_bytes(),
            &[8, 6, 0, 0, 0],
        ]
        .concat()
    }

    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let app0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00";
        let frame =
            [b"\xff\xc0\x00\x11\x08".as_slice(), &height.to_be_bytes(), &width.to_be_bytes(), &[3]].concat();
        [b"\xff\xd8".as_slice(), app0, b"\xff\xdb\x00\x03\x00", &frame].concat()
    }

    #[test]
    fn a_picture_says_how_large_it_is() {
        assert_eq!(of_png(&png(640, 480)), Some((640, 480)));
        assert_eq!(of_jpeg(&jpeg(1280, 720)), Some((1280, 720)));
        assert_eq!(of_png(&jpeg(1, 1)), None);
        assert_eq!(of_jpeg(&png(1, 1)), None);
    }

    #[test]
    fn a_picture_that_is_cut_off_before_its_size_has_none() {
        let (png, jpeg) = (png(640, 480), jpeg(1280, 720));
        assert!((0..24).all(|length| of_png(&png[..length]).is_none()));
        assert!((0..jpeg.len() - 1).all(|length| of_jpeg(&jpeg[..length]).is_none()));
        // A segment of no length leads nowhere.
        assert_eq!(of_jpeg(b"\xff\xd8\xff\xe0\x00\x00\xff\xe0\x00\x00"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
            let _ = of_png(&bytes);
            let _ = of_jpeg(&[b"\xff\xd8\xff", bytes.as_slice()].concat());
        }
    }
}
