//! A server behind a reverse proxy that speaks TLS, as people on other machines reach it.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use data_encoding::BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use sabha_client::{
    CertificateRule, ClientError, CreatedMeeting, NewMeeting, Over, Participant, ParticipantConfig,
    ProbeConfig, Server, Trust, Verdict, create_meeting, probe,
};
use sabha_crypto::device::{CreateOptions, MeetingSuite};
use sabha_protocol::Source;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    doorman::Doorman,
    server::{TestServer, id, joined, until_joined, wait, wait_for_frames},
};

/// Makes certificates; its own stands in a file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        Self::named("An authority of a test")
    }

    fn named(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let folder = tempfile::tempdir().unwrap();
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            BASE64
                .encode(&der)
                .as_bytes()
                .chunks(64)
                .map(String::from_utf8_lossy)
                .collect::<Vec<_>>()
                .join("\n")
        );
        fs::write(folder.path().join("ca.pem"), pem).unwrap();
        Self { issuer: Issuer::new(params, key), folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn trust(&self) -> Trust {
        Trust::only(&self.path()).unwrap()
    }

    /// Certifies a key for `host`, otherwise as `change` has it.
    fn certify(&self, host: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Identity { certificate, key: PrivatePkcs8KeyDer::from(key.serialize_der()) }
    }
}

/// What a proxy shows.
struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

/// A proxy in front of a server that ends TLS and passes bytes on.
struct Proxy {
    new: NewMeeting,
    /// Connections on which the other side accepted the certificate.
    accepted: Arc<AtomicUsize>,
}

impl Proxy {
    async fn start(server: &TestServer, identity: Identity) -> Self {
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate], identity.key.into())
            .unwrap();
        // As a proxy that would rather speak HTTP/2.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let accepted = Arc::<AtomicUsize>::default();
        let behind = server.new.server.authority().to_owned();
        let count = accepted.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behind, count) = (acceptor.clone(), behind.clone(), count.clone());
                tokio::spawn(async move {
                    let Ok(mut outside) = acceptor.accept(stream).await else { return };
                    assert_eq!(outside.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
                    count.fetch_add(1, Ordering::Relaxed);
                    let Ok(mut inside) = TcpStream::connect(behind).await else { return };
                    // Whoever closes first ends it.
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
        let new = NewMeeting { server: origin.parse::<Server>().unwrap(), key: server.new.key.clone() };
        Self { new, accepted }
    }

    async fn create(&self, trust: &Trust) -> Result<CreatedMeeting, ClientError> {
        let options = CreateOptions {
            suite: MeetingSuite::Classical,
            title: None,
            name: "Asha".parse().unwrap(),
            passcode: None,
            admits: false,
            by_mail: false,
            floor: sabha_crypto::policy::Controls::default(),
            controls: sabha_crypto::policy::Controls::default(),
        };
        create_meeting(&self.new, trust, options).await
    }

    /// Returns by which rule the proxy's certificate is refused. Nothing is said to it.
    async fn refused_by(&self, trust: &Trust) -> CertificateRule {
        let Err(ClientError::Certificate { rule, server, .. }) = self.create(trust).await.map(|_| ()) else {
            panic!("not refused")
        };
        assert_eq!(server, self.new.server.authority());
        assert_eq!(self.accepted.load(Ordering::Relaxed), 0, "nothing is said to who is not the server");
        rule
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn meeting_behind_a_proxy_is_created_joined_and_come_back_to_over_tls() {
    let (server, authority) = (TestServer::start(), Authority::new());
    let proxy = Proxy::start(&server, authority.certify("localhost", |_| {})).await;
    let trust = authority.trust();

    let CreatedMeeting { invite, device, .. } = proxy.create(&trust).await.unwrap();
    assert!(invite.expose().starts_with("https://localhost:"));
    let host = ParticipantConfig {
        trust: trust.clone(),
        ..ParticipantConfig::host(invite.clone(), "Asha".parse().unwrap())
    };
    let host = until_joined(Participant::join_with(host, device)).await;
    let guest = ParticipantConfig { trust, ..ParticipantConfig::guest(invite, "Ravi".parse().unwrap()) };
    let guest = joined(guest).await;

    wait_for_frames(&guest, id(&host), Source::Camera, 10).await;
    wait_for_frames(&host, id(&guest), Source::Camera, 10).await;
    guest.drop_websocket(Duration::ZERO);
    wait(&guest, "the resume", |state| state.resumes == 1 && state.media_connected).await;
    assert_eq!(proxy.accepted.load(Ordering::Relaxed), 5, "two to create, one each, one to come back");
    guest.leave().await.1.unwrap();
    host.end().await.1.unwrap();
}

/// TLS-02
#[tokio::test(flavor = "multi_thread")]
async fn certificate_by_an_authority_that_is_not_trusted_is_refused() {
    let (server, authority) = (TestServer::start(), Authority::new());
    let proxy = Proxy::start(&server, authority.certify("localhost", |_| {})).await;

    // A name can be borne by anybody; the key is what counts.
    for other in [Authority::named("Another authority"), Authority::new()] {
        assert_eq!(proxy.refused_by(&other.trust()).await, CertificateRule::Authority);
    }
    // Nor do the system's authorities know it, on a machine that has any.
    match proxy.create(&Trust::default()).await.map(|_| ()) {
        Err(ClientError::Certificate { rule: CertificateRule::Authority, .. } | ClientError::NoAuthority) => {
        }
        result => panic!("{result:?}"),
    }
    assert_eq!(proxy.accepted.load(Ordering::Relaxed), 0);
}

/// TLS-03
#[tokio::test(flavor = "multi_thread")]
async fn certificate_for_another_host_is_refused() {
    let (server, authority) = (TestServer::start(), Authority::new());
    for other in ["meet.example.org", "localhost.example.org", "127.0.0.1"] {
        let proxy = Proxy::start(&server, authority.certify(other, |_| {})).await;
        assert_eq!(proxy.refused_by(&authority.trust()).await, CertificateRule::Host, "{other}");
    }
}

/// TLS-04
#[tokio::test(flavor = "multi_thread")]
async fn certificate_that_has_run_out_or_is_not_valid_yet_is_refused() {
    let (server, authority) = (TestServer::start(), Authority::new());
    let past = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    let future = |params: &mut CertificateParams| params.not_before = date_time_ymd(3000, 1, 1);
    for identity in [authority.certify("localhost", past), authority.certify("localhost", future)] {
        let proxy = Proxy::start(&server, identity).await;
        assert_eq!(proxy.refused_by(&authority.trust()).await, CertificateRule::Now);
    }
}

/// TLS-05
#[tokio::test(flavor = "multi_thread")]
async fn certificate_that_is_not_made_for_servers_is_refused() {
    let (server, authority) = (TestServer::start(), Authority::new());
    let of_a_client = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let proxy = Proxy::start(&server, authority.certify("localhost", of_a_client)).await;
    assert_eq!(proxy.refused_by(&authority.trust()).await, CertificateRule::Sound);
}

#[tokio::test(flavor = "multi_thread")]
async fn participant_that_is_shown_a_wrong_certificate_is_over_and_says_by_which_rule() {
    let (server, authority, other) = (TestServer::start(), Authority::new(), Authority::new());
    let proxy = Proxy::start(&server, authority.certify("localhost", |_| {})).await;
    let invite = proxy.create(&authority.trust()).await.unwrap().invite;

    let guest = ParticipantConfig {
        trust: other.trust(),
        ..ParticipantConfig::guest(invite, "Ravi".parse().unwrap())
    };
    let (report, result) = Participant::join(guest).finish().await;

    assert!(matches!(result, Err(ClientError::Certificate { .. })), "{result:?}");
    let Some(Over::Failed { error }) = report.over else { panic!("{:?}", report.over) };
    assert!(error.contains("TLS-02") && error.contains("--ca"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doorman_on_another_machine_lets_in_through_the_proxy() {
    let (server, authority) = (TestServer::start(), Authority::new());
    let proxy = Proxy::start(&server, authority.certify("localhost", |_| {})).await;
    let folder = tempfile::tempdir().unwrap();
    let text = |path: PathBuf| path.to_str().unwrap().to_owned();
    let [state, list] = ["host.state", "list"].map(|name| text(folder.path().join(name)));
    let ca = text(authority.path());
    fs::write(&list, "Ravi\n").unwrap();
    let link = format!("{}/new#{}", proxy.new.server, String::from(proxy.new.key.clone()));
    let create = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sabha-client"));
        command.args(["create", "--suite", "classical", "--link", &link, "--state", &state]).args(more);
        let output = command.output().unwrap();
        let line: Value = serde_json::from_slice(&output.stdout).expect("a line of JSON");
        (output.status.code(), line)
    };

    let (code, refused) = create(&[]);
    assert_eq!(code, Some(1));
    let error = refused["error"].as_str().unwrap();
    assert!(refused["rule"] == "TLS-02" || error.contains("no certificate authority"), "{refused}");

    let (code, created) = create(&["--ca", &ca]);
    assert_eq!(code, Some(0), "{created}");
    let invite = created["invite"].as_str().unwrap();
    let mut door = Doorman::start(&["--state", &state, "--ca", &ca, "--invite-list", &list]);
    door.until("ready");
    let sabha_client::Link::Invite(invite) = invite.parse().unwrap() else { panic!("not an invite") };
    let guest = ParticipantConfig {
        trust: authority.trust(),
        ..ParticipantConfig::guest(invite, "Ravi".parse().unwrap())
    };
    let guest = joined(guest).await;
    assert_eq!(door.until("admitted")["name"], "Ravi");
    assert_eq!(guest.state().members().len(), 2);
    assert_eq!(door.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn probe_through_the_proxy_sees_what_it_sees_without() {
    let (server, authority) = (TestServer::start(), Authority::new());
    let proxy = Proxy::start(&server, authority.certify("localhost", |_| {})).await;
    let config = ProbeConfig {
        new: proxy.new.clone(),
        trust: authority.trust(),
        token: None,
        suite: MeetingSuite::Classical,
    };

    let report = probe(&config).await.unwrap();

    let held = report.rows.iter().filter(|row| row.verdict == Verdict::Held).count();
    assert!(report.holds && held == 21, "{}", report.table());
    assert!(report.server.starts_with("https://"), "{}", report.server);
    assert!(proxy.accepted.load(Ordering::Relaxed) > 60, "all of it goes through the proxy");
}
