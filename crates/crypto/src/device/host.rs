//! What a host's device does: hears knocks, checks passcodes, signs grants, and commits who comes and goes.
//!
//! Changes are gathered while a commit is under way, so that a hundred who come at once are a handful of commits.

use std::collections::{BTreeMap, BTreeSet};

use sabha_admission::{
    Capabilities, DeviceKey, Grant, GrantId, HostCert, Member, Method, Policy, Roster, SignedInviteCert,
    SignedPolicy, check_invite_proof,
    controls::{Decision, Link, Lobby},
};
use sabha_protocol::{
    ParticipantId, Rule,
    device::{DeviceOutput, GuestInvite, PasscodeProof, PasscodeView, WaitingView},
    limits::LOBBY_GUESTS_MAX,
    text::Passcode as TypedPasscode,
    wire::{ClientMessage, server::Guest},
};
use zeroize::Zeroizing;

use super::{
    Device, Sent,
    conduct::ConductWork,
    say::{Knock, Saying},
    secrets::HostPasscode,
};
use crate::{
    group::{Bundle, Changes, Group},
    pake::{Budget, Context, Host, HostWaiting, Passcode},
    seal::{self, Place as SealPlace},
};

/// How long a grant lets its subject in, in milliseconds; who is in stays in.
const GRANT_MS: u64 = 24 * 3600 * 1000;
/// How long a host's certificate can be newly listed, in milliseconds.
const HOST_CERT_MS: u64 = 31 * 24 * 3600 * 1000;
/// KeyPackages in one commit: with the hybrid suite 16 are 56 kB, and their Welcome 24 kB.
const ADDS_MAX: usize = 16;
/// A commit that brings fresh keys is due this long after the last one, in milliseconds.
const REFRESH_MS: u64 = 5 * 60 * 1000;
/// How long a commit that was refused waits for the second try in one epoch, and at most, in milliseconds.
const RETRY_MS: u64 = 100;
const RETRY_MS_MAX: u64 = 5000;
/// How long each host after the first waits before it commits somebody's wish to leave, in milliseconds.
const COMMIT_STEP_MS: u64 = 300;

/// Who waits, as this host's device knows them.
#[derive(Default)]
pub(super) struct HostDoor {
    guests: BTreeMap<ParticipantId, Waiting>,
    /// Whom a host has put out while this device was there: no rule lets them in again, but a person.
    put_out: BTreeSet<DeviceKey>,
    budget: Budget,
}

struct Waiting {
    device: DeviceKey,
    /// What it said; absent while it came by mail and cannot say it yet. Of such a guest nobody is told.
    knock: Option<Knock>,
    of_organisation: bool,
    proof: PasscodeProof,
    pake: Option<HostWaiting>,
    grant: Option<Vec<u8>>,
    /// Whether it was told that it needs a personal link.
    link_wanted: bool,
}

impl Waiting {
    /// Returns the invite that it showed to be its own. Whether that holds is another question.
    fn invite(&self) -> Option<&SignedInviteCert> {
        self.knock.as_ref()?.invite.as_ref().map(|shown| &shown.cert)
    }
}

/// What is to be committed.
#[derive(Default)]
pub(super) struct Work {
    /// KeyPackages of guests.
    add: Vec<(DeviceKey, Vec<u8>)>,
    /// To be banned.
    remove: BTreeSet<DeviceKey>,
    /// To be removed without a ban; their grants become void.
    send_back: BTreeSet<DeviceKey>,
    /// Absent devices, whose grants stay good.
    drop: BTreeSet<DeviceKey>,
    make_host: BTreeSet<DeviceKey>,
    /// Invites to be void, with those who came by them.
    revoke: BTreeSet<GrantId>,
    lock: Option<bool>,
    pub(super) conduct: ConductWork,
    pub(super) refresh: bool,
    proposals: bool,
    /// So many of those who wait are to be committed one by one: one of them spoils the commit for the others.
    singly: usize,
}

impl Work {
    fn is_empty(&self) -> bool {
        self.add.is_empty()
            && self.remove.is_empty()
            && self.send_back.is_empty()
            && self.drop.is_empty()
            && self.make_host.is_empty()
            && self.revoke.is_empty()
            && self.lock.is_none()
            && self.conduct.is_empty()
            && !self.refresh
            && !self.proposals
    }

    pub(super) fn drop(&mut self, device: DeviceKey) {
        self.drop.insert(device);
    }

    pub(super) fn revoke(&mut self, invite: GrantId) {
        self.revoke.insert(invite);
    }

    /// Takes the next commit's part.
    fn take(&mut self) -> Self {
        let most = if self.singly > 0 { 1 } else { ADDS_MAX };
        let singly = self.singly.saturating_sub(1);
        let rest = self.add.split_off(self.add.len().min(most));
        let now = std::mem::take(self);
        (self.add, self.singly) = (rest, singly);
        now
    }

    /// Puts back what was not committed; what was asked for since goes before.
    pub(super) fn take_back(&mut self, older: Self) {
        let mut add = older.add;
        add.append(&mut self.add);
        self.add = add;
        self.remove.extend(older.remove);
        self.send_back.extend(older.send_back);
        // Who is dropped may be back by then: whoever is still absent comes up again.
        self.make_host.extend(older.make_host);
        self.revoke.extend(older.revoke);
        self.lock = self.lock.or(older.lock);
        self.conduct.take_back(older.conduct);
        self.singly = self.singly.max(older.singly);
        self.refresh |= older.refresh;
        self.proposals |= older.proposals;
    }
}

/// When a commit that the server refused is tried again: at once, since the commit that was first is on its way, and
/// ever later as long as none comes.
#[derive(Default)]
pub(super) struct Retry {
    at_ms: u64,
    wait_ms: u64,
}

impl Retry {
    fn refused(&mut self, now_ms: u64) {
        self.at_ms = now_ms + self.wait_ms;
        self.wait_ms = (2 * self.wait_ms).clamp(RETRY_MS, RETRY_MS_MAX);
    }
}

/// Returns what a host voids to put a member out, for good (`banned`) or until somebody lets it in anew: the invite by which it
/// would come in again by itself, or else its grant.
fn void_id(roster: &Roster, member: &Member, banned: bool) -> GrantId {
    let by_hand = member.grant.method == Method::InviteManual;
    let waits = by_hand && roster.policy.conduct.controls.lobby() == Lobby::Host;
    // Nobody puts a host out, nor voids what another of its devices came by.
    let is_hosts =
        roster.hosts().any(|host| host.device != member.device && host.ban_id() == member.ban_id());
    if is_hosts || (waits && !banned) { member.grant_id } else { member.ban_id() }
}

impl HostDoor {
    pub(super) fn clear(&mut self) {
        self.guests.clear();
    }

    pub(super) fn put_out(&mut self, device: DeviceKey) {
        self.put_out.insert(device);
    }

    pub(super) fn let_in(&mut self, device: &DeviceKey) {
        self.put_out.remove(device);
    }

    /// Forgets guests who are not in the server's lobby any more.
    pub(super) fn forget_others(&mut self, here: &BTreeSet<ParticipantId>) {
        self.guests.retain(|guest, _| here.contains(guest));
    }

    /// Forgets guests who are in the group now.
    pub(super) fn forget_members(&mut self, devices: impl Iterator<Item = DeviceKey>) {
        let devices: BTreeSet<_> = devices.collect();
        self.guests.retain(|_, waiting| !devices.contains(&waiting.device));
    }

    /// Forgets guests of whom nothing is known.
    pub(super) fn forget_unnamed(&mut self) {
        self.guests.retain(|_, waiting| waiting.knock.is_some());
    }

    /// Counts the other devices that are on their way in by an invite.
    fn coming_by(&self, invite: &SignedInviteCert, but: &DeviceKey) -> usize {
        let by_it = |waiting: &&Waiting| {
            waiting.grant.is_some()
                && waiting.device != *but
                && waiting.invite().is_some_and(|other| other.invite == invite.invite)
        };
        self.guests.values().filter(by_it).count()
    }
}

impl Device {
    pub(super) fn guests(&self) -> Vec<WaitingView> {
        let views = self.host_door.guests.iter().filter_map(|(&guest, waiting)| {
            Some(WaitingView {
                guest,
                device: waiting.device,
                name: waiting.knock.as_ref()?.name.clone(),
                passcode: waiting.proof,
                admitting: waiting.grant.is_some(),
                of_organisation: waiting.of_organisation,
                invite: waiting.invite().map(|invite| GuestInvite {
                    name: self.name_of_invite(&invite.invite),
                    holds: self.holds_invite(waiting),
                }),
            })
        });
        views.collect()
    }

    /// Decides whether a guest would come in by the invite that it showed, if a host says yes.
    fn holds_invite(&self, waiting: &Waiting) -> bool {
        let (Some(invite), Some(group)) = (waiting.invite(), self.group()) else { return false };
        let coming = self.host_door.coming_by(invite, &waiting.device);
        group.roster().check_shown(invite, &waiting.device, coming, self.now_ms).is_ok()
    }

    /// Looks at who waits again, after something has changed that may concern them.
    pub(super) fn review_guests(&mut self) {
        if self.is_host() {
            let guests: Vec<_> = self.host_door.guests.keys().copied().collect();
            guests.into_iter().for_each(|guest| self.review_guest(guest));
        }
    }

    /// Tells a guest what it needs, if that is news: a personal link where only those let in, or the passcode.
    fn review_guest(&mut self, guest: ParticipantId) {
        let Some(policy) = self.group().map(|group| &group.roster().policy) else { return };
        let personal = policy.conduct.controls.link() == Link::Personal;
        let Some(waiting) = self.host_door.guests.get(&guest).filter(|waiting| waiting.grant.is_none())
        else {
            return;
        };
        let holds = self.holds_invite(waiting);
        let wants_link = personal && !holds;
        // An invite is as good as the passcode, and where only invites let in the passcode does not help.
        let wants_passcode = !personal && !holds && self.secrets.passcode.is_some();
        let (was_told, before) = (waiting.link_wanted, waiting.proof);
        let proof = match before {
            PasscodeProof::Proven => before,
            _ if !wants_passcode => PasscodeProof::NotNeeded,
            PasscodeProof::NotNeeded => PasscodeProof::Wanted,
            PasscodeProof::Failed | PasscodeProof::Wanted => before,
        };
        if let Some(waiting) = self.host_door.guests.get_mut(&guest) {
            (waiting.link_wanted, waiting.proof) = (wants_link, proof);
            if !wants_passcode {
                waiting.pake = None;
            }
        }
        if wants_link != was_told {
            self.changed = true;
            self.say_at_door(Some(guest), self.me(), Saying::PersonalLink { wanted: wants_link });
        }
        if before == PasscodeProof::NotNeeded && proof == PasscodeProof::Wanted {
            self.changed = true;
            self.want_passcode(guest);
        }
    }

    pub(super) fn knocked(&mut self, guest: Guest) {
        if self.group().is_none() {
            return self.before.keep_guest(guest);
        }
        if self.host_door.guests.contains_key(&guest.id) || self.host_door.guests.len() >= LOBBY_GUESTS_MAX {
            return;
        }
        // A server that lets a banned device knock bothers nobody with it.
        if self.group().is_some_and(|group| group.roster().policy.conduct.banned.contains(&guest.device)) {
            return;
        }
        let knock = match &guest.knock {
            // Who could not seal under the lobby key does not have the link: no knock.
            Some(sealed) => match self.open_knock(&guest.device, sealed.as_bytes()) {
                Some(knock) => Some(knock),
                None => return,
            },
            // Without the secret there is one way, and only if the host has opened it.
            None if self.takes_mail() => None,
            None => return,
        };
        let waiting = Waiting {
            device: guest.device,
            knock,
            of_organisation: guest.of_organisation,
            proof: PasscodeProof::NotNeeded,
            pake: None,
            grant: None,
            link_wanted: false,
        };
        self.host_door.guests.insert(guest.id, waiting);
        self.changed = true;
        self.review_guest(guest.id);
    }

    fn open_knock(&self, device: &DeviceKey, sealed: &[u8]) -> Option<Knock> {
        let place = SealPlace::Profile { meeting: self.secrets.meeting, device: *device };
        let opened = seal::open(&self.keys.as_ref()?.lobby, &place, sealed).ok()?;
        let knock = Knock::from_bytes(&opened).ok()?;
        // ADM-61: who shows an invite of somebody else's does not knock honestly.
        let honest = knock.invite.as_ref().is_none_or(|shown| {
            let meeting = &self.secrets.meeting;
            check_invite_proof(&shown.cert.invite, meeting, device, &knock.nonce, &shown.proof).is_ok()
        });
        honest.then_some(knock)
    }

    /// Asks for the passcode, or says that there is nothing to ask for any more.
    fn want_passcode(&mut self, guest: ParticipantId) {
        if self.host_door.budget.is_exhausted() {
            self.say_at_door(Some(guest), self.me(), Saying::PasscodeOff);
            return;
        }
        let Some(group) = self.group() else { return };
        let root = group.roster().policy.root;
        self.say_at_door(Some(guest), self.me(), Saying::PasscodeWanted { root });
    }

    pub(super) fn lobby_left(&mut self, guest: ParticipantId) {
        self.host_door.guests.remove(&guest);
        self.before.forget_guest(guest);
        self.changed = true;
    }

    /// The host lets a guest in, by hand or by a rule of its own.
    pub(super) fn admit(&mut self, guest: ParticipantId, by_rule: bool) {
        let Some(waiting) = self.host_door.guests.get(&guest) else { return };
        let proven = waiting.proof == PasscodeProof::Proven;
        let method = match (proven, by_rule) {
            (_, false) if self.holds_invite(waiting) => Method::InviteManual,
            (true, true) => Method::Passcode,
            (true, false) => Method::PasscodeManual,
            (false, true) => Method::Rule,
            (false, false) => Method::Manual,
        };
        if let Some(rule) = self.grant(guest, method) {
            self.out.push_back(DeviceOutput::Refused { rule });
        }
    }

    /// Signs a grant for a guest, unless there is nothing to sign. Returns the rule by which it is none to be let in.
    fn grant(&mut self, guest: ParticipantId, method: Method) -> Option<Rule> {
        let policy = self.group()?.roster().policy.clone();
        if !self.is_host() || policy.locked_at_ms.is_some() {
            return None;
        }
        let (seq, now_ms, me) = (self.next_seq(), self.now_ms, self.me());
        let (meeting, suite) = (self.secrets.meeting, self.secrets.suite);
        let waiting = self.host_door.guests.get_mut(&guest)?;
        let nonce = waiting.knock.as_ref()?.nonce;
        if waiting.grant.is_some() {
            return None;
        }
        let invite = if method.is_by_invite() { waiting.invite().cloned() } else { None };
        let grant = Grant {
            meeting,
            suite,
            subject: waiting.device,
            capabilities: invite.as_ref().map_or(Capabilities::PARTICIPANT, |invite| {
                invite.capabilities.intersection(Capabilities::PARTICIPANT)
            }),
            issuer: me,
            seq,
            not_before_ms: now_ms,
            not_after_ms: now_ms.saturating_add(GRANT_MS),
            nonce,
            method,
            invite,
        };
        // A rule does not undo what a host has decided.
        let by_rule = matches!(grant.method, Method::Passcode | Method::Rule);
        if by_rule && self.host_door.put_out.contains(&grant.subject) {
            return Some(Rule::SentBack);
        }
        // Every member would refuse it.
        if policy.conduct.banned.contains(&grant.subject) {
            return Some(Rule::RemovedStaysOut);
        }
        if let Decision::Refused { by } = policy.entry(&grant) {
            return by.rule();
        }
        let grant = grant.sign(self.signer.key()).ok()?;
        let bytes = grant.to_bytes();
        waiting.grant = Some(bytes.clone());
        self.changed = true;
        self.say_at_door(Some(guest), me, Saying::Granted(bytes));
        None
    }

    pub(super) fn guest_said(&mut self, from: ParticipantId, saying: Saying) {
        match saying {
            Saying::PakeHello(hello) => self.pake_hello(from, &hello),
            Saying::PakeProof(proof) => self.pake_proof(from, &proof),
            Saying::KeyPackage(bytes) => self.take_key_package(from, bytes),
            Saying::Knock(sealed) => self.take_knock(from, &sealed),
            _ => {}
        }
    }

    /// Tells everybody who has not proven the passcode that nobody can any more: they wait for a host.
    fn say_passcode_is_off(&mut self) {
        let unproven = |waiting: &Waiting| {
            !matches!(waiting.proof, PasscodeProof::Proven | PasscodeProof::NotNeeded)
                && waiting.grant.is_none()
        };
        let guests: Vec<_> = self
            .host_door
            .guests
            .iter_mut()
            .filter(|(_, waiting)| unproven(waiting))
            .map(|(guest, waiting)| {
                waiting.pake = None;
                *guest
            })
            .collect();
        for guest in guests {
            self.say_at_door(Some(guest), self.me(), Saying::PasscodeOff);
        }
    }

    fn pake_hello(&mut self, from: ParticipantId, hello: &crate::pake::GuestHello) {
        let Some(passcode) = self.host_passcode() else { return };
        let (meeting, me) = (self.secrets.meeting, self.me());
        let (seed, nonce) = (self.dice.random(), self.dice.random());
        let Some(root) = self.group().map(|group| group.roster().policy.root) else { return };
        let waiting = self.host_door.guests.get_mut(&from).filter(|waiting| !waiting.link_wanted);
        let Some(waiting) = waiting else { return };
        let context = Context { meeting, guest: waiting.device, role: 0, root };
        let (pake, answer) = Host::answer(&passcode, context, &me, hello, &seed, nonce);
        waiting.pake = Some(pake);
        self.say_at_door(Some(from), me, Saying::PakeAnswer(answer));
    }

    fn pake_proof(&mut self, from: ParticipantId, proof: &crate::pake::GuestProof) {
        let (now_ms, me) = (self.now_ms, self.me());
        let Some(waiting) = self.host_door.guests.get_mut(&from) else { return };
        let Some(pake) = waiting.pake.take() else { return };
        let device = waiting.device;
        // Paid for before it is checked, so that many at once are not one.
        let charged = self.host_door.budget.charge(device, now_ms);
        let proven = charged.is_ok().then(|| pake.verify(proof).ok()).flatten();
        self.changed = true;
        let Some((key, answer)) = proven else {
            waiting.proof = PasscodeProof::Failed;
            let left = self.host_door.budget.left(&device);
            let wait_ms = self.host_door.budget.wait_ms(&device, now_ms);
            self.say_at_door(Some(from), me, Saying::PakeWrong { left, wait_ms });
            if self.host_door.budget.is_exhausted() {
                self.say_passcode_is_off();
            }
            return;
        };
        waiting.proof = PasscodeProof::Proven;
        self.host_door.budget.succeed(&device);
        let came_by_mail = waiting.knock.is_none();
        self.say_at_door(Some(from), me, Saying::PakeRight(answer));
        if came_by_mail {
            self.tell_secret(from, device, &key);
        }
        self.admit_proven(from);
    }

    /// Lets in who has proven the passcode, if the host has said so.
    fn admit_proven(&mut self, guest: ParticipantId) {
        if self.secrets.passcode.as_ref().is_some_and(|passcode| passcode.admits) {
            // Where no rule may decide, the guest waits for a person.
            let _ = self.grant(guest, Method::Passcode);
        }
    }

    /// A guest who came by mail says who it is.
    fn take_knock(&mut self, from: ParticipantId, sealed: &[u8]) {
        let Some(waiting) = self.host_door.guests.get(&from) else { return };
        let device = waiting.device;
        if waiting.knock.is_some() || waiting.proof != PasscodeProof::Proven {
            return;
        }
        let Some(knock) = self.open_knock(&device, sealed) else { return };
        self.host_door.guests.entry(from).and_modify(|waiting| waiting.knock = Some(knock));
        self.changed = true;
        self.admit_proven(from);
    }

    fn host_passcode(&self) -> Option<Passcode> {
        if self.host_door.budget.is_exhausted() {
            return None;
        }
        Passcode::typed(&self.secrets.passcode.as_ref()?.text).ok()
    }

    fn take_key_package(&mut self, from: ParticipantId, bytes: Vec<u8>) {
        let Some(waiting) = self.host_door.guests.get(&from) else { return };
        let (device, grant) = (waiting.device, waiting.grant.clone());
        let Some(group) = self.group() else { return };
        let Ok((subject, credential)) = group.subject_of(&bytes) else { return };
        // The grant over the very key that knocked, and nothing else.
        if subject != device || Some(credential) != grant {
            return;
        }
        self.work.add.retain(|(waiting, _)| *waiting != device);
        self.work.add.push((device, bytes));
    }

    pub(super) fn set_passcode(&mut self, passcode: Option<TypedPasscode>, admits: bool) {
        self.host_door.budget.reset();
        let by_mail = self.takes_mail();
        self.secrets.passcode = passcode.map(|passcode| HostPasscode {
            text: Zeroizing::new(passcode.as_str().to_owned()),
            admits,
            by_mail,
        });
        let wanted = self.secrets.passcode.is_some();
        for waiting in self.host_door.guests.values_mut() {
            waiting.pake = None;
            if !wanted || waiting.proof != PasscodeProof::Proven {
                waiting.proof = PasscodeProof::NotNeeded;
            }
        }
        self.review_guests();
        self.changed = true;
        self.out.push_back(DeviceOutput::Remember {});
    }

    pub(super) fn passcode_view(&self) -> PasscodeView {
        match &self.secrets.passcode {
            Some(passcode) if self.host_door.budget.is_exhausted() => {
                PasscodeView::Disabled { admits: passcode.admits }
            }
            Some(passcode) => match TypedPasscode::try_from(passcode.text.to_string()) {
                Ok(text) => PasscodeView::Set {
                    passcode: text,
                    admits: passcode.admits,
                    wrong: self.host_door.budget.failures(),
                    by_mail: passcode.by_mail,
                },
                Err(_) => PasscodeView::None {},
            },
            None if self.guest_door.is_asked() || self.guest_door.is_proving() => {
                PasscodeView::Wanted { wrong: self.guest_door.wrong, left: self.guest_door.left }
            }
            None if self.guest_door.is_off() => PasscodeView::Off {},
            None => PasscodeView::None {},
        }
    }

    pub(super) fn remove(&mut self, device: DeviceKey) {
        if self.is_removable(&device) {
            self.work.remove.insert(device);
        }
    }

    pub(super) fn send_back(&mut self, device: DeviceKey) {
        if self.is_removable(&device) {
            self.work.send_back.insert(device);
        }
    }

    fn is_removable(&self, device: &DeviceKey) -> bool {
        let member = self.group().and_then(|group| group.roster().member_of(device));
        *device != self.me() && member.is_some_and(|member| !member.is_host())
    }

    pub(super) fn make_host(&mut self, device: DeviceKey) {
        let member = self.group().and_then(|group| group.roster().member_of(&device));
        if member.is_some_and(|member| !member.is_host()) {
            self.work.make_host.insert(device);
        }
    }

    pub(super) fn lock(&mut self, locked: bool) {
        self.work.lock = Some(locked);
    }

    /// Commits what waits, unless a commit is under way.
    pub(super) fn flush_work(&mut self) {
        let due = self.commit_at_ms.is_some_and(|at| at <= self.now_ms);
        if due {
            self.commit_at_ms = None;
            self.work.proposals = true;
        }
        if self.work.is_empty() || !self.synced || self.in_flight.is_some() || self.retry.at_ms > self.now_ms
        {
            return;
        }
        let now_ms = self.now_ms;
        let mut work = self.work.take();
        // Who came by a void invite goes with it.
        if let Some(roster) = self.group().map(Group::roster) {
            let put_out = work.remove.iter().map(|device| (device, true));
            let put_out = put_out.chain(work.send_back.iter().map(|device| (device, false)));
            let void: BTreeSet<_> = put_out
                .filter_map(|(device, banned)| Some(void_id(roster, roster.member_of(device)?, banned)))
                .chain(work.revoke.iter().copied())
                .collect();
            let by_it =
                |member: &&Member| void.contains(&member.ban_id()) && !work.remove.contains(&member.device);
            work.send_back.extend(roster.members.iter().filter(by_it).map(|member| member.device));
        }
        let Some(policy) = self.policy_for(&work) else { return };
        let Some(group) = self.group_mut() else { return };
        if group.is_committing() {
            self.work.take_back(work);
            return;
        }
        let remove: Vec<_> = work
            .remove
            .iter()
            .chain(&work.send_back)
            .chain(&work.drop)
            .filter(|device| group.roster().member_of(device).is_some())
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let changes = Changes {
            add: work.add.iter().map(|(_, bytes)| bytes.clone()).collect(),
            remove,
            policy,
            refresh: work.refresh,
        };
        let nothing = changes.add.is_empty()
            && changes.remove.is_empty()
            && changes.policy.is_none()
            && !changes.refresh
            && !group.has_proposals();
        if nothing {
            return;
        }
        match group.commit(changes, now_ms) {
            Ok(bundle) => {
                self.in_flight = Some(work);
                self.send_commit(bundle, Sent::Commit);
            }
            // A KeyPackage that cannot be added must not keep out those who come with it.
            Err(_) if work.add.len() > 1 => {
                let together = work.add.len();
                self.work.take_back(work);
                self.work.singly = together;
                self.flush_work();
            }
            // It is not tried again: the rules forbid it.
            Err(_) => self.host_door.forget_members(work.add.into_iter().map(|(device, _)| device)),
        }
    }

    pub(super) fn send_commit(&mut self, bundle: Bundle, about: Sent) {
        let Bundle { epoch, commit, welcome, group_info } = bundle;
        self.send(ClientMessage::Commit { epoch, commit, welcome, group_info }, about);
    }

    /// Returns the policy that the work needs: `Some(None)` if it needs no new one, `None` if it cannot be made.
    fn policy_for(&mut self, work: &Work) -> Option<Option<SignedPolicy>> {
        let changes_conduct = !work.conduct.is_empty();
        let removes = !work.remove.is_empty() || !work.send_back.is_empty();
        if !removes
            && work.revoke.is_empty()
            && work.make_host.is_empty()
            && work.lock.is_none()
            && !changes_conduct
        {
            return Some(None);
        }
        let (me, now_ms, meeting) = (self.me(), self.now_ms, self.secrets.meeting);
        let seqs: Vec<u64> = work.make_host.iter().map(|_| self.next_seq()).collect();
        let roster = self.group()?.roster();
        let mut policy = Policy::clone(&roster.policy);
        policy.version = policy.version.checked_add(1)?;
        policy.signer = me;
        work.conduct.apply(&mut policy.conduct, roster);
        for device in work.remove.iter().chain(&work.send_back) {
            policy.conduct.rights.remove(device);
            policy.conduct.spotlight = policy.conduct.spotlight.filter(|spotlight| spotlight != device);
            if let Some(member) = roster.member_of(device) {
                let banned = work.remove.contains(device);
                policy.revoke(void_id(roster, member, banned)).ok()?;
                if banned {
                    policy.conduct.banned.insert(*device);
                }
            }
        }
        for invite in &work.revoke {
            policy.revoke(*invite).ok()?;
        }
        if let Some(locked) = work.lock {
            let newest = roster.members.iter().map(|member| member.grant.not_before_ms).max().unwrap_or(0);
            policy.locked_at_ms = locked.then_some(now_ms.max(newest));
        }
        for (device, seq) in work.make_host.iter().zip(seqs) {
            let cert = HostCert {
                meeting,
                subject: *device,
                capabilities: Capabilities::HOST,
                issuer: me,
                seq,
                not_after_ms: now_ms.saturating_add(HOST_CERT_MS),
            };
            policy.hosts.push(cert.sign(self.signer.key()).ok()?);
        }
        Some(Some(policy.sign(self.signer.key()).ok()?))
    }

    pub(super) fn commit_answered(&mut self, refused: Option<Rule>) {
        let work = self.in_flight.take();
        let now_ms = self.now_ms;
        match refused {
            None => {
                let confirmed = self.group_mut().map(|group| group.confirm(now_ms));
                match confirmed {
                    Some(Ok(change)) => self.applied(change),
                    Some(Err(reject)) => self.refuse(&reject),
                    None => {}
                }
            }
            Some(rule) => {
                if let Some(group) = self.group_mut() {
                    group.abandon();
                }
                // Another commit was first: this one is made anew on top of it.
                if rule == Rule::CurrentEpoch
                    && let Some(work) = work
                {
                    self.work.take_back(work);
                    self.retry.refused(now_ms);
                    self.ask_for_missed();
                }
            }
        }
    }

    /// The server has not taken the commit that was under way when the connection broke: it is made anew.
    pub(super) fn give_up_commit(&mut self) {
        if let Some(work) = self.in_flight.take() {
            self.work.take_back(work);
        }
        if let Some(group) = self.group_mut() {
            group.abandon();
        }
    }

    /// Somebody's commit was the epoch's. Deals with the own one that was under way.
    pub(super) fn commit_overtaken(&mut self, committer: &DeviceKey) {
        let is_answered = self.sent.values().any(|sent| matches!(sent, Sent::Commit));
        if *committer == self.me() {
            // The own one, whose answer was lost with the connection.
            self.in_flight = None;
        } else if is_answered {
            // The answer says that it was refused, and has it made anew.
            if let Some(group) = self.group_mut() {
                group.abandon();
            }
        } else {
            self.give_up_commit();
        }
    }

    pub(super) fn next_retry(&self) -> Option<u64> {
        (!self.work.is_empty()).then_some(self.retry.at_ms)
    }

    /// Decides when this device commits somebody's wish to leave: the first host at once, each next one later.
    pub(super) fn plan_commit(&mut self) {
        let Some(group) = self.group() else { return };
        if !group.has_proposals() {
            self.commit_at_ms = None;
            return;
        }
        let me = self.me();
        let here: BTreeSet<DeviceKey> = self.present.values().copied().collect();
        let members = &group.roster().members;
        let hosts = members.iter().filter(|member| member.is_host());
        let others = members.iter().filter(|member| !member.is_host());
        let order = hosts.chain(others).filter(|member| here.contains(&member.device) || member.device == me);
        let Some(rank) = order.map(|member| member.device).position(|device| device == me) else { return };
        let at = self.now_ms + rank as u64 * COMMIT_STEP_MS;
        self.commit_at_ms = Some(self.commit_at_ms.map_or(at, |planned| planned.min(at)));
    }

    /// Returns when fresh keys are due: the first connected host brings them.
    pub(super) fn next_refresh(&self) -> Option<u64> {
        let group = self.group()?;
        let due =
            self.synced && self.in_flight.is_none() && self.acts_first() && group.roster().members.len() > 1;
        due.then_some(self.refreshed_ms + REFRESH_MS)
    }

    /// Returns whether this device is the first of the connected hosts, who does what any of them could.
    pub(super) fn acts_first(&self) -> bool {
        let me = self.me();
        let here = |device: &DeviceKey| *device == me || self.present.values().any(|other| other == device);
        let mut hosts = self.group().into_iter().flat_map(|group| group.roster().hosts());
        hosts.find(|host| here(&host.device)).is_some_and(|host| host.device == me)
    }
}
