//! Bodies of the HTTP API for those who say what the organisation demands of every meeting: its floor.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{
    ControlSettings, ControlWord,
    account::{Label, TemplateId},
    key::ProfileKey,
};

macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

body! {
    /// Answer to `GET /api/v1/floor`: what is demanded, what was, and what could be.
    FloorView {
        /// Counts from 1; 0 where nobody has chosen, and the default tier holds.
        number: u32,
        /// Every control, in the catalogue's order.
        controls: Vec<FloorControl>,
        /// Newest first, at most 100.
        history: Vec<FloorEntry>,
        /// Profiles that are shipped.
        profiles: Vec<ProfileSummary>,
        /// Tiers, the loosest first.
        tiers: Vec<ControlWord>,
        /// Templates, by name.
        templates: Vec<Template>,
    }
}

body! {
    /// What is demanded of one control.
    FloorControl {
        /// Which.
        control: ControlWord,
        /// The name of a level, a number, `none`, or `always`.
        value: ControlWord,
        /// Whether it holds in every meeting and cannot be set.
        always: bool,
        /// Advisories that ask for it.
        sources: Vec<String>,
    }
}

body! {
    /// A floor that is or was in force.
    FloorEntry {
        /// Counts from 1.
        number: u32,
        /// When, in milliseconds since 1970.
        #[ts(type = "number")]
        applied_ms: u64,
        /// Who, as it was written down then.
        applied_by: String,
        /// What it was made from.
        origin: String,
        /// What it demands.
        controls: ControlSettings,
    }
}

body! {
    /// A shipped profile.
    ProfileSummary {
        /// Its id.
        id: String,
        /// For people.
        title: String,
        /// Who issued what it renders, for people.
        issuer: String,
        /// When that was issued.
        issued: String,
        /// How many controls it names.
        controls: u32,
    }
}

body! {
    /// Named controls that a meeting can begin with. Where the floor is tighter, the floor holds.
    Template {
        /// Names it for programs.
        id: TemplateId,
        /// Names it for people, each once.
        name: Label,
        /// What it asks for. Controls that are not named are at their loosest.
        controls: ControlSettings,
        /// When it was changed last, in milliseconds since 1970.
        #[ts(type = "number")]
        changed_ms: u64,
    }
}

body! {
    /// Answer to `GET /api/v1/templates`.
    Templates {
        /// By name.
        templates: Vec<Template>,
    }
}

body! {
    /// Body of `POST /api/v1/templates`.
    PutTemplate {
        /// Which one to change; absent for a new one.
        #[serde(default)]
        #[ts(optional = nullable)]
        id: Option<TemplateId>,
        /// For people.
        name: Label,
        /// What it asks for.
        controls: ControlSettings,
    }
}

/// What a floor can be made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FloorWish {
    /// A floor of before; 0 is what holds where nobody has chosen. Takes the place of today's.
    Earlier {
        /// Which.
        number: u32,
    },
    /// The text of a profile's file.
    File {
        /// JSON, at most 256 KiB.
        text: String,
    },
    /// A shipped profile.
    Profile {
        /// Its id.
        id: String,
    },
    /// A tier.
    Tier {
        /// Its name.
        tier: ControlWord,
    },
}

body! {
    /// Body of `POST /api/v1/floor/preview`.
    PreviewFloor {
        /// From what.
        wish: FloorWish,
    }
}

body! {
    /// What would change.
    FloorPreview {
        /// The number of the floor that this was compared with.
        seen: u32,
        /// What it is made from, as it would be written down.
        origin: String,
        /// Under which key the profile's signature holds; absent for what is not signed.
        #[serde(default)]
        #[ts(optional = nullable)]
        signed_by: Option<ProfileKey>,
        /// Controls that differ, in the catalogue's order.
        changes: Vec<FloorChange>,
    }
}

body! {
    /// A control that would be another one.
    FloorChange {
        /// Which.
        control: ControlWord,
        /// Today.
        before: ControlWord,
        /// Then.
        after: ControlWord,
        /// Whether it gets tighter; what gets looser is left as it is unless that is asked for.
        tightens: bool,
    }
}

body! {
    /// Body of `POST /api/v1/floor`.
    ApplyFloor {
        /// From what.
        wish: FloorWish,
        /// The number of the floor that the decision was made over: another one in force refuses it.
        seen: u32,
        /// Also where it asks for less than today. An earlier floor comes back as it was in any case.
        loosen: bool,
    }
}

body! {
    /// The floor that is in force now.
    FloorApplied {
        /// Its number.
        number: u32,
    }
}
