//! Feeds of documents, for readers of news: Atom 1.0 (RFC 4287) and RSS 2.0 (RSS Advisory Board, 2.0.11), in pages (RFC 5005
//! section 3).
//!
//! Pure: who may read what was decided by whoever chose the entries. A feed says of a document what a list says of it, and where it
//! is; it has none of its content.
//!
//! | module | what it is |
//! |---|---|
//! | `atom`, `rss` | the two formats |
//! | `xml` | text in XML |

mod atom;
mod rss;
mod xml;

pub use atom::atom;
pub use rss::rss;

use crate::Tlp;

/// A page of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// What the feed is called.
    pub title: String,
    /// An IRI that stands for the feed for ever.
    pub id: String,
    /// Where this page is.
    pub here: String,
    /// Where the first page is.
    pub first: String,
    /// Where the next page is, if there is one.
    pub next: Option<String>,
    /// Where people look.
    pub site: String,
    /// When the newest of its entries changed.
    pub updated: Moment,
    /// Those that changed last first.
    pub entries: Vec<Entry>,
}

/// A document in a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// An IRI that stands for the document for ever.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it says in short.
    pub summary: Option<String>,
    /// Where people read it.
    pub url: String,
    /// Where it is as JSON of CSAF.
    pub json: String,
    /// Who publishes it.
    pub author: String,
    /// How far it may travel.
    pub label: Tlp,
    /// What kind of document it is, in a word.
    pub kind: String,
    /// When this revision of it was published, or it was withdrawn.
    pub updated: Moment,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
}

impl Entry {
    /// Returns the title as readers show it, which is often all that they show.
    fn shown_title(&self) -> String {
        let withdrawn = if self.withdrawn { "Withdrawn: " } else { "" };
        format!("[{}] {withdrawn}{}", self.label, self.title)
    }
}

/// A time in both forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// As Atom has it (RFC 3339).
    pub rfc_3339: String,
    /// As RSS has it (RFC 822, with a year of four digits).
    pub rfc_822: String,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn page() -> Page {
        let moment = |day: u32| Moment {
            rfc_3339: format!("2026-11-{day:02}T12:00:00Z"),
            rfc_822: format!("{day:02} Nov 2026 12:00:00 GMT"),
        };
        let entry = |number: u32, title: &str, withdrawn| Entry {
            id: format!("tag:cert.example.org,2026:bulletin/{number}"),
            title: title.to_owned(),
            summary: (number == 1).then(|| "बैठक & \"<script>\" ]]>\u{1}".to_owned()),
            url: format!("https://cert.example.org/{number}?a=1&b=2"),
            json: format!("https://cert.example.org/{number}.json?c=<3>"),
            author: "Example <CERT>".to_owned(),
            label: Tlp::AmberStrict,
            kind: "advisory".to_owned(),
            updated: moment(number),
            withdrawn,
        };
        Page {
            title: "Bulletin".to_owned(),
            id: "tag:cert.example.org,2026:bulletin".to_owned(),
            here: "https://cert.example.org/feed.atom?after=1".to_owned(),
            first: "https://cert.example.org/feed.atom".to_owned(),
            next: Some("https://cert.example.org/feed.atom?after=2".to_owned()),
            site: "https://cert.example.org/".to_owned(),
            updated: moment(2),
            entries: vec![entry(2, "Lock & leave", true), entry(1, "</title><x>", false)],
        }
    }

    #[test]
    fn nothing_in_a_document_is_markup_of_the_feed_and_what_matters_is_in_the_title() {
        for text in [atom(&page()), rss(&page())] {
            assert!(!text.contains("<x>") && !text.contains("<script>") && !text.contains('\u{1}'), "{text}");
            assert!(text.contains("[TLP:AMBER+STRICT] Withdrawn: Lock &amp; leave"), "{text}");
            assert!(text.contains("&lt;/title&gt;&lt;x&gt;") && text.contains("a=1&amp;b=2"), "{text}");
            assert!(
                text.contains(
                    "type=\"application/json\" href=\"https://cert.example.org/1.json?c=&lt;3&gt;\""
                )
            );
            assert!(text.contains("बैठक &amp; &quot;&lt;script&gt;&quot; ]]&gt;\u{fffd}"), "{text}");
        }
    }

    #[test]
    fn first_and_next_page_are_named_and_the_last_has_no_next() {
        let mut page = page();
        for (text, prefix) in [(atom(&page), ""), (rss(&page), "atom:")] {
            for (relation, url) in [("first", &page.first), ("self", &page.here)] {
                let link = format!("<{prefix}link rel=\"{relation}\" href=\"{url}\"");
                assert!(text.contains(&link), "{link} in {text}");
            }
            assert!(text.contains("rel=\"next\" href=\"https://cert.example.org/feed.atom?after=2\""));
        }
        page.next = None;
        assert!(!atom(&page).contains("rel=\"next\"") && !rss(&page).contains("rel=\"next\""));
    }
}
