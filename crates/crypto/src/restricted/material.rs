//! One piece of restricted material, and what is announced of it.

use sabha_protocol::{
    limits::{MATERIAL_BYTES_MAX, MATERIAL_PART_BYTES, MATERIAL_PICTURE_DOTS_MAX, MATERIAL_TEXT_BYTES_MAX},
    restricted::MaterialKind,
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::picture;
use crate::codec::{Malformed, Reader, Writer};

/// Material that can be shown. Its memory is wiped when it goes; there is no `Debug`.
pub(crate) struct Material {
    kind: MaterialKind,
    bytes: Zeroizing<Vec<u8>>,
    digest: [u8; 32],
}

/// It is nothing that can be shown, or too much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("restricted material is text, an advisory or a picture, within bounds")]
pub(crate) struct Unfit;

impl Material {
    /// Returns the material if it is of its kind and within the bounds for that.
    // RED-04
    pub(crate) fn new(kind: MaterialKind, bytes: Zeroizing<Vec<u8>>) -> Result<Self, Unfit> {
        let fits = !bytes.is_empty() && bytes.len() <= bytes_max(kind) && is(kind, &bytes);
        let digest = Sha256::digest(bytes.as_slice()).into();
        if fits { Ok(Self { kind, bytes, digest }) } else { Err(Unfit) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn announcement(&self) -> Announcement {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        Announcement { kind: self.kind, length, digest: self.digest }
    }

    /// Returns a part, filled up with zeros; `None` for one that there is not.
    pub(super) fn part(&self, number: u8) -> Option<Zeroizing<Vec<u8>>> {
        let part = self.bytes.chunks(MATERIAL_PART_BYTES).nth(usize::from(number))?;
        let mut filled = Zeroizing::new(vec![0; MATERIAL_PART_BYTES]);
        filled[..part.len()].copy_from_slice(part);
        Some(filled)
    }
}

const fn bytes_max(kind: MaterialKind) -> usize {
    match kind {
        MaterialKind::Csaf | MaterialKind::Text => MATERIAL_TEXT_BYTES_MAX,
        MaterialKind::Jpeg | MaterialKind::Png => MATERIAL_BYTES_MAX,
    }
}

fn is(kind: MaterialKind, bytes: &[u8]) -> bool {
    match kind {
        MaterialKind::Csaf => {
            serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|json| json.is_object())
        }
        MaterialKind::Text => std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')),
        MaterialKind::Jpeg => is_within(picture::of_jpeg(bytes)),
        MaterialKind::Png => is_within(picture::of_png(bytes)),
    }
}

/// A few hundred bytes can say that they are a picture of a gigabyte; no browser is asked to unpack that.
fn is_within(dots: Option<(u32, u32)>) -> bool {
    let fits = |side| (1..=MATERIAL_PICTURE_DOTS_MAX).contains(&side);
    dots.is_some_and(|(width, height)| fits(width) && fits(height))
}

/// What is said of material before its parts. As long for any as for any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Announcement {
    pub(crate) kind: MaterialKind,
    /// In bytes; from 1 to what is the most for the kind.
    pub(crate) length: u32,
    pub(crate) digest: [u8; 32],
}

impl Announcement {
    /// Returns how many parts there are, from 1 to 64.
    pub(crate) fn parts(&self) -> u8 {
        u8::try_from((self.length as usize).div_ceil(MATERIAL_PART_BYTES)).unwrap_or(u8::MAX)
    }

    /// Returns the set of all parts: one bit for each, the first the lowest.
    pub(super) fn all(&self) -> u64 {
        u64::MAX >> (64 - u32::from(self.parts()).clamp(1, 64))
    }

    pub(crate) fn write(&self, writer: Writer) -> Writer {
        let kind = match self.kind {
            MaterialKind::Text => 1,
            MaterialKind::Csaf => 2,
            MaterialKind::Png => 3,
            MaterialKind::Jpeg => 4,
        };
        writer.u8(kind).array(&self.length.to_be_bytes()).array(&self.digest)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let kind = match reader.u8()? {
            1 => MaterialKind::Text,
            2 => MaterialKind::Csaf,
            3 => MaterialKind::Png,
            4 => MaterialKind::Jpeg,
            _ => return Err(Malformed),
        };
        let length = u32::from_be_bytes(reader.array()?);
        // RED-04
        if !(1..=bytes_max(kind)).contains(&(length as usize)) {
            return Err(Malformed);
        }
        Ok(Self { kind, length, digest: reader.array()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(kind: MaterialKind, bytes: &[u8]) -> bool {
        Material::new(kind, Zeroizing::new(bytes.to_vec())).is_ok()
    }

    /// RED-04
    #[test]
    fn what_is_not_of_its_kind_is_no_material() {
        assert!(fits(MaterialKind::Text, "राज़ \u{1f512}\n<b>text</b>".as_bytes()));
        assert!(!fits(MaterialKind::Text, b""));
        assert!(!fits(MaterialKind::Text, b"\xff"));
        assert!(!fits(MaterialKind::Text, b"PK\x03\x04\0"));
        assert!(fits(MaterialKind::Csaf, br#"{"document": {}}"#));
        for other in ["[]", "{", "<html>", "\"{}\""] {
            assert!(!fits(MaterialKind::Csaf, other.as_bytes()), "{other}");
        }
        // Deeper than any advisory, and than any stack should be asked to go.
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(!fits(MaterialKind::Csaf, deep.as_bytes()));
        for kind in [MaterialKind::Jpeg, MaterialKind::Png] {
            assert!(!fits(kind, b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "{kind:?}");
        }
    }

    /// RED-04
    #[test]
    fn text_has_as_many_bytes_as_a_document_and_no_more() {
        let text = vec![b'a'; MATERIAL_TEXT_BYTES_MAX + 1];
        assert!(fits(MaterialKind::Text, &text[1..]));
        assert!(!fits(MaterialKind::Text, &text));
    }

    #[test]
    fn parts_are_of_one_length_and_make_the_whole() {
        for (length, parts) in [(1, 1), (MATERIAL_PART_BYTES, 1), (MATERIAL_PART_BYTES + 1, 2)] {
            let bytes: Vec<u8> = (0..length).map(|at| b'a' + (at % 26) as u8).collect();
            let material = Material::new(MaterialKind::Text, Zeroizing::new(bytes.clone())).unwrap();
            let announcement = material.announcement();
            assert_eq!(announcement.parts(), parts);
            assert_eq!(announcement.all().count_ones(), u32::from(parts));
            let all: Vec<_> = (0..parts).map(|number| material.part(number).unwrap()).collect();
            assert!(all.iter().all(|part| part.len() == MATERIAL_PART_BYTES));
            let whole: Vec<u8> = all.iter().flat_map(|part| part.iter().copied()).collect();
            assert_eq!(whole[..length], bytes);
            assert!(material.part(parts).is_none());
        }
    }

    /// RED-04
    #[test]
    fn an_announcement_has_one_form_and_no_length_beyond_its_kinds() {
        let of = |kind, length| Announcement { kind, length, digest: [7; 32] };
        let read = |one: Announcement| {
            let bytes = one.write(Writer::default()).done();
            Announcement::read(&mut Reader::new(&bytes))
        };
        let (text, whole) = (MATERIAL_TEXT_BYTES_MAX as u32, MATERIAL_BYTES_MAX as u32);
        for one in [of(MaterialKind::Text, 1), of(MaterialKind::Csaf, text), of(MaterialKind::Png, whole)] {
            assert_eq!(read(one), Ok(one));
        }
        assert_eq!(of(MaterialKind::Jpeg, whole).parts(), 64);
        assert_eq!(of(MaterialKind::Jpeg, whole).all(), u64::MAX);
        for one in
            [of(MaterialKind::Text, 0), of(MaterialKind::Text, text + 1), of(MaterialKind::Jpeg, whole + 1)]
        {
            assert_eq!(read(one), Err(Malformed));
        }
    }
}
