//! Whether a document is fit to be published as it stands: valid, and saying itself what it is published as.
//!
//! What is approved is published byte for byte, so nothing is filled in afterwards. A document that is submitted says already that
//! it is `interim` or `final`, carries the exact label of its marking, and goes on from the revision that was published before.

use super::{
    Csaf, Report, Rule, Unreadable,
    instant::Instant,
    model::{Distribution, Publisher, Status},
    path::Path,
    provider::Published,
    revisions::Release,
    validate,
    versions::Version,
};
use crate::Tlp;

static LABEL: Rule = Rule { id: "BULLETIN-LABEL", title: "Label of the Marking" };
static STATUS: Rule = Rule { id: "BULLETIN-STATUS", title: "Status of the Step" };
static PUBLISHER: Rule = Rule { id: "BULLETIN-PUBLISHER", title: "Publisher of the Provider" };
static ID: Rule = Rule { id: "BULLETIN-ID", title: "Same ID as before" };
static VERSION: Rule = Rule { id: "BULLETIN-VERSION", title: "Later Version than before" };
static DATE: Rule = Rule { id: "BULLETIN-DATE", title: "Dates that go on from before" };

/// What a document is to be fit for.
#[derive(Clone, Debug, PartialEq)]
pub struct Occasion {
    /// The label with which it is marked.
    pub label: Tlp,
    /// As what it is published; `None` while that is still open.
    pub release: Option<Release>,
    /// As whom, if that is settled.
    pub publisher: Option<Publisher>,
    /// The newest revision of it that is published.
    pub before: Option<Csaf>,
    /// When that is, in milliseconds since 1970. What is published says no later time.
    pub now_ms: u64,
}

/// By how much the clock of whoever set a date may be ahead, in milliseconds.
const AHEAD_MS: u64 = 5 * 60 * 1000;

/// Judges a document, and returns how lists name it if it is fit.
///
/// # Errors
/// [`Unfit`]: it cannot be read, or it is not fit.
pub fn judge(document: &[u8], occasion: &Occasion) -> Result<Published, Unfit> {
    let mut report = validate(document)?;
    // What has not the shape of a document has been told of by the schema.
    let read = Csaf::read(document).ok();
    if let Some(read) = &read {
        compare(read, occasion, &mut report);
        report.sort();
    }
    let published = read.filter(|_| report.is_valid()).and_then(|read| Published::of(&read).ok());
    published.ok_or_else(|| Unfit::Found(Box::new(report)))
}

/// Why a document is not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// What was found, errors among it.
    #[error("the document is not fit to be published as it stands")]
    Found(Box<Report>),
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

fn compare(document: &Csaf, occasion: &Occasion, report: &mut Report) {
    let (meta, tracking) = (&document.document, &document.document.tracking);
    let root = Path::ROOT.key("document");
    let at = root.key("tracking");

    let said = meta.distribution.as_ref().and_then(Distribution::label);
    if said != Some(occasion.label) {
        let said = said.map_or("no label", Tlp::label);
        report.add(&LABEL, &root.key("distribution"), || {
            let wanted = Distribution::labelled(occasion.label, None);
            let written = wanted.tlp.map_or("", |tlp| tlp.label.name());
            format!(
                "It says {said}, and is marked {}: set tlp/label to {written} and begin text with {}.",
                occasion.label,
                occasion.label.label()
            )
        });
    }
    let wanted = match occasion.release {
        Some(Release::Final) => "final",
        Some(Release::Interim) => "interim",
        None => "interim or final",
    };
    let fits = match tracking.status {
        Status::Draft => false,
        Status::Final => occasion.release != Some(Release::Interim),
        Status::Interim => occasion.release != Some(Release::Final),
    };
    if !fits {
        let message =
            || format!("What is approved is published as it stands: this has to be {wanted} already.");
        report.add(&STATUS, &at.key("status"), message);
    }
    if let Some(publisher) = &occasion.publisher
        && (&publisher.name, &publisher.namespace) != (&meta.publisher.name, &meta.publisher.namespace)
    {
        report.add(&PUBLISHER, &root.key("publisher"), || {
            format!("Name and namespace have to be {} and {}.", publisher.name, publisher.namespace)
        });
    }
    // What is submitted today may be published tomorrow, as of tomorrow.
    let current = Instant::parse(&tracking.current_release_date).map_or(0, Instant::unix_ms);
    if occasion.release.is_some() && current > occasion.now_ms.saturating_add(AHEAD_MS) {
        report.add(&DATE, &at.key("current_release_date"), || {
            "It is in the future: publish it then, or say when it is published.".to_owned()
        });
    }
    if let Some(before) = &occasion.before {
        goes_on(document, before, report);
    }
}

/// Whether a revision follows on the one that was published before it.
fn goes_on(document: &Csaf, before: &Csaf, report: &mut Report) {
    let (tracking, before) = (&document.document.tracking, &before.document.tracking);
    let root = Path::ROOT.key("document");
    let at = root.key("tracking");
    if tracking.id != before.id {
        let message = || format!("A document keeps its id: {}.", super::report::shown(&before.id));
        report.add(&ID, &at.key("id"), message);
    }
    let later = Version::parse(&tracking.version)
        .zip(Version::parse(&before.version))
        .is_some_and(|(version, before)| version.precedence(before).is_gt());
    if !later {
        let message = || format!("It has to be later than {}, which is published.", before.version);
        report.add(&VERSION, &at.key("version"), message);
    }
    // Also the year by which its folder is named, which an offset could change.
    let begins = |date: &str| date.get(..4).map(str::to_owned);
    let instant = |date| Instant::parse(date);
    if instant(&tracking.initial_release_date) != instant(&before.initial_release_date)
        || begins(&tracking.initial_release_date) != begins(&before.initial_release_date)
    {
        let message = || format!("It was first released at {}: keep that.", before.initial_release_date);
        report.add(&DATE, &at.key("initial_release_date"), message);
    }
    if instant(&tracking.current_release_date) < instant(&before.current_release_date) {
        let message = || format!("The revision before is of {}: be not older.", before.current_release_date);
        report.add(&DATE, &at.key("current_release_date"), message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csaf::model::{
        Document, Note, NoteCategory, PublisherCategory, Reference, ReferenceCategory, Tracking,
    };

    const DATES: [&str; 3] = ["2026-01-01T00:30:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"];

    fn publisher() -> Publisher {
        Publisher {
            category: PublisherCategory::Coordinator,
            contact_details: None,
            issuing_authority: None,
            name: "Example CERT".to_owned(),
            namespace: "https://cert.example.org".to_owned(),
        }
    }

    fn released(label: Tlp, release: Release) -> Csaf {
        let mut tracking = Tracking::draft("CIAD-2026-0001", DATES[0]).unwrap();
        tracking.release(DATES[0], "First version", release).unwrap();
        Csaf {
            document: Document {
                acknowledgments: Vec::new(),
                aggregate_severity: None,
                category: "csaf_informational_advisory".to_owned(),
                csaf_version: "2.0".to_owned(),
                distribution: Some(Distribution::labelled(label, None)),
                lang: Some("en".to_owned()),
                notes: vec![Note {
                    audience: None,
                    category: NoteCategory::Summary,
                    text: "Lock the meeting.".to_owned(),
                    title: None,
                }],
                publisher: publisher(),
                references: vec![Reference {
                    category: Some(ReferenceCategory::External),
                    summary: "More".to_owned(),
                    url: "https://cert.example.org/more".to_owned(),
                }],
                source_lang: None,
                title: "Secure use of meetings".to_owned(),
                tracking,
            },
            product_tree: None,
            vulnerabilities: Vec::new(),
        }
    }

    fn occasion(label: Tlp, release: Option<Release>) -> Occasion {
        // A day after the last of these dates.
        let now_ms = Instant::parse(DATES[2]).unwrap().unix_ms() + 24 * 60 * 60 * 1000;
        Occasion { label, release, publisher: Some(publisher()), before: None, now_ms }
    }

    fn rules(document: &Csaf, occasion: &Occasion) -> Vec<&'static str> {
        match judge(&document.write().unwrap(), occasion) {
            Ok(_) => Vec::new(),
            Err(Unfit::Found(report)) => {
                let errors =
                    report.findings().iter().filter(|one| one.rule.weight() == crate::csaf::Weight::Error);
                errors.map(|finding| finding.rule.id).collect()
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// BUL-16
    #[test]
    fn label_inside_is_exactly_that_of_the_marking() {
        for inside in Tlp::ALL {
            for marked in Tlp::ALL {
                let found = rules(&released(inside, Release::Final), &occasion(marked, None));
                let expected: &[&str] = if inside == marked { &[] } else { &["BULLETIN-LABEL"] };
                assert_eq!(found, expected, "{inside} marked {marked}");
            }
            let mut without = released(inside, Release::Final);
            without.document.distribution = None;
            assert_eq!(rules(&without, &occasion(inside, None)), ["BULLETIN-LABEL"]);
        }
    }

    /// BUL-16
    #[test]
    fn status_inside_is_that_of_the_step_and_never_draft() {
        let fit = |document: &Csaf, release| rules(document, &occasion(Tlp::Clear, release)).is_empty();
        let mut document = released(Tlp::Clear, Release::Interim);
        assert!(fit(&document, None) && fit(&document, Some(Release::Interim)));
        assert!(!fit(&document, Some(Release::Final)));
        document.document.tracking.status = Status::Final;
        assert!(fit(&document, None) && fit(&document, Some(Release::Final)));
        assert!(!fit(&document, Some(Release::Interim)));
        document.document.tracking.status = Status::Draft;
        for release in [None, Some(Release::Interim), Some(Release::Final)] {
            assert_eq!(rules(&document, &occasion(Tlp::Clear, release)), ["BULLETIN-STATUS"]);
        }
    }

    /// BUL-16
    #[test]
    fn next_revision_goes_on_from_the_published_one() {
        let before = released(Tlp::Clear, Release::Interim);
        let mut good = before.clone();
        good.document.tracking.revise(DATES[1], "More").unwrap();
        good.document.tracking.release(DATES[2], "More", Release::Final).unwrap();
        let occasion = Occasion { before: Some(before.clone()), ..occasion(Tlp::Clear, None) };
        assert!(rules(&good, &occasion).is_empty());
        assert_eq!(rules(&before, &occasion), ["BULLETIN-VERSION"], "the same again");

        let changed = |change: &dyn Fn(&mut Document)| {
            let mut document = good.clone();
            change(&mut document.document);
            rules(&document, &occasion)
        };
        assert_eq!(changed(&|one| one.tracking.id = "CIAD-2026-0002".to_owned()), ["BULLETIN-ID"]);
        assert_eq!(changed(&|one| one.publisher.name = "Another".to_owned()), ["BULLETIN-PUBLISHER"]);
        assert_eq!(
            changed(&|one| one.tracking.initial_release_date = DATES[1].to_owned()),
            ["BULLETIN-DATE"]
        );
        // The same time, and another year.
        let same = "2025-12-31T23:30:00-01:00".to_owned();
        assert_eq!(changed(&|one| one.tracking.initial_release_date = same.clone()), ["BULLETIN-DATE"]);
        let old = "2025-01-01T00:00:00Z".to_owned();
        assert_eq!(changed(&|one| one.tracking.current_release_date = old.clone()), ["BULLETIN-DATE"]);
    }

    /// BUL-16
    #[test]
    fn what_is_published_was_not_released_in_the_future() {
        let document = released(Tlp::Clear, Release::Final);
        let released_ms = Instant::parse(DATES[0]).unwrap().unix_ms();
        for (now_ms, is_fit) in [
            (released_ms, true),
            (released_ms - AHEAD_MS, true),
            (released_ms - AHEAD_MS - 1, false),
            (0, false),
        ] {
            let at = |release| Occasion { now_ms, ..occasion(Tlp::Clear, release) };
            let expected: &[&str] = if is_fit { &[] } else { &["BULLETIN-DATE"] };
            assert_eq!(rules(&document, &at(Some(Release::Final))), expected, "{now_ms}");
            assert!(rules(&document, &at(None)).is_empty(), "it is submitted before");
        }
    }

    #[test]
    fn what_is_not_valid_is_not_fit_and_every_finding_is_told() {
        let mut document = released(Tlp::Green, Release::Final);
        document.document.tracking.version = "2".to_owned();
        assert_eq!(rules(&document, &occasion(Tlp::Red, None)), ["BULLETIN-LABEL", "CSAF-6.1.16"]);
        assert!(matches!(judge(b"{}", &occasion(Tlp::Red, None)), Err(Unfit::Found(_))));
        assert!(matches!(judge(b"{", &occasion(Tlp::Red, None)), Err(Unfit::Unreadable(_))));
    }
}
