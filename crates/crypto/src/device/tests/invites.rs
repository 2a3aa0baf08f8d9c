//! Invites of one's own.

use sabha_protocol::device::{AdmissionMethod, InviteView};

use super::*;
use crate::invitation::Invitation;

pub(super) const HOUR_MS: u64 = 3600 * 1000;

impl Hall {
    /// Makes an invite that is good for an hour, and returns it as the host sees it.
    pub(super) fn invite(&mut self, name: &str, devices: u16) -> InviteView {
        let until_ms = self.now + HOUR_MS;
        self.command(0, DeviceCommand::Invite { name: name.parse().unwrap(), until_ms, devices });
        self.view(0).invites.last().unwrap().clone()
    }

    /// Somebody comes with the link of an invite, on a new device.
    pub(super) fn invited(&mut self, invite: &InviteView, name: &str) -> usize {
        let meeting = self.creation.meeting;
        let (secret, invitation) = Invitation::split(&meeting, &invite.fragment).unwrap();
        let device = Device::guest(meeting, secret, name.parse().unwrap(), self.now);
        let at = self.add(device.with_invitation(invitation.unwrap()));
        self.enter(at);
        if self.is_in(at) {
            self.join(at);
            self.settle();
        }
        at
    }

    pub(super) fn is_in(&self, at: usize) -> bool {
        self.view(at).stage == DeviceStage::Member
    }

    /// After its invite was refused, somebody enters anew and must knock.
    pub(super) fn knocks(&mut self, at: usize) {
        assert!(!self.is_in(at));
        self.enter(at);
        assert_eq!(self.view(at).stage, DeviceStage::Waiting);
        let device = self.device(at);
        assert!(self.view(0).guests.iter().any(|guest| guest.device == device));
    }
}

#[test]
fn an_invite_lets_its_holder_in_without_a_click_and_everybody_sees_that() {
    let mut hall = Hall::new(None);
    let ravi = hall.guest("Ravi");
    hall.admit(ravi);
    let invite = hall.invite("Asha from the ministry", 1);
    assert!(invite.used_by.is_empty());
    let asha = hall.invited(&invite, "Asha");
    assert!(hall.is_in(asha));
    assert!(hall.view(0).guests.is_empty());
    for at in [0, ravi, asha] {
        assert_eq!(hall.member(asha, at).method, AdmissionMethod::Invite);
    }
    assert_eq!(hall.view(0).invites[0].used_by, [hall.device(asha)]);
    // What a host calls somebody is its own.
    assert!(hall.view(ravi).invites.is_empty());
    hall.pass(3000);
    assert_eq!(hall.view(asha).encryption, Encryption::Verified);
}

#[test]
fn an_invite_for_one_device_lets_in_no_second_which_knocks_like_anybody() {
    let mut hall = Hall::new(None);
    let invite = hall.invite("Asha", 1);
    let asha = hall.invited(&invite, "Asha");
    let eve = hall.invited(&invite, "Asha");
    hall.knocks(eve);
    assert!(!hall.waiting(eve).invite.unwrap().holds);
    hall.admit(eve);
    assert_eq!(hall.member(eve, asha).method, AdmissionMethod::Manual);

    let two = hall.invite("Mina", 2);
    for _ in 0..2 {
        let mina = hall.invited(&two, "Mina");
        assert!(hall.is_in(mina));
    }
    let third = hall.invited(&two, "Mina");
    hall.knocks(third);
}

#[test]
fn who_came_by_an_invite_comes_back_by_it() {
    let mut hall = Hall::new(None);
    let invite = hall.invite("Asha", 1);
    let asha = hall.invited(&invite, "Asha");
    hall.disconnect(asha);
    hall.enter(asha);
    assert!(hall.is_in(asha));
}

#[test]
fn a_withdrawn_invite_puts_out_who_came_by_it_and_opens_nothing_more() {
    let mut hall = Hall::new(None);
    let invite = hall.invite("Asha", 1);
    let asha = hall.invited(&invite, "Asha");
    hall.command(0, DeviceCommand::WithdrawInvite { invite: invite.invite });
    assert!(hall.view(0).invites.is_empty());
    assert_eq!(hall.view(0).members.len(), 1);
    hall.disconnect(asha);
    hall.knocks(asha);
    let other = hall.invited(&invite, "Asha");
    hall.knocks(other);
    // Withdrawn before anybody came by it.
    let unused = hall.invite("Mina", 1);
    hall.command(0, DeviceCommand::WithdrawInvite { invite: unused.invite });
    let mina = hall.invited(&unused, "Mina");
    hall.knocks(mina);
}

#[test]
fn an_invite_that_is_over_opens_nothing() {
    let mut hall = Hall::new(None);
    let invite = hall.invite("Asha", 1);
    hall.pass(HOUR_MS + 1000);
    let asha = hall.invited(&invite, "Asha");
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
}

#[test]
fn a_lock_holds_against_invites() {
    let mut hall = Hall::new(None);
    let invite = hall.invite("Asha", 1);
    hall.command(0, DeviceCommand::Lock { locked: true });
    let asha = hall.invited(&invite, "Asha");
    assert!(!hall.is_in(asha));
}

#[test]
fn an_invite_that_would_let_nobody_in_is_not_made() {
    let mut hall = Hall::new(None);
    hall.control(&[("MEET.LOCK.AUTO", "1")]);
    hall.pass(61_000);
    let until_ms = hall.now + HOUR_MS;
    hall.command(0, DeviceCommand::Invite { name: "Mina".parse().unwrap(), until_ms, devices: 1 });
    assert_eq!(hall.clients[0].refusals, [Rule::LockAuto]);
    assert!(hall.view(0).invites.is_empty());
}

#[test]
fn who_is_removed_goes_with_every_device_of_the_same_invite() {
    let mut hall = Hall::new(None);
    let invite = hall.invite("Asha", 2);
    let [first, second] = [hall.invited(&invite, "Asha"), hall.invited(&invite, "Asha")];
    let device = hall.device(first);
    hall.command(0, DeviceCommand::Remove { device });
    assert_eq!(hall.view(0).members.len(), 1);
    assert_eq!(hall.view(first).stage, DeviceStage::Removed);
    hall.disconnect(second);
    hall.knocks(second);
}

#[test]
fn an_invite_is_as_good_as_the_passcode() {
    let mut hall = Hall::new(Some(("7XK2-M9QP", true)));
    hall.control(&[("MEET.PASS.REQUIRED", "passcode")]);
    let invite = hall.invite("Asha", 1);
    let asha = hall.invited(&invite, "Asha");
    assert!(hall.is_in(asha));
}

#[test]
fn invites_are_kept_over_a_reload_and_are_so_many_at_most() {
    let mut hall = Hall::new(None);
    for _ in 0..32 {
        hall.invite("Asha", 1);
    }
    let until_ms = hall.now + HOUR_MS;
    hall.command(0, DeviceCommand::Invite { name: "Mina".parse().unwrap(), until_ms, devices: 1 });
    assert_eq!(hall.clients[0].refusals, [Rule::InvitesKept]);
    let kept = hall.clients[0].kept.clone().unwrap();
    let mut back = Device::restore(&kept, hall.now).unwrap();
    let view = std::iter::from_fn(|| back.poll_output()).find_map(|output| match output {
        DeviceOutput::View { view } => Some(view),
        _ => None,
    });
    assert_eq!(view.unwrap().invites, hall.view(0).invites);
}

#[test]
fn who_is_no_host_makes_no_invite_that_holds() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    let until_ms = hall.now + HOUR_MS;
    hall.command(asha, DeviceCommand::Invite { name: "Mina".parse().unwrap(), until_ms, devices: 1 });
    assert!(hall.view(asha).invites.is_empty());
}

#[test]
fn a_spent_passcode_keeps_nobody_out_who_has_a_link_of_their_own() {
    let mut hall = Hall::new(Some(("7KQM-2XWD", true)));
    let invite = hall.invite("Mina", 1);
    for _ in 0..20 {
        let mallory = hall.guest("Mallory");
        hall.command(mallory, DeviceCommand::Passcode { passcode: "guess-guess".parse().unwrap() });
        hall.pass(1000);
    }
    assert_eq!(hall.view(0).passcode, PasscodeView::Disabled { admits: true });
    let mina = hall.invited(&invite, "Mina");
    assert!(hall.is_in(mina));
}
