//! Documents of our own: valid, always the same bytes, and read as they were written.

use sabha_advisory::{
    Tlp,
    csaf::{
        self, Csaf, Release, filename,
        model::{
            Branch, BranchCategory, Distribution, Document, FullProductName, Helper, Note, NoteCategory,
            ProductStatus, ProductTree, Publisher, PublisherCategory, Reference, ReferenceCategory,
            Remediation, RemediationCategory, Restart, RestartCategory, Score, Tracking, Vulnerability,
            Weakness,
        },
    },
};
use serde_json::json;

const NOON: &str = "2026-11-27T12:00:00Z";

/// Returns documents of each profile, with each label.
pub(crate) fn all() -> Vec<(String, Csaf)> {
    let profiles = [
        "csaf_base",
        "csaf_informational_advisory",
        "csaf_security_advisory",
        "csaf_security_incident_response",
        "csaf_vex",
    ];
    let labels = Tlp::ALL.into_iter().flat_map(|label| profiles.map(|profile| (label, profile)));
    labels
        .map(|(label, profile)| {
            (format!("{profile}-{}", label.name().replace('+', "-")), document(label, profile))
        })
        .collect()
}

fn document(label: Tlp, profile: &str) -> Csaf {
    let id = "CIAD-2026-0001";
    let mut tracking = Tracking::draft(id, "2026-11-27T10:00:00+05:30").unwrap();
    tracking.release(NOON, "First version", Release::Final).unwrap();
    let url = format!("https://cert.example.org/csaf/2026/{}", filename(id));
    let reference = |category, summary: &str, url: String| Reference {
        category: Some(category),
        summary: summary.to_owned(),
        url,
    };
    let note = |category, text: &str| Note {
        audience: None,
        category,
        text: text.to_owned(),
        title: Some("Overview".to_owned()),
    };
    let with_products = matches!(profile, "csaf_security_advisory" | "csaf_vex");
    Csaf {
        document: Document {
            acknowledgments: Vec::new(),
            aggregate_severity: None,
            category: profile.to_owned(),
            csaf_version: "2.0".to_owned(),
            distribution: Some(Distribution::labelled(label, Some("Ask before you quote it."))),
            lang: Some("hi".to_owned()),
            notes: vec![note(
                NoteCategory::Summary,
                "बैठकें सुरक्षित रखें। \"Lock\" the meeting \u{2014} once <all> have joined.",
            )],
            publisher: Publisher {
                category: PublisherCategory::Coordinator,
                contact_details: Some("incident@cert.example.org".to_owned()),
                issuing_authority: None,
                name: "Example CERT".to_owned(),
                namespace: "https://cert.example.org".to_owned(),
            },
            references: vec![
                reference(ReferenceCategory::Itself, "This document", url),
                reference(
                    ReferenceCategory::External,
                    "What the vendor says",
                    "https://vendor.example.com/1".to_owned(),
                ),
            ],
            source_lang: None,
            title: "Secure use of meetings".to_owned(),
            tracking,
        },
        product_tree: with_products.then(tree),
        vulnerabilities: if with_products { vec![vulnerability()] } else { Vec::new() },
    }
}

fn tree() -> ProductTree {
    let branch = |category, name: &str| Branch {
        branches: Vec::new(),
        category,
        name: name.to_owned(),
        product: None,
    };
    let helper = Helper {
        cpe: Some("cpe:2.3:a:example:meet:1.2:*:*:*:*:*:*:*".to_owned()),
        hashes: Vec::new(),
        model_numbers: Vec::new(),
        purl: Some("pkg:generic/example/meet@1.2".to_owned()),
        sbom_urls: Vec::new(),
        serial_numbers: Vec::new(),
        skus: Vec::new(),
        x_generic_uris: Vec::new(),
    };
    let version = Branch {
        product: Some(FullProductName {
            name: "Example Meet 1.2".to_owned(),
            product_id: "meet-1.2".to_owned(),
            product_identification_helper: Some(helper),
        }),
        ..branch(BranchCategory::ProductVersion, "1.2")
    };
    let name = Branch { branches: vec![version], ..branch(BranchCategory::ProductName, "Meet") };
    let vendor = Branch { branches: vec![name], ..branch(BranchCategory::Vendor, "Example") };
    ProductTree {
        branches: vec![vendor],
        full_product_names: Vec::new(),
        product_groups: Vec::new(),
        relationships: Vec::new(),
    }
}

fn vulnerability() -> Vulnerability {
    let product = vec!["meet-1.2".to_owned()];
    Vulnerability {
        acknowledgments: Vec::new(),
        cve: Some("CVE-2026-12345".to_owned()),
        cwe: Some(Weakness { id: "CWE-862".to_owned(), name: "Missing Authorization".to_owned() }),
        discovery_date: None,
        flags: Vec::new(),
        ids: Vec::new(),
        involvements: Vec::new(),
        notes: vec![Note {
            audience: None,
            category: NoteCategory::Description,
            text: "Whoever knows the number of a meeting gets in.".to_owned(),
            title: None,
        }],
        product_status: Some(ProductStatus {
            first_affected: Vec::new(),
            first_fixed: Vec::new(),
            fixed: Vec::new(),
            known_affected: product.clone(),
            known_not_affected: Vec::new(),
            last_affected: Vec::new(),
            recommended: Vec::new(),
            under_investigation: Vec::new(),
        }),
        references: Vec::new(),
        release_date: Some(NOON.to_owned()),
        remediations: vec![Remediation {
            category: RemediationCategory::VendorFix,
            date: None,
            details: "Update to 1.3.".to_owned(),
            entitlements: Vec::new(),
            group_ids: Vec::new(),
            product_ids: product.clone(),
            restart_required: Some(Restart { category: RestartCategory::Service, details: None }),
            url: None,
        }],
        scores: vec![Score {
            cvss_v2: None,
            cvss_v3: Some(json!({
                "version": "3.1",
                "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
                "baseScore": 7.5,
                "baseSeverity": "HIGH",
            })),
            products: product,
        }],
        threats: Vec::new(),
        title: Some("Entry without admission".to_owned()),
    }
}

#[test]
fn documents_of_ours_have_nothing_to_find_fault_with() {
    for (name, document) in all() {
        let report = csaf::validate(&document.write().unwrap()).unwrap();
        let found: Vec<String> = report.findings().iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

#[test]
fn document_is_read_as_it_was_written_and_written_to_the_same_bytes() {
    for (name, document) in all() {
        let bytes = document.write().unwrap();
        let again = Csaf::read(&bytes).unwrap();
        assert_eq!(again, document, "{name}");
        assert_eq!(again.write().unwrap(), bytes, "{name}");
    }
}

#[test]
fn label_of_each_document_survives_its_file() {
    for label in Tlp::ALL {
        let bytes = document(label, "csaf_base").write().unwrap();
        let read = Csaf::read(&bytes).unwrap();
        assert_eq!(read.document.distribution.unwrap().label(), Some(label));
    }
}

/// Whoever signed a document in an earlier version still finds the bytes that were signed.
#[test]
fn bytes_are_those_of_every_version() {
    let mut document = document(Tlp::AmberStrict, "csaf_base");
    document.document.notes.clear();
    let text = String::from_utf8(document.write().unwrap()).unwrap();
    assert_eq!(text, include_str!("document.json"));
}

#[test]
fn what_fits_no_document_is_refused() {
    let text = String::from_utf8(document(Tlp::Clear, "csaf_base").write().unwrap()).unwrap();
    for (from, to) in [
        ("\"WHITE\"", "\"CLEAR\""),
        ("\"final\"", "\"done\""),
        ("\"title\": \"Secure", "\"titel\": \"Secure"),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(Csaf::read(text.replace(from, to).as_bytes()).is_err(), "{to}");
    }
    assert!(Csaf::read(text.replace("\"lang\"", "\"lang\": \"hi\", \"lang\"").as_bytes()).is_err());
    // What the schema does not know is read over.
    let with_more = text.replace("\"lang\"", "\"x_more\": [1], \"lang\"");
    assert_eq!(Csaf::read(with_more.as_bytes()).unwrap().write().unwrap(), text.as_bytes());
}
