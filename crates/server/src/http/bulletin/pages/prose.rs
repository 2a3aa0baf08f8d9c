//! Texts of documents as paragraphs and lists. CSAF texts are plain: what begins every line of a block with a dash or a number
//! is a list, as people write one in a letter; everything else stays as it was written.

use maud::{Markup, html};

/// Returns a text in paragraphs and lists.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for block in blocks(text) {
            @match block {
                Block::Paragraph(lines) => p dir="auto" { (lines) },
                Block::Bullets(items) => ul dir="auto" { @for item in items { li { (item) } } },
                Block::Numbers(items) => ol dir="auto" { @for item in items { li { (item) } } },
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Block<'a> {
    Bullets(Vec<&'a str>),
    Numbers(Vec<&'a str>),
    Paragraph(String),
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines
        .split(|line| line.is_empty())
        .filter(|lines| !lines.is_empty())
        .map(|lines| {
            let all = |item: fn(&str) -> Option<&str>| {
                lines.iter().map(|line| item(line)).collect::<Option<Vec<_>>>()
            };
            match (all(bullet), all(number)) {
                (Some(items), _) => Block::Bullets(items),
                (None, Some(items)) => Block::Numbers(items),
                (None, None) => Block::Paragraph(lines.join("\n")),
            }
        })
        .collect()
}

fn bullet(line: &str) -> Option<&str> {
    ["- ", "* ", "• "].iter().find_map(|mark| line.strip_prefix(mark))
}

fn number(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() == line.len() { None } else { rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_what_begins_every_line_like_one() {
        let text =
            "Do this:\n\n- one\n- two\r\n\r\n1. first\n2) second\n\n- not\na list\n\n\n2026 was a year";
        let found = blocks(text);
        assert_eq!(
            found,
            [
                Block::Paragraph("Do this:".to_owned()),
                Block::Bullets(vec!["one", "two"]),
                Block::Numbers(vec!["first", "second"]),
                Block::Paragraph("- not\na list".to_owned()),
                Block::Paragraph("2026 was a year".to_owned()),
            ]
        );
    }

    #[test]
    fn markup_in_a_text_is_text() {
        let shown = prose("<b>bold</b> & \"quoted\"\n\n- <script>x</script>").into_string();
        assert_eq!(
            shown,
            "<p dir=\"auto\">&lt;b&gt;bold&lt;/b&gt; &amp; &quot;quoted&quot;</p>\
             <ul dir=\"auto\"><li>&lt;script&gt;x&lt;/script&gt;</li></ul>"
        );
    }
}
