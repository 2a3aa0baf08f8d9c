//! RSS 2.0 (RSS Advisory Board, version 2.0.11), with Atom's links for pages.

use std::fmt::Write as _;

use super::{
    Entry, Page,
    xml::{line, text},
};

/// Returns a page of a feed in RSS.
pub fn rss(page: &Page) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n <channel>\n"
        .to_owned();
    line(&mut out, 2, "title", &page.title);
    line(&mut out, 2, "link", &page.site);
    line(&mut out, 2, "description", "Documents of the bulletin.");
    line(&mut out, 2, "lastBuildDate", &page.updated.rfc_822);
    let next = page.next.iter().map(|next| ("next", next));
    for (relation, url) in [("self", &page.here), ("first", &page.first)].into_iter().chain(next) {
        // Cannot fail: a String takes any text.
        let _ = writeln!(
            out,
            "  <atom:link rel=\"{relation}\" href=\"{}\" type=\"application/rss+xml\"/>",
            text(url)
        );
    }
    page.entries.iter().for_each(|one| item(&mut out, one));
    out + " </channel>\n</rss>\n"
}

fn item(out: &mut String, entry: &Entry) {
    out.push_str("  <item>\n");
    // Not a link: it is the same for every revision of a document.
    let _ = writeln!(out, "   <guid isPermaLink=\"false\">{}</guid>", text(&entry.id));
    line(out, 3, "title", &entry.shown_title());
    line(out, 3, "link", &entry.url);
    let _ = writeln!(
        out,
        "   <atom:link rel=\"alternate\" type=\"application/json\" href=\"{}\"/>",
        text(&entry.json)
    );
    line(out, 3, "pubDate", &entry.updated.rfc_822);
    // `author` would be an address of mail.
    line(out, 3, "dc:creator", &entry.author);
    line(out, 3, "category", entry.label.label());
    line(out, 3, "category", &entry.kind);
    line(out, 3, "description", entry.summary.as_deref().unwrap_or(&entry.title));
    out.push_str("  </item>\n");
}
