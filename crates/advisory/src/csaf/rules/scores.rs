//! Scores: one of a version for each product, and each what its vector says.

use super::{
    CVSS_V3_0, INCONSISTENT_CVSS, MISCALCULATED_CVSS, ONLY_CVSS_V2, REPEATED_SCORE, SCORED_FIX, index::Index,
    walk,
};
use crate::csaf::{
    cvss::{Cvss, Scores, Vector, VectorFault, severity},
    json::Json,
    path::Path,
    report::{Report, shown},
};

pub(super) fn check(document: &Json, index: &Index<'_>, report: &mut Report) {
    let mut with_version = [(); 3].map(|()| index.product_marks());
    let mut fixed = index.product_marks();
    walk::each_vulnerability(document, |vulnerability, path| {
        with_version.iter_mut().for_each(super::index::Marks::clear);
        fixed.clear();
        if let Some(status) = vulnerability.get("product_status") {
            for list in ["first_fixed", "fixed"] {
                for product in status.texts(list).filter_map(|(_, id)| index.product(id)) {
                    fixed.set(product, 0);
                }
            }
        }
        walk::each(vulnerability, "scores", path, |score, path| {
            for (key, cvss) in
                ["cvss_v2", "cvss_v3"].into_iter().filter_map(|key| Some((key, score.get(key)?)))
            {
                let Some(version) = cvss.text("version").and_then(Cvss::named) else { continue };
                // CSAF-6.1.7
                walk::texts(score, "products", path, &mut |id, path| {
                    let Some(product) = index.product(id) else { return };
                    if with_version[version as usize].set(product, 0).is_some() {
                        report.add(&REPEATED_SCORE, path, || {
                            format!("The product {:?} has a score of this version already.", shown(id))
                        });
                    }
                });
                let path = path.key(key);
                let vector = values(cvss, version, &path, report);
                // CSAF-6.2.19
                let of_fixed =
                    score.texts("products").find(|(_, id)| index.product(id).is_some_and(|id| fixed.has(id)));
                if let Some((_, id)) = of_fixed
                    && !is_harmless(cvss, vector)
                {
                    report.add(&SCORED_FIX, &path, || {
                        format!(
                            "The product {:?} is fixed, so its environmental score has to be 0: set its modified impacts to none.",
                            shown(id)
                        )
                    });
                }
                // CSAF-6.3.2
                if version == Cvss::V30 {
                    report.add(&CVSS_V3_0, &path.key("version"), || {
                        "CVSS 3.1 has replaced 3.0: use that.".to_owned()
                    });
                }
            }
        });
        only_version_2(vulnerability, index, &mut fixed, path, report);
    });
}

/// CSAF-6.3.1
fn only_version_2(
    vulnerability: &Json,
    index: &Index<'_>,
    with_version_3: &mut super::index::Marks,
    path: &Path<'_>,
    report: &mut Report,
) {
    with_version_3.clear();
    for score in vulnerability.list("scores").iter().filter(|score| score.get("cvss_v3").is_some()) {
        for product in score.texts("products").filter_map(|(_, id)| index.product(id)) {
            with_version_3.set(product, 0);
        }
    }
    walk::each(vulnerability, "scores", path, |score, path| {
        if score.get("cvss_v2").is_none() || score.get("cvss_v3").is_some() {
            return;
        }
        let mut ids = score.texts("products").map(|(_, id)| id);
        let lonely = ids.find(|id| index.product(id).is_none_or(|product| !with_version_3.has(product)));
        if let Some(id) = lonely {
            report.add(&ONLY_CVSS_V2, path, || {
                format!("CVSS 2.0 is the only score of the product {:?}: add one of CVSS 3.1.", shown(id))
            });
        }
    });
}

/// CSAF-6.1.9, CSAF-6.1.10: also returns what the vector says, if it says something.
fn values(cvss: &Json, version: Cvss, path: &Path<'_>, report: &mut Report) -> Option<Vector> {
    let text = cvss.text("vectorString")?;
    let vector = match version.read(text) {
        Ok(vector) => vector,
        Err(fault) => {
            let message = match fault {
                VectorFault::Missing(metric) => {
                    format!("The vector lacks {metric}, so no score follows from it: add it.")
                }
                VectorFault::Twice(metric) => format!("The vector has {metric} twice: remove one of them."),
                // The schema's finding.
                VectorFault::Unknown => return None,
            };
            report.add(&MISCALCULATED_CVSS, &path.key("vectorString"), || message);
            return None;
        }
    };
    for (metric, word) in vector.words() {
        let Some(said) = cvss.text(metric.property).filter(|said| *said != word) else { continue };
        report.add(&INCONSISTENT_CVSS, &path.key(metric.property), || {
            format!("The vector says {word} here, not {:?}: change one of them.", shown(said))
        });
    }
    let Scores { base, temporal, environmental } = vector.scores();
    let scores = [
        ("baseScore", "baseSeverity", base),
        ("temporalScore", "temporalSeverity", temporal),
        ("environmentalScore", "environmentalSeverity", environmental),
    ];
    for (score, word, tenths) in scores {
        let right = f64::from(tenths) / 10.0;
        #[expect(
            clippy::float_cmp,
            reason = "a document's number is the nearest float to its decimals, and so is ours"
        )]
        if cvss.get(score).and_then(Json::as_number).is_some_and(|said| said != right) {
            report.add(&MISCALCULATED_CVSS, &path.key(score), || {
                format!("By the vector this score is {right:.1}.")
            });
        }
        if version != Cvss::V2 && cvss.text(word).is_some_and(|said| said != severity(tenths)) {
            report.add(&MISCALCULATED_CVSS, &path.key(word), || {
                format!("A score of {right:.1} is called {}.", severity(tenths))
            });
        }
    }
    Some(vector)
}

/// Returns whether a score's environmental score is 0, by its vector and by what stands beside it.
fn is_harmless(cvss: &Json, vector: Option<Vector>) -> bool {
    let Some(mut vector) = vector else { return false };
    vector.complete(|property| cvss.text(property));
    let said = cvss.get("environmentalScore").and_then(Json::as_number);
    vector.scores().environmental == 0 && said.is_none_or(|said| said <= 0.0)
}
