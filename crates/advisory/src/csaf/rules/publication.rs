//! How a document is published: under which label, and where it and what it refers to is found.

use super::{MISSING_CANONICAL_URL, MISSING_TLP, UNRESOLVABLE_SELF, UNRESOLVABLE_URL, walk};
use crate::csaf::{
    filename::filename,
    json::Json,
    path::Path,
    report::{Report, shown},
    uri,
};

pub(super) fn check(document: &Json, report: &mut Report) {
    let path = Path::ROOT.key("document");
    if let Some(meta) = document.get("document") {
        let tlp = meta.get("distribution").and_then(|distribution| distribution.get("tlp"));
        // CSAF-6.2.10
        if !tlp
            .and_then(|tlp| tlp.text("label"))
            .is_some_and(|label| ["AMBER", "GREEN", "RED", "WHITE"].contains(&label))
        {
            report.add(&MISSING_TLP, &path, || {
                "Say how far the document may travel: add distribution/tlp/label.".to_owned()
            });
        }
        canonical(meta, &path, report);
        one(tlp, "url", &path.key("distribution").key("tlp"), report);
        one(meta.get("aggregate_severity"), "namespace", &path.key("aggregate_severity"), report);
        one(meta.get("publisher"), "namespace", &path.key("publisher"), report);
        acknowledged(meta, &path, report);
        references(meta, &path, report);
    }
    walk::each_product(document, &mut |product, path| {
        let Some(helper) = product.get("product_identification_helper") else { return };
        let path = path.key("product_identification_helper");
        walk::texts(helper, "sbom_urls", &path, &mut |url, path| resolves(url, false, path, report));
        walk::each(helper, "x_generic_uris", &path, |generic, path| {
            one(Some(generic), "namespace", path, report);
            one(Some(generic), "uri", path, report);
        });
    });
    walk::each_vulnerability(document, |vulnerability, path| {
        acknowledged(vulnerability, path, report);
        references(vulnerability, path, report);
        walk::each(vulnerability, "remediations", path, |remediation, path| {
            one(Some(remediation), "url", path, report);
        });
    });
}

/// CSAF-6.2.11
fn canonical(meta: &Json, path: &Path<'_>, report: &mut Report) {
    let Some(name) = meta.get("tracking").and_then(|tracking| tracking.text("id")).map(filename) else {
        return;
    };
    let is_canonical = |reference: &Json| {
        reference.text("category") == Some("self")
            && reference.text("url").is_some_and(|url| url.starts_with("https://") && url.ends_with(&name))
    };
    if !meta.list("references").iter().any(is_canonical) {
        report.add(&MISSING_CANONICAL_URL, &path.key("references"), || {
            format!("Say where the document is: a reference of category self with an https URL that ends with {}.", shown(&name))
        });
    }
}

fn acknowledged(owner: &Json, path: &Path<'_>, report: &mut Report) {
    walk::each(owner, "acknowledgments", path, |thanks, path| {
        walk::texts(thanks, "urls", path, &mut |url, path| resolves(url, false, path, report));
    });
}

fn references(owner: &Json, path: &Path<'_>, report: &mut Report) {
    walk::each(owner, "references", path, |reference, path| {
        if let Some(url) = reference.text("url") {
            resolves(url, reference.text("category") == Some("self"), &path.key("url"), report);
        }
    });
}

fn one(owner: Option<&Json>, key: &str, path: &Path<'_>, report: &mut Report) {
    if let Some(url) = owner.and_then(|owner| owner.text(key)) {
        resolves(url, false, &path.key(key), report);
    }
}

/// CSAF-6.3.6, CSAF-6.3.7: by the name alone.
fn resolves(url: &str, is_self: bool, path: &Path<'_>, report: &mut Report) {
    let Some(host) = uri::host(url).filter(|host| is_reserved(host)) else { return };
    let rule = if is_self { &UNRESOLVABLE_SELF } else { &UNRESOLVABLE_URL };
    report.add(rule, path, || format!("{:?} is a reserved name, which leads nobody anywhere.", shown(host)));
}

/// Whether a name has no address for the world: RFC 6761 (`example`, `invalid`, `localhost`, `test`), RFC 6762 (`local`).
fn is_reserved(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    ["example", "invalid", "local", "localhost", "test"].iter().any(|name| last.eq_ignore_ascii_case(name))
}
