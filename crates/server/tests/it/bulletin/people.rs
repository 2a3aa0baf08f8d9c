//! Who says who is of which organisation, and what it opens and closes.

use sabha_advisory::Tlp;
use sabha_protocol::{
    Rule,
    account::{AccountRole, Scope, UserId},
    bulletin::{BulletinRole as R, OrganisationId},
    wire::bulletin::{BulletinReader, MemberOrganisations, Memberships, SharingGroups},
};
use serde_json::{Value, json};

use super::{Exchange, content};
use crate::{
    accounts::{Credential, rule},
    server::now_ms,
};

/// BULLETIN.ROLE
#[tokio::test]
async fn an_organisations_administrator_gives_roles_to_its_own_people_and_to_nobody_else() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let nobody = exchange.somebody().await;
    let administrator = cert.by(R::Administrator);
    let set = async |by: &Credential, user: UserId, organisation: OrganisationId, roles: &[R]| {
        let body = json!({ "user": user, "organisation": organisation, "roles": roles });
        exchange.ask("PUT", "memberships", by, body).await
    };
    let (own, theirs) = (cert.user(R::Member), bank.user(R::Member));
    assert_eq!(set(administrator, own, cert.id, &[R::Author, R::Member]).await.status, 204);
    let me: BulletinReader = exchange.get("me", cert.by(R::Member)).await.json();
    assert_eq!(me.roles, [R::Author, R::Member].into());
    for (user, organisation) in [(own, bank.id), (theirs, cert.id), (theirs, bank.id), (nobody.user, cert.id)]
    {
        let answer = set(administrator, user, organisation, &[R::Author]).await;
        assert_eq!(rule(&answer), (404, Rule::BulletinKnown));
    }
    let theirs = exchange.ask("DELETE", &format!("memberships/{theirs}"), administrator, Value::Null).await;
    assert_eq!(rule(&theirs), (404, Rule::BulletinKnown));
    assert_eq!(rule(&set(administrator, own, cert.id, &[]).await), (400, Rule::WellFormed));
    for role in [R::Auditor, R::Author, R::Publisher, R::Reviewer] {
        assert_eq!(rule(&set(cert.by(role), own, cert.id, &R::ALL).await), (403, Rule::BulletinRole));
    }
    for path in ["organisations", "memberships", "groups"] {
        assert_eq!(rule(&exchange.get(path, &nobody.credential).await), (403, Rule::BulletinRole), "{path}");
    }
    let people: Memberships = exchange.get("memberships", cert.by(R::Author)).await.json();
    assert!(
        people.memberships.len() == 6 && people.memberships.iter().all(|one| one.organisation == cert.id)
    );

    // Who leaves is out with the next request; who comes to another organisation is of the first no more.
    let left = exchange.ask("DELETE", &format!("memberships/{own}"), administrator, Value::Null).await;
    assert_eq!(left.status, 204);
    let me: BulletinReader = exchange.get("me", cert.by(R::Member)).await.json();
    assert_eq!((me.organisation, me.roles.len()), (None, 0));
    exchange.set(cert.user(R::Author), bank.id, &[R::Member]).await;
    let me: BulletinReader = exchange.get("me", cert.by(R::Author)).await.json();
    assert_eq!(me.organisation.map(|of| of.id), Some(bank.id));
}

#[tokio::test]
async fn an_organisation_that_leaves_reads_nothing_and_a_group_opens_for_whom_it_has() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let group = exchange.group("Both", &[cert.id, bank.id]).await;
    let id = exchange
        .draft(&cert, json!({ "tlp": "GREEN", "groups": [group] }), &content("One", Tlp::Green))
        .await
        .id;
    exchange.publish(&cert, id).await;
    let count = async |by: &Credential| exchange.list(by).await.count;
    assert_eq!(count(bank.by(R::Member)).await, 1);
    let named = exchange.get("groups", bank.by(R::Member)).await.json::<SharingGroups>();
    assert_eq!(named.groups.len(), 1);

    // Out of the group, or with the group empty, it is for its owner: an empty audience never means everybody.
    for organisations in [vec![cert.id], vec![]] {
        let set = json!({ "name": "Both", "organisations": organisations });
        let done = exchange.ask("PUT", &format!("groups/{group}"), &exchange.administrator, set).await;
        assert_eq!(done.status, 200, "{}", done.body);
        assert_eq!((count(bank.by(R::Member)).await, count(cert.by(R::Member)).await), (0, 1));
        assert!(exchange.get("groups", bank.by(R::Member)).await.json::<SharingGroups>().groups.is_empty());
    }
    let green = exchange.draft(&cert, json!({ "tlp": "GREEN" }), &content("Two", Tlp::Green)).await.id;
    exchange.publish(&cert, green).await;
    assert_eq!(count(bank.by(R::Member)).await, 1);
    let path = format!("organisations/{}", bank.id);
    let left = exchange.ask("DELETE", &path, &exchange.administrator, Value::Null).await;
    assert_eq!(left.status, 204);
    assert_eq!(count(bank.by(R::Member)).await, 0);
    let again = exchange.ask("DELETE", &path, &exchange.administrator, Value::Null).await;
    assert_eq!(rule(&again), (404, Rule::BulletinKnown));
    let all = exchange.get("organisations", cert.by(R::Member)).await.json::<MemberOrganisations>();
    assert_eq!(all.organisations.len(), 1);
    let taken =
        exchange.ask("POST", "organisations", &exchange.administrator, json!({ "name": "Bank" })).await;
    assert_eq!(rule(&taken), (409, Rule::AccountKnown), "nobody takes the name of one that was here");
}

/// Who administers the server, watches over it or audits it has no clearance by that.
#[tokio::test]
async fn a_role_of_the_server_opens_no_document_and_a_key_opens_what_its_user_may_read() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let id = exchange.draft(&cert, json!({ "tlp": "GREEN" }), &content("One", Tlp::Green)).await.id;
    exchange.publish(&cert, id).await;
    let every_role = exchange.office.user(&AccountRole::ALL).await;
    let session = Credential::cookie(&exchange.office.session(every_role, now_ms()).await.1);
    for by in [&session, &exchange.administrator] {
        let answer = exchange.get(&format!("documents/{id}"), by).await;
        assert_eq!(rule(&answer), (404, Rule::BulletinKnown));
        assert_eq!(exchange.list(by).await.count, 0);
    }
    let key = exchange.office.key(cert.user(R::Member), &[Scope::BulletinRead]).await;
    let key = Credential::bearer(&key);
    assert_eq!(exchange.list(&key).await.count, 1);
    let comment = json!({ "revision": 1, "text": "x" });
    let answer = exchange.ask("POST", &format!("documents/{id}/comments"), &key, comment).await;
    assert_eq!(rule(&answer), (403, Rule::AccountScope));
}
