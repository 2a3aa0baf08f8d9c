//! Labels of TLP 2.0 in documents of CSAF 2.0, whose schema knows those of TLP 1.0 only.
//!
//! | label | `tlp/label` | `distribution/text` begins with |
//! |---|---|---|
//! | TLP:CLEAR | WHITE | TLP:CLEAR |
//! | TLP:GREEN | GREEN | TLP:GREEN |
//! | TLP:AMBER | AMBER | TLP:AMBER |
//! | TLP:AMBER+STRICT | AMBER | TLP:AMBER+STRICT |
//! | TLP:RED | RED | TLP:RED |
//!
//! The text is what makes AMBER+STRICT survive; a reader that knows only the schema's label sees AMBER. Of what is read, the
//! narrowest counts: whatever the text says, it never makes a document travel further than its label.

use super::model::{Distribution, TlpLabel, TlpOfDocument};
use crate::Tlp;

/// Where FIRST explains the labels.
const TLP_URL: &str = "https://www.first.org/tlp/";

impl Distribution {
    /// Returns the distribution of a document with this label, and what else is to be said about it.
    pub fn labelled(label: Tlp, more: Option<&str>) -> Self {
        let text = more.map_or_else(|| label.label().to_owned(), |more| format!("{}\n{more}", label.label()));
        let written = match label {
            Tlp::Clear => TlpLabel::White,
            Tlp::Green => TlpLabel::Green,
            Tlp::Amber | Tlp::AmberStrict => TlpLabel::Amber,
            Tlp::Red => TlpLabel::Red,
        };
        Self { text: Some(text), tlp: Some(TlpOfDocument { label: written, url: Some(TLP_URL.to_owned()) }) }
    }

    /// Returns the document's label: the narrowest of those that it names. `None` if it names none, which is for the reader to
    /// decide and never means TLP:CLEAR.
    pub fn label(&self) -> Option<Tlp> {
        let label = self.tlp.as_ref().map(|tlp| match tlp.label {
            TlpLabel::White => Tlp::Clear,
            TlpLabel::Green => Tlp::Green,
            TlpLabel::Amber => Tlp::Amber,
            TlpLabel::Red => Tlp::Red,
        });
        self.text.iter().flat_map(|text| labels_in(text)).chain(label).reduce(Tlp::narrower)
    }
}

/// Returns the labels that a text names with their prefix, in whatever letters.
fn labels_in(text: &str) -> impl Iterator<Item = Tlp> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '+')))
        .map(str::to_ascii_uppercase)
        .filter(|word| word.starts_with("TLP:"))
        .filter_map(|word| word.trim_end_matches([':', '+']).parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(label: Option<TlpLabel>, text: Option<&str>) -> Option<Tlp> {
        let tlp = label.map(|label| TlpOfDocument { label, url: None });
        Distribution { text: text.map(str::to_owned), tlp }.label()
    }

    #[test]
    fn each_label_is_read_as_it_was_written() {
        for label in Tlp::ALL {
            for more in [None, Some("Ask before you quote it.")] {
                assert_eq!(Distribution::labelled(label, more).label(), Some(label));
            }
        }
    }

    #[test]
    fn schema_label_alone_is_never_wider_than_the_label() {
        for label in Tlp::ALL {
            let written = Distribution::labelled(label, None).tlp.unwrap().label;
            let alone = read(Some(written), None).unwrap();
            assert!(alone == label || (label == Tlp::AmberStrict && alone == Tlp::Amber));
        }
    }

    #[test]
    fn no_text_makes_a_document_travel_further() {
        assert_eq!(read(Some(TlpLabel::Red), Some("TLP:CLEAR")), Some(Tlp::Red));
        assert_eq!(read(Some(TlpLabel::White), Some("TLP:RED")), Some(Tlp::Red));
        assert_eq!(
            read(Some(TlpLabel::Amber), Some("This is tlp:amber+strict, not TLP:CLEAR.")),
            Some(Tlp::AmberStrict)
        );
        assert_eq!(read(Some(TlpLabel::Amber), Some("TLP:WHITE")), Some(Tlp::Amber));
        assert_eq!(read(None, Some("(TLP:GREEN)")), Some(Tlp::Green));
        assert_eq!(read(Some(TlpLabel::Green), Some("AMBER RED")), Some(Tlp::Green));
        assert_eq!(read(None, Some("Distribute freely.")), None);
        assert_eq!(read(None, None), None);
    }
}
