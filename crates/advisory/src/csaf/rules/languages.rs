//! The languages of a document and of what it was translated from.

use super::{DEFAULT_LANGUAGE, LANGUAGE, MISSING_LANGUAGE, PRIVATE_LANGUAGE, TRANSLATION, TRANSLATOR};
use crate::csaf::{
    json::Json,
    languages,
    path::Path,
    report::{Report, shown},
};

pub(super) fn check(document: &Json, report: &mut Report) {
    let Some(meta) = document.get("document") else { return };
    let path = Path::ROOT.key("document");
    for key in ["lang", "source_lang"] {
        let Some(text) = meta.text(key) else { continue };
        let path = path.key(key);
        // CSAF-6.2.15
        if text.eq_ignore_ascii_case("i-default") {
            report.add(&DEFAULT_LANGUAGE, &path, || {
                "i-default says nothing: name the language, or leave it out.".to_owned()
            });
        }
        // What is no tag at all is the schema's finding.
        let Some(tag) = languages::parse(text) else { continue };
        // CSAF-6.1.12
        if let Some(part) = tag.unknown() {
            report.add(&LANGUAGE, &path, || {
                format!("No registry knows {part:?} of {:?}: write a tag such as hi or en-IN.", shown(text))
            });
        }
        // CSAF-6.2.14
        if tag.is_private() {
            report.add(&PRIVATE_LANGUAGE, &path, || {
                format!("{:?} is for private use, so others cannot know what it means.", shown(text))
            });
        }
    }
    let (own, source) = (meta.text("lang"), meta.text("source_lang"));
    // CSAF-6.2.12
    if own.is_none() {
        report
            .add(&MISSING_LANGUAGE, &path, || "Say in which language the document is: add lang.".to_owned());
    }
    // CSAF-6.1.28: tags do not differ by case (RFC 5646, section 2.1.1).
    if let (Some(own), Some(source)) = (own, source)
        && own.eq_ignore_ascii_case(source)
    {
        report.add(&TRANSLATION, &path.key("source_lang"), || {
            "What is translated cannot have been in the same language: remove source_lang, or correct one of them.".to_owned()
        });
    }
    // CSAF-6.1.15
    let category = meta.get("publisher").and_then(|publisher| publisher.text("category"));
    if category == Some("translator") && source.is_none() {
        report.add(&TRANSLATOR, &path, || {
            "A translator has to say from which language: add source_lang.".to_owned()
        });
    }
}
