//! Branches of the product tree: what they are called, and in which order they lead to a product.

use super::{BRANCH_CATEGORIES, RANGE_IN_VERSION, RANGE_WITHOUT_VERS, V_AS_VERSION, VERSION_RANGE, walk};
use crate::csaf::{
    json::Json,
    report::{Report, shown},
};

/// Words that make a range of a version.
const RANGE_WORDS: [&str; 7] = ["after", "all", "before", "earlier", "later", "prior", "versions"];

pub(super) fn check(document: &Json, report: &mut Report) {
    walk::each_branch(document, &mut |branch, path, categories| {
        let name = branch.text("name").unwrap_or_default();
        match categories.last().copied() {
            Some("product_version") => {
                // CSAF-6.1.31
                if is_range(name) {
                    report.add(&RANGE_IN_VERSION, &path.key("name"), || {
                        format!(
                            "{:?} is a range: name one version, or make the category product_version_range.",
                            shown(name)
                        )
                    });
                }
                // CSAF-6.3.11
                let mut letters = name.chars();
                if matches!(letters.next(), Some('v' | 'V'))
                    && letters.next().is_some_and(|next| next.is_ascii_digit())
                {
                    report.add(&V_AS_VERSION, &path.key("name"), || {
                        "Write the version without the v.".to_owned()
                    });
                }
            }
            Some("product_version_range") => {
                // CSAF-6.2.18
                if !is_vers(name) {
                    report.add(&RANGE_WITHOUT_VERS, &path.key("name"), || {
                        format!("{:?} is not written as vers, such as vers:npm/>=1.2.0|<2.0.0.", shown(name))
                    });
                }
                // CSAF-6.3.10
                report.add(&VERSION_RANGE, &path.key("category"), || {
                    "Machines find it hard to tell what is in a range: list the versions, if you can."
                        .to_owned()
                });
            }
            _ => {}
        }
        // CSAF-6.3.9
        if branch.get("product").is_some() {
            let mut wanted = ["vendor", "product_name", "product_version"].into_iter().peekable();
            for category in categories {
                wanted.next_if_eq(category);
            }
            if let Some(missing) = wanted.next() {
                report.add(&BRANCH_CATEGORIES, &path.key("product"), || {
                    format!("The branches above lead from vendor by product_name to product_version: {missing} is not in its place.")
                });
            }
        }
    });
}

/// The words count, not the letters: `after-eight` and `installation` are names.
fn is_range(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    name.contains(['<', '>']) || words.any(|word| RANGE_WORDS.contains(&word))
}

/// `^vers:[a-z\.\-\+][a-z0-9\.\-\+]*/.+`
fn is_vers(name: &str) -> bool {
    let Some((scheme, range)) = name.strip_prefix("vers:").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let is_mark = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'-' | b'+');
    let mut bytes = scheme.bytes();
    bytes.next().is_some_and(is_mark)
        && bytes.all(|byte| is_mark(byte) || byte.is_ascii_digit())
        && !range.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_from_versions() {
        for name in ["<1", "1 >= x", "prior to 4.2", "All", "4.2 (and later)", "VERSIONS 1"] {
            assert!(is_range(name), "{name}");
        }
        for name in ["1", "Small", "4.2 installation", "version 3", "latest", "after-eight"] {
            assert!(!is_range(name), "{name}");
        }
        assert!(is_vers("vers:npm/>=1|<2") && is_vers("vers:.x1/*"));
        assert!(!is_vers("vers:/1") && !is_vers("vers:npm/") && !is_vers("vers:1x/1") && !is_vers(">1"));
    }
}
