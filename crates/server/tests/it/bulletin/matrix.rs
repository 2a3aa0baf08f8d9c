//! The matrix: every route for every role of two organisations, and of none, with every marking and group.

use sabha_advisory::{Tlp, csaf::provider::folder};
use sabha_protocol::{
    Rule,
    bulletin::{BulletinRole, DocumentId, SharingGroupId},
    wire::bulletin_documents::{Attachment, BulletinDocument, DocumentLine, Documents},
};
use serde_json::{Value, json};

use super::{Exchange, Someone, Staff, content, sketch};
use crate::accounts::{Credential, rule};

/// For whom something is, beside its owner's people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Everybody,
    Members,
    OtherOrganisation,
    NobodyElse,
    /// Nobody of the owner either: only one person of the other organisation, and those who have to publish it.
    Named,
}

struct Cell {
    name: &'static str,
    tlp: Tlp,
    readers: For,
    document: DocumentId,
    attachment: Attachment,
}

/// The sharing groups: of the owner and the other organisation, and of the owner alone.
struct Groups {
    both: SharingGroupId,
    alone: SharingGroupId,
}

async fn cells(exchange: &Exchange, owner: &Staff, other: &Staff) -> (Groups, Vec<Cell>) {
    let both = exchange.group("Both", &[owner.id, other.id]).await;
    let alone = exchange.group("Alone", &[owner.id]).await;
    let named = [
        other.user(BulletinRole::Member),
        owner.user(BulletinRole::Reviewer),
        owner.user(BulletinRole::Publisher),
    ];
    let markings: [(&str, Value, For); 11] = [
        ("clear", json!({ "tlp": "CLEAR" }), For::Everybody),
        ("green", json!({ "tlp": "GREEN" }), For::Members),
        ("green-both", json!({ "tlp": "GREEN", "groups": [both] }), For::OtherOrganisation),
        ("green-alone", json!({ "tlp": "GREEN", "groups": [alone] }), For::NobodyElse),
        ("amber", json!({ "tlp": "AMBER" }), For::NobodyElse),
        ("amber-both", json!({ "tlp": "AMBER", "groups": [both] }), For::OtherOrganisation),
        ("amber-named", json!({ "tlp": "AMBER", "organisations": [other.id] }), For::OtherOrganisation),
        ("strict", json!({ "tlp": "AMBER+STRICT", "groups": [alone] }), For::NobodyElse),
        ("strict-both", json!({ "tlp": "AMBER+STRICT", "groups": [both] }), For::OtherOrganisation),
        (
            "strict-named",
            json!({ "tlp": "AMBER+STRICT", "organisations": [other.id] }),
            For::OtherOrganisation,
        ),
        ("red", json!({ "tlp": "RED", "persons": named }), For::Named),
    ];
    let mut cells = Vec::new();
    for (name, marking, readers) in markings {
        let tlp = marking["tlp"].as_str().unwrap().parse().unwrap();
        let document = exchange.draft(owner, marking, &content(&format!("marker-{name}"), tlp)).await.id;
        let author = owner.by(BulletinRole::Author);
        let attachment = exchange.attached(document, &format!("marker-{name}.txt"), author, "bytes").await;
        exchange.publish(owner, document).await;
        cells.push(Cell { name, tlp, readers, document, attachment });
    }
    (Groups { both, alone }, cells)
}

/// Who asks: of the owner, of the other organisation, of a third, or of none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Owner,
    Other,
    Third,
    None,
}

impl From {
    fn is_in_both(self) -> bool {
        matches!(self, Self::Owner | Self::Other)
    }
}

impl Cell {
    fn is_for_alone(&self) -> bool {
        matches!(self.name, "green-alone" | "strict")
    }

    /// Returns the paths of what the provider serves of it.
    fn files(&self) -> [String; 4] {
        let file = format!("{}/2026/test-marker-{}.json", folder(self.tlp), self.name);
        ["", ".sha256", ".sha512", ".asc"].map(|ending| format!("{file}{ending}"))
    }

    /// Returns the paths of the provider's lists in which it could be.
    fn lists(&self) -> [String; 3] {
        ["index.txt", "changes.csv", "feed.json"].map(|list| format!("{}/{list}", folder(self.tlp)))
    }

    fn is_for(&self, from: From, role: BulletinRole) -> bool {
        match (self.readers, from) {
            (For::Everybody, _) => true,
            (For::Named, From::Owner) => {
                matches!(role, BulletinRole::Author | BulletinRole::Reviewer | BulletinRole::Publisher)
            }
            (For::Named, From::Other) => role == BulletinRole::Member,
            (For::Named, _) | (_, From::None) => false,
            (_, From::Owner) | (For::Members, _) => true,
            (For::OtherOrganisation, from) => from == From::Other,
            (For::NobodyElse, _) => false,
        }
    }
}

/// BULLETIN.KNOWN
///
/// BUL-01, BUL-02, BUL-03, BUL-04, BUL-05, BUL-07
#[tokio::test]
async fn every_route_shows_each_document_to_those_whom_it_is_for_and_is_silent_to_all_others() {
    let exchange = Exchange::with_provider().await;
    let (owner, other, third) =
        (exchange.staff("CERT").await, exchange.staff("Other").await, exchange.staff("Third").await);
    let (groups, cells) = cells(&exchange, &owner, &other).await;
    let nobody = exchange.somebody().await;

    let mut readers: Vec<(From, BulletinRole, Someone)> = Vec::new();
    for (from, staff) in [(From::Owner, &owner), (From::Other, &other)] {
        readers.extend(staff.of_role.iter().map(|(role, someone)| (from, *role, someone.clone())));
    }
    readers.push((From::Third, BulletinRole::Publisher, third.of_role[&BulletinRole::Publisher].clone()));
    readers.push((From::None, BulletinRole::Member, nobody));
    for (from, role, someone) in &readers {
        let by = &someone.credential;
        let known: Vec<&Cell> = cells.iter().filter(|cell| cell.is_for(*from, *role)).collect();
        let list = exchange.list(by).await;
        assert_eq!(list.count, known.len() as u64, "{from:?} {role:?}: the count");
        let found = |cell: &Cell, of: &[DocumentLine]| of.iter().any(|line| line.id == cell.document);
        for cell in &cells {
            let may = cell.is_for(*from, *role);
            let who = format!("{} to {from:?} {role:?}", cell.name);
            assert_eq!(found(cell, &list.documents), may, "{who}: the list");
            let search = exchange.get(&format!("documents?words=marker-{}", cell.name), by).await;
            let search = search.json::<Documents>();
            assert_eq!(found(cell, &search.documents), may, "{who}: the search");
            if !may {
                assert!(
                    known.iter().filter(|known| found(known, &search.documents)).count() as u64
                        == search.count
                );
            }
            let (document, attachment) = (cell.document, cell.attachment.id);
            for path in [
                format!("documents/{document}"),
                format!("documents/{document}/revisions/1/content"),
                format!("documents/{document}/acknowledgements"),
                format!("documents/{document}/comments"),
                format!("attachments/{attachment}"),
            ] {
                let answer = exchange.get(&path, by).await;
                if may {
                    assert_eq!(answer.status, 200, "{who}: {path}: {}", answer.body);
                } else {
                    silent(&exchange, "GET", &path, by, Value::Null, *from).await;
                }
            }
            for path in cell.files() {
                let answer = exchange.office.ask("GET", &path, by, "").await;
                assert_eq!(answer.status, if may { 200 } else { 404 }, "{who}: {path}");
            }
            for (root, is_in, names) in [
                ("members/".to_owned(), true, true),
                (format!("groups/{}/", groups.both), from.is_in_both(), cell.name.ends_with("both")),
                (format!("groups/{}/", groups.alone), *from == From::Owner, cell.is_for_alone()),
            ] {
                let path = format!("/taxii2/{root}collections/");
                let listed = exchange.office.ask("GET", &path, by, "").await;
                assert_eq!(listed.status, if is_in { 200 } else { 404 }, "{who}: {path}");
                if is_in {
                    let listed: Value = listed.json();
                    let collection = listed["collections"][0]["id"].as_str().unwrap();
                    let objects =
                        exchange.office.ask("GET", &format!("{path}{collection}/objects/"), by, "").await;
                    let report = format!("\"marker-{}\"", cell.name);
                    assert_eq!(objects.body.contains(&report), may && names, "{who}: {path}");
                }
            }
            for path in cell.lists() {
                let list = exchange.office.ask("GET", &path, by, "").await;
                assert_eq!(list.status, 200, "{who}: {path}");
                let named = list.body.contains(&format!("test-marker-{}.json", cell.name));
                assert_eq!(named, may, "{who}: {path}");
            }
            if may {
                let view: BulletinDocument = exchange.get(&format!("documents/{document}"), by).await.json();
                assert_eq!(view.revisions[0].marking.is_some(), *from == From::Owner, "{who}: its audience");
                continue;
            }
            for (method, path, body) in writing(cell, &other) {
                silent(&exchange, method, &path, by, body, *from).await;
            }
        }
    }
    // And whoever is not signed in, whatever they show.
    for cell in &cells {
        let may = cell.readers == For::Everybody;
        let paths = [
            format!("/{}", cell.document),
            format!("/{}/revisions/1/content", cell.document),
            format!("/attachments/{}", cell.attachment.id),
        ];
        for path in cell.files() {
            let answer = exchange.office.ask("GET", &path, &Credential::default(), "").await;
            let expected = if may { 200 } else { 401 };
            assert_eq!(answer.status, expected, "{}: {path}", cell.name);
        }
        for path in paths {
            let answer = exchange.public(&path).await;
            assert_eq!(answer.status, if may { 200 } else { 404 }, "{}: {path}", cell.name);
            let member = exchange.get(&format!("public{path}"), owner.by(BulletinRole::Author)).await;
            assert_eq!(member.status, answer.status, "{}: {path} by a member", cell.name);
        }
    }
    assert_eq!(exchange.public("").await.json::<Documents>().count, 1);
}

/// Every route that changes something about a document.
fn writing(cell: &Cell, other: &Staff) -> Vec<(&'static str, String, Value)> {
    let (document, seen) = (cell.document, "0".repeat(64));
    let (marking, text) = (json!({ "tlp": "CLEAR" }), sketch("x"));
    vec![
        (
            "PUT",
            format!("documents/{document}/draft"),
            json!({ "seen": seen, "marking": marking, "content": text }),
        ),
        ("POST", format!("documents/{document}/revisions"), json!({ "marking": marking, "content": text })),
        ("POST", format!("documents/{document}/steps"), json!({ "step": "withdraw", "seen": seen })),
        ("POST", format!("documents/{document}/attachments?name=a.txt&media_type=text/plain"), json!("x")),
        ("DELETE", format!("attachments/{}", cell.attachment.id), Value::Null),
        (
            "POST",
            format!("documents/{document}/acknowledgements"),
            json!({ "revision": 1, "acknowledgement": "seen" }),
        ),
        ("POST", format!("documents/{document}/comments"), json!({ "revision": 1, "text": "x" })),
        ("POST", format!("documents/{document}/clients"), json!({ "revision": 1, "organisation": other.id })),
        ("PATCH", format!("documents/{document}/incident"), json!({ "status": "closed" })),
    ]
}

/// Asks about what one may not know of, and about what is not there: the answers are the same.
async fn silent(exchange: &Exchange, method: &str, path: &str, by: &Credential, body: Value, from: From) {
    let answer = exchange.ask(method, path, by, body.clone()).await;
    let expected = match (method, from) {
        // Who is of no organisation writes nothing, wherever it is.
        ("GET", _) => (404, Rule::BulletinKnown),
        (_, From::None) => (403, Rule::BulletinRole),
        _ => (404, Rule::BulletinKnown),
    };
    assert_eq!(rule(&answer), expected, "{method} {path}");
    let start = path.find('/').unwrap() + 1;
    let nothing = format!("{}{}{}", &path[..start], DocumentId::from_bytes([0xEE; 16]), &path[start + 26..]);
    let none = exchange.ask(method, &nothing, by, body).await;
    assert_eq!((none.status, &none.body), (answer.status, &answer.body), "{method} {path}");
}
