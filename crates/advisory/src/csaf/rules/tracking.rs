//! The document's version, its status and the history of its revisions.

use std::collections::BTreeSet;

use super::{
    BUILD_METADATA, LATEST_VERSION, MISSING_REVISION, MIXED_VERSIONING, OLD_CURRENT_DATE, OLD_INITIAL_DATE,
    PRE_RELEASE_REVISION, PRE_RELEASE_VERSION, RELEASED_REVISIONS, REPEATED_REVISION, STATUS_DRAFT,
    UNSORTED_REVISIONS, walk,
};
use crate::csaf::{
    instant::Instant,
    json::Json,
    path::Path,
    report::{Report, shown},
    versions::Version,
};

/// A revision of which date and number can be read.
struct Revision<'d> {
    date: Instant<'d>,
    number: &'d str,
    version: Version<'d>,
}

pub(super) fn check(document: &Json, report: &mut Report) {
    let Some(tracking) = document.get("document").and_then(|meta| meta.get("tracking")) else { return };
    let (path, status) = (Path::ROOT.key("document"), tracking.text("status"));
    let path = path.key("tracking");
    let is_released = matches!(status, Some("final" | "interim"));
    numbers(tracking, is_released, &path, report);

    // What the schema refuses is no history that could be judged as one.
    let revisions: Option<Vec<Revision<'_>>> =
        tracking.list("revision_history").iter().map(revision).collect();
    let Some(mut revisions) = revisions else { return };
    // Of one date, by version: the standard leaves open which is first, and nobody is to fail by that.
    revisions
        .sort_by(|one, other| one.date.cmp(&other.date).then_with(|| one.version.precedence(other.version)));
    order(&revisions, &path, report);

    if let Some(text) = tracking.text("version")
        && let Some(version) = Version::parse(text)
    {
        document_version(text, version, status, &revisions, &path, report);
    }
    dates(tracking, &revisions, &path, report);
}

fn number(revision: &Json) -> Option<Version<'_>> {
    Version::parse(revision.text("number")?)
}

fn revision(revision: &Json) -> Option<Revision<'_>> {
    let number = revision.text("number")?;
    Some(Revision { date: Instant::parse(revision.text("date")?)?, number, version: Version::parse(number)? })
}

/// CSAF-6.1.18, CSAF-6.1.19, CSAF-6.1.22, CSAF-6.1.30, CSAF-6.2.4
fn numbers(tracking: &Json, is_released: bool, path: &Path<'_>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    let mut kind = None;
    let mut is_mixed =
        |version: Version<'_>| *kind.get_or_insert(version.is_semantic()) != version.is_semantic();
    let mixed =
        || "Whole numbers and semantic versioning are mixed: write all versions in one of them.".to_owned();
    walk::each(tracking, "revision_history", path, |revision, path| {
        let (Some(text), Some(version)) = (revision.text("number"), number(revision)) else { return };
        let path = path.key("number");
        if !seen.insert(text) {
            report.add(&REPEATED_REVISION, &path, || {
                format!("The version {} stands in the history before.", shown(text))
            });
        }
        if is_released && version.major() == "0" {
            report.add(&RELEASED_REVISIONS, &path, || {
                format!(
                    "A released document has no revision {}: remove what came before version 1.",
                    shown(text)
                )
            });
        }
        if version.pre_release().is_some() {
            report.add(&PRE_RELEASE_REVISION, &path, || {
                format!("{:?} is a pre-release, which does not belong into the history.", shown(text))
            });
        }
        if version.build().is_some() {
            report.add(&BUILD_METADATA, &path, || {
                format!("{:?} has build metadata: leave that out.", shown(text))
            });
        }
        if is_mixed(version) {
            report.add(&MIXED_VERSIONING, &path, mixed);
        }
    });
    if let Some(version) = tracking.text("version").and_then(Version::parse)
        && is_mixed(version)
    {
        report.add(&MIXED_VERSIONING, &path.key("version"), mixed);
    }
}

/// CSAF-6.1.14, CSAF-6.1.21
fn order(revisions: &[Revision<'_>], path: &Path<'_>, report: &mut Report) {
    let path = path.key("revision_history");
    if let Some(pair) = revisions.windows(2).find(|pair| pair[0].version.precedence(pair[1].version).is_gt())
    {
        report.add(&UNSORTED_REVISIONS, &path, || {
            format!(
                "Version {} is older than {}: dates and versions have to rise together.",
                shown(pair[0].number),
                shown(pair[1].number)
            )
        });
    }
    // Larger numbers than fit are not in order with any that fits.
    let major = |revision: &Revision<'_>| revision.version.major().parse().unwrap_or(u64::MAX);
    let Some(first) = revisions.first().map(major) else { return };
    if first > 1 {
        report.add(&MISSING_REVISION, &path, || {
            format!("The history begins with version {first}: it has to begin with 0 or 1.")
        });
    }
    let mut newest = first;
    for revision in revisions {
        let next = major(revision);
        if next > newest.saturating_add(1) {
            report.add(&MISSING_REVISION, &path, || {
                format!("Version {} is missing in the history.", newest + 1)
            });
        }
        newest = newest.max(next);
    }
}

/// CSAF-6.1.16, CSAF-6.1.17, CSAF-6.1.20
fn document_version(
    text: &str,
    version: Version<'_>,
    status: Option<&str>,
    revisions: &[Revision<'_>],
    path: &Path<'_>,
    report: &mut Report,
) {
    let is_draft = status == Some("draft");
    if let Some(latest) = revisions.last()
        && latest.version.without_build(!is_draft) != version.without_build(!is_draft)
    {
        report.add(&LATEST_VERSION, &path.key("version"), || {
            format!(
                "The newest revision is {}, not {}: make them the same.",
                shown(latest.number),
                shown(text)
            )
        });
    }
    if status.is_some() && !is_draft && (version.major() == "0" || version.pre_release().is_some()) {
        report.add(&STATUS_DRAFT, &path.key("status"), || {
            format!(
                "Version {} is that of a draft: release it as version 1, or make the status draft.",
                shown(text)
            )
        });
    }
    if matches!(status, Some("final" | "interim")) && version.pre_release().is_some() {
        report.add(&PRE_RELEASE_VERSION, &path.key("version"), || {
            format!("{:?} is a pre-release, and the status says that the document is released.", shown(text))
        });
    }
}

/// CSAF-6.2.5, CSAF-6.2.6
fn dates(tracking: &Json, revisions: &[Revision<'_>], path: &Path<'_>, report: &mut Report) {
    let date = |key| tracking.text(key).and_then(Instant::parse);
    let (Some(oldest), Some(newest)) = (revisions.first(), revisions.last()) else { return };
    if date("initial_release_date").is_some_and(|initial| initial < oldest.date) {
        report.add(&OLD_INITIAL_DATE, &path.key("initial_release_date"), || {
            "The initial release is older than the oldest revision.".to_owned()
        });
    }
    if date("current_release_date").is_some_and(|current| current < newest.date) {
        report.add(&OLD_CURRENT_DATE, &path.key("current_release_date"), || {
            "The current release is older than the newest revision.".to_owned()
        });
    }
}
