//! What other formats carry of a document's content.
//!
//! A content need not be valid CSAF: a draft is not complete, and what was published before it was checked may never have been.
//! One that does not have the shape of the schema is carried by its title and its label.

use crate::{
    Tlp,
    csaf::model::Branch,
    csaf::{
        Csaf, ReadError, Unreadable,
        json::Json,
        model::{
            Distribution, Document, FullProductName, ProductTree, Publisher, PublisherCategory, Status,
            Tracking,
        },
    },
};

/// The title of a document that has none.
const UNTITLED: &str = "Document without a title";

/// Reads a content: all of it, or its title and label.
///
/// # Errors
/// [`Unreadable`] if it is no JSON within the bounds.
pub(crate) fn read(content: &[u8]) -> Result<Csaf, Unreadable> {
    match Csaf::read(content) {
        Ok(mut csaf) => {
            if csaf.document.title.trim().is_empty() {
                csaf.document.title = UNTITLED.to_owned();
            }
            Ok(csaf)
        }
        Err(ReadError::Unreadable(error)) => Err(error),
        Err(ReadError::Misshapen(_)) => Ok(titled(&Json::read(content)?)),
    }
}

fn titled(json: &Json) -> Csaf {
    let document = json.get("document");
    let text = |key: &str| document.and_then(|document| document.text(key));
    let title = text("title").filter(|title| !title.trim().is_empty()).unwrap_or(UNTITLED);
    let tracking = document.and_then(|document| document.get("tracking"));
    let id = tracking.and_then(|tracking| tracking.text("id")).unwrap_or(title);
    let distribution = document.and_then(|document| document.get("distribution")).map(|distribution| {
        let word = distribution.get("tlp").and_then(|tlp| tlp.text("label"));
        let label = match word {
            // What TLP 1.0 called CLEAR.
            Some("WHITE") => Some(Tlp::Clear),
            // A label that is none is nobody's leave to pass it on.
            Some(word) => Some(word.parse().unwrap_or(Tlp::Red)),
            None => None,
        };
        let text = distribution.text("text");
        match label {
            Some(label) => Distribution::labelled(label, text),
            None => Distribution { text: text.map(str::to_owned), tlp: None },
        }
    });
    Csaf {
        document: Document {
            acknowledgments: Vec::new(),
            aggregate_severity: None,
            category: "csaf_base".to_owned(),
            csaf_version: "2.0".to_owned(),
            distribution,
            lang: None,
            notes: Vec::new(),
            publisher: Publisher {
                category: PublisherCategory::Other,
                contact_details: None,
                issuing_authority: None,
                name: String::new(),
                namespace: String::new(),
            },
            references: Vec::new(),
            source_lang: None,
            title: title.to_owned(),
            tracking: Tracking {
                aliases: Vec::new(),
                current_release_date: String::new(),
                generator: None,
                id: id.to_owned(),
                initial_release_date: String::new(),
                revision_history: Vec::new(),
                status: Status::Draft,
                version: String::new(),
            },
        },
        product_tree: None,
        vulnerabilities: Vec::new(),
    }
}

/// Returns the label of what is made from a content: that of its marking, or the one inside if it is narrower.
pub(crate) fn label(csaf: &Csaf, marked: Tlp) -> Tlp {
    let inside = csaf.document.distribution.as_ref().and_then(Distribution::label);
    inside.map_or(marked, |inside| inside.narrower(marked))
}

/// Returns every product of a document, in its order.
pub(crate) fn products(tree: &ProductTree) -> Vec<&FullProductName> {
    fn walk<'a>(branches: &'a [Branch], found: &mut Vec<&'a FullProductName>) {
        // As deep as JSON is read, which is not deep.
        for branch in branches {
            found.extend(&branch.product);
            walk(&branch.branches, found);
        }
    }
    let mut found = Vec::new();
    walk(&tree.branches, &mut found);
    found.extend(&tree.full_product_names);
    found.extend(tree.relationships.iter().map(|relationship| &relationship.full_product_name));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_without_the_schemas_shape_is_carried_by_its_title_and_its_label() {
        let csaf = read(br#"{"document":{"title":"One","notes":[{"text":"x"}]}}"#).unwrap();
        assert_eq!((&*csaf.document.title, csaf.document.notes.len()), ("One", 0));
        assert_eq!(label(&csaf, Tlp::Green), Tlp::Green);
        for (inside, expected) in [
            (r#"{"tlp":{"label":"WHITE"}}"#, Tlp::Green),
            (r#"{"tlp":{"label":"RED"}}"#, Tlp::Red),
            (r#"{"tlp":{"label":"PUBLIC"}}"#, Tlp::Red),
            (r#"{"text":"TLP:AMBER+STRICT"}"#, Tlp::AmberStrict),
        ] {
            let text = format!(r#"{{"document":{{"title":" ","distribution":{inside}}}}}"#);
            let csaf = read(text.as_bytes()).unwrap();
            assert_eq!((&*csaf.document.title, label(&csaf, Tlp::Green)), (UNTITLED, expected), "{inside}");
        }
        assert!(read(b"{").is_err());
    }
}
