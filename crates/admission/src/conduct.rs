//! What a policy says of conduct: which controls hold, who has which rights, whether everything is suspended.

use std::collections::{BTreeMap, BTreeSet};

use sabha_policy::{Action, Actor, Control, Controls, Decision, Function, may};
use sabha_protocol::{DeviceKey, Rule, Source};

use crate::{
    Capabilities, Grant, Method,
    codec::{self, Malformed, Reader},
};

/// Members whose rights differ from what everybody has: 36 bytes each, sent to everybody who joins.
pub const RIGHTS_MAX: usize = 256;
/// Devices that are banned at once: 32 bytes each, sent to everybody who joins. As many as can be revoked, since whoever is
/// banned loses a grant.
pub const BANNED_MAX: usize = crate::REVOKED_MAX;
/// Settings of one value of the controls in a policy.
const SETTINGS_MAX: usize = sabha_policy::CONTROLS_MAX;
const MINUTE_MS: u64 = 60_000;

/// How a meeting is conducted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conduct {
    /// What the organisation demands. Within one meeting it only tightens.
    pub floor: Controls,
    /// What holds: at least as tight as the floor.
    pub controls: Controls,
    /// When the meeting began, in unix milliseconds: from then counts when it locks by itself.
    pub opened_ms: u64,
    /// Whether participants may do nothing but be there. Hosts and moderators go on.
    pub suspended: bool,
    /// What a host has changed of what single members may do, at most [`RIGHTS_MAX`].
    pub rights: BTreeMap<DeviceKey, Rights>,
    /// Whom a host has put before everybody's eyes. Means nothing while that device is not in the group.
    pub spotlight: Option<DeviceKey>,
    /// Devices that are kept out, by whatever grant, until a host lifts the ban. At most [`BANNED_MAX`].
    pub banned: BTreeSet<DeviceKey>,
}

/// What a host has changed of what one member may do: parts of [`Capabilities::PARTICIPANT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// What it may do where the controls leave it to a host to say so.
    pub given: Capabilities,
    /// What it may not do, whatever its grant says.
    pub taken: Capabilities,
}

impl Rights {
    /// Of who sees and hears, and sends and writes nothing.
    pub const ATTENDEE: Self = Self { given: Capabilities::NONE, taken: Capabilities::PARTICIPANT };
    /// Of who does what the controls leave to everybody.
    pub const PARTICIPANT: Self = Self { given: Capabilities::NONE, taken: Capabilities::NONE };
    /// Of who shares a screen, too.
    pub const PRESENTER: Self = Self { given: Capabilities::SHARE, taken: Capabilities::NONE };

    /// Returns the same in its shortest form: to give is of use only where the controls leave that to hosts.
    #[must_use]
    pub const fn in_short(self) -> Self {
        Self { given: self.given.intersection(Capabilities::SHARE), taken: self.taken }
    }

    /// Gives rights, or takes them.
    pub fn set(&mut self, rights: Capabilities, allowed: bool) {
        let (to, from) =
            if allowed { (&mut self.given, &mut self.taken) } else { (&mut self.taken, &mut self.given) };
        *to = to.union(rights);
        *from = from.difference(rights);
    }
}

impl Conduct {
    /// Returns when the meeting locks, or has locked, by itself, in unix milliseconds.
    pub fn locks_at_ms(&self) -> Option<u64> {
        self.controls
            .lock_minutes()
            .map(|minutes| self.opened_ms.saturating_add(u64::from(minutes) * MINUTE_MS))
    }

    /// Returns what is left of `granted` for a member who is no host.
    pub(crate) fn narrow(&self, member: &DeviceKey, granted: Capabilities) -> Capabilities {
        if self.suspended {
            return Capabilities::NONE;
        }
        let Rights { given, taken } = self.rights.get(member).copied().unwrap_or_default();
        let actor = Actor { is_host: false, may_share: given.contains(Capabilities::SCREEN) };
        self.allowed(actor, granted.difference(taken))
    }

    /// Returns what is left of `granted` for a host.
    pub(crate) fn narrow_host(&self, granted: Capabilities) -> Capabilities {
        self.allowed(Actor::HOST, granted)
    }

    /// Decides whether a grant may bring somebody new in. A creator is nobody's guest.
    ///
    /// `is_host` says whether the policy lists its subject as host: a certificate is as personal as any link.
    pub(crate) fn entry(&self, grant: &Grant, is_host: bool) -> Decision {
        let (by_hand, proven, invited) = match grant.method {
            Method::Creator => return Decision::Allowed,
            Method::Rule => (false, false, false),
            Method::Manual => (true, false, false),
            Method::Passcode => (false, true, false),
            Method::PasscodeManual => (true, true, false),
            // An invite is one person's own secret, as good as a passcode that is told to many.
            Method::Invite => (false, true, true),
            Method::InviteManual => (true, true, true),
        };
        if self.locks_at_ms().is_some_and(|locks_at_ms| grant.not_before_ms > locks_at_ms) {
            return Decision::Refused { by: Control::LockAuto };
        }
        let personal = invited || is_host;
        may(&self.controls, Actor::PARTICIPANT, Action::Enter { by_hand, proven, personal })
    }

    /// Returns the rule by which a member may not use a right that its grant gives, or `None` if it may.
    pub fn refusal(&self, member: &DeviceKey, is_host: bool, action: Action) -> Option<Rule> {
        if self.suspended && !is_host {
            return Some(Rule::Suspended);
        }
        let given = self.rights.get(member).copied().unwrap_or_default().given;
        let actor = Actor { is_host, may_share: is_host || given.contains(Capabilities::SCREEN) };
        match may(&self.controls, actor, action) {
            Decision::Allowed => None,
            Decision::Refused { by } => by.rule(),
        }
    }

    fn allowed(&self, actor: Actor, granted: Capabilities) -> Capabilities {
        const ACTIONS: [(Capabilities, Action); 5] = [
            (Capabilities::MICROPHONE, Action::Publish(Source::Microphone)),
            (Capabilities::CAMERA, Action::Publish(Source::Camera)),
            (Capabilities::SCREEN, Action::Publish(Source::Screen)),
            (Capabilities::SCREEN_AUDIO, Action::Publish(Source::ScreenAudio)),
            (Capabilities::CHAT, Action::Use(Function::Chat)),
        ];
        let refused = ACTIONS
            .iter()
            .filter(|(_, action)| !may(&self.controls, actor, *action).is_allowed())
            .fold(Capabilities::NONE, |refused, (right, _)| refused.union(*right));
        granted.difference(refused)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let floor = read_controls(reader)?;
        let controls = read_controls(reader)?;
        let opened_ms = reader.u64()?;
        let suspended = reader.present("suspension")?;
        let count = reader.count(RIGHTS_MAX, "rights")?;
        let mut rights = BTreeMap::new();
        for _ in 0..count {
            let device = DeviceKey::from_bytes(reader.array()?);
            let right = Rights { given: reader.u16()?.try_into()?, taken: reader.u16()?.try_into()? };
            if rights.last_key_value().is_some_and(|(last, _)| *last >= device) {
                return Err(Malformed::Order("rights"));
            }
            rights.insert(device, right);
        }
        let spotlight =
            if reader.present("spotlight")? { Some(DeviceKey::from_bytes(reader.array()?)) } else { None };
        let count = reader.count(BANNED_MAX, "banned")?;
        let mut banned = BTreeSet::new();
        for _ in 0..count {
            let device = DeviceKey::from_bytes(reader.array()?);
            if banned.last().is_some_and(|last| *last >= device) {
                return Err(Malformed::Order("banned"));
            }
            banned.insert(device);
        }
        Ok(Self { floor, controls, opened_ms, suspended, rights, spotlight, banned })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        write_controls(&self.floor, out);
        write_controls(&self.controls, out);
        out.extend(self.opened_ms.to_be_bytes());
        out.push(u8::from(self.suspended));
        codec::put_count(out, self.rights.len());
        for (device, rights) in &self.rights {
            out.extend(device.as_bytes());
            out.extend(rights.given.bits().to_be_bytes());
            out.extend(rights.taken.bits().to_be_bytes());
        }
        out.push(u8::from(self.spotlight.is_some()));
        out.extend(self.spotlight.iter().flat_map(|device| *device.as_bytes()));
        codec::put_count(out, self.banned.len());
        out.extend(self.banned.iter().flat_map(|device| *device.as_bytes()));
    }
}

fn read_controls(reader: &mut Reader<'_>) -> Result<Controls, Malformed> {
    let count = reader.count(SETTINGS_MAX, "settings")?;
    let pairs =
        (0..count).map(|_| Ok((reader.u8()?, reader.u16()?))).collect::<Result<Vec<_>, Malformed>>()?;
    Controls::from_numbers(pairs).map_err(|_| Malformed::Unknown("setting"))
}

fn write_controls(controls: &Controls, out: &mut Vec<u8>) {
    codec::put_count(out, controls.iter().len());
    for (control, setting) in controls.iter() {
        out.push(control.number());
        out.extend(setting.rank().to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use sabha_policy::Tier;

    use super::*;
    use crate::{
        Policy, SignedGrant, Suite, Violation, device_key, meeting_id,
        testing::{
            GUEST, Group, HELPER, INVITEE, NOW, creator, creator_grant, forge, grant, group, guest, helper,
            invite, invite_cert_body, invited_grant, key, policy, root, shown_grant,
        },
    };

    fn tier(tier: Tier) -> Conduct {
        Conduct { controls: Controls::of(tier), opened_ms: NOW, ..Conduct::default() }
    }

    fn setting(id: &str, value: &str) -> Controls {
        let mut controls = Controls::default();
        controls.set_named(id, value).unwrap();
        controls
    }

    fn under(conduct: Conduct) -> Group {
        group().with_policy(&forge(Policy { conduct, ..policy() }, &creator()))
    }

    /// Lets one more in, by this grant.
    fn coming(conduct: Conduct, grant: &SignedGrant) -> Option<Violation> {
        Group { added: vec![40], ..under(conduct).with_grant(40, grant) }.fault()
    }

    fn rights(group: &Group, leaf: u32) -> Capabilities {
        group.check().unwrap().member(leaf).unwrap().capabilities
    }

    fn next(before: Conduct, after: Conduct) -> Option<Violation> {
        let before = Policy { conduct: before, ..policy() };
        let after = Policy { conduct: after, ..before.successor(device_key(&creator())) };
        let (before, after) = (forge(before, &creator()), forge(after, &creator()));
        after.check(before.meeting, before.suite.code(), Some(&before), NOW).err()
    }

    /// ADM-02
    #[test]
    fn what_is_written_is_read_back() {
        let given = Rights { given: Capabilities::SCREEN, taken: Capabilities::CHAT };
        let rights = [(device_key(&guest()), given), (device_key(&creator()), Rights::default())];
        let conduct = Conduct {
            suspended: true,
            rights: rights.into(),
            floor: setting("MEET.SHARE.HOST", "hosts"),
            spotlight: Some(device_key(&guest())),
            banned: [device_key(&guest()), device_key(&creator())].into(),
            ..tier(Tier::High)
        };
        let mut bytes = Vec::new();
        conduct.write(&mut bytes);
        let mut reader = Reader::new(&bytes);
        assert_eq!(Conduct::read(&mut reader), Ok(conduct));
        assert_eq!(reader.finish(), Ok(()));
    }

    /// ADM-02
    #[test]
    fn settings_and_rights_have_one_form() {
        let read = |bytes: &[u8]| Conduct::read(&mut Reader::new(bytes));
        let nothing = [0; 18];
        assert_eq!(read(&nothing), Ok(Conduct::default()));
        let loosest = [0, 1, 5, 0, 0];
        assert_eq!(read(&loosest), Err(Malformed::Unknown("setting")));
        let unknown = [0, 1, 99, 0, 1];
        assert_eq!(read(&unknown), Err(Malformed::Unknown("setting")));
        let mut twice = vec![0; 13];
        twice.extend([0, 2]);
        twice.extend([0; 72]);
        assert_eq!(read(&twice), Err(Malformed::Order("rights")));
        let mut banned_twice = vec![0; 16];
        banned_twice.extend([0, 2]);
        banned_twice.extend([0; 64]);
        assert_eq!(read(&banned_twice), Err(Malformed::Order("banned")));
    }

    /// ADM-53
    #[test]
    fn controls_are_at_least_as_tight_as_the_floor() {
        let floor = Controls::of(Tier::Medium);
        let fault =
            |controls| under(Conduct { floor: floor.clone(), controls, ..Conduct::default() }).fault();
        assert_eq!(fault(Controls::of(Tier::Low)), Some(Violation::BelowFloor));
        assert_eq!(fault(Controls::of(Tier::Medium)), None);
        assert_eq!(fault(setting("MEET.SHARE.HOST", "hosts")), None);
    }

    /// ADM-54
    #[test]
    fn a_floor_is_raised_and_never_lowered() {
        let with = |floor: Tier, controls: Tier| Conduct {
            floor: Controls::of(floor),
            controls: Controls::of(controls),
            ..Conduct::default()
        };
        assert_eq!(next(with(Tier::Low, Tier::Low), with(Tier::Medium, Tier::Medium)), None);
        let lowered = next(with(Tier::Medium, Tier::Medium), with(Tier::Low, Tier::Medium));
        assert_eq!(lowered, Some(Violation::FloorLowered));
        // Above the floor hosts choose, up and down.
        assert_eq!(next(with(Tier::Low, Tier::High), with(Tier::Low, Tier::Medium)), None);
    }

    /// ADM-13
    #[test]
    fn when_a_meeting_began_never_changes() {
        let began = |opened_ms| Conduct { opened_ms, ..Conduct::default() };
        assert_eq!(next(began(NOW), began(NOW + 1)), Some(Violation::PolicyMoved));
    }

    /// ADM-55
    #[test]
    fn rights_over_others_are_given_by_certificates_only() {
        for right in [Capabilities::ADMIT, Capabilities::MODERATE, Capabilities::DELEGATE] {
            let rights = Rights { given: right | Capabilities::CHAT, taken: Capabilities::NONE };
            let rights = [(device_key(&guest()), rights)].into();
            assert_eq!(
                under(Conduct { rights, ..Conduct::default() }).fault(),
                Some(Violation::RightsEscalation)
            );
        }
    }

    /// ADM-56
    #[test]
    fn who_comes_in_does_so_in_a_way_that_the_controls_allow() {
        let entry = |conduct: &Conduct, method| {
            let grant = Grant { method, ..grant(&key(40), &creator()) };
            coming(conduct.clone(), &forge(grant, &creator()))
        };
        let by_hand = Conduct { controls: setting("MEET.LOBBY.ON", "host"), ..Conduct::default() };
        assert_eq!(entry(&by_hand, Method::Rule), Some(Violation::Entry));
        assert_eq!(entry(&by_hand, Method::Passcode), Some(Violation::Entry));
        assert_eq!(entry(&by_hand, Method::Manual), None);
        let passcode = Conduct { controls: setting("MEET.PASS.REQUIRED", "passcode"), ..Conduct::default() };
        assert_eq!(entry(&passcode, Method::Manual), Some(Violation::Entry));
        assert_eq!(entry(&passcode, Method::Passcode), None);
        assert_eq!(entry(&tier(Tier::High), Method::PasscodeManual), None);
    }

    /// ADM-56
    #[test]
    fn where_links_are_personal_only_creators_invitees_and_hosts_come_in() {
        let personal = Conduct { controls: setting("ORG.LINK.PRIVATE", "personal"), ..Conduct::default() };
        let entry = |conduct: &Conduct, method| {
            let grant = Grant { method, ..grant(&key(40), &creator()) };
            coming(conduct.clone(), &forge(grant, &creator()))
        };
        for method in [Method::Rule, Method::Manual, Method::Passcode, Method::PasscodeManual] {
            assert_eq!(entry(&personal, method), Some(Violation::Entry));
        }
        let cert = || forge(invite_cert_body(), &creator());
        let invited = forge(invited_grant(&key(40), cert()), &invite());
        let shown = forge(shown_grant(&key(40), cert()), &helper());
        let coming = |conduct: &Conduct, grant| {
            let group = under(conduct.clone()).without(&[INVITEE]).with_grant(40, grant);
            Group { added: vec![40], ..group }.fault()
        };
        assert_eq!(coming(&personal, &invited), None);
        assert_eq!(coming(&personal, &shown), None);
        // Where each is let in by hand besides, who has an invite waits for the click.
        let high = Conduct {
            controls: personal.controls.tighten(&Controls::of(Tier::High)),
            opened_ms: NOW,
            ..personal
        };
        assert_eq!(coming(&high, &invited), Some(Violation::Entry));
        assert_eq!(coming(&high, &shown), None);
        assert_eq!(entry(&high, Method::PasscodeManual), Some(Violation::Entry));
        // Hosts come back by the grant they have: their certificate is their own.
        let policy = Policy { conduct: high, ..policy() };
        assert!(policy.entry(&creator_grant()).is_allowed());
        let proven = |subject| Grant { method: Method::PasscodeManual, ..grant(&subject, &creator()) };
        assert!(policy.entry(&proven(helper())).is_allowed());
        assert!(!policy.entry(&proven(guest())).is_allowed());
    }

    /// ADM-56
    #[test]
    fn a_meeting_that_locks_by_itself_takes_nobody_later() {
        let controls = setting("MEET.LOCK.AUTO", "15");
        let conduct = |opened_ms| Conduct { controls: controls.clone(), opened_ms, ..Conduct::default() };
        let locks = conduct(NOW).locks_at_ms().unwrap();
        assert_eq!(locks, NOW + 15 * 60_000);
        let entry = |opened_ms| {
            let grant = grant(&key(40), &creator());
            coming(conduct(opened_ms), &forge(grant, &creator()))
        };
        assert_eq!(entry(NOW - 15 * 60_000), None);
        assert_eq!(entry(NOW - 15 * 60_000 - 1), Some(Violation::Entry));
        // The creator comes back whenever.
        assert!(conduct(0).entry(&creator_grant(), false).is_allowed());
    }

    /// ADM-58
    #[test]
    fn a_banned_device_is_in_no_group_by_whatever_grant() {
        let device = device_key(&key(40));
        let banned = Conduct { banned: [device].into(), ..Conduct::default() };
        let anew = forge(grant(&key(40), &creator()), &creator());
        assert_eq!(coming(banned, &anew), Some(Violation::Banned));
        assert_eq!(coming(Conduct::default(), &anew), None);
    }

    /// ADM-58
    #[test]
    fn a_ban_is_lifted_by_who_may_moderate() {
        let banned = Conduct { banned: [device_key(&key(40))].into(), ..Conduct::default() };
        assert_eq!(next(banned.clone(), Conduct::default()), None);
        let before = forge(Policy { conduct: banned, ..policy() }, &creator());
        let lifted = Policy { conduct: Conduct::default(), ..before.successor(device_key(&guest())) };
        let lifted = forge(lifted, &guest());
        let checked = lifted.check(before.meeting, before.suite.code(), Some(&before), NOW);
        assert_eq!(checked, Err(Violation::PolicySigner));
    }

    /// ADM-59
    #[test]
    fn nobody_is_host_and_banned() {
        let banned = Conduct { banned: [device_key(&creator())].into(), ..Conduct::default() };
        assert_eq!(under(banned).fault(), Some(Violation::HostBanned));
    }

    /// ADM-57
    #[test]
    fn a_meeting_has_a_suite_that_the_controls_allow() {
        let hybrid = Conduct { controls: setting("MEET.E2EE.REQUIRED", "hybrid"), ..Conduct::default() };
        assert_eq!(under(hybrid.clone()).fault(), None);
        let suite = Suite::Classical;
        let meeting = meeting_id(suite, &device_key(&root()));
        let classical = Policy {
            meeting,
            suite,
            hosts: Vec::new(),
            signer: device_key(&root()),
            conduct: hybrid,
            ..policy()
        };
        let checked = forge(classical, &root()).check(meeting, suite.code(), None, NOW);
        assert_eq!(checked, Err(Violation::SuiteControl));
    }

    /// ADM-60
    #[test]
    fn by_default_participants_share_only_if_a_host_gave_them_the_right() {
        let medium = under(tier(Tier::Medium));
        let sharing = Capabilities::SCREEN | Capabilities::SCREEN_AUDIO;
        assert!(!rights(&medium, GUEST).intersects(sharing));
        assert!(
            rights(&medium, GUEST)
                .contains(Capabilities::MICROPHONE | Capabilities::CAMERA | Capabilities::CHAT)
        );
        assert!(rights(&medium, HELPER).contains(sharing));
        let given = Rights { given: Capabilities::SCREEN, taken: Capabilities::NONE };
        let given = [(device_key(&guest()), given)].into();
        let granted = under(Conduct { rights: given, ..tier(Tier::Medium) });
        assert!(rights(&granted, GUEST).contains(sharing));
        let hosts_only =
            under(Conduct { controls: setting("MEET.SHARE.HOST", "hosts"), ..granted_conduct(&granted) });
        assert!(!rights(&hosts_only, GUEST).intersects(sharing));
    }

    fn granted_conduct(group: &Group) -> Conduct {
        group.check().unwrap().policy.conduct.clone()
    }

    /// ADM-60
    #[test]
    fn rights_are_taken_one_by_one_and_never_exceed_the_grant() {
        let taken = Rights { given: Capabilities::NONE, taken: Capabilities::MICROPHONE };
        let taken = [(device_key(&guest()), taken)].into();
        let without = rights(&group(), GUEST).difference(Capabilities::MICROPHONE);
        assert_eq!(rights(&under(Conduct { rights: taken, ..Conduct::default() }), GUEST), without);
        let invitee = group().check().unwrap().member(INVITEE).unwrap().device;
        let more = Rights { given: Capabilities::PARTICIPANT, taken: Capabilities::NONE };
        let more = [(invitee, more)].into();
        let plain = rights(&group(), INVITEE);
        assert_eq!(rights(&under(Conduct { rights: more, ..Conduct::default() }), INVITEE), plain);
    }

    /// ADM-60
    #[test]
    fn while_everything_is_suspended_only_hosts_go_on() {
        let suspended = under(Conduct { suspended: true, ..Conduct::default() });
        assert_eq!(rights(&suspended, GUEST), Capabilities::NONE);
        assert_eq!(rights(&suspended, HELPER), rights(&group(), HELPER));
    }
}
