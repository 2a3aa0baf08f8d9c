//! What is urgent and open, for the banner.

use sabha_advisory::Tlp;
use sabha_protocol::{
    Rule,
    bulletin::{BulletinRole as R, Severity},
    wire::bulletin_notices::BulletinAlerts,
};
use serde_json::{Value, json};

use super::{Exchange, content, document};
use crate::accounts::{Credential, rule};

async fn alerts(exchange: &Exchange, by: &Credential) -> BulletinAlerts {
    exchange.get("alerts", by).await.json()
}

fn severe(title: &str, tlp: Tlp, number: u32, word: &str) -> String {
    let mut document = document(title, tlp, &format!("TEST-{title}"), number);
    document["document"]["aggregate_severity"] = json!({ "text": word });
    document.to_string()
}

#[tokio::test]
async fn what_is_urgent_is_shown_until_its_organisation_has_said_something_or_its_reader_has_seen_it() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let (member, other) = (bank.by(R::Member), bank.by(R::Author));
    let to_bank = json!({ "tlp": "AMBER", "organisations": [bank.id] });
    let publish = async |marking: Value, content: &str| {
        let id = exchange.draft(&cert, marking, content).await.id;
        exchange.publish(&cert, id).await;
        id
    };
    publish(json!({ "tlp": "CLEAR" }), &severe("Low", Tlp::Clear, 1, "moderate")).await;
    publish(json!({ "tlp": "CLEAR" }), &content("Unsaid", Tlp::Clear)).await;
    publish(json!({ "tlp": "AMBER" }), &severe("Own", Tlp::Amber, 1, "critical")).await;
    let high = publish(json!({ "tlp": "CLEAR" }), &severe("High", Tlp::Clear, 1, "important")).await;
    let critical = publish(to_bank.clone(), &severe("Critical", Tlp::Amber, 1, "critical")).await;
    let gone = publish(json!({ "tlp": "CLEAR" }), &severe("Gone", Tlp::Clear, 1, "high")).await;
    assert_eq!(exchange.step(gone, "withdraw", cert.by(R::Publisher)).await.status, 200);

    let shown = alerts(&exchange, member).await;
    let lines: Vec<_> = shown.alerts.iter().map(|alert| (alert.document, alert.severity)).collect();
    assert_eq!((lines, shown.more), (vec![(critical, Severity::Critical), (high, Severity::High)], 0));
    assert!(alerts(&exchange, cert.by(R::Member)).await.alerts.is_empty(), "what is one's own is known");
    assert!(alerts(&exchange, &exchange.somebody().await.credential).await.alerts.is_empty());

    let dismiss = json!({ "document": critical, "revision": 1 });
    for _ in 0..2 {
        assert_eq!(
            exchange.ask("POST", "alerts", member, dismiss.clone()).await.status,
            204,
            "twice is once"
        );
    }
    assert_eq!(alerts(&exchange, member).await.alerts.len(), 1);
    assert_eq!(alerts(&exchange, other).await.alerts.len(), 2, "for oneself only");
    let stranger = exchange.somebody().await;
    let refused = exchange.ask("POST", "alerts", &stranger.credential, dismiss).await;
    assert_eq!(rule(&refused), (404, Rule::BulletinKnown), "nobody learns by it that there is one");

    let said = json!({ "revision": 1, "acknowledgement": "applied" });
    let path = format!("documents/{high}/acknowledgements");
    assert_eq!(exchange.ask("POST", &path, other, said).await.status, 204);
    assert!(alerts(&exchange, member).await.alerts.is_empty(), "one speaks for the organisation");

    // Another revision is news again.
    let begin = json!({ "marking": to_bank, "content": severe("Critical", Tlp::Amber, 2, "critical") });
    let path = format!("documents/{critical}/revisions");
    assert_eq!(exchange.ask("POST", &path, cert.by(R::Author), begin).await.status, 201);
    exchange.publish(&cert, critical).await;
    assert_eq!(alerts(&exchange, member).await.alerts[0].revision, 2);

    for number in 0..4 {
        publish(json!({ "tlp": "CLEAR" }), &severe(&format!("More{number}"), Tlp::Clear, 1, "high")).await;
    }
    let shown = alerts(&exchange, member).await;
    assert_eq!((shown.alerts.len(), shown.more), (3, 2));
}
