//! What a mail about documents says. One function from what is known to a whole message; nothing is sent here.
//!
//! What a label lets be said is `sabha_advisory::notice`. The subject is never encrypted, so it says what an open mail may say.

use std::{fmt::Write as _, time::SystemTime};

use lettre::{
    Message,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{ContentDisposition, ContentType, HeaderName, HeaderValue},
    },
};
use sabha_advisory::{
    Tlp,
    notice::{Said, said},
};
use sabha_protocol::{account::EmailAddress, bulletin::DocumentKind, wire::advisory_policy::NotFollowed};

use super::openpgp::KeyError;
use crate::{
    config::PublicUrl,
    mail::message_id,
    storage::{NoticedDocument, What},
};

/// Where an account says what it is told.
const SETTINGS: &str = "/bulletin/desk#notices";

/// Where those who keep the floor see what was applied.
const FOLLOWING: &str = "/admin#advisories";

/// What is known of a mail besides what it is about.
pub(super) struct Letter<'a> {
    pub(super) id: [u8; 16],
    pub(super) to: &'a EmailAddress,
    pub(super) from: &'a Mailbox,
    pub(super) url: &'a PublicUrl,
    pub(super) is_digest: bool,
}

/// Why there is no mail of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unwritable {
    #[error("an address is none that mail goes to")]
    Address(#[from] lettre::address::AddressError),
    #[error("it cannot be encrypted to the key of its reader")]
    Encryption(#[source] KeyError),
    #[error("the message cannot be put together")]
    Message(#[from] lettre::error::Error),
    #[error("a part is of no type that mail has")]
    Type(#[from] lettre::message::header::ContentTypeErr),
}

impl Letter<'_> {
    /// Returns the message about these documents, at least one. `encrypt` returns the text as an OpenPGP message, or `None` where the
    /// reader wants none.
    pub(super) fn write(
        &self,
        documents: &[NoticedDocument],
        encrypt: impl FnOnce(&[u8]) -> Result<Option<String>, KeyError>,
    ) -> Result<Message, Unwritable> {
        let origin = self.url.origin();
        let label = label(documents);
        let settings = settings(label);
        let header = |name, value: String| HeaderValue::new(HeaderName::new_from_ascii_str(name), value);
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, self.to.as_str().parse()?))
            .subject(self.subject(documents, label))
            // Sent twice after a crash, it is one.
            .message_id(Some(message_id(&self.id, self.url)))
            .date(SystemTime::now())
            // RFC 2369. Not with a post (RFC 8058): what unsubscribes without signing in would be a secret in the mail.
            .raw_header(header("List-Unsubscribe", format!("<{origin}{settings}>")))
            // RFC 3834: no answer of an absent person is wanted.
            .raw_header(header("Auto-Submitted", "auto-generated".to_owned()));
        if let Some(label) = label {
            message = message.raw_header(header("X-TLP", label.label().to_owned()));
        }
        let inner = |encrypted| SinglePart::plain(self.text(documents, encrypted));
        let sealed = encrypt(&inner(true).formatted()).map_err(Unwritable::Encryption)?;
        Ok(match sealed {
            None => message.singlepart(inner(false))?,
            Some(sealed) => message.multipart(pgp_mime(sealed)?)?,
        })
    }

    fn subject(&self, documents: &[NoticedDocument], label: Option<Tlp>) -> String {
        let tag = label.map_or(String::new(), |label| format!("[{}] ", label.label()));
        match documents {
            [document] if !self.is_digest => {
                let line = headline(document, false);
                format!("{tag}{line}")
            }
            _ => format!("{tag}Bulletin: {} to read", documents.len()),
        }
    }

    fn text(&self, documents: &[NoticedDocument], encrypted: bool) -> String {
        let origin = self.url.origin();
        let mut text = String::new();
        let mut line = |line: std::fmt::Arguments<'_>| {
            let _ = text.write_fmt(line);
            text.push('\n');
        };
        for document in documents {
            if let What::Followed(outcome) = document.what {
                line(format_args!("{}.\n\n{}\n", headline(document, encrypted), of_floor(outcome)));
                continue;
            }
            let label = Tlp::from(document.tlp);
            let extent = said(label, encrypted);
            line(format_args!("{}", label.label()));
            line(format_args!("{}", headline(document, encrypted)));
            if extent >= Said::Link {
                let severity =
                    document.severity.map_or(String::new(), |severity| format!(", {}", severity.word()));
                line(format_args!(
                    "{}, revision {}{severity}",
                    document.owner_name.as_str(),
                    document.number
                ));
            }
            if let Some(summary) = document.summary.as_deref().filter(|_| extent >= Said::Overview) {
                line(format_args!("\n{}", summary.trim()));
            }
            line(format_args!("\n{}\n", link(origin, document, extent)));
        }
        let why = match label(documents) {
            Some(_) => "You chose to be told of what you may read. Change that at",
            None => {
                "Whoever keeps the policy of meetings is told. What was applied, and whom this server follows, is at"
            }
        };
        line(format_args!("-- \n{why} {origin}{}", settings(label(documents))));
        text
    }
}

/// Returns the narrowest label of what is told. What became of an advisory here has none: nothing is said of the advisory, not even
/// whose it is, since whoever keeps the policy of meetings need not know of it.
fn label(documents: &[NoticedDocument]) -> Option<Tlp> {
    let told = documents.iter().filter(|document| !matches!(document.what, What::Followed(_)));
    told.map(|document| Tlp::from(document.tlp)).max()
}

/// Returns where it is said what is told.
const fn settings(label: Option<Tlp>) -> &'static str {
    if label.is_some() { SETTINGS } else { FOLLOWING }
}

/// Returns what became of an advisory that a subscription brought.
const fn of_floor(outcome: Result<(), NotFollowed>) -> &'static str {
    match outcome {
        Ok(()) => "It could only tighten what is demanded of them. It can be taken back.",
        Err(NotFollowed::Control) => "It demands what this server cannot hold. Nothing has changed.",
        Err(NotFollowed::Key) => {
            "It is signed with another key than the one that was pinned. Nothing has changed: ask the publisher before you \
             apply it or pin another key."
        }
    }
}

/// Returns a document in a line.
fn headline(document: &NoticedDocument, encrypted: bool) -> String {
    let extent = said(document.tlp.into(), encrypted);
    let word = match document.what {
        What::Published => "new",
        What::Revised => "revised",
        What::Withdrawn => "withdrawn",
        What::Followed(outcome) => {
            let not = if outcome.is_ok() { "" } else { "not " };
            return format!(
                "An advisory of a publisher whom this server follows was {not}applied to meetings"
            );
        }
    };
    if extent == Said::Presence {
        return "There is something for you in the bulletin".to_owned();
    }
    let kind = kind(document.kind);
    if extent < Said::Title {
        return format!("There is a {word} {kind} for you");
    }
    let (first, rest) = word.split_at(1);
    format!("{}{rest} {kind}: {}", first.to_ascii_uppercase(), document.title)
}

/// Returns where a document can be read.
pub(super) fn link(origin: &str, document: &NoticedDocument, extent: Said) -> String {
    match (extent, Tlp::from(document.tlp)) {
        (Said::Presence, _) => format!("{origin}/bulletin/desk"),
        (_, Tlp::Clear) => format!("{origin}/bulletin/{}", document.document),
        _ => format!("{origin}/bulletin/desk#document/{}", document.document),
    }
}

const fn kind(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Advisory => "advisory",
        DocumentKind::Alert => "alert",
        DocumentKind::IncidentReport => "incident report",
        DocumentKind::IndicatorSet => "set of indicators",
        DocumentKind::InformationRequest => "request for information",
        DocumentKind::VulnerabilityNote => "vulnerability note",
    }
}

/// Returns an encrypted body (RFC 3156, section 4).
fn pgp_mime(sealed: String) -> Result<MultiPart, Unwritable> {
    let control = SinglePart::builder()
        .header(ContentType::parse("application/pgp-encrypted")?)
        .body("Version: 1\r\n".to_owned());
    let data = SinglePart::builder()
        .header(ContentType::parse("application/octet-stream; name=\"encrypted.asc\"")?)
        .header(ContentDisposition::inline_with_name("encrypted.asc"))
        .body(sealed);
    Ok(MultiPart::encrypted("application/pgp-encrypted".to_owned()).singlepart(control).singlepart(data))
}

#[cfg(test)]
mod tests {
    use sabha_protocol::bulletin::{DocumentId, Severity, TlpLabel};

    use super::*;

    fn noticed(tlp: TlpLabel, what: What) -> NoticedDocument {
        NoticedDocument {
            notice: [1; 16],
            what,
            document: DocumentId::from_bytes([2; 16]),
            number: 1,
            at_ms: 0,
            kind: DocumentKind::Advisory,
            owner_name: "CERT".parse().unwrap(),
            tlp,
            title: "Pump of Vendor".to_owned(),
            summary: Some("It opens by itself.".to_owned()),
            severity: Some(Severity::High),
        }
    }

    fn written(documents: &[NoticedDocument], is_digest: bool) -> String {
        let from: Mailbox = "Sabha <bulletin@example.org>".parse().unwrap();
        let url = PublicUrl::try_from("https://meet.example.org".to_owned()).unwrap();
        let to = "ravi@example.org".parse().unwrap();
        let letter = Letter { id: [7; 16], to: &to, from: &from, url: &url, is_digest };
        let mail = letter.write(documents, |_| Ok(None)).unwrap().formatted();
        String::from_utf8(mail).unwrap().replace("=\r\n", "").replace("=3D", "=").replace("\r\n ", " ")
    }

    #[test]
    fn an_open_mail_says_less_the_narrower_the_label_and_of_red_only_that_something_is_there() {
        for (tlp, tag, title, summary, id) in [
            (TlpLabel::Clear, "[TLP:CLEAR]", true, true, true),
            (TlpLabel::Green, "[TLP:GREEN]", true, true, true),
            (TlpLabel::Amber, "[TLP:AMBER]", false, false, true),
            (TlpLabel::AmberStrict, "[TLP:AMBER+STRICT]", false, false, true),
            (TlpLabel::Red, "[TLP:RED]", false, false, false),
        ] {
            let document = noticed(tlp, What::Published);
            let mail = written(std::slice::from_ref(&document), false);
            assert!(mail.contains(&format!("Subject: {tag} ")), "{mail}");
            assert!(mail.contains(&format!("X-TLP: {}", tag.trim_matches(['[', ']']))), "{mail}");
            assert_eq!(mail.contains("Pump"), title, "{mail}");
            assert_eq!(mail.contains("opens by itself"), summary, "{mail}");
            assert_eq!(mail.contains(&document.document.to_string()), id, "{mail}");
            assert_eq!(mail.contains("advisory"), tlp != TlpLabel::Red, "{mail}");
            assert_eq!(mail.contains("CERT"), tlp != TlpLabel::Red, "{mail}");
        }
    }

    #[test]
    fn a_mail_says_how_to_get_no_more_without_a_secret_and_has_the_id_of_its_notice() {
        let mail = written(&[noticed(TlpLabel::Clear, What::Withdrawn)], false);
        assert!(
            mail.contains("List-Unsubscribe: <https://meet.example.org/bulletin/desk#notices>\r\n"),
            "{mail}"
        );
        assert!(mail.contains("<07070707070707070707070707070707@meet.example.org>"), "{mail}");
        assert!(mail.contains("Withdrawn advisory: Pump"), "{mail}");
    }

    #[test]
    fn a_digest_has_the_narrowest_label_of_what_is_in_it_and_no_title_in_its_subject() {
        let documents = [noticed(TlpLabel::Green, What::Revised), noticed(TlpLabel::Amber, What::Published)];
        let mail = written(&documents, true);
        assert!(mail.contains("Subject: [TLP:AMBER] Bulletin: 2 to read\r\n"), "{mail}");
        assert_eq!(mail.matches("Pump").count(), 1, "{mail}");
    }

    #[test]
    fn what_became_of_an_advisory_is_told_without_a_word_of_the_advisory() {
        for (outcome, what, why) in [
            (Ok(()), "was applied", "taken back"),
            (Err(NotFollowed::Key), "was not applied", "another key"),
            (Err(NotFollowed::Control), "was not applied", "cannot hold"),
        ] {
            let document = noticed(TlpLabel::Amber, What::Followed(outcome));
            let mail = written(std::slice::from_ref(&document), false);
            assert!(mail.contains(&format!("{what} to meetings\r\n")) && mail.contains(why), "{mail}");
            assert!(mail.contains("<https://meet.example.org/admin#advisories>"), "{mail}");
            for word in ["TLP", "Pump", "opens by itself", "CERT", &document.document.to_string()] {
                assert!(!mail.contains(word), "{word} in {mail}");
            }
        }
    }

    #[test]
    fn what_a_document_calls_itself_adds_no_header() {
        let mut document = noticed(TlpLabel::Clear, What::Published);
        document.title = "A\r\nBcc: eve@example.org \u{928}".to_owned();
        let mail = written(&[document], false);
        let headers = mail.split("\r\n\r\n").next().unwrap();
        assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
    }
}
