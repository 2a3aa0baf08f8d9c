//! The same question asked twice: in SQL, where rows are chosen, and of the pure function. And that what is published stays.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, sample::subsequence, test_runner::TestRunner};
use sabha_advisory::{
    Tlp,
    clearance::{Marked, Place, Reader, may_read},
};
use sabha_protocol::{
    account::UserId,
    bulletin::{
        BulletinRole, BulletinRoles, DocumentId, DocumentKind, OrganisationId, RevisionStage, Severity,
        SharingGroupId, TlpLabel,
    },
};

use super::{DocumentFilter, PublishedRevision, Told, Within, label_number, role_bits};
use crate::storage::Store;

/// Organisations, groups and persons of a world, each so many.
const EACH: u8 = 4;

/// A world: who is in which group and organisation, and what there is to be read.
#[derive(Clone, Debug)]
struct World {
    groups: Vec<BTreeSet<u8>>,
    people: Vec<Option<(u8, BulletinRoles)>>,
    /// Of each document its owner and its revisions, the oldest first.
    documents: Vec<(u8, Vec<Written>)>,
}

/// A revision, by the numbers of who is meant.
#[derive(Clone, Debug)]
struct Written {
    tlp: Tlp,
    stage: i64,
    groups: BTreeSet<u8>,
    organisations: BTreeSet<u8>,
    clients: BTreeSet<u8>,
    persons: BTreeSet<u8>,
    author: u8,
}

fn some() -> impl Strategy<Value = BTreeSet<u8>> {
    subsequence((0..EACH).collect::<Vec<_>>(), 0..=usize::from(EACH))
        .prop_map(|some| some.into_iter().collect())
}

prop_compose! {
    fn written()(
        tlp in proptest::sample::select(Tlp::ALL.to_vec()), stage in 0..5_i64, groups in some(),
        organisations in some(), clients in some(), persons in some(), author in 0..EACH,
    ) -> Written {
        // As it can come about: an audience fits its label.
        let (to_all, red) = (tlp == Tlp::Clear, tlp == Tlp::Red);
        let of = |set: BTreeSet<u8>, is: bool| if is { set } else { BTreeSet::new() };
        Written {
            tlp, stage, author,
            groups: of(groups, !to_all && !red),
            organisations: of(organisations, !to_all && !red),
            clients: of(clients, tlp == Tlp::Amber),
            persons: of(persons, red),
        }
    }
}

prop_compose! {
    fn world()(
        groups in proptest::collection::vec(some(), usize::from(EACH)),
        people in proptest::collection::vec(
            proptest::option::weighted(0.85, (0..EACH, subsequence(BulletinRole::ALL.to_vec(), 1..=2))),
            usize::from(EACH),
        ),
        documents in proptest::collection::vec((0..EACH, proptest::collection::vec(written(), 1..4)), 12),
    ) -> World {
        let people = people.into_iter().map(|place| place.map(|(of, roles)| (of, roles.into_iter().collect())));
        World { groups, people: people.collect(), documents }
    }
}

fn organisation(number: u8) -> OrganisationId {
    OrganisationId::from_bytes([number + 1; 16])
}

fn group(number: u8) -> SharingGroupId {
    SharingGroupId::from_bytes([number + 1; 16])
}

fn person(number: u8) -> UserId {
    UserId::from_bytes([number + 1; 16])
}

fn document(number: usize) -> DocumentId {
    DocumentId::from_bytes([u8::try_from(number + 1).unwrap(); 16])
}

/// Returns how severe a revision says that it is: every sixth says nothing.
fn severity(document: usize, number: i64) -> Option<Severity> {
    Severity::ALL.get((document + usize::try_from(number).unwrap()) % 6).copied()
}

fn kind(document: usize) -> DocumentKind {
    if document.is_multiple_of(2) { DocumentKind::Advisory } else { DocumentKind::Alert }
}

/// Returns whether a document was withdrawn: every third whose newest revision is published.
fn is_withdrawn(document: usize, revisions: &[Written]) -> bool {
    document % 3 == 2 && revisions.last().is_some_and(|newest| newest.stage >= 3)
}

impl World {
    fn readers(&self) -> Vec<Reader> {
        let place = |(of, roles): &(u8, BulletinRoles)| Place {
            organisation: organisation(*of),
            roles: roles.clone(),
            groups: (0..EACH).filter(|at| self.groups[usize::from(*at)].contains(of)).map(group).collect(),
        };
        let person = |(number, membership): (usize, &Option<(u8, BulletinRoles)>)| Reader::Person {
            user: person(u8::try_from(number).unwrap()),
            membership: membership.as_ref().map(place),
        };
        let mut readers: Vec<Reader> = self.people.iter().enumerate().map(person).collect();
        readers.push(Reader::Anonymous);
        readers
    }

    fn marked(&self, owner: u8, written: &Written) -> Marked {
        Marked {
            owner: organisation(owner),
            tlp: written.tlp,
            published: written.stage >= 3,
            groups: written.groups.iter().map(|number| group(*number)).collect(),
            organisations: written.organisations.iter().map(|number| organisation(*number)).collect(),
            clients: written.clients.iter().map(|number| organisation(*number)).collect(),
            persons: written.persons.iter().chain([&written.author]).map(|number| person(*number)).collect(),
        }
    }

    /// Puts everything into an empty database, as rows.
    async fn write(&self, store: &Store) {
        let mut transaction = store.change().await.unwrap();
        let id = |number: u8| vec![number + 1; 16];
        let mut put = async |query: &'static str, ids: &[Vec<u8>], numbers: &[i64]| {
            let mut query = sqlx::query::<sqlx::Sqlite>(query);
            for id in ids {
                query = query.bind(id.clone());
            }
            for number in numbers {
                query = query.bind(*number);
            }
            query.execute(&mut *transaction).await.unwrap();
        };
        for number in 0..EACH {
            put("INSERT INTO member_organisations VALUES ($1, hex($1), 0, NULL)", &[id(number)], &[]).await;
            put("INSERT INTO sharing_groups VALUES ($1, hex($1), 0)", &[id(number)], &[]).await;
            let user = "INSERT INTO users (id, name, roles, created_ms) VALUES ($1, 'Asha', 0, 0)";
            put(user, &[id(number)], &[]).await;
        }
        for (number, inside) in (0..EACH).zip(&self.groups) {
            for of in inside {
                put("INSERT INTO group_organisations VALUES ($1, $2)", &[id(number), id(*of)], &[]).await;
            }
        }
        for (number, place) in (0..EACH).zip(&self.people) {
            if let Some((of, roles)) = place {
                let membership = "INSERT INTO memberships VALUES ($1, $2, $3, 0)";
                put(membership, &[id(number), id(*of)], &[role_bits(roles)]).await;
            }
        }
        for (at, (owner, revisions)) in self.documents.iter().enumerate() {
            let this = document(at).as_bytes().to_vec();
            let insert = match kind(at) {
                DocumentKind::Alert => "INSERT INTO documents VALUES ($1, 'alert', $2, 0, NULL)",
                _ => "INSERT INTO documents VALUES ($1, 'advisory', $2, 0, NULL)",
            };
            put(insert, &[this.clone(), id(*owner)], &[]).await;
            for (number, written) in (1..).zip(revisions) {
                let tlp = label_number(TlpLabel::from(written.tlp));
                let stage = written.stage.min(2);
                put(
                    "INSERT INTO revisions (document, number, stage, tlp, title, hash, changed_ms, content)
                     VALUES ($1, $2, $3, $4, 'x', zeroblob(32), $2, x'78')",
                    std::slice::from_ref(&this),
                    &[number, stage, tlp],
                )
                .await;
                let words = "INSERT INTO revision_words (rowid, text)
                    SELECT row, 'word' FROM revisions WHERE document = $1 AND number = $2";
                put(words, std::slice::from_ref(&this), &[number]).await;
                if let Some(severity) = severity(at, number) {
                    let severe = "INSERT INTO revision_severities (severity, revision)
                        SELECT $3, row FROM revisions WHERE document = $1 AND number = $2";
                    put(severe, std::slice::from_ref(&this), &[number, severity as i64]).await;
                }
                let author = "INSERT INTO revision_authors (document, user, number) VALUES ($1, $2, $3)";
                put(author, &[this.clone(), id(written.author)], &[number]).await;
                for group in &written.groups {
                    let named =
                        "INSERT INTO revision_groups (document, sharing_group, number) VALUES ($1, $2, $3)";
                    put(named, &[this.clone(), id(*group)], &[number]).await;
                }
                for of in &written.organisations {
                    let named = "INSERT INTO revision_organisations (document, organisation, number) VALUES ($1, $2, $3)";
                    put(named, &[this.clone(), id(*of)], &[number]).await;
                }
                for user in &written.persons {
                    let named = "INSERT INTO revision_persons (document, user, number) VALUES ($1, $2, $3)";
                    put(named, &[this.clone(), id(*user)], &[number]).await;
                }
                for client in &written.clients {
                    let named =
                        "INSERT INTO client_grants (document, organisation, granted_by, number, at_ms)
                        VALUES ($1, $2, $2, $3, 0)";
                    put(named, &[this.clone(), id(*client)], &[number]).await;
                }
                if written.stage >= 3 {
                    let publish = "UPDATE revisions SET stage = $3, published_ms = 1 WHERE document = $1 AND number = $2";
                    put(publish, std::slice::from_ref(&this), &[number, written.stage]).await;
                }
            }
            if is_withdrawn(at, revisions) {
                put("UPDATE documents SET withdrawn_ms = 2 WHERE id = $1", &[this], &[]).await;
            }
        }
        transaction.commit().await.unwrap();
    }
}

/// BUL-01, BUL-02, BUL-03, BUL-04, BUL-05, BUL-06, BUL-07
#[test]
fn sql_and_the_pure_function_let_the_same_readers_know_of_the_same_revisions() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(ProptestConfig { cases: 48, ..ProptestConfig::default() });
    runner.run(&world(), |world| runtime.block_on(held_against_each_other(&world))).unwrap();
}

async fn held_against_each_other(world: &World) -> Result<(), TestCaseError> {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    world.write(&store).await;
    for reader in world.readers() {
        if let Reader::Person { user, .. } = &reader {
            let standing = store.bulletin_standing(*user).await.unwrap();
            prop_assert_eq!(&standing.reader, &reader);
        }
        // The newest revision of each document that the reader may know, by the pure function.
        let mut expected = BTreeMap::new();
        for (at, (owner, revisions)) in world.documents.iter().enumerate() {
            for (number, written) in (1_u32..).zip(revisions) {
                let may = may_read(&reader, &world.marked(*owner, written)).may_read;
                if may {
                    expected.insert(document(at), number);
                }
                let content = store.revision_content(&reader, document(at), number).await.unwrap();
                prop_assert_eq!(content.is_some(), may, "{:?} {:?} of {}", reader, written, owner);
            }
            let found = store.document(&reader, document(at)).await.unwrap();
            let found = found.and_then(|found| found.revisions.first().map(|newest| newest.number));
            prop_assert_eq!(found, expected.get(&document(at)).copied());
        }
        for words in [None, Some("WORD".parse().unwrap())] {
            let filter = DocumentFilter { words, ..DocumentFilter::default() };
            let list = store.documents(&reader, &filter).await.unwrap();
            let found: BTreeMap<_, _> = list.documents.iter().map(|line| (line.id, line.number)).collect();
            prop_assert_eq!(&found, &expected, "the list of {:?}", reader);
            prop_assert_eq!(list.count, expected.len() as u64, "the count");
        }
        counted_as_expected(&store, world, &reader, &expected).await?;
        published_as_expected(&store, world, &reader).await?;
        for shared_with in [None].into_iter().chain((0..EACH).map(Some)) {
            told_as_expected(&store, world, &reader, shared_with).await?;
        }
        // A document that one may not know of is no place in the list, either.
        for at in 0..world.documents.len() {
            let filter = DocumentFilter { after: Some(document(at)), ..DocumentFilter::default() };
            let after = store.documents(&reader, &filter).await.unwrap();
            prop_assert!(expected.contains_key(&document(at)) || after.documents.is_empty());
        }
    }
    store.close().await;
    Ok(())
}

/// What a document is, as far as it is counted.
struct Counted {
    kind: DocumentKind,
    owner: OrganisationId,
    severity: Option<Severity>,
    stage: RevisionStage,
    tlp: TlpLabel,
}

/// Feeds name the newest published revision that the reader may know, and banners count those that are urgent, in force and of others.
async fn published_as_expected(store: &Store, world: &World, reader: &Reader) -> Result<(), TestCaseError> {
    let own = match reader {
        Reader::Person { membership: Some(place), .. } => Some(place.organisation),
        _ => None,
    };
    let (mut named, mut urgent) = (BTreeMap::new(), BTreeSet::new());
    for (at, (owner, revisions)) in world.documents.iter().enumerate() {
        let may = |written: &&Written| {
            written.stage >= 3 && may_read(reader, &world.marked(*owner, written)).may_read
        };
        let newest = (1_u32..).zip(revisions).filter(|(_, written)| may(written)).last();
        let Some((number, _)) = newest else { continue };
        let withdrawn = is_withdrawn(at, revisions);
        named.insert(document(at), (number, withdrawn));
        let is_of_another = own.is_some_and(|own| own != organisation(*owner));
        if is_of_another && !withdrawn && severity(at, i64::from(number)) >= Some(Severity::High) {
            urgent.insert((document(at), number));
        }
    }
    let (lines, _) = store.feed(reader, None).await.unwrap();
    let found: BTreeMap<_, _> = lines.iter().map(|line| (line.id, (line.number, line.withdrawn))).collect();
    prop_assert_eq!(found, named);
    let alerts = store.bulletin_alerts(reader).await.unwrap();
    prop_assert_eq!(alerts.alerts.len() + alerts.more as usize, urgent.len(), "{:?}", reader);
    prop_assert!(alerts.alerts.iter().all(|one| urgent.contains(&(one.document, one.revision))));
    Ok(())
}

/// Facets count the newest revision of each document that the reader may know, under every filter, and no other one.
async fn counted_as_expected(
    store: &Store,
    world: &World,
    reader: &Reader,
    expected: &BTreeMap<DocumentId, u32>,
) -> Result<(), TestCaseError> {
    let known: Vec<Counted> = (0..world.documents.len())
        .filter_map(|at| {
            let number = *expected.get(&document(at))?;
            let (owner, revisions) = &world.documents[at];
            let written = &revisions[number as usize - 1];
            Some(Counted {
                kind: kind(at),
                owner: organisation(*owner),
                severity: severity(at, i64::from(number)),
                stage: RevisionStage::ALL[usize::try_from(written.stage).unwrap()],
                tlp: TlpLabel::from(written.tlp),
            })
        })
        .collect();
    let every = DocumentFilter::default();
    let mut filters = vec![every.clone()];
    filters.extend(super::LABELS.map(|tlp| DocumentFilter { tlp: Some(tlp), ..every.clone() }));
    filters.extend(Severity::ALL.map(|one| DocumentFilter { severity: Some(one), ..every.clone() }));
    filters.extend(RevisionStage::ALL.map(|one| DocumentFilter { stage: Some(one), ..every.clone() }));
    filters.extend(DocumentKind::ALL.map(|one| DocumentFilter { kind: Some(one), ..every.clone() }));
    filters.extend((0..EACH).map(|at| DocumentFilter { owner: Some(organisation(at)), ..every.clone() }));
    for filter in filters {
        let chosen: Vec<_> = known
            .iter()
            .filter(|one| {
                filter.owner.is_none_or(|owner| owner == one.owner)
                    && filter.tlp.is_none_or(|tlp| tlp == one.tlp)
                    && filter.kind.is_none_or(|kind| kind == one.kind)
                    && filter.stage.is_none_or(|stage| stage == one.stage)
                    && (filter.severity.is_none() || filter.severity == one.severity)
            })
            .collect();
        let found = store.facets(reader, &filter).await.unwrap();
        let mut labels = BTreeMap::new();
        let mut kinds = BTreeMap::new();
        let mut severities = BTreeMap::new();
        let mut publishers = BTreeMap::new();
        for Counted { kind, owner, severity, tlp, .. } in &chosen {
            *labels.entry(*tlp).or_insert(0) += 1;
            *kinds.entry(kind.word()).or_insert(0) += 1;
            *publishers.entry(*owner).or_insert(0) += 1;
            if let Some(severity) = severity {
                *severities.entry(*severity).or_insert(0) += 1;
            }
        }
        prop_assert_eq!(
            found.labels.iter().map(|one| (one.tlp, one.count)).collect::<BTreeMap<_, _>>(),
            labels
        );
        let counted: BTreeMap<_, _> = found.publishers.iter().map(|one| (one.owner, one.count)).collect();
        prop_assert_eq!(counted, publishers, "{:?}", reader);
        let counted: BTreeMap<_, _> = found.severities.iter().map(|one| (one.severity, one.count)).collect();
        prop_assert_eq!(counted, severities);
        let all = |counts: Vec<u64>| counts.into_iter().sum::<u64>();
        let counted: BTreeMap<_, _> = found.kinds.iter().map(|one| (one.kind.word(), one.count)).collect();
        prop_assert_eq!(counted, kinds);
        prop_assert_eq!(all(found.years.iter().map(|one| one.count).collect()), chosen.len() as u64);
        prop_assert_eq!(store.documents(reader, &filter).await.unwrap().count, chosen.len() as u64);
    }
    let none = DocumentFilter { year: Some(1971), ..every };
    prop_assert!(store.facets(reader, &none).await.unwrap().kinds.is_empty());
    Ok(())
}

/// What programs are told, two revisions at a time: all that is published and that the reader may know, and nothing that would
/// show that there is more. With a group, what of it is shared with that one.
async fn told_as_expected(
    store: &Store,
    world: &World,
    reader: &Reader,
    shared_with: Option<u8>,
) -> Result<(), TestCaseError> {
    let within = Within { group: shared_with.map(group), ..Within::default() };
    let (mut found, mut from) = (Vec::new(), Told::default());
    loop {
        let some = store.told(reader, from, within, 3).await.unwrap();
        let next = some.get(2).map(|next| next.told);
        found.extend(some.into_iter().take(2));
        match next {
            Some(told) => from = told,
            None => break,
        }
    }
    // What was withdrawn comes once more, after all that was published, as the newest that the reader may know.
    let (mut expected, mut withdrawals) = (Vec::new(), Vec::new());
    for (at, (owner, revisions)) in world.documents.iter().enumerate() {
        let before = expected.len();
        for (number, written) in (1_u32..).zip(revisions) {
            let marked = world.marked(*owner, written);
            let is_shared = shared_with.is_none_or(|group| written.groups.contains(&group));
            if marked.published && is_shared && may_read(reader, &marked).may_read {
                let tlp = TlpLabel::from(written.tlp);
                expected.push((document(at), number, organisation(*owner), tlp, false));
            }
        }
        if is_withdrawn(at, revisions) && expected.len() > before {
            withdrawals.extend(expected.last().map(|last| (last.0, last.1, last.2, last.3, true)));
        }
    }
    expected.extend(withdrawals);
    let of =
        |one: &PublishedRevision| (one.document(), one.told.number, one.owner, one.tlp, one.told.withdrawn);
    prop_assert_eq!(found.iter().map(of).collect::<Vec<_>>(), expected.clone());
    for (at, one) in found.iter().enumerate() {
        let (id, _, owner, tlp, _) = expected[at];
        let (before, after) = (&expected[..at], &expected[at + 1..]);
        prop_assert_eq!(one.is_first, before.iter().all(|other| other.0 != id));
        prop_assert_eq!(one.is_last, after.iter().all(|other| other.0 != id));
        prop_assert_eq!(one.leads_owner, before.iter().all(|other| other.2 != owner));
        prop_assert_eq!(one.leads_label, before.iter().all(|other| other.3 != tlp));
    }
    Ok(())
}

/// BUL-11: not even by who writes into the database past everything else.
#[tokio::test]
async fn what_is_published_is_changed_by_no_statement() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let all = BTreeSet::from([0, 1]);
    let written = |tlp, stage| Written {
        tlp,
        stage,
        groups: if tlp == Tlp::Red { BTreeSet::new() } else { all.clone() },
        organisations: if tlp == Tlp::Red { BTreeSet::new() } else { all.clone() },
        clients: BTreeSet::new(),
        persons: if tlp == Tlp::Red { all.clone() } else { BTreeSet::new() },
        author: 0,
    };
    let world = World {
        groups: vec![all.clone(); usize::from(EACH)],
        people: vec![None; usize::from(EACH)],
        documents: vec![
            (0, vec![written(Tlp::Amber, 3)]),
            (0, vec![written(Tlp::Red, 4)]),
            (0, vec![written(Tlp::Amber, 1)]),
        ],
    };
    world.write(&store).await;
    let attach = "INSERT INTO attachments (id, document, number, name, media_type, hash, content)
        SELECT zeroblob(16), document, number, 'a', 'text/plain', zeroblob(32), x'78' FROM revisions WHERE stage = 1";
    sqlx::query(attach).execute(&store.writer).await.unwrap();
    let carry = "INSERT INTO revision_profiles
        SELECT document, number, 'a', 1, 'a', 'a', zeroblob(32), zeroblob(32), x'78' FROM revisions WHERE stage = 1";
    sqlx::query(carry).execute(&store.writer).await.unwrap();
    sqlx::query("UPDATE revisions SET stage = 4, published_ms = 1 WHERE stage = 1")
        .execute(&store.writer)
        .await
        .unwrap();
    for statement in [
        "UPDATE revisions SET content = x'79'",
        "UPDATE revisions SET title = 'y'",
        "UPDATE revisions SET tlp = 0",
        "UPDATE revisions SET stage = 0, published_ms = NULL",
        "DELETE FROM revisions",
        "DELETE FROM revision_groups",
        "DELETE FROM revision_organisations",
        "DELETE FROM revision_persons",
        "UPDATE revision_groups SET sharing_group = (SELECT max(id) FROM sharing_groups)",
        "UPDATE revision_organisations SET organisation = (SELECT max(id) FROM member_organisations)",
        "UPDATE revision_persons SET user = zeroblob(16)",
        "INSERT INTO revision_groups SELECT document, number, (SELECT max(id) FROM sharing_groups) FROM revisions",
        "INSERT INTO revision_organisations SELECT document, number, (SELECT max(id) FROM member_organisations) FROM revisions",
        "INSERT INTO revision_persons SELECT document, number, zeroblob(16) FROM revisions",
        "DELETE FROM revision_profiles",
        "UPDATE revision_profiles SET content = x'79'",
        "INSERT INTO revision_profiles
         SELECT document, number, 'b', 1, 'b', 'b', zeroblob(32), zeroblob(32), x'79' FROM revisions WHERE tlp = 4",
        "DELETE FROM attachments",
        "UPDATE attachments SET content = x'79'",
        "INSERT INTO attachments (id, document, number, name, media_type, hash, content)
         SELECT randomblob(16), document, number, 'b', 'text/plain', zeroblob(32), x'78' FROM revisions",
    ] {
        let refused = sqlx::query(statement).execute(&store.writer).await.unwrap_err().to_string();
        assert!(refused.contains("never changed"), "{statement}: {refused}");
    }
}
