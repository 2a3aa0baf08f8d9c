//! A document's way from draft to release and on to its next revision (section 3.1.11.1 of the standard).
//!
//! Versions are whole numbers. A draft that was never released is version 0; its release is version 1 and forgets what came
//! before, as no released document may have a revision 0. The next revision is a draft with the next number until it is
//! released in its turn.

use super::{
    instant::Instant,
    model::{Revision, Status, Tracking},
    versions::Version,
};

/// Why a document does not take the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// Revisions and their dates rise together.
    #[error("revision: the date is before the newest revision")]
    Backwards,
    /// A time that is none.
    #[error("revision: the date is not a time with its offset (RFC 3339)")]
    Date,
    /// Its version is none that can be raised: written by somebody else, in semantic versioning or beyond counting.
    #[error("revision: the version is not a whole number that can be raised")]
    Version,
    /// It is a draft already.
    #[error("revision: the document is a draft already")]
    Draft,
    /// It is released already.
    #[error("revision: the document is released already, and a released document is not changed")]
    Released,
}

/// How a document is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Changes are not foreseen.
    Final,
    /// Changes are foreseen.
    Interim,
}

impl Tracking {
    /// Returns the tracking of a new draft. `date` is a time of RFC 3339.
    ///
    /// # Errors
    /// [`RevisionError::Date`].
    pub fn draft(id: &str, date: &str) -> Result<Self, RevisionError> {
        Instant::parse(date).ok_or(RevisionError::Date)?;
        Ok(Self {
            aliases: Vec::new(),
            current_release_date: date.to_owned(),
            generator: None,
            id: id.to_owned(),
            initial_release_date: date.to_owned(),
            revision_history: vec![revision(date, 0, "Draft")],
            status: Status::Draft,
            version: "0".to_owned(),
        })
    }

    /// Begins the next revision of a released document, as a draft.
    ///
    /// # Errors
    /// [`RevisionError`] if it is a draft, or the date is not after its newest revision.
    pub fn revise(&mut self, date: &str, summary: &str) -> Result<(), RevisionError> {
        if self.status == Status::Draft {
            return Err(RevisionError::Draft);
        }
        self.check_date(date)?;
        let next = self.number()?.checked_add(1).ok_or(RevisionError::Version)?;
        self.revision_history.push(revision(date, next, summary));
        self.version = next.to_string();
        self.current_release_date = date.to_owned();
        self.status = Status::Draft;
        Ok(())
    }

    /// Releases a draft.
    ///
    /// # Errors
    /// [`RevisionError`] if it is released, or the date is before its newest revision.
    pub fn release(&mut self, date: &str, summary: &str, release: Release) -> Result<(), RevisionError> {
        if self.status != Status::Draft {
            return Err(RevisionError::Released);
        }
        self.check_date(date)?;
        let number = self.number()?.max(1);
        if number == 1 {
            self.revision_history.clear();
            date.clone_into(&mut self.initial_release_date);
        } else {
            self.revision_history.pop();
        }
        self.revision_history.push(revision(date, number, summary));
        self.version = number.to_string();
        self.current_release_date = date.to_owned();
        self.status = match release {
            Release::Final => Status::Final,
            Release::Interim => Status::Interim,
        };
        Ok(())
    }

    fn number(&self) -> Result<u32, RevisionError> {
        match Version::parse(&self.version) {
            Some(Version::Integer(number)) => number.parse().map_err(|_| RevisionError::Version),
            _ => Err(RevisionError::Version),
        }
    }

    fn check_date(&self, date: &str) -> Result<(), RevisionError> {
        let date = Instant::parse(date).ok_or(RevisionError::Date)?;
        let mut dates = self.revision_history.iter().filter_map(|revision| Instant::parse(&revision.date));
        if dates.any(|earlier| earlier > date) { Err(RevisionError::Backwards) } else { Ok(()) }
    }
}

fn revision(date: &str, number: u32, summary: &str) -> Revision {
    Revision {
        date: date.to_owned(),
        legacy_version: None,
        number: number.to_string(),
        summary: summary.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATES: [&str; 4] =
        ["2026-11-27T10:00:00Z", "2026-11-27T16:00:00+05:30", "2026-11-28T10:00:00Z", "2026-11-29T10:00:00Z"];

    #[test]
    fn document_is_version_0_until_its_release_and_1_from_then_on() {
        let mut tracking = Tracking::draft("CIAD-2026-0001", DATES[0]).unwrap();
        assert_eq!((&*tracking.version, tracking.status), ("0", Status::Draft));
        assert_eq!(tracking.revise(DATES[1], "x"), Err(RevisionError::Draft));

        tracking.release(DATES[1], "First version", Release::Interim).unwrap();
        assert_eq!((&*tracking.version, tracking.status), ("1", Status::Interim));
        assert_eq!((&*tracking.initial_release_date, tracking.revision_history.len()), (DATES[1], 1));
        assert_eq!(tracking.release(DATES[2], "x", Release::Final), Err(RevisionError::Released));

        tracking.revise(DATES[2], "More products").unwrap();
        assert_eq!((&*tracking.version, tracking.status), ("2", Status::Draft));
        tracking.release(DATES[3], "More products", Release::Final).unwrap();
        let numbers: Vec<&str> = tracking.revision_history.iter().map(|revision| &*revision.number).collect();
        assert_eq!((numbers, &*tracking.revision_history[1].date), (vec!["1", "2"], DATES[3]));
        assert_eq!((&*tracking.initial_release_date, &*tracking.current_release_date), (DATES[1], DATES[3]));
    }

    #[test]
    fn revisions_never_go_back_in_time() {
        let mut tracking = Tracking::draft("CIAD-2026-0001", DATES[2]).unwrap();
        assert_eq!(tracking.release(DATES[0], "x", Release::Final), Err(RevisionError::Backwards));
        assert_eq!(tracking.release("tomorrow", "x", Release::Final), Err(RevisionError::Date));
        tracking.release(DATES[2], "x", Release::Final).unwrap();
        let before = tracking.clone();
        assert_eq!(tracking.revise(DATES[1], "x"), Err(RevisionError::Backwards));
        assert_eq!(tracking, before, "a step that is refused changes nothing");
        assert_eq!(Tracking::draft("x", "now"), Err(RevisionError::Date));
    }

    #[test]
    fn versions_of_others_are_not_guessed() {
        let mut tracking = Tracking::draft("CIAD-2026-0001", DATES[0]).unwrap();
        tracking.status = Status::Final;
        for version in ["1.0.0", "4294967295", "99999999999999999999"] {
            tracking.version = version.to_owned();
            assert_eq!(tracking.revise(DATES[1], "x"), Err(RevisionError::Version), "{version}");
        }
    }
}
