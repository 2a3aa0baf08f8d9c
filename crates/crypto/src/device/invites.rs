//! Invites for single persons: a host's device makes and withdraws them, and who has one lets itself in by it.

use sabha_admission::{GrantId, Method, SignedGrant, controls::Decision};
use sabha_protocol::{
    DeviceKey, DisplayName, Rule,
    device::{DeviceOutput, InviteView},
};

use super::Device;
use crate::invitation::{Invitation, InviteTerms};

/// Invites that a host's device keeps at one time.
pub(super) const INVITES_MAX: usize = 32;
/// Longest time that an invite is good, in milliseconds: as long as a meeting lasts at most.
const INVITE_MS_MAX: u64 = 31 * 24 * 3600 * 1000;

/// An invite that this device has made, with what it calls the person.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) name: DisplayName,
    pub(crate) invitation: Invitation,
}

impl Device {
    /// Host: makes an invite for one person, to be seen in the view.
    pub(super) fn invite(&mut self, name: DisplayName, until_ms: u64, devices: u16) {
        if let Some(rule) = self.make_invite(name, until_ms, devices) {
            self.out.push_back(DeviceOutput::Refused { rule });
        }
    }

    /// Returns the rule by which there is none, if it is not made.
    fn make_invite(&mut self, name: DisplayName, until_ms: u64, devices: u16) -> Option<Rule> {
        let (now_ms, seq) = (self.now_ms, self.next_seq());
        let policy = self.group().filter(|_| self.is_host())?.roster().policy.clone();
        self.secrets.issued.retain(|one| {
            one.invitation.cert().not_after_ms > now_ms && !policy.is_revoked(&one.invitation.id())
        });
        if self.secrets.issued.len() >= INVITES_MAX {
            return Some(Rule::InvitesKept);
        }
        let terms = InviteTerms {
            meeting: self.secrets.meeting,
            suite: self.secrets.suite,
            seq,
            not_before_ms: now_ms,
            not_after_ms: until_ms.min(now_ms.saturating_add(INVITE_MS_MAX)),
            devices_max: devices.max(1),
        };
        let invitation = Invitation::issue(self.signer.key(), terms, self.dice.random()).ok()?;
        // What would let nobody in, not by a host's hand either, is not given away.
        let mut grant = invitation.grant(self.me(), now_ms, [0; 16]).ok()?.body;
        grant.method = Method::InviteManual;
        if let Decision::Refused { by } = policy.entry(&grant) {
            return by.rule();
        }
        self.secrets.issued.push(Issued { name, invitation });
        self.changed = true;
        self.out.push_back(DeviceOutput::Remember {});
        None
    }

    /// Host: voids an invite of its own; who came by it goes back to the lobby.
    pub(super) fn withdraw_invite(&mut self, invite: DeviceKey) {
        let Some(at) = self.secrets.issued.iter().position(|one| one.invitation.cert().invite == invite)
        else {
            return;
        };
        let id = self.secrets.issued[at].invitation.id();
        let hosts = self.group().into_iter().flat_map(|group| group.roster().hosts());
        // Who came by it and was made host stays: nobody puts a host out.
        if hosts.into_iter().any(|host| host.ban_id() == id) {
            self.out.push_back(DeviceOutput::Refused { rule: Rule::NotThisTarget });
            return;
        }
        self.secrets.issued.remove(at);
        self.work.revoke(id);
        self.changed = true;
        self.out.push_back(DeviceOutput::Remember {});
    }

    /// Returns what this device calls the person for whom it made an invite.
    pub(super) fn name_of_invite(&self, invite: &DeviceKey) -> Option<DisplayName> {
        let mine = |one: &&Issued| one.invitation.cert().invite == *invite;
        self.secrets.issued.iter().find(mine).map(|one| one.name.clone())
    }

    pub(super) fn invites(&self) -> Vec<InviteView> {
        let members = || self.group().into_iter().flat_map(|group| &group.roster().members);
        let revoked = |id: &GrantId| self.group().is_some_and(|group| group.roster().policy.is_revoked(id));
        let Some(link) = &self.secrets.link else { return Vec::new() };
        self.secrets
            .issued
            .iter()
            .filter(|one| !revoked(&one.invitation.id()))
            .map(|Issued { name, invitation }| InviteView {
                invite: invitation.cert().invite,
                name: name.clone(),
                until_ms: invitation.cert().not_after_ms,
                devices: invitation.cert().devices_max,
                fragment: format!("#{}.{}", *link.fragment(), *invitation.text()),
                used_by: members()
                    .filter(|member| member.ban_id() == invitation.id())
                    .map(|member| member.device)
                    .collect(),
            })
            .collect()
    }

    /// Guest: grants itself entry, if it has an invite that was not refused.
    pub(super) fn let_itself_in(&mut self) {
        let now_ms = self.now_ms;
        let renewable = |grant: &SignedGrant| grant.method == Method::Invite && grant.not_after_ms < now_ms;
        if self.secrets.grant.as_ref().is_some_and(|grant| !renewable(grant)) {
            return;
        }
        // What is over signs nothing: what is left is to knock.
        let usable = |one: &&Invitation| !self.invite_refused && one.cert().not_after_ms > now_ms;
        let Some(invitation) = self.secrets.invitation.as_ref().filter(usable) else { return };
        let (suite, nonce) = (invitation.suite(), self.dice.random());
        self.secrets.grant = invitation.grant(self.me(), now_ms, nonce).ok();
        if self.secrets.grant.is_some() {
            self.secrets.suite = suite;
            self.out.push_back(DeviceOutput::Remember {});
        }
    }

    /// The invite does not let this device in, for whatever reason: from now on it knocks.
    pub(super) fn give_up_invite(&mut self) {
        self.invite_refused = true;
        if self.secrets.grant.as_ref().is_some_and(|grant| grant.method.is_by_invite()) {
            self.secrets.grant = None;
            self.out.push_back(DeviceOutput::Remember {});
        }
    }
}
