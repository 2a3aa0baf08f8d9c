//! Links as lines have them: an address with `https`, and the words before it.

use crate::csaf::uri::{host, is_uri};

/// What stands before and after words and addresses in a list of them.
const AROUND: [char; 14] = ['-', '–', '—', ':', ',', ';', '.', '(', ')', '[', ']', '•', '*', '|'];

/// Returns the links of a line with their words.
///
/// Words are what stands before an address, or `before` where nothing does: agencies write the two on two lines.
pub(super) fn links(line: &str, before: &str) -> Vec<(String, String)> {
    let mut links = Vec::new();
    let mut rest = line;
    while let Some(from) = rest.find("https://") {
        let (words, address) = rest.split_at(from);
        let end =
            address.find(|c: char| c.is_whitespace() || "<>\"'()[]|".contains(c)).unwrap_or(address.len());
        let (address, after) = address.split_at(end);
        let address = address.trim_end_matches(['.', ',', ';', ':']);
        rest = after;
        if is_link(address) {
            let own = words.trim_matches(|c: char| c.is_whitespace() || AROUND.contains(&c));
            let words = if own.is_empty() { before } else { own };
            links.push((words.to_owned(), address.to_owned()));
        }
    }
    links
}

/// Returns whether an address is one that is kept: `https`, with a host.
pub(super) fn is_link(address: &str) -> bool {
    address.starts_with("https://") && is_uri(address) && host(address).is_some_and(|host| !host.is_empty())
}

/// Returns the words for a link: its own, else the host to which it leads.
pub(super) fn summary(words: &str, address: &str) -> String {
    if words.is_empty() { host(address).unwrap_or("Reference").to_owned() } else { words.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_before_an_address_are_its_own() {
        let pairs = |line: &str, before: &str| links(line, before);
        let pair = |words: &str, address: &str| (words.to_owned(), address.to_owned());
        assert_eq!(
            pairs("- Vendor: (https://a.example/x), see https://b.example/y.", "z"),
            [pair("Vendor", "https://a.example/x"), pair("see", "https://b.example/y")]
        );
        assert_eq!(pairs("https://a.example", "The vendor"), [pair("The vendor", "https://a.example")]);
        assert_eq!(pairs("http://a.example javascript:https", ""), []);
        assert_eq!(pairs("https:// https://\u{202e}", ""), []);
        assert_eq!(summary("", "https://a.example:1/x"), "a.example");
    }
}
