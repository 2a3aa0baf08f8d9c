//! Bodies of the bulletin's HTTP API: how many documents there are of what, for one reader and filter.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::accounts::body;
use crate::{
    account::Label,
    bulletin::{DocumentKind, OrganisationId, Severity, TlpLabel},
};

body! {
    /// Answer to `GET /api/v1/bulletin/facets` and `GET /api/v1/bulletin/public/facets`. What there is none of is not named. Each
    /// list counts what the whole filter leaves, and only what the reader may know of.
    Facets {
        /// By label, of the newest revision that the reader may know.
        labels: Vec<LabelCount>,
        /// By kind.
        kinds: Vec<KindCount>,
        /// By how severe they say that they are, the most severe first.
        severities: Vec<SeverityCount>,
        /// By who answers for them, the most documents first, at most 50.
        publishers: Vec<PublisherCount>,
        /// By the year in UTC in which they were changed last, the newest first.
        years: Vec<YearCount>,
    }
}

body! {
    /// Documents of one label.
    LabelCount {
        /// The label.
        tlp: TlpLabel,
        /// How many.
        #[ts(type = "number")]
        count: u64,
    }
}

body! {
    /// Documents of one kind.
    KindCount {
        /// The kind.
        kind: DocumentKind,
        /// How many.
        #[ts(type = "number")]
        count: u64,
    }
}

body! {
    /// Documents of one severity.
    SeverityCount {
        /// The severity.
        severity: Severity,
        /// How many.
        #[ts(type = "number")]
        count: u64,
    }
}

body! {
    /// Documents of one organisation.
    PublisherCount {
        /// The organisation.
        owner: OrganisationId,
        /// Its name.
        name: Label,
        /// How many.
        #[ts(type = "number")]
        count: u64,
    }
}

body! {
    /// Documents of one year.
    YearCount {
        /// The year.
        year: u16,
        /// How many.
        #[ts(type = "number")]
        count: u64,
    }
}
