//! Where only personal links let in, and where a host decides on each who shows one.

use ed25519_dalek::SigningKey;
use sabha_admission::{Method, device_key};
use sabha_protocol::{
    device::{AdmissionMethod, PasscodeProof, WaitingView},
    opaque::KnockPayload,
};

use super::{invites::HOUR_MS, *};
use crate::{
    device::say::{Knock, ShownInvite},
    invitation::Invitation,
};

const PERSONAL: (&str, &str) = ("ORG.LINK.PRIVATE", "personal");
const BY_HAND: (&str, &str) = ("MEET.LOBBY.ON", "host");

impl Hall {
    /// Returns how somebody waits, as the host sees it.
    pub(super) fn waiting(&self, at: usize) -> WaitingView {
        let device = self.device(at);
        self.view(0).guests.iter().find(|guest| guest.device == device).unwrap().clone()
    }

    /// Returns what the host was refused, and forgets it.
    fn refused(&mut self) -> Vec<Rule> {
        std::mem::take(&mut self.clients[0].refusals)
    }

    /// Somebody comes with an invite where each is let in by hand, and waits with it.
    fn waits_with(&mut self, invite: &InviteView, name: &str) -> usize {
        let at = self.invited(invite, name);
        self.knocks(at);
        at
    }

    /// A device that keeps no rule knocks with this, sealed under the lobby key.
    fn knock_with(&mut self, at: usize, knock: &Knock) {
        let place = SealPlace::Profile { meeting: self.creation.meeting, device: self.device(at) };
        let device = &self.clients[at].device;
        let lobby = &device.keys.as_ref().unwrap().lobby;
        let sealed = seal::seal(lobby, &place, &knock.to_bytes(), [5; 12]).unwrap();
        let guest = Guest {
            id: ParticipantId(900 + u32::try_from(at).unwrap()),
            device: self.device(at),
            knock: Some(KnockPayload::try_from(sealed).unwrap()),
            waiting_ms: 0,
            of_organisation: false,
        };
        self.tell(0, ServerMessage::Knocked { guest });
        self.settle();
    }

    fn knocked(&self, at: usize) -> bool {
        let number = ParticipantId(900 + u32::try_from(at).unwrap());
        self.view(0).guests.iter().any(|guest| guest.guest == number)
    }
}

use sabha_protocol::device::InviteView;

fn invitation(hall: &Hall, invite: &InviteView) -> Invitation {
    Invitation::split(&hall.creation.meeting, &invite.fragment).unwrap().1.unwrap()
}

#[test]
fn the_shared_link_lets_nobody_in_who_is_told_so_and_is_let_in_once_it_does_again() {
    let mut hall = Hall::new(None);
    hall.control(&[PERSONAL]);
    let asha = hall.guest("Asha");
    assert!(hall.view(asha).personal_link_wanted);
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    assert_eq!(hall.waiting(asha).invite, None);

    hall.admit(asha);
    assert_eq!(hall.refused(), [Rule::LinkPrivate]);
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);

    hall.control(&[]);
    assert!(!hall.view(asha).personal_link_wanted);
    hall.admit(asha);
    assert!(hall.is_in(asha));
}

#[test]
fn who_waits_when_links_become_personal_is_told_so() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    assert!(!hall.view(asha).personal_link_wanted);
    hall.control(&[PERSONAL]);
    assert!(hall.view(asha).personal_link_wanted);
}

#[test]
fn a_passcode_does_not_help_where_links_are_personal_and_nobody_is_asked_for_it() {
    let mut hall = Hall::new(Some(("7XK2-M9QP", true)));
    hall.control(&[PERSONAL]);
    let asha = hall.guest("Asha");
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    assert!(hall.view(asha).personal_link_wanted);
    // Nor has it a guess.
    hall.command(asha, DeviceCommand::Passcode { passcode: "7XK2-M9QP".parse().unwrap() });
    assert!(hall.clients[0].device.group().is_some() && !hall.is_in(asha));

    hall.control(&[]);
    assert_eq!(hall.view(asha).stage, DeviceStage::PasscodeWanted);
    hall.command(asha, DeviceCommand::Passcode { passcode: "7XK2-M9QP".parse().unwrap() });
    assert!(hall.is_in(asha));
    // Who waits when they become personal is asked no more.
    let bilal = hall.guest("Bilal");
    assert_eq!(hall.view(bilal).stage, DeviceStage::PasscodeWanted);
    hall.control(&[PERSONAL]);
    assert_eq!(hall.view(bilal).stage, DeviceStage::Waiting);
    assert!(hall.view(bilal).personal_link_wanted);
}

#[test]
fn a_mail_is_no_personal_link_even_to_a_host_whose_server_lets_it_knock() {
    let mut hall = Hall::mailed(true);
    hall.control(&[PERSONAL]);
    let asha = hall.by_mail("Asha");
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    assert!(hall.view(asha).personal_link_wanted);
    assert!(hall.view(0).guests.is_empty());
}

#[test]
fn a_personal_link_lets_in_by_itself_where_no_host_has_to_decide() {
    let mut hall = Hall::new(None);
    hall.control(&[PERSONAL]);
    let invite = hall.invite("Asha", 1);
    let asha = hall.invited(&invite, "Asha");
    assert!(hall.is_in(asha));
    hall.disconnect(asha);
    hall.enter(asha);
    assert!(hall.is_in(asha));
}

#[test]
fn where_each_is_let_in_by_hand_who_has_an_invite_waits_with_it_and_the_host_sees_whose_it_is() {
    let mut hall = Hall::new(None);
    hall.control(&[PERSONAL, BY_HAND]);
    let invite = hall.invite("Asha from the ministry", 1);
    let asha = hall.waits_with(&invite, "Asha");
    assert!(!hall.view(asha).personal_link_wanted);
    let shown = hall.waiting(asha).invite.unwrap();
    assert_eq!((shown.name.unwrap().as_str(), shown.holds), ("Asha from the ministry", true));

    hall.admit(asha);
    assert!(hall.is_in(asha));
    hall.join(asha);
    hall.settle();
    hall.pass(3000);
    assert_eq!(hall.view(asha).encryption, Encryption::Verified);
    assert_eq!(hall.member(asha, 0).method, AdmissionMethod::Invite);
    assert_eq!(hall.view(0).invites[0].used_by, [hall.device(asha)]);
    let device = hall.device(asha);
    let grant = &hall.clients[0].device.group().unwrap().roster().member_of(&device).unwrap().grant;
    assert_eq!(grant.method, Method::InviteManual);
    // It comes back by its grant.
    hall.disconnect(asha);
    hall.enter(asha);
    assert!(hall.is_in(asha));
}

#[test]
fn an_invite_by_hand_is_as_good_as_the_passcode_which_is_not_asked_for() {
    let mut hall = Hall::new(Some(("7XK2-M9QP", false)));
    hall.control(&[("MEET.PASS.REQUIRED", "passcode"), BY_HAND]);
    let invite = hall.invite("Asha", 1);
    let asha = hall.waits_with(&invite, "Asha");
    assert_eq!(hall.waiting(asha).passcode, PasscodeProof::NotNeeded);
    hall.command(0, DeviceCommand::WithdrawInvite { invite: invite.invite });
    assert_eq!(hall.waiting(asha).passcode, PasscodeProof::Wanted, "once it is void the passcode is");
    let other = hall.invite("Mina", 1);
    let mina = hall.waits_with(&other, "Mina");
    hall.admit(mina);
    assert!(hall.is_in(mina));
}

#[test]
fn a_withdrawn_invite_puts_out_whom_a_host_let_in_for_it() {
    let mut hall = Hall::new(None);
    hall.control(&[PERSONAL, BY_HAND]);
    let invite = hall.invite("Asha", 1);
    let asha = hall.waits_with(&invite, "Asha");
    hall.admit(asha);
    assert!(hall.is_in(asha));
    hall.command(0, DeviceCommand::WithdrawInvite { invite: invite.invite });
    assert_eq!(hall.view(0).members.len(), 1);
    hall.disconnect(asha);
    hall.knocks(asha);
    assert!(!hall.waiting(asha).invite.unwrap().holds);
    assert!(hall.view(asha).personal_link_wanted);
    hall.admit(asha);
    assert_eq!(hall.refused(), [Rule::LinkPrivate]);
}

#[test]
fn an_invite_that_is_withdrawn_or_over_while_its_holder_waits_lets_nobody_in() {
    let mut hall = Hall::new(None);
    hall.control(&[PERSONAL, BY_HAND]);
    let [asha, mina] = ["Asha", "Mina"].map(|name| {
        let invite = hall.invite(name, 1);
        (hall.waits_with(&invite, name), invite)
    });
    hall.command(0, DeviceCommand::WithdrawInvite { invite: asha.1.invite });
    assert!(hall.view(asha.0).personal_link_wanted);
    hall.admit(asha.0);
    assert_eq!(hall.refused(), [Rule::LinkPrivate]);

    hall.pass(HOUR_MS + 1000);
    hall.admit(mina.0);
    assert_eq!(hall.refused(), [Rule::LinkPrivate]);
    assert_eq!(hall.view(0).members.len(), 1);
}

#[test]
fn an_invite_lets_in_so_many_devices_by_hand_as_it_says_also_at_once() {
    let mut hall = Hall::new(None);
    hall.control(&[PERSONAL, BY_HAND]);
    let invite = hall.invite("Asha", 1);
    let [first, second] = [hall.waits_with(&invite, "Asha"), hall.waits_with(&invite, "Asha")];
    // The first has its grant and is slow with its key.
    hall.clients[first].connected = false;
    hall.admit(first);
    hall.admit(second);
    assert_eq!(hall.refused(), [Rule::LinkPrivate]);
    assert!(!hall.is_in(second));

    let two = hall.invite("Mina", 2);
    for _ in 0..2 {
        let mina = hall.waits_with(&two, "Mina");
        hall.admit(mina);
        assert!(hall.is_in(mina));
    }
    let third = hall.waits_with(&two, "Mina");
    assert!(!hall.waiting(third).invite.unwrap().holds);
    hall.admit(third);
    assert_eq!(hall.refused(), [Rule::LinkPrivate]);
}

/// ADM-61
#[test]
fn what_another_device_has_shown_is_no_knock_and_a_host_hears_of_none() {
    let mut hall = Hall::new(None);
    hall.control(&[PERSONAL, BY_HAND]);
    let invite = hall.invite("Asha", 2);
    let asha = hall.waits_with(&invite, "Asha");
    let eve = hall.guest("Eve");
    let invitation = invitation(&hall, &invite);
    let (me, other) = (hall.device(eve), hall.device(asha));
    let name: DisplayName = "Asha".parse().unwrap();
    let knock = |invite| Knock { nonce: [1; 16], name: name.clone(), invite: Some(invite) };
    let shown = |proof| ShownInvite { cert: invitation.cert().clone(), proof };

    // Of another device, of another knock, by another key.
    let forged = SigningKey::from_bytes(&[66; 32]);
    for proof in [
        invitation.proof(&other, &[1; 16]),
        invitation.proof(&me, &[2; 16]),
        sabha_admission::invite_proof(&forged, &hall.creation.meeting, &me, &[1; 16]),
    ] {
        hall.knock_with(eve, &knock(shown(proof)));
        assert!(!hall.knocked(eve));
    }
    // What it has signed for a key of its own it shows honestly, and it is no host's.
    let mut own = invitation.cert().body.clone();
    (own.invite, own.issuer) = (device_key(&forged), device_key(&forged));
    let proof = sabha_admission::invite_proof(&forged, &hall.creation.meeting, &me, &[1; 16]);
    hall.knock_with(eve, &knock(ShownInvite { cert: own.sign(&forged).unwrap(), proof }));
    let waiting = hall.view(0).guests.iter().find(|guest| guest.guest.0 >= 900).unwrap().clone();
    assert_eq!((waiting.name.as_str(), waiting.invite.unwrap().holds), ("Asha", false));
    hall.command(0, DeviceCommand::Admit { guest: waiting.guest, by_rule: false });
    assert_eq!(hall.refused(), [Rule::LinkPrivate]);
    // With the invite in its own hands it does come.
    let mut hall = Hall::new(None);
    hall.control(&[PERSONAL, BY_HAND]);
    let invite = hall.invite("Asha", 2);
    let eve = hall.guest("Eve");
    let invitation = self::invitation(&hall, &invite);
    let proof = invitation.proof(&hall.device(eve), &[1; 16]);
    hall.knock_with(eve, &knock(ShownInvite { cert: invitation.cert().clone(), proof }));
    assert!(hall.knocked(eve));
}

#[test]
fn an_invite_of_another_meeting_lets_nobody_in() {
    let mut hall = Hall::new(None);
    hall.control(&[PERSONAL, BY_HAND]);
    let mut other = Hall::new(None);
    let foreign = other.invite("Asha", 1);
    let foreign = invitation(&other, &foreign);
    let eve = hall.guest("Eve");
    // Signed for the meeting that is knocked at, as who has the key can.
    let proof = foreign.proof(&hall.device(eve), &[1; 16]);
    let invite = Some(ShownInvite { cert: foreign.cert().clone(), proof });
    let knock = Knock { nonce: [1; 16], name: "Eve".parse().unwrap(), invite };
    hall.knock_with(eve, &knock);
    assert!(!hall.knocked(eve), "its proof says the other meeting");
}

#[test]
fn who_was_sent_back_where_a_host_decides_on_each_waits_with_the_same_invite() {
    let mut hall = Hall::new(None);
    hall.control(&[PERSONAL, BY_HAND]);
    let invite = hall.invite("Asha", 1);
    let asha = hall.waits_with(&invite, "Asha");
    hall.admit(asha);
    let device = hall.device(asha);
    hall.command(0, DeviceCommand::SendBack { device });
    assert_eq!(hall.view(0).members.len(), 1);
    assert_eq!(hall.view(asha).stage, DeviceStage::Outside);
    hall.disconnect(asha);
    hall.knocks(asha);
    assert!(hall.waiting(asha).invite.unwrap().holds);
    // By its old grant it does not come.
    hall.admit(asha);
    assert!(hall.is_in(asha));
    // Removed is another thing: the invite goes, too.
    hall.command(0, DeviceCommand::Remove { device });
    assert!(hall.view(0).invites.is_empty());
    let again = hall.invited(&invite, "Asha");
    hall.knocks(again);
    assert!(!hall.waiting(again).invite.unwrap().holds);
}

#[test]
fn a_device_that_was_in_before_comes_back_by_the_link_that_it_is_given_then() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    hall.join(asha);
    hall.settle();
    let first = hall.invite("Asha", 1);
    hall.control(&[PERSONAL]);
    hall.disconnect(asha);
    hall.give_up(asha);
    hall.pass(12_000);
    let kept = hall.clients[asha].kept.clone().unwrap();
    hall.clients[asha].device = Device::restore(&kept, hall.now).unwrap();
    // Of another meeting, or damaged, it is none.
    let mut other = Hall::new(None);
    let foreign = other.invite("Asha", 1).fragment;
    for fragment in ["", "#v1.", foreign.as_str(), &first.fragment[..first.fragment.len() - 2]] {
        hall.clients[asha].device.take_link(fragment);
        assert!(hall.clients[asha].device.secrets.invitation.is_none());
    }
    hall.clients[asha].device.take_link(&first.fragment);
    hall.enter(asha);
    assert!(!hall.is_in(asha), "by its old grant it does not come in");
    hall.enter(asha);
    assert!(hall.is_in(asha));
    // A newer one takes the place of one that was withdrawn.
    hall.join(asha);
    hall.settle();
    hall.command(0, DeviceCommand::WithdrawInvite { invite: first.invite });
    hall.disconnect(asha);
    let second = hall.invite("Asha", 1);
    hall.clients[asha].device.take_link(&second.fragment);
    hall.enter(asha);
    assert!(hall.is_in(asha));
}

#[test]
fn whom_a_host_has_made_host_comes_back_where_links_are_personal() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    hall.join(asha);
    let bilal = hall.guest("Bilal");
    hall.admit(bilal);
    hall.join(bilal);
    hall.settle();
    let device = hall.device(asha);
    hall.command(0, DeviceCommand::MakeHost { device });
    hall.control(&[PERSONAL, BY_HAND]);
    for at in [asha, bilal] {
        hall.disconnect(at);
        hall.give_up(at);
    }
    hall.pass(12_000);
    assert_eq!(hall.view(0).members.len(), 1, "both were dropped");
    hall.enter(asha);
    assert!(hall.is_in(asha));
    // Who is no host needs a link of their own now, and is told so.
    hall.enter(bilal);
    assert!(!hall.is_in(bilal));
    hall.enter(bilal);
    assert!(hall.view(bilal).personal_link_wanted);
}
