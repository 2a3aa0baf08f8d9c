//! A member's group: what comes out of a change, and what a joiner is not led into.

use sabha_admission::{Grant, Suite, Violation};
use sabha_crypto::group::{Changes, EpochKeys, Exit, Group, Ingested, Reject};

use crate::{
    meeting::{CREATOR, Meeting, NOW, Papers, deliver, device, key, refresh},
    rogue::{Plan, Rogue},
};

const ASHA: u8 = 11;
const GUEST: u8 = 20;
const GHOST: u8 = 30;

fn two() -> (Meeting, Group) {
    let mut meeting = Meeting::new(Suite::Classical);
    let (asha, _) = meeting.add(ASHA);
    (meeting, asha)
}

#[test]
fn words_are_read_once_by_members_and_handshakes_do_not_come_that_way() {
    let (mut meeting, mut asha) = two();
    let sealed = asha.seal(b"namaste").unwrap();
    let mut spoilt = sealed.clone();
    *spoilt.last_mut().unwrap() ^= 1;
    assert_eq!(meeting.host.ingest_words(&spoilt, NOW).unwrap_err(), Reject::Invalid);
    let Ingested::Application { from, bytes } = meeting.host.ingest_words(&sealed, NOW).unwrap() else {
        panic!()
    };
    assert_eq!((from, &bytes[..]), (device(ASHA), &b"namaste"[..]));
    assert_eq!(meeting.host.ingest(&sealed, NOW).unwrap_err(), Reject::Invalid);

    // What was said before a change may be overtaken by it.
    let late = asha.seal(b"late").unwrap();
    let bundle = meeting.change(refresh());
    let epoch = asha.epoch();
    assert_eq!(asha.ingest_words(bundle.commit.as_bytes(), NOW).unwrap_err(), Reject::Invalid);
    assert_eq!(asha.epoch(), epoch);
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    assert_ne!(asha.epoch(), epoch);
    assert!(matches!(meeting.host.ingest(&late, NOW), Ok(Ingested::Application { .. })));
}

#[test]
fn members_of_one_epoch_have_one_authenticator_and_each_epoch_another() {
    let (mut meeting, mut asha) = two();
    let first = asha.epoch_authenticator();
    assert_eq!(first.len(), 32);
    assert_eq!(first, meeting.host.epoch_authenticator());
    let bundle = meeting.change(refresh());
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    assert_eq!(asha.epoch_authenticator(), meeting.host.epoch_authenticator());
    assert_ne!(asha.epoch_authenticator(), first);
}

#[test]
fn a_change_says_who_came_who_went_and_whether_the_policy_is_new() {
    let (mut meeting, mut asha) = two();
    let papers = meeting.papers;
    let change = |asha: &mut Group, commit: &[u8]| {
        let Ingested::Epoch(change) = asha.ingest(commit, NOW).unwrap() else { panic!() };
        let added: Vec<_> = change.added.iter().map(|member| member.device).collect();
        let removed: Vec<_> = change.removed.iter().map(|gone| (gone.member.device, gone.exit)).collect();
        (change.committer, added, removed, change.policy_changed)
    };
    let package = papers.applicant(40, papers.granted(40)).key_package().unwrap();
    let bundle = meeting.change(Changes { add: vec![package], ..Changes::default() });
    let came = (device(CREATOR), vec![device(40)], vec![], false);
    assert_eq!(change(&mut asha, bundle.commit.as_bytes()), came);

    // In its old place with its old grant, and then with another one.
    for (seq, added) in [(40, vec![]), (41, vec![device(40)])] {
        let (_, info, tree) = meeting.delivery.state();
        let grant = Grant { seq, ..papers.grant(40) }.sign(&key(CREATOR)).unwrap();
        let applicant = papers.applicant(40, grant);
        let (_, bundle) = applicant.join_from_outside(&info, &tree, NOW).unwrap();
        deliver(&mut meeting.delivery, device(40), &bundle).unwrap();
        meeting.host.ingest(bundle.commit.as_bytes(), NOW).unwrap();
        let back = (device(40), added, vec![(device(40), Exit::Left)], false);
        assert_eq!(change(&mut asha, bundle.commit.as_bytes()), back);
    }

    let policy = meeting.policy(|policy| policy.locked_at_ms = Some(NOW));
    let bundle = meeting.change(Changes { policy: Some(policy), ..Changes::default() });
    assert_eq!(change(&mut asha, bundle.commit.as_bytes()), (device(CREATOR), vec![], vec![], true));
    let bundle = meeting.change(Changes { remove: vec![device(40)], ..Changes::default() });
    let went = (device(CREATOR), vec![], vec![(device(40), Exit::Dropped)], false);
    assert_eq!(change(&mut asha, bundle.commit.as_bytes()), went);

    let banned = meeting.host.roster().member_of(&device(ASHA)).unwrap().ban_id();
    let policy = meeting.policy(|policy| {
        policy.revoke(banned).unwrap();
        policy.conduct.banned.insert(device(ASHA));
    });
    let bundle =
        meeting.change(Changes { remove: vec![device(ASHA)], policy: Some(policy), ..Changes::default() });
    let went = (device(CREATOR), vec![], vec![(device(ASHA), Exit::Banned)], true);
    assert_eq!(change(&mut asha, bundle.commit.as_bytes()), went);
}

/// A server that holds words back does not put them into the mouth of whoever has the leaf by then.
#[test]
fn a_late_word_is_not_taken_for_the_next_ones_at_the_same_leaf() {
    let (mut meeting, mut asha) = two();
    let papers = meeting.papers;
    let late = asha.seal(b"said by Asha").unwrap();
    let leaf = meeting.host.roster().member_of(&device(ASHA)).unwrap().index;
    meeting.change(Changes { remove: vec![device(ASHA)], ..Changes::default() });
    let package = papers.applicant(40, papers.granted(40)).key_package().unwrap();
    meeting.change(Changes { add: vec![package], ..Changes::default() });
    assert_eq!(meeting.host.roster().member(leaf).unwrap().device, device(40));

    assert_eq!(meeting.host.ingest(&late, NOW).err(), Some(Reject::Invalid));
}

#[test]
fn frames_have_keys_from_all_others_and_none_from_oneself() {
    let (meeting, asha) = two();
    let leaves = |keys: &EpochKeys| {
        let others: Vec<_> = keys.leaves.iter().map(|leaf| (leaf.leaf, leaf.device)).collect();
        (keys.own_leaf, others)
    };
    assert_eq!(leaves(&meeting.host.keys()), (0, vec![(1, device(ASHA))]));
    assert_eq!(leaves(&asha.keys()), (1, vec![(0, device(CREATOR))]));
}

#[test]
fn a_welcome_by_who_may_not_admit_lets_nobody_in() {
    let (mut meeting, mut asha) = two();
    let papers = meeting.papers;
    let mut guest = Rogue::new(papers, GUEST, papers.granted(GUEST).to_bytes());
    let bundle = meeting.change(Changes { add: vec![guest.key_package()], ..Changes::default() });
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    guest.welcomed(bundle.welcome.as_ref().unwrap(), &meeting.delivery.tree());

    // The server plays along: a host granted entry, and a guest takes it on itself to let in, apart from the others.
    let applicant = papers.applicant(GHOST, papers.granted(GHOST));
    let psks = vec![papers.meeting.as_bytes().to_vec()];
    let plan = Plan { add: vec![applicant.key_package().unwrap()], psks, ..Plan::default() };
    let (forged, tree) = guest.commit_with_tree(&plan);
    let (_, reject) = applicant.join(&forged.welcome.unwrap(), &tree, NOW).err().unwrap();
    assert_eq!(reject, Reject::Admission(Violation::AddWithoutAdmit));
}

#[test]
fn a_joiner_is_not_led_into_another_group() {
    let papers = Papers::new(Suite::Classical);
    // A group of the right suite that is another meeting's.
    let mut founder = Rogue::new(papers, CREATOR, papers.creators_grant().to_bytes());
    let (info, tree) = founder.found(b"another meeting", &papers.policy().to_bytes());
    let applicant = papers.applicant(GHOST, papers.granted(GHOST));
    let outside = papers.applicant(GHOST, papers.granted(GHOST)).join_from_outside(&info, &tree, NOW);
    assert_eq!(outside.err(), Some(Reject::WrongGroup));
    let plan = Plan { add: vec![applicant.key_package().unwrap()], ..Plan::default() };
    let (forged, tree) = founder.commit_with_tree(&plan);
    let (_, reject) = applicant.join(&forged.welcome.unwrap(), &tree, NOW).err().unwrap();
    assert_eq!(reject, Reject::WrongGroup);

    // A group under the meeting's id, of a weaker suite than the meeting's.
    let stronger = Papers::new(Suite::XWing);
    let mut founder = Rogue::new(stronger, CREATOR, stronger.creators_grant().to_bytes());
    let (info, tree) = founder.found(stronger.meeting.as_bytes(), &stronger.policy().to_bytes());
    let applicant = stronger.applicant(GHOST, stronger.granted(GHOST));
    let outside = applicant.join_from_outside(&info, &tree, NOW);
    assert_eq!(outside.err(), Some(Reject::WrongGroup));
}
