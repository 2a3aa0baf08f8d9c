//! The bulletin's words: member organisations, sharing groups, documents, and what people may do with them.
//!
//! A *member organisation* takes part in the bulletin of one server; it is not the organisation that runs the server,
//! though that one can be a member, too. An account is of one member organisation at most.

use std::{collections::BTreeSet, fmt, str::FromStr};

use base32ct::{Base32Unpadded, Encoding as _};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{
    account::{InvalidAccountId, id16, text},
    limits::{ATTACHMENT_NAME_CHARS_MAX, COMMENT_CHARS_MAX},
    text::{InvalidText, lines, one_line},
};

id16! {
    /// Names a member organisation.
    OrganisationId
}
id16! {
    /// Names a sharing group.
    SharingGroupId
}
id16! {
    /// Names a document. Says nothing of how many there are.
    DocumentId
}
id16! {
    /// Names a comment.
    CommentId
}
id16! {
    /// Names an attachment.
    AttachmentId
}
id16! {
    /// Names an address to which an organisation has itself told of documents.
    WebhookId
}

/// What somebody may do for their member organisation. One has any set of them, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulletinRole {
    /// Says who of the organisation may do what; withdraws documents.
    Administrator,
    /// Reads what the organisation writes, finished or not, and changes nothing.
    Auditor,
    /// Writes.
    Author,
    /// Reads what is published, comments and acknowledges it.
    Member,
    /// Publishes and withdraws.
    Publisher,
    /// Approves what others have written, or gives it back.
    Reviewer,
}

impl BulletinRole {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Administrator, Self::Auditor, Self::Author, Self::Member, Self::Publisher, Self::Reviewer];

    /// Returns the role's word on the wire and in the audit log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
            Self::Author => "author",
            Self::Member => "member",
            Self::Publisher => "publisher",
            Self::Reviewer => "reviewer",
        }
    }
}

/// Somebody's roles in their member organisation.
pub type BulletinRoles = BTreeSet<BulletinRole>;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// What to do about something.
    Advisory,
    /// That something is happening now.
    Alert,
    /// What has happened to an organisation.
    IncidentReport,
    /// Indicators of compromise.
    IndicatorSet,
    /// A request for information.
    InformationRequest,
    /// What is wrong with a product.
    VulnerabilityNote,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Advisory,
        Self::Alert,
        Self::IncidentReport,
        Self::IndicatorSet,
        Self::InformationRequest,
        Self::VulnerabilityNote,
    ];

    /// Returns the kind's word on the wire and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Advisory => "advisory",
            Self::Alert => "alert",
            Self::IncidentReport => "incident_report",
            Self::IndicatorSet => "indicator_set",
            Self::InformationRequest => "information_request",
            Self::VulnerabilityNote => "vulnerability_note",
        }
    }
}

/// How severe something is, in the words of CVSS 3 (FIRST, section 5), the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Not at all.
    None,
    /// Little.
    Low,
    /// More than little.
    Medium,
    /// Much.
    High,
    /// As much as can be.
    Critical,
}

impl Severity {
    /// Every severity, as the database numbers them.
    pub const ALL: [Self; 5] = [Self::None, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Returns the severity's word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A label of the Traffic Light Protocol 2.0 as it travels; `sabha_advisory::Tlp` says what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
pub enum TlpLabel {
    /// `TLP:CLEAR`.
    #[serde(rename = "CLEAR")]
    Clear,
    /// `TLP:GREEN`.
    #[serde(rename = "GREEN")]
    Green,
    /// `TLP:AMBER`.
    #[serde(rename = "AMBER")]
    Amber,
    /// `TLP:AMBER+STRICT`.
    #[serde(rename = "AMBER+STRICT")]
    AmberStrict,
    /// `TLP:RED`.
    #[serde(rename = "RED")]
    Red,
}

/// Where a revision is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevisionStage {
    /// It is being written.
    Draft,
    /// A reviewer looks at it.
    Review,
    /// A reviewer found it good.
    Approved,
    /// Published, and more is to come.
    Interim,
    /// Published, and nothing more is expected.
    Final,
}

impl RevisionStage {
    /// Every stage, the earliest first.
    pub const ALL: [Self; 5] = [Self::Draft, Self::Review, Self::Approved, Self::Interim, Self::Final];

    /// Returns whether it is published, and thereby never changed again.
    pub const fn is_published(self) -> bool {
        matches!(self, Self::Interim | Self::Final)
    }
}

/// What an organisation says of what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Acknowledgement {
    /// Somebody there has read it.
    Seen,
    /// What it advises is done there.
    Applied,
    /// It is not about them.
    NotAffected,
}

impl Acknowledgement {
    /// Every acknowledgement.
    pub const ALL: [Self; 3] = [Self::Seen, Self::Applied, Self::NotAffected];

    /// Returns its word on the wire and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Applied => "applied",
            Self::NotAffected => "not_affected",
        }
    }
}

/// How far the handling of an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    /// Nobody has begun.
    Open,
    /// Somebody is at it.
    Handling,
    /// Its effects are contained.
    Contained,
    /// Nothing is left to do.
    Closed,
}

impl IncidentStatus {
    /// Every status, the earliest first.
    pub const ALL: [Self; 4] = [Self::Open, Self::Handling, Self::Contained, Self::Closed];

    /// Returns its word on the wire and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Handling => "handling",
            Self::Contained => "contained",
            Self::Closed => "closed",
        }
    }
}

/// What an attachment's bytes are said to be. Nothing that a browser would run, and none of it is ever shown in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
pub enum AttachmentType {
    /// Comma-separated values.
    #[serde(rename = "text/csv")]
    Csv,
    /// JSON.
    #[serde(rename = "application/json")]
    Json,
    /// A JPEG picture.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// A PDF.
    #[serde(rename = "application/pdf")]
    Pdf,
    /// A PNG picture.
    #[serde(rename = "image/png")]
    Png,
    /// Plain text in UTF-8.
    #[serde(rename = "text/plain")]
    Text,
    /// An archive, which the server does not open.
    #[serde(rename = "application/zip")]
    Zip,
}

impl AttachmentType {
    /// Every type.
    pub const ALL: [Self; 7] =
        [Self::Csv, Self::Json, Self::Jpeg, Self::Pdf, Self::Png, Self::Text, Self::Zip];

    /// Returns the media type (RFC 6838), without parameters.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Json => "application/json",
            Self::Jpeg => "image/jpeg",
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Text => "text/plain",
            Self::Zip => "application/zip",
        }
    }

    /// Returns whether `bytes` begin as the type has them begin. Text is UTF-8 without control characters other than
    /// tabulators and line breaks.
    pub fn fits(self, bytes: &[u8]) -> bool {
        match self {
            Self::Jpeg => bytes.starts_with(&[0xFF, 0xD8, 0xFF]),
            Self::Pdf => bytes.starts_with(b"%PDF-"),
            Self::Png => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
            // Of a file, of an empty archive.
            Self::Zip => bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06"),
            Self::Csv | Self::Json | Self::Text => std::str::from_utf8(bytes)
                .is_ok_and(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))),
        }
    }
}

/// What an attachment is called: 1 to 120 characters on one line, no path and nothing that a file system could take for
/// one, or for more than a name.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
#[schema(value_type = String, min_length = 1, max_length = 120)]
pub struct AttachmentName(String);

/// A comment on a document: 1 to 4000 characters, line breaks allowed, nothing that hides or reverses text.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
#[schema(value_type = String, min_length = 1, max_length = 4000)]
pub struct CommentText(String);

text!(CommentText, |text| lines(text, COMMENT_CHARS_MAX));
text!(AttachmentName, |text| {
    let name = one_line(text, ATTACHMENT_NAME_CHARS_MAX)?;
    // What one system or another has a meaning for (POSIX, Windows), and what hides a file or climbs.
    let reserved = |c: char| matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%');
    if name.starts_with('.') || name.ends_with('.') || name.contains("..") || name.chars().any(reserved) {
        return Err(InvalidText::Forbidden);
    }
    Ok(name)
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_wire() {
        for role in BulletinRole::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.word());
        }
        for kind in DocumentKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
        for acknowledgement in Acknowledgement::ALL {
            assert_eq!(serde_json::to_value(acknowledgement).unwrap(), acknowledgement.word());
        }
        for status in IncidentStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
        }
        for kind in AttachmentType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.media_type());
        }
    }

    /// BUL-14
    #[test]
    fn an_attachments_name_is_a_name_and_no_path() {
        for name in ["report.pdf", "घटना 2026-11.csv", "a-b_c (1).json"] {
            assert_eq!(name.parse::<AttachmentName>().unwrap().as_str(), name);
        }
        for name in [
            "",
            " ",
            "../passwd",
            "/etc/passwd",
            "a/b",
            "a\\b",
            "C:evil",
            ".bashrc",
            "..",
            "a..b",
            "x.",
            "a\nb",
            "a\u{202E}fdp.exe",
            "a\0b",
            "<b>",
            "a%2fb",
            "con|x",
            &"a".repeat(121),
        ] {
            assert!(name.parse::<AttachmentName>().is_err(), "{name:?}");
        }
    }

    /// BUL-14
    #[test]
    fn an_attachment_begins_as_its_type_does() {
        let begins: [(AttachmentType, &[u8]); 7] = [
            (AttachmentType::Csv, b"a,b\r\n1,2\n"),
            (AttachmentType::Json, b"{}"),
            (AttachmentType::Jpeg, &[0xFF, 0xD8, 0xFF, 0xE0]),
            (AttachmentType::Pdf, b"%PDF-1.7"),
            (AttachmentType::Png, b"\x89PNG\r\n\x1a\n...."),
            (AttachmentType::Text, "घटना".as_bytes()),
            (AttachmentType::Zip, b"PK\x03\x04...."),
        ];
        for (kind, bytes) in begins {
            assert!(kind.fits(bytes), "{kind:?}");
            assert!(!kind.fits(b"MZ\x90\0\x03"), "{kind:?} took a program");
        }
        assert!(!AttachmentType::Pdf.fits(b"<html>"));
    }
}
