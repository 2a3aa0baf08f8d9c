//! The JSON schema of CSAF 2.0 (errata 01) and those of CVSS 2.0, 3.0 and 3.1 to which it refers, as data.
//!
//! One table for each object, in the order of the schema; keys in the order of the alphabet, as the walk needs them.

use super::{
    Object, Shape,
    forms::{Cvss, Form},
};

const fn object(
    properties: &'static [(&'static str, &'static Shape)],
    required: &'static [&'static str],
) -> Object {
    Object { properties, required, keys: (0, usize::MAX) }
}

impl Object {
    const fn keys(self, fewest: usize, most: usize) -> Self {
        Self { keys: (fewest, most), ..self }
    }
}

static CATEGORY: Shape = Shape::Text(Form::Category);
static CPE: Shape = Shape::Text(Form::Cpe);
static CVE: Shape = Shape::Text(Form::Cve);
static CWE_ID: Shape = Shape::Text(Form::CweId);
static DATE_TIME: Shape = Shape::Text(Form::DateTime);
static HASH: Shape = Shape::Text(Form::Hash);
static LANGUAGE: Shape = Shape::Text(Form::Language);
static PURL: Shape = Shape::Text(Form::Purl);
static TEXT: Shape = Shape::Text(Form::Any);
static TRACKING_ID: Shape = Shape::Text(Form::TrackingId);
static URI: Shape = Shape::Text(Form::Uri);
static VERSION: Shape = Shape::Text(Form::Version);

/// Ids of products, of groups and of other things: each once.
static IDS: Shape = Shape::List { items: &TEXT, least: 1, unique: true };
static TEXTS: Shape = Shape::List { items: &TEXT, least: 1, unique: false };
static URIS: Shape = Shape::List { items: &URI, least: 1, unique: false };

static AGGREGATE_SEVERITY: Shape = Shape::Object(object(&[("namespace", &URI), ("text", &TEXT)], &["text"]));

static CSAF_VERSION: Shape = Shape::OneOf(&["2.0"]);
static TLP_LABEL: Shape = Shape::OneOf(&["AMBER", "GREEN", "RED", "WHITE"]);

static TLP: Shape = Shape::Object(object(&[("label", &TLP_LABEL), ("url", &URI)], &["label"]));

static DISTRIBUTION: Shape =
    Shape::Object(object(&[("text", &TEXT), ("tlp", &TLP)], &[]).keys(1, usize::MAX));

static PUBLISHER_CATEGORY: Shape =
    Shape::OneOf(&["coordinator", "discoverer", "other", "translator", "user", "vendor"]);

static PUBLISHER: Shape = Shape::Object(object(
    &[
        ("category", &PUBLISHER_CATEGORY),
        ("contact_details", &TEXT),
        ("issuing_authority", &TEXT),
        ("name", &TEXT),
        ("namespace", &URI),
    ],
    &["category", "name", "namespace"],
));

static ENGINE: Shape = Shape::Object(object(&[("name", &TEXT), ("version", &TEXT)], &["name"]));

static GENERATOR: Shape = Shape::Object(object(&[("date", &DATE_TIME), ("engine", &ENGINE)], &["engine"]));

static REVISION: Shape = Shape::Object(object(
    &[("date", &DATE_TIME), ("legacy_version", &TEXT), ("number", &VERSION), ("summary", &TEXT)],
    &["date", "number", "summary"],
));

static REVISION_HISTORY: Shape = Shape::List { items: &REVISION, least: 1, unique: false };

static TRACKING_STATUS: Shape = Shape::OneOf(&["draft", "final", "interim"]);

static TRACKING: Shape = Shape::Object(object(
    &[
        ("aliases", &IDS),
        ("current_release_date", &DATE_TIME),
        ("generator", &GENERATOR),
        ("id", &TRACKING_ID),
        ("initial_release_date", &DATE_TIME),
        ("revision_history", &REVISION_HISTORY),
        ("status", &TRACKING_STATUS),
        ("version", &VERSION),
    ],
    &["current_release_date", "id", "initial_release_date", "revision_history", "status", "version"],
));

static META: Shape = Shape::Object(object(
    &[
        ("acknowledgments", &ACKNOWLEDGMENTS),
        ("aggregate_severity", &AGGREGATE_SEVERITY),
        ("category", &CATEGORY),
        ("csaf_version", &CSAF_VERSION),
        ("distribution", &DISTRIBUTION),
        ("lang", &LANGUAGE),
        ("notes", &NOTES),
        ("publisher", &PUBLISHER),
        ("references", &REFERENCES),
        ("source_lang", &LANGUAGE),
        ("title", &TEXT),
        ("tracking", &TRACKING),
    ],
    &["category", "csaf_version", "publisher", "title", "tracking"],
));

static FULL_PRODUCT_NAMES: Shape = Shape::List { items: &FULL_PRODUCT_NAME, least: 1, unique: false };

static PRODUCT_IDS: Shape = Shape::List { items: &TEXT, least: 2, unique: true };

static PRODUCT_GROUP: Shape = Shape::Object(object(
    &[("group_id", &TEXT), ("product_ids", &PRODUCT_IDS), ("summary", &TEXT)],
    &["group_id", "product_ids"],
));

static PRODUCT_GROUPS: Shape = Shape::List { items: &PRODUCT_GROUP, least: 1, unique: false };

static RELATIONSHIP_CATEGORY: Shape = Shape::OneOf(&[
    "default_component_of",
    "external_component_of",
    "installed_on",
    "installed_with",
    "optional_component_of",
]);

static RELATIONSHIP: Shape = Shape::Object(object(
    &[
        ("category", &RELATIONSHIP_CATEGORY),
        ("full_product_name", &FULL_PRODUCT_NAME),
        ("product_reference", &TEXT),
        ("relates_to_product_reference", &TEXT),
    ],
    &["category", "full_product_name", "product_reference", "relates_to_product_reference"],
));

static RELATIONSHIPS: Shape = Shape::List { items: &RELATIONSHIP, least: 1, unique: false };

static PRODUCT_TREE: Shape = Shape::Object(
    object(
        &[
            ("branches", &BRANCHES),
            ("full_product_names", &FULL_PRODUCT_NAMES),
            ("product_groups", &PRODUCT_GROUPS),
            ("relationships", &RELATIONSHIPS),
        ],
        &[],
    )
    .keys(1, usize::MAX),
);

static CWE: Shape = Shape::Object(object(&[("id", &CWE_ID), ("name", &TEXT)], &["id", "name"]));

static FLAG_LABEL: Shape = Shape::OneOf(&[
    "component_not_present",
    "inline_mitigations_already_exist",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_not_present",
]);

static FLAG: Shape = Shape::Object(object(
    &[("date", &DATE_TIME), ("group_ids", &IDS), ("label", &FLAG_LABEL), ("product_ids", &IDS)],
    &["label"],
));

static FLAGS: Shape = Shape::List { items: &FLAG, least: 1, unique: true };

static ID: Shape =
    Shape::Object(object(&[("system_name", &TEXT), ("text", &TEXT)], &["system_name", "text"]));

static IDS_LIST: Shape = Shape::List { items: &ID, least: 1, unique: true };

static INVOLVEMENT_PARTY: Shape = Shape::OneOf(&["coordinator", "discoverer", "other", "user", "vendor"]);
static INVOLVEMENT_STATUS: Shape =
    Shape::OneOf(&["completed", "contact_attempted", "disputed", "in_progress", "not_contacted", "open"]);

static INVOLVEMENT: Shape = Shape::Object(object(
    &[
        ("date", &DATE_TIME),
        ("party", &INVOLVEMENT_PARTY),
        ("status", &INVOLVEMENT_STATUS),
        ("summary", &TEXT),
    ],
    &["party", "status"],
));

static INVOLVEMENTS: Shape = Shape::List { items: &INVOLVEMENT, least: 1, unique: true };

static PRODUCT_STATUS: Shape = Shape::Object(
    object(
        &[
            ("first_affected", &IDS),
            ("first_fixed", &IDS),
            ("fixed", &IDS),
            ("known_affected", &IDS),
            ("known_not_affected", &IDS),
            ("last_affected", &IDS),
            ("recommended", &IDS),
            ("under_investigation", &IDS),
        ],
        &[],
    )
    .keys(1, usize::MAX),
);

static REMEDIATION_CATEGORY: Shape =
    Shape::OneOf(&["mitigation", "no_fix_planned", "none_available", "vendor_fix", "workaround"]);
static RESTART_REQUIRED_CATEGORY: Shape = Shape::OneOf(&[
    "connected",
    "dependencies",
    "machine",
    "none",
    "parent",
    "service",
    "system",
    "vulnerable_component",
    "zone",
]);

static RESTART_REQUIRED: Shape =
    Shape::Object(object(&[("category", &RESTART_REQUIRED_CATEGORY), ("details", &TEXT)], &["category"]));

static REMEDIATION: Shape = Shape::Object(object(
    &[
        ("category", &REMEDIATION_CATEGORY),
        ("date", &DATE_TIME),
        ("details", &TEXT),
        ("entitlements", &TEXTS),
        ("group_ids", &IDS),
        ("product_ids", &IDS),
        ("restart_required", &RESTART_REQUIRED),
        ("url", &URI),
    ],
    &["category", "details"],
));

static REMEDIATIONS: Shape = Shape::List { items: &REMEDIATION, least: 1, unique: false };

static SCORE_OF_PRODUCTS: Shape = Shape::Object(
    object(&[("cvss_v2", &CVSS_V2), ("cvss_v3", &CVSS_V3), ("products", &IDS)], &["products"])
        .keys(2, usize::MAX),
);

static SCORES: Shape = Shape::List { items: &SCORE_OF_PRODUCTS, least: 1, unique: false };

static THREAT_CATEGORY: Shape = Shape::OneOf(&["exploit_status", "impact", "target_set"]);

static THREAT: Shape = Shape::Object(object(
    &[
        ("category", &THREAT_CATEGORY),
        ("date", &DATE_TIME),
        ("details", &TEXT),
        ("group_ids", &IDS),
        ("product_ids", &IDS),
    ],
    &["category", "details"],
));

static THREATS: Shape = Shape::List { items: &THREAT, least: 1, unique: false };

static VULNERABILITY: Shape = Shape::Object(
    object(
        &[
            ("acknowledgments", &ACKNOWLEDGMENTS),
            ("cve", &CVE),
            ("cwe", &CWE),
            ("discovery_date", &DATE_TIME),
            ("flags", &FLAGS),
            ("ids", &IDS_LIST),
            ("involvements", &INVOLVEMENTS),
            ("notes", &NOTES),
            ("product_status", &PRODUCT_STATUS),
            ("references", &REFERENCES),
            ("release_date", &DATE_TIME),
            ("remediations", &REMEDIATIONS),
            ("scores", &SCORES),
            ("threats", &THREATS),
            ("title", &TEXT),
        ],
        &[],
    )
    .keys(1, usize::MAX),
);

static VULNERABILITIES: Shape = Shape::List { items: &VULNERABILITY, least: 1, unique: false };

/// The whole document.
pub(super) static DOCUMENT: Shape = Shape::Object(object(
    &[("document", &META), ("product_tree", &PRODUCT_TREE), ("vulnerabilities", &VULNERABILITIES)],
    &["document"],
));

static ACKNOWLEDGMENT: Shape = Shape::Object(
    object(&[("names", &TEXTS), ("organization", &TEXT), ("summary", &TEXT), ("urls", &URIS)], &[])
        .keys(1, usize::MAX),
);

static ACKNOWLEDGMENTS: Shape = Shape::List { items: &ACKNOWLEDGMENT, least: 1, unique: false };

static BRANCH_CATEGORY: Shape = Shape::OneOf(&[
    "architecture",
    "host_name",
    "language",
    "legacy",
    "patch_level",
    "product_family",
    "product_name",
    "product_version",
    "product_version_range",
    "service_pack",
    "specification",
    "vendor",
]);

static BRANCH: Shape = Shape::Object(
    object(
        &[
            ("branches", &BRANCHES),
            ("category", &BRANCH_CATEGORY),
            ("name", &TEXT),
            ("product", &FULL_PRODUCT_NAME),
        ],
        &["category", "name"],
    )
    .keys(3, 3),
);

static BRANCHES: Shape = Shape::List { items: &BRANCH, least: 1, unique: false };

static FILE_HASH: Shape =
    Shape::Object(object(&[("algorithm", &TEXT), ("value", &HASH)], &["algorithm", "value"]));

static FILE_HASHES: Shape = Shape::List { items: &FILE_HASH, least: 1, unique: false };

static FILE: Shape = Shape::Object(object(
    &[("file_hashes", &FILE_HASHES), ("filename", &TEXT)],
    &["file_hashes", "filename"],
));

static HASHES: Shape = Shape::List { items: &FILE, least: 1, unique: false };

static GENERIC_URI: Shape =
    Shape::Object(object(&[("namespace", &URI), ("uri", &URI)], &["namespace", "uri"]));

static X_GENERIC_URIS: Shape = Shape::List { items: &GENERIC_URI, least: 1, unique: false };

static PRODUCT_IDENTIFICATION_HELPER: Shape = Shape::Object(
    object(
        &[
            ("cpe", &CPE),
            ("hashes", &HASHES),
            ("model_numbers", &IDS),
            ("purl", &PURL),
            ("sbom_urls", &URIS),
            ("serial_numbers", &IDS),
            ("skus", &TEXTS),
            ("x_generic_uris", &X_GENERIC_URIS),
        ],
        &[],
    )
    .keys(1, usize::MAX),
);

static FULL_PRODUCT_NAME: Shape = Shape::Object(object(
    &[
        ("name", &TEXT),
        ("product_id", &TEXT),
        ("product_identification_helper", &PRODUCT_IDENTIFICATION_HELPER),
    ],
    &["name", "product_id"],
));

static NOTE_CATEGORY: Shape =
    Shape::OneOf(&["description", "details", "faq", "general", "legal_disclaimer", "other", "summary"]);

static NOTE: Shape = Shape::Object(object(
    &[("audience", &TEXT), ("category", &NOTE_CATEGORY), ("text", &TEXT), ("title", &TEXT)],
    &["category", "text"],
));

static NOTES: Shape = Shape::List { items: &NOTE, least: 1, unique: false };

static REFERENCE_CATEGORY: Shape = Shape::OneOf(&["external", "self"]);

static REFERENCE: Shape = Shape::Object(object(
    &[("category", &REFERENCE_CATEGORY), ("summary", &TEXT), ("url", &URI)],
    &["summary", "url"],
));

static REFERENCES: Shape = Shape::List { items: &REFERENCE, least: 1, unique: false };

static SCORE: Shape = Shape::Score;
static REQUIREMENT: Shape = Shape::OneOf(&["LOW", "MEDIUM", "HIGH", "NOT_DEFINED"]);
static REMEDIATION_LEVEL: Shape =
    Shape::OneOf(&["OFFICIAL_FIX", "TEMPORARY_FIX", "WORKAROUND", "UNAVAILABLE", "NOT_DEFINED"]);
static EXPLOIT_MATURITY: Shape =
    Shape::OneOf(&["UNPROVEN", "PROOF_OF_CONCEPT", "FUNCTIONAL", "HIGH", "NOT_DEFINED"]);
static V2_VERSION: Shape = Shape::OneOf(&["2.0"]);
static V2_VECTOR: Shape = Shape::Text(Form::Vector(Cvss::V2));
static V2_ACCESS_VECTOR: Shape = Shape::OneOf(&["NETWORK", "ADJACENT_NETWORK", "LOCAL"]);
static V2_ACCESS_COMPLEXITY: Shape = Shape::OneOf(&["HIGH", "MEDIUM", "LOW"]);
static V2_AUTHENTICATION: Shape = Shape::OneOf(&["MULTIPLE", "SINGLE", "NONE"]);
static V2_IMPACT: Shape = Shape::OneOf(&["NONE", "PARTIAL", "COMPLETE"]);
static V2_CONFIDENCE: Shape = Shape::OneOf(&["UNCONFIRMED", "UNCORROBORATED", "CONFIRMED", "NOT_DEFINED"]);
static V2_DAMAGE: Shape = Shape::OneOf(&["NONE", "LOW", "LOW_MEDIUM", "MEDIUM_HIGH", "HIGH", "NOT_DEFINED"]);
static V2_DISTRIBUTION: Shape = Shape::OneOf(&["NONE", "LOW", "MEDIUM", "HIGH", "NOT_DEFINED"]);

static CVSS_V2_OBJECT: Shape = Shape::Object(object(
    &[
        ("accessComplexity", &V2_ACCESS_COMPLEXITY),
        ("accessVector", &V2_ACCESS_VECTOR),
        ("authentication", &V2_AUTHENTICATION),
        ("availabilityImpact", &V2_IMPACT),
        ("availabilityRequirement", &REQUIREMENT),
        ("baseScore", &SCORE),
        ("collateralDamagePotential", &V2_DAMAGE),
        ("confidentialityImpact", &V2_IMPACT),
        ("confidentialityRequirement", &REQUIREMENT),
        ("environmentalScore", &SCORE),
        ("exploitability", &EXPLOIT_MATURITY),
        ("integrityImpact", &V2_IMPACT),
        ("integrityRequirement", &REQUIREMENT),
        ("remediationLevel", &REMEDIATION_LEVEL),
        ("reportConfidence", &V2_CONFIDENCE),
        ("targetDistribution", &V2_DISTRIBUTION),
        ("temporalScore", &SCORE),
        ("vectorString", &V2_VECTOR),
        ("version", &V2_VERSION),
    ],
    &["version", "vectorString", "baseScore"],
));

static CVSS_V2: Shape = Shape::Scoring(&CVSS_V2_OBJECT);

static V3_SEVERITY: Shape = Shape::OneOf(&["NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"]);
static V3_ATTACK_VECTOR: Shape = Shape::OneOf(&["NETWORK", "ADJACENT_NETWORK", "LOCAL", "PHYSICAL"]);
static V3_MODIFIED_ATTACK_VECTOR: Shape =
    Shape::OneOf(&["NETWORK", "ADJACENT_NETWORK", "LOCAL", "PHYSICAL", "NOT_DEFINED"]);
static V3_ATTACK_COMPLEXITY: Shape = Shape::OneOf(&["HIGH", "LOW"]);
static V3_MODIFIED_ATTACK_COMPLEXITY: Shape = Shape::OneOf(&["HIGH", "LOW", "NOT_DEFINED"]);
static V3_PRIVILEGES: Shape = Shape::OneOf(&["HIGH", "LOW", "NONE"]);
static V3_MODIFIED_PRIVILEGES: Shape = Shape::OneOf(&["HIGH", "LOW", "NONE", "NOT_DEFINED"]);
static V3_INTERACTION: Shape = Shape::OneOf(&["NONE", "REQUIRED"]);
static V3_MODIFIED_INTERACTION: Shape = Shape::OneOf(&["NONE", "REQUIRED", "NOT_DEFINED"]);
static V3_SCOPE: Shape = Shape::OneOf(&["UNCHANGED", "CHANGED"]);
static V3_MODIFIED_SCOPE: Shape = Shape::OneOf(&["UNCHANGED", "CHANGED", "NOT_DEFINED"]);
static V3_IMPACT: Shape = Shape::OneOf(&["NONE", "LOW", "HIGH"]);
static V3_MODIFIED_IMPACT: Shape = Shape::OneOf(&["NONE", "LOW", "HIGH", "NOT_DEFINED"]);
static V3_CONFIDENCE: Shape = Shape::OneOf(&["UNKNOWN", "REASONABLE", "CONFIRMED", "NOT_DEFINED"]);
static V3_0_VERSION: Shape = Shape::OneOf(&["3.0"]);
static V3_0_VECTOR: Shape = Shape::Text(Form::Vector(Cvss::V30));

static CVSS_3_0_OBJECT: Shape = Shape::Object(object(
    &[
        ("attackComplexity", &V3_ATTACK_COMPLEXITY),
        ("attackVector", &V3_ATTACK_VECTOR),
        ("availabilityImpact", &V3_IMPACT),
        ("availabilityRequirement", &REQUIREMENT),
        ("baseScore", &SCORE),
        ("baseSeverity", &V3_SEVERITY),
        ("confidentialityImpact", &V3_IMPACT),
        ("confidentialityRequirement", &REQUIREMENT),
        ("environmentalScore", &SCORE),
        ("environmentalSeverity", &V3_SEVERITY),
        ("exploitCodeMaturity", &EXPLOIT_MATURITY),
        ("integrityImpact", &V3_IMPACT),
        ("integrityRequirement", &REQUIREMENT),
        ("modifiedAttackComplexity", &V3_MODIFIED_ATTACK_COMPLEXITY),
        ("modifiedAttackVector", &V3_MODIFIED_ATTACK_VECTOR),
        ("modifiedAvailabilityImpact", &V3_MODIFIED_IMPACT),
        ("modifiedConfidentialityImpact", &V3_MODIFIED_IMPACT),
        ("modifiedIntegrityImpact", &V3_MODIFIED_IMPACT),
        ("modifiedPrivilegesRequired", &V3_MODIFIED_PRIVILEGES),
        ("modifiedScope", &V3_MODIFIED_SCOPE),
        ("modifiedUserInteraction", &V3_MODIFIED_INTERACTION),
        ("privilegesRequired", &V3_PRIVILEGES),
        ("remediationLevel", &REMEDIATION_LEVEL),
        ("reportConfidence", &V3_CONFIDENCE),
        ("scope", &V3_SCOPE),
        ("temporalScore", &SCORE),
        ("temporalSeverity", &V3_SEVERITY),
        ("userInteraction", &V3_INTERACTION),
        ("vectorString", &V3_0_VECTOR),
        ("version", &V3_0_VERSION),
    ],
    &["version", "vectorString", "baseScore", "baseSeverity"],
));

pub(super) static CVSS_3_0: Shape = Shape::Scoring(&CVSS_3_0_OBJECT);

static V3_1_VERSION: Shape = Shape::OneOf(&["3.1"]);
static V3_1_VECTOR: Shape = Shape::Text(Form::Vector(Cvss::V31));

static CVSS_3_1_OBJECT: Shape = Shape::Object(object(
    &[
        ("attackComplexity", &V3_ATTACK_COMPLEXITY),
        ("attackVector", &V3_ATTACK_VECTOR),
        ("availabilityImpact", &V3_IMPACT),
        ("availabilityRequirement", &REQUIREMENT),
        ("baseScore", &SCORE),
        ("baseSeverity", &V3_SEVERITY),
        ("confidentialityImpact", &V3_IMPACT),
        ("confidentialityRequirement", &REQUIREMENT),
        ("environmentalScore", &SCORE),
        ("environmentalSeverity", &V3_SEVERITY),
        ("exploitCodeMaturity", &EXPLOIT_MATURITY),
        ("integrityImpact", &V3_IMPACT),
        ("integrityRequirement", &REQUIREMENT),
        ("modifiedAttackComplexity", &V3_MODIFIED_ATTACK_COMPLEXITY),
        ("modifiedAttackVector", &V3_MODIFIED_ATTACK_VECTOR),
        ("modifiedAvailabilityImpact", &V3_MODIFIED_IMPACT),
        ("modifiedConfidentialityImpact", &V3_MODIFIED_IMPACT),
        ("modifiedIntegrityImpact", &V3_MODIFIED_IMPACT),
        ("modifiedPrivilegesRequired", &V3_MODIFIED_PRIVILEGES),
        ("modifiedScope", &V3_MODIFIED_SCOPE),
        ("modifiedUserInteraction", &V3_MODIFIED_INTERACTION),
        ("privilegesRequired", &V3_PRIVILEGES),
        ("remediationLevel", &REMEDIATION_LEVEL),
        ("reportConfidence", &V3_CONFIDENCE),
        ("scope", &V3_SCOPE),
        ("temporalScore", &SCORE),
        ("temporalSeverity", &V3_SEVERITY),
        ("userInteraction", &V3_INTERACTION),
        ("vectorString", &V3_1_VECTOR),
        ("version", &V3_1_VERSION),
    ],
    &["version", "vectorString", "baseScore", "baseSeverity"],
));

pub(super) static CVSS_3_1: Shape = Shape::Scoring(&CVSS_3_1_OBJECT);

static CVSS_V3: Shape = Shape::CvssV3;
