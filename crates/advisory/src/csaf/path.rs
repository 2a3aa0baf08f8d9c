//! Where in a document something is: a JSON pointer (RFC 6901) that costs nothing until it is written.

use std::fmt::Write as _;

/// Longest key that a pointer repeats. Those of the standard have 29 bytes at most; a document of one key that is as long as
/// itself must not come back a thousand times.
const KEY_BYTES_MAX: usize = 128;

/// A place on the way from the root, which lies on the stack of whoever walks there.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    before: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Item(usize),
}

impl<'a> Path<'a> {
    pub(crate) const ROOT: Path<'static> = Path { before: None, step: Step::Root };

    /// Returns the path to the value of `key` in the object that is here.
    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        Path { before: Some(self), step: Step::Key(key) }
    }

    /// Returns the path to the item `at` of the list that is here.
    pub(crate) fn item(&'a self, at: usize) -> Self {
        Path { before: Some(self), step: Step::Item(at) }
    }
}

impl Path<'_> {
    /// Returns the pointer: to here, or to the nearest place above that can be named in [`KEY_BYTES_MAX`] a step.
    pub(crate) fn pointer(&self) -> String {
        let mut pointer = String::new();
        self.write(&mut pointer);
        pointer
    }

    /// Writes the pointer, and returns whether all of it.
    fn write(&self, out: &mut String) -> bool {
        if !self.before.is_none_or(|before| before.write(out)) {
            return false;
        }
        match self.step {
            Step::Root => {}
            Step::Key(key) if key.len() > KEY_BYTES_MAX => return false,
            Step::Key(key) => {
                out.push('/');
                out.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            // Cannot fail: a String takes any text.
            Step::Item(at) => drop(write!(out, "/{at}")),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_written_as_a_pointer_of_rfc_6901() {
        let (list, odd) = (Path::ROOT.key("vulnerabilities"), Path::ROOT.key("m~n/o"));
        assert_eq!(list.item(3).pointer(), "/vulnerabilities/3");
        assert_eq!(odd.pointer(), "/m~0n~1o");
        assert_eq!(Path::ROOT.pointer(), "");
    }
    #[test]
    fn what_cannot_be_named_is_pointed_at_from_above() {
        let long = "x".repeat(KEY_BYTES_MAX + 1);
        let (outer, inner) = (Path::ROOT.key("document"), Path::ROOT.key(&long[1..]));
        let below = outer.key(&long);
        assert_eq!(below.item(1).key("a").pointer(), "/document");
        assert_eq!(inner.pointer().len(), KEY_BYTES_MAX + 1);
    }
}
