//! Lines of a text or a page, without what no line may hold.

use std::collections::BTreeSet;

/// What stands between the cells of a row while lines are read.
pub(super) const CELL: char = '\t';

/// A line, without white space around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// 1 to 6 for a heading of HTML.
    pub(super) level: Option<u8>,
    pub(super) text: String,
}

/// What is read of a text or a page before it has sections.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// What the page calls itself.
    pub(super) title: Option<String>,
    /// The tag of its language, as it says it.
    pub(super) lang: Option<String>,
    pub(super) lines: Vec<Line>,
    /// Words and address of each link, `https` only.
    pub(super) links: Vec<(String, String)>,
    /// What is not in the lines, and why.
    pub(super) left: BTreeSet<(String, &'static str)>,
}

impl Lines {
    pub(super) fn of_text(text: &str) -> Self {
        let mut lines = Self::default();
        for text in text.lines() {
            lines.push(None, text);
        }
        lines
    }

    /// Adds a line; of several empty ones the first.
    pub(super) fn push(&mut self, level: Option<u8>, text: &str) {
        let text = inert(text);
        let is_second = text.is_empty() && self.lines.last().is_none_or(|last| last.text.is_empty());
        if !is_second {
            self.lines.push(Line { level: level.filter(|_| !text.is_empty()), text });
        }
    }
}

/// Returns a text in which no tag can begin, without what moves a cursor or turns text around, and white space around it.
pub(super) fn inert(text: &str) -> String {
    let mut inert = String::with_capacity(text.len());
    let mut chars = text.trim().chars().filter(|c| !is_hidden(*c)).peekable();
    while let Some(c) = chars.next() {
        inert.push(if c.is_control() && c != CELL { ' ' } else { c });
        if c == '<' && chars.peek().is_some_and(|next| next.is_alphabetic() || "/!?".contains(*next)) {
            inert.push(' ');
        }
    }
    // What was hidden may have been around it, too.
    if inert.trim().len() == inert.len() { inert } else { inert.trim().to_owned() }
}

/// Signs that are not seen, and change how what is seen is read. Joiners stay: Hindi and Urdu are written with them.
const fn is_hidden(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tag_can_begin_in_a_line_and_what_compares_stays() {
        assert_eq!(inert("<script>alert(1)</script>"), "< script>alert(1)< /script>");
        assert_eq!(inert("<!-- a --> <?php"), "< !-- a --> < ?php");
        assert_eq!(inert("versions <2.1, a < b, <<b"), "versions <2.1, a < b, << b");
        // A sign that is dropped does not hide a tag from this.
        assert_eq!(inert("<\u{200b}b>\u{202e} \u{200b}"), "< b>");
        assert_eq!(inert("a\u{1b}[2J\rb"), "a [2J b");
        assert_eq!(inert("क्\u{200d}ष"), "क्\u{200d}ष");
    }

    #[test]
    fn of_several_empty_lines_one_is_kept_and_none_at_the_beginning() {
        let lines = Lines::of_text("\n\na\n\n \n\t\nb\n");
        let texts: Vec<&str> = lines.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["a", "", "b"]);
    }
}
