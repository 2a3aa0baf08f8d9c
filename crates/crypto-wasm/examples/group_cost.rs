//! What a change of a meeting's group costs, by its size: prints a table, for both suites.
//!
//! ```text
//! cargo run --release -p sabha-crypto-wasm --example group_cost       natively
//! cargo wasm group-cost                                               as WebAssembly, in Node
//! ```
//!
//! The group is one in which the host has let everybody in and nobody has renewed its keys since: the dearest form of a
//! tree, because a commit with a path is then sealed for every leaf alone. An Add needs no path. All times include the
//! rules of admission, that is the check of every member's grant. Times are medians over `ROUNDS` rounds, in
//! milliseconds; sizes are in bytes, as they travel before base64url.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made is to stop")]

use ed25519_dalek::SigningKey;
use sabha_admission::{
    Capabilities, Grant, HostCert, Method, Policy, SignedGrant, SignedPolicy, Suite, device_key, meeting_id,
};
use sabha_crypto::{
    group::{Applicant, Bundle, Changes, DeviceSigner, Group, Provider},
    link::LinkSecret,
};
use sabha_delivery::Delivery;
use sabha_protocol::{DeviceKey, MeetingId};

const SIZES: [usize; 3] = [10, 50, 100];
const ROUNDS: usize = 11;
/// A time at which all papers are in force, in unix milliseconds.
const NOW: u64 = 1_900_000_000_000;

fn main() {
    machine::say(
        "| suite | members | change | commit | server | member | joiner | commit, B | Welcome, B | tree, B |",
    );
    machine::say("|---|---|---|---|---|---|---|---|---|---|");
    for suite in [Suite::Classical, Suite::XWing] {
        for members in SIZES {
            let mut meeting = Meeting::with(suite, members);
            let mut adds = Vec::new();
            let mut removes = Vec::new();
            for _ in 0..ROUNDS {
                let (device, cost) = meeting.add();
                adds.push(cost);
                removes.push(meeting.change(Changes { remove: vec![device], ..Changes::default() }).1);
            }
            print(suite, members, "Add", &adds);
            print(suite, members, "Remove", &removes);
        }
    }
}

/// What one change took: milliseconds and bytes.
#[derive(Clone, Copy)]
struct Cost {
    commit: f64,
    server: f64,
    member: f64,
    joiner: f64,
    commit_bytes: usize,
    welcome_bytes: usize,
    tree_bytes: usize,
}

struct Meeting {
    suite: Suite,
    id: MeetingId,
    host: Group,
    host_key: SigningKey,
    member: Group,
    delivery: Delivery,
    next: u32,
}

impl Meeting {
    /// A meeting that the creator and an observed member are in, and others.
    fn with(suite: Suite, members: usize) -> Self {
        let (root, host_key) = (key(0), key(1));
        let id = meeting_id(suite, &device_key(&root));
        let grant = Grant {
            capabilities: Capabilities::HOST | Capabilities::PARTICIPANT,
            issuer: device_key(&root),
            method: Method::Creator,
            ..grant(suite, id, &host_key, &host_key)
        };
        let applicant = applicant(suite, id, &host_key, grant.sign(&root).unwrap());
        let mut host = applicant.create(&policy(suite, id, &root, &host_key), NOW).unwrap();
        let (info, tree) = host.state().unwrap();
        let mut delivery = Delivery::open(id, &info, &tree, NOW).unwrap();

        let keys: Vec<SigningKey> = (2..=u32::try_from(members).unwrap()).map(key).collect();
        let mut member = None;
        // In lots, because a Welcome has a bound.
        for lot in keys.chunks(20) {
            let applicants: Vec<Applicant> = lot
                .iter()
                .map(|key| {
                    let grant = self::grant(suite, id, key, &host_key).sign(&host_key).unwrap();
                    self::applicant(suite, id, key, grant)
                })
                .collect();
            let add = applicants.iter().map(|applicant| applicant.key_package().unwrap()).collect();
            let bundle = host.commit(Changes { add, ..Changes::default() }, NOW).unwrap();
            deliver(&mut delivery, &host, &bundle);
            host.confirm(NOW).unwrap();
            match &mut member {
                None => {
                    let first = applicants.into_iter().next().unwrap();
                    let joined = first.join(bundle.welcome.as_ref().unwrap(), &delivery.tree(), NOW);
                    member = Some(joined.map_err(|(_, reject)| reject).unwrap());
                }
                Some(member) => drop(Group::ingest(member, bundle.commit.as_bytes(), NOW).unwrap()),
            }
        }
        let next = u32::try_from(members).unwrap() + 1;
        Self { suite, id, host, host_key, member: member.unwrap(), delivery, next }
    }

    /// Somebody comes in.
    fn add(&mut self) -> (DeviceKey, Cost) {
        let key = key(self.next);
        self.next += 1;
        let grant = grant(self.suite, self.id, &key, &self.host_key).sign(&self.host_key).unwrap();
        let applicant = applicant(self.suite, self.id, &key, grant);
        let changes = Changes { add: vec![applicant.key_package().unwrap()], ..Changes::default() };
        let (bundle, mut cost) = self.change(changes);
        let (welcome, tree) = (bundle.welcome.unwrap(), self.delivery.tree());
        let (joiner, joined) = timed(|| applicant.join(&welcome, &tree, NOW));
        joined.map_err(|(_, reject)| reject).unwrap();
        (cost.joiner, cost.welcome_bytes) = (joiner, welcome.as_bytes().len());
        (device_key(&key), cost)
    }

    fn change(&mut self, changes: Changes) -> (Bundle, Cost) {
        let (commit, bundle) = timed(|| self.host.commit(changes, NOW).unwrap());
        let (server, ()) = timed(|| deliver(&mut self.delivery, &self.host, &bundle));
        self.host.confirm(NOW).unwrap();
        let (member, _) = timed(|| self.member.ingest(bundle.commit.as_bytes(), NOW).unwrap());
        let cost = Cost {
            commit,
            server,
            member,
            joiner: 0.0,
            commit_bytes: bundle.commit.as_bytes().len(),
            welcome_bytes: 0,
            tree_bytes: self.delivery.tree().as_bytes().len(),
        };
        (bundle, cost)
    }
}

fn deliver(delivery: &mut Delivery, host: &Group, bundle: &Bundle) {
    let (commit, info) = (bundle.commit.clone(), bundle.group_info.clone());
    delivery.commit(&host.me(), bundle.epoch, commit, info, NOW).unwrap();
}

/// Returns what something took, in milliseconds, and what came of it.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = machine::now_ms();
    let done = work();
    (machine::now_ms() - start, done)
}

fn print(suite: Suite, members: usize, change: &str, costs: &[Cost]) {
    let time = |of: fn(&Cost) -> f64| {
        let mut times: Vec<f64> = costs.iter().map(of).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let last = costs.last().unwrap();
    let joiner = if change == "Add" { format!("{:.1}", time(|cost| cost.joiner)) } else { "-".to_owned() };
    let welcome = if change == "Add" { last.welcome_bytes.to_string() } else { "-".to_owned() };
    machine::say(&format!(
        "| {suite:?} | {members} | {change} | {:.1} | {:.1} | {:.1} | {joiner} | {} | {welcome} | {} |",
        time(|cost| cost.commit),
        time(|cost| cost.server),
        time(|cost| cost.member),
        last.commit_bytes,
        last.tree_bytes,
    ));
}

fn key(number: u32) -> SigningKey {
    let mut seed = [0x5a; 32];
    seed[..4].copy_from_slice(&number.to_be_bytes());
    SigningKey::from_bytes(&seed)
}

fn applicant(suite: Suite, meeting: MeetingId, key: &SigningKey, grant: SignedGrant) -> Applicant {
    let signer = DeviceSigner::from_seed(&key.to_bytes());
    let link = LinkSecret::from_bytes([9; 16]);
    Applicant::new(meeting, suite, link, signer, grant, Provider::default()).unwrap()
}

fn grant(suite: Suite, meeting: MeetingId, subject: &SigningKey, issuer: &SigningKey) -> Grant {
    Grant {
        meeting,
        suite,
        subject: device_key(subject),
        capabilities: Capabilities::PARTICIPANT,
        issuer: device_key(issuer),
        seq: u64::from(u32::from_be_bytes(subject.to_bytes()[..4].try_into().unwrap())),
        not_before_ms: NOW,
        not_after_ms: NOW + 3_600_000,
        nonce: [0; 16],
        method: Method::Manual,
        invite: None,
    }
}

fn policy(suite: Suite, meeting: MeetingId, root: &SigningKey, host: &SigningKey) -> SignedPolicy {
    let root_key = device_key(root);
    let cert = HostCert {
        meeting,
        subject: device_key(host),
        capabilities: Capabilities::HOST,
        issuer: root_key,
        seq: 0,
        not_after_ms: NOW + 3_600_000,
    };
    Policy {
        meeting,
        suite,
        root: root_key,
        version: 1,
        hosts: vec![cert.sign(root).unwrap()],
        locked_at_ms: None,
        revoked: Vec::new(),
        conduct: sabha_admission::Conduct::default(),
        signer: root_key,
    }
    .sign(root)
    .unwrap()
}

/// The clock and the voice of a program.
#[cfg(not(target_arch = "wasm32"))]
mod machine {
    use std::{sync::LazyLock, time::Instant};

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    pub(crate) fn now_ms() -> f64 {
        START.elapsed().as_secs_f64() * 1e3
    }

    pub(crate) fn say(line: &str) {
        println!("{line}");
    }
}

/// The same of JavaScript.
#[cfg(target_arch = "wasm32")]
mod machine {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = performance)]
        fn now() -> f64;
        #[wasm_bindgen(js_namespace = console)]
        fn log(line: &str);
    }

    pub(crate) fn now_ms() -> f64 {
        now()
    }

    pub(crate) fn say(line: &str) {
        log(line);
    }
}
