//! The life of a document: one revision in work at a time, each published once and never changed again.
//!
//! ```text
//!                Change                                       Begin
//!                 ┌──┐                                 ┌──────────────────┐
//!      Begin ──► Draft ──Submit──► Review ──Approve──► Approved ──Publish──► Interim or Final ──Withdraw──► Withdrawn
//!                  ▲                  │                   │                                                   (the end)
//!                  └──────Return──────┴──────Return───────┘
//! ```
//!
//! | rule | |
//! |---|---|
//! | BUL-08 | An audience fits its label: everybody for CLEAR, persons for RED, organisations for the others. |
//! | BUL-09 | A draft is submitted, approved and then published; each by somebody whose role it is, of the organisation that owns the document. |
//! | BUL-10 | Four eyes: who has written in a revision neither approves nor publishes it. |
//! | BUL-11 | What is published is never changed; another revision comes after it. |
//! | BUL-12 | What is withdrawn stays readable for whom it was published, and nothing comes after it. |
//! | BUL-13 | What is approved or published is what was seen: a step names the hash of its content. |
//! | BUL-14 | An attachment has a type that is allowed, begins as that type does, and a name that is no path. |
//! | BUL-15 | An incident is reported within six hours from when it was noticed; from then on its clock tells how it stands. |
//! | BUL-16 | What is submitted or published is valid CSAF, and says itself with which label, status, id and version it is published. |
//!
//! Pure: says what may follow on what. Hashes (BUL-13) and bytes (BUL-14, BUL-16) are compared by who has them.

use std::collections::BTreeSet;

use sabha_protocol::{
    account::UserId,
    bulletin::{BulletinRole, BulletinRoles, RevisionStage},
};

/// Who acts. That they are of the organisation that owns the document, and may read what they act on, was decided before.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    /// Who.
    pub user: UserId,
    /// Their roles in the organisation that owns the document.
    pub roles: &'a BulletinRoles,
}

impl Actor<'_> {
    fn is(&self, role: BulletinRole) -> bool {
        self.roles.contains(&role)
    }
}

/// What happens to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Another revision is begun after a published one.
    Begin,
    /// The draft is changed: its text, its marking, or what is attached to it.
    Change,
    /// The draft is given to review.
    Submit,
    /// It is taken or given back, and is a draft again.
    Return,
    /// A reviewer finds it good.
    Approve,
    /// It is published, and more is to come.
    PublishInterim,
    /// It is published, and nothing more is expected.
    PublishFinal,
    /// The document is withdrawn.
    Withdraw,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 8] = [
        Self::Begin,
        Self::Change,
        Self::Submit,
        Self::Return,
        Self::Approve,
        Self::PublishInterim,
        Self::PublishFinal,
        Self::Withdraw,
    ];

    /// Returns the step's word in the audit log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Begin => "begun",
            Self::Change => "changed",
            Self::Submit => "submitted",
            Self::Return => "returned",
            Self::Approve => "approved",
            Self::PublishInterim => "published_interim",
            Self::PublishFinal => "published_final",
            Self::Withdraw => "withdrawn",
        }
    }
}

/// Why a step is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Somebody else's role does this (BUL-09).
    #[error("this is not for your role in the organisation")]
    Role,
    /// It does not follow on where the document is (BUL-09, BUL-11, BUL-12).
    #[error("the document is not where this could be done")]
    Stage,
    /// Who wrote it cannot be the one to say that it is good (BUL-10).
    #[error("you have written in this revision: somebody else has to look at it")]
    FourEyes,
}

/// A document's life so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Number of its newest revision, from 1 on.
    pub newest: u32,
    /// Where that one is.
    pub stage: RevisionStage,
    /// Who has written in that one.
    pub authors: BTreeSet<UserId>,
    /// Whether one before it, or itself, is published.
    pub published: bool,
    /// Whether the document is withdrawn.
    pub withdrawn: bool,
}

impl Life {
    /// Returns the life of a document that an author has just begun.
    ///
    /// # Errors
    /// [`NotTaken::Role`] for who is no author.
    pub fn new(actor: Actor<'_>) -> Result<Self, NotTaken> {
        if !actor.is(BulletinRole::Author) {
            return Err(NotTaken::Role);
        }
        let authors = [actor.user].into();
        Ok(Self { newest: 1, stage: RevisionStage::Draft, authors, published: false, withdrawn: false })
    }

    /// Returns the life after a step. One function decides all of it: stage, role, four eyes.
    ///
    /// # Errors
    /// [`NotTaken`]; nothing has changed.
    pub fn take(&self, step: Step, actor: Actor<'_>) -> Result<Self, NotTaken> {
        use BulletinRole as R;
        use RevisionStage as S;
        // BUL-09
        let role = match step {
            Step::Begin | Step::Change | Step::Submit => actor.is(R::Author),
            Step::Return => actor.is(R::Author) || actor.is(R::Reviewer) || actor.is(R::Publisher),
            Step::Approve => actor.is(R::Reviewer),
            Step::PublishInterim | Step::PublishFinal => actor.is(R::Publisher),
            Step::Withdraw => actor.is(R::Publisher) || actor.is(R::Administrator),
        };
        if !role {
            return Err(NotTaken::Role);
        }
        // BUL-12
        if self.withdrawn {
            return Err(NotTaken::Stage);
        }
        let mut after = self.clone();
        match (step, self.stage) {
            // BUL-11: a published revision has no step but its successor's beginning.
            (Step::Begin, S::Interim | S::Final) => {
                after.newest = self.newest.checked_add(1).ok_or(NotTaken::Stage)?;
                after.stage = S::Draft;
                after.authors = [actor.user].into();
            }
            (Step::Change, S::Draft) => {
                after.authors.insert(actor.user);
            }
            (Step::Submit, S::Draft) => after.stage = S::Review,
            (Step::Return, S::Review | S::Approved) => after.stage = S::Draft,
            (Step::Approve, S::Review) => {
                self.four_eyes(actor)?;
                after.stage = S::Approved;
            }
            (Step::PublishInterim, S::Approved) => {
                self.four_eyes(actor)?;
                after.stage = S::Interim;
                after.published = true;
            }
            (Step::PublishFinal, S::Approved) => {
                self.four_eyes(actor)?;
                after.stage = S::Final;
                after.published = true;
            }
            (Step::Withdraw, _) if self.published => after.withdrawn = true,
            _ => return Err(NotTaken::Stage),
        }
        Ok(after)
    }

    /// BUL-10
    fn four_eyes(&self, actor: Actor<'_>) -> Result<(), NotTaken> {
        if self.authors.contains(&actor.user) { Err(NotTaken::FourEyes) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::subsequence};

    use super::*;

    fn person(number: u8) -> UserId {
        UserId::from_bytes([number; 16])
    }

    fn roles() -> impl Strategy<Value = BulletinRoles> {
        subsequence(BulletinRole::ALL.to_vec(), 1..=6).prop_map(|roles| roles.into_iter().collect())
    }

    fn step() -> impl Strategy<Value = Step> {
        proptest::sample::select(Step::ALL.to_vec())
    }

    fn all_roles() -> BulletinRoles {
        BulletinRole::ALL.into()
    }

    fn actor(number: u8, roles: &BulletinRoles) -> Actor<'_> {
        Actor { user: person(number), roles }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        /// BUL-10, BUL-11, BUL-12: over any life, with what its history says and not what its state remembers.
        #[test]
        fn nothing_is_published_by_who_wrote_it_and_nothing_published_changes(
            steps in proptest::collection::vec((step(), 0..4_u8, roles()), 1..80),
        ) {
            let all = all_roles();
            let mut life = Life::new(actor(0, &all)).unwrap();
            let mut wrote = BTreeSet::from([person(0)]);
            let mut approved_by = None;
            let mut published = Vec::new();
            for (step, number, roles) in steps {
                let who = actor(number, &roles);
                let Ok(after) = life.take(step, who) else { continue };
                prop_assert!(!life.withdrawn, "{step:?} after the end");
                match step {
                    Step::Begin => {
                        prop_assert!(published.contains(&life.newest));
                        prop_assert_eq!(after.newest, life.newest + 1);
                        wrote = BTreeSet::from([who.user]);
                        approved_by = None;
                    }
                    Step::Change => {
                        prop_assert!(!published.contains(&life.newest));
                        wrote.insert(who.user);
                    }
                    Step::Return => approved_by = None,
                    Step::Approve => approved_by = Some(who.user),
                    Step::PublishInterim | Step::PublishFinal => {
                        prop_assert!(!wrote.contains(&who.user));
                        prop_assert!(approved_by.is_some_and(|reviewer| !wrote.contains(&reviewer)));
                        prop_assert!(!published.contains(&after.newest), "published twice");
                        published.push(after.newest);
                    }
                    Step::Submit => {}
                    Step::Withdraw => prop_assert!(!published.is_empty()),
                }
                life = after;
            }
        }

        /// BUL-09
        #[test]
        fn a_member_or_an_auditor_takes_no_step(step in step(), stage in proptest::sample::select(RevisionStage::ALL.to_vec())) {
            let life = Life { newest: 1, stage, authors: BTreeSet::new(), published: stage.is_published(), withdrawn: false };
            let only = BulletinRoles::from([BulletinRole::Member, BulletinRole::Auditor]);
            prop_assert_eq!(life.take(step, actor(1, &only)), Err(NotTaken::Role));
        }
    }

    /// BUL-09: every step at every stage, by somebody who has every role and wrote nothing.
    #[test]
    fn a_step_is_taken_where_it_belongs_and_nowhere_else() {
        use RevisionStage as S;
        let all = all_roles();
        for stage in S::ALL {
            let published = stage.is_published();
            let life = Life { newest: 1, stage, authors: [person(0)].into(), published, withdrawn: false };
            for step in Step::ALL {
                let expected = match (step, stage) {
                    (Step::Begin, S::Interim | S::Final) => Some(S::Draft),
                    (Step::Change, S::Draft) => Some(S::Draft),
                    (Step::Submit, S::Draft) => Some(S::Review),
                    (Step::Return, S::Review | S::Approved) => Some(S::Draft),
                    (Step::Approve, S::Review) => Some(S::Approved),
                    (Step::PublishInterim, S::Approved) => Some(S::Interim),
                    (Step::PublishFinal, S::Approved) => Some(S::Final),
                    (Step::Withdraw, S::Interim | S::Final) => Some(stage),
                    _ => None,
                };
                let found = life.take(step, actor(1, &all));
                assert_eq!(found.as_ref().ok().map(|life| life.stage), expected, "{step:?} at {stage:?}");
                assert!(found.is_ok() || found == Err(NotTaken::Stage));
            }
        }
    }

    /// BUL-10
    #[test]
    fn who_changed_one_word_of_it_does_not_publish_it_either() {
        let all = all_roles();
        let life = Life::new(actor(0, &all)).unwrap();
        let life = life.take(Step::Change, actor(1, &all)).unwrap();
        let life = life.take(Step::Submit, actor(0, &all)).unwrap();
        assert_eq!(life.take(Step::Approve, actor(1, &all)), Err(NotTaken::FourEyes));
        let life = life.take(Step::Approve, actor(2, &all)).unwrap();
        for author in [0, 1] {
            assert_eq!(life.take(Step::PublishFinal, actor(author, &all)), Err(NotTaken::FourEyes));
        }
        assert!(life.take(Step::PublishFinal, actor(2, &all)).unwrap().published);
    }

    /// BUL-12
    #[test]
    fn nothing_comes_after_a_withdrawal() {
        let all = all_roles();
        let life = Life {
            newest: 2,
            stage: RevisionStage::Draft,
            authors: [person(0)].into(),
            published: true,
            withdrawn: false,
        };
        let life = life.take(Step::Withdraw, actor(1, &all)).unwrap();
        for step in Step::ALL {
            assert_eq!(life.take(step, actor(1, &all)), Err(NotTaken::Stage), "{step:?}");
        }
    }
}
