//! Invitations by mail, against a mail server that writes down what it takes.

use std::{
    path::Path,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use sabha_policy::{Controls, Tier};
use sabha_protocol::{
    Rule,
    wire::{
        accounts::{AuditAction, AuditPage},
        plans::{Mail, MailKind, MailState, MailTrouble, Mails, Plan, Plans},
    },
};
use sabha_server::storage::Tried;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, Lines},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    accounts::{Credential, Office, rule},
    client::PATIENCE,
    plans::ahead,
    server::now_ms,
};

/// What a mail server keeps of what it hears.
pub type Noted = Arc<Mutex<Vec<String>>>;

/// A mail server on this machine (RFC 5321). Addresses at `nowhere.example` it refuses for good, those at `later.example`
/// for now.
#[derive(Clone)]
pub struct MailServer {
    port: u16,
    taken: Noted,
    /// Whether it has what it was sent, and does not say so yet.
    pub is_slow: Arc<AtomicBool>,
}

impl MailServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, taken: Arc::default(), is_slow: Arc::default() };
        let (taken, is_slow) = (Arc::clone(&server.taken), Arc::clone(&server.is_slow));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve_slowly(stream, Arc::clone(&taken), Arc::clone(&is_slow)));
            }
        });
        server
    }

    /// Returns where it is, as a setting.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Returns an office whose server sends its mails here.
    async fn office(&self, per_day: u32) -> Office {
        let server = self.url();
        Office::with(move |settings| {
            settings.mail.server = Some(server);
            settings.mail.from = Some("Sabha <meetings@example.org>".to_owned());
            settings.mail.per_account_per_day = per_day;
        })
        .await
    }

    pub fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite, taken: Noted) -> Option<()> {
    serve_slowly(stream, taken, Arc::default()).await
}

async fn serve_slowly(
    stream: impl AsyncRead + AsyncWrite,
    taken: Noted,
    is_slow: Arc<AtomicBool>,
) -> Option<()> {
    let (read, write) = tokio::io::split(stream);
    let (mut lines, mut write) = (BufReader::new(read).lines(), pin!(write));
    write.write_all(b"220 ready\r\n").await.ok()?;
    answer(&mut lines, &mut write, taken, &is_slow).await
}

/// Answers what comes.
async fn answer<R: AsyncBufRead + Unpin>(
    lines: &mut Lines<R>,
    write: &mut (impl AsyncWrite + Unpin),
    taken: Noted,
    is_slow: &AtomicBool,
) -> Option<()> {
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
                while is_slow.load(Ordering::Relaxed) {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
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

/// What certifies servers, such as an organisation has of its own.
pub struct Authority {
    certificate: rcgen::Certificate,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap();
        Self { certificate, issuer: rcgen::Issuer::new(parameters, key) }
    }

    /// Writes the certificate down as administrators have it.
    pub fn write(&self, file: &Path) {
        let text = data_encoding::BASE64.encode(self.certificate.der());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        std::fs::write(file, pem).unwrap();
    }

    /// Returns what speaks TLS as `name`.
    pub fn certify(&self, name: &str) -> TlsAcceptor {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// How a mail server speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    /// It does not.
    Never,
    /// Once it is asked to (RFC 3207).
    Start,
    /// From the first byte (RFC 8314).
    Whole,
}

/// A mail server on an address of its own, since this machine's own name needs no TLS. What it hears in the clear it notes.
struct TlsMailServer {
    port: u16,
    taken: Noted,
    clear: Noted,
}

const ELSEWHERE: &str = "127.0.0.2";

impl TlsMailServer {
    async fn start(how: Tls, acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind((ELSEWHERE, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, taken: Arc::default(), clear: Arc::default() };
        let (taken, clear) = (Arc::clone(&server.taken), Arc::clone(&server.clear));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, taken, clear) = (acceptor.clone(), Arc::clone(&taken), Arc::clone(&clear));
                tokio::spawn(async move {
                    match how {
                        Tls::Whole => serve(acceptor.accept(stream).await.ok()?, taken).await,
                        _ => serve_in_the_clear(stream, how, acceptor, (taken, clear)).await,
                    }
                });
            }
        });
        server
    }

    /// Has one mail sent to this server by one that trusts the authorities in a file, and returns what became of it.
    async fn tried(&self, how: Tls, authorities: &Authority) -> Mail {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("authorities.pem");
        authorities.write(&file);
        let scheme = if how == Tls::Whole { "smtps" } else { "smtp" };
        let server = format!("{scheme}://{ELSEWHERE}:{}", self.port);
        let office = Office::with(move |settings| {
            settings.mail.server = Some(server);
            settings.mail.from = Some("Sabha <meetings@example.org>".to_owned());
            settings.mail.ca_file = Some(file);
        })
        .await;
        let (_, asha) = office.host().await;
        let plan = office.plan(&asha, &ahead(r#"{"every":"week","count":2}"#)).await;
        office.mail(&asha, &plan, r#"{"to":["ravi@example.org"]}"#).await;
        loop {
            let mail = office.mails(&asha, &plan).await.remove(0);
            if mail.state != MailState::Waiting || mail.trouble.is_some() {
                return mail;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

async fn serve_in_the_clear(
    stream: TcpStream,
    how: Tls,
    acceptor: TlsAcceptor,
    (taken, clear): (Noted, Noted),
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 ready\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        clear.lock().unwrap().push(line.trim_end().to_owned());
        match line.split_whitespace().next()? {
            "EHLO" if how == Tls::Start => stream.write_all(b"250-good\r\n250 STARTTLS\r\n").await.ok()?,
            "STARTTLS" if how == Tls::Start => {
                stream.write_all(b"220 go on\r\n").await.ok()?;
                let (read, mut write) = tokio::io::split(acceptor.accept(stream.into_inner()).await.ok()?);
                let (mut lines, is_slow) = (BufReader::new(read).lines(), AtomicBool::new(false));
                return answer(&mut lines, &mut write, taken, &is_slow).await;
            }
            _ => stream.write_all(b"250 good\r\n").await.ok()?,
        }
    }
}

#[tokio::test]
async fn mail_goes_over_tls_to_who_the_organisations_own_authority_certifies() {
    let authority = Authority::new();
    for how in [Tls::Whole, Tls::Start] {
        let post = TlsMailServer::start(how, authority.certify(ELSEWHERE)).await;
        let mail = post.tried(how, &authority).await;
        assert_eq!((mail.state, mail.trouble), (MailState::Sent, None), "{how:?}");
        assert!(post.taken.lock().unwrap()[0].contains("To: ravi@example.org"));
        let clear = post.clear.lock().unwrap().clone();
        assert!(clear.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS"), "{clear:?}");
    }
}

#[tokio::test]
async fn mail_goes_to_nobody_else_nor_in_the_clear_and_who_sends_it_is_told_why() {
    let authority = Authority::new();
    for (how, acceptor, trouble) in [
        (Tls::Whole, authority.certify("127.0.0.3"), MailTrouble::Certificate),
        (Tls::Start, authority.certify("mail.example.org"), MailTrouble::Certificate),
        (Tls::Whole, Authority::new().certify(ELSEWHERE), MailTrouble::Certificate),
        (Tls::Start, Authority::new().certify(ELSEWHERE), MailTrouble::Certificate),
        (Tls::Never, authority.certify(ELSEWHERE), MailTrouble::NoTls),
    ] {
        let post = TlsMailServer::start(how, acceptor).await;
        let mail = post.tried(how, &authority).await;
        assert_eq!((mail.state, mail.trouble), (MailState::Waiting, Some(trouble)), "{how:?}");
        assert!(post.taken.lock().unwrap().is_empty());
        let clear = post.clear.lock().unwrap().clone();
        let says_nothing =
            |line: &String| ["EHLO", "STARTTLS", "QUIT"].iter().any(|word| line.starts_with(word));
        assert!(clear.iter().all(says_nothing), "{clear:?}");
    }
    // Nor does it talk to one that is not there.
    let gone = TcpListener::bind((ELSEWHERE, 0)).await.unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let nobody = TlsMailServer { port, taken: Arc::default(), clear: Arc::default() };
    assert_eq!(nobody.tried(Tls::Whole, &authority).await.trouble, Some(MailTrouble::Unreachable));
}

#[tokio::test]
async fn who_was_invited_is_told_when_whoever_planned_is_removed() {
    let post = MailServer::start().await;
    let office = post.office(500).await;
    let (user, asha) = office.host().await;
    let plan = office.plan(&asha, &ahead(r#"{"every":"week","count":2}"#)).await;
    let to = r#"{"to":["ravi@example.org","eve@nowhere.example"],"title":"Cabinet"}"#;
    office.mail(&asha, &plan, to).await;
    office.all_tried(&asha, &plan).await;
    // One of them was cancelled before, which Ravi knows already.
    let path = format!("/api/v1/plans/meetings/{}", plan.meetings[0].meeting);
    assert_eq!(office.ask("DELETE", &path, &asha, "").await.status, 204);
    office.all_tried(&asha, &plan).await;
    assert_eq!(post.taken().len(), 2);

    let administrator = office.administrator().await;
    let path = format!("/api/v1/users/{user}");
    assert_eq!(office.ask("DELETE", &path, &administrator, "").await.status, 204);
    let told = async {
        while !matches!(office.store.due_mail(u64::MAX >> 2).await.unwrap(), Err(None)) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("it is told, and then nothing is left of it");
    let [_, _, mail] = &post.taken()[..] else { panic!("three were taken: {:?}", post.taken()) };
    assert!(mail.contains("To: ravi@example.org") && mail.contains("METHOD:CANCEL"), "{mail}");
    assert_eq!(mail.matches("BEGIN:VEVENT").count(), 1, "the one that was still to come");
    assert!(mail.contains(&format!("UID:{}", plan.meetings[1].meeting)), "{mail}");
    let name = "Ben";
    assert!(!mail.contains(name), "who was removed is named to nobody: {mail}");

    // Somebody who reads at that moment is in the way: the server folds, too.
    let folded = async { while !office.store.fold().await.unwrap() {} };
    tokio::time::timeout(PATIENCE, folded).await.unwrap();
    for file in std::fs::read_dir(office.server.directory.path()).unwrap() {
        let Ok(bytes) = std::fs::read(file.unwrap().path()) else { continue };
        let held = bytes.windows(16).any(|window| window == b"ravi@example.org");
        assert!(!held, "who was told is erased");
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
    office
        .store
        .note_mail(due.id, Tried::Again { at_ms: now_ms(), trouble: MailTrouble::Later })
        .await
        .unwrap();

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
