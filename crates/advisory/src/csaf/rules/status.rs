//! What a vulnerability says of products: how they are affected, and what follows from it.

use super::{
    ACTION_STATEMENT, CONTRADICTING_STATUS, IMPACT_STATEMENT, MISSING_REMEDIATION, MISSING_SCORE,
    REPEATED_FLAG, Rule, UNATTACHED_FLAG, UNATTACHED_REMEDIATION,
    index::{Index, Marks},
    walk,
};
use crate::csaf::{
    json::Json,
    path::Path,
    report::{Report, shown},
};

/// The statuses that contradict each other: two of different kinds cannot hold for one product.
const KINDS: [(&str, &[&str]); 4] = [
    ("affected", &["first_affected", "known_affected", "last_affected"]),
    ("not affected", &["known_not_affected"]),
    ("fixed", &["first_fixed", "fixed"]),
    ("under investigation", &["under_investigation"]),
];

pub(super) fn check(document: &Json, index: &Index<'_>, report: &mut Report) {
    let is_vex = document.get("document").and_then(|meta| meta.text("category")) == Some("csaf_vex");
    let mut sets = Sets { index, products: index.product_marks(), groups: index.group_marks() };
    walk::each_vulnerability(document, |vulnerability, path| {
        contradictions(vulnerability, &mut sets, path, report);
        attached(vulnerability, "remediations", &UNATTACHED_REMEDIATION, path, report);
        attached(vulnerability, "flags", &UNATTACHED_FLAG, path, report);
        flags(vulnerability, &mut sets, path, report);

        sets.clear();
        vulnerability
            .list("remediations")
            .iter()
            .for_each(|remediation| sets.add(remediation, "product_ids"));
        let affected = ["first_affected", "known_affected", "last_affected"];
        let needs_remediation = affected.into_iter().chain(["under_investigation"]);
        sets.require(vulnerability, needs_remediation, path, report, &MISSING_REMEDIATION, |id| {
            format!("No remediation names the product {id:?}: add one, even if it says that there is none.")
        });
        if is_vex {
            sets.require(vulnerability, ["known_affected"], path, report, &ACTION_STATEMENT, |id| {
                format!(
                    "No remediation says what to do about the product {id:?}, which a VEX document has to."
                )
            });
        }

        sets.clear();
        vulnerability.list("scores").iter().for_each(|score| sets.add(score, "products"));
        sets.require(vulnerability, affected, path, report, &MISSING_SCORE, |id| {
            format!("No score covers the product {id:?}: add it to one.")
        });

        if is_vex {
            sets.clear();
            vulnerability.list("flags").iter().for_each(|flag| sets.add(flag, "product_ids"));
            let threats = vulnerability.list("threats").iter();
            threats.filter(|threat| threat.text("category") == Some("impact")).for_each(|threat| {
                sets.add(threat, "product_ids");
            });
            sets.require(vulnerability, ["known_not_affected"], path, report, &IMPACT_STATEMENT, |id| {
                format!("Nothing says why the product {id:?} is not affected: add a flag, or a threat of category impact.")
            });
        }
    });
}

/// CSAF-6.1.6
fn contradictions(vulnerability: &Json, sets: &mut Sets<'_, '_>, path: &Path<'_>, report: &mut Report) {
    let Some(status) = vulnerability.get("product_status") else { return };
    let path = path.key("product_status");
    sets.clear();
    for (kind, (name, lists)) in (0..).zip(KINDS) {
        for list in lists {
            walk::texts(status, list, &path, &mut |id, path| {
                let Some(product) = sets.index.product(id) else { return };
                let Some(before) = sets.products.set(product, kind).filter(|&before| before != kind) else {
                    return;
                };
                report.add(&CONTRADICTING_STATUS, path, || {
                    let other = KINDS[usize::from(before)].0;
                    format!(
                        "The product {:?} cannot be {name} and {other} at once: decide for one.",
                        shown(id)
                    )
                });
            });
        }
    }
}

/// CSAF-6.1.29, CSAF-6.1.32
fn attached(vulnerability: &Json, list: &str, rule: &'static Rule, path: &Path<'_>, report: &mut Report) {
    walk::each(vulnerability, list, path, |item, path| {
        if item.get("product_ids").is_none() && item.get("group_ids").is_none() {
            report.add(rule, path, || "This names no product: add product_ids or group_ids.".to_owned());
        }
    });
}

/// CSAF-6.1.33: every label of a flag that version 2.0 knows is a justification.
fn flags(vulnerability: &Json, sets: &mut Sets<'_, '_>, path: &Path<'_>, report: &mut Report) {
    sets.clear();
    walk::each(vulnerability, "flags", path, |flag, path| {
        let mut twice = None;
        let mut own = Vec::new();
        for (_, id) in flag.texts("product_ids") {
            own.extend(sets.index.product(id).map(|product| (product, id)));
        }
        for (_, id) in flag.texts("group_ids") {
            let Some(group) = sets.index.group(id) else { continue };
            if sets.groups.set(group, 0).is_some() {
                // Its products have a flag already; to look at them again would only cost time.
                twice = Some(id);
            } else {
                own.extend(sets.index.members(group).iter().map(|&product| (product, id)));
            }
        }
        // A product that one flag names twice, directly and by a group, still has one flag.
        own.sort_unstable();
        own.dedup_by_key(|(product, _)| *product);
        for (product, id) in own {
            if sets.products.set(product, 0).is_some() {
                twice = Some(id);
            }
        }
        if let Some(id) = twice {
            report.add(&REPEATED_FLAG, path, || {
                format!(
                    "A product has another flag already, by way of {:?}: one justification is enough.",
                    shown(id)
                )
            });
        }
    });
}

/// The products of which something is said, in one vulnerability.
struct Sets<'i, 'd> {
    index: &'i Index<'d>,
    products: Marks,
    groups: Marks,
}

impl Sets<'_, '_> {
    fn clear(&mut self) {
        self.products.clear();
        self.groups.clear();
    }

    /// Adds the products that a statement names, directly and by their groups.
    fn add(&mut self, statement: &Json, list: &str) {
        for product in statement.texts(list).filter_map(|(_, id)| self.index.product(id)) {
            self.products.set(product, 0);
        }
        for group in statement.texts("group_ids").filter_map(|(_, id)| self.index.group(id)) {
            if self.groups.set(group, 0).is_none() {
                for &product in self.index.members(group) {
                    self.products.set(product, 0);
                }
            }
        }
    }

    /// Reports each product with one of these statuses that is not in the set.
    fn require<'s>(
        &self,
        vulnerability: &Json,
        statuses: impl IntoIterator<Item = &'s str>,
        path: &Path<'_>,
        report: &mut Report,
        rule: &'static Rule,
        message: impl Fn(&str) -> String,
    ) {
        let Some(status) = vulnerability.get("product_status") else { return };
        let path = path.key("product_status");
        for list in statuses {
            walk::texts(status, list, &path, &mut |id, path| {
                if self.index.product(id).is_some_and(|product| !self.products.has(product)) {
                    report.add(rule, path, || message(&shown(id)));
                }
            });
        }
    }
}
