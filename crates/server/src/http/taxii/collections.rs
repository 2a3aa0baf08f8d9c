//! Discovery, API roots and collections (sections 4.1, 4.2, 5.1 and 5.2).

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use sabha_protocol::{bulletin::SharingGroupId, wire::bulletin::SharingGroup};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    super::accounts::Known,
    AppState, Asking, ENVELOPE_BYTES_MAX, InCollection, Refusal, Root, groups_of,
    media::{STIX, TAXII, Taxii},
};

/// Tells the ids of groups' drafts from every other SHA-256.
const DRAFTS_LABEL: &[u8] = b"sabha taxii drafts v1";

/// What can be read or written in a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Collection {
    /// What everybody may know.
    Public,
    /// What the caller may know.
    Bulletin,
    /// What of it is shared with a group that the caller's organisation is in.
    Group(SharingGroup),
    /// Where the caller's organisation gets drafts; for this group, if it is a group's.
    Drafts(Option<SharingGroup>),
}

impl Collection {
    /// Returns the collections of a root.
    pub(super) fn of(root: &Root) -> Vec<Self> {
        match root {
            Root::Public => vec![Self::Public],
            Root::Members => vec![Self::Bulletin, Self::Drafts(None)],
            Root::Group(group) => vec![Self::Group(group.clone()), Self::Drafts(Some(group.clone()))],
        }
    }

    /// Returns its id: drawn at random once, or made of a group's, and never changed, since programs remember it.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Public => "0b4c3d39-1a64-4a5e-8d5b-6f2f7f0d5a10".to_owned(),
            Self::Bulletin => "5d0f9f52-7c86-4a3b-9a0e-3e1c8a2b7d41".to_owned(),
            Self::Drafts(None) => "c86b1d0e-2f57-4c1d-b6a9-94d7f3e05b92".to_owned(),
            Self::Group(group) => uuid_of(*group.id.as_bytes()),
            Self::Drafts(Some(group)) => {
                let hash =
                    Sha256::new().chain_update(DRAFTS_LABEL).chain_update(group.id.as_bytes()).finalize();
                let mut bytes = [0; 16];
                bytes.copy_from_slice(&hash[..16]);
                uuid_of(bytes)
            }
        }
    }

    /// Returns the group that it is of, if it is one's.
    pub(super) fn group(&self) -> Option<SharingGroupId> {
        match self {
            Self::Group(group) | Self::Drafts(Some(group)) => Some(group.id),
            Self::Public | Self::Bulletin | Self::Drafts(None) => None,
        }
    }

    pub(super) const fn can_read(&self) -> bool {
        !matches!(self, Self::Drafts(_))
    }

    pub(super) const fn can_write(&self) -> bool {
        matches!(self, Self::Drafts(_))
    }

    fn resource(&self) -> Value {
        let (title, description, alias) = match self {
            Self::Public => ("Public bulletin", "What is published as TLP:CLEAR.", "public"),
            Self::Bulletin => ("Bulletin", "What is published and you may know of.", "bulletin"),
            Self::Group(group) => (group.name.as_str(), "What is shared with this group.", "shared"),
            Self::Drafts(None) => (
                "Drafts",
                "Each envelope becomes a draft of your organisation, which people finish.",
                "drafts",
            ),
            Self::Drafts(Some(_)) => (
                "Drafts",
                "Each envelope becomes a draft of your organisation for this group, which people finish.",
                "drafts",
            ),
        };
        json!({
            "id": self.id(),
            "title": title,
            "description": description,
            "alias": alias,
            "can_read": self.can_read(),
            "can_write": self.can_write(),
            "media_types": [STIX],
        })
    }
}

/// Writes bytes of chance as a UUID of version 4, which TAXII wants of a collection (section 5.2).
fn uuid_of(mut bytes: [u8; 16]) -> String {
    bytes[6] = 0x40 | (bytes[6] & 0x0F);
    bytes[8] = 0x80 | (bytes[8] & 0x3F);
    let digits = data_encoding::HEXLOWER.encode(&bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// Says which API roots there are: to each caller those of which they may know (section 4.1.1 has it filtered by client). Who shows
/// nothing, or nothing that is good, is told of those that everybody knows.
#[utoipa::path(get, path = "/taxii2/", tag = "taxii",
    responses(
        (status = 200, description = "The discovery resource", content_type = "application/taxii+json;version=2.1", body = Value)))]
pub(in crate::http) async fn discovery(
    State(state): State<AppState>,
    Known(caller): Known,
) -> Result<Taxii, Refusal> {
    let (public, members) = (state.url_of("/taxii2/public/"), state.url_of("/taxii2/members/"));
    let mut roots = vec![public.clone(), members];
    if let Some(caller) = caller {
        let reader = state.store.bulletin_standing(caller.user.id).await?.reader;
        let groups = groups_of(&state, &reader).await?;
        roots.extend(groups.iter().map(|group| state.url_of(&format!("/taxii2/groups/{}/", group.id))));
    }
    Ok(Taxii(
        StatusCode::OK,
        json!({
            "title": "Sabha bulletin",
            "description": "Documents that organisations share by need to know.",
            "default": public,
            "api_roots": roots,
        }),
    ))
}

/// Describes the API root (section 4.2).
#[utoipa::path(get, path = "/", tag = "taxii",
    responses(
        (status = 200, description = "The root", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 404, description = "There is none, or none for the caller", content_type = "application/taxii+json;version=2.1", body = Value)))]
pub(in crate::http) async fn root(asking: Asking) -> Taxii {
    let title = match &asking.root {
        Root::Public => "For everybody",
        Root::Members => "For member organisations",
        Root::Group(group) => group.name.as_str(),
    };
    Taxii(
        StatusCode::OK,
        json!({ "title": title, "versions": [TAXII], "max_content_length": ENVELOPE_BYTES_MAX }),
    )
}

/// Lists the collections of the root (section 5.1).
#[utoipa::path(get, path = "/collections/", tag = "taxii",
    responses(
        (status = 200, description = "The collections", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 404, description = "There is none, or none for the caller", content_type = "application/taxii+json;version=2.1", body = Value)))]
pub(in crate::http) async fn collections(asking: Asking) -> Taxii {
    let all: Vec<Value> = Collection::of(&asking.root).iter().map(Collection::resource).collect();
    Taxii(StatusCode::OK, json!({ "collections": all }))
}

/// Describes a collection (section 5.2).
#[utoipa::path(get, path = "/collections/{collection}/", tag = "taxii",
    params(
        ("collection" = String, Path, description = "The id of a collection of this root")),
    responses(
        (status = 200, description = "The collection", content_type = "application/taxii+json;version=2.1", body = Value),
        (status = 404, description = "There is none, or none for the caller", content_type = "application/taxii+json;version=2.1", body = Value)))]
pub(in crate::http) async fn collection(
    asking: Asking,
    Path(InCollection { collection }): Path<InCollection>,
) -> Result<Taxii, Refusal> {
    Ok(Taxii(StatusCode::OK, asking.collection(&collection)?.resource()))
}
