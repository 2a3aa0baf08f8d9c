//! What a webhook is told: JSON that says as much of a document as an open mail may, and no more.

use sabha_advisory::{
    Tlp,
    notice::{Said, said},
};
use serde::Serialize;

use super::letter::link;
use crate::{
    bulletin::rfc_3339,
    storage::{NoticedDocument, What},
};

/// In the form that Standard Webhooks recommends: type, time, and what it is about.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    document: String,
    revision: u32,
    kind: &'static str,
    tlp: &'static str,
    publisher: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    url: String,
}

/// Returns the body; `None` for what no program is told. The same document gives the same bytes at every try.
pub(super) fn body(document: &NoticedDocument, origin: &str) -> Option<Vec<u8>> {
    let label = Tlp::from(document.tlp);
    // A program is told over TLS and keeps it in the clear, as a mail server does.
    let extent = said(label, false);
    if extent == Said::Presence {
        return None;
    }
    let body = Body {
        r#type: match document.what {
            What::Published => "bulletin.published",
            What::Revised => "bulletin.revised",
            What::Withdrawn => "bulletin.withdrawn",
            What::Followed(_) => return None,
        },
        timestamp: rfc_3339(document.at_ms),
        data: Data {
            document: document.document.to_string(),
            revision: document.number,
            kind: document.kind.word(),
            tlp: label.name(),
            publisher: document.owner_name.as_str(),
            severity: document.severity.map(|severity| severity.word()),
            title: (extent >= Said::Title).then_some(document.title.as_str()),
            summary: document.summary.as_deref().filter(|_| extent >= Said::Overview),
            url: link(origin, document, extent),
        },
    };
    Some(serde_json::to_vec(&body).expect("texts and numbers have a form in JSON"))
}

#[cfg(test)]
mod tests {
    use sabha_protocol::bulletin::{DocumentId, DocumentKind, TlpLabel};

    use super::*;

    #[test]
    fn a_program_is_told_no_title_of_amber_and_nothing_of_red() {
        let noticed = |tlp| NoticedDocument {
            notice: [1; 16],
            what: What::Revised,
            document: DocumentId::from_bytes([2; 16]),
            number: 2,
            at_ms: 0,
            kind: DocumentKind::Alert,
            owner_name: "CERT".parse().unwrap(),
            tlp,
            title: "Pump".to_owned(),
            summary: Some("It opens".to_owned()),
            severity: None,
        };
        let text =
            |tlp| body(&noticed(tlp), "https://a.example").map(|body| String::from_utf8(body).unwrap());
        for tlp in [TlpLabel::Clear, TlpLabel::Green] {
            let text = text(tlp).unwrap();
            assert!(text.contains("Pump") && text.contains("It opens"), "{text}");
        }
        for tlp in [TlpLabel::Amber, TlpLabel::AmberStrict] {
            let text = text(tlp).unwrap();
            assert!(!text.contains("Pump") && !text.contains("It opens"), "{text}");
            assert!(
                text.contains("\"type\":\"bulletin.revised\"") && text.contains("/bulletin/desk#document/"),
                "{text}"
            );
        }
        assert_eq!(text(TlpLabel::Red), None);
    }
}
