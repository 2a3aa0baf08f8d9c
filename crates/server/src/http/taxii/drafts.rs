//! Objects that are sent: each envelope becomes a draft of the sender's organisation (section 5.5), and its status (4.3).
//!
//! A draft is for the owner's people, whatever it says: who may read it is said by people when they publish it. One that names no
//! label is `TLP:AMBER+STRICT` until its author chooses. One that is sent to a group's root names the group as its audience.

use axum::{
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
};
use sabha_advisory::{ImportError, Imported, Tlp, life::Life, stix};
use sabha_protocol::{
    Rule,
    bulletin::{DocumentId, DocumentKind},
    wire::bulletin_documents::Marking,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::bulletin::{acting, documents::revision},
    AppState, Asking, InCollection, Refusal,
    media::{self, Taxii},
    unknown,
};
use crate::{accounts::random, clock};

/// The status in a path.
#[derive(Deserialize)]
pub(in crate::http) struct OfStatus {
    status: String,
}

/// Objects that a status names; all are counted.
const NAMED_MAX: usize = 100;

/// Takes an envelope, of which a draft of the caller's organisation is made (section 5.5).
#[utoipa::path(post, path = "/collections/{collection}/objects/", tag = "taxii",
    params(
        ("collection" = String, Path, description = "The id of a collection of this root")),
    request_body(content = Value, content_type = "application/taxii+json;version=2.1", description = "An envelope (section 3.7)"),
    responses(
        (status = 202, description = "The draft exists now; its status says what became of each object", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 400, description = "The body is no envelope of STIX 2.1", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 403, description = "The collection is read only, or the caller writes nothing", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 404, description = "There is none, or none for the caller", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 413, description = "The envelope is larger than 4 MiB, or has too many objects", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 415, description = "The body does not say that it is TAXII 2.1", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 422, description = "The envelope has nothing of which a draft could be made", content_type = "application/taxii+json;version=2.1", body = Value)))]
pub(in crate::http) async fn add(
    State(state): State<AppState>,
    asking: Asking,
    Path(InCollection { collection }): Path<InCollection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Taxii, Refusal> {
    let collection = asking.collection(&collection)?;
    if !collection.can_write() {
        return Err(closed());
    }
    media::is_envelope(&headers)?;
    let body =
        body.map_err(|error| Refusal::with_status(error.status(), Rule::WellFormed, error.body_text()))?;
    let caller = asking.caller.as_ref().ok_or_else(unknown)?;
    let acting = acting(&state, caller).await?;
    Life::new(acting.actor()).map_err(crate::storage::BulletinError::from)?;

    let read = move || (stix::import_envelope(&body), sent(&body));
    let (imported, sent) = tokio::task::spawn_blocking(read).await.map_err(|_| failed())?;
    let imported = imported?;
    let now_ms = clock::unix_ms();
    let tlp = imported.tlp.unwrap_or(Tlp::AmberStrict);
    // What is sent to a group is for it, unless its label is for everybody or for persons.
    let groups = collection.group().filter(|_| !matches!(tlp, Tlp::Clear | Tlp::Red));
    let marking = Marking {
        tlp: tlp.into(),
        groups: groups.into_iter().collect(),
        organisations: Vec::new(),
        persons: Vec::new(),
    };
    let content = String::from_utf8(imported.content.clone()).map_err(|_| failed())?;
    let new = revision(marking, content)?;
    // With an incident that others tell us of, the clock begins when they do.
    let noticed_ms = (imported.kind == DocumentKind::IncidentReport).then_some(now_ms);
    let id = DocumentId::from_bytes(random()?);
    state
        .store
        .create_document(caller.author(), &acting, id, imported.kind, noticed_ms, &new, now_ms)
        .await?;

    let receipt: [u8; 16] = random()?;
    let status = resource(&receipt, id, &imported, &sent, now_ms);
    state.store.keep_receipt(caller.user.id, receipt, &status.to_string(), now_ms).await?;
    Ok(Taxii(StatusCode::ACCEPTED, status))
}

/// Says what became of an envelope that the caller sent (section 4.3).
#[utoipa::path(get, path = "/status/{status}/", tag = "taxii",
    params(
        ("status" = String, Path, description = "The id of the status")),
    responses(
        (status = 200, description = "The status", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 404, description = "There is none, or none for the caller", content_type = "application/taxii+json;version=2.1", body = Value)))]
pub(in crate::http) async fn status(
    State(state): State<AppState>,
    asking: Asking,
    Path(OfStatus { status: id }): Path<OfStatus>,
) -> Result<Taxii, Refusal> {
    let caller = asking.caller.as_ref().ok_or_else(unknown)?;
    let id = id.replace('-', "").to_ascii_lowercase();
    let id = data_encoding::HEXLOWER.decode(id.as_bytes()).ok().and_then(|id| id.try_into().ok());
    let body = state.store.receipt(caller.user.id, id.ok_or_else(unknown)?).await?.ok_or_else(unknown)?;
    Ok(Taxii(StatusCode::OK, serde_json::from_str(&body).map_err(|_| failed())?))
}

/// Refuses what is sent to what is only read.
#[utoipa::path(post, path = "/collections/{collection}/objects/", tag = "taxii",
    params(
        ("collection" = String, Path, description = "The id of a collection of this root")),
    responses(
        (status = 403, description = "Members write, to their own root", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 404, description = "There is none, or none for the caller", content_type = "application/taxii+json;version=2.1", body = Value)))]
pub(in crate::http) async fn refuse(
    asking: Asking,
    Path(InCollection { collection }): Path<InCollection>,
) -> Result<Taxii, Refusal> {
    asking.collection(&collection)?;
    Err(closed())
}

fn closed() -> Refusal {
    let message = "this collection is read only; members write to their drafts";
    Refusal::with_status(StatusCode::FORBIDDEN, Rule::BulletinRole, message)
}

fn failed() -> Refusal {
    Refusal::new(Rule::Capacity, "the server failed; this is its fault")
}

impl From<ImportError> for Refusal {
    fn from(error: ImportError) -> Self {
        let status = match error {
            ImportError::Empty => StatusCode::UNPROCESSABLE_ENTITY,
            ImportError::Objects { .. }
            | ImportError::Tokens(_)
            | ImportError::TooLarge(_)
            | ImportError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::with_status(status, Rule::BulletinContent, error.to_string())
    }
}

/// An object that was sent: its id and its version.
type Sent = (String, Option<String>);

/// Returns what was sent. It is JSON within the bounds, or nothing was made of it.
fn sent(body: &[u8]) -> Vec<Sent> {
    let envelope: Value = serde_json::from_slice(body).unwrap_or_default();
    let objects = envelope["objects"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |object: &Value, key: &str| object[key].as_str().map(str::to_owned);
    let version = |object: &Value| text(object, "modified").or_else(|| text(object, "created"));
    objects.iter().map(|object| (text(object, "id").unwrap_or_default(), version(object))).collect()
}

fn resource(
    receipt: &[u8; 16],
    document: DocumentId,
    imported: &Imported,
    sent: &[Sent],
    now_ms: u64,
) -> Value {
    let now = stix::timestamp(now_ms);
    let failures = imported.left_out.len() + imported.left_out_more;
    let failure_count = failures.min(sent.len());
    let detail = |(id, version): &Sent, message: String| {
        let version = version.as_deref().filter(|version| stix::unix_ms(version).is_some());
        // A status shows no more of an id than an id has.
        let id: String = id.chars().take(100).collect();
        json!({ "id": id, "version": version.unwrap_or(&now), "message": message })
    };
    let why = |id: &str| imported.left_out.iter().find(|left| left.what == id).map(|left| left.why);
    let (mut successes, mut failed) = (Vec::new(), Vec::new());
    for one in sent {
        match why(&one.0) {
            Some(why) if failed.len() < NAMED_MAX => failed.push(detail(one, why.to_owned())),
            None if successes.len() < NAMED_MAX => {
                successes.push(detail(one, format!("in the draft of document {document}")));
            }
            _ => {}
        }
    }
    let id = data_encoding::HEXLOWER.encode(receipt);
    let id = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-");
    json!({
        "id": id,
        "status": "complete",
        "request_timestamp": now,
        "total_count": sent.len(),
        "success_count": sent.len() - failure_count,
        "successes": successes,
        "failure_count": failure_count,
        "failures": failed,
        "pending_count": 0,
        "pendings": [],
    })
}
