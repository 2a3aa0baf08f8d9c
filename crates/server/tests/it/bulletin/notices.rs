//! Who is told of what by mail, how much of it, and when.

use std::time::Duration;

use sabha_advisory::Tlp;
use sabha_protocol::{
    Rule,
    bulletin::{BulletinRole as R, DocumentId},
    wire::bulletin_notices::{NoticeMode, NoticeSettings, NoticeTrouble},
};
use sabha_server::storage::FILE_NAME;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{Exchange, Someone, Staff, content, fitting, revised, with_provider};
use crate::{
    accounts::{Office, rule},
    client::PATIENCE,
    mail::MailServer,
    server::now_ms,
};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// An exchange whose server sends its mails to one that writes them down.
pub struct Telling {
    pub exchange: Exchange,
    pub post: MailServer,
}

impl Telling {
    pub async fn open() -> Self {
        let post = MailServer::start().await;
        let url = post.url();
        let office = Office::with(move |settings| {
            with_provider(settings);
            settings.mail.server = Some(url);
            settings.mail.from = Some("Sabha <bulletin@example.org>".to_owned());
            settings.bulletin.webhooks.networks = vec!["127.0.0.0/8".parse().unwrap()];
        })
        .await;
        Self { exchange: Exchange::of(office).await, post }
    }

    /// Opens the server's database beside it.
    pub async fn database(&self) -> SqliteConnection {
        let file = self.exchange.office.server.directory.path().join(FILE_NAME);
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(5));
        options.connect().await.unwrap()
    }

    /// Gives somebody an address, and has them told as they choose.
    pub async fn tell(&self, who: &Someone, address: &str, chosen: Value) {
        sqlx::query("UPDATE users SET email = $2 WHERE id = $1")
            .bind(&who.user.as_bytes()[..])
            .bind(address)
            .execute(&mut self.database().await)
            .await
            .unwrap();
        let done = self.exchange.ask("PUT", "notices", &who.credential, chosen).await;
        assert_eq!(done.status, 200, "{}", done.body);
    }

    pub async fn chosen(&self, who: &Someone) -> NoticeSettings {
        self.exchange.get("notices", &who.credential).await.json()
    }

    /// Waits until all that is announced is told, but for what waits for its hour or for another try.
    pub async fn quiet(&self) {
        let mut database = self.database().await;
        let told = async {
            loop {
                let open: bool = sqlx::query_scalar(
                    "SELECT EXISTS (SELECT 1 FROM announcements WHERE phase < 2)
                     OR EXISTS (SELECT 1 FROM notices WHERE due_ms <= $1)",
                )
                .bind(i64::try_from(now_ms()).unwrap())
                .fetch_one(&mut database)
                .await
                .unwrap();
                if !open {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE * 3, told).await.expect("it is told");
    }

    /// Returns the mails to an address, without the soft ends of their lines.
    pub fn mails_to(&self, address: &str) -> Vec<String> {
        let to = format!("To: {address}\n");
        self.post.taken().iter().filter(|mail| mail.contains(&to)).map(|mail| plain(mail)).collect()
    }

    /// Returns how many notices were made of which nobody was told in the end.
    pub async fn closed(&self) -> i64 {
        let closed = "SELECT count(*) FROM notices WHERE state = 'closed'";
        sqlx::query_scalar(closed).fetch_one(&mut self.database().await).await.unwrap()
    }

    pub async fn published(&self, staff: &Staff, marking: Value, content: &str) -> DocumentId {
        let id = self.exchange.draft(staff, marking, content).await.id;
        self.exchange.publish(staff, id).await;
        id
    }
}

/// Undoes quoted-printable as far as these tests need, and folds headers back.
pub fn plain(mail: &str) -> String {
    mail.replace("=\n", "").replace("=3D", "=").replace("\n ", " ")
}

pub fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let start = format!("{name}: ");
    mail.lines()
        .find_map(|line| line.strip_prefix(start.as_str()))
        .unwrap_or_else(|| panic!("{name} in {mail}"))
}

pub fn immediate() -> Value {
    json!({ "mode": "immediate", "hour": 6, "publishers": [] })
}

fn severe(content: &str, word: &str) -> String {
    let severity = format!("\"aggregate_severity\":{{\"text\":\"{word}\"}},\"category\":\"csaf_base\"");
    content.replacen("\"category\":\"csaf_base\"", &severity, 1)
}

#[tokio::test]
async fn readers_are_told_as_they_chose_and_only_of_what_they_may_read() {
    let telling = Telling::open().await;
    let (cert, bank) = (telling.exchange.staff("CERT").await, telling.exchange.staff("Bank").await);
    let of = |staff: &Staff, role| staff.of_role[&role].clone();
    let (reader, outsider) = (of(&bank, R::Member), telling.exchange.somebody().await);
    assert_eq!(telling.chosen(&reader).await.mode, NoticeMode::None, "nobody is told who did not ask");
    let refused = telling.exchange.ask("PUT", "notices", &reader.credential, immediate()).await;
    assert_eq!(rule(&refused), (400, Rule::WellFormed), "without an address there is nothing to choose");
    telling.tell(&reader, "ravi@example.org", immediate()).await;
    telling.tell(&outsider, "eve@example.org", immediate()).await;
    let only_cert = json!({ "mode": "immediate", "hour": 0, "severity": "high", "publishers": [cert.id] });
    telling.tell(&of(&bank, R::Author), "urgent@example.org", only_cert).await;

    let to_bank = |tlp: &str| json!({ "tlp": tlp, "organisations": [bank.id] });
    let clear = json!({ "tlp": "CLEAR" });
    let pump = telling.published(&cert, clear.clone(), &fitting("Pump", &clear)).await;
    let valve =
        telling.published(&cert, to_bank("AMBER"), &severe(&content("Valve", Tlp::Amber), "High")).await;
    let own = telling.published(&cert, json!({ "tlp": "AMBER" }), &content("Own", Tlp::Amber)).await;
    let red =
        json!({ "tlp": "RED", "persons": [reader.user, cert.user(R::Reviewer), cert.user(R::Publisher)] });
    let red = telling.published(&cert, red, &content("Secret", Tlp::Red)).await;
    let bolt = telling.published(&bank, clear.clone(), &severe(&fitting("Bolt", &clear), "Critical")).await;
    telling.quiet().await;

    let [first, second, third, fourth] = &telling.mails_to("ravi@example.org")[..] else {
        panic!("four to Ravi: {:?}", telling.mails_to("ravi@example.org"))
    };
    assert_eq!(header(first, "Subject"), "[TLP:CLEAR] New advisory: Pump");
    assert!(first.contains("Summary of Pump") && first.contains(&format!("/bulletin/{pump}")), "{first}");
    assert!(header(first, "List-Unsubscribe").ends_with("/bulletin/desk#notices>"), "{first}");
    assert_eq!(header(second, "X-TLP"), "TLP:AMBER");
    assert_eq!(header(second, "Subject"), "[TLP:AMBER] There is a new advisory for you");
    assert!(!second.contains("Valve") && second.contains(&format!("#document/{valve}")), "{second}");
    assert_eq!(header(third, "X-TLP"), "TLP:RED");
    for word in ["Secret", &red.to_string(), "advisory", "CERT"] {
        assert!(!third.contains(word), "{word} in {third}");
    }
    assert!(fourth.contains("Bolt"), "{fourth}");
    let everything = telling.post.taken().concat();
    assert!(!everything.contains("Own") && !everything.contains(&own.to_string()));
    assert_eq!(telling.mails_to("eve@example.org").len(), 2, "everybody is told of what is CLEAR");
    let [urgent] = &telling.mails_to("urgent@example.org")[..] else { panic!("one is high and of CERT") };
    assert!(urgent.contains(&valve.to_string()) && !urgent.contains(&bolt.to_string()), "{urgent}");

    // Need to know was asked when notices were made, and not only when they were sent.
    assert_eq!(telling.closed().await, 0);

    // A revision and a withdrawal are told as such, each once.
    let begin = json!({ "marking": clear, "content": revised("Pump", Tlp::Clear, "TEST-Pump", 2) });
    let path = format!("documents/{pump}/revisions");
    assert_eq!(telling.exchange.ask("POST", &path, cert.by(R::Author), begin).await.status, 201);
    telling.exchange.publish(&cert, pump).await;
    assert_eq!(telling.exchange.step(pump, "withdraw", cert.by(R::Publisher)).await.status, 200);
    telling.quiet().await;
    let subjects: Vec<_> =
        telling.mails_to("eve@example.org").iter().map(|mail| header(mail, "Subject").to_owned()).collect();
    assert_eq!(subjects[2..], ["[TLP:CLEAR] Revised advisory: Pump", "[TLP:CLEAR] Withdrawn advisory: Pump"]);
}

#[tokio::test]
async fn who_loses_clearance_or_wants_no_more_before_a_mail_goes_gets_none() {
    let telling = Telling::open().await;
    let (cert, bank) = (telling.exchange.staff("CERT").await, telling.exchange.staff("Bank").await);
    let digest = json!({ "mode": "digest", "hour": 6, "publishers": [] });
    let someone = |role| bank.of_role[&role].clone();
    let (leaving, staying, quitting) = (someone(R::Member), someone(R::Auditor), someone(R::Author));
    for (who, address) in
        [(&leaving, "a@example.org"), (&staying, "b@example.org"), (&quitting, "c@example.org")]
    {
        telling.tell(who, address, digest.clone()).await;
    }
    let marking = json!({ "tlp": "GREEN", "organisations": [bank.id] });
    telling.published(&cert, marking.clone(), &content("Pump", Tlp::Green)).await;
    telling.published(&cert, marking, &content("Valve", Tlp::Green)).await;
    telling.quiet().await;
    assert!(telling.post.taken().is_empty(), "a digest waits for its hour");
    let mut database = telling.database().await;
    let hours: Vec<i64> = sqlx::query_scalar("SELECT DISTINCT due_ms / 3600000 % 24 FROM notices")
        .fetch_all(&mut database)
        .await
        .unwrap();
    assert_eq!(hours, [6]);

    let path = format!("memberships/{}", leaving.user);
    let left = telling.exchange.ask("DELETE", &path, &telling.exchange.administrator, Value::Null).await;
    assert_eq!(left.status, 204);
    let none = json!({ "mode": "none", "hour": 6, "publishers": [] });
    assert_eq!(telling.exchange.ask("PUT", "notices", &quitting.credential, none).await.status, 200);
    sqlx::query("UPDATE notices SET due_ms = due_ms - $1")
        .bind(DAY_MS as i64)
        .execute(&mut database)
        .await
        .unwrap();
    // Something else is published, so that the queue looks again.
    telling.published(&cert, json!({ "tlp": "AMBER" }), &content("Own", Tlp::Amber)).await;
    telling.quiet().await;

    let [mail] = &telling.post.taken()[..] else { panic!("one digest: {:?}", telling.post.taken()) };
    let mail = plain(mail);
    assert!(mail.contains("To: b@example.org"), "{mail}");
    assert_eq!(header(&mail, "Subject"), "[TLP:GREEN] Bulletin: 2 to read");
    assert!(mail.contains("Pump") && mail.contains("Valve"), "{mail}");
    let states: Vec<(String, Option<String>)> =
        sqlx::query_as("SELECT state, why FROM notices GROUP BY user, state, why ORDER BY state, why")
            .fetch_all(&mut database)
            .await
            .unwrap();
    let state = |state: &str, why: Option<&str>| (state.to_owned(), why.map(str::to_owned));
    assert_eq!(
        states,
        [state("closed", Some("clearance")), state("closed", Some("unwanted")), state("sent", None)]
    );
    assert_eq!(
        telling.chosen(&leaving).await.trouble,
        None,
        "they are not even told that there was something"
    );
}

#[tokio::test]
async fn a_mail_that_is_not_taken_is_tried_again_under_its_id_and_given_up_in_the_end() {
    let telling = Telling::open().await;
    let cert = telling.exchange.staff("CERT").await;
    let (later, never) = (cert.of_role[&R::Member].clone(), cert.of_role[&R::Auditor].clone());
    telling.tell(&later, "ravi@later.example", immediate()).await;
    telling.tell(&never, "ravi@nowhere.example", immediate()).await;
    let clear = json!({ "tlp": "CLEAR" });
    telling.published(&cert, clear.clone(), &fitting("Pump", &clear)).await;
    telling.quiet().await;
    let mut database = telling.database().await;
    let waiting = "SELECT tries, due_ms, lower(hex(message)) FROM notices WHERE state = 'waiting'";
    let (tries, due_ms, id): (u32, i64, String) =
        sqlx::query_as(waiting).fetch_one(&mut database).await.unwrap();
    assert_eq!(tries, 1);
    let wait_ms = due_ms - i64::try_from(now_ms()).unwrap();
    assert!((50_000..=60_000).contains(&wait_ms), "{wait_ms}");
    assert_eq!(telling.chosen(&never).await.trouble, Some(NoticeTrouble::Mail));
    assert_eq!(telling.chosen(&later).await.trouble, None);

    // Once more it is the same, and then the address is a good one.
    sqlx::query("UPDATE users SET email = 'ravi@example.org' WHERE email = 'ravi@later.example'")
        .execute(&mut database)
        .await
        .unwrap();
    sqlx::query("UPDATE notices SET due_ms = 1 WHERE due_ms IS NOT NULL")
        .execute(&mut database)
        .await
        .unwrap();
    telling.published(&cert, clear.clone(), &fitting("Valve", &clear)).await;
    telling.quiet().await;
    let mails = telling.mails_to("ravi@example.org");
    let [first, _] = &mails[..] else { panic!("both are told: {mails:?}") };
    assert!(header(first, "Message-ID").contains(&id), "{first}");

    sqlx::query("UPDATE users SET email = 'ravi@later.example' WHERE email = 'ravi@example.org'")
        .execute(&mut database)
        .await
        .unwrap();
    telling.published(&cert, clear.clone(), &fitting("Bolt", &clear)).await;
    telling.quiet().await;
    sqlx::query("UPDATE notices SET tries = 11, due_ms = 1 WHERE due_ms IS NOT NULL")
        .execute(&mut database)
        .await
        .unwrap();
    telling.published(&cert, json!({ "tlp": "AMBER" }), &content("Nut", Tlp::Amber)).await;
    telling.quiet().await;
    let failed = "SELECT count(*) FROM notices WHERE state = 'failed' AND tries = 12";
    assert_eq!(sqlx::query_scalar::<_, i64>(failed).fetch_one(&mut database).await.unwrap(), 1);
}

#[tokio::test]
async fn what_was_told_is_forgotten_after_a_month_and_with_its_account() {
    let telling = Telling::open().await;
    let cert = telling.exchange.staff("CERT").await;
    let member = cert.of_role[&R::Member].clone();
    telling.tell(&member, "ravi@example.org", immediate()).await;
    telling.tell(&cert.of_role[&R::Auditor].clone(), "asha@example.org", immediate()).await;
    let clear = json!({ "tlp": "CLEAR" });
    telling.published(&cert, clear.clone(), &fitting("Pump", &clear)).await;
    telling.quiet().await;
    let mut database = telling.database().await;
    let count = "SELECT count(*) FROM notices";
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut database).await.unwrap(), 2);
    let path = format!("/api/v1/users/{}", member.user);
    let removed = telling.exchange.office.ask("DELETE", &path, &telling.exchange.administrator, "").await;
    assert_eq!(removed.status, 204, "{}", removed.body);
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut database).await.unwrap(), 1);
    let store = &telling.exchange.office.store;
    store.forget(0, now_ms() + 29 * DAY_MS).await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut database).await.unwrap(), 1);
    store.forget(0, now_ms() + 31 * DAY_MS).await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut database).await.unwrap(), 0);
}

#[tokio::test]
async fn what_cannot_be_chosen_is_refused_and_without_a_mail_server_nothing_can_be() {
    let telling = Telling::open().await;
    let cert = telling.exchange.staff("CERT").await;
    let member = cert.of_role[&R::Member].clone();
    telling.tell(&member, "ravi@example.org", immediate()).await;
    let nobody = "a".repeat(26);
    let many: Vec<_> = (0..65).map(|_| cert.id).collect();
    for wrong in [
        json!({ "mode": "digest", "hour": 24, "publishers": [] }),
        json!({ "mode": "hourly", "hour": 1, "publishers": [] }),
        json!({ "mode": "digest", "hour": 1, "publishers": [nobody] }),
        json!({ "mode": "digest", "hour": 1, "publishers": many }),
        json!({ "mode": "digest", "hour": 1, "publishers": [], "severity": "grave" }),
    ] {
        let answer = telling.exchange.ask("PUT", "notices", &member.credential, wrong.clone()).await;
        assert!(matches!(answer.status, 400 | 422), "{wrong}: {}", answer.status);
    }
    assert_eq!(telling.chosen(&member).await.mode, NoticeMode::Immediate, "nothing was changed");
    let twice = json!({ "mode": "digest", "hour": 23, "publishers": [cert.id, cert.id] });
    assert_eq!(telling.exchange.ask("PUT", "notices", &member.credential, twice).await.status, 200);
    assert_eq!(telling.chosen(&member).await.publishers, [cert.id]);

    let exchange = Exchange::open().await;
    let someone = exchange.somebody().await;
    let refused = exchange.ask("PUT", "notices", &someone.credential, immediate()).await;
    assert_eq!(rule(&refused), (400, Rule::WellFormed));
    assert!(!exchange.get("notices", &someone.credential).await.json::<NoticeSettings>().sends_mail);
}
