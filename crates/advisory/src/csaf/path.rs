//! Where in a document something is: a JSON pointer (RFC 6901) that costs nothing until it is written.

use std::fmt;

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

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(before) = self.before {
            fmt::Display::fmt(before, f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Key(key) => write!(f, "/{}", key.replace('~', "~0").replace('/', "~1")),
            Step::Item(at) => write!(f, "/{at}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_written_as_a_pointer_of_rfc_6901() {
        let (list, odd) = (Path::ROOT.key("vulnerabilities"), Path::ROOT.key("m~n/o"));
        assert_eq!(list.item(3).to_string(), "/vulnerabilities/3");
        assert_eq!(odd.to_string(), "/m~0n~1o");
        assert_eq!(Path::ROOT.to_string(), "");
    }
}
