//! Who may know of a document: its label (TLP 2.0), its audience and its stage against one reader.
//!
//! | rule | |
//! |---|---|
//! | BUL-01 | What is published as `TLP:CLEAR` everybody reads, signed in or not. |
//! | BUL-02 | What is published as `TLP:GREEN` every member organisation reads; if groups or organisations are named, only those. |
//! | BUL-03 | What is published as `TLP:AMBER` the organisations read that are named, by themselves or by a sharing group, and clients of theirs to whom one of them has granted it. |
//! | BUL-04 | What is published as `TLP:AMBER+STRICT` the organisations read that are named, and no client of theirs. |
//! | BUL-05 | What is `TLP:RED` the persons read that are named or wrote it, and nobody else, whatever they are. |
//! | BUL-06 | What is not published only those read who write, review, publish, administer or audit for its owner. |
//! | BUL-07 | Who may not know of a document is told what they would be told if there were none. |
//!
//! The labels mean what FIRST says in "Traffic Light Protocol (TLP), Version 2.0" (August 2022): RED is "for the eyes and
//! ears of individual recipients only", AMBER "limited disclosure, recipients can only spread this on a need-to-know basis
//! within their organization and its clients", AMBER+STRICT the same for "the organization only", GREEN "within their
//! community", CLEAR without limit. The community is the bulletin's member organisations, or those of them whom the source
//! names. Need to know is decided by people who name an audience, so that nobody is in one by default but the owner.
//!
//! Label and audience belong to a *revision*: one that is wider than the one before opens nothing of the one before.
//! `sabha-server` asks the same question in SQL, so that nothing else is counted, sorted or skipped; a test there holds the
//! two against each other over random worlds.

use std::collections::BTreeSet;

use sabha_protocol::{
    account::UserId,
    bulletin::{BulletinRole, BulletinRoles, OrganisationId, SharingGroupId, TlpLabel},
};

use crate::Tlp;

/// Who reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Somebody who is not signed in.
    Anonymous,
    /// Somebody who is signed in.
    Person {
        /// Who.
        user: UserId,
        /// Their place in a member organisation, if they have one.
        membership: Option<Place>,
    },
}

/// A reader's place in a member organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which one.
    pub organisation: OrganisationId,
    /// What they may do for it.
    pub roles: BulletinRoles,
    /// The sharing groups in which it is.
    pub groups: BTreeSet<SharingGroupId>,
}

/// A revision of a document, as far as it matters for who may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Who answers for it. Always among its audience, but for `TLP:RED`.
    pub owner: OrganisationId,
    /// How far it may travel.
    pub tlp: Tlp,
    /// Whether it is published.
    pub published: bool,
    /// Sharing groups it is for.
    pub groups: BTreeSet<SharingGroupId>,
    /// Organisations it is for.
    pub organisations: BTreeSet<OrganisationId>,
    /// Clients to whom a recipient has granted it.
    pub clients: BTreeSet<OrganisationId>,
    /// Persons it is for, and those who wrote it.
    pub persons: BTreeSet<UserId>,
}

/// By which rule somebody may or may not know of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether they may.
    pub may_read: bool,
    /// The rule's number.
    pub rule: &'static str,
}

/// Decides whether `reader` may know that `document` is there, and read all of it.
pub fn may_read(reader: &Reader, document: &Marked) -> Decision {
    let decide = |may_read, rule| Decision { may_read, rule };
    let (user, place) = match reader {
        Reader::Anonymous => (None, None),
        Reader::Person { user, membership } => (Some(user), membership.as_ref()),
    };
    let own = place.filter(|place| place.organisation == document.owner);
    // BUL-05, before all others: no role and no organisation opens it.
    let is_named = user.is_some_and(|user| document.persons.contains(user));
    if document.tlp == Tlp::Red && !is_named {
        return decide(false, "BUL-05");
    }
    if !document.published {
        let works = own.is_some_and(|place| works_for_owner(&place.roles));
        return decide(works, "BUL-06");
    }
    let is_recipient = place.is_some_and(|place| {
        place.organisation == document.owner
            || document.organisations.contains(&place.organisation)
            || !place.groups.is_disjoint(&document.groups)
    });
    match document.tlp {
        Tlp::Clear => decide(true, "BUL-01"),
        Tlp::Green => {
            let to_all = document.groups.is_empty() && document.organisations.is_empty();
            decide(place.is_some() && (to_all || is_recipient), "BUL-02")
        }
        Tlp::Amber => {
            let is_client = place.is_some_and(|place| document.clients.contains(&place.organisation));
            decide(is_recipient || is_client, "BUL-03")
        }
        Tlp::AmberStrict => decide(is_recipient, "BUL-04"),
        Tlp::Red => decide(true, "BUL-05"),
    }
}

/// Returns whether somebody with these roles has to do with what their organisation has not published yet.
pub fn works_for_owner(roles: &BulletinRoles) -> bool {
    roles.iter().any(|role| *role != BulletinRole::Member)
}

/// Why nobody can be meant by a marking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// `TLP:CLEAR` is for everybody, so who names somebody means another label.
    #[error("TLP:CLEAR is for everybody: name nobody, or choose a narrower label")]
    ClearForSome,
    /// `TLP:RED` is for persons.
    #[error("TLP:RED is for persons: name no group and no organisation")]
    RedForOrganisations,
    /// The others are for organisations.
    #[error("persons are named with TLP:RED only: name groups or organisations")]
    PersonsWithoutRed,
}

/// Checks that an audience fits its label (BUL-08).
///
/// # Errors
/// [`Contradiction`]: the author has to say which of the two they mean.
pub fn check_audience(
    tlp: Tlp,
    groups: usize,
    organisations: usize,
    persons: usize,
) -> Result<(), Contradiction> {
    match tlp {
        Tlp::Clear if groups + organisations + persons > 0 => Err(Contradiction::ClearForSome),
        Tlp::Red if groups + organisations > 0 => Err(Contradiction::RedForOrganisations),
        Tlp::Green | Tlp::Amber | Tlp::AmberStrict if persons > 0 => Err(Contradiction::PersonsWithoutRed),
        _ => Ok(()),
    }
}

impl From<TlpLabel> for Tlp {
    fn from(label: TlpLabel) -> Self {
        match label {
            TlpLabel::Clear => Self::Clear,
            TlpLabel::Green => Self::Green,
            TlpLabel::Amber => Self::Amber,
            TlpLabel::AmberStrict => Self::AmberStrict,
            TlpLabel::Red => Self::Red,
        }
    }
}

impl From<Tlp> for TlpLabel {
    fn from(tlp: Tlp) -> Self {
        match tlp {
            Tlp::Clear => Self::Clear,
            Tlp::Green => Self::Green,
            Tlp::Amber => Self::Amber,
            Tlp::AmberStrict => Self::AmberStrict,
            Tlp::Red => Self::Red,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::subsequence};

    use super::*;

    fn organisation(number: u8) -> OrganisationId {
        OrganisationId::from_bytes([number; 16])
    }

    fn group(number: u8) -> SharingGroupId {
        SharingGroupId::from_bytes([number; 16])
    }

    fn person(number: u8) -> UserId {
        UserId::from_bytes([number; 16])
    }

    fn some<T: Clone + Ord + std::fmt::Debug + 'static>(
        of: impl Fn(u8) -> T,
    ) -> impl Strategy<Value = BTreeSet<T>> {
        subsequence((0..4).map(of).collect::<Vec<_>>(), 0..=4).prop_map(|some| some.into_iter().collect())
    }

    fn roles() -> impl Strategy<Value = BulletinRoles> {
        subsequence(BulletinRole::ALL.to_vec(), 1..=6).prop_map(|roles| roles.into_iter().collect())
    }

    prop_compose! {
        fn place()(number in 0..4_u8, roles in roles(), groups in some(group)) -> Place {
            Place { organisation: organisation(number), roles, groups }
        }
    }

    fn reader() -> impl Strategy<Value = Reader> {
        prop_oneof![
            1 => Just(Reader::Anonymous),
            8 => (0..4_u8, proptest::option::weighted(0.9, place()))
                .prop_map(|(number, membership)| Reader::Person { user: person(number), membership }),
        ]
    }

    prop_compose! {
        fn marked()(
            owner in 0..4_u8,
            tlp in proptest::sample::select(Tlp::ALL.to_vec()),
            published: bool,
            groups in some(group),
            organisations in some(organisation),
            clients in some(organisation),
            persons in some(person),
        ) -> Marked {
            Marked { owner: organisation(owner), tlp, published, groups, organisations, clients, persons }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        /// BUL-01
        #[test]
        fn who_is_not_signed_in_reads_what_is_published_and_clear_and_nothing_else(document in marked()) {
            let expected = document.published && document.tlp == Tlp::Clear;
            prop_assert_eq!(may_read(&Reader::Anonymous, &document).may_read, expected);
        }

        /// BUL-02, BUL-03, BUL-04
        #[test]
        fn a_narrower_label_never_opens_what_a_wider_one_closes(reader in reader(), document in marked()) {
            // But for RED, which asks for other things, and so opens to other people.
            let labels = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict];
            let reads = |tlp| may_read(&reader, &Marked { tlp, ..document.clone() }).may_read;
            // Who is named by nobody's audience but a client's is no peer of GREEN's narrowed community.
            let labels = if document.clients.is_empty() { &labels[..] } else { &labels[2..] };
            prop_assert!(labels.is_sorted_by(|wider, narrower| reads(*wider) || !reads(*narrower)));
        }

        /// BUL-03, BUL-04
        #[test]
        fn only_organisations_of_the_audience_read_amber_and_clients_only_without_strict(
            reader in reader(), document in marked(), strict: bool,
        ) {
            let tlp = if strict { Tlp::AmberStrict } else { Tlp::Amber };
            let document = Marked { tlp, published: true, ..document };
            let Reader::Person { membership: Some(place), .. } = &reader else {
                prop_assert!(!may_read(&reader, &document).may_read);
                return Ok(());
            };
            let mut audience = document.organisations.clone();
            audience.insert(document.owner);
            if !strict {
                audience.extend(&document.clients);
            }
            let by_group = place.groups.iter().any(|group| document.groups.contains(group));
            prop_assert_eq!(
                may_read(&reader, &document).may_read,
                audience.contains(&place.organisation) || by_group
            );
        }

        /// BUL-05
        #[test]
        fn red_is_for_who_is_named_whatever_anybody_else_is(reader in reader(), document in marked()) {
            let document = Marked { tlp: Tlp::Red, ..document };
            let named = matches!(&reader, Reader::Person { user, .. } if document.persons.contains(user));
            let decision = may_read(&reader, &document);
            prop_assert!(named || !decision.may_read);
            prop_assert!(!(document.published && named) || decision.may_read);
        }

        /// BUL-06
        #[test]
        fn what_is_not_published_stays_with_those_who_work_on_it(reader in reader(), document in marked()) {
            let document = Marked { published: false, ..document };
            if may_read(&reader, &document).may_read {
                let Reader::Person { membership: Some(place), .. } = &reader else { panic!("a stranger") };
                prop_assert_eq!(place.organisation, document.owner);
                prop_assert!(place.roles.iter().any(|role| *role != BulletinRole::Member));
            }
        }

        #[test]
        fn who_is_of_no_organisation_reads_what_is_clear_or_names_them(document in marked(), number in 0..4_u8) {
            let reader = Reader::Person { user: person(number), membership: None };
            let named = document.tlp == Tlp::Red && document.persons.contains(&person(number));
            let expected = document.published && (document.tlp == Tlp::Clear || named);
            prop_assert_eq!(may_read(&reader, &document).may_read, expected);
        }
    }

    /// BUL-02
    #[test]
    fn an_audience_narrows_green_from_all_members_to_those_named() {
        let reader = |number| Reader::Person {
            user: person(9),
            membership: Some(Place {
                organisation: organisation(number),
                roles: [BulletinRole::Member].into(),
                groups: BTreeSet::new(),
            }),
        };
        let mut document = Marked {
            owner: organisation(0),
            tlp: Tlp::Green,
            published: true,
            groups: BTreeSet::new(),
            organisations: BTreeSet::new(),
            clients: BTreeSet::new(),
            persons: BTreeSet::new(),
        };
        assert!(may_read(&reader(2), &document).may_read);
        document.organisations.insert(organisation(1));
        assert!(may_read(&reader(0), &document).may_read, "its owner");
        assert!(may_read(&reader(1), &document).may_read);
        assert!(!may_read(&reader(2), &document).may_read);
    }

    /// BUL-08
    #[test]
    fn an_audience_that_does_not_fit_its_label_is_refused() {
        use Contradiction as C;
        for (tlp, counts, expected) in [
            (Tlp::Clear, [0, 0, 0], Ok(())),
            (Tlp::Clear, [1, 0, 0], Err(C::ClearForSome)),
            (Tlp::Clear, [0, 1, 0], Err(C::ClearForSome)),
            (Tlp::Clear, [0, 0, 1], Err(C::ClearForSome)),
            (Tlp::Green, [2, 1, 0], Ok(())),
            (Tlp::Green, [0, 0, 1], Err(C::PersonsWithoutRed)),
            (Tlp::Amber, [0, 1, 0], Ok(())),
            (Tlp::AmberStrict, [0, 1, 1], Err(C::PersonsWithoutRed)),
            (Tlp::Red, [0, 0, 3], Ok(())),
            (Tlp::Red, [0, 1, 3], Err(C::RedForOrganisations)),
            (Tlp::Red, [1, 0, 0], Err(C::RedForOrganisations)),
        ] {
            let [groups, organisations, persons] = counts;
            assert_eq!(check_audience(tlp, groups, organisations, persons), expected, "{tlp} {counts:?}");
        }
    }

    #[test]
    fn a_label_is_the_same_on_the_wire() {
        for tlp in Tlp::ALL {
            assert_eq!(Tlp::from(TlpLabel::from(tlp)), tlp);
        }
    }
}
