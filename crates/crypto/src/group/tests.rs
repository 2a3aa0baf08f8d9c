//! The group against the delivery service, without a device around it.

use ed25519_dalek::SigningKey;
use sabha_admission::{
    Capabilities, Grant, HostCert, Method, Policy, SignedGrant, SignedPolicy, Suite, device_key, meeting_id,
};
use sabha_delivery::{Delivery, Removal};

use super::*;
use crate::link::LinkSecret;

const NOW: u64 = 1_900_000_000_000;
const HOUR: u64 = 3_600_000;

struct Scene {
    suite: Suite,
    root: SigningKey,
    meeting: MeetingId,
    delivery: Delivery,
    host: Group,
    seq: u64,
}

impl Scene {
    fn new(suite: Suite) -> Self {
        let root = SigningKey::from_bytes(&[1; 32]);
        let meeting = meeting_id(suite, &device_key(&root));
        let signer = DeviceSigner::from_seed(&[2; 32]);
        let policy = policy(suite, &root, meeting, 1);
        let grant = grant(suite, meeting, signer.device(), &root, 1, Method::Creator);
        let host = applicant(suite, meeting, signer, grant).create(&policy, NOW).unwrap();
        let (info, tree) = host.state().unwrap();
        let delivery = Delivery::open(meeting, &info, &tree, NOW).unwrap();
        Self { suite, root, meeting, delivery, host, seq: 1 }
    }

    fn applicant(&mut self, seed: u8) -> Applicant {
        self.seq += 1;
        let signer = DeviceSigner::from_seed(&[seed; 32]);
        let host = self.host.signer.clone();
        let grant = grant(self.suite, self.meeting, signer.device(), host.key(), self.seq, Method::Manual);
        applicant(self.suite, self.meeting, signer, grant)
    }

    /// The host adds somebody; the others follow.
    fn add(&mut self, seed: u8, others: &mut [&mut Group]) -> Group {
        let applicant = self.applicant(seed);
        let changes = Changes { add: vec![applicant.key_package().unwrap()], ..Changes::default() };
        let bundle = self.host.commit(changes, NOW).unwrap();
        self.deliver(&bundle, others).unwrap();
        applicant
            .join(&bundle.welcome.unwrap(), &self.delivery.tree(), NOW)
            .map_err(|(_, reject)| reject)
            .unwrap()
    }

    fn deliver(
        &mut self,
        bundle: &Bundle,
        others: &mut [&mut Group],
    ) -> Result<sabha_delivery::Change, sabha_delivery::Reject> {
        let host = self.host.me();
        let change = self.delivery.commit(
            &host,
            bundle.epoch,
            bundle.commit.clone(),
            bundle.group_info.clone(),
            NOW,
        )?;
        self.host.confirm(NOW).unwrap();
        for other in others {
            other.ingest(bundle.commit.as_bytes(), NOW).unwrap();
        }
        Ok(change)
    }
}

fn applicant(suite: Suite, meeting: MeetingId, signer: DeviceSigner, grant: SignedGrant) -> Applicant {
    Applicant::new(meeting, suite, LinkSecret::from_bytes([9; 16]), signer, grant, Provider::default())
        .unwrap()
}

fn policy(suite: Suite, root: &SigningKey, meeting: MeetingId, version: u64) -> SignedPolicy {
    let root_key = device_key(root);
    Policy {
        meeting,
        suite,
        root: root_key,
        version,
        hosts: vec![
            HostCert {
                meeting,
                subject: DeviceSigner::from_seed(&[2; 32]).device(),
                capabilities: Capabilities::HOST,
                issuer: root_key,
                seq: 0,
                not_after_ms: NOW + HOUR,
            }
            .sign(root)
            .unwrap(),
        ],
        locked_at_ms: None,
        revoked: Vec::new(),
        conduct: sabha_admission::Conduct::default(),
        signer: root_key,
    }
    .sign(root)
    .unwrap()
}

fn grant(
    suite: Suite,
    meeting: MeetingId,
    subject: DeviceKey,
    issuer: &SigningKey,
    seq: u64,
    method: Method,
) -> SignedGrant {
    let creator = method == Method::Creator;
    let capabilities =
        if creator { Capabilities::HOST.union(Capabilities::PARTICIPANT) } else { Capabilities::PARTICIPANT };
    Grant {
        meeting,
        suite,
        subject,
        capabilities,
        issuer: device_key(issuer),
        seq,
        not_before_ms: NOW,
        not_after_ms: NOW + HOUR,
        nonce: [0; 16],
        method,
        invite: None,
    }
    .sign(issuer)
    .unwrap()
}

fn both(test: impl Fn(Suite)) {
    test(Suite::Classical);
    test(Suite::XWing);
}

#[test]
fn members_of_both_suites_share_keys_and_messages_that_the_server_cannot_open() {
    both(|suite| {
        let mut scene = Scene::new(suite);
        let mut asha = scene.add(11, &mut []);
        let mut bilal = scene.add(12, &mut [&mut asha]);

        let keys = scene.host.keys();
        assert_eq!(asha.keys().base_key.0.expose(), keys.base_key.0.expose());
        assert_eq!(bilal.keys().base_key.0.expose(), keys.base_key.0.expose());
        assert_eq!(bilal.transcript_hash(), scene.host.transcript_hash());
        assert_eq!(scene.delivery.members().len(), 3);

        let sealed = asha.seal(b"namaste").unwrap();
        let Ingested::Application { from, bytes } = bilal.ingest(&sealed, NOW).unwrap() else { panic!() };
        assert_eq!((from, &bytes[..]), (asha.me(), &b"namaste"[..]));
    });
}

#[test]
fn the_next_epochs_keys_are_known_before_the_merge_and_are_the_same_after() {
    let mut scene = Scene::new(Suite::Classical);
    let mut asha = scene.add(11, &mut []);
    let bundle = scene.host.commit(Changes { refresh: true, ..Changes::default() }, NOW).unwrap();
    scene.deliver(&bundle, &mut []).unwrap();
    let Ingested::Epoch(change) = asha.ingest(bundle.commit.as_bytes(), NOW).unwrap() else { panic!() };
    assert_eq!(change.keys.unwrap().base_key.0.expose(), scene.host.keys().base_key.0.expose());
    assert_eq!(change.epoch, scene.host.epoch());
}

#[test]
fn removal_with_revocation_is_one_commit_and_the_removed_cannot_come_back() {
    let mut scene = Scene::new(Suite::Classical);
    let mut asha = scene.add(11, &mut []);
    let mut bilal = scene.add(12, &mut [&mut asha]);
    let (before, old_grant) = (bilal.keys(), bilal_grant(&bilal));

    let mut next = Policy::clone(&scene.host.roster().policy);
    next.version += 1;
    next.revoked.push(scene.host.roster().member_of(&bilal.me()).unwrap().ban_id());
    next.conduct.banned.insert(bilal.me());
    next.signer = scene.host.me();
    let policy = next.sign(scene.host.signer.clone().key()).unwrap();
    let bundle = scene
        .host
        .commit(Changes { remove: vec![bilal.me()], policy: Some(policy), ..Changes::default() }, NOW)
        .unwrap();
    let change = scene.deliver(&bundle, &mut [&mut asha]).unwrap();
    assert_eq!(change.removed, [(bilal.me(), Removal::ByHost)]);

    let Ingested::Epoch(out) = bilal.ingest(bundle.commit.as_bytes(), NOW).unwrap() else { panic!() };
    assert!(out.removed_me == Some(Exit::Banned) && out.keys.is_none());
    assert_ne!(asha.keys().base_key.0.expose(), before.base_key.0.expose());

    let back = applicant(scene.suite, scene.meeting, bilal.signer.clone(), old_grant);
    let (_, info, tree) = scene.delivery.state();
    assert!(matches!(
        back.join_from_outside(&info, &tree, NOW).err(),
        Some(Reject::Admission(Violation::Banned))
    ));
}

fn bilal_grant(group: &Group) -> SignedGrant {
    group.roster().member_of(&group.me()).unwrap().grant.clone()
}

#[test]
fn a_device_that_lost_its_leaf_comes_back_from_outside_in_its_own_place() {
    both(|suite| {
        let mut scene = Scene::new(suite);
        let mut asha = scene.add(11, &mut []);
        let bilal = scene.add(12, &mut [&mut asha]);
        let back = applicant(suite, scene.meeting, bilal.signer.clone(), bilal_grant(&bilal));
        let (_, info, tree) = scene.delivery.state();

        let (candidate, bundle) = back.join_from_outside(&info, &tree, NOW).unwrap();
        let device = bilal.me();
        let change = scene
            .delivery
            .commit(&device, bundle.epoch, bundle.commit.clone(), bundle.group_info.clone(), NOW)
            .unwrap();
        assert_eq!(change.removed, [(device, Removal::Replaced)]);
        assert!(change.added.is_empty());
        for member in [&mut scene.host, &mut asha] {
            member.ingest(bundle.commit.as_bytes(), NOW).unwrap();
        }
        let bilal = candidate.confirmed();
        assert_eq!(bilal.keys().base_key.0.expose(), scene.host.keys().base_key.0.expose());
    });
}

#[test]
fn who_leaves_is_removed_by_the_next_commit() {
    let mut scene = Scene::new(Suite::Classical);
    let mut asha = scene.add(11, &mut []);
    let mut bilal = scene.add(12, &mut [&mut asha]);
    let (epoch, proposal) = bilal.propose_leaving().unwrap();
    scene.delivery.propose(&bilal.me(), epoch, proposal.clone()).unwrap();
    for member in [&mut scene.host, &mut asha] {
        assert!(matches!(member.ingest(proposal.as_bytes(), NOW), Ok(Ingested::Proposal)));
    }
    let bundle = scene.host.commit(Changes::default(), NOW).unwrap();
    let change = scene.deliver(&bundle, &mut [&mut asha]).unwrap();
    assert_eq!(change.removed, [(bilal.me(), Removal::Left)]);
    assert_eq!(asha.roster().members.len(), 2);
}

#[test]
fn a_word_can_be_read_from_three_epochs_ago_and_told_from_sixteen_ahead() {
    let mut scene = Scene::new(Suite::Classical);
    let mut asha = scene.add(11, &mut []);
    let mut said = vec![scene.host.seal(b"word").unwrap()];
    let mut commits = Vec::new();
    for _ in 0..=EPOCHS_AHEAD {
        let bundle = scene.host.commit(Changes { refresh: true, ..Changes::default() }, NOW).unwrap();
        scene.deliver(&bundle, &mut []).unwrap();
        said.push(scene.host.seal(b"word").unwrap());
        commits.push(bundle.commit);
    }
    let hears = |asha: &mut Group, at: usize| asha.ingest_words(&said[at], NOW).map(|_| ());
    let own = asha.epoch().0;
    assert_eq!(hears(&mut asha, 1), Err(Reject::Early(GroupEpoch(own + 1))));
    assert_eq!(hears(&mut asha, 16), Err(Reject::Early(GroupEpoch(own + EPOCHS_AHEAD))));
    assert_eq!(hears(&mut asha, 17), Err(Reject::Invalid));

    for commit in &commits[..4] {
        asha.ingest(commit.as_bytes(), NOW).unwrap();
    }
    assert_eq!(hears(&mut asha, 17), Err(Reject::Early(GroupEpoch(own + EPOCHS_AHEAD + 1))));
    assert_eq!(hears(&mut asha, 0), Err(Reject::Invalid));
    for at in 1..=4 {
        assert_eq!(hears(&mut asha, at), Ok(()));
        assert_eq!(hears(&mut asha, at), Err(Reject::Invalid));
    }
    // A commit is of its epoch only.
    assert_eq!(asha.ingest(commits[3].as_bytes(), NOW).err(), Some(Reject::Invalid));
    assert_eq!(asha.ingest(commits[5].as_bytes(), NOW).err(), Some(Reject::Invalid));
}

#[test]
fn beside_the_group_a_device_keeps_the_epochs_keys_and_the_links_secret() {
    both(|suite| {
        let mut scene = Scene::new(suite);
        let waiting = scene.applicant(13);
        waiting.key_package().unwrap();
        let kept = |provider: &Provider| format!("{:?}", provider.storage());
        assert_eq!(kept(&waiting.provider), "[KeyPackage, Psk]");

        let mut asha = scene.add(11, &mut []);
        for _ in 0..3 {
            let bundle = scene.host.commit(Changes { refresh: true, ..Changes::default() }, NOW).unwrap();
            scene.deliver(&bundle, &mut [&mut asha]).unwrap();
            let hers = asha.commit(Changes { refresh: true, ..Changes::default() }, NOW).unwrap();
            let by = asha.me();
            scene.delivery.commit(&by, hers.epoch, hers.commit.clone(), hers.group_info, NOW).unwrap();
            asha.confirm(NOW).unwrap();
            scene.host.ingest(hers.commit.as_bytes(), NOW).unwrap();
        }
        for group in [&scene.host, &asha] {
            assert_eq!(kept(&group.provider), "[EpochKeyPairs, Psk]");
            let loaded = MlsGroup::load(group.provider.storage(), group.mls.group_id());
            assert!(loaded.unwrap().is_none());
        }
    });
}

#[test]
fn only_the_first_commit_of_an_epoch_counts() {
    let mut scene = Scene::new(Suite::Classical);
    let mut asha = scene.add(11, &mut []);
    let hers = asha.commit(Changes { refresh: true, ..Changes::default() }, NOW).unwrap();
    let ours = scene.host.commit(Changes { refresh: true, ..Changes::default() }, NOW).unwrap();
    scene.delivery.commit(&asha.me(), hers.epoch, hers.commit.clone(), hers.group_info.clone(), NOW).unwrap();
    let late = scene.deliver(&ours, &mut []);
    assert!(matches!(late, Err(sabha_delivery::Reject::Stale { .. })));
    scene.host.abandon();
    scene.host.ingest(hers.commit.as_bytes(), NOW).unwrap();
    asha.confirm(NOW).unwrap();
    assert_eq!(asha.transcript_hash(), scene.host.transcript_hash());
    let again = scene.host.commit(Changes { refresh: true, ..Changes::default() }, NOW).unwrap();
    scene.deliver(&again, &mut [&mut asha]).unwrap();
}

#[test]
fn a_member_without_the_right_cannot_add_or_remove() {
    let mut scene = Scene::new(Suite::Classical);
    let mut asha = scene.add(11, &mut []);
    let stranger = scene.applicant(13);
    let add = Changes { add: vec![stranger.key_package().unwrap()], ..Changes::default() };
    assert!(matches!(asha.commit(add, NOW), Err(Reject::Admission(_))));
    let remove = Changes { remove: vec![scene.host.me()], ..Changes::default() };
    assert!(matches!(asha.commit(remove, NOW), Err(Reject::Admission(_))));
    assert!(!asha.is_committing());
}

#[test]
fn root_is_needed_for_nothing_after_creation() {
    let scene = Scene::new(Suite::Classical);
    assert_eq!(scene.host.roster().policy.root, device_key(&scene.root));
}
