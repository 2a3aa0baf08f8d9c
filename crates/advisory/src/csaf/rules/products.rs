//! Products and their groups: each is defined once, not by itself, and before anything refers to it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    CIRCULAR_PRODUCT, MISSING_GROUP, MISSING_HELPER, MISSING_PRODUCT, REPEATED_GROUP, REPEATED_PRODUCT,
    UNUSED_PRODUCT, index::Index, walk,
};
use crate::csaf::{
    json::Json,
    path::Path,
    report::{Report, shown},
};

pub(super) fn check(document: &Json, index: &Index<'_>, report: &mut Report) {
    definitions(document, index, report);
    references(document, report);
    groups(document, index, report);
    circles(document, report);
}

/// CSAF-6.1.2, CSAF-6.2.1, CSAF-6.2.16
fn definitions(document: &Json, index: &Index<'_>, report: &mut Report) {
    let mut used = index.product_marks();
    walk::each_reference(document, &mut |id, _| {
        if let Some(product) = index.product(id) {
            used.set(product, 0);
        }
    });
    let category = document.get("document").and_then(|meta| meta.text("category"));
    let uses_products = category != Some("csaf_informational_advisory");
    let mut defined = index.product_marks();
    walk::each_product(document, &mut |product, path| {
        if product.get("product_identification_helper").is_none() {
            report.add(&MISSING_HELPER, path, || {
                "Nothing by which a machine can tell this product: add a CPE name, a package URL or the like.".to_owned()
            });
        }
        let Some(id) = product.text("product_id") else { return };
        let Some(number) = index.product(id) else { return };
        let path = path.key("product_id");
        if defined.set(number, 0).is_some() {
            report.add(&REPEATED_PRODUCT, &path, || {
                format!("The product {:?} is defined before: give this one another id.", shown(id))
            });
        } else if uses_products && !used.has(number) {
            report.add(&UNUSED_PRODUCT, &path, || {
                format!(
                    "Nothing refers to the product {:?}: say how it is affected, or remove it.",
                    shown(id)
                )
            });
        }
    });
}

/// CSAF-6.1.1, CSAF-6.1.4
fn references(document: &Json, report: &mut Report) {
    let mut products = BTreeSet::new();
    walk::each_product(document, &mut |product, _| products.extend(product.text("product_id")));
    walk::each_reference(document, &mut |id, path| {
        if !products.contains(id) {
            report.add(&MISSING_PRODUCT, path, || {
                format!(
                    "No product of the product tree has the id {:?}: define it there, or correct the id.",
                    shown(id)
                )
            });
        }
    });
    let tree = document.get("product_tree");
    let groups: BTreeSet<&str> = tree
        .map(|tree| tree.list("product_groups").iter().filter_map(|group| group.text("group_id")).collect())
        .unwrap_or_default();
    walk::each_group_reference(document, &mut |id, path| {
        if !groups.contains(id) {
            report.add(&MISSING_GROUP, path, || {
                format!(
                    "No group of the product tree has the id {:?}: define it there, or correct the id.",
                    shown(id)
                )
            });
        }
    });
}

/// CSAF-6.1.5
fn groups(document: &Json, index: &Index<'_>, report: &mut Report) {
    let Some(tree) = document.get("product_tree") else { return };
    let mut defined = index.group_marks();
    walk::each(tree, "product_groups", &Path::ROOT.key("product_tree"), |group, path| {
        let Some(id) = group.text("group_id") else { return };
        if index.group(id).is_some_and(|number| defined.set(number, 0).is_some()) {
            report.add(&REPEATED_GROUP, &path.key("group_id"), || {
                format!("The group {:?} is defined before: give this one another id.", shown(id))
            });
        }
    });
}

/// CSAF-6.1.3: takes away, again and again, the relationships that rest on none. What is left ends up in a circle.
fn circles(document: &Json, report: &mut Report) {
    let Some(tree) = document.get("product_tree") else { return };
    let relationships = tree.list("relationships");
    let product = |relationship: &'_ Json| -> Option<String> {
        Some(relationship.get("full_product_name")?.text("product_id")?.to_owned())
    };
    let ids: Vec<Option<String>> = relationships.iter().map(product).collect();
    let mut numbers = BTreeMap::new();
    for id in ids.iter().flatten() {
        let next = numbers.len();
        numbers.entry(id.as_str()).or_insert(next);
    }
    let mut rests_on = vec![0_usize; numbers.len()];
    let mut carries = vec![Vec::new(); numbers.len()];
    for (relationship, id) in relationships.iter().zip(&ids) {
        let Some(own) = id.as_ref().map(|id| numbers[id.as_str()]) else { continue };
        for key in ["product_reference", "relates_to_product_reference"] {
            if let Some(&other) = relationship.text(key).and_then(|id| numbers.get(id)) {
                rests_on[own] += 1;
                carries[other].push(own);
            }
        }
    }
    let mut free: Vec<usize> = (0..rests_on.len()).filter(|&number| rests_on[number] == 0).collect();
    while let Some(number) = free.pop() {
        for &above in &carries[number] {
            rests_on[above] -= 1;
            if rests_on[above] == 0 {
                free.push(above);
            }
        }
    }
    let path = Path::ROOT.key("product_tree");
    let path = path.key("relationships");
    for (at, id) in ids.iter().enumerate() {
        let Some(id) = id else { continue };
        if rests_on[numbers[id.as_str()]] > 0 {
            report.add(&CIRCULAR_PRODUCT, &path.item(at).key("full_product_name").key("product_id"), || {
                format!("The product {:?} is defined by itself, directly or by way of others.", shown(id))
            });
        }
    }
}
