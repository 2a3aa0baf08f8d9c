//! Whether a text is a URI (RFC 3986, section 3): absolute, and not a bare scheme.

use std::net::Ipv6Addr;

/// Returns whether `text` is a URI.
pub(crate) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let mut letters = scheme.bytes();
    if !letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        || !letters.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    {
        return false;
    }
    let (rest, fragment) = rest.split_once('#').map_or((rest, None), |(rest, part)| (rest, Some(part)));
    let (hier, query) = rest.split_once('?').map_or((rest, None), |(rest, part)| (rest, Some(part)));
    if ![query, fragment].into_iter().flatten().all(|part| is_made_of(part, ":@/?")) {
        return false;
    }
    match hier.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            is_authority(authority) && is_made_of(path, ":@/")
        }
        None => !hier.is_empty() && is_made_of(hier, ":@/"),
    }
}

/// Returns the host of a URI that has one.
pub(crate) fn host(uri: &str) -> Option<&str> {
    let rest = uri.split_once("://")?.1;
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(end) = host.find(']') {
        return Some(&host[..=end]);
    }
    Some(host.split_once(':').map_or(host, |(name, _)| name))
}

fn is_authority(text: &str) -> bool {
    let (user, host) = text.rsplit_once('@').map_or(("", text), |(user, host)| (user, host));
    if !is_made_of(user, ":") {
        return false;
    }
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return false };
            if address.parse::<Ipv6Addr>().is_err() {
                return false;
            }
            ("", port)
        }
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    is_made_of(name, "")
        && (port.is_empty() || port.starts_with(':') && port[1..].bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a text has unreserved characters, sub-delimiters, `more` and whole escapes, and nothing else.
fn is_made_of(text: &str, more: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte);
        if byte == b'%' {
            let Some(digits) = bytes.get(at + 1..at + 3) else { return false };
            if !digits.iter().all(u8::is_ascii_hexdigit) {
                return false;
            }
            at += 2;
        } else if !is_plain && !more.as_bytes().contains(&byte) {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_told_from_what_is_none() {
        for text in [
            "https://example.org",
            "http://user:pw@example.org:8080/a/b?c=d/e?f#g",
            "https://[2001:db8::1]:443/",
            "urn:x:y",
            "mailto:a@example.org",
            "pkg:npm/%40a/b@1",
            "https://192.0.2.1/",
            "a+b-c.d:/x",
            "https://example.org/%C3%A9",
            "x:a//b",
        ] {
            assert!(is_uri(text), "{text}");
        }
        for text in [
            "",
            "example.org",
            "/a",
            "https:",
            "1a:b",
            "https://exa mple.org",
            "https://example.org/é",
            "https://[::1",
            "a:%4",
            "a:%zz",
            "https://[1.2.3.4]/",
            "https://example.org:8a/",
            "https://a/\\b",
            "a:b#c#d",
            "https://a/<x>",
            "ht_tp://a",
            ":a",
        ] {
            assert!(!is_uri(text), "{text}");
        }
    }

    #[test]
    fn host_is_what_stands_between_user_and_port() {
        assert_eq!(host("https://user@example.org:8080/a@b"), Some("example.org"));
        assert_eq!(host("https://example.invalid?x"), Some("example.invalid"));
        assert_eq!(host("https://[::1]:80/"), Some("[::1]"));
        assert_eq!(host("urn:a:b"), None);
    }
}
