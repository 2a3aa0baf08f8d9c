//! A page as lines of text. Tags only say where lines, headings, cells and links are; what a page runs, draws, asks for or hides is
//! left out, with all that is inside.
//!
//! Source: tokens as the HTML standard (WHATWG, section 13.2.5) has them, by `html5gum`. Its tree (13.2.6) is not needed: nothing
//! here asks for more than what the innermost line, list and link are.

use html5gum::{DefaultEmitter, EndTag, StartTag, Token, Tokenizer};

use super::{
    lines::{CELL, Lines, inert},
    references::is_link,
};
use crate::draft::ImportError;

/// Most tags and texts of a page. A long advisory has some 5000.
pub(super) const TOKENS_MAX: usize = 200_000;

/// Most lists inside each other that are numbered rightly.
const LISTS_MAX: usize = 16;

/// Elements of which nothing is read, and why.
const LEFT: [(&str, &str); 24] = [
    ("applet", RUNS),
    ("audio", DRAWS),
    ("button", ASKS),
    ("canvas", DRAWS),
    ("embed", RUNS),
    ("frameset", ELSEWHERE),
    ("iframe", ELSEWHERE),
    ("math", DRAWS),
    ("nav", "it leads through the site, and is nothing of the document"),
    ("noembed", ELSEWHERE),
    ("noframes", ELSEWHERE),
    ("noscript", RUNS),
    ("object", RUNS),
    ("option", ASKS),
    ("picture", DRAWS),
    ("plaintext", "it is markup that is no longer read"),
    ("script", RUNS),
    ("select", ASKS),
    ("style", "it says how the page looks"),
    ("svg", DRAWS),
    ("template", RUNS),
    ("textarea", ASKS),
    ("video", DRAWS),
    ("xmp", "it is markup that is no longer read"),
];
const ASKS: &str = "it asks for something, and a document only says";
const DRAWS: &str = "it is no text; attach what is needed of it as a file";
const ELSEWHERE: &str = "what is elsewhere is not fetched";
const HIDDEN: &str = "the page hides it";
const RUNS: &str = "nothing of a page is run";

/// Elements before and after which a line ends, and whether an empty one stands there.
const BLOCKS: [(&str, bool); 38] = [
    ("address", true),
    ("article", true),
    ("aside", true),
    ("blockquote", true),
    ("body", true),
    ("caption", false),
    ("center", false),
    ("dd", false),
    ("details", true),
    ("div", false),
    ("dl", true),
    ("dt", false),
    ("fieldset", true),
    ("figcaption", false),
    ("figure", true),
    ("footer", true),
    ("form", true),
    ("h1", true),
    ("h2", true),
    ("h3", true),
    ("h4", true),
    ("h5", true),
    ("h6", true),
    ("head", true),
    ("header", true),
    ("hr", true),
    ("html", true),
    ("legend", false),
    ("li", false),
    ("main", true),
    ("ol", true),
    ("p", true),
    ("pre", true),
    ("section", true),
    ("summary", false),
    ("table", true),
    ("tr", false),
    ("ul", true),
];

/// Elements that have no end, and so nothing inside.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];

/// Reads a page.
///
/// # Errors
/// [`ImportError::Tokens`] if there is too much in it.
pub(super) fn lines(html: &str) -> Result<Lines, ImportError> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut page = Page::default();
    for (at, token) in Tokenizer::new_with_emitter(html, emitter).enumerate() {
        if at == TOKENS_MAX {
            return Err(ImportError::Tokens(TOKENS_MAX));
        }
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => page.begin(&tag),
            Token::EndTag(tag) => page.end(&tag),
            Token::String(text) => page.say(&String::from_utf8_lossy(&text)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    page.end_line();
    Ok(page.lines)
}

#[derive(Default)]
struct Page {
    lines: Lines,
    line: String,
    level: Option<u8>,
    /// Whether a space comes before the next word.
    spaced: bool,
    in_pre: bool,
    in_title: bool,
    /// The element of which nothing is read, and how many of its name are open in it.
    skipped: Option<(String, usize)>,
    /// How many items the open lists have; `None` for those without numbers.
    lists: Vec<Option<u32>>,
    /// The address of the open link, and where its words begin in the line.
    link: Option<(String, usize)>,
}

impl Page {
    fn begin(&mut self, tag: &StartTag<()>) {
        let name = String::from_utf8_lossy(&tag.name);
        let name = name.as_ref();
        let is_void = VOID.contains(&name);
        if let Some((skipped, open)) = &mut self.skipped {
            *open += usize::from(skipped.as_str() == name && !is_void);
            return;
        }
        let why = LEFT.iter().find(|(left, _)| *left == name).map(|(_, why)| *why);
        if let Some(why) = why.or_else(|| is_hidden(tag).then_some(HIDDEN)) {
            self.lines.left.insert((format!("element {}", inert(name)), why));
            // A drawing that ends where it begins has nothing inside; other elements never do (13.2.6.5).
            let is_closed = is_void || tag.self_closing && matches!(name, "svg" | "math");
            self.skipped = (!is_closed).then(|| (name.to_owned(), 1));
            return;
        }
        match name {
            "a" => self.open_link(attribute(tag, "href")),
            "br" => self.end_line(),
            "html" => self.lines.lang = attribute(tag, "lang"),
            "img" => drop(self.lines.left.insert(("element img".to_owned(), DRAWS))),
            "title" => self.in_title = true,
            "td" | "th" if !self.line.is_empty() => {
                self.line.push(CELL);
                self.spaced = false;
            }
            _ => {}
        }
        self.border(name);
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.level = name[1..].parse().ok(),
            "li" => self.item(),
            "ol" | "ul" if self.lists.len() < LISTS_MAX => self.lists.push((name == "ol").then_some(0)),
            "pre" => self.in_pre = true,
            _ => {}
        }
    }

    fn end(&mut self, tag: &EndTag<()>) {
        let name = String::from_utf8_lossy(&tag.name);
        let name = name.as_ref();
        if let Some((skipped, open)) = &mut self.skipped {
            *open -= usize::from(skipped.as_str() == name);
            if *open == 0 {
                self.skipped = None;
            }
            return;
        }
        match name {
            "a" => self.close_link(),
            "title" => self.in_title = false,
            _ => {}
        }
        self.border(name);
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.level = None,
            "ol" | "ul" => drop(self.lists.pop()),
            "pre" => self.in_pre = false,
            _ => {}
        }
    }

    fn say(&mut self, text: &str) {
        if self.skipped.is_some() {
            return;
        }
        if self.in_title {
            self.lines.title.get_or_insert_default().push_str(text);
            return;
        }
        if self.in_pre {
            for (at, part) in text.split('\n').enumerate() {
                if at > 0 {
                    self.end_line();
                }
                self.line.push_str(part);
            }
            return;
        }
        for (at, word) in text.split(|c: char| c.is_ascii_whitespace()).enumerate() {
            self.spaced |= at > 0;
            if word.is_empty() {
                continue;
            }
            if self.spaced && !self.line.is_empty() && !self.line.ends_with(CELL) {
                self.line.push(' ');
            }
            self.spaced = false;
            self.line.push_str(word);
        }
    }

    /// Ends the line where a block begins or ends.
    fn border(&mut self, name: &str) {
        if let Some((_, is_apart)) = BLOCKS.iter().find(|(block, _)| *block == name) {
            self.end_line();
            if *is_apart {
                self.lines.push(None, "");
            }
        }
    }

    fn end_line(&mut self) {
        self.close_link();
        let line = std::mem::take(&mut self.line);
        self.spaced = false;
        // An empty line is only there where a block says so, or in text that is laid out already.
        if self.in_pre || !line.trim().is_empty() {
            self.lines.push(self.level, &line);
        }
    }

    fn item(&mut self) {
        match self.lists.last_mut() {
            Some(Some(count)) => {
                *count += 1;
                self.line = format!("{count}. ");
            }
            _ => self.line = "- ".to_owned(),
        }
    }

    fn open_link(&mut self, address: Option<String>) {
        self.close_link();
        let Some(address) = address.map(|address| address.trim().to_owned()) else { return };
        if is_link(&address) {
            self.link = Some((address, self.line.len()));
        } else if !address.is_empty() && !address.starts_with('#') {
            self.lines.left.insert((format!("link {}", inert(&address)), "only links with https are kept"));
        }
    }

    /// Says after a link where it leads, unless its words do.
    fn close_link(&mut self) {
        let Some((address, from)) = self.link.take() else { return };
        let words = self.line.get(from..).unwrap_or_default().trim().to_owned();
        if !words.contains(&address) && !words.is_empty() {
            self.line.push_str(" (");
            self.line.push_str(&address);
            self.line.push(')');
        }
        let words = if words.contains(&address) { String::new() } else { inert(&words) };
        self.lines.links.push((words, address));
    }
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let value = tag.attributes.get(name.as_bytes())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

fn is_hidden(tag: &StartTag<()>) -> bool {
    let style = attribute(tag, "style").unwrap_or_default().to_ascii_lowercase();
    let style: String = style.split_ascii_whitespace().collect();
    tag.attributes.contains_key(&b"hidden"[..])
        || attribute(tag, "aria-hidden").is_some_and(|hidden| hidden.eq_ignore_ascii_case("true"))
        || style.contains("display:none")
        || style.contains("visibility:hidden")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(html: &str) -> Vec<String> {
        let lines = lines(html).unwrap().lines;
        lines.into_iter().map(|line| line.text).filter(|text| !text.is_empty()).collect()
    }

    #[test]
    fn blocks_are_lines_lists_have_marks_and_cells_stand_apart() {
        let page = "<!doctype html><html lang=hi><title>A  page</title><body>\n<h1>One\n two</h1><p>a<br>b <b>c</b>d\
                    <ul><li>x<li>y</ul><ol><li>p<ul><li>q</ul><li>r</ol><table><tr><th>Severity<td>High</table><pre>1\n  2</pre>";
        assert_eq!(
            texts(page),
            ["One two", "a", "b cd", "- x", "- y", "1. p", "- q", "2. r", "Severity\tHigh", "1", "2"]
        );
        let read = lines(page).unwrap();
        assert_eq!((read.title.as_deref(), read.lang.as_deref()), (Some("A  page"), Some("hi")));
        assert_eq!(read.lines[0].level, Some(1));
    }

    #[test]
    fn what_runs_draws_asks_or_hides_is_left_out_with_all_that_is_inside_and_named() {
        let page = "<p>seen</p><script>if (a<b) document.write('<p>evil')</script><style>p{}</style>\
                    <div style='Display : NONE'>a<div>b</div>c</div><p hidden>d</p><svg/><svg><text>e</text></svg>\
                    <iframe src='https://evil.example'>f</iframe><!-- g --><template><p>h</template>\
                    <textarea><p>i</textarea><span aria-hidden=TRUE>j</span><img src=x onerror=k alt=l><p>seen too";
        assert_eq!(texts(page), ["seen", "seen too"]);
        let left = lines(page).unwrap().left;
        for name in ["div", "iframe", "img", "p", "script", "span", "style", "svg", "template", "textarea"] {
            assert!(left.iter().any(|(what, _)| what == &format!("element {name}")), "{name}: {left:?}");
        }
    }

    #[test]
    fn entities_are_signs_and_begin_no_tag() {
        assert_eq!(
            texts("&lt;script&gt; &amp;lt; &#60;b&#x3e; a&nbsp;b &notanentity; &lol9;"),
            ["< script> &lt; < b> a\u{a0}b ¬anentity; &lol9;"]
        );
        assert_eq!(texts("<<b>script>x</b>"), ["< script>x"]);
    }

    #[test]
    fn only_links_with_https_are_kept_and_said_where_they_stand() {
        let page = "<a href='https://vendor.example/a'>The fix</a>, <a href=https://b.example/>https://b.example/</a>, \
                    <a href='javascript:alert(1)'>x</a>, <a href=http://c.example>y</a>, <a href='#top'>z</a>, \
                    <a href=' https://d.example/ '></a><a href='https://e.example/\"><script>'>w</a>";
        let read = lines(page).unwrap();
        assert_eq!(read.lines[0].text, "The fix (https://vendor.example/a), https://b.example/, x, y, z, w");
        let addresses: Vec<&str> = read.links.iter().map(|(_, address)| address.as_str()).collect();
        assert_eq!(addresses, ["https://vendor.example/a", "https://b.example/", "https://d.example/"]);
        assert_eq!(read.left.len(), 3, "{:?}", read.left);
    }

    #[test]
    fn nesting_costs_its_length_and_too_much_is_refused() {
        let deep = format!("{}x{}", "<div>".repeat(90_000), "</div>".repeat(90_000));
        assert_eq!(texts(&deep), ["x"]);
        assert_eq!(lines(&"<b>".repeat(TOKENS_MAX + 1)).err(), Some(ImportError::Tokens(TOKENS_MAX)));
        let attributes: String = (0..100_000).map(|at| format!(" a{at}=1")).collect();
        assert_eq!(texts(&format!("<p{attributes}>x")), ["x"]);
        // A bomb of entities is for XML: a document type of HTML has none.
        let bomb = "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;\">]><p>&lol2;</p>";
        assert!(texts(bomb).concat().len() < bomb.len());
    }
}
