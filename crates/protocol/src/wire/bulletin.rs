//! Bodies of the bulletin's HTTP API: who takes part. Documents are in `bulletin_documents.rs`.
//!
//! Who asks, and of which member organisation they are, is never in a body.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{accounts::body, at_most};
use crate::{
    DisplayName,
    account::{Label, UserId},
    bulletin::{BulletinRole, BulletinRoles, OrganisationId, SharingGroupId},
    limits::GROUP_ORGANISATIONS_MAX,
};

body! {
    /// A member organisation of the bulletin.
    MemberOrganisation {
        /// The organisation.
        id: OrganisationId,
        /// Its name; no two have the same.
        name: Label,
    }
}

body! {
    /// Answer to `GET /api/v1/bulletin/organisations`.
    MemberOrganisations {
        /// All that take part, by name.
        organisations: Vec<MemberOrganisation>,
    }
}

body! {
    /// Body of `POST /api/v1/bulletin/organisations`.
    AddOrganisation {
        /// Its name.
        name: Label,
    }
}

body! {
    /// Somebody's place in a member organisation.
    Membership {
        /// Who.
        user: UserId,
        /// Their name.
        name: DisplayName,
        /// Of which organisation.
        organisation: OrganisationId,
        /// What they may do for it.
        #[schema(value_type = Vec<BulletinRole>)]
        roles: BulletinRoles,
        /// Since when, in milliseconds since 1970.
        #[ts(type = "number")]
        since_ms: u64,
    }
}

body! {
    /// Answer to `GET /api/v1/bulletin/memberships`.
    Memberships {
        /// Those whom the reader may see: of the own organisation; for administrators of the server, all.
        memberships: Vec<Membership>,
    }
}

body! {
    /// Body of `PUT /api/v1/bulletin/memberships`: in the place of what they were before.
    SetMembership {
        /// Who.
        user: UserId,
        /// Of which organisation from now on.
        organisation: OrganisationId,
        /// What they may do for it; at least one.
        #[schema(value_type = Vec<BulletinRole>)]
        roles: BulletinRoles,
    }
}

body! {
    /// A sharing group: organisations that share with each other.
    SharingGroup {
        /// The group.
        id: SharingGroupId,
        /// Its name; no two have the same.
        name: Label,
        /// Who is in it.
        organisations: Vec<OrganisationId>,
    }
}

body! {
    /// Answer to `GET /api/v1/bulletin/groups`.
    SharingGroups {
        /// Those in which the own organisation is; for administrators of the server, all. By name.
        groups: Vec<SharingGroup>,
    }
}

body! {
    /// Body of `POST /api/v1/bulletin/groups` and of `PUT /api/v1/bulletin/groups/{id}`.
    SetSharingGroup {
        /// Its name.
        name: Label,
        /// Who is in it; nobody makes it an empty one. A group is never removed: what was for it would be for whom?
        #[serde(deserialize_with = "organisations")]
        organisations: Vec<OrganisationId>,
    }
}

body! {
    /// Answer to `GET /api/v1/bulletin/me`: as whom one reads.
    BulletinReader {
        /// Who.
        user: UserId,
        /// Of which member organisation; absent for who is of none, and reads what is `TLP:CLEAR` only.
        #[serde(default)]
        #[ts(optional = nullable)]
        organisation: Option<MemberOrganisation>,
        /// Their roles there.
        #[schema(value_type = Vec<BulletinRole>)]
        roles: BulletinRoles,
    }
}

fn organisations<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<OrganisationId>, D::Error> {
    at_most::<_, _, GROUP_ORGANISATIONS_MAX>(deserializer)
}
