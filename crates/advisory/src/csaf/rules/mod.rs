//! The tests of section 6 of the standard: one file for each group, named for what it looks at.
//!
//! A rule's id is `CSAF-` and the number of its test. Rules bear with documents that the schema refuses: what has the wrong
//! type is as good as missing, and the schema's finding says so. Each rule is one pass over its part of the document; where
//! groups of products would make more of it, [`index`] counts the steps.
//!
//! Two tests are not carried out as written. Whether a URL resolves (6.3.6, 6.3.7) is judged by its name alone: who fetches
//! what a stranger's document names lets strangers send requests from within. And there is no spell check (6.3.8): it needs
//! dictionaries, and what an author writes in is a browser, which has them.

mod branches;
mod identification;
mod index;
mod languages;
mod products;
mod profiles;
mod publication;
mod scores;
mod status;
mod tracking;
mod vulnerabilities;
mod walk;

use super::{
    json::Json,
    report::{Report, Weight},
};

/// A rule of the standard.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `CSAF-` and the number of the test, as in `CSAF-6.1.7`.
    pub id: &'static str,
    /// What the standard calls the test.
    pub title: &'static str,
}

impl Rule {
    /// Returns how much a breach weighs, which the standard says by the group of the test.
    pub fn weight(&self) -> Weight {
        match self.number() {
            [6, 2, ..] => Weight::Warning,
            [6, 3, ..] => Weight::Information,
            _ => Weight::Error,
        }
    }

    /// Returns the number of the test, for sorting. What has none comes first.
    pub(super) fn number(&self) -> [u8; 4] {
        let mut number = [0; 4];
        let parts = self.id.trim_start_matches("CSAF-").split('.');
        for (place, part) in number.iter_mut().zip(parts) {
            *place = part.parse().unwrap_or(0);
        }
        number
    }
}

macro_rules! rules {
    ($($name:ident $number:literal $title:literal,)*) => {
        $(pub(crate) static $name: Rule = Rule { id: concat!("CSAF-", $number), title: $title };)*

        /// Every rule, in the order of the standard.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    SCHEMA "SCHEMA" "JSON Schema",
    LIMIT "LIMIT" "Too Entangled to Check",
    MISSING_PRODUCT "6.1.1" "Missing Definition of Product ID",
    REPEATED_PRODUCT "6.1.2" "Multiple Definition of Product ID",
    CIRCULAR_PRODUCT "6.1.3" "Circular Definition of Product ID",
    MISSING_GROUP "6.1.4" "Missing Definition of Product Group ID",
    REPEATED_GROUP "6.1.5" "Multiple Definition of Product Group ID",
    CONTRADICTING_STATUS "6.1.6" "Contradicting Product Status",
    REPEATED_SCORE "6.1.7" "Multiple Scores with same Version per Product",
    INVALID_CVSS "6.1.8" "Invalid CVSS",
    MISCALCULATED_CVSS "6.1.9" "Invalid CVSS computation",
    INCONSISTENT_CVSS "6.1.10" "Inconsistent CVSS",
    CWE "6.1.11" "CWE",
    LANGUAGE "6.1.12" "Language",
    PURL "6.1.13" "PURL",
    UNSORTED_REVISIONS "6.1.14" "Sorted Revision History",
    TRANSLATOR "6.1.15" "Translator",
    LATEST_VERSION "6.1.16" "Latest Document Version",
    STATUS_DRAFT "6.1.17" "Document Status Draft",
    RELEASED_REVISIONS "6.1.18" "Released Revision History",
    PRE_RELEASE_REVISION "6.1.19" "Revision History Entries for Pre-release Versions",
    PRE_RELEASE_VERSION "6.1.20" "Non-draft Document Version",
    MISSING_REVISION "6.1.21" "Missing Item in Revision History",
    REPEATED_REVISION "6.1.22" "Multiple Definition in Revision History",
    REPEATED_CVE "6.1.23" "Multiple Use of Same CVE",
    REPEATED_INVOLVEMENT "6.1.24" "Multiple Definition in Involvements",
    REPEATED_HASH "6.1.25" "Multiple Use of Same Hash Algorithm",
    PROHIBITED_CATEGORY "6.1.26" "Prohibited Document Category Name",
    DOCUMENT_NOTES "6.1.27.1" "Document Notes",
    DOCUMENT_REFERENCES "6.1.27.2" "Document References",
    NO_VULNERABILITIES "6.1.27.3" "Vulnerabilities",
    PRODUCT_TREE "6.1.27.4" "Product Tree",
    VULNERABILITY_NOTES "6.1.27.5" "Vulnerability Notes",
    PRODUCT_STATUS "6.1.27.6" "Product Status",
    VEX_PRODUCT_STATUS "6.1.27.7" "VEX Product Status",
    VULNERABILITY_ID "6.1.27.8" "Vulnerability ID",
    IMPACT_STATEMENT "6.1.27.9" "Impact Statement",
    ACTION_STATEMENT "6.1.27.10" "Action Statement",
    SOME_VULNERABILITIES "6.1.27.11" "Vulnerabilities",
    TRANSLATION "6.1.28" "Translation",
    UNATTACHED_REMEDIATION "6.1.29" "Remediation without Product Reference",
    MIXED_VERSIONING "6.1.30" "Mixed Integer and Semantic Versioning",
    RANGE_IN_VERSION "6.1.31" "Version Range in Product Version",
    UNATTACHED_FLAG "6.1.32" "Flag without Product Reference",
    REPEATED_FLAG "6.1.33" "Multiple Flags with VEX Justification Codes per Product",
    UNUSED_PRODUCT "6.2.1" "Unused Definition of Product ID",
    MISSING_REMEDIATION "6.2.2" "Missing Remediation",
    MISSING_SCORE "6.2.3" "Missing Score",
    BUILD_METADATA "6.2.4" "Build Metadata in Revision History",
    OLD_INITIAL_DATE "6.2.5" "Older Initial Release Date than Revision History",
    OLD_CURRENT_DATE "6.2.6" "Older Current Release Date than Revision History",
    UNDATED_INVOLVEMENT "6.2.7" "Missing Date in Involvements",
    ONLY_MD5 "6.2.8" "Use of MD5 as the only Hash Algorithm",
    ONLY_SHA1 "6.2.9" "Use of SHA-1 as the only Hash Algorithm",
    MISSING_TLP "6.2.10" "Missing TLP label",
    MISSING_CANONICAL_URL "6.2.11" "Missing Canonical URL",
    MISSING_LANGUAGE "6.2.12" "Missing Document Language",
    SORTING "6.2.13" "Sorting",
    PRIVATE_LANGUAGE "6.2.14" "Use of Private Language",
    DEFAULT_LANGUAGE "6.2.15" "Use of Default Language",
    MISSING_HELPER "6.2.16" "Missing Product Identification Helper",
    CVE_IN_IDS "6.2.17" "CVE in field IDs",
    RANGE_WITHOUT_VERS "6.2.18" "Product Version Range without vers",
    SCORED_FIX "6.2.19" "CVSS for Fixed Products",
    ADDITIONAL_PROPERTIES "6.2.20" "Additional Properties",
    ONLY_CVSS_V2 "6.3.1" "Use of CVSS v2 as the only Scoring System",
    CVSS_V3_0 "6.3.2" "Use of CVSS v3.0",
    MISSING_CVE "6.3.3" "Missing CVE",
    MISSING_CWE "6.3.4" "Missing CWE",
    SHORT_HASH "6.3.5" "Use of Short Hash",
    UNRESOLVABLE_URL "6.3.6" "Use of non-self referencing URLs Failing to Resolve",
    UNRESOLVABLE_SELF "6.3.7" "Use of self referencing URLs Failing to Resolve",
    BRANCH_CATEGORIES "6.3.9" "Branch Categories",
    VERSION_RANGE "6.3.10" "Usage of Product Version Range",
    V_AS_VERSION "6.3.11" "Usage of V as Version Indicator",
}

/// Carries out every test that the schema's walk does not.
pub(super) fn check(document: &Json, report: &mut Report) {
    let index = index::Index::of(document);
    products::check(document, &index, report);
    status::check(document, &index, report);
    scores::check(document, &index, report);
    tracking::check(document, report);
    languages::check(document, report);
    identification::check(document, report);
    branches::check(document, report);
    profiles::check(document, report);
    vulnerabilities::check(document, report);
    publication::check(document, report);
    index.check(report);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stand_in_the_order_of_the_standard_with_its_weights() {
        assert!(RULES.is_sorted_by_key(|rule| rule.number()));
        assert_eq!(SCHEMA.weight(), Weight::Error);
        assert_eq!(ACTION_STATEMENT.weight(), Weight::Error);
        assert_eq!(SORTING.weight(), Weight::Warning);
        assert_eq!(VERSION_RANGE.weight(), Weight::Information);
        let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
    }
}
