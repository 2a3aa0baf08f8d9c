//! Invitations by mail, against a mail server that writes down what it takes.

use std::sync::{Arc, Mutex};

use sabha_policy::{Controls, Tier};
use sabha_protocol::{
    Rule,
    wire::{
        accounts::{AuditAction, AuditPage},
        plans::{Mail, MailKind, MailState, Mails, Plan, Plans},
    },
};
use sabha_server::storage::Tried;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{
    accounts::{Credential, Office, rule},
    plans::ahead,
    server::now_ms,
};

/// A mail server on this machine (RFC 5321). Addresses at `nowhere.example` it refuses for good, those at `later.example`
/// for now.
#[derive(Clone)]
struct MailServer {
    port: u16,
    taken: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { port: listener.local_addr().unwrap().port(), taken: Arc::default() };
        let taken = Arc::clone(&server.taken);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&taken)));
            }
        });
        server
    }

    /// Returns an office whose server sends its mails here.
    async fn office(&self, per_day: u32) -> Office {
        let server = format!("smtp://127.0.0.1:{}", self.port);
        Office::with(move |settings| {
            settings.mail.server = Some(server);
            settings.mail.from = Some("Sabha <meetings@example.org>".to_owned());
            settings.mail.per_account_per_day = per_day;
        })
        .await
    }

    fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

async fn serve(stream: TcpStream, taken: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 ready\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let answer = match line.split(' ').next()?.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" | "MAIL" | "RSET" | "NOOP" => "250 good",
            "RCPT" if line.contains("@nowhere.example") => "550 nobody",
            "RCPT" if line.contains("@later.example") => "451 not now",
            "RCPT" => "250 good",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                    mail.push_str(&line);
                    mail.push('\n');
                }
                taken.lock().unwrap().push(mail);
                "250 taken"
            }
            "QUIT" => return None,
            _ => "502 what?",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}

impl Office {
    async fn mail(&self, credential: &Credential, plan: &Plan, body: &str) -> Vec<Mail> {
        let answer = self.ask("POST", &format!("/api/v1/plans/{}/mails", plan.id), credential, body).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        answer.json::<Mails>().mails
    }

    async fn mails(&self, credential: &Credential, plan: &Plan) -> Vec<Mail> {
        let answer = self.ask("GET", &format!("/api/v1/plans/{}/mails", plan.id), credential, "").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json::<Mails>().mails
    }

    /// Waits until nothing waits.
    async fn all_tried(&self, credential: &Credential, plan: &Plan) -> Vec<Mail> {
        loop {
            let mails = self.mails(credential, plan).await;
            if mails.iter().all(|mail| mail.state != MailState::Waiting) {
                return mails;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn who_is_invited_by_mail_gets_a_link_without_its_secret_and_who_planned_sees_that_it_went() {
    let post = MailServer::start().await;
    let office = post.office(500).await;
    let (_, asha) = office.host().await;
    let plan = office.plan(&asha, &ahead(r#"{"every":"week","count":2}"#)).await;
    let answer = office.ask("GET", "/api/v1/plans", &asha, "").await;
    assert!(answer.json::<Plans>().sends_mail);

    // Twice the same is once.
    let body = r#"{"to":["ravi@example.org","Ravi@example.org","eve@nowhere.example"],"title":"Cabinet"}"#;
    assert_eq!(office.mail(&asha, &plan, body).await.len(), 2);
    let mails = office.all_tried(&asha, &plan).await;
    let states: Vec<_> = mails.iter().map(|mail| (mail.to.as_str(), mail.kind, mail.state)).collect();
    assert_eq!(
        states,
        [
            ("eve@nowhere.example", MailKind::Invitation, MailState::Failed),
            ("ravi@example.org", MailKind::Invitation, MailState::Sent)
        ]
    );
    let [mail] = &post.taken()[..] else { panic!("one was taken") };
    assert!(mail.contains("To: ravi@example.org"), "{mail}");
    let text = mail.replace("=\n", "").replace("=3D", "=");
    for planned in &plan.meetings {
        assert!(text.contains(&format!("/m/{}#v1.mail.", planned.meeting)), "{text}");
    }
    assert!(text.contains("Cabinet"));

    let administrator = office.administrator().await;
    let log = office.ask("GET", "/api/v1/audit", &administrator, "").await.json::<AuditPage>();
    let noted = log.entries.iter().find(|entry| entry.action == AuditAction::MeetingsMailed).unwrap();
    assert_eq!(noted.detail.as_deref(), Some("2"));
    assert!(!format!("{log:?}").contains("ravi"), "the log names nobody who was invited");
}

#[tokio::test]
async fn who_got_an_invitation_is_told_when_it_is_cancelled_and_nobody_else() {
    let post = MailServer::start().await;
    let office = post.office(500).await;
    let (_, asha) = office.host().await;
    let plan = office.plan(&asha, &ahead(r#"{"every":"week","count":2}"#)).await;
    office.mail(&asha, &plan, r#"{"to":["ravi@example.org","eve@nowhere.example"]}"#).await;
    office.all_tried(&asha, &plan).await;

    let path = format!("/api/v1/plans/meetings/{}", plan.meetings[0].meeting);
    assert_eq!(office.ask("DELETE", &path, &asha, "").await.status, 204);
    let mails = office.all_tried(&asha, &plan).await;
    assert_eq!(mails.iter().filter(|mail| mail.kind == MailKind::Cancellation).count(), 1);
    let [_, mail] = &post.taken()[..] else { panic!("two were taken: {:?}", post.taken()) };
    let uids = |mail: &str| mail.matches("BEGIN:VEVENT").count();
    assert_eq!((uids(mail), mail.contains("METHOD:CANCEL")), (1, true), "{mail}");

    assert_eq!(office.ask("DELETE", &format!("/api/v1/plans/{}", plan.id), &asha, "").await.status, 204);
    office.all_tried(&asha, &plan).await;
    assert_eq!(post.taken().len(), 3);
}

#[tokio::test]
async fn what_could_not_be_sent_is_on_disk_and_goes_out_after_a_restart() {
    let post = MailServer::start().await;
    let office = post.office(500).await;
    let (_, asha) = office.host().await;
    let plan = office.plan(&asha, &ahead(r#"{"every":"week","count":2}"#)).await;
    let waiting = office.mail(&asha, &plan, r#"{"to":["ravi@later.example"]}"#).await;
    assert_eq!(waiting[0].state, MailState::Waiting);
    // Tried once, it is due again in a minute.
    let again = loop {
        match office.store.due_mail(now_ms()).await.unwrap() {
            Err(Some(at_ms)) => break at_ms,
            _ => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    };
    assert!((50_000..=60_000).contains(&(again - now_ms())), "{again}");
    let due = office.store.due_mail(again).await.unwrap().unwrap();
    assert_eq!(due.tries, 1);
    office.store.note_mail(due.id, Tried::Again(now_ms())).await.unwrap();

    let other = MailServer::start().await;
    let Office { server, store, .. } = office;
    let crate::server::TestServer { server, directory } = server;
    server.stop().await;
    drop(store);
    let mut settings = crate::server::settings(directory.path());
    settings.mail.server = Some(format!("smtp://127.0.0.1:{}", other.port));
    settings.mail.from = Some("meetings@example.org".to_owned());
    // The second one knows nothing of `later.example` but what the first knew.
    let server = sabha_server::server::Server::start(settings).await.unwrap();
    let store = sabha_server::storage::Store::open(directory.path()).await.unwrap();
    loop {
        if let Err(Some(_)) = store.due_mail(now_ms()).await.unwrap() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let due = store.due_mail(u64::MAX >> 2).await.unwrap().unwrap();
    assert_eq!(due.tries, 3, "it was tried by the new server, with what the old one had stored");
    server.stop().await;
}

#[tokio::test]
async fn nobody_mails_for_another_nor_without_bound_nor_to_what_is_no_address() {
    let post = MailServer::start().await;
    let office = post.office(3).await;
    let (_, asha) = office.host().await;
    let (_, ben) = office.host().await;
    let plan = office.plan(&asha, &ahead(r#"{"every":"week","count":2}"#)).await;
    let path = format!("/api/v1/plans/{}/mails", plan.id);
    let to = r#"{"to":["ravi@example.org"]}"#;
    assert_eq!(rule(&office.ask("POST", &path, &ben, to).await), (404, Rule::AccountKnown));
    assert_eq!(rule(&office.ask("GET", &path, &ben, "").await), (404, Rule::AccountKnown));

    let many: Vec<_> = (0..101).map(|number| format!("\"a{number}@example.org\"")).collect();
    let too_long = format!("{{\"to\":[{}]}}", many.join(","));
    for wrong in [
        r#"{"to":[]}"#,
        r#"{"to":["ravi"]}"#,
        r#"{"to":["ravi@example.org\r\nBcc: eve@example.org"]}"#,
        r#"{"to":["<ravi@example.org>"]}"#,
        r#"{"to":["a,b@example.org"]}"#,
        &too_long,
    ] {
        let answer = office.ask("POST", &path, &asha, wrong).await;
        assert_eq!(rule(&answer).1, Rule::WellFormed, "{wrong}");
    }
    office.mail(&asha, &plan, r#"{"to":["a@example.org","b@example.org"]}"#).await;
    let two = r#"{"to":["c@example.org","d@example.org"]}"#;
    assert_eq!(rule(&office.ask("POST", &path, &asha, two).await), (429, Rule::MailRate));
    office.mail(&asha, &plan, r#"{"to":["c@example.org"]}"#).await;
    office.all_tried(&asha, &plan).await;
    assert_eq!(post.taken().len(), 3);

    let without = Office::open().await;
    let (_, asha) = without.host().await;
    let plan = without.plan(&asha, &ahead(r#"{"every":"week","count":2}"#)).await;
    let path = format!("/api/v1/plans/{}/mails", plan.id);
    assert_eq!(rule(&without.ask("POST", &path, &asha, to).await), (404, Rule::AccountKnown));
}

/// ORG.LINK.PRIVATE
#[tokio::test]
async fn where_only_personal_links_let_in_no_mail_is_sent() {
    let post = MailServer::start().await;
    let office = post.office(500).await;
    let (_, asha) = office.host().await;
    let plan = office.plan(&asha, &ahead(r#"{"every":"week","count":2}"#)).await;
    let mut floor = Controls::of(Tier::Medium);
    floor.set_named("ORG.LINK.PRIVATE", "personal").unwrap();
    office.store.apply_floor(&floor, "asha", "a test").await.unwrap();

    let path = format!("/api/v1/plans/{}/mails", plan.id);
    let answer = office.ask("POST", &path, &asha, r#"{"to":["ravi@example.org"]}"#).await;
    assert_eq!(rule(&answer), (403, Rule::LinkPrivate));
    assert!(office.mails(&asha, &plan).await.is_empty());
}

#[tokio::test]
async fn who_was_invited_is_in_no_file_a_day_after_the_last_meeting() {
    let post = MailServer::start().await;
    let office = post.office(500).await;
    let (_, asha) = office.host().await;
    let plan = office.plan(&asha, &ahead(r#"{"every":"week","count":2}"#)).await;
    office.mail(&asha, &plan, r#"{"to":["ravi@example.org"],"title":"Cabinet"}"#).await;
    office.all_tried(&asha, &plan).await;
    let holds = |text: &str| {
        let files = std::fs::read_dir(office.server.directory.path()).unwrap();
        files
            .filter_map(|file| std::fs::read(file.unwrap().path()).ok())
            .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    assert!(holds("ravi@example.org"));
    let last = plan.meetings[1].times.ends_ms;
    let day = 24 * 60 * 60 * 1000;
    office.store.forget(0, last + day - 1000).await.unwrap();
    office.store.fold().await.unwrap();
    assert!(holds("ravi@example.org"));
    office.store.forget(0, last + day + 1000).await.unwrap();
    office.store.fold().await.unwrap();
    assert!(!holds("ravi@example.org"));
}
