//! Vulnerabilities, with the products, remedies and texts that refer to them.

use std::collections::{BTreeMap, BTreeSet};

use super::Reading;
use crate::{
    csaf::{
        json::Json,
        model::{
            IdOfSystem, NoteCategory, ProductStatus, Reference, Remediation, RemediationCategory,
            Vulnerability,
        },
        schema::is_cpe,
        uri::is_uri,
    },
    draft::{is_cve, no_status, note, product_id, reference, score, vulnerability, weakness},
    stix::{course_of_action, id::kind_of, statuses},
};

impl<'a> Reading<'a, '_> {
    pub(super) fn vulnerabilities(&mut self) {
        let mut products = BTreeMap::new();
        for (id, object) in self.index.of_kind("vulnerability") {
            let mut found = vulnerability();
            let vectors = self.known_as(&mut found, object);
            let name = object.text("name").unwrap_or_default();
            if found.cve.is_none() && is_cve(name) {
                found.cve = Some(name.to_owned());
            } else if found.cve.as_deref() != Some(name) && !name.trim().is_empty() {
                found.title = Some(name.to_owned());
            }
            let text = object.text("description").unwrap_or_default();
            found.notes.extend(note(NoteCategory::Description, None, text));
            self.statuses(id, &mut found, &mut products);
            let affected = found.product_status.as_ref().map(every).unwrap_or_default();
            for vector in vectors {
                // A score is for products (section 3.2.3.13): without any it is said in words.
                match score(vector, &affected)
                    .filter(|_| !affected.is_empty() && self.draft.fits(affected.len() * 16))
                {
                    Some(score) => found.scores.push(score),
                    None => found.notes.extend(note(NoteCategory::General, Some("CVSS"), vector)),
                }
            }
            self.remedies(id, &mut found, &affected);
            self.draft.vulnerabilities.push(found);
        }
    }

    /// Reads under which ids a vulnerability is known, and where more is said of it. Returns vectors of CVSS.
    fn known_as(&mut self, found: &mut Vulnerability, object: &'a Json) -> Vec<&'a str> {
        let mut vectors = Vec::new();
        for known in object.list("external_references") {
            let name = known.text("source_name").unwrap_or_default();
            let id = known.text("external_id").unwrap_or_default();
            match (name, known.text("url")) {
                ("cve", _) if is_cve(id) && found.cve.is_none() => found.cve = Some(id.to_owned()),
                ("cwe", _) if found.cwe.is_none() && weakness(id).is_some() => found.cwe = weakness(id),
                ("cvss", None) => vectors.push(id),
                (_, Some(url)) => found.references.extend(self.link(name, url)),
                (_, None) if !id.is_empty() && !name.is_empty() => {
                    found.ids.push(IdOfSystem { system_name: name.to_owned(), text: id.to_owned() });
                }
                (_, None) => {}
            }
        }
        vectors
    }

    fn link(&mut self, name: &str, url: &str) -> Option<Reference> {
        let link = reference(name, url);
        if link.is_none() {
            self.draft.left.out(name, "its link is no URI");
        }
        link
    }

    /// Reads which products are affected by a vulnerability, or not.
    fn statuses(&mut self, id: &str, found: &mut Vulnerability, products: &mut BTreeMap<&'a str, usize>) {
        let mut status = no_status();
        for relation in self.index.to(id) {
            let source = relation.text("source_ref").unwrap_or_default();
            let Some((source, object)) = self.index.get(source).filter(|(id, _)| kind_of(id) == "software")
            else {
                continue;
            };
            let Some(list) = status_word(relation).and_then(|word| status_of(&mut status, word)) else {
                continue;
            };
            let draft = &mut self.draft.products;
            let at = *products.entry(source).or_insert_with(|| {
                let name = object.text("name").filter(|name| !name.trim().is_empty()).unwrap_or("unnamed");
                let cpe = object.text("cpe").filter(|cpe| is_cpe(cpe)).map(str::to_owned);
                draft.push((name.to_owned(), cpe));
                draft.len() - 1
            });
            let id = product_id(at);
            if !list.contains(&id) {
                list.push(id);
            }
        }
        found.product_status = Some(status).filter(|status| *status != no_status());
    }

    /// Reads what can be done. The same remedy may be for many vulnerabilities, and is written for each of them.
    fn remedies(&mut self, id: &str, found: &mut Vulnerability, affected: &[String]) {
        for relation in self.index.to(id) {
            if !matches!(relation.text("relationship_type"), Some("mitigates" | "remediates")) {
                continue;
            }
            let action = relation.text("source_ref").and_then(|id| self.index.get(id));
            let Some((action, object)) = action.filter(|(id, _)| kind_of(id) == "course-of-action") else {
                continue;
            };
            let name = object.text("name").unwrap_or_default();
            let details = object.text("description").filter(|text| !text.trim().is_empty()).unwrap_or(name);
            if !self.draft.fits(details.len() + affected.len() * 16) {
                self.draft.left.out(action, "the document would be too long with it");
            } else if affected.is_empty() {
                // A remedy is for products (test 6.1.29): without any it is said in words.
                found.notes.extend(note(NoteCategory::General, Some(name), details));
            } else if !details.trim().is_empty() {
                found.remediations.push(remediation(object, details, affected));
            }
        }
    }
}

fn remediation(action: &Json, details: &str, products: &[String]) -> Remediation {
    let label = action.texts("labels").find_map(|(_, label)| course_of_action::category(label));
    let url = action.list("external_references").iter().find_map(|known| known.text("url"));
    Remediation {
        category: label.unwrap_or(RemediationCategory::Mitigation),
        date: None,
        details: details.to_owned(),
        entitlements: Vec::new(),
        group_ids: Vec::new(),
        product_ids: products.to_vec(),
        restart_required: None,
        url: url.filter(|url| is_uri(url)).map(str::to_owned),
    }
}

/// Returns CSAF's word for what a relationship of a product to a vulnerability says of it.
pub(super) fn status_word(relation: &Json) -> Option<&str> {
    let word = match relation.text("relationship_type")? {
        "related-to" => relation.text("description")?,
        "has" => "known_affected",
        _ => return None,
    };
    status_of(&mut no_status(), word).map(|_| word)
}

/// Returns the list of products that CSAF has for a word.
fn status_of<'s>(status: &'s mut ProductStatus, word: &str) -> Option<&'s mut Vec<String>> {
    Some(match word {
        "first_affected" => &mut status.first_affected,
        "first_fixed" => &mut status.first_fixed,
        "fixed" => &mut status.fixed,
        "known_affected" => &mut status.known_affected,
        "known_not_affected" => &mut status.known_not_affected,
        "last_affected" => &mut status.last_affected,
        "recommended" => &mut status.recommended,
        "under_investigation" => &mut status.under_investigation,
        _ => return None,
    })
}

/// Returns every product with a status, each once.
fn every(status: &ProductStatus) -> Vec<String> {
    let all: BTreeSet<&String> = statuses(status).into_iter().flat_map(|(_, ids)| ids).collect();
    all.into_iter().cloned().collect()
}
