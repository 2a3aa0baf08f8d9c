//! The delivery service, by real groups: what it takes, what it refuses, and what it keeps.

use ed25519_dalek::Signer as _;
use proptest::{collection::vec, prelude::*};
use sabha_admission::{Capabilities, Grant, Heartbeat, NO_PREVIOUS, SignedHeartbeat, Suite, Violation};
use sabha_crypto::group::{Bundle, Changes, Exit, Group, Ingested};
use sabha_delivery::{Delivery, Reject, Removal};
use sabha_protocol::{
    GroupEpoch, Rule,
    limits::{HANDSHAKES_KEPT_BYTES_MAX, HANDSHAKES_KEPT_MAX},
    opaque::{GrantBytes, GroupInfo, HandshakeMessage, HeartbeatBytes, RatchetTree},
};
use tls_codec::{Serialize as _, VLBytes};

use crate::{
    meeting::{CREATOR, HOUR, Meeting, NOW, Papers, ROOT, deliver, device, key, refresh},
    rogue::{Plan, Rogue},
};

const ASHA: u8 = 11;
const BILAL: u8 = 12;
const GUEST: u8 = 20;

/// A meeting with two more.
fn three() -> (Meeting, Group, Group) {
    let mut meeting = Meeting::new(Suite::Classical);
    let (mut asha, _) = meeting.add(ASHA);
    let (bilal, bundle) = meeting.add(BILAL);
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    (meeting, asha, bilal)
}

fn heartbeat(group: &Group, change: impl FnOnce(&mut Heartbeat)) -> Heartbeat {
    let mut heartbeat = Heartbeat {
        meeting: group.roster().policy.meeting,
        seq: 0,
        epoch: group.epoch().0,
        transcript_hash: group.transcript_hash(),
        tree_hash: group.tree_hash(),
        policy_version: group.roster().policy.version,
        log_size: 0,
        log_head: [0; 32],
        previous: NO_PREVIOUS,
        time_ms: NOW,
        nonces: Vec::new(),
        signer: device(CREATOR),
    };
    change(&mut heartbeat);
    heartbeat
}

fn by(heartbeat: Heartbeat, number: u8) -> HeartbeatBytes {
    let signed = Heartbeat { signer: device(number), ..heartbeat }.sign(&key(number)).unwrap();
    HeartbeatBytes::try_from(signed.to_bytes()).unwrap()
}

#[test]
fn a_handshake_for_another_epoch_is_refused() {
    let (mut meeting, mut asha, _) = three();
    let early = meeting.host.commit(refresh(), NOW).unwrap();
    let current = meeting.delivery.epoch();
    for epoch in [0, current.0 - 1, current.0 + 1, u64::MAX] {
        let bundle = Bundle { epoch: GroupEpoch(epoch), ..early.clone() };
        let stale = Err(Reject::Stale { current });
        assert_eq!(deliver(&mut meeting.delivery, device(CREATOR), &bundle), stale);
        let proposed = meeting.delivery.propose(&device(CREATOR), bundle.epoch, bundle.commit);
        assert_eq!(proposed, Err(Reject::Stale { current }));
    }
    assert_eq!(meeting.delivery.epoch(), current);
    assert_eq!(Reject::Stale { current }.rule(), Rule::CurrentEpoch);

    // What was the epoch's own commit before another one was first, under the name of the new epoch.
    let first = asha.commit(refresh(), NOW).unwrap();
    deliver(&mut meeting.delivery, device(ASHA), &first).unwrap();
    let late = Bundle { epoch: meeting.delivery.epoch(), ..early };
    assert_eq!(deliver(&mut meeting.delivery, device(CREATOR), &late), Err(Reject::Malformed));
    // Nor is one taken twice.
    let again = Bundle { epoch: meeting.delivery.epoch(), ..first };
    assert_eq!(deliver(&mut meeting.delivery, device(ASHA), &again), Err(Reject::Malformed));
}

#[test]
fn a_handshake_is_taken_from_its_own_device_only() {
    let (mut meeting, mut asha, _) = three();
    let bundle = meeting.host.commit(refresh(), NOW).unwrap();
    for other in [ASHA, BILAL, 99] {
        let refused = deliver(&mut meeting.delivery, device(other), &bundle);
        assert_eq!(refused, Err(Reject::NotYours));
    }
    let (epoch, proposal) = asha.propose_leaving().unwrap();
    let refused = meeting.delivery.propose(&device(BILAL), epoch, proposal.clone());
    assert_eq!(refused, Err(Reject::NotYours));
    assert_eq!(meeting.delivery.missed(epoch), Some(Vec::new()));
    meeting.delivery.propose(&device(ASHA), epoch, proposal).unwrap();

    let papers = meeting.papers;
    let (_, info, tree) = meeting.delivery.state();
    let newcomer = papers.applicant(40, papers.granted(40));
    let (_, external) = newcomer.join_from_outside(&info, &tree, NOW).unwrap();
    for other in [CREATOR, ASHA, 41] {
        let refused = deliver(&mut meeting.delivery, device(other), &external);
        assert_eq!(refused, Err(Reject::NotYours));
    }
    let change = deliver(&mut meeting.delivery, device(40), &external).unwrap();
    assert_eq!((change.added, change.removed), (vec![device(40)], Vec::new()));
}

#[test]
fn only_leaving_is_proposed_and_only_commits_are_committed() {
    let (mut meeting, mut asha, _) = three();
    let (epoch, proposal) = asha.propose_leaving().unwrap();
    let bundle = meeting.host.commit(refresh(), NOW).unwrap();
    let swapped = Bundle { commit: proposal.clone(), ..bundle.clone() };
    assert_eq!(deliver(&mut meeting.delivery, device(ASHA), &swapped), Err(Reject::Malformed));
    let refused = meeting.delivery.propose(&device(CREATOR), epoch, bundle.commit.clone());
    assert_eq!(refused, Err(Reject::Malformed));
    // Words are nobody's handshake, and the server could not read them.
    let words = HandshakeMessage::try_from(meeting.host.seal(b"namaste").unwrap_or(vec![0])).unwrap();
    assert_eq!(meeting.delivery.propose(&device(CREATOR), epoch, words), Err(Reject::Malformed));
    deliver(&mut meeting.delivery, device(CREATOR), &bundle).unwrap();
}

#[test]
fn a_wish_to_leave_is_kept_once_in_an_epoch() {
    let (mut meeting, mut asha, mut bilal) = three();
    let papers = meeting.papers;
    let mut guest = Rogue::new(papers, GUEST, papers.granted(GUEST).to_bytes());
    let bundle = meeting.change(Changes { add: vec![guest.key_package()], ..Changes::default() });
    for member in [&mut asha, &mut bilal] {
        member.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    }
    guest.welcomed(bundle.welcome.as_ref().unwrap(), &meeting.delivery.tree());
    let epoch = meeting.delivery.epoch();

    let wish = guest.propose_leaving(b"");
    for _ in 0..2 {
        assert_eq!(meeting.delivery.propose(&device(GUEST), epoch, wish.clone()), Ok(()));
    }
    let other = guest.propose_leaving(b"in other words");
    assert_eq!(meeting.delivery.propose(&device(GUEST), epoch, other.clone()), Err(Reject::Malformed));
    assert_eq!(meeting.delivery.missed(epoch).unwrap().len(), 1);
    let (_, hers) = asha.propose_leaving().unwrap();
    assert_eq!(meeting.delivery.propose(&device(ASHA), epoch, hers.clone()), Ok(()));
    assert_eq!(meeting.delivery.missed(epoch).unwrap().len(), 2);

    // Members who hear both words all the same still commit.
    for proposal in [&wish, &hers] {
        meeting.host.ingest(proposal.as_bytes(), NOW).unwrap();
    }
    let bundle = meeting.host.commit(Changes::default(), NOW).unwrap();
    let mut removed = meeting.deliver(&bundle).unwrap().removed;
    removed.sort_by_key(|(device, _)| *device);
    let mut expected = vec![(device(GUEST), Removal::Left), (device(ASHA), Removal::Left)];
    expected.sort_by_key(|(device, _)| *device);
    assert_eq!(removed, expected);
    // In the next epoch it is another wish.
    for proposal in [&wish, &hers] {
        bilal.ingest(proposal.as_bytes(), NOW).unwrap();
    }
    bilal.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    let (epoch, his) = bilal.propose_leaving().unwrap();
    assert_eq!(meeting.delivery.propose(&device(BILAL), epoch, his), Ok(()));
}

#[test]
fn who_says_in_two_ways_that_it_leaves_does_not_stop_the_others() {
    let (mut meeting, mut asha, _) = three();
    let papers = meeting.papers;
    let mut guest = Rogue::new(papers, GUEST, papers.granted(GUEST).to_bytes());
    let bundle = meeting.change(Changes { add: vec![guest.key_package()], ..Changes::default() });
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    guest.welcomed(bundle.welcome.as_ref().unwrap(), &meeting.delivery.tree());
    // A server that passes on both, to everybody.
    for words in [&b"one"[..], b"two"] {
        let wish = guest.propose_leaving(words);
        for member in [&mut meeting.host, &mut asha] {
            assert!(matches!(member.ingest(wish.as_bytes(), NOW), Ok(Ingested::Proposal)));
        }
    }
    let bundle = meeting.host.commit(Changes::default(), NOW).unwrap();
    meeting.host.confirm(NOW).unwrap();
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    assert!(asha.roster().member_of(&device(GUEST)).is_none());
}

#[test]
fn whose_leaf_is_taken_away_without_a_ban_comes_back_by_its_grant() {
    let (mut meeting, mut asha, _) = three();
    let papers = meeting.papers;
    let bundle =
        meeting.host.commit(Changes { remove: vec![device(BILAL)], ..Changes::default() }, NOW).unwrap();
    assert_eq!(meeting.deliver(&bundle).unwrap().removed, [(device(BILAL), Removal::Dropped)]);
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    let grant = papers.granted(BILAL);
    let bytes = GrantBytes::try_from(grant.to_bytes()).unwrap();
    assert_eq!(meeting.delivery.check_grant(&device(BILAL), &bytes, NOW), Ok(()));
    let (_, info, tree) = meeting.delivery.state();
    let (_, back) = papers.applicant(BILAL, grant).join_from_outside(&info, &tree, NOW).unwrap();
    assert_eq!(deliver(&mut meeting.delivery, device(BILAL), &back).unwrap().added, [device(BILAL)]);
    asha.ingest(back.commit.as_bytes(), NOW).unwrap();
}

#[test]
fn who_wishes_to_leave_can_still_be_removed_and_banned() {
    let (mut meeting, mut asha, mut bilal) = three();
    let (epoch, wish) = bilal.propose_leaving().unwrap();
    let (_, hers) = asha.propose_leaving().unwrap();
    for (number, proposal) in [(BILAL, &wish), (ASHA, &hers)] {
        meeting.delivery.propose(&device(number), epoch, proposal.clone()).unwrap();
        meeting.host.ingest(proposal.as_bytes(), NOW).unwrap();
    }
    asha.ingest(wish.as_bytes(), NOW).unwrap();
    bilal.ingest(hers.as_bytes(), NOW).unwrap();

    let banned = meeting.host.roster().member_of(&device(BILAL)).unwrap().ban_id();
    let policy = meeting.policy(|policy| {
        policy.revoke(banned).unwrap();
        policy.conduct.banned.insert(device(BILAL));
    });
    let changes = Changes { remove: vec![device(BILAL)], policy: Some(policy), ..Changes::default() };
    let bundle = meeting.host.commit(changes, NOW).unwrap();
    let mut removed = meeting.deliver(&bundle).unwrap().removed;
    removed.sort_by_key(|(device, _)| *device);
    let mut expected = vec![(device(BILAL), Removal::ByHost), (device(ASHA), Removal::Left)];
    expected.sort_by_key(|(device, _)| *device);
    assert_eq!(removed, expected);
    for member in [&mut asha, &mut bilal] {
        let Ingested::Epoch(change) = member.ingest(bundle.commit.as_bytes(), NOW).unwrap() else { panic!() };
        let exit = |number| {
            let departure = change.removed.iter().find(|gone| gone.member.device == device(number));
            departure.unwrap().exit
        };
        assert_eq!((exit(BILAL), exit(ASHA)), (Exit::Banned, Exit::Left));
        assert_eq!(change.removed_me, Some(exit(if member.me() == device(ASHA) { ASHA } else { BILAL })));
    }
}

#[test]
fn the_group_information_must_be_of_the_epoch_that_the_commit_leads_to() {
    let (mut meeting, mut asha, _) = three();
    let (_, before, _) = meeting.delivery.state();
    let bundle = meeting.host.commit(refresh(), NOW).unwrap();
    let another = asha.commit(refresh(), NOW).unwrap();
    asha.abandon();
    let elsewhere = Meeting::new(Suite::XWing).delivery.state().1;
    let broken = |at: usize| {
        let mut bytes = bundle.group_info.as_bytes().to_vec();
        let at = if at == 0 { bytes.len() - 1 } else { at };
        bytes[at] ^= 1;
        GroupInfo::try_from(bytes).unwrap()
    };
    for info in [before, another.group_info, elsewhere, broken(0), broken(60), broken(1)] {
        let wrong = Bundle { group_info: info, ..bundle.clone() };
        let before = (meeting.delivery.epoch(), meeting.delivery.state());
        assert_eq!(deliver(&mut meeting.delivery, device(CREATOR), &wrong), Err(Reject::GroupInfo));
        assert_eq!((meeting.delivery.epoch(), meeting.delivery.state()), before);
    }
    // And then the right one is.
    meeting.deliver(&bundle).unwrap();
    let (epoch, info, tree) = meeting.delivery.state();
    assert_eq!(epoch, meeting.host.epoch());
    assert_eq!(info, bundle.group_info);
    assert!(Delivery::open(meeting.papers.meeting, &info, &tree, NOW).is_ok());
}

/// Returns a GroupInfo with another confirmation tag, signed as well as the one it was.
fn with_another_tag(info: &GroupInfo, number: u8) -> GroupInfo {
    let mut bytes = info.as_bytes().to_vec();
    // RFC 9420 section 12.4.3: version and form, then what is signed, which ends with the tag and the signer's leaf,
    // then the signature and its length.
    let signed = bytes.len() - 66;
    bytes[signed - 4 - 1] ^= 1;
    let label = [&[20][..], b"MLS 1.0 GroupInfoTBS"].concat();
    let content = VLBytes::new(bytes[4..signed].to_vec()).tls_serialize_detached().unwrap();
    let signature = key(number).sign(&[label, content].concat());
    bytes[signed + 2..].copy_from_slice(&signature.to_bytes());
    GroupInfo::try_from(bytes).unwrap()
}

#[test]
fn a_group_information_with_a_false_tag_is_refused_although_it_is_signed() {
    let (mut meeting, _, _) = three();
    let bundle = meeting.host.commit(refresh(), NOW).unwrap();
    let forged = with_another_tag(&bundle.group_info, CREATOR);
    let wrong = Bundle { group_info: forged.clone(), ..bundle.clone() };
    assert_eq!(deliver(&mut meeting.delivery, device(CREATOR), &wrong), Err(Reject::GroupInfo));
    meeting.deliver(&bundle).unwrap();
    // Its signature holds, as can be seen where there is nothing to compare the tag with.
    assert!(Delivery::open(meeting.papers.meeting, &forged, &meeting.delivery.tree(), NOW).is_ok());
}

#[test]
fn a_new_group_begins_while_its_makers_grant_is_in_force() {
    let papers = Papers::new(Suite::Classical);
    let grant = Grant { not_after_ms: NOW + 1000, ..papers.creators_grant().body };
    let applicant = papers.applicant(CREATOR, grant.sign(&key(ROOT)).unwrap());
    let group = applicant.create(&papers.policy(), NOW).unwrap();
    let (info, tree) = group.state().unwrap();
    assert!(Delivery::open(papers.meeting, &info, &tree, NOW + 1000).is_ok());
    let late = Delivery::open(papers.meeting, &info, &tree, NOW + 1001).map(|_| ());
    assert_eq!(late, Err(Reject::Admission(Violation::Expired)));
}

#[test]
fn a_group_is_opened_for_its_own_meeting_from_its_own_tree() {
    let (meeting, _, _) = three();
    let (_, info, tree) = meeting.delivery.state();
    let id = meeting.papers.meeting;
    let elsewhere = Meeting::new(Suite::XWing);
    let (_, other_info, other_tree) = elsewhere.delivery.state();
    let open = |meeting, info: &GroupInfo, tree: &RatchetTree, now| {
        Delivery::open(meeting, info, tree, now).map(|delivery| delivery.epoch().0)
    };
    assert_eq!(open(id, &info, &tree, NOW), Ok(2));
    assert_eq!(open(elsewhere.papers.meeting, &info, &tree, NOW), Err(Reject::Malformed));
    assert_eq!(open(id, &info, &other_tree, NOW), Err(Reject::Malformed));
    assert_eq!(open(id, &other_info, &tree, NOW), Err(Reject::Malformed));
    assert_eq!(open(elsewhere.papers.meeting, &other_info, &other_tree, NOW), Ok(0));
    // Of a group that has grown the grants may have run out; a new one begins in time.
    assert_eq!(open(id, &info, &tree, NOW + 2 * HOUR), Err(Reject::Admission(Violation::HostExpired)));
    let late = open(elsewhere.papers.meeting, &other_info, &other_tree, NOW + 2 * HOUR);
    assert!(matches!(late, Err(Reject::Admission(_))));
}

#[test]
fn a_grown_group_is_opened_after_a_grant_in_it_ran_out() {
    let mut meeting = Meeting::new(Suite::Classical);
    let papers = meeting.papers;
    let short = Grant { not_after_ms: NOW + 1000, ..papers.grant(ASHA) }.sign(&key(CREATOR)).unwrap();
    let applicant = papers.applicant(ASHA, short);
    meeting.change(Changes { add: vec![applicant.key_package().unwrap()], ..Changes::default() });
    let (_, info, tree) = meeting.delivery.state();
    assert!(Delivery::open(papers.meeting, &info, &tree, NOW + 2000).is_ok());
}

#[test]
fn members_are_what_the_policy_and_their_grants_make_them() {
    let mut meeting = Meeting::new(Suite::Classical);
    let papers = meeting.papers;
    let capabilities = Capabilities::MICROPHONE | Capabilities::SCREEN;
    let grant = Grant { capabilities, ..papers.grant(ASHA) }.sign(&key(CREATOR)).unwrap();
    let applicant = papers.applicant(ASHA, grant);
    meeting.change(Changes { add: vec![applicant.key_package().unwrap()], ..Changes::default() });
    let seen = |meeting: &Meeting| {
        meeting
            .delivery
            .members()
            .iter()
            .map(|member| {
                let allowed = member.allowed;
                let sources = [allowed.microphone, allowed.camera, allowed.screen, allowed.screen_audio];
                (member.device, member.host, sources)
            })
            .collect::<Vec<_>>()
    };
    let creator = (device(CREATOR), true, [true; 4]);
    assert_eq!(seen(&meeting), [creator, (device(ASHA), false, [true, false, true, false])]);
    assert!(meeting.delivery.is_member(&device(ASHA)) && !meeting.delivery.is_member(&device(BILAL)));
    assert!(!meeting.delivery.locked());

    let policy = meeting.policy(|policy| {
        policy.locked_at_ms = Some(NOW);
        policy.hosts.push(papers.host_cert(ASHA, Capabilities::ADMIT, CREATOR));
    });
    meeting.change(Changes { policy: Some(policy), ..Changes::default() });
    assert_eq!(seen(&meeting), [creator, (device(ASHA), true, [true, false, true, false])]);
    assert!(meeting.delivery.locked());
}

#[test]
fn a_grant_is_shown_by_its_own_device() {
    let (mut meeting, _, _) = three();
    let papers = meeting.papers;
    let bytes = |number| GrantBytes::try_from(papers.granted(number).to_bytes()).unwrap();
    let check =
        |delivery: &Delivery, shown, number| delivery.check_grant(&device(shown), &bytes(number), NOW);
    assert_eq!(check(&meeting.delivery, 40, 40), Ok(()));
    assert_eq!(check(&meeting.delivery, 41, 40), Err(Reject::NotYours));
    let policy = meeting.policy(|policy| policy.revoke(papers.grant(40).id()).unwrap());
    meeting.change(Changes { policy: Some(policy), ..Changes::default() });
    let revoked = check(&meeting.delivery, 40, 40).unwrap_err();
    assert_eq!(revoked.rule(), Rule::SentBack);
    let policy = meeting.policy(|policy| {
        policy.conduct.banned.insert(device(40));
    });
    meeting.change(Changes { policy: Some(policy), ..Changes::default() });
    assert_eq!(check(&meeting.delivery, 40, 40).unwrap_err().rule(), Rule::RemovedStaysOut);
    assert_eq!(check(&meeting.delivery, 42, 42), Ok(()));
    let late = Grant { not_before_ms: NOW + 1, ..papers.grant(42) }.sign(&key(CREATOR)).unwrap();
    let policy = meeting.policy(|policy| policy.locked_at_ms = Some(NOW));
    meeting.change(Changes { policy: Some(policy), ..Changes::default() });
    let late = GrantBytes::try_from(late.to_bytes()).unwrap();
    let locked = meeting.delivery.check_grant(&device(42), &late, NOW).unwrap_err();
    assert_eq!(locked.rule(), Rule::Locked);
}

#[test]
fn what_was_missed_is_told_in_order_from_the_epoch_that_was_asked_for() {
    let (mut meeting, mut asha, mut bilal) = three();
    let start = meeting.delivery.epoch();
    let (epoch, wish) = bilal.propose_leaving().unwrap();
    meeting.delivery.propose(&device(BILAL), epoch, wish.clone()).unwrap();
    meeting.host.ingest(wish.as_bytes(), NOW).unwrap();
    let first = meeting.change(Changes::default());
    let second = meeting.change(refresh());

    let told = |since: u64| {
        let missed = meeting.delivery.missed(GroupEpoch(since))?;
        Some(missed.into_iter().map(|missed| (missed.from, missed.message)).collect::<Vec<_>>())
    };
    let all = vec![
        (device(BILAL), wish.clone()),
        (device(CREATOR), first.commit.clone()),
        (device(CREATOR), second.commit.clone()),
    ];
    assert_eq!(told(start.0), Some(all.clone()));
    assert_eq!(told(start.0 + 1), Some(all[2..].to_vec()));
    assert_eq!(told(start.0 + 2), Some(Vec::new()));
    assert_eq!(told(start.0 + 3), None);
    for (_, message) in told(start.0).unwrap() {
        asha.ingest(message.as_bytes(), NOW).unwrap();
    }
    assert_eq!(asha.transcript_hash(), meeting.host.transcript_hash());
    // A server that has just come up has kept nothing.
    let (epoch, info, tree) = meeting.delivery.state();
    let fresh = Delivery::open(meeting.papers.meeting, &info, &tree, NOW).unwrap();
    assert_eq!(fresh.missed(epoch), Some(Vec::new()));
    assert_eq!(fresh.missed(GroupEpoch(epoch.0 - 1)), None);
}

#[test]
fn handshakes_are_kept_up_to_their_number_in_whole_epochs() {
    let mut meeting = Meeting::new(Suite::Classical);
    let (mut asha, _) = meeting.add(ASHA);
    // The oldest epoch has a proposal beside its commit; it goes as a whole.
    let (epoch, wish) = asha.propose_leaving().unwrap();
    meeting.delivery.propose(&device(ASHA), epoch, wish.clone()).unwrap();
    meeting.host.ingest(wish.as_bytes(), NOW).unwrap();
    meeting.change(Changes::default());
    // Kept so far: the Add of epoch 0, and both of epoch 1.
    for _ in 3..HANDSHAKES_KEPT_MAX {
        meeting.change(Changes::default());
    }
    assert_eq!(meeting.delivery.missed(GroupEpoch(0)).unwrap().len(), HANDSHAKES_KEPT_MAX);
    meeting.change(Changes::default());
    assert_eq!(meeting.delivery.missed(GroupEpoch(0)), None);
    assert_eq!(meeting.delivery.missed(GroupEpoch(1)).unwrap().len(), HANDSHAKES_KEPT_MAX);
    meeting.change(Changes::default());
    assert_eq!(meeting.delivery.missed(GroupEpoch(1)), None);
    assert_eq!(meeting.delivery.missed(GroupEpoch(2)).unwrap().len(), HANDSHAKES_KEPT_MAX - 1);
}

#[test]
fn handshakes_are_kept_up_to_their_bytes() {
    let mut meeting = Meeting::new(Suite::Classical);
    let (mut asha, _) = meeting.add(ASHA);
    // What must be kept, by the bytes of each epoch since the last one that had to go.
    let mut epochs = vec![(0, meeting.delivery.missed(GroupEpoch(0)).unwrap()[0].message.as_bytes().len())];
    let (epoch, wish) = asha.propose_leaving().unwrap();
    meeting.delivery.propose(&device(ASHA), epoch, wish.clone()).unwrap();
    meeting.host.ingest(wish.as_bytes(), NOW).unwrap();
    let mut more = wish.as_bytes().len();
    let mut dropped = 0;
    while dropped < 4 {
        // A policy that is as long as one may be, anew in each commit; the second epoch has the wish beside it.
        let policy = meeting.policy(|policy| {
            policy.locked_at_ms = policy.locked_at_ms.is_none().then_some(NOW);
            for seq in 0..1024 {
                policy.revoke(Grant { seq: 5000 + seq, ..meeting.papers.grant(99) }.id()).unwrap();
            }
        });
        let bundle = meeting.change(Changes { policy: Some(policy), ..Changes::default() });
        epochs.push((bundle.epoch.0, bundle.commit.as_bytes().len() + std::mem::take(&mut more)));
        while epochs.iter().map(|(_, bytes)| bytes).sum::<usize>() > HANDSHAKES_KEPT_BYTES_MAX {
            epochs.remove(0);
            dropped += 1;
        }
        let first = epochs[0].0;
        assert!(meeting.delivery.missed(GroupEpoch(first)).is_some());
        if let Some(gone) = first.checked_sub(1) {
            assert_eq!(meeting.delivery.missed(GroupEpoch(gone)), None);
        }
    }
    assert!(epochs.len() < HANDSHAKES_KEPT_MAX);
}

/// A server that came up with the meeting's first state, and the meeting as it is now.
fn restarted() -> (Delivery, Meeting, Group) {
    let mut meeting = Meeting::new(Suite::Classical);
    let (_, info, tree) = meeting.delivery.state();
    let fresh = Delivery::open(meeting.papers.meeting, &info, &tree, NOW).unwrap();
    let (asha, _) = meeting.add(ASHA);
    (fresh, meeting, asha)
}

#[test]
fn a_state_is_adopted_when_a_host_in_it_certifies_it() {
    let (mut fresh, meeting, asha) = restarted();
    let (info, tree) = asha.state().unwrap();
    let good = heartbeat(&asha, |_| {});
    let try_with =
        |fresh: &mut Delivery, heartbeat: &HeartbeatBytes| fresh.adopt(info.clone(), &tree, heartbeat, NOW);
    let signed =
        |change: &dyn Fn(&mut Heartbeat)| by(heartbeat(&asha, |heartbeat| change(heartbeat)), CREATOR);
    let forged = {
        let signed = good.clone().sign(&key(CREATOR)).unwrap();
        HeartbeatBytes::try_from(SignedHeartbeat { signature: [3; 64], ..signed }.to_bytes()).unwrap()
    };
    for uncertified in [
        by(good.clone(), ASHA),
        by(good.clone(), 99),
        forged,
        signed(&|heartbeat| heartbeat.epoch += 1),
        signed(&|heartbeat| heartbeat.transcript_hash[0] ^= 1),
        signed(&|heartbeat| heartbeat.tree_hash[0] ^= 1),
        signed(&|heartbeat| heartbeat.policy_version += 1),
        signed(&|heartbeat| heartbeat.time_ms = 0),
        by(heartbeat(&meeting.host, |heartbeat| heartbeat.meeting = meeting_of_others()), CREATOR),
    ] {
        assert_eq!(try_with(&mut fresh, &uncertified), Err(Reject::Uncertified));
    }
    let junk = HeartbeatBytes::try_from(vec![1, 2, 3]).unwrap();
    assert_eq!(try_with(&mut fresh, &junk), Err(Reject::Malformed));
    assert_eq!(fresh.epoch(), GroupEpoch(0));
    assert_eq!(Reject::Uncertified.rule(), Rule::Admission);

    let change = try_with(&mut fresh, &by(good, CREATOR)).unwrap();
    assert_eq!((change.epoch, change.added, change.removed), (asha.epoch(), vec![device(ASHA)], Vec::new()));
    assert_eq!(fresh.members(), meeting.delivery.members());
    assert_eq!(fresh.tree(), meeting.delivery.tree());
}

fn meeting_of_others() -> sabha_protocol::MeetingId {
    Meeting::new(Suite::XWing).papers.meeting
}

#[test]
fn adoption_goes_only_forward() {
    let (mut fresh, mut meeting, mut asha) = restarted();
    let first = (asha.state().unwrap(), by(heartbeat(&asha, |_| {}), CREATOR));
    let bundle = meeting.change(refresh());
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    let second = (asha.state().unwrap(), by(heartbeat(&asha, |heartbeat| heartbeat.time_ms += 5), CREATOR));
    let bundle = meeting.change(refresh());
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    let older = by(heartbeat(&asha, |heartbeat| heartbeat.time_ms += 4), CREATOR);
    let same = by(heartbeat(&asha, |heartbeat| heartbeat.time_ms += 5), CREATOR);
    let newer = by(heartbeat(&asha, |heartbeat| heartbeat.time_ms += 6), CREATOR);
    let third = asha.state().unwrap();

    let adopt = |fresh: &mut Delivery, state: &(GroupInfo, RatchetTree), heartbeat: &HeartbeatBytes| {
        fresh.adopt(state.0.clone(), &state.1, heartbeat, NOW).map(|change| change.epoch.0)
    };
    assert_eq!(adopt(&mut fresh, &second.0, &second.1), Ok(2));
    assert_eq!(adopt(&mut fresh, &second.0, &second.1), Err(Reject::Stale { current: GroupEpoch(2) }));
    assert_eq!(adopt(&mut fresh, &first.0, &first.1), Err(Reject::Stale { current: GroupEpoch(2) }));
    // Nor by a word that is no newer than the last one.
    assert_eq!(adopt(&mut fresh, &third, &older), Err(Reject::Uncertified));
    assert_eq!(adopt(&mut fresh, &third, &same), Err(Reject::Uncertified));
    assert_eq!(adopt(&mut fresh, &third, &newer), Ok(3));
    // Nothing is kept of the epochs between, and the meeting goes on.
    assert_eq!(fresh.missed(GroupEpoch(2)), None);
    assert_eq!(fresh.missed(GroupEpoch(3)), Some(Vec::new()));
    let bundle = meeting.host.commit(refresh(), NOW).unwrap();
    deliver(&mut fresh, device(CREATOR), &bundle).unwrap();
    assert_eq!(fresh.missed(GroupEpoch(3)).unwrap().len(), 1);
}

#[test]
fn a_state_with_an_older_policy_is_not_adopted() {
    let mut meeting = Meeting::new(Suite::Classical);
    let (_, info, tree) = meeting.delivery.state();
    let fresh = || Delivery::open(meeting.papers.meeting, &info, &tree, NOW).unwrap();
    let (mut ahead, mut behind) = (fresh(), fresh());
    // One branch of the group has a new policy; another one, further on, does not.
    let policy = meeting.policy(|policy| policy.locked_at_ms = Some(NOW));
    let locked = meeting.host.commit(Changes { policy: Some(policy), ..Changes::default() }, NOW).unwrap();
    deliver(&mut ahead, device(CREATOR), &locked).unwrap();
    meeting.host.abandon();
    for _ in 0..2 {
        meeting.change(refresh());
    }
    let (info, tree) = meeting.host.state().unwrap();
    let certified = by(heartbeat(&meeting.host, |_| {}), CREATOR);
    assert_eq!(ahead.adopt(info.clone(), &tree, &certified, NOW), Err(Reject::Uncertified));
    assert!(ahead.locked());
    assert!(behind.adopt(info, &tree, &certified, NOW).is_ok());
}

#[test]
fn an_adoption_says_who_is_no_longer_there() {
    let (mut meeting, mut asha, _) = three();
    let (_, info, tree) = meeting.delivery.state();
    let mut fresh = Delivery::open(meeting.papers.meeting, &info, &tree, NOW).unwrap();
    let bundle = meeting.change(Changes { remove: vec![device(BILAL)], ..Changes::default() });
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    let (info, tree) = asha.state().unwrap();
    let certified = by(heartbeat(&asha, |_| {}), CREATOR);
    let change = fresh.adopt(info, &tree, &certified, NOW).unwrap();
    assert_eq!(change.removed, [(device(BILAL), Removal::Left)]);
    assert!(change.added.is_empty());
}

#[test]
fn the_tree_that_is_merged_is_the_one_that_was_judged() {
    // Leaves are filled from the left: with gaps, with several at once, and from outside.
    let (mut meeting, mut asha, _) = three();
    let papers = meeting.papers;
    let package = |number| papers.applicant(number, papers.granted(number)).key_package().unwrap();
    let steps = [
        Changes { add: (40..45).map(package).collect(), ..Changes::default() },
        Changes { remove: vec![device(BILAL), device(41), device(43)], ..Changes::default() },
        Changes { add: (50..52).map(package).collect(), remove: vec![device(40)], ..Changes::default() },
        Changes {
            add: (60..66).map(package).collect(),
            remove: vec![device(50), device(44)],
            ..Changes::default()
        },
    ];
    for changes in steps {
        let bundle = meeting.change(changes);
        asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
        let (_, info, tree) = meeting.delivery.state();
        let newcomer = u8::try_from(100 + meeting.delivery.epoch().0).unwrap();
        let applicant = papers.applicant(newcomer, papers.granted(newcomer));
        let (candidate, bundle) = applicant.join_from_outside(&info, &tree, NOW).unwrap();
        deliver(&mut meeting.delivery, device(newcomer), &bundle).unwrap();
        for member in [&mut meeting.host, &mut asha] {
            member.ingest(bundle.commit.as_bytes(), NOW).unwrap();
        }
        let devices =
            |group: &Group| group.roster().members.iter().map(|member| member.device).collect::<Vec<_>>();
        let seen: Vec<_> = meeting.delivery.members().iter().map(|member| member.device).collect();
        assert_eq!(seen, devices(&asha));
        let newcomer = candidate.confirmed();
        assert_eq!(seen, devices(&newcomer));
        for group in [&meeting.host, &asha, &newcomer] {
            assert_eq!(group.roster().member_of(&group.me()).unwrap().index, group.own_leaf());
        }
        assert_eq!(RatchetTree::clone(&meeting.delivery.tree()), asha.state().unwrap().1);
    }
}

#[test]
fn a_commit_of_somebody_who_is_out_is_refused() {
    let (mut meeting, mut asha, _) = three();
    let papers = meeting.papers;
    let mut guest = Rogue::new(papers, GUEST, papers.granted(GUEST).to_bytes());
    let bundle = meeting.change(Changes { add: vec![guest.key_package()], ..Changes::default() });
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    guest.welcomed(bundle.welcome.as_ref().unwrap(), &meeting.delivery.tree());
    let forged = guest.commit(&Plan::default());
    let bundle = meeting.change(Changes { remove: vec![device(GUEST)], ..Changes::default() });
    asha.ingest(bundle.commit.as_bytes(), NOW).unwrap();
    let late = Bundle { epoch: meeting.delivery.epoch(), ..forged.clone() };
    assert_eq!(deliver(&mut meeting.delivery, device(GUEST), &late), Err(Reject::Malformed));
    assert!(matches!(deliver(&mut meeting.delivery, device(GUEST), &forged), Err(Reject::Stale { .. })));
    assert!(asha.ingest(forged.commit.as_bytes(), NOW).is_err());
}

/// What is done to bytes on their way.
#[derive(Clone, Debug)]
enum Damage {
    Change(Vec<(usize, u8)>),
    Cut(usize),
    Insert(usize, Vec<u8>),
    Replace(Vec<u8>),
}

impl Damage {
    /// Returns other bytes than these, of which there are at least two.
    fn to(&self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        let length = bytes.len();
        match self {
            Self::Change(changes) => {
                for (at, value) in changes {
                    bytes[at % length] ^= value;
                }
            }
            Self::Cut(at) => bytes.truncate(1 + at % (length - 1)),
            Self::Insert(at, more) => {
                let at = at % length;
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Replace(other) => bytes.clone_from(other),
        }
        if bytes == good {
            bytes[0] ^= 1;
        }
        bytes
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => vec((any::<usize>(), 1_u8..), 1..4).prop_map(Damage::Change),
        1 => any::<usize>().prop_map(Damage::Cut),
        1 => (any::<usize>(), vec(any::<u8>(), 1..40)).prop_map(|(at, more)| Damage::Insert(at, more)),
        1 => vec(any::<u8>(), 1..200).prop_map(Damage::Replace),
    ]
}

/// Whether damage is where only members see it: a member's message ends with a tag under the group's secret (RFC 9420
/// section 6.2), which the server cannot check.
fn is_in_membership_tag(good: &HandshakeMessage, damaged: &HandshakeMessage) -> bool {
    let (good, damaged) = (good.as_bytes(), damaged.as_bytes());
    let signed = good.len() - 32;
    damaged.len() == good.len() && damaged[..signed] == good[..signed]
}

/// The messages that [`damaged_bytes_change_nothing`] spoils.
struct Spoils {
    meeting: Meeting,
    asha: Group,
    commits: Vec<(u8, Bundle)>,
    wish: HandshakeMessage,
    heartbeat: HeartbeatBytes,
    newer: (GroupInfo, RatchetTree),
}

fn spoils() -> Spoils {
    let (mut meeting, mut asha, _) = three();
    let papers = meeting.papers;
    let policy = meeting.policy(|policy| policy.locked_at_ms = Some(NOW));
    let package = papers.applicant(40, papers.granted(40)).key_package().unwrap();
    let changes = Changes {
        add: vec![package],
        remove: vec![device(BILAL)],
        policy: Some(policy),
        ..Changes::default()
    };
    let full = meeting.host.commit(changes, NOW).unwrap();
    meeting.host.abandon();
    let (_, info, tree) = meeting.delivery.state();
    let applicant = papers.applicant(41, papers.granted(41));
    let (candidate, external) = applicant.join_from_outside(&info, &tree, NOW).unwrap();
    let newcomer = candidate.confirmed();
    let (_, wish) = asha.propose_leaving().unwrap();
    Spoils {
        commits: vec![(CREATOR, full), (41, external)],
        heartbeat: by(heartbeat(&newcomer, |_| {}), CREATOR),
        newer: newcomer.state().unwrap(),
        meeting,
        asha,
        wish,
    }
}

#[test]
fn a_message_that_is_cut_short_is_refused() {
    let Spoils { mut meeting, mut asha, commits, .. } = spoils();
    for (number, bundle) in &commits {
        let whole = bundle.commit.as_bytes();
        for length in 1..whole.len() {
            let cut = whole[..length].to_vec();
            assert!(asha.ingest(&cut, NOW).is_err());
            let spoilt = Bundle { commit: HandshakeMessage::try_from(cut).unwrap(), ..bundle.clone() };
            assert!(deliver(&mut meeting.delivery, device(*number), &spoilt).is_err());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn damaged_bytes_change_nothing(damages in vec(damage(), 6)) {
        thread_local!(static SPOILS: std::cell::RefCell<Spoils> = std::cell::RefCell::new(spoils()));
        SPOILS.with_borrow_mut(|spoils| {
            let Spoils { meeting, asha, commits, wish, heartbeat, newer } = spoils;
            let before = (meeting.delivery.state(), meeting.delivery.members());
            let epoch = meeting.delivery.epoch();
            let hers = asha.epoch();
            for (number, bundle) in commits.iter() {
                let commit = damages[0].to(bundle.commit.as_bytes());
                prop_assert!(asha.ingest(&commit, NOW).is_err());
                let from_outside = *number != CREATOR;
                if let Ok(commit) = HandshakeMessage::try_from(commit)
                    && (from_outside || !is_in_membership_tag(&bundle.commit, &commit))
                {
                    let spoilt = Bundle { commit, ..bundle.clone() };
                    prop_assert!(deliver(&mut meeting.delivery, device(*number), &spoilt).is_err());
                }
                if let Ok(group_info) = GroupInfo::try_from(damages[1].to(bundle.group_info.as_bytes())) {
                    let spoilt = Bundle { group_info, ..bundle.clone() };
                    prop_assert!(deliver(&mut meeting.delivery, device(*number), &spoilt).is_err());
                }
            }
            if let Ok(spoilt) = HandshakeMessage::try_from(damages[2].to(wish.as_bytes()))
                && !is_in_membership_tag(wish, &spoilt)
            {
                prop_assert!(meeting.delivery.propose(&device(ASHA), epoch, spoilt).is_err());
            }
            let (info, tree) = newer;
            if let Ok(spoilt) = GroupInfo::try_from(damages[3].to(info.as_bytes())) {
                prop_assert!(meeting.delivery.adopt(spoilt, tree, heartbeat, NOW).is_err());
            }
            if let Ok(spoilt) = RatchetTree::try_from(damages[4].to(tree.as_bytes())) {
                prop_assert!(meeting.delivery.adopt(info.clone(), &spoilt, heartbeat, NOW).is_err());
            }
            if let Ok(spoilt) = HeartbeatBytes::try_from(damages[5].to(heartbeat.as_bytes())) {
                prop_assert!(meeting.delivery.adopt(info.clone(), tree, &spoilt, NOW).is_err());
            }
            prop_assert_eq!((meeting.delivery.state(), meeting.delivery.members()), before);
            prop_assert_eq!(asha.epoch(), hers);
            Ok(())
        })?;
    }
}
