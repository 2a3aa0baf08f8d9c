//! Bodies of the bulletin's HTTP API: documents, and what is said about them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use super::{accounts::body, advisory_policy::RevisionProfile, at_most};
use crate::{
    DisplayName,
    account::{Label, UserId},
    bulletin::{
        Acknowledgement, AttachmentId, AttachmentName, AttachmentType, CommentId, CommentText, DocumentId,
        DocumentKind, IncidentStatus, OrganisationId, RevisionStage, Severity, SharingGroupId, TlpLabel,
    },
    limits::AUDIENCE_MAX,
};

body! {
    /// For whom a revision is. With `CLEAR` nobody is named; with `RED`, persons only; with the others, groups and
    /// organisations. Who is named with `GREEN` narrows it from all member organisations to those.
    Marking {
        /// How far it may travel.
        tlp: TlpLabel,
        /// Sharing groups.
        #[serde(default, deserialize_with = "audience")]
        groups: Vec<SharingGroupId>,
        /// Organisations, the owner's apart, which is always among them.
        #[serde(default, deserialize_with = "audience")]
        organisations: Vec<OrganisationId>,
        /// Persons, who writes it apart.
        #[serde(default, deserialize_with = "audience")]
        persons: Vec<UserId>,
    }
}

body! {
    /// Body of `POST /api/v1/bulletin/documents`: a document with its first revision, a draft.
    CreateDocument {
        /// What it is.
        kind: DocumentKind,
        /// For whom.
        marking: Marking,
        /// A JSON object of CSAF as text; kept byte for byte.
        content: String,
        /// Of an incident report: when the incident was noticed, in milliseconds since 1970. From then on its clock runs.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        noticed_ms: Option<u64>,
    }
}

body! {
    /// Body of `POST /api/v1/bulletin/documents/{id}/revisions`: begins another revision after a published one.
    BeginRevision {
        /// For whom.
        marking: Marking,
        /// As in [`CreateDocument`].
        content: String,
    }
}

body! {
    /// Body of `PUT /api/v1/bulletin/documents/{id}/draft`: another text in the place of the draft's.
    ChangeDraft {
        /// Hash of the draft that this was made from. Another one means that somebody has changed it meanwhile.
        seen: String,
        /// For whom.
        marking: Marking,
        /// As in [`CreateDocument`].
        content: String,
    }
}

/// What somebody does with the revision that is in work, or with the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentStep {
    /// An author gives the draft to review.
    Submit,
    /// An author takes it back, or a reviewer or publisher gives it back: it is a draft again.
    Return,
    /// A reviewer who has not written it finds it good.
    Approve,
    /// A publisher who has not written it publishes it, and more is to come.
    PublishInterim,
    /// A publisher who has not written it publishes it, and nothing more is expected.
    PublishFinal,
    /// A publisher or administrator withdraws the document. What was published stays readable, and is marked.
    Withdraw,
}

body! {
    /// Body of `POST /api/v1/bulletin/documents/{id}/steps`.
    TakeStep {
        /// What is done.
        step: DocumentStep,
        /// Hash of the newest revision that the caller has seen: what is approved and published is what was read.
        seen: String,
    }
}

body! {
    /// A revision, without its content.
    Revision {
        /// Counts from 1.
        number: u32,
        /// Where it is in its life.
        stage: RevisionStage,
        /// How far it may travel.
        tlp: TlpLabel,
        /// `document.title` of its content.
        title: String,
        /// `document.tracking.id` of its content, if there is one.
        #[serde(default)]
        #[ts(optional = nullable)]
        tracking: Option<String>,
        /// What a step names as seen, in hexadecimal: SHA-256 of its content; if it carries a profile or has attachments, over
        /// all of them.
        hash: String,
        /// SHA-256 of its content, in hexadecimal.
        content_hash: String,
        /// How long its content is, in bytes.
        #[ts(type = "number")]
        bytes: u64,
        /// When it was changed last, in milliseconds since 1970.
        #[ts(type = "number")]
        changed_ms: u64,
        /// When it was published, in milliseconds since 1970.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        published_ms: Option<u64>,
        /// For whom; told to the organisation that owns it, and to nobody else.
        #[serde(default)]
        #[ts(optional = nullable)]
        marking: Option<Marking>,
        /// What is attached to it.
        attachments: Vec<Attachment>,
        /// The policy profile that it carries, if it carries one.
        #[serde(default)]
        #[ts(optional = nullable)]
        profile: Option<RevisionProfile>,
    }
}

body! {
    /// A file that belongs to a revision.
    Attachment {
        /// The attachment.
        id: AttachmentId,
        /// What it is called.
        name: AttachmentName,
        /// What it is said to be.
        media_type: AttachmentType,
        /// SHA-256 of its bytes, in hexadecimal.
        hash: String,
        /// How long it is, in bytes.
        #[ts(type = "number")]
        bytes: u64,
    }
}

/// Query of `POST /api/v1/bulletin/documents/{id}/attachments`, whose body is the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AttachmentQuery {
    /// What it is called.
    pub name: AttachmentName,
    /// What it is.
    pub media_type: AttachmentType,
}

body! {
    /// A document as its reader may know it: only revisions that are for them.
    BulletinDocument {
        /// The document.
        id: DocumentId,
        /// What it is.
        kind: DocumentKind,
        /// Who answers for it.
        owner: OrganisationId,
        /// Their name.
        owner_name: Label,
        /// Whether it was withdrawn.
        withdrawn: bool,
        /// The reader's revisions, the newest first; at least one.
        revisions: Vec<Revision>,
    }
}

body! {
    /// A line of the list: the newest revision that its reader may know.
    DocumentLine {
        /// The document.
        id: DocumentId,
        /// What it is.
        kind: DocumentKind,
        /// Who answers for it.
        owner: OrganisationId,
        /// Their name.
        owner_name: Label,
        /// Whether it was withdrawn.
        withdrawn: bool,
        /// Of the newest revision.
        number: u32,
        /// Of the newest revision.
        stage: RevisionStage,
        /// Of the newest revision.
        tlp: TlpLabel,
        /// Of the newest revision.
        title: String,
        /// Of the newest revision.
        #[serde(default)]
        #[ts(optional = nullable)]
        tracking: Option<String>,
        /// When it was changed last, in milliseconds since 1970.
        #[ts(type = "number")]
        changed_ms: u64,
    }
}

/// Query of `GET /api/v1/bulletin/documents` and `GET /api/v1/bulletin/public`. What is absent filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DocumentQuery {
    /// Only this kind.
    #[serde(default)]
    pub kind: Option<DocumentKind>,
    /// Only this label, of the newest revision that the reader may know.
    #[serde(default)]
    pub tlp: Option<TlpLabel>,
    /// Only where the newest revision that the reader may know is here in its life.
    #[serde(default)]
    pub stage: Option<RevisionStage>,
    /// Only of this organisation.
    #[serde(default)]
    pub owner: Option<OrganisationId>,
    /// Only what says that it is as severe as this.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Only what was changed last in this year, in UTC.
    #[serde(default)]
    #[param(minimum = 1970, maximum = 9998)]
    pub year: Option<u16>,
    /// Only with these words, at most 8, in the newest revision that the reader may know.
    #[serde(default)]
    pub words: Option<Label>,
    /// Only what comes after this document in the list.
    #[serde(default)]
    pub after: Option<DocumentId>,
}

body! {
    /// Answer to `GET /api/v1/bulletin/documents` and `GET /api/v1/bulletin/public`.
    Documents {
        /// The last changed first, at most 50.
        documents: Vec<DocumentLine>,
        /// How many there are for this reader and filter, `after` apart.
        #[ts(type = "number")]
        count: u64,
        /// Whether there are more.
        more: bool,
    }
}

body! {
    /// Body of `POST /api/v1/bulletin/documents/{id}/clients`: a recipient of what is `TLP:AMBER` lets a client of theirs
    /// read it, too.
    GrantClient {
        /// Which revision.
        revision: u32,
        /// The client, a member organisation.
        organisation: OrganisationId,
    }
}

body! {
    /// Body of `POST /api/v1/bulletin/documents/{id}/acknowledgements`: in the name of the own organisation.
    Acknowledge {
        /// Which revision.
        revision: u32,
        /// What is said.
        acknowledgement: Acknowledgement,
    }
}

body! {
    /// What an organisation said of a revision.
    Acknowledged {
        /// Which revision.
        revision: u32,
        /// Who.
        organisation: OrganisationId,
        /// Their name.
        name: Label,
        /// What.
        acknowledgement: Acknowledgement,
        /// When, in milliseconds since 1970. The first time counts.
        #[ts(type = "number")]
        at_ms: u64,
    }
}

body! {
    /// Answer to `GET /api/v1/bulletin/documents/{id}/acknowledgements`.
    Acknowledgements {
        /// For the owner: of all. For the others: of the own organisation. Oldest first.
        acknowledgements: Vec<Acknowledged>,
    }
}

body! {
    /// Body of `POST /api/v1/bulletin/documents/{id}/comments`.
    AddComment {
        /// About which revision. Who may not read that one does not see the comment.
        revision: u32,
        /// What is said.
        text: CommentText,
    }
}

body! {
    /// A comment.
    DocumentComment {
        /// The comment.
        id: CommentId,
        /// About which revision.
        revision: u32,
        /// Of which organisation.
        organisation: OrganisationId,
        /// Its name.
        organisation_name: Label,
        /// Who; absent if their account is gone.
        #[serde(default)]
        #[ts(optional = nullable)]
        name: Option<DisplayName>,
        /// What is said.
        text: CommentText,
        /// When, in milliseconds since 1970.
        #[ts(type = "number")]
        at_ms: u64,
    }
}

body! {
    /// Answer to `GET /api/v1/bulletin/documents/{id}/comments`.
    DocumentComments {
        /// About revisions that the reader may know, oldest first.
        comments: Vec<DocumentComment>,
    }
}

/// How an incident stands with its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentClock {
    /// Not reported, and there is time.
    Running,
    /// Not reported, and there is no time left.
    Overdue,
    /// Reported in time.
    InTime,
    /// Reported late.
    Late,
}

body! {
    /// An incident, with its clock and who is at it. Told to the organisation that reported it and to the one that handles
    /// it.
    Incident {
        /// The incident report.
        document: DocumentId,
        /// Whose it is.
        owner: OrganisationId,
        /// When the incident was noticed, in milliseconds since 1970.
        #[ts(type = "number")]
        noticed_ms: u64,
        /// Until when it is to be reported, in milliseconds since 1970.
        #[ts(type = "number")]
        due_ms: u64,
        /// When its report was published first, in milliseconds since 1970.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        reported_ms: Option<u64>,
        /// How it stands with the clock.
        clock: IncidentClock,
        /// How far its handling is.
        status: IncidentStatus,
        /// Which organisation is at it.
        handled_by: OrganisationId,
        /// Who there is at it, if somebody was named.
        #[serde(default)]
        #[ts(optional = nullable)]
        handler: Option<UserId>,
        /// When status or hands changed last, in milliseconds since 1970.
        #[ts(type = "number")]
        changed_ms: u64,
    }
}

body! {
    /// Answer to `GET /api/v1/bulletin/incidents`.
    Incidents {
        /// Those that the own organisation reported or handles, the soonest due first.
        incidents: Vec<Incident>,
    }
}

body! {
    /// Body of `PATCH /api/v1/bulletin/documents/{id}/incident`, by the organisation that handles it. What is absent stays.
    ChangeIncident {
        /// How far its handling is now.
        #[serde(default)]
        #[ts(optional = nullable)]
        status: Option<IncidentStatus>,
        /// Who is at it from now on: an organisation that may read the report, and somebody there if they are known.
        #[serde(default)]
        #[ts(optional = nullable)]
        hand_over: Option<HandOver>,
    }
}

body! {
    /// Into whose hands an incident goes.
    HandOver {
        /// The organisation.
        organisation: OrganisationId,
        /// Somebody of it.
        #[serde(default)]
        #[ts(optional = nullable)]
        person: Option<UserId>,
    }
}

fn audience<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    at_most::<_, _, AUDIENCE_MAX>(deserializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_bounded_and_nothing_unknown_is_taken() {
        let with = |count: usize| {
            let id = UserId::from_bytes([1; 16]).to_string();
            serde_json::json!({ "tlp": "RED", "persons": vec![id; count] }).to_string()
        };
        assert!(serde_json::from_str::<Marking>(&with(AUDIENCE_MAX)).is_ok());
        assert!(serde_json::from_str::<Marking>(&with(AUDIENCE_MAX + 1)).is_err());
        for wrong in [r#"{"tlp":"WHITE"}"#, r#"{"tlp":"red"}"#, r#"{"tlp":"RED","everybody":true}"#, "{}"] {
            assert!(serde_json::from_str::<Marking>(wrong).is_err(), "{wrong}");
        }
    }
}
