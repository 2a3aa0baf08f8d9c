//! Which format something is that somebody shares, seen by how it begins.
//!
//! Nothing is unpacked and nothing is fetched: what is compressed, or is a program's own format, is refused in words that say
//! what to do instead.

use sabha_protocol::{bulletin::DocumentKind, limits::DOCUMENT_BYTES_MAX};

use crate::{
    content,
    csaf::{json::Json, model::Distribution},
    draft::{ImportError, Imported},
    misp, prose, stix,
};

/// What a file begins with that holds no text to be read, and what it is then. A ZIP is also what office programs write.
const PACKED: [(&[u8], &str); 7] = [
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"BZh", "compressed by bzip2"),
    (b"\xfd7zXZ", "compressed by xz"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
    (b"%PDF", "a PDF"),
];

/// What somebody says that they share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sent {
    /// They do not say.
    #[default]
    Anything,
    /// A page of the web.
    Html,
    /// Plain text.
    Text,
}

/// Makes a draft of what somebody shares: a document of CSAF 2.0, a bundle of STIX 2.1, an event of MISP, a page of HTML or plain text.
///
/// # Errors
/// [`ImportError`], whose causes are the writer's.
pub fn import(bytes: &[u8]) -> Result<Imported, ImportError> {
    import_as(bytes, Sent::Anything)
}

/// As [`import`], for who knows what it is. JSON is told apart by what is in it.
///
/// # Errors
/// [`ImportError`], whose causes are the writer's.
pub fn import_as(bytes: &[u8], sent: Sent) -> Result<Imported, ImportError> {
    if let Some((_, what)) = PACKED.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(ImportError::Packed(what));
    }
    // What some editors put before UTF-8.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    match (sent, first) {
        (Sent::Html, _) | (Sent::Anything, Some(b'<')) => prose::import_html(bytes),
        (Sent::Anything, None | Some(b'{' | b'[')) => import_json(bytes),
        (Sent::Text | Sent::Anything, _) => prose::import_text(bytes),
    }
}

fn import_json(bytes: &[u8]) -> Result<Imported, ImportError> {
    let json = Json::read(bytes)?;
    if json.get("Event").is_some() {
        misp::import(bytes)
    } else if json.get("document").is_some() {
        import_csaf(bytes, &json)
    } else if json.text("type").is_some() {
        stix::import(bytes)
    } else {
        Err(ImportError::Format("a document of CSAF 2.0, a bundle of STIX 2.1 or an event of MISP"))
    }
}

/// Takes a document as it is, byte for byte: what is wrong with it the check says while it is written on.
fn import_csaf(bytes: &[u8], json: &Json) -> Result<Imported, ImportError> {
    let document = json.get("document");
    let text = |key: &str| document.and_then(|document| document.text(key));
    if text("csaf_version").is_some_and(|version| version != "2.0") {
        return Err(ImportError::Format("a document of CSAF 2.0, but of another version"));
    }
    if text("title").is_none_or(|title| title.trim().is_empty()) {
        return Err(ImportError::Empty);
    }
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(ImportError::TooLarge(bytes.len()));
    }
    let kind = match text("category") {
        Some("csaf_security_incident_response") => DocumentKind::IncidentReport,
        _ if !json.list("vulnerabilities").is_empty() => DocumentKind::VulnerabilityNote,
        _ => DocumentKind::Advisory,
    };
    let csaf = content::read(bytes)?;
    let tlp = csaf.document.distribution.as_ref().and_then(Distribution::label);
    Ok(Imported { kind, tlp, content: bytes.to_owned(), left_out: Vec::new(), left_out_more: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tlp;

    #[test]
    fn what_is_packed_is_refused_in_words_and_never_unpacked() {
        for (start, what) in PACKED {
            let bytes = [start, &[0; 64]].concat();
            for sent in [Sent::Anything, Sent::Html, Sent::Text] {
                let Err(refused) = import_as(&bytes, sent) else { panic!("{what} was read") };
                assert!(refused.to_string().contains(what), "{refused}");
            }
        }
    }

    #[test]
    fn a_document_of_csaf_is_taken_byte_for_byte_with_its_label() {
        let text = br#" {"document":{"csaf_version":"2.0","title":"One","x":1,
            "distribution":{"text":"TLP:AMBER+STRICT","tlp":{"label":"AMBER"}}},"vulnerabilities":[{"cve":"CVE-2026-0001"}]}"#;
        let found = import(text).unwrap();
        assert_eq!(found.content, text);
        assert_eq!((found.kind, found.left_out.len()), (DocumentKind::VulnerabilityNote, 0));
        // Without the schema's shape its narrowest reading counts.
        assert!(found.tlp >= Some(Tlp::Amber));
        let other = br#"{"document":{"csaf_version":"2.1","title":"One"}}"#;
        assert!(matches!(import(other), Err(ImportError::Format(_))));
        assert_eq!(import(br#"{"document":{"csaf_version":"2.0"}}"#), Err(ImportError::Empty));
        let long = format!(r#"{{"document":{{"title":"{}"}}}}"#, "x".repeat(DOCUMENT_BYTES_MAX));
        assert!(matches!(import(long.as_bytes()), Err(ImportError::TooLarge(_))));
    }

    #[test]
    fn what_begins_like_neither_json_nor_a_page_is_text() {
        let title = |bytes: &[u8]| String::from_utf8(import(bytes).unwrap().content).unwrap();
        assert!(title(b"A title\n\nOverview\nWords.").contains("\"A title\""));
        assert!(title(b"\xef\xbb\xbf <h1>A page</h1><p>Words.").contains("\"A page\""));
        assert!(title(b"\xef\xbb\xbfA text\nWords.").contains("\"A text\""));
        assert!(title(b"\xef\xbb\xbf{\"document\":{\"title\":\"x\"}}").starts_with('{'));
        assert!(import(b"").is_err() && import(b"{}").is_err() && import(b"[]").is_err());
    }
}
