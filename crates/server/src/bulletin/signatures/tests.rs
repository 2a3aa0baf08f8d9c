//! Against keys and signatures that GnuPG makes.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::*;
use crate::{bulletin::SigningKey, clock};

const DOCUMENT: &[u8] = b"{ \"document\": \"\xE0\xA4\xAC\" }\r\n\0 \n";

/// GnuPG with a home of its own.
struct Gpg(TempDir);

impl Gpg {
    /// `None` where there is none, which CI does not allow.
    fn new() -> Option<Self> {
        let gpg = Self(tempfile::tempdir().unwrap());
        fs::write(gpg.at("document"), DOCUMENT).unwrap();
        let there = Command::new("gpg").arg("--version").stdout(Stdio::null()).status();
        if there.is_err() {
            assert!(std::env::var_os("CI").is_none(), "gpg is missing: scripts/setup.sh test installs it");
            println!("skipped: gpg is missing");
            return None;
        }
        Some(gpg)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new("gpg")
            .current_dir(self.0.path())
            .args(["--homedir", ".", "--batch", "--yes", "--passphrase", "", "--pinentry-mode", "loopback"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Makes a key, and returns its fingerprint.
    fn key(&self, user: &str, kind: &str, expires: &str, more: &[&str]) -> String {
        let mut arguments = more.to_vec();
        arguments.extend(["--quick-generate-key", user, kind, "sign", expires]);
        self.run(&arguments);
        self.fingerprint(user)
    }

    fn fingerprint(&self, user: &str) -> String {
        let listed = self.run(&["--with-colons", "--list-keys", user]);
        let listed = String::from_utf8(listed).unwrap();
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }

    fn public(&self, user: &str) -> Vec<u8> {
        self.run(&["--armor", "--export", user])
    }

    fn sign(&self, user: &str, more: &[&str]) -> Vec<u8> {
        let mut arguments = vec!["--armor", "--output", "-", "--local-user", user];
        arguments.extend(more);
        arguments.extend(["--detach-sign", "document"]);
        self.run(&arguments)
    }
}

fn now_s() -> u64 {
    clock::unix_ms() / 1000
}

fn read(file: &[u8], fingerprint: &str) -> Result<Certificate, Distrust> {
    Certificate::read(file, fingerprint, now_s())
}

#[test]
fn a_signature_of_every_kind_of_key_holds_and_no_other_byte_passes() {
    let Some(gpg) = Gpg::new() else { return };
    for kind in ["rsa2048", "ed25519", "nistp256", "nistp384", "nistp521"] {
        let user = format!("{kind} <a@example.org>");
        let fingerprint = gpg.key(&user, kind, "never", &[]);
        let certificate = read(&gpg.public(&user), &fingerprint.to_lowercase()).unwrap();
        let signature = gpg.sign(&user, &[]);
        assert_eq!(certificate.verify(DOCUMENT, &signature, now_s()), Ok(()), "{kind}");
        for at in 0..DOCUMENT.len() {
            let mut changed = DOCUMENT.to_vec();
            changed[at] ^= 1;
            assert_eq!(certificate.verify(&changed, &signature, now_s()), Err(Distrust::Bad), "{kind} {at}");
        }
        let longer = [DOCUMENT, b"\n"].concat();
        assert_eq!(certificate.verify(&longer, &signature, now_s()), Err(Distrust::Bad));
    }
    // Nor does one key's signature hold for another, nor a key under another's name.
    let (of_one, of_other) = ("rsa2048 <a@example.org>", "ed25519 <a@example.org>");
    let one = read(&gpg.public(of_one), &gpg.fingerprint(of_one)).unwrap();
    assert_eq!(one.verify(DOCUMENT, &gpg.sign(of_other, &[]), now_s()), Err(Distrust::Bad));
    let other = gpg.fingerprint(of_other);
    assert_eq!(read(&gpg.public(of_one), &other).unwrap_err(), Distrust::Fingerprint(other.clone()));
    // Of several keys in a file the one that is asked for is taken.
    let both = gpg.run(&["--armor", "--export"]);
    read(&both, &other).unwrap().verify(DOCUMENT, &gpg.sign(of_other, &[]), now_s()).unwrap();
}

#[test]
fn what_this_server_signs_holds_too() {
    let key = SigningKey::new(&[7; 32]);
    let certificate = read(key.public_key("Example CERT").as_bytes(), &key.fingerprint()).unwrap();
    let signature = key.sign(DOCUMENT, clock::unix_ms());
    assert_eq!(certificate.verify(DOCUMENT, signature.as_bytes(), now_s()), Ok(()));
    assert_eq!(certificate.verify(b"", signature.as_bytes(), now_s()), Err(Distrust::Bad));
    // Before there was a key nobody signed by it, and what it says of itself is no word yet.
    let early = key.sign(DOCUMENT, 1000);
    assert_eq!(certificate.verify(DOCUMENT, early.as_bytes(), now_s()), Err(Distrust::Time));
    let unborn = Certificate::read(key.public_key("A").as_bytes(), &key.fingerprint(), 1);
    assert_eq!(unborn.unwrap_err(), Distrust::Unbound);
    let future = key.sign(DOCUMENT, clock::unix_ms() + 1000 * (SKEW_S + 3600));
    assert_eq!(certificate.verify(DOCUMENT, future.as_bytes(), now_s()), Err(Distrust::Time));
}

#[test]
fn weak_hashes_texts_and_signatures_whose_time_is_over_prove_nothing() {
    let Some(gpg) = Gpg::new() else { return };
    let user = "A <a@example.org>";
    let fingerprint = gpg.key(user, "rsa2048", "never", &[]);
    let certificate = read(&gpg.public(user), &fingerprint).unwrap();
    let judged = |more: &[&str]| certificate.verify(DOCUMENT, &gpg.sign(user, more), now_s());
    for hash in ["SHA1", "RIPEMD160", "SHA224"] {
        assert_eq!(judged(&["--digest-algo", hash]), Err(Distrust::WeakHash(hash.to_owned())));
    }
    for hash in ["SHA256", "SHA384", "SHA512"] {
        assert_eq!(judged(&["--digest-algo", hash]), Ok(()));
    }
    assert_eq!(judged(&["--textmode"]), Err(Distrust::Kind));
    let short = gpg.sign(user, &["--default-sig-expire", "1d"]);
    assert_eq!(certificate.verify(DOCUMENT, &short, now_s()), Ok(()));
    assert_eq!(certificate.verify(DOCUMENT, &short, now_s() + 2 * 86_400), Err(Distrust::Time));
    let demanding = gpg.sign(user, &["--sig-notation", "!only@example.org=x"]);
    assert_eq!(certificate.verify(DOCUMENT, &demanding, now_s()), Err(Distrust::Kind));
    // One good signature among others is enough.
    let good = gpg.run(&["--output", "-", "--local-user", user, "--detach-sign", "document"]);
    let weak = gpg.run(&[
        "--output",
        "-",
        "--digest-algo",
        "SHA1",
        "--local-user",
        user,
        "--detach-sign",
        "document",
    ]);
    assert_eq!(certificate.verify(DOCUMENT, &[&weak[..], &good].concat(), now_s()), Ok(()));
}

#[test]
fn a_key_that_is_revoked_has_expired_or_is_weak_signs_nothing() {
    let Some(gpg) = Gpg::new() else { return };
    let user = "Revoked <r@example.org>";
    let fingerprint = gpg.key(user, "ed25519", "never", &[]);
    let signature = gpg.sign(user, &[]);
    let before = read(&gpg.public(user), &fingerprint).unwrap();
    assert_eq!(before.verify(DOCUMENT, &signature, now_s()), Ok(()));
    // GnuPG keeps a revocation at hand, with a colon so that nobody imports it unawares.
    let kept = fs::read_to_string(gpg.at(&format!("openpgp-revocs.d/{fingerprint}.rev"))).unwrap();
    let revocation = &kept[kept.find(":-----BEGIN").unwrap() + 1..];
    fs::write(gpg.at("revocation"), revocation).unwrap();
    gpg.run(&["--import", "revocation"]);
    assert_eq!(read(&gpg.public(user), &fingerprint).unwrap_err(), Distrust::Revoked);

    let user = "Expired <e@example.org>";
    let fingerprint = gpg.key(user, "ed25519", "1d", &[]);
    let signature = gpg.sign(user, &[]);
    let public = gpg.public(user);
    let today = read(&public, &fingerprint).unwrap();
    assert_eq!(today.verify(DOCUMENT, &signature, now_s()), Ok(()));
    let tomorrow_s = now_s() + 2 * 86_400;
    assert_eq!(today.verify(DOCUMENT, &signature, tomorrow_s), Err(Distrust::Expired));
    assert_eq!(Certificate::read(&public, &fingerprint, tomorrow_s).unwrap_err(), Distrust::Expired);

    let user = "Weak <w@example.org>";
    let fingerprint = gpg.key(user, "rsa1024", "never", &[]);
    assert_eq!(read(&gpg.public(user), &fingerprint).unwrap_err(), Distrust::CannotSign);
    let user = "Old <o@example.org>";
    let fingerprint = gpg.key(user, "dsa2048", "never", &[]);
    assert_eq!(read(&gpg.public(user), &fingerprint).unwrap_err(), Distrust::CannotSign);
    // A key that vouches for itself with SHA-1.
    let user = "Sha1 <s@example.org>";
    let fingerprint = gpg.key(user, "rsa2048", "never", &["--cert-digest-algo", "SHA1"]);
    assert_eq!(read(&gpg.public(user), &fingerprint).unwrap_err(), Distrust::Unbound);
}

#[test]
fn a_subkey_signs_for_its_key_until_it_is_revoked() {
    let Some(gpg) = Gpg::new() else { return };
    let user = "S <s@example.org>";
    gpg.run(&["--quick-generate-key", user, "ed25519", "cert", "never"]);
    let fingerprint = gpg.fingerprint(user);
    assert_eq!(read(&gpg.public(user), &fingerprint).unwrap_err(), Distrust::CannotSign, "it only certifies");
    gpg.run(&["--quick-add-key", &fingerprint, "ed25519", "sign", "never"]);
    let signature = gpg.sign(user, &[]);
    let certificate = read(&gpg.public(user), &fingerprint).unwrap();
    assert_eq!(certificate.verify(DOCUMENT, &signature, now_s()), Ok(()));
    assert_eq!(certificate.verify(b"x", &signature, now_s()), Err(Distrust::Bad));

    let mut edit = Command::new("gpg")
        .current_dir(gpg.0.path())
        .args(["--homedir", ".", "--batch", "--yes", "--command-fd", "0", "--passphrase", ""])
        .args(["--pinentry-mode", "loopback", "--edit-key", &fingerprint])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut edit.stdin.take().unwrap(), b"key 1\nrevkey\ny\n0\n\ny\nsave\n").unwrap();
    assert!(edit.wait().unwrap().success());
    let revoked = read(&gpg.public(user), &fingerprint);
    assert_eq!(revoked.unwrap_err(), Distrust::Revoked);
}

#[test]
fn a_subkey_signs_for_its_key_until_its_own_time_is_over() {
    let Some(gpg) = Gpg::new() else { return };
    let user = "T <t@example.org>";
    gpg.run(&["--quick-generate-key", user, "ed25519", "cert", "never"]);
    let fingerprint = gpg.fingerprint(user);
    gpg.run(&["--quick-add-key", &fingerprint, "ed25519", "sign", "1d"]);
    let (public, signature) = (gpg.public(user), gpg.sign(user, &[]));
    let certificate = read(&public, &fingerprint).unwrap();
    assert_eq!(certificate.verify(DOCUMENT, &signature, now_s()), Ok(()));
    let tomorrow_s = now_s() + 2 * 86_400;
    assert_eq!(Certificate::read(&public, &fingerprint, tomorrow_s).unwrap_err(), Distrust::Expired);
    assert_eq!(certificate.verify(DOCUMENT, &signature, tomorrow_s), Err(Distrust::Expired));
}

/// RFC 9580 section 5.2.1.9: what somebody binds to their key has to agree, or they could pass off what others sign as theirs.
#[test]
fn a_subkey_that_was_taken_from_another_key_signs_for_nobody() {
    let Some(gpg) = Gpg::new() else { return };
    let (owner, thief) = ("O <o@example.org>", "X <x@example.org>");
    let mut of = Vec::new();
    for user in [owner, thief] {
        gpg.run(&["--quick-generate-key", user, "ed25519", "cert", "never"]);
        let fingerprint = gpg.fingerprint(user);
        gpg.run(&["--quick-add-key", &fingerprint, "ed25519", "sign", "never"]);
        let (key, _) = SignedPublicKey::from_armor_single(&gpg.public(user)[..]).unwrap();
        of.push((fingerprint, key));
    }
    let signature = gpg.sign(owner, &[]);
    let (fingerprint, mut stolen) = of.pop().unwrap();
    let secret = gpg.run(&["--armor", "--export-secret-keys", thief]);
    let (secret, _) = pgp::composed::SignedSecretKey::from_armor_single(&secret[..]).unwrap();
    let taken = of[0].1.public_subkeys[0].key.clone();
    // The thief binds it with a word of their own, which has all that a binding has but the subkey's.
    let own = stolen.public_subkeys[0].signatures[0].config().unwrap().clone();
    let mut config =
        pgp::packet::SignatureConfig::v4(SignatureType::SubkeyBinding, own.pub_alg, HashAlgorithm::Sha512);
    let keeps = |part: &pgp::packet::Subpacket| !matches!(part.data, SubpacketData::EmbeddedSignature(_));
    config.hashed_subpackets = own.hashed_subpackets.into_iter().filter(keeps).collect();
    config.unhashed_subpackets = own.unhashed_subpackets.into_iter().filter(keeps).collect();
    let password = pgp::types::Password::empty();
    let binding =
        config.sign_subkey_binding(&secret.primary_key, &stolen.primary_key, &password, &taken).unwrap();
    assert!(binding.verify_subkey_binding(&stolen.primary_key, &taken).is_ok());
    stolen.public_subkeys = vec![SignedPublicSubKey { key: taken, signatures: vec![binding] }];
    let file = stolen.to_bytes().unwrap();
    let read = Certificate::read(&file, &fingerprint, now_s());
    assert_eq!(read.as_ref().err(), Some(&Distrust::CannotSign));
    // The same file with the subkey that agrees is good: it is the agreement that is missing.
    let own = gpg.public(thief);
    let certificate = Certificate::read(&own, &fingerprint, now_s()).unwrap();
    assert_eq!(certificate.verify(DOCUMENT, &signature, now_s()), Err(Distrust::Bad));
}

#[test]
fn whatever_bytes_come_they_are_refused_without_harm() {
    let key = SigningKey::new(&[7; 32]);
    let (public, signature) = (key.public_key("A"), key.sign(DOCUMENT, clock::unix_ms()));
    let certificate = read(public.as_bytes(), &key.fingerprint()).unwrap();
    for wrong in
        [&b""[..], b"-----BEGIN PGP SIGNATURE-----\n\n", public.as_bytes(), &[0xC2; 40], &[b'x'; 20_000]]
    {
        assert_eq!(certificate.verify(DOCUMENT, wrong, now_s()), Err(Distrust::NoSignature));
    }
    for wrong in [&b""[..], signature.as_bytes(), &[0x99; 99], &[b'x'; KEY_BYTES_MAX + 1]] {
        assert_eq!(read(wrong, &key.fingerprint()).unwrap_err(), Distrust::NoKey);
    }
    // Cut off or changed anywhere, the files are not good.
    for at in 0..signature.len() {
        let mut changed = signature.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let _ = certificate.verify(DOCUMENT, &changed, now_s());
        assert!(certificate.verify(DOCUMENT, &signature.as_bytes()[..at.min(200)], now_s()).is_err(), "{at}");
    }
    for at in 0..public.len() {
        let mut changed = public.clone().into_bytes();
        changed[at] ^= 2;
        let _ = read(&changed, &key.fingerprint());
    }
}
