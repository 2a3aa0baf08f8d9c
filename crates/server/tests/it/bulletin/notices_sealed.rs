//! Mails that are encrypted to their readers, opened by GnuPG, and keys that are refused.

use std::{
    path::Path,
    process::{Command, Output},
};

use sabha_advisory::Tlp;
use sabha_protocol::{Rule, bulletin::BulletinRole as R, wire::bulletin_notices::NoticeTrouble};
use serde_json::json;

use super::{
    content, fitting,
    notices::{Telling, header, immediate, plain},
};
use crate::{
    accounts::rule,
    server::{Response, request},
};

/// GnuPG with a home of its own.
struct Gpg {
    home: tempfile::TempDir,
}

impl Gpg {
    /// Returns `None` where it is not installed, which it is in CI.
    fn start() -> Option<Self> {
        // What it listens on has a short path.
        let home = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap();
        if Command::new("gpg").arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "gpg is missing: scripts/setup.sh test installs it");
            println!("skipped: gpg is missing");
            return None;
        }
        std::fs::set_permissions(home.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        Some(Self { home })
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(self.home.path());
        command.args(["--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]);
        command.args(arguments).output().unwrap()
    }

    fn good(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Makes a key and returns it as people give it to others.
    fn key(&self, name: &str, more: &[&str]) -> String {
        self.good(&[&["--quick-generate-key", name], more].concat());
        self.export(name)
    }

    /// Makes a key of RSA, whose parts have to be made one by one.
    fn rsa_key(&self, name: &str) -> String {
        self.key(name, &["rsa3072", "sign", "never"]);
        self.good(&["--quick-add-key", &self.fingerprint(name), "rsa3072", "encr", "never"]);
        self.export(name)
    }

    fn fingerprint(&self, name: &str) -> String {
        let listed = String::from_utf8(self.good(&["--with-colons", "--fingerprint", name])).unwrap();
        let line = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::"));
        line.unwrap().trim_matches(':').to_owned()
    }

    fn export(&self, name: &str) -> String {
        String::from_utf8(self.good(&["--armor", "--export", name])).unwrap()
    }

    /// Opens the encrypted part of a mail.
    fn open(&self, mail: &str) -> String {
        let begin =
            mail.find("-----BEGIN PGP MESSAGE-----").unwrap_or_else(|| panic!("not encrypted: {mail}"));
        let end = "-----END PGP MESSAGE-----";
        let armour = &mail[begin..mail.find(end).unwrap() + end.len()];
        let file = self.path("mail.asc");
        std::fs::write(&file, armour).unwrap();
        plain(&String::from_utf8(self.good(&["--decrypt", &file])).unwrap().replace("\r\n", "\n"))
    }

    fn path(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ =
            Command::new("gpgconf").arg("--homedir").arg(self.home.path()).args(["--kill", "all"]).output();
    }
}

/// Gives a key as somebody.
async fn give(telling: &Telling, cookie: &str, key: &str) -> Response {
    let address = telling.exchange.office.server.address();
    let own = format!("http://{address}");
    let headers = [("content-type", "application/pgp-keys"), ("origin", own.as_str()), ("cookie", cookie)];
    request(address, "PUT", "/api/v1/bulletin/notices/key", &headers, key).await
}

#[tokio::test]
async fn a_mail_to_who_has_given_a_key_is_opened_by_gnupg_and_says_its_title_inside_only() {
    let Some(gpg) = Gpg::start() else { return };
    let telling = Telling::open().await;
    let cert = telling.exchange.staff("CERT").await;
    let keys = [
        (R::Member, "a@example.org", gpg.key("a@example.org", &["future-default", "default", "2y"])),
        (R::Auditor, "b@example.org", gpg.rsa_key("b@example.org")),
    ];
    for (role, address, key) in &keys {
        telling.tell(&cert.of_role[role].clone(), address, immediate()).await;
        let given = give(&telling, cert.by(*role).cookie_text(), key).await;
        assert_eq!(given.status, 200, "{}", given.body);
        let shown = telling.chosen(&cert.of_role[role]).await.key.unwrap();
        assert_eq!((shown.holds, shown.fingerprint), (true, gpg.fingerprint(address)));
        assert_eq!(shown.expires_ms.is_some(), *role == R::Member);
    }
    telling.published(&cert, json!({ "tlp": "AMBER+STRICT" }), &content("Valve", Tlp::AmberStrict)).await;
    let persons = [cert.user(R::Member), cert.user(R::Reviewer), cert.user(R::Publisher)];
    let red = json!({ "tlp": "RED", "persons": persons });
    telling.published(&cert, red, &content("Secret", Tlp::Red)).await;
    telling.quiet().await;
    for (_, address, _) in &keys {
        let mail = &telling.mails_to(address)[0];
        assert_eq!(header(mail, "X-TLP"), "TLP:AMBER+STRICT");
        let kind = header(mail, "Content-Type");
        assert!(
            kind.starts_with("multipart/encrypted")
                && kind.contains("protocol=\"application/pgp-encrypted\""),
            "{kind}"
        );
        assert!(mail.contains("application/pgp-encrypted\n") && mail.contains("Version: 1"), "{mail}");
        assert!(!mail.contains("Valve"), "{mail}");
        let inside = gpg.open(mail);
        assert!(inside.starts_with("Content-Type: text/plain; charset=utf-8"), "{inside}");
        assert!(inside.contains("New advisory: Valve") && !inside.contains("Summary of Valve"), "{inside}");
    }
    let inside = gpg.open(&telling.mails_to("a@example.org")[1]);
    assert!(inside.contains("There is something for you") && !inside.contains("Secret"), "{inside}");

    // Taken back, the mail is open again and says less.
    let member = cert.by(R::Member);
    assert_eq!(telling.exchange.ask("DELETE", "notices/key", member, json!(null)).await.status, 204);
    telling.published(&cert, json!({ "tlp": "AMBER" }), &content("Bolt", Tlp::Amber)).await;
    telling.quiet().await;
    let open = &telling.mails_to("a@example.org")[2];
    assert!(open.contains("There is a new advisory for you") && !open.contains("Bolt"), "{open}");
}

/// BULLETIN.KEY
#[tokio::test]
async fn a_key_that_does_not_hold_is_refused_and_says_why() {
    let Some(gpg) = Gpg::start() else { return };
    let telling = Telling::open().await;
    let someone = telling.exchange.somebody().await;
    let cookie = someone.credential.cookie_text().to_owned();
    let good = gpg.key("good@example.org", &["future-default", "default", "never"]);
    let past = ["--faked-system-time", "20200101T000000", "--quick-generate-key"];
    gpg.good(&[&past[..], &["old@example.org", "future-default", "default", "1y"]].concat());
    let expired = gpg.export("old@example.org");
    let signing = gpg.key("sign@example.org", &["ed25519", "sign", "never"]);
    let weak = gpg.key("weak@example.org", &["rsa1024", "default", "never"]);
    let several =
        String::from_utf8(gpg.good(&["--armor", "--export", "good@example.org", "sign@example.org"]))
            .unwrap();
    let secret =
        String::from_utf8(gpg.good(&["--armor", "--export-secret-keys", "good@example.org"])).unwrap();
    let revoked = revoked(&gpg);
    let subkey = subkey_expired(&gpg);
    let middle = good.len() / 2;
    let broken = format!("{}AAAA{}", &good[..middle], &good[middle + 4..]);
    for (key, why) in [
        (expired.as_str(), "expired"),
        (&signing, "no part for encryption"),
        (&weak, "too weak"),
        (&several, "several"),
        (&secret, "secret key"),
        (&revoked, "revoked"),
        (&subkey, "expired"),
        ("hello", "no OpenPGP public key"),
        ("", "no OpenPGP public key"),
    ] {
        let answer = give(&telling, &cookie, key).await;
        assert_eq!(rule(&answer), (400, Rule::BulletinKey), "{why}");
        assert!(answer.body.contains(why), "{why}: {}", answer.body);
    }
    // A bit that fell over is in some signature or other, and then that part counts for nothing.
    let answer = give(&telling, &cookie, &broken).await;
    assert_eq!(rule(&answer), (400, Rule::BulletinKey), "{}", answer.body);
    let long = give(&telling, &cookie, &format!("{good}\n{}", "x".repeat(70_000))).await;
    assert_eq!(rule(&long), (413, Rule::BulletinKey));
    assert!(telling.chosen(&someone).await.key.is_none());
    assert_eq!(give(&telling, &cookie, &good).await.status, 200);
}

fn revoked(gpg: &Gpg) -> String {
    gpg.key("gone@example.org", &["future-default", "default", "never"]);
    let listed =
        String::from_utf8(gpg.good(&["--with-colons", "--fingerprint", "gone@example.org"])).unwrap();
    let fingerprint =
        listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap().trim_matches(':');
    let file = Path::new(gpg.home.path()).join(format!("openpgp-revocs.d/{fingerprint}.rev"));
    // So that nobody imports it by accident it begins with a colon.
    let certificate = std::fs::read_to_string(file).unwrap().replace(":-----BEGIN", "-----BEGIN");
    std::fs::write(gpg.path("gone.rev"), certificate).unwrap();
    gpg.good(&["--import", &gpg.path("gone.rev")]);
    gpg.export("gone@example.org")
}

/// A key that holds, but for the part that encrypts.
fn subkey_expired(gpg: &Gpg) -> String {
    let past = ["--faked-system-time", "20200101T000000"];
    let whole = ["--quick-generate-key", "half@example.org", "ed25519", "sign", "never"];
    gpg.good(&[&past[..], &whole].concat());
    let part = ["--quick-add-key", &gpg.fingerprint("half@example.org"), "cv25519", "encr", "1y"];
    gpg.good(&[&past[..], &part].concat());
    gpg.export("half@example.org")
}

#[tokio::test]
async fn what_needs_encryption_is_not_sent_in_the_clear_when_a_key_has_ended() {
    let Some(gpg) = Gpg::start() else { return };
    let telling = Telling::open().await;
    let cert = telling.exchange.staff("CERT").await;
    let (member, auditor) = (cert.of_role[&R::Member].clone(), cert.of_role[&R::Auditor].clone());
    telling.tell(&member, "a@example.org", immediate()).await;
    telling.tell(&auditor, "b@example.org", json!({ "mode": "digest", "hour": 3, "publishers": [] })).await;
    let past = ["--faked-system-time", "20200101T000000", "--quick-generate-key"];
    gpg.good(&[&past[..], &["a@example.org", "future-default", "default", "1y"]].concat());
    let expired = gpg.export("a@example.org");
    let mut database = telling.database().await;
    sqlx::query("UPDATE notice_settings SET key = $1")
        .bind(expired.as_bytes())
        .execute(&mut database)
        .await
        .unwrap();
    telling.published(&cert, json!({ "tlp": "AMBER" }), &content("Valve", Tlp::Amber)).await;
    telling.quiet().await;
    assert!(telling.post.taken().is_empty(), "{:?}", telling.post.taken());
    let shown = telling.chosen(&member).await;
    assert_eq!((shown.trouble, shown.key.map(|key| key.holds)), (Some(NoticeTrouble::Key), Some(false)));

    let clear = json!({ "tlp": "CLEAR" });
    sqlx::query("UPDATE notices SET due_ms = due_ms - 86400000").execute(&mut database).await.unwrap();
    telling.published(&cert, clear.clone(), &fitting("Pump", &clear)).await;
    telling.quiet().await;
    let [mail] = &telling.post.taken()[..] else {
        panic!("one is for everybody: {:?}", telling.post.taken())
    };
    assert!(mail.contains("To: a@example.org") && mail.contains("Pump"), "{mail}");
    assert_eq!(telling.chosen(&auditor).await.trouble, Some(NoticeTrouble::Key), "of a digest, too");
}
