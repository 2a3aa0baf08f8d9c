//! How people and organisations are told of documents, and of what is urgent and open.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::accounts::body;
use crate::{
    account::{EmailAddress, Label},
    bulletin::{DocumentId, DocumentKind, OrganisationId, Severity, TlpLabel, WebhookId},
    limits::NOTICE_PUBLISHERS_MAX,
};

/// When an account is told by mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeMode {
    /// Once a day, of everything since.
    Digest,
    /// As soon as something is published.
    Immediate,
    /// Never.
    #[default]
    None,
}

/// Why somebody was not told of something that they may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeTrouble {
    /// The account has no address.
    Address,
    /// Nothing can be encrypted to its OpenPGP key any more, and what it was about goes in no other way.
    Key,
    /// The mail server refused it, or took none for too long.
    Mail,
}

body! {
    /// The OpenPGP public key to which an account's mails are encrypted.
    OpenPgpKey {
        /// Its fingerprint, in upper-case hexadecimal.
        fingerprint: String,
        /// Until when it encrypts, in milliseconds since 1970; absent if it does not end.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        expires_ms: Option<u64>,
        /// Whether it still does.
        holds: bool,
    }
}

body! {
    /// Answer to `GET /api/v1/bulletin/notices`.
    NoticeSettings {
        /// Whether this server sends mail at all.
        sends_mail: bool,
        /// Where the account's mails go; absent if it has no address, and then none go.
        #[serde(default)]
        #[ts(optional = nullable)]
        address: Option<EmailAddress>,
        /// When it is told.
        mode: NoticeMode,
        /// At which full hour of the day a digest goes, in UTC, from 0 to 23.
        hour: u8,
        /// Only of documents at least so bad; one that says nothing of it is left out then.
        #[serde(default)]
        #[ts(optional = nullable)]
        severity: Option<Severity>,
        /// Only of documents of these; empty: of all.
        publishers: Vec<OrganisationId>,
        /// To which key the mails are encrypted.
        #[serde(default)]
        #[ts(optional = nullable)]
        key: Option<OpenPgpKey>,
        /// Why the last thing was not told, if it was not.
        #[serde(default)]
        #[ts(optional = nullable)]
        trouble: Option<NoticeTrouble>,
    }
}

body! {
    /// Body of `PUT /api/v1/bulletin/notices`: in the place of what was chosen before.
    SetNotices {
        /// When to be told.
        mode: NoticeMode,
        /// At which full hour of the day a digest goes, in UTC, from 0 to 23.
        hour: u8,
        /// Only of documents at least so bad.
        #[serde(default)]
        #[ts(optional = nullable)]
        severity: Option<Severity>,
        /// Only of documents of these; empty: of all.
        #[serde(deserialize_with = "super::at_most::<_, _, NOTICE_PUBLISHERS_MAX>")]
        publishers: Vec<OrganisationId>,
    }
}

body! {
    /// An address to which an organisation has itself told of documents.
    Webhook {
        /// The webhook.
        id: WebhookId,
        /// The address.
        url: String,
        /// Only of documents at least so bad.
        #[serde(default)]
        #[ts(optional = nullable)]
        severity: Option<Severity>,
        /// When it was made, in milliseconds since 1970.
        #[ts(type = "number")]
        created_ms: u64,
        /// When something was delivered last, in milliseconds since 1970.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        delivered_ms: Option<u64>,
        /// Deliveries that are still to be made.
        waiting: u32,
        /// Deliveries that were given up.
        given_up: u32,
        /// Why the last try failed; absent if it did not.
        #[serde(default)]
        #[ts(optional = nullable)]
        trouble: Option<String>,
    }
}

body! {
    /// Answer to `GET /api/v1/bulletin/webhooks`.
    Webhooks {
        /// Those of the own organisation, the oldest first.
        webhooks: Vec<Webhook>,
    }
}

body! {
    /// Body of `POST /api/v1/bulletin/webhooks`.
    AddWebhook {
        /// The address: `https`, or `http` on this very machine.
        url: String,
        /// Only of documents at least so bad.
        #[serde(default)]
        #[ts(optional = nullable)]
        severity: Option<Severity>,
    }
}

body! {
    /// Answer to `POST /api/v1/bulletin/webhooks`.
    NewWebhook {
        /// What was made.
        webhook: Webhook,
        /// By which it is known that a delivery is from this server: `whsec_` and base64. Shown once.
        secret: String,
    }
}

body! {
    /// A document that is urgent, and of which the reader's organisation has said nothing yet.
    BulletinAlert {
        /// The document.
        document: DocumentId,
        /// Its newest revision, as far as the reader may know.
        revision: u32,
        /// What it is.
        kind: DocumentKind,
        /// How far it may travel.
        tlp: TlpLabel,
        /// Its title.
        title: String,
        /// Who published it.
        owner_name: Label,
        /// How bad it is.
        severity: Severity,
        /// When it was published, in milliseconds since 1970.
        #[ts(type = "number")]
        published_ms: u64,
    }
}

body! {
    /// Answer to `GET /api/v1/bulletin/alerts`.
    BulletinAlerts {
        /// The worst first, of them the newest; three at most.
        alerts: Vec<BulletinAlert>,
        /// How many there are besides.
        more: u32,
    }
}

body! {
    /// Body of `POST /api/v1/bulletin/alerts`: the account has seen this revision, and wants no banner of it.
    DismissAlert {
        /// The document.
        document: DocumentId,
        /// Its revision. The next one comes again.
        revision: u32,
    }
}
