//! What tells a machine which product is meant: package URLs and hashes of files.

use std::collections::BTreeSet;

use super::{ONLY_MD5, ONLY_SHA1, PURL, REPEATED_HASH, SHORT_HASH, walk};
use crate::csaf::{
    json::Json,
    path::Path,
    purl,
    report::{Report, shown},
};

/// Shortest hash that nobody finds a second file for: SHA-256 in hexadecimal digits.
const HASH_DIGITS_MIN: usize = 64;

pub(super) fn check(document: &Json, report: &mut Report) {
    walk::each_product(document, &mut |product, path| {
        let Some(helper) = product.get("product_identification_helper") else { return };
        let path = path.key("product_identification_helper");
        // CSAF-6.1.13
        if let Some(text) = helper.text("purl")
            && let Err(fault) = purl::check(text)
        {
            report.add(&PURL, &path.key("purl"), || format!("{:?} is no package URL: {fault}.", shown(text)));
        }
        walk::each(helper, "hashes", &path, |file, path| hashes(file, path, report));
    });
}

/// CSAF-6.1.25, CSAF-6.2.8, CSAF-6.2.9, CSAF-6.3.5
fn hashes(file: &Json, path: &Path<'_>, report: &mut Report) {
    let mut algorithms = BTreeSet::new();
    walk::each(file, "file_hashes", path, |hash, path| {
        if let Some(algorithm) = hash.text("algorithm")
            && !algorithms.insert(algorithm)
        {
            report.add(&REPEATED_HASH, &path.key("algorithm"), || {
                format!("The file has a hash of {:?} already: keep one.", shown(algorithm))
            });
        }
        if hash.text("value").is_some_and(|value| value.chars().count() < HASH_DIGITS_MIN) {
            report.add(&SHORT_HASH, &path.key("value"), || {
                format!("The hash has fewer than {HASH_DIGITS_MIN} digits: add one of SHA-256 or longer.")
            });
        }
    });
    for (algorithm, rule, name) in [("md5", &ONLY_MD5, "MD5"), ("sha1", &ONLY_SHA1, "SHA-1")] {
        if algorithms.len() == 1 && algorithms.contains(algorithm) {
            report.add(rule, &path.key("file_hashes"), || {
                format!("{name} is the only hash of this file, and files can be made to have the same: add SHA-256.")
            });
        }
    }
}
