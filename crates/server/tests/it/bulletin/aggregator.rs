//! The lister and aggregator of CSAF, with other servers of Sabha as providers: honest ones, and ones between whom and their readers
//! somebody stands who lies.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use sabha_advisory::{Tlp, csaf::filename};
use sabha_protocol::{account::Scope, wire::operation::ServerHealth};
use sabha_server::{
    config::{AggregatedProvider, Settings},
    storage::{MirrorState, Store},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

use super::{Exchange, Staff, document};
use crate::{
    accounts::{Credential, Office},
    binary::{self, Binary},
    server::{Response, TestServer, request},
};

const METADATA: &str = "/.well-known/csaf/provider-metadata.json";
const AGGREGATOR: &str = "/.well-known/csaf-aggregator";

/// A provider of one organisation.
struct Provider {
    exchange: Exchange,
    staff: Staff,
    name: String,
    namespace: String,
}

impl Provider {
    async fn open(name: &str) -> Self {
        let namespace = format!("https://{}.example.org", name.to_lowercase());
        let office = Office::with(|settings| {
            let provider = &mut settings.bulletin.provider;
            provider.organisation = Some(name.parse().unwrap());
            provider.namespace = Some(namespace.clone());
        });
        let exchange = Exchange::of(office.await).await;
        let staff = exchange.staff(name).await;
        Self { exchange, staff, name: name.to_owned(), namespace }
    }

    fn address(&self) -> SocketAddr {
        self.exchange.office.server.address()
    }

    fn url(&self) -> String {
        format!("http://{}{METADATA}", self.address())
    }

    fn document(&self, id: &str, tlp: Tlp, number: u32) -> String {
        let mut document = document(&format!("Title of {id}"), tlp, id, number);
        let publisher = &mut document["document"]["publisher"];
        publisher["name"] = json!(self.name);
        publisher["namespace"] = json!(self.namespace);
        format!("{document}\n")
    }

    /// Publishes a document, and returns its text.
    async fn publish(&self, id: &str, tlp: Tlp) -> String {
        let text = self.document(id, tlp, 1);
        let draft = self.exchange.draft(&self.staff, json!({ "tlp": tlp.name() }), &text).await;
        self.exchange.publish(&self.staff, draft.id).await;
        text
    }

    async fn get(&self, path: &str) -> Response {
        request(self.address(), "GET", path, &[], "").await
    }

    async fn fingerprint(&self) -> String {
        let metadata: Value = self.get(METADATA).await.json();
        metadata["public_openpgp_keys"][0]["fingerprint"].as_str().unwrap().to_owned()
    }
}

fn following(name: &str, from: String) -> AggregatedProvider {
    AggregatedProvider { name: name.to_owned(), from, fingerprint: None, hosts: Vec::new(), mirror: true }
}

fn aggregating(settings: &mut Settings, providers: Vec<AggregatedProvider>) {
    let aggregator = &mut settings.bulletin.aggregator;
    aggregator.name = Some("Example Aggregator".to_owned());
    aggregator.namespace = Some("https://aggregator.example.org".to_owned());
    aggregator.private_addresses = true;
    aggregator.providers = providers;
}

async fn aggregator(providers: Vec<AggregatedProvider>) -> (TestServer, Store) {
    let server = TestServer::with(|settings| aggregating(settings, providers)).await;
    let store = Store::open(server.directory.path()).await.unwrap();
    (server, store)
}

/// Waits until it stands so with the providers.
async fn until(
    store: &Store,
    done: impl Fn(&BTreeMap<String, MirrorState>) -> bool,
) -> BTreeMap<String, MirrorState> {
    let waiting = async {
        loop {
            let states = store.mirrors().await.unwrap();
            let states = states.into_iter().map(|state| (state.name.clone(), state)).collect();
            if done(&states) {
                return states;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(120), waiting).await;
    match waited {
        Ok(states) => states,
        Err(_) => panic!("it never stood so: {:?}", store.mirrors().await),
    }
}

/// Whoever watches over the server sees when a provider was asked and what was wrong; who follows nobody has nothing to see.
#[tokio::test]
async fn health_says_how_it_stands_with_each_provider() {
    let health = async |office: &Office| -> ServerHealth {
        let key = office.key(office.administrator, &[Scope::HealthRead]).await;
        office.ask("GET", "/api/v1/health", &Credential::bearer(&key), "").await.json()
    };
    assert_eq!(health(&Office::open().await).await.mirrors, []);
    let office = Office::with(|settings| {
        // Nobody listens there.
        let from = "http://127.0.0.1:9/provider-metadata.json".to_owned();
        aggregating(settings, vec![following("gone", from)]);
    })
    .await;
    until(&office.store, |states| states["gone"].failures > 0).await;
    let mirrors = health(&office).await.mirrors;
    let [mirror] = &mirrors[..] else { panic!("{mirrors:?}") };
    assert_eq!((mirror.name.as_str(), mirror.documents, mirror.succeeded_ms), ("gone", 0, None));
    assert!(mirror.tried_ms.is_some() && mirror.failures > 0 && mirror.trouble.is_some(), "{mirror:?}");
}

async fn ok(server: SocketAddr, path: &str) -> String {
    let answer = request(server, "GET", path, &[], "").await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

/// Returns whether GnuPG, which knows this key alone, finds a signature good; `None` where there is none.
fn gpg_verifies(key: &str, document: &str, signature: &str) -> Option<bool> {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [("key.asc", key), ("a.json", document), ("a.json.asc", signature)] {
        fs::write(directory.path().join(name), text).unwrap();
    }
    let gpg = |arguments: &[&str]| {
        let mut command = Command::new("gpg");
        command.current_dir(directory.path()).args(["--homedir", ".", "--batch"]).args(arguments).output()
    };
    let Ok(imported) = gpg(&["--import", "key.asc"]) else {
        assert!(std::env::var_os("CI").is_none(), "gpg is missing: scripts/setup.sh test installs it");
        println!("skipped: gpg is missing");
        return None;
    };
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    Some(gpg(&["--verify", "a.json.asc", "a.json"]).unwrap().status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_providers_are_mirrored_and_everything_that_is_served_of_them_is_proven() {
    let (one, two) = (Provider::open("One").await, Provider::open("Two").await);
    let text = one.publish("A-1", Tlp::Clear).await;
    one.publish("A-2", Tlp::Green).await;
    let of_two = two.publish("B-1", Tlp::Clear).await;
    let pinned = AggregatedProvider {
        fingerprint: Some(one.fingerprint().await.to_lowercase()),
        ..following("one", one.url())
    };
    let (server, store) = aggregator(vec![pinned, following("two", two.url())]).await;
    until(&store, |states| states.len() == 2 && states.values().all(|state| state.succeeded_ms.is_some()))
        .await;

    let at = server.address();
    let origin = format!("http://{at}");
    let path =
        |url: &Value| url.as_str().unwrap().strip_prefix(&origin).expect("a URL of this server").to_owned();
    let list: Value = serde_json::from_str(&ok(at, &format!("{AGGREGATOR}/aggregator.json")).await).unwrap();
    assert_eq!(list["aggregator"]["category"], "aggregator");
    assert_eq!(list["canonical_url"], format!("{origin}{AGGREGATOR}/aggregator.json"));
    let listed = list["csaf_providers"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["metadata"]["url"], one.url());
    assert_eq!(listed[0]["metadata"]["publisher"]["namespace"], one.namespace);

    let metadata = ok(at, &path(&listed[0]["mirrors"][0])).await;
    let mirror: Value = serde_json::from_str(&metadata).unwrap();
    let feed = path(&mirror["distributions"][1]["rolie"]["feeds"][0]["url"]);
    let feed: Value = serde_json::from_str(&ok(at, &feed).await).unwrap();
    let [entry] = feed["feed"]["entry"].as_array().unwrap().as_slice() else { panic!("{feed}") };
    let file = path(&entry["content"]["src"]);
    assert_eq!(file, format!("{AGGREGATOR}/one/clear/2026/a-1.json"));
    assert_eq!(ok(at, &file).await, text, "byte for byte");
    let hash: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(ok(at, &format!("{file}.sha256")).await, format!("{hash}  a-1.json\n"));
    for link in entry["link"].as_array().unwrap() {
        ok(at, &path(&link["href"])).await;
    }
    let directory = path(&mirror["distributions"][0]["directory_url"]);
    assert_eq!(ok(at, &format!("{directory}index.txt")).await, "2026/a-1.json\n");
    assert_eq!(
        ok(at, &format!("{directory}changes.csv")).await,
        "\"2026/a-1.json\",\"2026-11-01T10:00:00Z\"\n"
    );
    for (folder, link) in [("", "2026/"), ("2026/", "a-1.json.aggregator.asc")] {
        assert!(ok(at, &format!("{directory}{folder}")).await.contains(&format!("<a href=\"{link}\">")));
    }
    // What is not for everybody is not here, nor what was never there.
    for missing in
        ["one/clear/2026/a-2.json", "one/green/index.txt", "three/clear/index.txt", "one/clear/2026/a-1.exe"]
    {
        assert_eq!(server.get(&format!("{AGGREGATOR}/{missing}")).await.status, 404, "{missing}");
    }

    // The provider's own signature, and one of this server's, each by its own key.
    let keys = mirror["public_openpgp_keys"].as_array().unwrap();
    let of_provider =
        one.get(&format!("/.well-known/csaf/openpgp/{}.asc", one.fingerprint().await)).await.body;
    let own = ok(at, &path(&keys[1]["url"])).await;
    let (theirs, ours) =
        (ok(at, &format!("{file}.asc")).await, ok(at, &format!("{file}.aggregator.asc")).await);
    for (key, signature, good) in [
        (&of_provider, &theirs, true),
        (&own, &ours, true),
        (&own, &theirs, false),
        (&of_provider, &ours, false),
    ] {
        if let Some(found) = gpg_verifies(key, &text, signature) {
            assert_eq!(found, good);
            assert!(!gpg_verifies(key, &of_two, signature).unwrap(), "over other bytes");
        }
    }
    fits_the_schemas(&list, &mirror);

    // People find them apart from the bulletin's own, and are told whose they are.
    assert!(ok(at, "/bulletin").await.contains("href=\"/bulletin/mirrored\""));
    let page = ok(at, "/bulletin/mirrored").await;
    assert!(
        page.contains("Title of A-1") && page.contains("Title of B-1") && !page.contains("Title of A-2"),
        "{page}"
    );
    let page = ok(at, "/bulletin/mirrored/one/2026/a-1.json").await;
    assert!(
        page.contains("<bdi>One</bdi>") && page.contains("a copy of a document of another publisher"),
        "{page}"
    );
    assert_eq!(server.get("/bulletin/mirrored/one/2026/a-2.json").await.status, 404);

    // Another aggregator takes the copies for what they are, although the provider has no part in it.
    let of_copies = AggregatedProvider {
        hosts: vec![one.address().to_string()],
        ..following("copies", format!("{origin}{AGGREGATOR}/one/provider-metadata.json"))
    };
    let (_second, second) = aggregator(vec![of_copies]).await;
    let states = until(&second, |states| states.values().any(|state| state.tried_ms.is_some())).await;
    assert_eq!((states["copies"].documents, &states["copies"].trouble), (1, &None));

    // A new document comes when somebody asks for it.
    one.publish("A-3", Tlp::Clear).await;
    let data = server.directory.path().to_str().unwrap().to_owned();
    let sabha = |arguments: &[&str]| {
        let output = binary::run(&[&["bulletin", "mirror"], arguments, &["--data", &data]].concat());
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(sabha(&["run", "one", "--output", "json"]), (true, "{\"due\":1}\n".to_owned()));
    until(&store, |states| states["one"].documents == 2).await;
    let (_, said) = sabha(&["list", "--output", "json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&said["providers"][0]["documents"], &said["providers"][0]["trouble"]),
        (&json!(2), &Value::Null)
    );
    assert!(sabha(&["list"]).1.starts_with("one: well, documents 2, last asked 2"));
    assert!(!sabha(&["run", "nobody"]).0);
    assert!(server.get("/metrics").await.body.contains("sabha_mirror_runs_total{outcome=\"complete\"}"));
}

/// By the standard's own schemas, and a validator that is not ours.
fn fits_the_schemas(aggregator: &Value, provider: &Value) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (peers, schemas) =
        (root.join("crates/advisory/tests/peers"), root.join("../shared/vectors/csaf/schema"));
    if !peers.join("node_modules/ajv").exists() || !schemas.exists() {
        println!("skipped: ajv or the standard's schemas are not there (scripts/setup.sh test)");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let schema = |name: &str| schemas.join(format!("{name}_json_schema.json"));
    for (name, value, first, others) in [
        ("aggregator.json", aggregator, "aggregator", ["provider", "csaf"].as_slice()),
        ("provider-metadata.json", provider, "provider", &["csaf"]),
    ] {
        let file = directory.path().join(name);
        fs::write(&file, value.to_string()).unwrap();
        let mut node = Command::new("node");
        node.arg(peers.join("fits.mjs")).arg(schema(first));
        let others: Vec<String> = others.iter().map(|other| schema(other).display().to_string()).collect();
        let output = node.arg(others.join(",")).arg(&file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What somebody between a provider and its readers makes of an answer.
#[derive(Clone)]
enum Lie {
    /// It is as it is.
    None,
    /// Another text, if the path ends so, or has this folder in it.
    Text(&'static str, fn(String) -> String),
    /// These bytes as they are on the wire, if the path ends so.
    Raw(&'static str, String),
    /// One byte after another, if the path ends so.
    Slowly(&'static str),
    /// After a while, if the path ends so.
    Late(&'static str, Duration),
}

/// Somebody who stands between a provider and its readers, and can say other things than it.
struct Between {
    address: SocketAddr,
    lie: Arc<Mutex<Lie>>,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Between {
    async fn stand(provider: SocketAddr, lie: Lie) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (lie, asked) = (Arc::new(Mutex::new(lie)), Arc::new(Mutex::new(Vec::new())));
        let (lies, notes) = (lie.clone(), asked.clone());
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (lies, notes) = (lies.clone(), notes.clone());
                tokio::spawn(async move {
                    let mut head = vec![0; 4096];
                    let length = stream.read(&mut head).await.unwrap_or(0);
                    let head = String::from_utf8_lossy(&head[..length]).into_owned();
                    let Some(path) = head.split(' ').nth(1).map(str::to_owned) else { return };
                    notes.lock().unwrap().push(path.clone());
                    let answer = request(provider, "GET", &path, &[], "").await;
                    let is_list =
                        ["provider-metadata.json", "feed.json"].iter().any(|end| path.ends_with(end));
                    let mut body = answer.body;
                    if is_list {
                        body = body.replace(&provider.to_string(), &address.to_string());
                    }
                    let lie = lies.lock().unwrap().clone();
                    let mut pause = Duration::ZERO;
                    match lie {
                        Lie::Text(end, change)
                            if path.ends_with(end) || end.ends_with('/') && path.contains(end) =>
                        {
                            body = change(body);
                        }
                        Lie::Raw(end, text) if path.ends_with(end) => {
                            let _ = stream.write_all(text.as_bytes()).await;
                            return;
                        }
                        Lie::Slowly(end) if path.ends_with(end) => pause = Duration::from_secs(1),
                        Lie::Late(end, late) if path.ends_with(end) => tokio::time::sleep(late).await,
                        _ => {}
                    }
                    let length = body.len();
                    let status = answer.status;
                    let text = format!(
                        "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                    );
                    if pause.is_zero() {
                        let _ = stream.write_all(text.as_bytes()).await;
                        return;
                    }
                    for byte in text.bytes() {
                        tokio::time::sleep(pause).await;
                        if stream.write_all(&[byte]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, lie, asked, task }
    }

    fn url(&self) -> String {
        format!("http://{}{METADATA}", self.address)
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lies_loops_or_stalls_is_refused_and_said_so_and_the_others_are_mirrored_all_the_same() {
    let honest = Provider::open("One").await;
    honest.publish("A-1", Tlp::Clear).await;
    honest.publish("A-2", Tlp::Clear).await;
    let redirect = |to: &str| format!("HTTP/1.1 302 x\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    let lies: Vec<(&str, Lie, &str)> = vec![
        ("hash", Lie::Text(".sha512", |_| "00  a-1.json\n".to_owned()), "is not the hash"),
        ("hash256", Lie::Text(".sha256", |text| text.replace('a', "b").replace('1', "2")), "is not the hash"),
        ("bytes", Lie::Text("/a-1.json", |text| text.replace("Title", "title")), "is not the hash"),
        (
            "unsigned",
            Lie::Text("a-1.json.asc", |_| "-----BEGIN PGP SIGNATURE-----\n".to_owned()),
            "no OpenPGP signature",
        ),
        (
            "key",
            Lie::Text("/openpgp/", |_| "-----BEGIN".to_owned()),
            "no OpenPGP key of the provider can be used",
        ),
        (
            "publisher",
            Lie::Text("metadata.json", |text| text.replace("https://one.", "https://two.")),
            "is a document of",
        ),
        (
            "unlisted",
            Lie::Text("metadata.json", |text| {
                text.replace("\"list_on_CSAF_aggregators\": true", "\"list_on_CSAF_aggregators\": false")
            }),
            "does not want to be listed",
        ),
        ("junk", Lie::Text("metadata.json", |_| "<html>".to_owned()), "not JSON"),
        (
            "elsewhere",
            Lie::Text("feed.json", |text| text.replace("/2026/a-2", "/../../../2026/a-2")),
            "no address that is asked",
        ),
        (
            "outside",
            Lie::Text("feed.json", |text| text.replace("/clear/2026/a-2", "/red/2026/a-2")),
            "is not below",
        ),
        (
            "loop",
            Lie::Text("feed.json", |text| text.replace("\"rel\": \"self\"", "\"rel\": \"next\"")),
            "leads back",
        ),
        (
            "away",
            Lie::Raw("metadata.json", redirect("http://169.254.169.254/provider-metadata.json")),
            "no address that is asked",
        ),
        ("around", Lie::Raw("metadata.json", redirect(METADATA)), "redirects"),
        (
            "endless",
            Lie::Raw("feed.json", "HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n{".to_owned()),
            "or was cut off",
        ),
        ("stalls", Lie::Slowly("metadata.json"), ""),
        ("honest", Lie::None, ""),
    ];
    let mut between = BTreeMap::new();
    let mut followed = Vec::new();
    for (name, lie, _) in &lies {
        let one = Between::stand(honest.address(), lie.clone()).await;
        followed.push(following(name, one.url()));
        between.insert(*name, one);
    }
    let (_server, store) = aggregator(followed).await;
    let states = until(&store, |states| {
        states.len() == lies.len()
            && states.values().all(|state| state.name == "stalls" || state.tried_ms.is_some())
    })
    .await;
    assert_eq!(states["stalls"].tried_ms, None, "it is waited for, and nobody else waits");
    for (name, _, word) in lies.iter().filter(|(_, _, word)| !word.is_empty()) {
        let state = &states[*name];
        let trouble = state.trouble.as_deref().unwrap_or_default();
        assert!(trouble.contains(word), "{name}: {trouble}");
        assert_eq!((state.documents, state.succeeded_ms), (0, None), "{name}: {trouble}");
        let (wait_ms, longest_ms) = (state.due_ms - state.tried_ms.unwrap(), 30_000 << state.failures);
        assert!((longest_ms / 2..=longest_ms).contains(&wait_ms), "{name}: {wait_ms}");
    }
    assert_eq!((states["honest"].documents, &states["honest"].trouble), (2, &None));

    // Who was honest yesterday: an older release as the newer one, another document under the same name.
    let kept = store.known_of_mirror("honest").await.unwrap();
    let older = |text: String| text.replace("2026-11-01T10:00:00Z", "2026-10-01T10:00:00Z");
    let again = |text: String| text.replace("2026-11-01T10:00:00Z", "2026-12-01T10:00:00Z");
    for (change, word) in [(older as fn(String) -> String, "none replaces"), (again, "")] {
        *between["honest"].lie.lock().unwrap() = Lie::Text("feed.json", change);
        let before = states["honest"].tried_ms;
        let tried =
            store.mirrors().await.unwrap().into_iter().find(|state| state.name == "honest").unwrap().tried_ms;
        store.hurry_mirrors(Some("honest"), 0).await.unwrap();
        let states = until(&store, |states| states["honest"].tried_ms > tried.max(before)).await;
        let trouble = states["honest"].trouble.as_deref().unwrap_or_default();
        assert!(trouble.contains(word) && trouble.is_empty() == word.is_empty(), "{trouble}");
        let now = store.known_of_mirror("honest").await.unwrap();
        let bytes = |known: &[sabha_advisory::csaf::mirror::Known]| {
            known.iter().map(|known| (known.address.clone(), known.hash)).collect::<BTreeMap<_, _>>()
        };
        assert_eq!(bytes(&now), bytes(&kept));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_goes_on_where_it_was_and_fetches_nothing_twice_that_it_has() {
    const DOCUMENTS: usize = 8;
    let provider = Provider::open("One").await;
    let mut texts = BTreeMap::new();
    for number in 0..DOCUMENTS {
        let id = format!("A-{number}");
        texts.insert(filename(&id), provider.publish(&id, Tlp::Clear).await);
    }
    let between = Between::stand(provider.address(), Lie::Late(".sha256", Duration::from_millis(100))).await;
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("sabha.toml");
    let text = format!(
        "[bulletin.aggregator]\nname = 'A'\nnamespace = 'https://a.example.org'\nprivate_addresses = true\n\
         providers = [{{ name = 'one', from = '{}' }}]\n",
        between.url()
    );
    fs::write(&config, text).unwrap();
    let data = directory.path().join("data");
    let serve = || Binary::serve(&data, &["--config", config.to_str().unwrap()]);

    let mut kept: BTreeMap<String, [u8; 32]> = BTreeMap::new();
    let mut kills = 0;
    // Each time a little further on, until it is through.
    for wanted in [1, 3, 6] {
        let mut process = serve();
        let store = Store::open_beside(&data).await.unwrap();
        until(&store, |states| states.get("one").is_some_and(|state| state.documents >= wanted)).await;
        process.kill();
        kills += 1;
        let now = store.known_of_mirror("one").await.unwrap();
        store.close().await;
        let now: BTreeMap<_, _> = now.into_iter().map(|known| (known.address, known.hash)).collect();
        assert!(kept.iter().all(|(address, hash)| now.get(address) == Some(hash)), "nothing is lost");
        kept = now;
    }
    let process = serve();
    let store = Store::open_beside(&data).await.unwrap();
    let states = until(&store, |states| states["one"].succeeded_ms.is_some()).await;
    assert_eq!((states["one"].documents, &states["one"].trouble), (DOCUMENTS as u64, &None));
    for (name, text) in &texts {
        let file = ok(process.address, &format!("{AGGREGATOR}/one/clear/2026/{name}")).await;
        assert_eq!(&file, text);
    }
    // What was under way when it was killed is fetched again, and nothing else.
    let asked = between.asked.lock().unwrap().clone();
    let fetched = asked.iter().filter(|path| path.contains("/2026/") && path.ends_with(".json")).count();
    assert!((DOCUMENTS..=DOCUMENTS + kills).contains(&fetched), "{fetched}: {asked:?}");
}

#[tokio::test]
async fn one_publisher_is_no_list_and_who_is_only_listed_has_no_copies() {
    let one = Provider::open("One").await;
    one.publish("A-1", Tlp::Clear).await;
    let two = Provider::open("Two").await;
    let only_listed = AggregatedProvider { mirror: false, ..following("two", two.url()) };
    let wrong = AggregatedProvider { fingerprint: Some("A".repeat(40)), ..following("wrong", two.url()) };
    let (server, store) = aggregator(vec![following("one", one.url()), wrong.clone()]).await;
    let states =
        until(&store, |states| states.len() == 2 && states.values().all(|state| state.tried_ms.is_some()))
            .await;
    assert!(states["wrong"].trouble.as_deref().unwrap().contains("fingerprint that is configured"));
    assert_eq!(states["wrong"].metadata, None);
    let path = format!("{AGGREGATOR}/aggregator.json");
    assert_eq!(server.get(&path).await.status, 404, "requirement 22 wants two");
    ok(server.address(), &format!("{AGGREGATOR}/one/clear/index.txt")).await;
    store.close().await;
    let TestServer { server, directory } = server;
    server.stop().await;

    // The same data directory, with two as it is: a lister, which names no mirror of its own.
    let mut settings = crate::server::settings(directory.path());
    aggregating(&mut settings, vec![following("one", one.url()), only_listed]);
    let server =
        TestServer { server: sabha_server::server::Server::start(settings).await.unwrap(), directory };
    let store = Store::open(server.directory.path()).await.unwrap();
    until(&store, |states| states.get("two").is_some_and(|state| state.tried_ms.is_some())).await;
    assert!(!store.mirrors().await.unwrap().iter().any(|state| state.name == "wrong"), "it is forgotten");
    let list: Value = server.get(&path).await.json();
    assert_eq!(list["aggregator"]["category"], "lister");
    assert!(list["csaf_providers"].as_array().unwrap().iter().all(|entry| entry.get("mirrors").is_none()));
    assert_eq!(server.get(&format!("{AGGREGATOR}/two/provider-metadata.json")).await.status, 404);
    // And where there is none, there is nothing.
    let none = TestServer::start().await;
    assert_eq!(none.get(&path).await.status, 404);
    assert_eq!(none.get("/bulletin/mirrored").await.status, 404);
    assert!(!none.get("/bulletin").await.body.contains("/bulletin/mirrored"));
    assert_eq!(server.get("/bulletin/mirrored/two/2026/b-1.json").await.status, 404);
}
