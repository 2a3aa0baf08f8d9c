//! Objects in the order in which they were added, as one reader may know them: what every answer is a page of.
//!
//! An object is added when the revision that it is of is published, and again, revoked, when its document is withdrawn. Its owner
//! and its marking come with many documents; they are added with the first of them that this reader may know.

use sabha_advisory::{
    Owner, Source, Tlp,
    clearance::Reader,
    initial_release_ms,
    stix::{self, Bundle, timestamp, unix_ms},
};
use serde_json::Value;

use super::{
    Refusal, Shared,
    filter::{Filter, From, Version},
    index::{bring_up_to_date, uuid},
};
use crate::storage::{PublishedRevision, Told, Within};

/// Revisions that are read at a time: some 10 MB at most.
const CHUNK: usize = 20;

/// Revisions that are looked through for one page. Where few match, a page is shorter, and says where it goes on.
const ROWS_MAX: usize = 500;

/// An object, with when it was added.
pub(super) struct Added {
    pub(super) added_ms: u64,
    /// When this version of it is from; when it was added, if it has no versions (section 3.4.2).
    pub(super) version: String,
    pub(super) object: Value,
}

impl Added {
    pub(super) fn text(&self, key: &str) -> &str {
        self.object[key].as_str().unwrap_or_default()
    }
}

/// Some objects, and where it goes on.
#[derive(Default)]
pub(super) struct Page {
    pub(super) objects: Vec<Added>,
    pub(super) next: Option<From>,
}

/// Returns the page that `filter` asks for.
pub(super) async fn page(state: &Shared, reader: &Reader, filter: &Filter) -> Result<Page, Refusal> {
    collect(state, reader, filter, None).await
}

/// Returns the versions of an object that `filter` asks for, by its id.
pub(super) async fn of_object(
    state: &Shared,
    reader: &Reader,
    filter: &Filter,
    id: &str,
) -> Result<Page, Refusal> {
    let Some(object) = uuid(id) else { return Ok(Page::default()) };
    bring_up_to_date(state).await?;
    let filter = Filter { ids: Some(vec![id.to_owned()]), types: None, ..filter.clone() };
    collect(state, reader, &filter, Some(object)).await
}

async fn collect(
    state: &Shared,
    reader: &Reader,
    filter: &Filter,
    object: Option<[u8; 16]>,
) -> Result<Page, Refusal> {
    let within = Within { object, group: filter.group };
    let mut page = Page::default();
    if !filter.is_2_1 {
        return Ok(page);
    }
    let after = filter.added_after_ms.map_or(0, |after_ms| after_ms.saturating_add(1));
    let mut from = filter.from.told.max(Told { at_ms: after, ..Told::default() });
    let mut looked_through = 0;
    loop {
        // One more shows whether there are more.
        let mut rows = state.store.told(reader, from, within, CHUNK + 1).await?;
        let next = rows.get(CHUNK).map(|row| row.told);
        rows.truncate(CHUNK);
        looked_through += rows.len();
        for (told, found) in matching(rows, filter).await {
            let given = if told == filter.from.told { filter.from.given } else { 0 };
            for (at, object) in found.into_iter().enumerate().skip(given) {
                if page.objects.len() == filter.limit {
                    page.next = Some(From { told, given: at });
                    return Ok(page);
                }
                page.objects.push(object);
            }
        }
        // An owner and a marking have one version, and come with the first of what they are of.
        let is_whole = page.objects.first().is_some_and(|one| is_shared(one.text("type")));
        match next {
            None => return Ok(page),
            Some(_) if object.is_some() && is_whole => return Ok(page),
            Some(told) if looked_through >= ROWS_MAX => {
                page.next = Some(From { told, given: 0 });
                return Ok(page);
            }
            Some(told) => from = told,
        }
    }
}

/// Makes the objects of some revisions, and keeps those that are asked for. Away from the threads that wait for requests.
async fn matching(rows: Vec<PublishedRevision>, filter: &Filter) -> Vec<(Told, Vec<Added>)> {
    let filter = filter.clone();
    let work = move || rows.iter().map(|row| (row.told, objects(row, &filter))).collect();
    tokio::task::spawn_blocking(work).await.unwrap_or_default()
}

/// Makes the objects of a revision.
pub(super) fn bundle(row: &PublishedRevision) -> Option<Bundle> {
    let (document, owner) = (row.document().to_string(), row.owner.to_string());
    let added_ms = row.told.at_ms;
    let source = Source {
        key: &document,
        kind: row.kind,
        tlp: row.tlp.into(),
        owner: Owner { key: &owner, name: row.owner_name.as_str() },
        // As its author says, so that it is the same for who may not know of the first revision.
        created_ms: initial_release_ms(&row.content).map_or(added_ms, |ms| ms.min(added_ms)),
        modified_ms: added_ms,
        withdrawn: row.told.withdrawn,
        content: &row.content,
    };
    let bundle = stix::export(&source).ok();
    if bundle.is_none() {
        tracing::error!("a published document is no JSON within the bounds");
    }
    bundle
}

/// Returns whether objects of a type come with many documents.
fn is_shared(kind: &str) -> bool {
    matches!(kind, "identity" | "marking-definition")
}

fn objects(row: &PublishedRevision, filter: &Filter) -> Vec<Added> {
    let (tlp, added_ms) = (Tlp::from(row.tlp), row.told.at_ms);
    let mut found = Vec::new();
    for object in bundle(row).map(Bundle::into_objects).unwrap_or_default() {
        let kind = object["type"].as_str().unwrap_or_default();
        // What comes with many documents is there once. A label that only the content names has no document that leads.
        let shared = match kind {
            kind if !is_shared(kind) => None,
            "identity" => Some(row.leads_owner),
            _ => Some(row.leads_label || object["name"] != tlp.label()),
        };
        let version = object["modified"].as_str().or(object["created"].as_str());
        let version = version.map_or_else(|| timestamp(added_ms), str::to_owned);
        let is_meant = filter.versions.iter().any(|meant| match (meant, shared) {
            (Version::Of(ms), _) => unix_ms(&version) == Some(*ms),
            (_, Some(_)) | (Version::All, None) => true,
            (Version::First, None) => row.is_first,
            (Version::Last, None) => row.is_last,
        });
        let id = object["id"].as_str().unwrap_or_default();
        let is_named = |names: &Option<Vec<String>>, name: &str| {
            names.as_ref().is_none_or(|names| names.iter().any(|one| one == name))
        };
        if is_meant && shared != Some(false) && is_named(&filter.ids, id) && is_named(&filter.types, kind) {
            found.push(Added { added_ms, version, object });
        }
    }
    found
}
