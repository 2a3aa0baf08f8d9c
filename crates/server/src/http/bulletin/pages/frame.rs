//! What is around every page: its head, the way to the list and to other languages, and its foot.

use maud::{DOCTYPE, Markup, html};

use super::{
    PATH,
    words::{LANGUAGES, Words},
};

/// Where programs that read news find what is new.
const FEED: &str = "/api/v1/bulletin/public/feed.atom";

/// Who comes: in which language, and to whose server.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) words: &'static Words,
    /// Whether the address says the language; then links say it, too.
    pub(super) chosen: bool,
    /// The name of the organisation that runs the server.
    pub(super) host: String,
}

impl Visit {
    /// Returns an address of ours with its query, in the language of this visit. What is empty is left out.
    pub(super) fn address(&self, path: &str, query: &[(&str, &str)]) -> String {
        let language = if self.chosen { self.words.tag } else { "" };
        address(path, query, language)
    }
}

fn address(path: &str, query: &[(&str, &str)], language: &str) -> String {
    let said = query.iter().copied().chain([("lang", language)]).filter(|(_, value)| !value.is_empty());
    let said: Vec<String> = said.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if said.is_empty() { path.to_owned() } else { format!("{path}?{}", said.join("&")) }
}

/// Percent-encodes what is not unreserved (RFC 3986 section 2.3).
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Returns a page. `here` is its path with its query, which the links to other languages keep.
pub(super) fn frame(visit: &Visit, title: &str, here: (&str, &[(&str, &str)]), main: &Markup) -> Markup {
    let words = visit.words;
    html! {
        (DOCTYPE)
        html lang=(words.tag) dir=(words.direction) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="/mark.svg" type="image/svg+xml";
                link rel="stylesheet" href="/bulletin/style.css";
                link rel="alternate" type="application/atom+xml" href=(FEED) title=(words.bulletin);
                title { (title) " · " (visit.host) }
            }
            body {
                a.skip href="#main" { (words.skip) }
                header.site {
                    a.home href=(visit.address(PATH, &[])) {
                        img src="/mark.svg" alt="" width="28" height="28";
                        span { (visit.host) }
                        span.of { (words.bulletin) }
                    }
                    nav.languages aria-label=(words.languages) {
                        @for other in LANGUAGES {
                            a href=(address(here.0, here.1, other.tag)) lang=(other.tag) hreflang=(other.tag) dir=(other.direction)
                                aria-current=[(other.tag == words.tag).then_some("true")] { (other.name) }
                        }
                    }
                    a.desk href="/bulletin/desk" { (words.sign_in) }
                }
                main id="main" tabindex="-1" { (main) }
                footer.site {
                    span.tlp data-tlp="CLEAR" { bdi { "TLP:CLEAR" } }
                    p { (words.clear_note) }
                    a href=(FEED) { (words.feed) }
                }
            }
        }
    }
}

/// Returns a page that only says something.
pub(super) fn notice(visit: &Visit, title: &str, note: &str) -> Markup {
    let main = html! {
        div.notice {
            h1 { (title) }
            p { (note) }
            p { a href=(visit.address(PATH, &[])) { (visit.words.all) } }
        }
    };
    frame(visit, title, (PATH, &[]), &main)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_carries_what_was_asked_and_nothing_can_break_out_of_it() {
        let visit = |chosen| Visit { words: Words::of("ur").unwrap(), chosen, host: String::new() };
        assert_eq!(visit(false).address(PATH, &[("words", ""), ("kind", "alert")]), "/bulletin?kind=alert");
        assert_eq!(visit(true).address(PATH, &[]), "/bulletin?lang=ur");
        let hostile = visit(true).address(PATH, &[("words", "a&lang=hi#x \"é")]);
        assert_eq!(hostile, "/bulletin?words=a%26lang%3Dhi%23x%20%22%C3%A9&lang=ur");
    }
}
