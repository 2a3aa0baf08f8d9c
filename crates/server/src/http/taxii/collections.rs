//! Discovery, API roots and collections (sections 4.1, 4.2, 5.1 and 5.2).

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use sabha_protocol::{bulletin::SharingGroupId, wire::bulletin::SharingGroup};
use serde_json::{Value, json};

use super::{
    AppState, Asking, ENVELOPE_BYTES_MAX, Refusal,
    media::{STIX, TAXII, Taxii},
};

/// What can be read or written in a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Collection {
    /// What everybody may know.
    Public,
    /// What the caller may know.
    Bulletin,
    /// What of it is shared with a group that the caller's organisation is in.
    Group(SharingGroup),
    /// Where the caller's organisation gets drafts.
    Drafts,
}

impl Collection {
    /// Returns the collections of a root.
    pub(super) fn of(asking: &Asking) -> Vec<Self> {
        if asking.caller.is_none() {
            return vec![Self::Public];
        }
        let groups = asking.groups.iter().cloned().map(Self::Group);
        [Self::Bulletin, Self::Drafts].into_iter().chain(groups).collect()
    }

    /// Returns its id: drawn at random once, and never changed, since programs remember it.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Public => "0b4c3d39-1a64-4a5e-8d5b-6f2f7f0d5a10".to_owned(),
            Self::Bulletin => "5d0f9f52-7c86-4a3b-9a0e-3e1c8a2b7d41".to_owned(),
            Self::Drafts => "c86b1d0e-2f57-4c1d-b6a9-94d7f3e05b92".to_owned(),
            Self::Group(group) => uuid_of(group.id),
        }
    }

    /// Returns the group that it is of, if it is one's.
    pub(super) const fn group(&self) -> Option<SharingGroupId> {
        match self {
            Self::Group(group) => Some(group.id),
            _ => None,
        }
    }

    pub(super) const fn can_read(&self) -> bool {
        !matches!(self, Self::Drafts)
    }

    pub(super) const fn can_write(&self) -> bool {
        matches!(self, Self::Drafts)
    }

    fn resource(&self) -> Value {
        let (title, description, alias) = match self {
            Self::Public => ("Public bulletin", "What is published as TLP:CLEAR.", Some("public")),
            Self::Bulletin => ("Bulletin", "What is published and you may know of.", Some("bulletin")),
            Self::Group(group) => (group.name.as_str(), "What is shared with this group.", None),
            Self::Drafts => (
                "Drafts",
                "Each envelope becomes a draft of your organisation, which people finish.",
                Some("drafts"),
            ),
        };
        let mut resource = json!({
            "id": self.id(),
            "title": title,
            "description": description,
            "can_read": self.can_read(),
            "can_write": self.can_write(),
            "media_types": [STIX],
        });
        if let Some(alias) = alias {
            resource["alias"] = alias.into();
        }
        resource
    }
}

/// Returns the id of a group's collection: TAXII wants a UUID of version 4 (section 5.2), and a group's id is 128 bits of chance.
fn uuid_of(group: SharingGroupId) -> String {
    let mut bytes = *group.as_bytes();
    bytes[6] = 0x40 | (bytes[6] & 0x0F);
    bytes[8] = 0x80 | (bytes[8] & 0x3F);
    let digits = data_encoding::HEXLOWER.encode(&bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// Says which API roots there are. Which of them opens is for each to say.
pub(in crate::http) async fn discovery(State(state): State<AppState>) -> Taxii {
    let (public, members) = (state.url_of("/taxii2/public/"), state.url_of("/taxii2/members/"));
    Taxii(
        StatusCode::OK,
        json!({
            "title": "Sabha bulletin",
            "description": "Documents that organisations share by need to know.",
            "default": public,
            "api_roots": [public, members],
        }),
    )
}

pub(in crate::http) async fn root(asking: Asking) -> Taxii {
    let title = if asking.caller.is_some() { "For member organisations" } else { "For everybody" };
    Taxii(
        StatusCode::OK,
        json!({ "title": title, "versions": [TAXII], "max_content_length": ENVELOPE_BYTES_MAX }),
    )
}

pub(in crate::http) async fn collections(asking: Asking) -> Taxii {
    let all: Vec<Value> = Collection::of(&asking).iter().map(Collection::resource).collect();
    Taxii(StatusCode::OK, json!({ "collections": all }))
}

pub(in crate::http) async fn collection(asking: Asking, Path(id): Path<String>) -> Result<Taxii, Refusal> {
    Ok(Taxii(StatusCode::OK, asking.collection(&id)?.resource()))
}
