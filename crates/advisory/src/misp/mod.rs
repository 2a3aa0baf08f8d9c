//! Documents of the bulletin as events of MISP, in its core format, and back.
//!
//! | of the document | in the event |
//! |---|---|
//! | its label | the tag `tlp:...`, exact, and a distribution that is no wider |
//! | what it is | the tag `sabha:document="..."` |
//! | its owner | `Orgc` |
//! | a text | an event report |
//! | a link | an attribute `link` |
//! | a vulnerability | an object `vulnerability` |
//! | a remedy | an object `course-of-action`, which refers to its vulnerability |
//! | a line of [`indicators`](crate::indicators) | an attribute for detection (`to_ids`) |
//!
//! Sharing groups of the bulletin are none of MISP's, so that nothing is for one: what is for some organisations is for the
//! receiver's alone, who decides.
//!
//! Source: the core format as <https://www.misp-standard.org/rfc/misp-standard-core.html> has it, and MISP's own templates of
//! the two objects.

mod export;
mod import;

pub use export::export;
pub use import::import;

use crate::{Tlp, indicators::IndicatorKind};

/// The tag by which an event says which document of the bulletin it is.
const KIND_TAG: &str = "sabha:document=\"";

/// The name of the report that is the document's own description.
const DESCRIPTION: &str = "Description";

/// The comment of the attribute that is the document's tracking id.
const TRACKING: &str = "CSAF tracking id";

/// Returns how far a server of MISP may pass on an event: 3 to all communities, 1 within this one, 0 to nobody else.
const fn distribution(label: Tlp) -> u8 {
    match label {
        Tlp::Clear => 3,
        Tlp::Green => 1,
        Tlp::Amber | Tlp::AmberStrict | Tlp::Red => 0,
    }
}

/// Returns the label that a distribution stands for; `None` for what says nothing: all communities, or as the event has it.
const fn label_of(distribution: u8) -> Option<Tlp> {
    match distribution {
        // The own organisation only.
        0 => Some(Tlp::AmberStrict),
        // This community, and those connected to it.
        1 | 2 => Some(Tlp::Green),
        3 | 5 => None,
        // A sharing group, and whatever else there will be.
        _ => Some(Tlp::Amber),
    }
}

/// Returns MISP's type for a kind of indicator, and the category that it has by default.
const fn attribute_type(kind: IndicatorKind) -> (&'static str, &'static str) {
    match kind {
        IndicatorKind::Domain => ("domain", "Network activity"),
        IndicatorKind::Email => ("email-src", "Payload delivery"),
        IndicatorKind::File => ("filename", "Payload delivery"),
        IndicatorKind::Ipv4 | IndicatorKind::Ipv6 => ("ip-dst", "Network activity"),
        IndicatorKind::Md5 => ("md5", "Payload delivery"),
        IndicatorKind::Sha1 => ("sha1", "Payload delivery"),
        IndicatorKind::Sha256 => ("sha256", "Payload delivery"),
        IndicatorKind::Sha512 => ("sha512", "Payload delivery"),
        IndicatorKind::Url => ("url", "Network activity"),
    }
}
