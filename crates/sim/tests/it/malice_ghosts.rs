//! Who was let in by no host: every paper, by every way into a group.

use sabha_admission::{Capabilities, Policy};
use sabha_crypto::{group::DeviceSigner, link::LinkSecret};
use sabha_protocol::{
    GroupEpoch,
    device::{Alarm, DeviceCommand, DeviceStage, Encryption},
    opaque::{HandshakeMessage, RatchetTree, RelayPayload, WelcomeMessage},
    wire::{ClientMessage, ServerMessage, server::Participant},
};
use sabha_sim::malice::{Fate, Ghost, Hall, Insider, Loot, Paper, Plan, Said, Witness, forge};

const CREATOR: usize = 0;
const ASHA: usize = 1;
const BILAL: usize = 2;

/// A meeting of the creator and two members, and what is on the second one's device.
fn scene() -> (Hall, Loot) {
    let mut hall = Hall::new();
    hall.member("Asha");
    hall.member("Bilal");
    let loot = hall.loot(BILAL);
    (hall, loot)
}

/// The same, with the second member taken over; it is a host too if `host`.
fn with_insider(host: bool) -> (Hall, Insider, Loot) {
    let (mut hall, loot) = scene();
    if host {
        let device = hall.key(BILAL);
        hall.command(CREATOR, DeviceCommand::MakeHost { device });
    }
    let insider = hall.take_over(BILAL);
    hall.pass(6000);
    (hall, insider, loot)
}

fn admission(rule: &str) -> Alarm {
    Alarm::Admission { rule: rule.to_owned() }
}

/// Everybody refuses, says why, and sends nothing until a host has certified the present; then the meeting goes on.
fn refused_by_everybody(hall: &mut Hall, message: &HandshakeMessage, alarm: &Alarm, rivals: &[&Insider]) {
    let people: Vec<usize> = (0..hall.people.len()).filter(|at| hall.people[*at].connected).collect();
    let before: Vec<_> = people.iter().map(|at| (hall.epoch(*at), hall.view(*at).members.clone())).collect();
    hall.push(message);
    for (at, before) in people.iter().zip(&before) {
        assert_eq!(&(hall.epoch(*at), hall.view(*at).members.clone()), before, "person {at} has moved");
        assert_eq!(hall.view(*at).alarms.last(), Some(alarm), "person {at}");
        assert_eq!(hall.view(*at).encryption, Encryption::Failed, "person {at}");
        assert_eq!(hall.sends_in(*at), None, "person {at}");
    }
    hall.pass(6000);
    for at in people {
        assert_eq!(hall.view(at).encryption, Encryption::Verified, "person {at}");
        assert!(hall.sends_in(at).is_some(), "person {at}");
    }
    let mut witness = Witness::default();
    witness.check(hall, rivals);
    assert_eq!(witness.breaches(), [""; 0]);
}

/// ADM-18, ADM-19, ADM-20, ADM-21, ADM-22, ADM-30
#[test]
fn no_paper_but_a_hosts_grant_opens_an_external_commit() {
    let (mut hall, member) = scene();
    for (number, paper) in Paper::ALL.into_iter().enumerate() {
        let ghost = Ghost::new(100 + number as u8, &member);
        let mut rival = ghost.insider(ghost.paper(paper, &hall, &member));
        let (_, info, tree) = hall.worlds[0].state();
        let forged = rival.come_in(&info, &tree, true).unwrap();
        // An honest server does not even pass it on.
        let now_ms = hall.now_ms;
        let (commit, group_info) = (forged.commit.clone(), forged.group_info.clone());
        assert!(hall.worlds[0].commit(&ghost.device(), forged.epoch, commit, group_info, now_ms).is_err());

        refused_by_everybody(&mut hall, &forged.commit, &admission(paper.rule()), &[&rival]);
    }
}

/// ADM-18, ADM-19, ADM-20, ADM-21, ADM-22, ADM-30: not even a host's own device adds somebody without a grant.
#[test]
fn no_paper_but_a_hosts_grant_opens_an_add() {
    let (mut hall, mut insider, member) = with_insider(true);
    let guest = hall.loot(ASHA);
    for (number, paper) in Paper::ALL.into_iter().enumerate() {
        let ghost = Ghost::new(100 + number as u8, &member);
        let mut rival = ghost.insider(ghost.paper(paper, &hall, &guest));
        let forged = insider.commit(&Plan { add: vec![rival.key_package()], ..Plan::default() }).unwrap();
        insider.give_up();
        rival.welcomed(forged.welcome.as_ref().unwrap(), &forged.tree).unwrap();

        refused_by_everybody(&mut hall, &forged.commit, &admission(paper.rule()), &[&rival]);
    }
}

/// ADM-33
#[test]
fn a_member_who_is_no_host_adds_nobody_not_even_with_a_good_grant() {
    let (mut hall, mut insider, member) = with_insider(false);
    let ghost = Ghost::new(100, &member);
    let host = hall.loot(CREATOR).signer;
    let good = forge(member.meeting, ghost.device(), &host, hall.now_ms, |_| {});
    let mut rival = ghost.insider(good);
    let forged = insider.commit(&Plan { add: vec![rival.key_package()], ..Plan::default() }).unwrap();
    insider.give_up();
    rival.welcomed(forged.welcome.as_ref().unwrap(), &forged.tree).unwrap();
    refused_by_everybody(&mut hall, &forged.commit, &admission("ADM-33"), &[&rival]);
}

/// ADM-33: a proposal is judged before it is kept, and a commit that refers to a refused one refers to nothing.
#[test]
fn an_add_by_reference_is_refused_twice() {
    let (mut hall, mut insider, member) = with_insider(false);
    let ghost = Ghost::new(100, &member);
    let rival = ghost.insider(ghost.paper(Paper::SelfMade, &hall, &member));
    let proposal = insider.propose_add(&rival.key_package()).unwrap();
    let forged = insider.commit(&Plan { psk_wrong: true, ..Plan::default() }).unwrap();
    insider.give_up();
    refused_by_everybody(&mut hall, &proposal, &admission("ADM-33"), &[&rival]);
    refused_by_everybody(&mut hall, &forged.commit, &Alarm::Handshake {}, &[&rival]);
}

/// Only a wish to leave is ever kept for somebody else's commit.
#[test]
fn a_hosts_add_by_reference_is_refused_as_well() {
    let (mut hall, mut insider, member) = with_insider(true);
    let ghost = Ghost::new(100, &member);
    let rival = ghost.insider(ghost.paper(Paper::NotItsOwn, &hall, &member));
    let proposal = insider.propose_add(&rival.key_package()).unwrap();
    insider.give_up();
    refused_by_everybody(&mut hall, &proposal, &Alarm::Handshake {}, &[&rival]);
}

/// ADM-34
#[test]
fn a_commit_that_lets_in_without_the_links_key_is_refused() {
    let (mut hall, mut insider, member) = with_insider(true);
    let ghost = Ghost::new(100, &member);
    let host = hall.loot(CREATOR).signer;
    let good = forge(member.meeting, ghost.device(), &host, hall.now_ms, |_| {});
    let mut rival = ghost.insider(good);
    let (_, info, tree) = hall.worlds[0].state();
    let forged = rival.come_in(&info, &tree, false).unwrap();
    refused_by_everybody(&mut hall, &forged.commit, &admission("ADM-34"), &[&rival]);

    let plan = Plan { add: vec![rival.key_package()], psk_wrong: true, ..Plan::default() };
    let forged = insider.commit(&plan).unwrap();
    insider.give_up();
    refused_by_everybody(&mut hall, &forged.commit, &admission("ADM-34"), &[&rival]);
}

/// The second lock: a good grant that was stolen on its way is of no use without the link.
#[test]
fn who_does_not_know_the_link_cannot_make_the_next_epochs_secret() {
    let (mut hall, member) = scene();
    let signer = DeviceSigner::from_seed(&[100; 32]);
    let host = hall.loot(CREATOR).signer;
    let good = forge(member.meeting, signer.device(), &host, hall.now_ms, |_| {});
    let mut rival = Insider::new(member.meeting, &LinkSecret::from_bytes([0; 16]), signer, good);
    let (_, info, tree) = hall.worlds[0].state();
    let forged = rival.come_in(&info, &tree, true).unwrap();
    refused_by_everybody(&mut hall, &forged.commit, &Alarm::Handshake {}, &[&rival]);
}

/// ADM-58: the ban holds against the grant that it once had, by external commit and by Add.
#[test]
fn who_was_removed_does_not_come_back_with_its_old_grant() {
    let (mut hall, member) = scene();
    hall.remove(BILAL);
    assert_eq!(hall.view(BILAL).stage, DeviceStage::Removed);
    hall.disconnect(BILAL);
    let mut rival = Insider::with_loot(&member);
    let (_, info, tree) = hall.worlds[0].state();
    let forged = rival.come_in(&info, &tree, true).unwrap();
    refused_by_everybody(&mut hall, &forged.commit, &admission("ADM-58"), &[&rival]);

    let device = hall.key(ASHA);
    hall.command(CREATOR, DeviceCommand::MakeHost { device });
    let mut insider = hall.take_over(ASHA);
    hall.pass(6000);
    let forged = insider.commit(&Plan { add: vec![rival.key_package()], ..Plan::default() }).unwrap();
    insider.give_up();
    refused_by_everybody(&mut hall, &forged.commit, &admission("ADM-58"), &[&rival]);
}

/// ADM-27
#[test]
fn who_was_sent_back_does_not_come_in_with_its_old_grant() {
    let (mut hall, member) = scene();
    let device = hall.key(BILAL);
    hall.command(CREATOR, DeviceCommand::SendBack { device });
    assert!(hall.view(CREATOR).members.iter().all(|member| member.device != device));
    hall.disconnect(BILAL);
    let mut rival = Insider::with_loot(&member);
    let (_, info, tree) = hall.worlds[0].state();
    let forged = rival.come_in(&info, &tree, true).unwrap();
    refused_by_everybody(&mut hall, &forged.commit, &admission("ADM-27"), &[&rival]);
}

/// ADM-29
#[test]
fn a_locked_meeting_is_locked_also_for_who_has_a_hosts_key() {
    let (mut hall, member) = scene();
    hall.pass(1000);
    hall.command(CREATOR, DeviceCommand::Lock { locked: true });
    hall.pass(1000);
    let ghost = Ghost::new(100, &member);
    let host = hall.loot(CREATOR).signer;
    let late = forge(member.meeting, ghost.device(), &host, hall.now_ms, |_| {});
    let mut rival = ghost.insider(late);
    let (_, info, tree) = hall.worlds[0].state();
    let forged = rival.come_in(&info, &tree, true).unwrap();
    refused_by_everybody(&mut hall, &forged.commit, &admission("ADM-29"), &[&rival]);
    // Nor does a host let somebody in by mistake.
    let guest = hall.guest("Chitra");
    hall.admit(guest);
    assert_eq!(hall.view(guest).stage, DeviceStage::Waiting);
}

/// ADM-22: what a former host signs is void from the policy that leaves it out.
#[test]
fn a_former_hosts_key_lets_nobody_in() {
    let (mut hall, member) = scene();
    let device = hall.key(BILAL);
    hall.command(CREATOR, DeviceCommand::MakeHost { device });
    let root = hall.loot(CREATOR).root.unwrap();
    // The creator goes on with another client, which can take back what it gave.
    let mut creator = hall.take_over(CREATOR);
    let mut policy = Policy::clone(&hall.people[ASHA].device.group().unwrap().roster().policy);
    policy.version += 1;
    policy.hosts.retain(|host| host.subject != device);
    policy.signer = root.device();
    let policy = policy.sign(root.key()).unwrap().to_bytes();
    let forged = creator.commit(&Plan { policy: Some(policy), ..Plan::default() }).unwrap();
    let epoch = hall.epoch(ASHA).unwrap();
    hall.push(&forged.commit);
    creator.merge();
    assert_eq!(hall.epoch(ASHA), Some(epoch.next()));
    assert!(!hall.view(BILAL).host && hall.view(ASHA).alarms.is_empty());

    let ghost = Ghost::new(100, &member);
    let signed = forge(member.meeting, ghost.device(), &member.signer, hall.now_ms, |_| {});
    let mut rival = ghost.insider(signed);
    let (info, tree) = creator.state().unwrap();
    let forged = rival.come_in(&info, &tree, true).unwrap();
    hall.push(&forged.commit);
    for at in [ASHA, BILAL] {
        assert_eq!(hall.epoch(at), Some(epoch.next()));
        assert_eq!(hall.view(at).alarms, [admission("ADM-22")]);
        assert_eq!(hall.sends_in(at), None);
    }
}

/// ADM-24
#[test]
fn nobody_becomes_host_by_a_grant() {
    let (mut hall, member) = scene();
    let ghost = Ghost::new(100, &member);
    let host = hall.loot(CREATOR).signer;
    let bytes = forge(member.meeting, ghost.device(), &host, hall.now_ms, |grant| {
        grant.capabilities = Capabilities::HOST | Capabilities::PARTICIPANT;
    });
    let mut rival = ghost.insider(bytes);
    let (_, info, tree) = hall.worlds[0].state();
    let forged = rival.come_in(&info, &tree, true).unwrap();
    refused_by_everybody(&mut hall, &forged.commit, &admission("ADM-24"), &[&rival]);
}

/// A change of the group that is framed as words, or as what only words may be framed as, changes nothing.
#[test]
fn a_commit_that_is_framed_as_words_changes_nothing() {
    let (mut hall, mut insider, member) = with_insider(true);
    let ghost = Ghost::new(100, &member);
    let host = hall.loot(CREATOR).signer;
    let good = forge(member.meeting, ghost.device(), &host, hall.now_ms, |_| {});
    let rival = ghost.insider(good);
    let epochs: Vec<_> = [CREATOR, ASHA].map(|at| hall.epoch(at)).to_vec();
    for private in [false, true] {
        let forged = insider.commit(&Plan { private, ..Plan::default() }).unwrap();
        insider.give_up();
        let whisper = |bytes: &[u8]| {
            let payload = RelayPayload::try_from([&[1], bytes].concat()).unwrap();
            ServerMessage::Relayed { from: sabha_protocol::ParticipantId(9), payload }
        };
        hall.tell_all(&whisper(forged.commit.as_bytes()));
        // What is sealed for the group as words, and is a commit in itself.
        let sealed = insider.seal(forged.commit.as_bytes()).unwrap();
        hall.tell_all(&whisper(&sealed));
        assert_eq!([CREATOR, ASHA].map(|at| hall.epoch(at)).to_vec(), epochs);
        assert!([CREATOR, ASHA].iter().all(|at| hall.view(*at).alarms.is_empty()));
    }
    let add = Plan { add: vec![rival.key_package()], private: true, ..Plan::default() };
    let forged = insider.commit(&add).unwrap();
    insider.give_up();
    refused_by_everybody(&mut hall, &forged.commit, &Alarm::Handshake {}, &[&rival]);
}

/// ADM-35, ADM-39, ADM-12, ADM-14
#[test]
fn a_member_changes_no_policy_and_removes_nobody_and_no_policy_goes_back() {
    let (mut hall, mut insider, _) = with_insider(false);
    let policy = |hall: &Hall| hall.people[CREATOR].device.group().unwrap().roster().policy.clone();
    let old = policy(&hall);
    let commit = |insider: &mut Insider, plan: Plan| {
        let forged = insider.commit(&plan).unwrap();
        insider.give_up();
        forged.commit
    };
    let remove = commit(&mut insider, Plan { remove: vec![0], ..Plan::default() });
    refused_by_everybody(&mut hall, &remove, &admission("ADM-35"), &[]);
    let by_member = commit(&mut insider, Plan { policy: Some(old.to_bytes()), ..Plan::default() });
    refused_by_everybody(&mut hall, &by_member, &admission("ADM-39"), &[]);

    let (mut hall, mut insider, member) = with_insider(true);
    let before_removal = policy(&hall);
    hall.member("Chitra");
    hall.remove(3);
    hall.disconnect(3);
    for missed in hall.worlds[0].missed(insider.epoch().unwrap()).unwrap() {
        insider.follow(&missed.message);
    }
    let back = commit(&mut insider, Plan { policy: Some(before_removal.to_bytes()), ..Plan::default() });
    refused_by_everybody(&mut hall, &back, &admission("ADM-12"), &[]);
    let mut forgiving = policy(&hall).successor(member.signer.device());
    forgiving.revoked.clear();
    let forgiving = forgiving.sign(member.signer.key()).unwrap();
    let back = commit(&mut insider, Plan { policy: Some(forgiving.to_bytes()), ..Plan::default() });
    refused_by_everybody(&mut hall, &back, &admission("ADM-14"), &[]);
}

/// Holds back the Welcome of everybody who knocks from now on.
fn hold_welcomes(hall: &mut Hall) {
    hall.set_post(|letter| match &letter.said {
        Said::Message(message) if matches!(**message, ServerMessage::Welcomed { .. }) => Fate::Hold,
        _ => Fate::Deliver,
    });
}

/// Returns the KeyPackage that somebody has sent to the host.
fn key_package_of(hall: &Hall, at: usize) -> Vec<u8> {
    let said = hall.seen.iter().rev().find_map(|seen| match &seen.message {
        ClientMessage::Door { payload, .. } if seen.from == at => Some(payload.as_bytes().to_vec()),
        _ => None,
    });
    // The kind, the host's key and the length stand before it.
    said.unwrap().split_off(35)
}

/// Makes a Welcome for somebody, with the tree that goes with it.
type Welcoming = fn(&Hall, &mut Insider, &Loot, Vec<u8>) -> (WelcomeMessage, RatchetTree);

fn welcome_by(insider: &mut Insider, key_package: Vec<u8>) -> (WelcomeMessage, RatchetTree) {
    let forged = insider.commit(&Plan { add: vec![key_package], ..Plan::default() }).unwrap();
    insider.give_up();
    (forged.welcome.unwrap(), forged.tree)
}

/// Into a group of the server's own.
fn welcome_elsewhere(
    hall: &Hall,
    member: &Loot,
    key_package: Vec<u8>,
    change: fn(&mut Policy),
) -> (WelcomeMessage, RatchetTree) {
    let ghost = Ghost::new(100, member);
    let mut rival = ghost.insider(ghost.paper(Paper::SelfMade, hall, member));
    let truth = hall.people[CREATOR].device.group().unwrap().roster().policy.clone();
    let mut policy = Policy::clone(&truth);
    change(&mut policy);
    let root = DeviceSigner::from_seed(&[99; 32]);
    let bytes = if policy == *truth { truth.to_bytes() } else { policy.sign(root.key()).unwrap().to_bytes() };
    rival.found(&bytes);
    welcome_by(&mut rival, key_package)
}

/// ADM-33, ADM-22, ADM-03: what a joiner is welcomed to is the meeting, by somebody who may let in.
#[test]
fn a_joiner_refuses_every_welcome_but_a_hosts() {
    let cases: [(Welcoming, Alarm); 4] = [
        // By a member who colludes, to the true group of before.
        (|_, insider, _, key_package| welcome_by(insider, key_package), admission("ADM-33")),
        // With the meeting's true policy, copied.
        (
            |hall, _, member, key_package| welcome_elsewhere(hall, member, key_package, |_| {}),
            admission("ADM-22"),
        ),
        // With a root key of the server's own.
        (
            |hall, _, member, key_package| {
                welcome_elsewhere(hall, member, key_package, |policy| {
                    let root = DeviceSigner::from_seed(&[99; 32]).device();
                    (policy.root, policy.signer, policy.hosts) = (root, root, Vec::new());
                })
            },
            admission("ADM-03"),
        ),
        // Bytes that are none.
        (
            |hall, _, _, _| (WelcomeMessage::try_from(vec![1; 300]).unwrap(), hall.worlds[0].tree()),
            Alarm::WrongGroup {},
        ),
    ];
    for (welcoming, alarm) in cases {
        let (mut hall, mut insider, member) = with_insider(false);
        hold_welcomes(&mut hall);
        let joiner = hall.member("Chitra");
        assert_eq!(hall.view(joiner).stage, DeviceStage::Joining);
        let key_package = key_package_of(&hall, joiner);
        let (welcome, tree) = welcoming(&hall, &mut insider, &member, key_package);
        hall.tell(joiner, ServerMessage::Welcomed { welcome, tree });
        assert_eq!(hall.view(joiner).alarms, [alarm]);
        assert_eq!(hall.view(joiner).stage, DeviceStage::Joining);
        hall.pass(1000);
        assert!(hall.people[joiner].media.is_empty());

        // With the grant that a host has signed it comes in by another way.
        hall.honest_post();
        hall.pass(6000);
        assert_eq!(hall.view(joiner).stage, DeviceStage::Member);
        assert_eq!(hall.sends_in(joiner), hall.sends_in(CREATOR));
    }
}

/// ADM-03, ADM-04, ADM-22: a device that comes back judges the group before it makes anything of it.
#[test]
fn a_returning_device_refuses_every_group_but_the_meetings() {
    let policy = |hall: &Hall| Policy::clone(&hall.people[CREATOR].device.group().unwrap().roster().policy);
    let other_root = |hall: &Hall| {
        let root = DeviceSigner::from_seed(&[99; 32]);
        let mut policy = policy(hall);
        (policy.root, policy.signer, policy.hosts) = (root.device(), root.device(), Vec::new());
        policy.sign(root.key()).unwrap().to_bytes()
    };
    let true_policy = |hall: &Hall| hall.people[CREATOR].device.group().unwrap().roster().policy.to_bytes();
    for (is_true, rule) in [(false, "ADM-03"), (true, "ADM-22")] {
        let (mut hall, member) = scene();
        let ghost = Ghost::new(100, &member);
        let mut rival = ghost.insider(ghost.paper(Paper::SelfMade, &hall, &member));
        let policy = if is_true { true_policy(&hall) } else { other_root(&hall) };
        let (group_info, tree) = rival.found(&policy);
        let false_state = ServerMessage::GroupState { epoch: GroupEpoch(0), group_info, tree };
        hall.set_post(move |letter| {
            if let Said::Message(message) = &mut letter.said
                && matches!(**message, ServerMessage::GroupState { .. })
            {
                **message = false_state.clone();
            }
            Fate::Deliver
        });
        // The server says that the device is not in its group.
        hall.worlds.push(sabha_delivery_of_creation(&hall));
        hall.people[ASHA].world = 1;
        hall.reload(ASHA);
        assert_eq!(hall.view(ASHA).alarms, [admission(rule)]);
        assert_eq!(hall.view(ASHA).stage, DeviceStage::Outside);
        assert_eq!(hall.sends_in(ASHA), None);
        assert!(!hall.people[ASHA].device.group().is_some_and(|_| true));
    }
}

/// The group as it was when the meeting was made.
fn sabha_delivery_of_creation(hall: &Hall) -> sabha_delivery::Delivery {
    let creation = &hall.creation;
    sabha_delivery::Delivery::open(creation.meeting, &creation.group_info, &creation.tree, hall.now_ms)
        .unwrap()
}

/// What a server says of who is in the room is shown as nobody's membership.
#[test]
fn the_servers_roster_makes_nobody_a_member() {
    let (mut hall, member) = scene();
    let ghost = Ghost::new(100, &member);
    let truth = hall.view(ASHA).members.clone();
    let mut lie = hall.joined_message(ASHA);
    let ServerMessage::Joined { participants, .. } = &mut lie else { panic!() };
    let one = Participant { device: ghost.device(), ..participants[0].clone() };
    *participants = vec![one.clone()];
    hall.tell_all(&lie);
    hall.tell_all(&ServerMessage::ParticipantJoined { participant: one });
    hall.pass(6000);
    assert_eq!(hall.view(ASHA).members, truth);
    assert!(hall.view(ASHA).members.iter().all(|member| member.device != ghost.device()));
    assert_eq!(hall.view(ASHA).encryption, Encryption::Verified);
}

/// A witness that sees nothing would prove nothing.
#[test]
fn the_witness_sees_what_it_should() {
    let (mut hall, _) = scene();
    let insider = hall.take_over(BILAL);
    let breaches = |hall: &Hall, rivals: &[&Insider]| {
        let mut witness = Witness::default();
        witness.check(hall, rivals);
        witness.breaches().len()
    };
    assert_eq!(breaches(&hall, &[&insider]), 0);
    // Who is in has the key; who is said to be out must not.
    let outside = Ghost::new(100, &hall.loot(ASHA));
    let mut copy = outside.insider(Vec::new());
    assert_eq!(breaches(&hall, &[&copy]), 0);
    copy.learn(insider.keys());
    assert!(breaches(&hall, &[&copy]) > 0);
    let asha = hall.key(ASHA);
    hall.admitted.retain(|device| *device != asha);
    assert!(breaches(&hall, &[]) > 0);
}
