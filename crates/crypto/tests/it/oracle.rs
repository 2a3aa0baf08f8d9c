//! Two implementations of MLS, three judges, one opinion: what a member's group and the delivery service let pass, mls-rs
//! with the same rules lets pass too and comes to the same group; what they refuse, it refuses.

use sabha_admission::{Capabilities, Grant, Method, Policy, Suite, meeting_id};
use sabha_crypto::group::{Bundle, Changes, Group, Reject};
use sabha_delivery::Reject as Undelivered;
use sabha_protocol::DeviceKey;

use crate::{
    meeting::{CREATOR, HOUR, Meeting, NOW, Papers, ROOT, deliver, device, key, refresh},
    observer::{Observer, Refusal},
    rogue::{Context, Plan, Rogue},
};

const ASHA: u8 = 11;
const BILAL: u8 = 12;
/// A member without rights.
const GUEST: u8 = 20;
/// A member who may admit and moderate, and not delegate.
const MODERATOR: u8 = 21;
/// A member with all rights of a host.
const CHIEF: u8 = 22;
/// Somebody outside.
const GHOST: u8 = 30;

/// A meeting that is watched: with honest members, and with some who follow it and would break it.
struct Hall {
    meeting: Meeting,
    asha: Group,
    guest: Rogue,
    moderator: Rogue,
    chief: Rogue,
    observer: Observer,
    /// Attacks that all have refused.
    refused: usize,
}

impl Hall {
    fn new() -> Self {
        let mut meeting = Meeting::new(Suite::Classical);
        let papers = meeting.papers;
        let (info, tree) = meeting.host.state().unwrap();
        let mut observer = Observer::new(papers.meeting, &info, &tree).unwrap();
        let (mut asha, bundle) = meeting.add(ASHA);
        observer.commit(&bundle.commit).unwrap();

        let mut rogues: Vec<Rogue> = Vec::new();
        for number in [GUEST, MODERATOR, CHIEF] {
            let mut rogue = Rogue::new(papers, number, papers.granted(number).to_bytes());
            let bundle = meeting.change(Changes { add: vec![rogue.key_package()], ..Changes::default() });
            for earlier in &mut rogues {
                earlier.follow(&bundle.commit);
            }
            asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
            observer.commit(&bundle.commit).unwrap();
            rogue.welcomed(bundle.welcome.as_ref().unwrap(), &meeting.delivery.tree());
            rogues.push(rogue);
        }
        let [guest, moderator, chief] = rogues.try_into().unwrap_or_else(|_| panic!("three"));
        let mut hall = Self { meeting, asha, guest, moderator, chief, observer, refused: 0 };
        hall.policy(|policy| {
            let rights = Capabilities::ADMIT | Capabilities::MODERATE;
            policy.hosts.push(papers.host_cert(MODERATOR, rights, CREATOR));
            policy.hosts.push(papers.host_cert(CHIEF, Capabilities::HOST, CREATOR));
        });
        hall
    }

    /// The creator changes something, and everybody follows.
    fn change(&mut self, changes: Changes) -> Bundle {
        let bundle = self.meeting.change(changes);
        self.followed(&bundle);
        bundle
    }

    fn policy(&mut self, change: impl FnOnce(&mut Policy)) {
        let policy = self.meeting.policy(change);
        self.change(Changes { policy: Some(policy), ..Changes::default() });
    }

    /// Everybody but its maker takes a commit that the server has taken.
    fn followed(&mut self, bundle: &Bundle) {
        self.asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
        for rogue in [&mut self.guest, &mut self.moderator, &mut self.chief] {
            rogue.follow(&bundle.commit);
        }
        self.observer.commit(&bundle.commit).unwrap();
        self.agree();
    }

    fn agree(&self) {
        agree(&self.observer, &self.meeting.host);
        agree(&self.observer, &self.asha);
        assert_eq!(self.observer.epoch(), self.meeting.delivery.epoch().0);
        assert_eq!(self.observer.roster().members.len(), self.meeting.delivery.members().len());
    }

    /// A commit that all three judges refuse by the same rule.
    #[track_caller]
    fn refused(&mut self, from: DeviceKey, forged: &Bundle, rule: &str) {
        self.refused_each(from, forged, [rule; 3]);
    }

    /// A commit that a member, the server and the second implementation refuse, each by its rule: `MLS` is one of
    /// its library's own.
    #[track_caller]
    fn refused_each(&mut self, from: DeviceKey, forged: &Bundle, rules: [&str; 3]) {
        let before = self.asha.epoch();
        let ours = self.asha.ingest(forged.commit.as_bytes(), NOW).expect_err("a member refuses it");
        let servers = deliver(&mut self.meeting.delivery, from, forged).expect_err("the server refuses it");
        let theirs = self.observer.commit(&forged.commit).expect_err("the second implementation refuses it");
        let ours = match &ours {
            Reject::Admission(violation) => violation.id(),
            Reject::Invalid => "MLS",
            _ => "?",
        };
        let servers = match &servers {
            Undelivered::Admission(violation) => violation.id(),
            Undelivered::Malformed => "MLS",
            _ => "?",
        };
        let theirs = match &theirs {
            Refusal::Rule(violation) => violation.id(),
            Refusal::Mls(why) => {
                println!("mls-rs: {why}");
                "MLS"
            }
        };
        assert_eq!([ours, servers, theirs], rules);
        assert_eq!(self.asha.epoch(), before);
        self.agree();
        self.refused += 1;
    }

    fn link(&self) -> Vec<Vec<u8>> {
        vec![self.meeting.papers.meeting.as_bytes().to_vec()]
    }

    /// A plan to add whoever shows these bytes as its credential.
    fn adding(&self, credential: Vec<u8>) -> Plan {
        let ghost = Rogue::new(self.meeting.papers, GHOST, credential);
        Plan { add: vec![ghost.key_package()], psks: self.link(), ..Plan::default() }
    }

    /// A plan to bring this policy.
    fn bringing(&self, signer: u8, change: impl FnOnce(&mut Policy)) -> Plan {
        let mut policy = self.meeting.host.roster().policy.successor(device(signer));
        change(&mut policy);
        Plan { policy: Some(policy.sign(&key(signer)).unwrap().to_bytes()), ..Plan::default() }
    }

    /// An external commit by somebody with this key and credential.
    fn entering(&self, number: u8, credential: Vec<u8>) -> Bundle {
        let (_, info, tree) = self.meeting.delivery.state();
        let link = self.link();
        let psks: Vec<&[u8]> = link.iter().map(Vec::as_slice).collect();
        Rogue::new(self.meeting.papers, number, credential).come_in(&info, &tree, &psks).unwrap()
    }

    fn leaf(&self, number: u8) -> u32 {
        self.asha.roster().member_of(&device(number)).unwrap().index
    }
}

fn agree(observer: &Observer, group: &Group) {
    assert_eq!(observer.epoch(), group.epoch().0);
    assert_eq!(observer.tree_hash(), group.tree_hash());
    assert_eq!(observer.transcript_hash(), group.transcript_hash());
    assert_eq!(observer.roster().members, group.roster().members);
    assert_eq!(observer.roster().policy, group.roster().policy);
}

#[test]
fn both_implementations_follow_an_honest_meeting() {
    let mut hall = Hall::new();
    hall.change(refresh());

    // Several at once, and somebody who takes the leaf of one who went.
    let papers = hall.meeting.papers;
    let key_package = |number| papers.applicant(number, papers.granted(number)).key_package().unwrap();
    hall.change(Changes { add: [40, 41, 42].map(key_package).to_vec(), ..Changes::default() });
    hall.change(Changes { remove: vec![device(41), device(40)], ..Changes::default() });
    hall.change(Changes {
        add: [43, 44, 45].map(key_package).to_vec(),
        remove: vec![device(42)],
        refresh: true,
        ..Changes::default()
    });
    assert_eq!(hall.asha.roster().members.len(), 8);

    // A policy, alone and with a removal in one commit.
    hall.policy(|policy| policy.locked_at_ms = Some(NOW));
    let banned = hall.asha.roster().member_of(&device(45)).unwrap().ban_id();
    let policy = hall.meeting.policy(|policy| policy.revoke(banned).unwrap());
    hall.change(Changes { remove: vec![device(45)], policy: Some(policy), ..Changes::default() });
    hall.policy(|policy| policy.locked_at_ms = None);

    // Others than the creator commit, too.
    for by in [refresh(), Changes::default()] {
        let bundle = hall.asha.commit(by, NOW).unwrap();
        deliver(&mut hall.meeting.delivery, device(ASHA), &bundle).unwrap();
        hall.asha.confirm(NOW).unwrap();
        hall.meeting.host.ingest(bundle.commit.as_bytes(), NOW).unwrap();
        for rogue in [&mut hall.guest, &mut hall.moderator, &mut hall.chief] {
            rogue.follow(&bundle.commit);
        }
        hall.observer.commit(&bundle.commit).unwrap();
        hall.agree();
    }
    let bundle = hall.chief.commit(&Plan { remove: vec![hall.leaf(44)], ..Plan::default() });
    deliver(&mut hall.meeting.delivery, device(CHIEF), &bundle).unwrap();
    hall.meeting.host.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    hall.asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    hall.observer.commit(&bundle.commit).unwrap();
    hall.agree();
}

#[test]
fn both_implementations_follow_who_comes_from_outside() {
    let mut hall = Hall::new();
    let papers = hall.meeting.papers;
    // New with a grant, then again in the same place, then by an invite.
    for (number, grant) in
        [(BILAL, papers.granted(BILAL)), (BILAL, papers.granted(BILAL)), (50, papers.invited(50, 60))]
    {
        let (_, info, tree) = hall.meeting.delivery.state();
        let (candidate, bundle) =
            papers.applicant(number, grant).join_from_outside(&info, &tree, NOW).unwrap();
        deliver(&mut hall.meeting.delivery, device(number), &bundle).unwrap();
        hall.meeting.host.ingest(bundle.commit.as_bytes(), NOW).unwrap();
        hall.followed(&bundle);
        agree(&hall.observer, &candidate.confirmed());
    }
    assert_eq!(hall.asha.roster().members.len(), 7);
}

#[test]
fn both_implementations_see_the_same_group_after_somebody_left() {
    let mut meeting = Meeting::new(Suite::Classical);
    let (mut asha, _) = meeting.add(ASHA);
    let (epoch, proposal) = asha.propose_leaving().unwrap();
    meeting.delivery.propose(&device(ASHA), epoch, proposal.clone()).unwrap();
    meeting.host.ingest(proposal.as_bytes(), NOW).unwrap();
    meeting.change(Changes::default());

    let (_, info, tree) = meeting.delivery.state();
    let mut observer = Observer::new(meeting.papers.meeting, &info, &tree).unwrap();
    agree(&observer, &meeting.host);
    let (bilal, bundle) = meeting.add(BILAL);
    observer.commit(&bundle.commit).unwrap();
    agree(&observer, &bilal);
}

#[test]
fn a_random_honest_meeting_is_the_same_for_both_implementations() {
    for seed in 1..=6_u32 {
        let mut meeting = Meeting::new(Suite::Classical);
        let (info, tree) = meeting.host.state().unwrap();
        let mut observer = Observer::new(meeting.papers.meeting, &info, &tree).unwrap();
        let mut state = seed;
        let mut random = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            usize::try_from(state >> 16).unwrap() % below
        };
        let papers = meeting.papers;
        let mut next = 100;
        for _ in 0..24 {
            let others: Vec<DeviceKey> = meeting
                .host
                .roster()
                .members
                .iter()
                .map(|member| member.device)
                .filter(|member| *member != device(CREATOR))
                .collect();
            let mut changes = Changes { refresh: random(2) == 0, ..Changes::default() };
            for _ in 0..random(4) {
                let applicant = papers.applicant(next, papers.granted(next));
                changes.add.push(applicant.key_package().unwrap());
                next += 1;
            }
            for _ in 0..random(3).min(others.len()) {
                let gone = others[random(others.len())];
                if !changes.remove.contains(&gone) {
                    changes.remove.push(gone);
                }
            }
            if random(3) == 0 {
                let ban: Vec<_> = changes
                    .remove
                    .iter()
                    .map(|gone| meeting.host.roster().member_of(gone).unwrap().ban_id())
                    .collect();
                let policy = meeting.policy(|policy| {
                    policy.locked_at_ms = (random(2) == 0).then_some(NOW + 1);
                    ban.into_iter().for_each(|id| policy.revoke(id).unwrap());
                });
                changes.policy = Some(policy);
            }
            let bundle = meeting.change(changes);
            observer.commit(&bundle.commit).unwrap_or_else(|refusal| panic!("seed {seed}: {refusal:?}"));
            agree(&observer, &meeting.host);
        }
    }
}

#[test]
fn nobody_lets_a_ghost_in_by_a_hosts_commit() {
    let mut hall = Hall::new();
    let papers = hall.meeting.papers;
    let elsewhere = Papers { meeting: meeting_id(Suite::Classical, &device(77)), ..papers };
    let grant = |change: &dyn Fn(&mut Grant), issuer: u8| {
        let mut grant = papers.grant(GHOST);
        change(&mut grant);
        Grant { issuer: device(issuer), ..grant }.sign(&key(issuer)).unwrap()
    };
    let mut tampered = grant(&|_| {}, CREATOR);
    tampered.signature[5] ^= 1;
    let host = |grant: &mut Grant| grant.capabilities = Capabilities::PARTICIPANT | Capabilities::ADMIT;
    for (credential, rule) in [
        (Vec::new(), "ADM-18"),
        (b"let me in".to_vec(), "ADM-18"),
        ([papers.granted(GHOST).to_bytes(), vec![0]].concat(), "ADM-18"),
        (papers.granted(ASHA).to_bytes(), "ADM-19"),
        (elsewhere.granted(GHOST).to_bytes(), "ADM-20"),
        (grant(&|grant| grant.suite = Suite::XWing, CREATOR).to_bytes(), "ADM-20"),
        (tampered.to_bytes(), "ADM-21"),
        (grant(&|_| {}, GHOST).to_bytes(), "ADM-22"),
        (grant(&|_| {}, GUEST).to_bytes(), "ADM-22"),
        (grant(&|grant| grant.method = Method::Creator, CREATOR).to_bytes(), "ADM-23"),
        (grant(&|_| {}, ROOT).to_bytes(), "ADM-23"),
        (grant(&host, CREATOR).to_bytes(), "ADM-24"),
        (grant(&|grant| grant.not_after_ms = NOW - 1, CREATOR).to_bytes(), "ADM-30"),
        (grant(&|grant| grant.not_before_ms = NOW + HOUR, CREATOR).to_bytes(), "ADM-30"),
    ] {
        let plan = hall.adding(credential);
        let forged = hall.chief.commit(&plan);
        hall.refused(device(CHIEF), &forged, rule);
    }
    // A good grant, and still not by everybody nor without the link's key.
    let good = hall.adding(papers.granted(GHOST).to_bytes());
    let forged = hall.guest.commit(&good);
    hall.refused(device(GUEST), &forged, "ADM-33");
    let forged = hall.moderator.commit(&Plan { psks: Vec::new(), ..good.clone() });
    hall.refused(device(MODERATOR), &forged, "ADM-34");
    // A member does not have that key, which the library finds first.
    let forged = hall.moderator.commit(&Plan { psks: vec![b"another".to_vec()], ..good.clone() });
    hall.refused_each(device(MODERATOR), &forged, ["MLS", "ADM-34", "ADM-34"]);
    let forged = hall.moderator.commit(&Plan { psks: hall.link(), ..Plan::default() });
    hall.refused(device(MODERATOR), &forged, "ADM-34");
    let forged = hall.chief.commit(&Plan { private: true, ..good.clone() });
    hall.refused(device(CHIEF), &forged, "MLS");
    assert_eq!(hall.refused, 19);

    // The same plan by who may.
    let bundle = hall.moderator.commit(&good);
    deliver(&mut hall.meeting.delivery, device(MODERATOR), &bundle).unwrap();
    hall.asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    hall.meeting.host.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    hall.observer.commit(&bundle.commit).unwrap();
    hall.agree();
}

#[test]
fn nobody_lets_a_ghost_in_from_outside() {
    let mut hall = Hall::new();
    let papers = hall.meeting.papers;
    let ghost = |grant: Grant, issuer| {
        Grant { issuer: device(issuer), ..grant }.sign(&key(issuer)).unwrap().to_bytes()
    };
    let late = Grant { not_after_ms: NOW - 1, ..papers.grant(GHOST) };
    for (number, credential, rule) in [
        (GHOST, b"let me in".to_vec(), "ADM-18"),
        (GHOST, papers.granted(ASHA).to_bytes(), "ADM-19"),
        (GHOST, ghost(papers.grant(GHOST), GHOST), "ADM-22"),
        (GHOST, ghost(papers.grant(GHOST), GUEST), "ADM-22"),
        (GHOST, ghost(late, CREATOR), "ADM-30"),
    ] {
        let forged = hall.entering(number, credential);
        hall.refused(device(number), &forged, rule);
    }
    // With a grant, and without the link.
    let (_, info, tree) = hall.meeting.delivery.state();
    let granted = Rogue::new(papers, GHOST, papers.granted(GHOST).to_bytes());
    let forged = granted.come_in(&info, &tree, &[]).unwrap();
    hall.refused(device(GHOST), &forged, "ADM-34");
    let forged = granted.come_in(&info, &tree, &[b"another"]).unwrap();
    hall.refused_each(device(GHOST), &forged, ["MLS", "ADM-34", "ADM-34"]);

    // By an invite that is in use on as many devices as it allows.
    let bundle = hall.entering(50, papers.invited(50, 60).to_bytes());
    deliver(&mut hall.meeting.delivery, device(50), &bundle).unwrap();
    hall.meeting.host.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    hall.followed(&bundle);
    let forged = hall.entering(51, papers.invited(51, 60).to_bytes());
    hall.refused(device(51), &forged, "ADM-26");

    // After the ban.
    let banned = hall.asha.roster().member_of(&device(50)).unwrap().ban_id();
    let policy = hall.meeting.policy(|policy| policy.revoke(banned).unwrap());
    hall.change(Changes { remove: vec![device(50)], policy: Some(policy), ..Changes::default() });
    let forged = hall.entering(51, papers.invited(51, 60).to_bytes());
    hall.refused(device(51), &forged, "ADM-27");
    assert_eq!(hall.refused, 9);
}

#[test]
fn nobody_gets_past_the_lock() {
    let mut hall = Hall::new();
    let papers = hall.meeting.papers;
    hall.policy(|policy| policy.locked_at_ms = Some(NOW));
    let later = Grant { not_before_ms: NOW + 1, ..papers.grant(GHOST) };
    let later = later.sign(&key(CREATOR)).unwrap().to_bytes();
    let plan = hall.adding(later.clone());
    let forged = hall.chief.commit(&plan);
    hall.refused(device(CHIEF), &forged, "ADM-29");
    let forged = hall.entering(GHOST, later.clone());
    hall.refused(device(GHOST), &forged, "ADM-29");
    let invited = papers.invited(50, 60).to_bytes();
    let forged = hall.entering(50, invited.clone());
    hall.refused(device(50), &forged, "ADM-46");
    let ghost = Rogue::new(papers, 50, invited);
    let plan = Plan { add: vec![ghost.key_package()], psks: hall.link(), ..Plan::default() };
    let forged = hall.chief.commit(&plan);
    hall.refused(device(CHIEF), &forged, "ADM-46");
    // Whoever lifts the lock in the same commit must have the right to.
    let mut plan = hall.adding(later);
    plan.add.clear();
    plan.psks.clear();
    plan.policy = hall.bringing(MODERATOR, |policy| policy.locked_at_ms = None).policy;
    let forged = hall.guest.commit(&plan);
    hall.refused(device(GUEST), &forged, "ADM-39");
    assert_eq!(hall.refused, 5);
}

#[test]
fn nobody_does_what_its_rights_do_not_say() {
    let mut hall = Hall::new();
    let papers = hall.meeting.papers;
    for (gone, rule) in [(ASHA, "ADM-35"), (CREATOR, "ADM-35"), (CHIEF, "ADM-35")] {
        let forged = hall.guest.commit(&Plan { remove: vec![hall.leaf(gone)], ..Plan::default() });
        hall.refused(device(GUEST), &forged, rule);
    }
    let forged = hall.moderator.commit(&Plan { remove: vec![hall.leaf(CREATOR)], ..Plan::default() });
    hall.refused(device(MODERATOR), &forged, "ADM-36");

    // A leaf of one's own with another grant of one's own.
    let other = Grant { seq: 900, ..papers.grant(GUEST) }.sign(&key(CREATOR)).unwrap();
    let forged = hall.guest.commit(&Plan { credential: Some(other.to_bytes()), ..Plan::default() });
    hall.refused(device(GUEST), &forged, "ADM-38");
    // The second implementation looks at the leaf alone before it looks at what was there.
    let forged =
        hall.guest.commit(&Plan { credential: Some(papers.granted(ASHA).to_bytes()), ..Plan::default() });
    hall.refused_each(device(GUEST), &forged, ["ADM-38", "ADM-38", "ADM-19"]);

    // The group's context.
    for context in [Context::Senders, Context::LessRequired] {
        let forged = hall.chief.commit(&Plan { context, ..Plan::default() });
        hall.refused(device(CHIEF), &forged, "ADM-40");
    }
    let forged = hall.chief.commit(&Plan { context: Context::NoPolicy, ..Plan::default() });
    hall.refused(device(CHIEF), &forged, "ADM-01");
    assert_eq!(hall.refused, 9);
}

#[test]
fn nobody_brings_a_policy_that_goes_back_or_gives_itself_rights() {
    let mut hall = Hall::new();
    let papers = hall.meeting.papers;
    let first = papers.policy().to_bytes();
    hall.policy(|policy| policy.revoke(papers.grant(GHOST).id()).unwrap());
    let current = hall.asha.roster().policy.version;

    let plan = hall.bringing(CREATOR, |policy| policy.locked_at_ms = Some(NOW));
    let forged = hall.guest.commit(&plan);
    hall.refused(device(GUEST), &forged, "ADM-39");
    let forged = hall.moderator.commit(&Plan { policy: Some(first), ..Plan::default() });
    hall.refused(device(MODERATOR), &forged, "ADM-12");
    for version in [0, current - 1, current] {
        let plan = hall.bringing(CREATOR, |policy| {
            policy.version = version;
            policy.locked_at_ms = Some(NOW);
        });
        let forged = hall.moderator.commit(&plan);
        hall.refused(device(MODERATOR), &forged, "ADM-12");
    }
    let plan = hall.bringing(MODERATOR, |policy| policy.revoked.clear());
    let forged = hall.moderator.commit(&plan);
    hall.refused(device(MODERATOR), &forged, "ADM-14");
    let plan = hall.bringing(MODERATOR, |policy| policy.hosts.retain(|host| host.subject != device(CHIEF)));
    let forged = hall.moderator.commit(&plan);
    hall.refused(device(MODERATOR), &forged, "ADM-15");
    let plan = hall.bringing(MODERATOR, |policy| policy.revoke(papers.creators_grant().id()).unwrap());
    let forged = hall.moderator.commit(&plan);
    hall.refused(device(MODERATOR), &forged, "ADM-16");
    // The moderator carries what the guest has signed.
    let plan = hall.bringing(GUEST, |policy| {
        policy.hosts.push(papers.host_cert(GUEST, Capabilities::MODERATE, GUEST));
    });
    let forged = hall.moderator.commit(&plan);
    hall.refused(device(MODERATOR), &forged, "ADM-08");
    let plan = hall.bringing(GUEST, |_| {});
    let forged = hall.moderator.commit(&plan);
    hall.refused(device(MODERATOR), &forged, "ADM-06");
    // Who would be void by the new policy must go with it.
    let policy = hall.bringing(CREATOR, |policy| policy.revoke(papers.grant(ASHA).id()).unwrap());
    let forged = hall.chief.commit(&policy);
    hall.refused(device(CHIEF), &forged, "ADM-27");
    assert_eq!(hall.refused, 11);
}

#[test]
fn nobody_refers_to_proposals_that_were_never_let_through() {
    let mut hall = Hall::new();
    let papers = hall.meeting.papers;
    let ghost = Rogue::new(papers, GHOST, papers.granted(GHOST).to_bytes());
    let add = hall.guest.propose_add(&ghost.key_package());
    let remove = hall.guest.propose_remove(hall.leaf(CREATOR));
    for (proposal, rule) in [(&add, "ADM-33"), (&remove, "ADM-35")] {
        let reject = hall.asha.ingest(proposal.as_bytes(), NOW).unwrap_err();
        assert!(matches!(reject, Reject::Admission(violation) if violation.id() == rule), "{reject:?}");
        let epoch = hall.asha.epoch();
        let undelivered = hall.meeting.delivery.propose(&device(GUEST), epoch, proposal.clone());
        assert_eq!(undelivered, Err(Undelivered::Malformed));
    }
    hall.chief.follow(&add);
    let forged = hall.chief.commit_proposed();
    hall.refused(device(CHIEF), &forged, "MLS");
    // Nor one by who may, whose Add stands in its commit and nowhere else.
    let add = hall.moderator.propose_add(&ghost.key_package());
    assert_eq!(hall.asha.ingest(add.as_bytes(), NOW).unwrap_err(), Reject::Invalid);
    hall.chief.follow(&add);
    let forged = hall.chief.commit_proposed();
    hall.refused(device(CHIEF), &forged, "MLS");
}

#[test]
fn a_sealed_group_only_shrinks() {
    // Whoever may admit goes; who is left cannot do it for them.
    let mut meeting = Meeting::new(Suite::Classical);
    let papers = meeting.papers;
    let (mut asha, _) = meeting.add(ASHA);
    let mut guest = Rogue::new(papers, GUEST, papers.granted(GUEST).to_bytes());
    let bundle = meeting.change(Changes { add: vec![guest.key_package()], ..Changes::default() });
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    guest.welcomed(bundle.welcome.as_ref().unwrap(), &meeting.delivery.tree());
    let (epoch, proposal) = meeting.host.propose_leaving().unwrap();
    meeting.delivery.propose(&device(CREATOR), epoch, proposal.clone()).unwrap();
    asha.ingest(proposal.as_bytes(), NOW).unwrap();
    guest.follow(&proposal);
    let bundle = asha.commit(Changes::default(), NOW).unwrap();
    deliver(&mut meeting.delivery, device(ASHA), &bundle).unwrap();
    asha.confirm(NOW).unwrap();
    guest.follow(&bundle.commit);
    assert!(asha.roster().is_sealed());

    let (_, info, tree) = meeting.delivery.state();
    let mut observer = Observer::new(papers.meeting, &info, &tree).unwrap();
    agree(&observer, &asha);
    let ghost = Rogue::new(papers, GHOST, papers.granted(GHOST).to_bytes());
    let forged = ghost.come_in(&info, &tree, &[papers.meeting.as_bytes()]).unwrap();
    let reject = asha.ingest(forged.commit.as_bytes(), NOW).unwrap_err();
    assert!(matches!(reject, Reject::Admission(violation) if violation.id() == "ADM-45"));
    assert!(deliver(&mut meeting.delivery, device(GHOST), &forged).is_err());
    assert!(
        matches!(observer.commit(&forged.commit), Err(Refusal::Rule(violation)) if violation.id() == "ADM-45")
    );

    let bundle = guest.commit(&Plan::default());
    deliver(&mut meeting.delivery, device(GUEST), &bundle).unwrap();
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    observer.commit(&bundle.commit).unwrap();
    agree(&observer, &asha);
}
