//! How things stand, computed from what was verified.

use sabha_admission::{Capabilities, Method, Suite};
use sabha_protocol::{
    DeviceKey, GroupEpoch,
    device::{
        AdmissionMethod, BannedView, CipherSuite, ConductView, DeviceStage, DeviceView, Encryption,
        HeartbeatState, MemberRight, MemberView, VerificationCode,
    },
};

use super::{
    Device, Place,
    conduct::{rights_of, role_of},
};
use crate::code;

impl Device {
    pub(super) fn view(&self) -> DeviceView {
        let group = self.group();
        DeviceView {
            meeting: self.secrets.meeting,
            me: self.me(),
            stage: self.stage(),
            invite: self.invite_fragment(),
            title: self.title.clone(),
            encryption: self.encryption(),
            alarms: self.alarms.clone(),
            heartbeat: if self.has_host() { self.pulse.state() } else { HeartbeatState::Fresh },
            epoch: group.map_or(GroupEpoch(0), crate::group::Group::epoch),
            epoch_certified: group.is_some_and(|group| self.pulse.has_heard_of(group.epoch().0)),
            suite: match self.secrets.suite {
                Suite::Classical => CipherSuite::Classical,
                Suite::XWing => CipherSuite::XWing,
            },
            code: self.code(),
            members: self.members(),
            guests: self.guests(),
            locked: group.is_some_and(|group| group.roster().policy.locked_at_ms.is_some()),
            conduct: self.conduct(),
            banned: self.banned(),
            invites: self.invites(),
            passcode: self.passcode_view(),
            materials: self.materials_view(),
            personal_link_wanted: matches!(self.place, Place::Lobby) && self.guest_door.link_wanted,
            host: self.is_host(),
            keeps_log: self.chronicle.is_some(),
            certificate: self.certificate_view(),
            record_full_from_ms: self.proof.full_from_ms(),
        }
    }

    fn conduct(&self) -> ConductView {
        let Some(group) = self.group() else { return ConductView::default() };
        let conduct = &group.roster().policy.conduct;
        ConductView {
            floor: conduct.floor.to_settings(),
            controls: conduct.controls.to_settings(),
            locks_at_ms: conduct.locks_at_ms(),
            suspended: conduct.suspended,
            spotlight: conduct.spotlight.filter(|device| group.roster().member_of(device).is_some()),
        }
    }

    fn banned(&self) -> Vec<BannedView> {
        let banned = self.group().map(|group| &group.roster().policy.conduct.banned);
        let name = |device: &DeviceKey| self.outcasts.get(device).cloned();
        banned
            .into_iter()
            .flatten()
            .map(|device| BannedView { device: *device, name: name(device) })
            .collect()
    }

    fn stage(&self) -> DeviceStage {
        match &self.place {
            Place::Outside => DeviceStage::Outside,
            Place::Lobby if self.guest_door.is_asked() => DeviceStage::PasscodeWanted,
            Place::Lobby if self.guest_door.is_proving() => DeviceStage::Proving,
            Place::Lobby => DeviceStage::Waiting,
            Place::Applying(_) | Place::Candidate(_) | Place::Returning => DeviceStage::Joining,
            Place::Member(_) if !self.synced => DeviceStage::Joining,
            Place::Member(_) if !self.has_host() || self.pulse.is_lost() => DeviceStage::Sealed,
            Place::Member(_) => DeviceStage::Member,
            Place::Removed => DeviceStage::Removed,
        }
    }

    fn has_host(&self) -> bool {
        self.group().is_some_and(|group| group.roster().hosts().next().is_some())
    }

    pub(super) fn encryption(&self) -> Encryption {
        if self.suspended {
            return Encryption::Failed;
        }
        let certified = self.group().is_some() && self.pulse.has_certified() && self.is_sending();
        if certified { Encryption::Verified } else { Encryption::Pending }
    }

    fn code(&self) -> Option<VerificationCode> {
        let group = self.group()?;
        let code =
            code::VerificationCode::new(&group.epoch_authenticator(), &group.roster().policy.root).ok()?;
        // The interface groups the digits.
        let digits = |text: String| text.chars().filter(char::is_ascii_digit).collect();
        Some(VerificationCode { group: digits(code.epoch()), root: digits(code.root()) })
    }

    fn members(&self) -> Vec<MemberView> {
        let Some(group) = self.group() else { return Vec::new() };
        let me = self.me();
        group
            .roster()
            .members
            .iter()
            .map(|member| {
                let status =
                    if member.device == me { Some(&self.own) } else { self.people.get(&member.device) };
                let rights = group.roster().policy.conduct.rights.get(&member.device).copied();
                let rights = rights.filter(|_| !member.is_host()).unwrap_or_default();
                MemberView {
                    device: member.device,
                    leaf: member.index,
                    name: status.map(|status| status.name.clone()),
                    host: member.is_host(),
                    method: method(member.grant.method),
                    hand: status.is_some_and(|status| status.hand),
                    media: status.map_or_else(Default::default, |status| {
                        status.media.and(member.capabilities.sources())
                    }),
                    allowed: member.capabilities.sources(),
                    may_chat: member.may(Capabilities::CHAT),
                    given: named(rights.given),
                    taken: named(rights.taken),
                    role: if member.is_host() { None } else { role_of(rights) },
                }
            })
            .collect()
    }
}

/// Returns those rights of which everything is in the set.
fn named(rights: Capabilities) -> Vec<MemberRight> {
    MemberRight::ALL.into_iter().filter(|right| rights.contains(rights_of(*right))).collect()
}

const fn method(method: Method) -> AdmissionMethod {
    match method {
        Method::Creator => AdmissionMethod::Creator,
        Method::Invite | Method::InviteManual => AdmissionMethod::Invite,
        Method::Manual => AdmissionMethod::Manual,
        Method::Passcode | Method::PasscodeManual => AdmissionMethod::Passcode,
        Method::Rule => AdmissionMethod::Rule,
    }
}
