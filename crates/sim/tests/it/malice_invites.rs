//! Personal links, where only those let in and a host decides on each: stolen, copied, bent, and a server that helps.

use ed25519_dalek::SigningKey;
use sabha_admission::{Capabilities, InviteCert, Method, SignedInviteCert, device_key, invite_proof};
use sabha_crypto::{
    group::DeviceSigner,
    invitation::Invitation,
    seal::{self, Place},
};
use sabha_policy::Controls;
use sabha_protocol::{
    DeviceKey, ParticipantId, Rule,
    device::{Alarm, DeviceCommand, DeviceStage, GuestInvite, InviteView},
    opaque::KnockPayload,
    wire::{ClientMessage, ServerMessage, client::Credential, server::Guest},
};
use sabha_sim::malice::{Ghost, Hall, Loot, Plan, forge};

const CREATOR: usize = 0;
const ASHA: usize = 1;
const BILAL: usize = 2;
const HOUR_MS: u64 = 3_600_000;

/// A meeting of the creator and two members, which takes personal links only, each by a host's hand.
fn scene() -> Hall {
    let mut hall = Hall::new();
    hall.member("Asha");
    hall.member("Bilal");
    let mut controls = Controls::default();
    controls.set_named("ORG.LINK.PRIVATE", "personal").unwrap();
    controls.set_named("MEET.LOBBY.ON", "host").unwrap();
    hall.command(CREATOR, DeviceCommand::SetControls { controls: controls.to_settings() });
    hall.pass(6000);
    hall
}

fn invite(hall: &mut Hall, name: &str, devices: u16) -> InviteView {
    let until_ms = hall.now_ms + HOUR_MS;
    hall.command(CREATOR, DeviceCommand::Invite { name: name.parse().unwrap(), until_ms, devices });
    hall.view(CREATOR).invites.last().unwrap().clone()
}

fn invitation(hall: &Hall, invite: &InviteView) -> Invitation {
    Invitation::split(&hall.creation.meeting, &invite.fragment).unwrap().1.unwrap()
}

/// Somebody comes with a personal link, and waits with it.
fn waits_with(hall: &mut Hall, invite: &InviteView, name: &str) -> usize {
    let at = hall.invited(&invite.fragment, name);
    // Its device tries by itself first.
    hall.enter(at);
    assert_eq!(hall.view(at).stage, DeviceStage::Waiting);
    at
}

fn shown(hall: &Hall, device: &DeviceKey) -> Option<GuestInvite> {
    let guests = &hall.view(CREATOR).guests;
    guests.iter().find(|guest| guest.device == *device)?.invite.clone()
}

/// A knock as `docs/e2ee.md` has its bytes.
fn knock(name: &str, cert: &SignedInviteCert, nonce: [u8; 16], proof: [u8; 64]) -> Vec<u8> {
    let vector = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    [&[2][..], &nonce, &vector(name.as_bytes()), &vector(&cert.to_bytes()), &proof].concat()
}

/// The server, and somebody with the link, say that this device knocks so. Returns under which number.
fn forged_knock(hall: &mut Hall, device: DeviceKey, knock: &[u8]) -> ParticipantId {
    let meeting = hall.creation.meeting;
    let lobby = hall.link().derive(&meeting).lobby;
    let sealed = seal::seal(&lobby, &Place::Profile { meeting, device }, knock, [3; 12]).unwrap();
    let knock = Some(KnockPayload::try_from(sealed).unwrap());
    let id = ParticipantId(7000);
    let guest = Guest { id, device, knock, waiting_ms: 0, of_organisation: false };
    hall.tell(CREATOR, ServerMessage::Knocked { guest });
    hall.settle();
    id
}

fn is_waiting(hall: &Hall, number: ParticipantId) -> bool {
    hall.view(CREATOR).guests.iter().any(|guest| guest.guest == number)
}

/// Returns what somebody has knocked with last, opened by who has the link.
fn opened_knock(hall: &Hall, from: usize) -> Vec<u8> {
    let meeting = hall.creation.meeting;
    let sealed = hall.seen.iter().rev().find_map(|seen| match &seen.message {
        ClientMessage::Enter { credential: Credential::Link { knock, .. }, .. } if seen.from == from => {
            Some(knock.clone())
        }
        _ => None,
    });
    let place = Place::Profile { meeting, device: hall.key(from) };
    let lobby = hall.link().derive(&meeting).lobby;
    seal::open(&lobby, &place, sealed.unwrap().as_bytes()).unwrap().to_vec()
}

/// Whoever steals a link has it: the host sees for whom it was, it is good for one, and goes with who came by it.
#[test]
fn a_stolen_invite_lets_in_one_as_whom_it_was_made_for_until_it_is_withdrawn() {
    let mut hall = scene();
    let own = invite(&mut hall, "Chitra", 1);
    let thief = waits_with(&mut hall, &own, "Mallory");
    let seen = shown(&hall, &hall.key(thief)).unwrap();
    assert_eq!((seen.name.unwrap().as_str(), seen.holds), ("Chitra", true));
    hall.admit(thief);
    assert_eq!(hall.view(thief).stage, DeviceStage::Member);

    let owner = waits_with(&mut hall, &own, "Chitra");
    assert!(!shown(&hall, &hall.key(owner)).unwrap().holds, "it is in use");
    hall.admit(owner);
    assert_eq!(hall.people[CREATOR].refusals, [Rule::LinkPrivate]);
    hall.command(CREATOR, DeviceCommand::WithdrawInvite { invite: own.invite });
    assert!(hall.people[ASHA].device.group().unwrap().roster().member_of(&hall.key(thief)).is_none());
    assert_eq!(hall.sends_in(thief), None);
    let anew = invite(&mut hall, "Chitra", 1);
    let owner = waits_with(&mut hall, &anew, "Chitra");
    hall.admit(owner);
    assert_eq!(hall.view(owner).stage, DeviceStage::Member);
}

/// ADM-61: a server that has the link copies what somebody has shown into the knock of a device of its own.
#[test]
fn what_somebody_has_shown_is_worth_nothing_in_anothers_knock() {
    let mut hall = scene();
    let own = invite(&mut hall, "Chitra", 2);
    let chitra = waits_with(&mut hall, &own, "Chitra");
    let copied = opened_knock(&hall, chitra);
    assert_eq!(copied[0], 2);

    let ghost = DeviceSigner::from_seed(&[66; 32]);
    let number = forged_knock(&mut hall, ghost.device(), &copied);
    assert!(!is_waiting(&hall, number), "no host hears of it");
    // In the knock of who has shown it, it is that device's again, whose key the server has not.
    let device = hall.key(chitra);
    let number = forged_knock(&mut hall, device, &copied);
    assert!(is_waiting(&hall, number));
    hall.command(CREATOR, DeviceCommand::Admit { guest: number, by_rule: false });
    assert!(hall.grants.iter().all(|grant| grant.subject != ghost.device()));
    assert_eq!(hall.view(CREATOR).members.len(), 3);
}

/// The certificate alone, with a signature by a key of one's own, or by the right key over another meeting.
#[test]
fn an_invite_is_shown_by_who_has_its_key_and_for_this_meeting() {
    let mut hall = scene();
    let own = invite(&mut hall, "Chitra", 2);
    let own = invitation(&hall, &own);
    let ghost = DeviceSigner::from_seed(&[66; 32]);
    let (me, meeting) = (ghost.device(), hall.creation.meeting);
    let other_key = invite_proof(ghost.key(), &meeting, &me, &[1; 16]);
    let mut flipped = own.proof(&me, &[1; 16]);
    flipped[40] ^= 1;
    for (nonce, proof) in [([1; 16], other_key), ([1; 16], flipped), ([2; 16], own.proof(&me, &[1; 16]))] {
        let number = forged_knock(&mut hall, me, &knock("Chitra", own.cert(), nonce, proof));
        assert!(!is_waiting(&hall, number));
    }
    let honest = knock("Chitra", own.cert(), [1; 16], own.proof(&me, &[1; 16]));
    let number = forged_knock(&mut hall, me, &honest);
    assert!(is_waiting(&hall, number), "with the key it is");

    // Of a host of another meeting, and of nobody.
    let (theirs, nobody) = (hall_invite(&mut scene()), SigningKey::from_bytes(&[67; 32]));
    for (cert, holds) in [(theirs, false), (self_made(&hall, &nobody), false)] {
        let eve = DeviceSigner::from_seed(&[68; 32]);
        let proof = invite_proof(&nobody, &meeting, &eve.device(), &[1; 16]);
        forged_knock(&mut hall, eve.device(), &knock("Eve", &cert, [1; 16], proof));
        assert!(shown(&hall, &eve.device()).is_none_or(|shown| shown.holds == holds));
        hall.command(CREATOR, DeviceCommand::Admit { guest: ParticipantId(7000), by_rule: false });
    }
    assert_eq!(hall.view(CREATOR).members.len(), 3);
}

fn hall_invite(hall: &mut Hall) -> SignedInviteCert {
    let made = invite(hall, "Eve", 1);
    invitation(hall, &made).cert().clone()
}

fn self_made(hall: &Hall, key: &SigningKey) -> SignedInviteCert {
    let cert = InviteCert {
        meeting: hall.creation.meeting,
        invite: device_key(key),
        capabilities: Capabilities::PARTICIPANT,
        issuer: device_key(key),
        seq: 1,
        not_before_ms: hall.now_ms,
        not_after_ms: hall.now_ms + HOUR_MS,
        devices_max: 9,
    };
    cert.sign(key).unwrap()
}

/// A server that lets knock whom it likes: without a personal link nobody comes in, and who waits is told.
#[test]
fn the_shared_link_lets_nobody_in_whatever_the_server_lets_knock() {
    let mut hall = scene();
    for guest in [hall.guest("Eve"), hall.by_mail("Mallory")] {
        hall.admit(guest);
        assert_eq!(hall.view(guest).stage, DeviceStage::Waiting);
    }
    // Of who comes by mail a host hears only if it had mails sent; this one had none.
    let eve = hall.people.len() - 2;
    assert!(hall.view(eve).personal_link_wanted);
    assert_eq!(hall.people[CREATOR].refusals, [Rule::LinkPrivate]);
    assert_eq!(hall.view(CREATOR).members.len(), 3);
}

/// A host's device without our rules, and a server that passes on what it makes.
struct Rogue {
    hall: Hall,
    insider: sabha_sim::malice::Insider,
    loot: Loot,
    own: Invitation,
    view: InviteView,
}

impl Rogue {
    fn new() -> Self {
        let mut hall = scene();
        let view = invite(&mut hall, "Chitra", 1);
        let own = invitation(&hall, &view);
        let loot = hall.loot(BILAL);
        let device = hall.key(BILAL);
        hall.command(CREATOR, DeviceCommand::MakeHost { device });
        let insider = hall.take_over(BILAL);
        hall.pass(6000);
        Self { hall, insider, loot, own, view }
    }

    /// It adds a device by a grant with this method and invite; returns the rule by which everybody refuses, if they do.
    fn adds(&mut self, method: Method, invite: Option<SignedInviteCert>) -> Option<String> {
        let ghost = Ghost::new(100, &self.loot);
        let now_ms = self.hall.now_ms;
        let grant = forge(self.loot.meeting, ghost.device(), &self.loot.signer, now_ms, |grant| {
            (grant.method, grant.invite) = (method, invite);
        });
        let rival = ghost.insider(grant);
        let plan = Plan { add: vec![rival.key_package()], ..Plan::default() };
        let forged = self.insider.commit(&plan).unwrap();
        self.insider.give_up();
        let epochs = [CREATOR, ASHA].map(|at| self.hall.epoch(at));
        self.hall.push(&forged.commit);
        let after = [CREATOR, ASHA].map(|at| self.hall.epoch(at));
        if after != epochs {
            assert!(after.iter().zip(epochs).all(|(after, before)| *after != before), "both, or neither");
            return None;
        }
        let rules = [CREATOR, ASHA].map(|at| match self.hall.view(at).alarms.last() {
            Some(Alarm::Admission { rule }) => rule.clone(),
            other => panic!("{other:?}"),
        });
        assert_eq!(rules[0], rules[1]);
        self.hall.pass(6000);
        Some(rules[0].clone())
    }
}

/// ADM-23, ADM-25, ADM-27, ADM-30, ADM-56
#[test]
fn no_host_that_keeps_no_rule_brings_in_somebody_without_an_invite_that_holds() {
    let mut rogue = Rogue::new();
    for method in [Method::Manual, Method::Rule, Method::Passcode, Method::PasscodeManual] {
        assert_eq!(rogue.adds(method, None).as_deref(), Some("ADM-56"), "{method:?}");
    }
    let refused = |rogue: &mut Rogue, cert| rogue.adds(Method::InviteManual, cert);
    assert_eq!(refused(&mut rogue, None).as_deref(), Some("ADM-23"));
    let foreign = hall_invite(&mut scene());
    assert_eq!(refused(&mut rogue, Some(foreign)).as_deref(), Some("ADM-25"));
    let nobodys = self_made(&rogue.hall, &SigningKey::from_bytes(&[67; 32]));
    assert_eq!(refused(&mut rogue, Some(nobodys)).as_deref(), Some("ADM-25"));
    // What the holder of an invite signs itself is refused, too: no host has decided.
    let own = rogue.own.cert().clone();
    assert_eq!(rogue.adds(Method::Invite, Some(own.clone())).as_deref(), Some("ADM-25"));

    let mut over = own.body.clone();
    (over.issuer, over.not_before_ms) = (rogue.loot.signer.device(), rogue.hall.now_ms - 2 * HOUR_MS);
    over.not_after_ms = rogue.hall.now_ms - HOUR_MS;
    let over = over.sign(rogue.loot.signer.key()).unwrap();
    assert_eq!(refused(&mut rogue, Some(over)).as_deref(), Some("ADM-30"));
    let invite = rogue.view.invite;
    rogue.hall.command(CREATOR, DeviceCommand::WithdrawInvite { invite });
    for missed in rogue.hall.worlds[0].missed(rogue.insider.epoch().unwrap()).unwrap() {
        rogue.insider.follow(&missed.message);
    }
    assert_eq!(refused(&mut rogue, Some(own)).as_deref(), Some("ADM-27"));
}
