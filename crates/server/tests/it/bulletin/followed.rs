//! Who keeps the policy of meetings is told by mail what became of an advisory that a subscription brought.

use sabha_policy::profile;
use sabha_protocol::{account::AccountRole, bulletin::BulletinRole as R, wire::profile::ProfileFile};
use serde_json::json;

use super::{
    Someone,
    notices::{Telling, header, immediate},
    policy::{ASKS, KEY, profile_text},
};
use crate::{accounts::Credential, server::now_ms};

impl Telling {
    /// Gives somebody an address, and nothing that they chose.
    async fn reached_at(&self, who: &Someone, address: &str) {
        sqlx::query("UPDATE users SET email = $2 WHERE id = $1")
            .bind(&who.user.as_bytes()[..])
            .bind(address)
            .execute(&mut self.database().await)
            .await
            .unwrap();
    }
}

/// ADV-07
#[tokio::test]
async fn who_keeps_the_policy_is_told_what_was_applied_by_itself_and_nothing_of_the_advisory() {
    let telling = Telling::open().await;
    let exchange = &telling.exchange;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let officer = exchange.officer(Some((&bank, R::Member))).await;
    let administrator = exchange.office.user(&[AccountRole::Administrator]).await;
    let session = exchange.office.session(administrator, now_ms()).await.1;
    let administrator = Someone { user: administrator, credential: Credential::cookie(&session) };
    let former = exchange.officer(None).await;
    let member = bank.of_role[&R::Auditor].clone();
    telling.reached_at(&officer, "officer@example.org").await;
    telling.reached_at(&administrator, "administrator@example.org").await;
    telling.reached_at(&former, "former@later.example").await;
    telling.tell(&member, "member@example.org", immediate()).await;
    let file: ProfileFile = serde_json::from_str(&profile_text(&ASKS, &KEY)).unwrap();
    let follow = json!({ "publisher": cert.id, "key": profile::sign(&file.profile, &KEY).key });
    let by = &officer.credential;
    assert_eq!(exchange.floor("PUT", "subscriptions", by, follow).await.status, 204);

    let shared = json!({ "tlp": "AMBER", "organisations": [bank.id] });
    exchange.advisory(&cert, shared.clone(), "ONE", &ASKS, &KEY).await;
    telling.quiet().await;
    exchange.advisory(&cert, shared, "TWO", &ASKS, &[8; 32]).await;
    telling.quiet().await;
    for address in ["officer@example.org", "administrator@example.org"] {
        let mails = telling.mails_to(address);
        let [applied, refused] = &mails[..] else { panic!("two to {address}: {mails:?}") };
        let subject = |mail| header(mail, "Subject").to_owned();
        assert!(subject(applied).ends_with(" was applied to meetings"), "{applied}");
        assert!(subject(refused).ends_with(" was not applied to meetings"), "{refused}");
        assert!(refused.contains("another key than the one that was pinned"), "{refused}");
        for mail in &mails {
            assert!(header(mail, "List-Unsubscribe").ends_with("/admin#advisories>"), "{mail}");
            for word in ["TLP", "CERT", "ONE", "TWO"] {
                assert!(!mail.contains(word), "{word} in {mail}");
            }
        }
    }
    assert_eq!(telling.mails_to("member@example.org").len(), 2, "who reads is told of the documents alone");

    // Who keeps the policy no more when the mail goes is not told.
    let waiting = "SELECT count(*) FROM notices WHERE state = 'waiting'";
    let mut database = telling.database().await;
    assert_eq!(sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut database).await.unwrap(), 2);
    let leave =
        "UPDATE users SET roles = 2, email = 'former@example.org' WHERE email = 'former@later.example'";
    sqlx::query(leave).execute(&mut database).await.unwrap();
    sqlx::query("UPDATE notices SET due_ms = 1 WHERE due_ms IS NOT NULL")
        .execute(&mut database)
        .await
        .unwrap();
    exchange.advisory(&cert, json!({ "tlp": "AMBER" }), "OWN", &ASKS, &KEY).await;
    telling.quiet().await;
    assert!(telling.mails_to("former@example.org").is_empty());
    assert_eq!(telling.closed().await, 2);
    assert_eq!(telling.mails_to("officer@example.org").len(), 2, "what was not known was not followed");
}
