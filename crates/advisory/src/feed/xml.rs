//! Text in XML 1.0.

use std::fmt::Write as _;

/// Returns a text as it stands in an element or an attribute. Characters that XML does not have (section 2.2) are replaced.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            '\u{0}'..'\u{20}' | '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            _ => out.push(c),
        }
    }
    out
}

/// Writes an element with a text in it on a line.
pub(super) fn line(out: &mut String, indent: usize, name: &str, content: &str) {
    // Cannot fail: a String takes any text.
    let _ = writeln!(out, "{:indent$}<{name}>{}</{name}>", "", text(content));
}
