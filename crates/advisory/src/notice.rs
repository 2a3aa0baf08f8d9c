//! How much of a document may stand in a message about it.
//!
//! A message leaves the server, and whoever keeps it need not keep it as the document is kept. So the narrower a label, the less
//! is said, and the rest is read at the server, which asks again who reads.
//!
//! | label | encrypted to its reader | not encrypted |
//! |---|---|---|
//! | `CLEAR`, `GREEN` | title, overview, link | title, overview, link |
//! | `AMBER`, `AMBER+STRICT` | title, link | that there is an advisory, link |
//! | `RED` | that there is something | that there is something |
//!
//! TLP 2.0 leaves it to the source how a document is sent; "the eyes and ears of individual recipients only" of RED are not those
//! of a mail program. No link of RED either: an address in a message is an id in the logs of proxies.

use crate::Tlp;

/// How much is said, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// That something is there, and nothing by which it could be told from anything else.
    Presence,
    /// What kind of thing it is, and where it can be read.
    Link,
    /// Its title as well.
    Title,
    /// Its overview as well.
    Overview,
}

/// Returns how much of a document with that label a message may say.
pub const fn said(label: Tlp, encrypted: bool) -> Said {
    match (label, encrypted) {
        (Tlp::Clear | Tlp::Green, _) => Said::Overview,
        (Tlp::Amber | Tlp::AmberStrict, true) => Said::Title,
        (Tlp::Amber | Tlp::AmberStrict, false) => Said::Link,
        (Tlp::Red, _) => Said::Presence,
    }
}

/// Returns whether a reader who wants their mails encrypted gets none of this label when that fails.
///
/// What is `CLEAR` or `GREEN` is sent as to everybody else; for what is narrower, silence is the safe answer.
pub const fn needs_encryption(label: Tlp) -> bool {
    !matches!(label, Tlp::Clear | Tlp::Green)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrower_label_never_says_more_and_encryption_never_makes_it_less() {
        for pair in Tlp::ALL.windows(2) {
            for encrypted in [false, true] {
                assert!(said(pair[0], encrypted) >= said(pair[1], encrypted), "{pair:?}");
            }
        }
        for label in Tlp::ALL {
            assert!(said(label, true) >= said(label, false), "{label:?}");
            assert!(said(label, false) < Said::Title || !needs_encryption(label), "{label:?}");
        }
        assert_eq!(said(Tlp::Red, true), Said::Presence);
    }
}
