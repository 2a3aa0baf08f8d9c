//! The numbers of pictures in a payload descriptor: where they stand, and how others are written over them.

/// M: the picture id has 15 bits instead of 7.
pub(crate) const LONG_PICTURE_ID: u8 = 0x80;

/// A picture id, and where in the payload it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PictureId {
    pub(crate) value: u16,
    pub(crate) offset: usize,
    pub(crate) is_long: bool,
}

/// A TL0PICIDX, and where in the payload it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tl0 {
    pub(crate) value: u8,
    pub(crate) offset: usize,
}

impl PictureId {
    /// Reads the one that begins with `first` at `offset`; `next` gives the byte behind it.
    pub(crate) fn read(first: u8, offset: usize, next: impl FnOnce() -> Option<u8>) -> Option<Self> {
        let is_long = first & LONG_PICTURE_ID != 0;
        let value =
            if is_long { u16::from_be_bytes([first & !LONG_PICTURE_ID, next()?]) } else { u16::from(first) };
        Some(Self { value, offset, is_long })
    }

    /// Returns as much of `value` as there is room for.
    pub(crate) const fn fit(self, value: u16) -> u16 {
        value & if self.is_long { 0x7fff } else { 0x7f }
    }

    /// Writes another one over it, in its width.
    pub(crate) fn write(self, value: u16, payload: &mut [u8]) {
        let [high, low] = self.fit(value).to_be_bytes();
        if self.is_long {
            write(payload, self.offset, &[high | LONG_PICTURE_ID, low]);
        } else {
            write(payload, self.offset, &[low]);
        }
    }
}

impl Tl0 {
    /// Writes another one over it.
    pub(crate) fn write(self, value: u8, payload: &mut [u8]) {
        write(payload, self.offset, &[value]);
    }
}

/// Writes over what stands at `offset`, if the payload is that long.
fn write(payload: &mut [u8], offset: usize, bytes: &[u8]) {
    if let Some(field) = payload.get_mut(offset..offset + bytes.len()) {
        field.copy_from_slice(bytes);
    }
}
