//! Products and groups of products by number, so that sets of them are marks in a list.
//!
//! A group can have as many products as the document is long, and each of as many vulnerabilities can name it: to look at
//! every product of every group that is named would take time with the square of the length. So steps are counted, and a
//! document that would take more than [`STEPS_MAX`] is refused instead.

use std::{cell::Cell, collections::BTreeMap};

use super::{LIMIT, walk};
use crate::csaf::{json::Json, path::Path, report::Report};

/// Most products of groups that are looked at in one document: some 30 ms. An advisory of 1,000 vulnerabilities, each with
/// five statements about a group of 2,000 products, takes as many.
pub(super) const STEPS_MAX: usize = 10_000_000;

/// The number of a product.
pub(super) type Product = usize;

pub(super) struct Index<'d> {
    products: BTreeMap<&'d str, Product>,
    groups: BTreeMap<&'d str, usize>,
    members: Vec<Vec<Product>>,
    steps_left: Cell<usize>,
    exhausted: Cell<bool>,
}

impl<'d> Index<'d> {
    pub(super) fn of(document: &'d Json) -> Self {
        let mut products = BTreeMap::new();
        let mut number = |id: &'d str| {
            let next = products.len();
            products.entry(id).or_insert(next);
        };
        walk::each_product(document, &mut |product, _| {
            product.text("product_id").into_iter().for_each(&mut number)
        });
        walk::each_reference(document, &mut |id, _| number(id));
        let (mut groups, mut members) = (BTreeMap::new(), Vec::new());
        if let Some(tree) = document.get("product_tree") {
            for group in tree.list("product_groups") {
                let Some(id) = group.text("group_id") else { continue };
                groups.entry(id).or_insert(members.len());
                members.push(
                    group.texts("product_ids").filter_map(|(_, id)| products.get(id).copied()).collect(),
                );
            }
        }
        Self { products, groups, members, steps_left: Cell::new(STEPS_MAX), exhausted: Cell::new(false) }
    }

    /// Returns the number of a product that is defined or referred to anywhere.
    pub(super) fn product(&self, id: &str) -> Option<Product> {
        self.products.get(id).copied()
    }

    /// Returns the number of a group that is defined.
    pub(super) fn group(&self, id: &str) -> Option<usize> {
        self.groups.get(id).copied()
    }

    /// Returns the products of a group: none if there were too many steps already.
    pub(super) fn members(&self, group: usize) -> &[Product] {
        let members = &*self.members[group];
        match self.steps_left.get().checked_sub(members.len()) {
            Some(left) => {
                self.steps_left.set(left);
                members
            }
            None => {
                self.exhausted.set(true);
                &[]
            }
        }
    }

    /// Returns marks for products, none of which is set.
    pub(super) fn product_marks(&self) -> Marks {
        Marks::new(self.products.len())
    }

    /// Returns marks for groups, none of which is set.
    pub(super) fn group_marks(&self) -> Marks {
        Marks::new(self.members.len())
    }

    /// Says so if a rule had to stop.
    pub(super) fn check(&self, report: &mut Report) {
        if self.exhausted.get() {
            report.add(&LIMIT, &Path::ROOT.key("product_tree").key("product_groups"), || {
                format!("Statements about groups cover more than {STEPS_MAX} products: use smaller groups, or fewer statements.")
            });
        }
    }
}

/// A set of numbers that is emptied at no cost.
pub(super) struct Marks {
    round: u32,
    at: Vec<(u32, u8)>,
}

impl Marks {
    fn new(numbers: usize) -> Self {
        Self { round: 1, at: vec![(0, 0); numbers] }
    }

    /// Takes all marks away. There are fewer rounds than values of a document.
    pub(super) fn clear(&mut self) {
        self.round += 1;
    }

    /// Sets a mark of a kind, and returns the kind of the one that was there, which stays.
    pub(super) fn set(&mut self, number: usize, kind: u8) -> Option<u8> {
        let mark = &mut self.at[number];
        if mark.0 == self.round {
            return Some(mark.1);
        }
        *mark = (self.round, kind);
        None
    }

    pub(super) fn has(&self, number: usize) -> bool {
        self.at[number].0 == self.round
    }
}
