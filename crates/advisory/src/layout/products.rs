//! Names of products, and what a document says of which.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Term, list, text};

/// What the fields of `product_status` say of a product, in the order in which readers want to know it.
const STATUSES: [(&str, Term); 8] = [
    ("known_affected", Term::Affected),
    ("first_affected", Term::Affected),
    ("last_affected", Term::Affected),
    ("under_investigation", Term::Investigated),
    ("known_not_affected", Term::NotAffected),
    ("first_fixed", Term::Fixed),
    ("fixed", Term::Fixed),
    ("recommended", Term::Recommended),
];

/// The products of a document by their ids.
#[derive(Debug, Default)]
pub(super) struct Products {
    names: BTreeMap<String, String>,
    /// Ids in the order of the tree.
    order: Vec<String>,
}

impl Products {
    /// Reads a document's product tree. What is said of a branch's depth bounds the recursion: `serde_json` reads no text
    /// that is nested deeper than 128.
    pub(super) fn of(content: &Value) -> Self {
        let mut products = Self::default();
        let tree = &content["product_tree"];
        list(tree, "full_product_names").iter().for_each(|product| products.name(product));
        list(tree, "branches").iter().for_each(|branch| products.branch(branch));
        list(tree, "relationships").iter().for_each(|one| products.name(&one["full_product_name"]));
        products
    }

    /// Returns the products with what is said of them, each once: what is affected first. A document without any such word
    /// is about all products that it has.
    pub(super) fn stated(&self, content: &Value) -> Vec<(Option<Term>, String)> {
        let mut said = BTreeSet::new();
        let mut stated = Vec::new();
        for (field, term) in STATUSES {
            let all = list(content, "vulnerabilities").iter();
            for id in all.flat_map(|one| list(&one["product_status"], field)).filter_map(Value::as_str) {
                if said.insert((term, id)) {
                    let name = self.names.get(id).map_or(id, String::as_str).to_owned();
                    stated.push((Some(term), name));
                }
            }
        }
        if stated.is_empty() {
            stated.extend(self.order.iter().map(|id| (None, self.names[id].clone())));
        }
        stated
    }

    fn name(&mut self, product: &Value) {
        if let (Some(id), Some(name)) = (text(product, "product_id"), text(product, "name"))
            && self.names.insert(id.clone(), name).is_none()
        {
            self.order.push(id);
        }
    }

    fn branch(&mut self, branch: &Value) {
        self.name(&branch["product"]);
        list(branch, "branches").iter().for_each(|branch| self.branch(branch));
    }
}
