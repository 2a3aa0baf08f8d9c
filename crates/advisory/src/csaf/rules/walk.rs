//! Ways through a document that several rules take.

use crate::csaf::{json::Json, path::Path};

/// The lists of `product_status`, by the names of the standard.
pub(super) const STATUSES: [&str; 8] = [
    "first_affected",
    "first_fixed",
    "fixed",
    "known_affected",
    "known_not_affected",
    "last_affected",
    "recommended",
    "under_investigation",
];

/// Visits each item of `list`, if it is one.
pub(super) fn each<'d>(
    owner: &'d Json,
    list: &str,
    path: &Path<'_>,
    mut visit: impl FnMut(&'d Json, &Path<'_>),
) {
    let path = path.key(list);
    for (at, item) in owner.list(list).iter().enumerate() {
        visit(item, &path.item(at));
    }
}

/// Visits each vulnerability.
pub(super) fn each_vulnerability<'d>(document: &'d Json, visit: impl FnMut(&'d Json, &Path<'_>)) {
    each(document, "vulnerabilities", &Path::ROOT, visit);
}

/// Visits each branch of the product tree, with the categories of the branches above it and its own.
pub(super) fn each_branch<'d>(document: &'d Json, visit: &mut impl FnMut(&'d Json, &Path<'_>, &[&'d str])) {
    let Some(tree) = document.get("product_tree") else { return };
    branches_below(tree, &Path::ROOT.key("product_tree"), &mut Vec::new(), visit);
}

fn branches_below<'d>(
    owner: &'d Json,
    path: &Path<'_>,
    above: &mut Vec<&'d str>,
    visit: &mut impl FnMut(&'d Json, &Path<'_>, &[&'d str]),
) {
    // As deep as the document, which is bounded.
    each(owner, "branches", path, |branch, path| {
        above.push(branch.text("category").unwrap_or_default());
        visit(branch, path, above);
        branches_below(branch, path, above, visit);
        above.pop();
    });
}

/// Visits each full product name: of branches, of the plain list and of relationships.
pub(super) fn each_product<'d>(document: &'d Json, visit: &mut impl FnMut(&'d Json, &Path<'_>)) {
    each_branch(document, &mut |branch, path, _| {
        if let Some(product) = branch.get("product") {
            visit(product, &path.key("product"));
        }
    });
    let Some(tree) = document.get("product_tree") else { return };
    let path = Path::ROOT.key("product_tree");
    each(tree, "full_product_names", &path, &mut *visit);
    each(tree, "relationships", &path, |relationship, path| {
        if let Some(product) = relationship.get("full_product_name") {
            visit(product, &path.key("full_product_name"));
        }
    });
}

/// Visits each place where a product is referred to by its id.
pub(super) fn each_reference<'d>(document: &'d Json, visit: &mut impl FnMut(&'d str, &Path<'_>)) {
    if let Some(tree) = document.get("product_tree") {
        let path = Path::ROOT.key("product_tree");
        each(tree, "product_groups", &path, |group, path| texts(group, "product_ids", path, visit));
        each(tree, "relationships", &path, |relationship, path| {
            for key in ["product_reference", "relates_to_product_reference"] {
                if let Some(id) = relationship.text(key) {
                    visit(id, &path.key(key));
                }
            }
        });
    }
    each_vulnerability(document, |vulnerability, path| {
        if let Some(status) = vulnerability.get("product_status") {
            let path = path.key("product_status");
            for list in STATUSES {
                texts(status, list, &path, visit);
            }
        }
        each(vulnerability, "scores", path, |score, path| texts(score, "products", path, visit));
        for list in ["flags", "remediations", "threats"] {
            each(vulnerability, list, path, |item, path| texts(item, "product_ids", path, visit));
        }
    });
}

/// Visits each place where a group of products is referred to by its id.
pub(super) fn each_group_reference<'d>(document: &'d Json, visit: &mut impl FnMut(&'d str, &Path<'_>)) {
    each_vulnerability(document, |vulnerability, path| {
        for list in ["flags", "remediations", "threats"] {
            each(vulnerability, list, path, |item, path| texts(item, "group_ids", path, visit));
        }
    });
}

/// Visits each text of a list.
pub(super) fn texts<'d>(
    owner: &'d Json,
    list: &str,
    path: &Path<'_>,
    visit: &mut impl FnMut(&'d str, &Path<'_>),
) {
    let path = path.key(list);
    for (at, text) in owner.texts(list) {
        visit(text, &path.item(at));
    }
}
