//! Objects, their manifest and their versions (sections 5.3 to 5.8).

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse as _, Response},
};
use sabha_advisory::stix::timestamp;
use sabha_protocol::{Rule, bulletin::SharingGroupId};
use serde_json::{Value, json};

use super::{
    AppState, Asking, InCollection, OfObject, Refusal,
    filter::{Filter, Version},
    media::{STIX, Taxii},
    page::{Added, Page, of_object, page},
    unknown,
};

/// Gives objects, in the order in which they were added (section 5.4).
#[utoipa::path(get, path = "/collections/{collection}/objects/", tag = "taxii",
    params(
        ("collection" = String, Path, description = "The id of a collection of this root"),
        ("added_after" = Option<String>, Query, description = "Only what was added after this, a time of RFC 3339"),
        ("limit" = Option<usize>, Query, description = "Most of one answer, from 1 to 1000, which is also what is meant without it"),
        ("next" = Option<String>, Query, description = "Where the answer before said that it goes on"),
        ("match[id]" = Option<String>, Query, description = "Ids, with commas between them; as in every filter 100 at most"),
        ("match[type]" = Option<String>, Query, description = "Types of STIX"),
        ("match[version]" = Option<String>, Query, description = "`last`, which is meant without it, `first`, `all`, and times of RFC 3339"),
        ("match[spec_version]" = Option<String>, Query, description = "Versions of STIX; there are objects of 2.1")),
    responses(
        (status = 200, description = "An envelope, with `more` and `next` if it goes on", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 400, description = "The query is not one of TAXII 2.1, or a filter has more than 100 values", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 403, description = "The collection is written only", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 404, description = "There is none, or none for the caller", content_type = "application/taxii+json;version=2.1", body = Value)))]
pub(in crate::http) async fn objects(
    State(state): State<AppState>,
    asking: Asking,
    Path(InCollection { collection }): Path<InCollection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let filter = readable(&asking, &collection, query)?;
    let found = page(&state, &asking.reader, &filter).await?;
    Ok(answer(found, "objects", |added| added.object))
}

/// Lists versions of objects without what is in them (section 5.3).
#[utoipa::path(get, path = "/collections/{collection}/manifest/", tag = "taxii",
    params(
        ("collection" = String, Path, description = "The id of a collection of this root"),
        ("added_after" = Option<String>, Query, description = "Only what was added after this, a time of RFC 3339"),
        ("limit" = Option<usize>, Query, description = "Most of one answer, from 1 to 1000, which is also what is meant without it"),
        ("next" = Option<String>, Query, description = "Where the answer before said that it goes on"),
        ("match[id]" = Option<String>, Query, description = "Ids, with commas between them; as in every filter 100 at most"),
        ("match[type]" = Option<String>, Query, description = "Types of STIX"),
        ("match[version]" = Option<String>, Query, description = "`last`, which is meant without it, `first`, `all`, and times of RFC 3339"),
        ("match[spec_version]" = Option<String>, Query, description = "Versions of STIX; there are objects of 2.1")),
    responses(
        (status = 200, description = "A manifest, with `more` and `next` if it goes on", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 400, description = "The query is not one of TAXII 2.1, or a filter has more than 100 values", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 403, description = "The collection is written only", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 404, description = "There is none, or none for the caller", content_type = "application/taxii+json;version=2.1", body = Value)))]
pub(in crate::http) async fn manifest(
    State(state): State<AppState>,
    asking: Asking,
    Path(InCollection { collection }): Path<InCollection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let filter = readable(&asking, &collection, query)?;
    let found = page(&state, &asking.reader, &filter).await?;
    Ok(answer(found, "objects", |added| {
        json!({
            "id": added.text("id"),
            "date_added": timestamp(added.added_ms),
            "version": added.version,
            "media_type": STIX,
        })
    }))
}

/// Gives the versions of an object that are asked for (section 5.6).
#[utoipa::path(get, path = "/collections/{collection}/objects/{object}/", tag = "taxii",
    params(
        ("collection" = String, Path, description = "The id of a collection of this root"),
        ("object" = String, Path, description = "The id of an object of STIX"),
        ("added_after" = Option<String>, Query, description = "Only what was added after this, a time of RFC 3339"),
        ("limit" = Option<usize>, Query, description = "Most of one answer, from 1 to 1000, which is also what is meant without it"),
        ("next" = Option<String>, Query, description = "Where the answer before said that it goes on"),
        ("match[version]" = Option<String>, Query, description = "`last`, which is meant without it, `first`, `all`, and times of RFC 3339"),
        ("match[spec_version]" = Option<String>, Query, description = "Versions of STIX; there are objects of 2.1")),
    responses(
        (status = 200, description = "An envelope, with `more` and `next` if it goes on", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 400, description = "The query is not one of TAXII 2.1, or a filter has more than 100 values", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 403, description = "The collection is written only", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 404, description = "There is none, or none for the caller", content_type = "application/taxii+json;version=2.1", body = Value)))]
pub(in crate::http) async fn object(
    State(state): State<AppState>,
    asking: Asking,
    Path(OfObject { collection, object: id }): Path<OfObject>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let filter = readable(&asking, &collection, query)?;
    let found = of_object(&state, &asking.reader, &filter, &id).await?;
    if found.objects.is_empty() {
        known(&state, &asking, filter.group, &id).await?;
    }
    Ok(answer(found, "objects", |added| added.object))
}

/// Lists the versions of an object, the newest first (section 5.8).
#[utoipa::path(get, path = "/collections/{collection}/objects/{object}/versions/", tag = "taxii",
    params(
        ("collection" = String, Path, description = "The id of a collection of this root"),
        ("object" = String, Path, description = "The id of an object of STIX"),
        ("added_after" = Option<String>, Query, description = "Only what was added after this, a time of RFC 3339"),
        ("limit" = Option<usize>, Query, description = "Most of one answer, from 1 to 1000, which is also what is meant without it"),
        ("next" = Option<String>, Query, description = "Where the answer before said that it goes on"),
        ("match[spec_version]" = Option<String>, Query, description = "Versions of STIX; there are objects of 2.1")),
    responses(
        (status = 200, description = "Its versions, with `more` and `next` if it goes on", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 400, description = "The query is not one of TAXII 2.1, or a filter has more than 100 values", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 403, description = "The collection is written only", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 404, description = "There is none, or none for the caller", content_type = "application/taxii+json;version=2.1", body = Value)))]
pub(in crate::http) async fn versions(
    State(state): State<AppState>,
    asking: Asking,
    Path(OfObject { collection, object: id }): Path<OfObject>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let mut filter = readable(&asking, &collection, query)?;
    filter.versions = vec![Version::All];
    let mut found = of_object(&state, &asking.reader, &filter, &id).await?;
    if found.objects.is_empty() {
        known(&state, &asking, filter.group, &id).await?;
    }
    // Of versions the newest is first (section 5.8); everything else is in the order in which it was added.
    found.objects.reverse();
    Ok(answer(found, "versions", |added| added.version.into()))
}

/// Refuses to delete: what is published stays as it is, for whoever it was published to.
#[utoipa::path(delete, path = "/collections/{collection}/objects/{object}/", tag = "taxii",
    params(
        ("collection" = String, Path, description = "The id of a collection of this root"),
        ("object" = String, Path, description = "The id of an object of STIX")),
    responses(
        (status = 403, description = "Nothing is ever deleted", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 404, description = "There is none, or none for the caller", content_type = "application/taxii+json;version=2.1", body = Value)))]
pub(in crate::http) async fn delete(
    State(state): State<AppState>,
    asking: Asking,
    Path(OfObject { collection, object: id }): Path<OfObject>,
) -> Result<Response, Refusal> {
    let collection = asking.collection(&collection)?;
    if collection.can_read() {
        known(&state, &asking, collection.group(), &id).await?;
    }
    let message = "what is published is never deleted; its publisher can withdraw the document, which revokes its objects";
    Err(Refusal::with_status(StatusCode::FORBIDDEN, Rule::BulletinStage, message))
}

/// Returns what is asked for of a collection that can be read.
fn readable(asking: &Asking, collection: &str, query: Option<String>) -> Result<Filter, Refusal> {
    let collection = asking.collection(collection)?;
    if !collection.can_read() {
        let message = "this collection is written only; what it was given is a draft in the bulletin";
        return Err(Refusal::with_status(StatusCode::FORBIDDEN, Rule::BulletinRole, message));
    }
    Ok(Filter { group: collection.group(), ..Filter::read(&query.unwrap_or_default())? })
}

/// Makes sure that there is an object of this id in the collection, for this reader.
async fn known(
    state: &super::Shared,
    asking: &Asking,
    group: Option<SharingGroupId>,
    id: &str,
) -> Result<(), Refusal> {
    let any = Filter { limit: 1, versions: vec![Version::All], group, ..Filter::default() };
    let found = of_object(state, &asking.reader, &any, id).await?;
    if found.objects.is_empty() { Err(unknown()) } else { Ok(()) }
}

/// Returns a page as TAXII has it: an empty one is an empty object (section 3.7).
fn answer(page: Page, name: &str, one: impl Fn(Added) -> Value) -> Response {
    let Page { objects, next } = page;
    let dates = || objects.iter().map(|added| added.added_ms);
    let ends = dates().min().zip(dates().max());
    let mut resource = json!({});
    if !objects.is_empty() {
        resource[name] = objects.into_iter().map(one).collect();
        resource["more"] = next.is_some().into();
    }
    if let Some(next) = next {
        resource["more"] = true.into();
        resource["next"] = next.write().into();
    }
    let mut response = Taxii(StatusCode::OK, resource).into_response();
    if let Some((first, last)) = ends {
        for (name, ms) in [("x-taxii-date-added-first", first), ("x-taxii-date-added-last", last)] {
            let value = HeaderValue::from_str(&timestamp(ms)).expect("a time is ASCII");
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
