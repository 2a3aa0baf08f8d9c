//! The bulletin over HTTP: who reads what, how a document is published, and what is refused.

mod aggregator;
mod alerts;
mod bounds;
mod check;
mod corpus;
mod crash;
mod feeds;
mod followed;
mod importing;
mod life;
mod matrix;
mod notices;
mod notices_crash;
mod notices_sealed;
mod pages;
mod people;
mod policy;
mod provider;
mod taxii;
mod taxii_peers;
mod webhooks;
mod webhooks_tls;
mod worlds;

use std::collections::BTreeMap;

use sabha_advisory::{Tlp, csaf::model::Distribution};
use sabha_protocol::{
    account::UserId,
    bulletin::{BulletinRole, DocumentId, OrganisationId, SharingGroupId},
    wire::{
        bulletin::{MemberOrganisation, SharingGroup},
        bulletin_documents::{Attachment, BulletinDocument, Documents},
    },
};
use sabha_server::config::Settings;
use serde_json::{Value, json};

use crate::{
    accounts::{Credential, Office},
    server::{Response, now_ms, request},
};

/// Who does one after another what publishing takes.
const STEPS: [(&str, BulletinRole); 3] = [
    ("submit", BulletinRole::Author),
    ("approve", BulletinRole::Reviewer),
    ("publish_final", BulletinRole::Publisher),
];

/// A server with member organisations and their people.
pub struct Exchange {
    pub office: Office,
    pub administrator: Credential,
}

/// Somebody with their session.
#[derive(Clone, Debug)]
pub struct Someone {
    pub user: UserId,
    pub credential: Credential,
}

/// A member organisation with one person for each role.
pub struct Staff {
    pub id: OrganisationId,
    pub of_role: BTreeMap<BulletinRole, Someone>,
}

impl Staff {
    pub fn by(&self, role: BulletinRole) -> &Credential {
        &self.of_role[&role].credential
    }

    pub fn user(&self, role: BulletinRole) -> UserId {
        self.of_role[&role].user
    }
}

impl Exchange {
    pub async fn open() -> Self {
        Self::of(Office::open().await).await
    }

    /// Opens one whose CSAF provider is the organisation named `CERT`.
    pub async fn with_provider() -> Self {
        Self::of(Office::with(with_provider).await).await
    }

    async fn of(office: Office) -> Self {
        let administrator = office.administrator().await;
        Self { office, administrator }
    }

    pub async fn ask(&self, method: &str, path: &str, by: &Credential, body: Value) -> Response {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.office.ask(method, &format!("/api/v1/bulletin/{path}"), by, &body).await
    }

    pub async fn get(&self, path: &str, by: &Credential) -> Response {
        self.ask("GET", path, by, Value::Null).await
    }

    pub async fn somebody(&self) -> Someone {
        let user = self.office.user(&[]).await;
        Someone { user, credential: Credential::cookie(&self.office.session(user, now_ms()).await.1) }
    }

    pub async fn organisation(&self, name: &str) -> OrganisationId {
        let made = self.ask("POST", "organisations", &self.administrator, json!({ "name": name })).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.json::<MemberOrganisation>().id
    }

    /// Makes an organisation with somebody for each role.
    pub async fn staff(&self, name: &str) -> Staff {
        let id = self.organisation(name).await;
        let mut of_role = BTreeMap::new();
        for role in BulletinRole::ALL {
            let someone = self.somebody().await;
            self.set(someone.user, id, &[role]).await;
            of_role.insert(role, someone);
        }
        Staff { id, of_role }
    }

    pub async fn set(&self, user: UserId, organisation: OrganisationId, roles: &[BulletinRole]) {
        let set = json!({ "user": user, "organisation": organisation, "roles": roles });
        let done = self.ask("PUT", "memberships", &self.administrator, set).await;
        assert_eq!(done.status, 204, "{}", done.body);
    }

    pub async fn group(&self, name: &str, organisations: &[OrganisationId]) -> SharingGroupId {
        let set = json!({ "name": name, "organisations": organisations });
        let made = self.ask("POST", "groups", &self.administrator, set).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.json::<SharingGroup>().id
    }

    /// Begins a document by the author of `staff`.
    pub async fn draft(&self, staff: &Staff, marking: Value, content: &str) -> BulletinDocument {
        let create = json!({ "kind": "advisory", "marking": marking, "content": content });
        let made = self.ask("POST", "documents", staff.by(BulletinRole::Author), create).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.json()
    }

    /// Takes a step with what the caller sees now.
    pub async fn step(&self, document: DocumentId, step: &str, by: &Credential) -> Response {
        let seen = self.get(&format!("documents/{document}"), by).await;
        let hash = if seen.status == 200 {
            seen.json::<BulletinDocument>().revisions[0].hash.clone()
        } else {
            "0".repeat(64)
        };
        let take = json!({ "step": step, "seen": hash });
        self.ask("POST", &format!("documents/{document}/steps"), by, take).await
    }

    /// Has a draft submitted, approved and published by the staff that is there for it.
    pub async fn publish(&self, staff: &Staff, document: DocumentId) -> BulletinDocument {
        let mut last = None;
        for (step, role) in STEPS {
            let taken = self.step(document, step, staff.by(role)).await;
            assert_eq!(taken.status, 200, "{step}: {}", taken.body);
            last = Some(taken.json());
        }
        last.unwrap()
    }

    pub async fn attach(&self, document: DocumentId, query: &str, by: &Credential, bytes: &str) -> Response {
        let path = format!("/api/v1/bulletin/documents/{document}/attachments?{query}");
        self.office.ask("POST", &path, by, bytes).await
    }

    pub async fn attached(
        &self,
        document: DocumentId,
        name: &str,
        by: &Credential,
        text: &str,
    ) -> Attachment {
        let made = self.attach(document, &format!("name={name}&media_type=text/plain"), by, text).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.json()
    }

    pub async fn list(&self, by: &Credential) -> Documents {
        let list = self.get("documents", by).await;
        assert_eq!(list.status, 200, "{}", list.body);
        list.json()
    }

    /// Asks without any credential.
    pub async fn public(&self, path: &str) -> Response {
        let path = format!("/api/v1/bulletin/public{path}");
        request(self.office.server.address(), "GET", &path, &[], "").await
    }
}

/// Has the organisation named `CERT` be the provider of CSAF.
pub fn with_provider(settings: &mut Settings) {
    let provider = &mut settings.bulletin.provider;
    provider.organisation = Some("CERT".parse().unwrap());
    provider.namespace = Some("https://cert.example.org".to_owned());
    provider.security_contact = Some("mailto:security@cert.example.org".to_owned());
}

/// Returns a content of a draft that is not finished.
pub fn sketch(title: &str) -> String {
    json!({ "document": { "title": title } }).to_string()
}

/// Returns a content that is fit to be published as final, in a form that nobody would make twice.
pub fn content(title: &str, tlp: Tlp) -> String {
    odd(&document(title, tlp, &format!("TEST-{title}"), 1))
}

/// Returns a content that is fit to be published with that marking.
pub fn fitting(title: &str, marking: &Value) -> String {
    content(title, marking["tlp"].as_str().and_then(|label| label.parse().ok()).expect("a label"))
}

/// Returns the content of a later revision of the document with this id.
pub fn revised(title: &str, tlp: Tlp, id: &str, number: u32) -> String {
    odd(&document(title, tlp, id, number))
}

/// Returns a document that is fit to be published as final.
pub fn document(title: &str, tlp: Tlp, id: &str, number: u32) -> Value {
    let date = |number: u32| format!("2026-11-{number:02}T10:00:00Z");
    let history: Vec<Value> = (1..=number)
        .map(|number| json!({ "date": date(number), "number": number.to_string(), "summary": "Said" }))
        .collect();
    json!({ "document": {
        "category": "csaf_base",
        "csaf_version": "2.0",
        "distribution": Distribution::labelled(tlp, None),
        "lang": "en",
        "notes": [{ "category": "summary", "text": format!("Summary of {title}") }],
        "publisher": { "category": "coordinator", "name": "CERT", "namespace": "https://cert.example.org" },
        "title": title,
        "tracking": {
            "current_release_date": date(number),
            "id": id,
            "initial_release_date": date(1),
            "revision_history": history,
            "status": "final",
            "version": number.to_string(),
        },
    }})
}

/// Writes JSON with white space and an escape that no writer would choose.
fn odd(document: &Value) -> String {
    format!(" {}\n\t", document.to_string().replace("\"en\"", "\t\"\\u0065n\""))
}
