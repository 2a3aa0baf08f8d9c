//! The public pages: what everybody reads with nothing but a browser, and nothing else.

use sabha_advisory::Tlp;
use sabha_protocol::{
    bulletin::{BulletinRole as R, DocumentId},
    wire::bulletin_documents::{BulletinDocument, Documents},
};
use serde_json::json;

use super::{Exchange, Staff, content, revised};
use crate::{
    accounts::Credential,
    server::{Response, request},
};

impl Exchange {
    async fn page(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        request(self.office.server.address(), "GET", path, headers, "").await
    }

    async fn published(&self, staff: &Staff, tlp: Tlp, title: &str) -> DocumentId {
        let id = self.draft(staff, json!({ "tlp": tlp.name() }), &content(title, tlp)).await.id;
        self.publish(staff, id).await;
        id
    }
}

/// BULLETIN.KNOWN
///
/// BUL-01, BUL-07
#[tokio::test]
async fn pages_show_what_is_clear_and_nothing_else_whoever_asks() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let clear = exchange.published(&cert, Tlp::Clear, "For everybody").await;
    let green = exchange.published(&cert, Tlp::Green, "For members").await;
    let draft = exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &content("Not yet", Tlp::Clear)).await.id;
    let by = async |path: &str, by: &Credential| exchange.office.ask("GET", path, by, "").await;

    let nothing = exchange.page(&format!("/bulletin/{}", DocumentId::from_bytes([9; 16])), &[]).await;
    assert_eq!(nothing.status, 404);
    for reader in [&Credential::default(), cert.by(R::Reviewer)] {
        let list = by("/bulletin", reader).await;
        assert_eq!(list.status, 200);
        assert!(list.body.contains("For everybody") && list.body.contains("Documents: 1"), "{}", list.body);
        assert!(!list.body.contains("For members") && !list.body.contains("Not yet"));
        assert_eq!(by(&format!("/bulletin/{clear}"), reader).await.status, 200);
        for hidden in [green.to_string(), draft.to_string(), "none".to_owned(), format!("{clear}?revision=2")]
        {
            let page = by(&format!("/bulletin/{hidden}"), reader).await;
            assert_eq!(
                (page.status, &page.body),
                (404, &nothing.body),
                "{hidden}: one answer for all of them"
            );
        }
    }
}

#[tokio::test]
async fn pages_run_no_script_and_may_be_kept_until_something_changes() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let id = exchange.published(&cert, Tlp::Clear, "<script>alert(1)</script>").await;
    let path = format!("/bulletin/{id}");
    let page = exchange.page(&path, &[]).await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("script-src"), "{policy}");
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"));
    assert!(page.body.contains("&lt;script&gt;alert(1)") && !page.body.contains("<script"), "{}", page.body);
    assert!(!page.body.contains(" style=\"") && !page.body.contains("<style"));

    let tag = page.header("etag").unwrap().to_owned();
    let known = [("if-none-match", tag.as_str())];
    let again = exchange.page(&path, &known).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(exchange.page(&path, &[known[0], ("accept-language", "hi")]).await.status, 200, "other words");
    assert_eq!(exchange.step(id, "withdraw", cert.by(R::Publisher)).await.status, 200);
    let withdrawn = exchange.page(&path, &known).await;
    assert_eq!(withdrawn.status, 200);
    assert!(withdrawn.body.contains("The issuer has withdrawn this document."));
    let style = exchange.page("/bulletin/style.css", &[]).await;
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
}

#[tokio::test]
async fn the_list_is_searched_and_speaks_the_readers_language() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    exchange.published(&cert, Tlp::Clear, "Passcodes of meetings").await;
    exchange.published(&cert, Tlp::Clear, "Lobbies of meetings").await;

    let found = exchange.page("/bulletin?words=meetings+passcodes&kind=&lang=", &[]).await;
    assert!(
        found.body.contains("Passcodes of meetings") && !found.body.contains("Lobbies"),
        "{}",
        found.body
    );
    let of_kind = exchange.page("/bulletin?words=meetings&kind=alert", &[]).await;
    assert!(of_kind.body.contains("Nothing has all of these words"));
    let long = exchange.page(&format!("/bulletin?words={}", "x".repeat(65)), &[]).await;
    assert_eq!(long.status, 400);
    assert!(long.body.contains("This search cannot be done"));

    let urdu = exchange.page("/bulletin?lang=ur&words=meetings", &[("accept-language", "hi")]).await;
    assert!(urdu.body.contains("<html lang=\"ur\" dir=\"rtl\">") && urdu.body.contains("بلیٹن"));
    assert_eq!(urdu.header("content-language"), Some("ur"));
    assert!(urdu.body.contains("?words=meetings&amp;lang=hi"), "another language, the same search");
    let hindi = exchange.page("/bulletin?lang=tlh", &[("accept-language", "fr, hi;q=0.5")]).await;
    assert!(hindi.body.contains("<html lang=\"hi\" dir=\"ltr\">"));
}

#[tokio::test]
async fn a_revision_that_everybody_may_read_keeps_its_own_page() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let id = exchange.published(&cert, Tlp::Clear, "First words").await;
    let next = json!({ "marking": { "tlp": "CLEAR" }, "content": revised("Second words", Tlp::Clear, "TEST-First words", 2) });
    let begun = exchange.ask("POST", &format!("documents/{id}/revisions"), cert.by(R::Author), next).await;
    assert_eq!(begun.status, 201, "{}", begun.body);
    assert!(
        exchange.page(&format!("/bulletin/{id}"), &[]).await.body.contains("First words"),
        "a draft is no news"
    );
    let published: BulletinDocument = exchange.publish(&cert, id).await;
    assert_eq!(published.revisions.len(), 2);

    let newest = exchange.page(&format!("/bulletin/{id}"), &[]).await;
    assert!(newest.body.contains("Second words") && !newest.body.contains("This is an older revision."));
    let first = exchange.page(&format!("/bulletin/{id}?revision=1"), &[]).await;
    assert!(first.body.contains("First words") && first.body.contains("This is an older revision."));
}

#[tokio::test]
async fn a_list_is_filtered_by_where_documents_are_in_their_life() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let published = exchange.published(&cert, Tlp::Green, "Done").await;
    let draft = exchange.draft(&cert, json!({ "tlp": "GREEN" }), &content("Begun", Tlp::Green)).await.id;
    let listed = async |stage: &str, by: R| {
        let list = exchange.get(&format!("documents?stage={stage}"), cert.by(by)).await.json::<Documents>();
        (list.count, list.documents.iter().map(|line| line.id).collect::<Vec<_>>())
    };
    assert_eq!(listed("draft", R::Author).await, (1, vec![draft]));
    assert_eq!(listed("final", R::Author).await, (1, vec![published]));
    assert_eq!(listed("review", R::Author).await, (0, vec![]));
    assert_eq!(listed("draft", R::Member).await, (0, vec![]), "a filter opens nothing");
}
