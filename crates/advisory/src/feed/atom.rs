//! Atom 1.0 (RFC 4287).

use std::fmt::Write as _;

use super::{
    Entry, Page,
    xml::{line, text},
};

/// Returns a page of a feed in Atom.
pub fn atom(page: &Page) -> String {
    let mut out =
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n"
            .to_owned();
    line(&mut out, 1, "id", &page.id);
    line(&mut out, 1, "title", &page.title);
    line(&mut out, 1, "updated", &page.updated.rfc_3339);
    let next = page.next.iter().map(|next| ("next", next));
    for (relation, url) in [("self", &page.here), ("first", &page.first)].into_iter().chain(next) {
        // Cannot fail: a String takes any text.
        let _ =
            writeln!(out, " <link rel=\"{relation}\" href=\"{}\" type=\"application/atom+xml\"/>", text(url));
    }
    let _ = writeln!(out, " <link rel=\"alternate\" href=\"{}\"/>", text(&page.site));
    page.entries.iter().for_each(|one| entry(&mut out, one));
    out + "</feed>\n"
}

fn entry(out: &mut String, entry: &Entry) {
    out.push_str(" <entry>\n");
    line(out, 2, "id", &entry.id);
    line(out, 2, "title", &entry.shown_title());
    line(out, 2, "updated", &entry.updated.rfc_3339);
    let _ = writeln!(out, "  <author><name>{}</name></author>", text(&entry.author));
    // The page first: readers open the first link, and take one of another type than HTML for none.
    let _ = writeln!(out, "  <link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>", text(&entry.url));
    let _ =
        writeln!(out, "  <link rel=\"alternate\" type=\"application/json\" href=\"{}\"/>", text(&entry.json));
    for term in [entry.label.label(), &entry.kind] {
        let _ = writeln!(out, "  <category term=\"{}\"/>", text(term));
    }
    line(out, 2, "rights", entry.label.label());
    // Wanted where the entry has no content (section 4.1.2), and never empty.
    line(out, 2, "summary", entry.summary.as_deref().unwrap_or(&entry.title));
    out.push_str(" </entry>\n");
}
