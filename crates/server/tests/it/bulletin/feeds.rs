//! Feeds: what is public for everybody, what one may read by a token, page after page, and as another program reads them.

use std::{path::Path, process::Command};

use sabha_advisory::Tlp;
use sabha_protocol::{
    Rule,
    bulletin::BulletinRole as R,
    wire::bulletin_feeds::{FeedToken, FeedTokenState},
};
use serde_json::{Value, json};

use super::{Exchange, content};
use crate::{
    accounts::{Credential, rule},
    server::{Response, request},
};

/// Returns what another program, `feedparser`, finds in a feed; `None` where it is not installed, which CI does not allow.
fn parsed(text: &str) -> Option<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let python = root.join("target/peers/bin/python");
    if !python.exists() {
        assert!(std::env::var_os("CI").is_none(), "feedparser is missing: scripts/setup.sh test installs it");
        println!("skipped: feedparser is not installed (scripts/setup.sh test)");
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("feed"), text).unwrap();
    let script = "import feedparser, json, sys\n\
        f = feedparser.parse(open('feed', 'rb').read())\n\
        link = lambda of, rel: [l['href'] for l in of.get('links', []) if l['rel'] == rel]\n\
        json.dump({'bozo': bool(f.bozo), 'version': f.version, 'title': f.feed.title, 'next': link(f.feed, 'next'),\n\
          'entries': [{'title': e.title, 'id': e.id, 'link': e.link, 'summary': e.summary,\n\
            'json': next((l['href'] for l in e.links if l.get('type') == 'application/json'), None),\n\
            'author': e.author, 'tags': [t['term'] for t in e.tags],\n\
            'year': (e.get('updated_parsed') or e.published_parsed)[0]} for e in f.entries]}, sys.stdout)";
    let output = Command::new(python).args(["-c", script]).current_dir(directory.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Asks for an address as a program that reads news does: without any credential.
async fn get(exchange: &Exchange, url: &str) -> Response {
    let address = exchange.office.server.address();
    let path = url.strip_prefix(&format!("http://{address}")).unwrap_or(url);
    request(address, "GET", path, &[], "").await
}

async fn token(exchange: &Exchange, by: &Credential) -> FeedToken {
    let made = exchange.ask("POST", "feed-token", by, Value::Null).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()
}

#[tokio::test]
async fn public_feed_has_what_is_clear_page_after_page_and_another_program_reads_it() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    for number in 0..51 {
        let text = content(&format!("Clear {number} & <more>"), Tlp::Clear);
        let id = exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &text).await.id;
        exchange.publish(&cert, id).await;
        if number == 50 {
            assert_eq!(exchange.step(id, "withdraw", cert.by(R::Publisher)).await.status, 200);
        }
    }
    let green = exchange.draft(&cert, json!({ "tlp": "GREEN" }), &content("Green", Tlp::Green)).await.id;
    exchange.publish(&cert, green).await;
    exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &content("Draft", Tlp::Clear)).await;

    for (file, media_type, version) in
        [("feed.atom", "application/atom+xml", "atom10"), ("feed.rss", "application/rss+xml", "rss20")]
    {
        let first = exchange.public(&format!("/{file}")).await;
        assert_eq!(first.status, 200, "{}", first.body);
        assert!(first.header("content-type").unwrap().starts_with(media_type));
        assert!(!first.body.contains("Green") && !first.body.contains("Draft"));
        let next = first.body.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        let last = get(&exchange, next).await;
        assert!(!last.body.contains("rel=\"next\""), "{}", last.body);

        let (Some(first), Some(last)) = (parsed(&first.body), parsed(&last.body)) else { return };
        assert_eq!((&first["bozo"], &first["version"]), (&json!(false), &json!(version)));
        let entries = |page: &Value| page["entries"].as_array().unwrap().clone();
        assert_eq!((entries(&first).len(), entries(&last).len()), (50, 1));
        let newest = &entries(&first)[0];
        assert_eq!(newest["title"], "[TLP:CLEAR] Withdrawn: Clear 50 & <more>");
        assert_eq!(newest["author"], "CERT");
        assert_eq!(newest["tags"], json!(["TLP:CLEAR", "advisory"]));
        assert!(newest["year"].as_i64().unwrap() > 2020);
        assert_eq!(entries(&last)[0]["title"], "[TLP:CLEAR] Clear 0 & <more>");
        let all: std::collections::BTreeSet<String> =
            [entries(&first), entries(&last)].concat().iter().map(|one| one["id"].to_string()).collect();
        assert_eq!(all.len(), 51, "each once");
        // What an entry leads to is there, for everybody: the page for people, and beside it the document for programs.
        let page = get(&exchange, newest["link"].as_str().unwrap()).await;
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.body.contains("Clear 50 &amp; &lt;more&gt;"), "{}", page.body);
        let json = newest["json"].as_str().unwrap_or_else(|| panic!("{newest}"));
        assert_eq!(get(&exchange, json).await.body, content("Clear 50 & <more>", Tlp::Clear));
    }
    for query in ["after=x", "limit=5"] {
        let answer = exchange.public(&format!("/feed.atom?{query}")).await;
        assert_eq!(rule(&answer), (400, Rule::WellFormed), "{query}");
    }
}

/// BULLETIN.KNOWN
#[tokio::test]
async fn a_token_reads_its_owners_feeds_until_it_is_taken_back_and_nothing_else() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let amber = json!({ "tlp": "AMBER", "organisations": [bank.id] });
    for (title, marking) in [("For the bank", amber), ("Own", json!({ "tlp": "AMBER" }))] {
        let id = exchange.draft(&cert, marking, &content(title, Tlp::Amber)).await.id;
        exchange.publish(&cert, id).await;
    }
    let by = bank.by(R::Member);
    let state = async || exchange.get("feed-token", by).await.json::<FeedTokenState>().created_ms;
    assert_eq!(state().await, None);
    let first = token(&exchange, by).await;
    assert!(state().await.is_some());
    for url in [&first.atom, &first.rss] {
        let feed = get(&exchange, url).await;
        assert_eq!(feed.status, 200, "{url}: {}", feed.body);
        assert!(
            feed.body.contains("[TLP:AMBER] For the bank") && !feed.body.contains("Own"),
            "{}",
            feed.body
        );
        assert!(feed.body.contains("Summary of For the bank"));
        if let Some(parsed) = parsed(&feed.body) {
            assert_eq!((&parsed["bozo"], parsed["entries"].as_array().unwrap().len()), (&json!(false), 1));
        }
    }
    // It is no key and no session.
    let secret = first.atom.split('/').rev().nth(1).unwrap();
    for shown in [format!("Bearer {secret}"), format!("Bearer sabha_{secret}")] {
        let answer = exchange.get("documents", &Credential::bearer(&shown)).await;
        assert_eq!(rule(&answer), (401, Rule::AccountSignedIn));
    }
    assert_eq!(exchange.get("documents", &Credential::cookie(&format!("sabha={secret}"))).await.status, 401);
    let files = std::fs::read_dir(exchange.office.server.directory.path()).unwrap();
    for file in files.map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{}: at rest there is only its hash", file.display());
    }

    // Another takes its place; taken back there is none; and none, a wrong one and an old one are answered alike.
    let second = token(&exchange, by).await;
    let wrong = first.atom.replace(secret, &"B".repeat(43));
    let none = get(&exchange, &wrong).await;
    assert_eq!(rule(&none), (404, Rule::BulletinKnown));
    assert_eq!(get(&exchange, &first.atom).await.body, none.body);
    assert_eq!(get(&exchange, &second.atom.replace("feed.atom", "feed.json")).await.body, none.body);
    assert_eq!(get(&exchange, &second.atom).await.status, 200);

    // As whom it reads is asked each time.
    let path = format!("memberships/{}", bank.user(R::Member));
    let left = exchange.ask("DELETE", &path, bank.by(R::Administrator), Value::Null).await;
    assert_eq!(left.status, 204);
    assert!(!get(&exchange, &second.atom).await.body.contains("For the bank"));
    assert_eq!(exchange.ask("DELETE", "feed-token", by, Value::Null).await.status, 204);
    assert_eq!(get(&exchange, &second.atom).await.body, none.body);
    assert_eq!(
        rule(&exchange.ask("DELETE", "feed-token", by, Value::Null).await),
        (404, Rule::BulletinKnown)
    );
}
