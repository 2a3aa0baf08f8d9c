//! Package URLs (purl specification), as far as every type of package has the same rules.

use std::borrow::Cow;

/// Returns what is wrong with a package URL, in words.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    let rest = text.strip_prefix("pkg:").ok_or("it does not begin with pkg:")?;
    let (rest, subpath) = rest.split_once('#').map_or((rest, ""), |(rest, subpath)| (rest, subpath));
    let (rest, qualifiers) = rest.split_once('?').map_or((rest, ""), |(rest, qualifiers)| (rest, qualifiers));
    let rest = rest.trim_start_matches('/').trim_end_matches('/');
    let (kind, rest) = rest.split_once('/').ok_or("it has no name")?;
    if !kind.starts_with(|c: char| c.is_ascii_alphabetic())
        || !kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'))
    {
        return Err("its type begins with a letter, and has letters, digits, `.`, `+` and `-` only");
    }
    // A version may have escapes, but no plain `@` or `/`; a namespace may begin with an `@` where people forgot to escape it.
    let (path, version) = match rest.rsplit_once('@') {
        Some((path, version)) if !version.contains('/') => (path, version),
        _ => (rest, ""),
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    if decoded(name)?.trim().is_empty() {
        return Err("it has no name");
    }
    for segment in path.split('/').chain(subpath.split('/')).chain([version]) {
        decoded(segment)?;
    }
    let pairs = qualifiers.split('&').filter(|pair| !pair.is_empty());
    for pair in pairs {
        let (key, value) = pair.split_once('=').ok_or("a qualifier is a key, `=` and a value")?;
        if !key.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '-' | '_'))
            || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        {
            return Err("a qualifier's key has letters, digits, `.`, `-` and `_` only");
        }
        decoded(value)?;
    }
    Ok(())
}

/// Undoes escapes, which have to make UTF-8.
fn decoded(text: &str) -> Result<Cow<'_, str>, &'static str> {
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit =
            |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err("a `%` is followed by two hexadecimal digits");
        };
        bytes.push(high << 4 | low);
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| "its escapes are not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_are_told_from_what_is_none() {
        for text in [
            "pkg:npm/a",
            "pkg:maven/org.apache/log4j@2.14.1",
            "pkg:npm/%40angular/core@1.0.0?arch=x#src/main",
            "pkg:npm/@angular/core",
            "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie",
            "pkg:golang/github.com/a/b@v1",
            "pkg:docker/a@sha256%3A1",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "npm/a",
            "pkg:npm",
            "pkg:npm/",
            "pkg:maven/@1.3.4",
            "pkg:1npm/a",
            "pkg:npm/a?b",
            "pkg:npm/a?k%y=v",
            "pkg:npm/%zz",
            "pkg:npm/%ff",
            "pkg:npm/a@%4",
            "pkg:npm/%20",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
