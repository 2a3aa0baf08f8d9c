//! The bytes of every statement: fixed-length fields in order, big-endian, with a count before each list.
//!
//! One value has one form. Whatever is read is bounded, known and used up, so that writing it again gives the
//! same bytes: no two readers can see different things under one signature.

/// Why bytes are no statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A list is longer than its bound; the name is that of the list.
    #[error("too many {0}")]
    Bound(&'static str),
    /// A list that must be sorted and free of doubles is not; the name is that of the list.
    #[error("{0} out of order")]
    Order(&'static str),
    /// Bytes are left over.
    #[error("bytes after the end")]
    Trailing,
    /// The bytes end too early.
    #[error("bytes missing")]
    Truncated,
    /// A field has a value that this version does not know; the name is that of the field.
    #[error("unknown {0}")]
    Unknown(&'static str),
}

/// Takes fields off the front of some bytes. Public only in that it stands in the sealed trait of statements.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(Malformed::Truncated)?;
        self.0 = rest;
        Ok(*field)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    /// Reads whether a field follows.
    pub(crate) fn present(&mut self, field: &'static str) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed::Unknown(field)),
        }
    }

    /// Reads how many entries of a list follow.
    pub(crate) fn count(&mut self, max: usize, list: &'static str) -> Result<usize, Malformed> {
        let count = usize::from(self.u16()?);
        if count > max { Err(Malformed::Bound(list)) } else { Ok(count) }
    }

    /// Ends the reading.
    pub(crate) const fn finish(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed::Trailing) }
    }
}

/// Writes how many entries of a list follow. A list too long for its count is written as one that no reader takes.
pub(crate) fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend(u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_off_the_front_in_order() {
        let mut reader = Reader::new(&[1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 9, 8]);
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.u16(), Ok(2));
        assert_eq!(reader.u64(), Ok(3));
        assert_eq!(reader.array(), Ok([9, 8]));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn too_few_and_too_many_bytes_are_refused() {
        assert_eq!(Reader::new(&[1]).u16(), Err(Malformed::Truncated));
        assert_eq!(Reader::new(&[1]).finish(), Err(Malformed::Trailing));
    }

    #[test]
    fn a_field_is_there_or_not_and_nothing_else() {
        assert_eq!(Reader::new(&[0]).present("x"), Ok(false));
        assert_eq!(Reader::new(&[1]).present("x"), Ok(true));
        assert_eq!(Reader::new(&[2]).present("x"), Err(Malformed::Unknown("x")));
    }

    #[test]
    fn a_list_is_as_long_as_its_bound_at_most() {
        assert_eq!(Reader::new(&[0, 3]).count(3, "x"), Ok(3));
        assert_eq!(Reader::new(&[0, 4]).count(3, "x"), Err(Malformed::Bound("x")));
        let mut out = Vec::new();
        put_count(&mut out, 0x10203);
        assert_eq!(out, [0xff, 0xff]);
    }
}
