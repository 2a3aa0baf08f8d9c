//! Who may know of a revision, in SQL: what `sabha_advisory::clearance::may_read` decides, where rows are chosen.
//!
//! A list that was filtered afterwards would be short by what it left out, and a count would count it. So no query for a
//! reader is without [`may_read!`], and a test holds it against the pure function over random worlds.

use sabha_advisory::clearance::{Reader, works_for_owner};
use sabha_protocol::{account::UserId, bulletin::OrganisationId};

/// A condition on the revision `r` of the document `d`: that the reader of `$1`, `$2` and `$3` may know of it. Bind a
/// [`Reading`] first. BUL-01 to BUL-06 have its branches.
macro_rules! may_read {
    () => {
        crate::storage::bulletin::clearance::may_read_as!("$1", "$2", "$3")
    };
}
pub(super) use may_read;

/// The same of another reader: expressions of SQL for the person, their organisation, and whether they work for the owner.
macro_rules! may_read_as {
    ($user:literal, $organisation:literal, $works:literal) => {
        concat!(
            "((r.tlp <> 4
           OR EXISTS (SELECT 1 FROM revision_persons AS named
                      WHERE named.document = r.document AND named.number = r.number AND named.user = ",
            $user,
            ")
           OR EXISTS (SELECT 1 FROM revision_authors AS wrote
                      WHERE wrote.document = r.document AND wrote.number = r.number AND wrote.user = ",
            $user,
            "))
          AND CASE
              WHEN r.stage < 3 THEN d.owner = ",
            $organisation,
            " AND ",
            $works,
            "
              WHEN r.tlp IN (0, 4) THEN 1
              ELSE ",
            $organisation,
            " IS NOT NULL AND (
                  d.owner = ",
            $organisation,
            "
                  OR EXISTS (SELECT 1 FROM revision_organisations AS named
                             WHERE named.document = r.document AND named.number = r.number
                             AND named.organisation = ",
            $organisation,
            ")
                  OR EXISTS (SELECT 1 FROM revision_groups AS named
                             JOIN group_organisations AS inside USING (sharing_group)
                             WHERE named.document = r.document AND named.number = r.number
                             AND inside.organisation = ",
            $organisation,
            ")
                  OR r.tlp = 1
                     AND NOT EXISTS (SELECT 1 FROM revision_organisations AS named
                                     WHERE named.document = r.document AND named.number = r.number)
                     AND NOT EXISTS (SELECT 1 FROM revision_groups AS named
                                     WHERE named.document = r.document AND named.number = r.number)
                  OR r.tlp = 2
                     AND EXISTS (SELECT 1 FROM client_grants AS granted
                                 WHERE granted.document = r.document AND granted.number = r.number
                                 AND granted.organisation = ",
            $organisation,
            "))
              END)"
        )
    };
}
pub(super) use may_read_as;

/// A reader as [`may_read!`] wants them: `$1`, `$2`, `$3`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    user: Option<UserId>,
    organisation: Option<OrganisationId>,
    works: bool,
}

impl Reading {
    pub(super) fn of(reader: &Reader) -> Self {
        match reader {
            Reader::Anonymous => Self::default(),
            Reader::Person { user, membership: None } => Self { user: Some(*user), ..Self::default() },
            Reader::Person { user, membership: Some(place) } => Self {
                user: Some(*user),
                organisation: Some(place.organisation),
                works: works_for_owner(&place.roles),
            },
        }
    }

    /// Returns somebody of an organisation who has no part in what it has not published.
    pub(super) const fn outsider(organisation: OrganisationId, user: Option<UserId>) -> Self {
        Self { user, organisation: Some(organisation), works: false }
    }

    /// Returns the same, as somebody who works for their organisation.
    pub(super) const fn working(self) -> Self {
        Self { works: true, ..self }
    }

    pub(super) fn user(&self) -> Option<Vec<u8>> {
        self.user.map(|user| user.as_bytes().to_vec())
    }

    pub(super) fn organisation(&self) -> Option<Vec<u8>> {
        self.organisation.map(|organisation| organisation.as_bytes().to_vec())
    }

    pub(super) const fn works(&self) -> bool {
        self.works
    }
}

/// Binds `$1`, `$2` and `$3`.
macro_rules! as_reader {
    ($query:expr, $reading:expr) => {
        $query.bind($reading.user()).bind($reading.organisation()).bind($reading.works())
    };
}
pub(super) use as_reader;
