//! At the door: the guest's side of the knock, the passcode and the grant.

use std::collections::VecDeque;

use sabha_admission::{DeviceKey, SignedGrant, enter_proof, gate_tag, meeting_id};
use sabha_protocol::{
    CLIENT, ParticipantId,
    device::DeviceOutput,
    key::{Challenge, Signature},
    opaque::{DoorPayload, GrantBytes, KnockPayload},
    secret::ResumeToken,
    text::Passcode as TypedPasscode,
    wire::{ClientMessage, client::Credential},
};

use super::{
    Device, Place, Sent,
    say::{Door, Knock, Saying, ShownInvite},
};
use crate::{
    group::{Applicant, Provider},
    invitation::Invitation,
    pake::{Context, GuestConfirm, GuestStart, PakeKey, Passcode},
    seal::{self, Place as SealPlace},
};

/// Wrong tries that a guest's own device allows with one host, so that a false host learns no more guesses.
const TRIES_MAX: u32 = 5;
/// Longest wait for another try that is believed, in milliseconds: more than a host asks for after the last but one.
const WAIT_MS_MAX: u64 = 20_000;
/// The role in the passcode's proof: participant.
const PARTICIPANT_ROLE: u8 = 0;

/// Time for each thing said at the door, in milliseconds: ten a second, half of what the server takes of everything.
const SAYING_MS: u64 = 100;
/// What may be said ahead of that, in milliseconds: twenty at once.
const SAYINGS_AHEAD_MS: u64 = 2000;
/// Things that wait to be said; more than a full lobby needs.
const SAYINGS_MAX: usize = 512;

/// What a guest's device knows at the door.
#[derive(Default)]
pub(super) struct GuestDoor {
    nonce: [u8; 16],
    host: Option<HostHere>,
    pub(super) proof: Proof,
    /// When the host looks at another try.
    not_before_ms: u64,
    pub(super) wrong: u32,
    pub(super) left: u32,
    /// A host's device says that nobody comes in here but by a personal link that holds.
    pub(super) link_wanted: bool,
}

/// The host's device that asked for the passcode.
#[derive(Clone, Copy)]
struct HostHere {
    device: DeviceKey,
    root: DeviceKey,
}

#[derive(Default)]
pub(super) enum Proof {
    #[default]
    None,
    Asked,
    /// Typed too soon: said when the host looks at another try.
    Typed(Passcode),
    Hello(GuestStart),
    Shown(GuestConfirm),
    /// The host's device looks at no passcode any more, until its host sets another.
    Off,
    Proven,
    /// It came by mail and has shown that it knows the passcode: the host tells the link's secret under this key.
    Untold(PakeKey),
}

impl GuestDoor {
    /// A new stay in the lobby.
    pub(super) fn begin(&mut self) {
        let Self { nonce, not_before_ms, .. } = *self;
        *self = Self { nonce, not_before_ms, left: TRIES_MAX, ..Self::default() };
    }

    pub(super) const fn is_asked(&self) -> bool {
        matches!(self.proof, Proof::Asked)
    }

    pub(super) const fn is_off(&self) -> bool {
        matches!(self.proof, Proof::Off)
    }

    pub(super) const fn is_proving(&self) -> bool {
        matches!(self.proof, Proof::Typed(_) | Proof::Hello(_) | Proof::Shown(_))
    }

    /// Returns when what was typed may be said.
    pub(super) fn next_try(&self) -> Option<u64> {
        matches!(self.proof, Proof::Typed(_)).then_some(self.not_before_ms)
    }
}

impl Device {
    /// Says who comes: back to a place, with a grant, or with the link.
    pub(super) fn enter(&mut self, challenge: &Challenge, resume: Option<ResumeToken>) {
        let meeting = self.secrets.meeting;
        if resume.is_none() {
            self.let_itself_in();
        }
        let proof = enter_proof(self.signer.key(), &meeting, challenge.as_bytes());
        let credential = match (resume, &self.secrets.grant) {
            (Some(token), _) => Credential::Resume { token },
            (None, Some(grant)) => {
                let Ok(grant) = GrantBytes::try_from(grant.to_bytes()) else { return };
                Credential::Device { grant: Some(grant) }
            }
            (None, None) => {
                let Some(credential) = self.knock(challenge) else { return };
                credential
            }
        };
        let message = ClientMessage::Enter {
            meeting,
            device: self.me(),
            proof: Signature::from_bytes(proof),
            credential,
            client: CLIENT,
        };
        self.send(message, Sent::Enter);
        self.changed = true;
    }

    fn knock(&mut self, challenge: &Challenge) -> Option<Credential> {
        let meeting = self.secrets.meeting;
        let device = self.me();
        self.guest_door.nonce = self.dice.random();
        if let (None, Some(mail)) = (&self.secrets.link, &self.secrets.mail) {
            let tag = gate_tag(&mail.signer(), &meeting, &device, challenge.as_bytes());
            return Some(Credential::Mail { tag: Signature::from_bytes(tag) });
        }
        let tag = gate_tag(self.keys.as_ref()?.gate.key(), &meeting, &device, challenge.as_bytes());
        let knock = KnockPayload::try_from(self.sealed_knock()?).ok()?;
        Some(Credential::Link { tag: Signature::from_bytes(tag), knock })
    }

    /// Returns what this guest says to hosts, sealed under the lobby key; `None` without the link's secret.
    pub(super) fn sealed_knock(&self) -> Option<Vec<u8>> {
        let nonce = self.guest_door.nonce;
        let shown = |invitation: &Invitation| ShownInvite {
            cert: invitation.cert().clone(),
            proof: invitation.proof(&self.me(), &nonce),
        };
        let invite = self.secrets.invitation.as_ref().map(shown);
        let knock = Knock { nonce, name: self.own.name.clone(), invite };
        let place = SealPlace::Profile { meeting: self.secrets.meeting, device: self.me() };
        seal::seal(&self.keys.as_ref()?.lobby, &place, &knock.to_bytes(), self.dice.random()).ok()
    }

    /// Something was said at the door, by a host to this guest or by a guest to this host.
    pub(super) fn heard_at_door(&mut self, from: ParticipantId, bytes: &[u8]) {
        let Ok(door) = Door::from_bytes(bytes) else { return };
        self.changed = true;
        if matches!(self.place, Place::Member(_)) {
            if door.host == self.me() {
                self.guest_said(from, door.saying);
            }
            return;
        }
        let host = door.host;
        match door.saying {
            Saying::PasscodeWanted { root } => self.passcode_wanted(host, root),
            Saying::PakeAnswer(answer) => {
                if let Proof::Hello(start) = std::mem::take(&mut self.guest_door.proof) {
                    match start.receive(&answer, &host) {
                        Ok((confirm, proof)) => {
                            self.guest_door.proof = Proof::Shown(confirm);
                            self.say_at_door(None, host, Saying::PakeProof(proof));
                        }
                        Err(_) => self.wrong(),
                    }
                }
            }
            Saying::PakeRight(proof) => {
                if let Proof::Shown(confirm) = std::mem::take(&mut self.guest_door.proof) {
                    match confirm.finish(&proof) {
                        Ok(_) if self.keys.is_some() => self.guest_door.proof = Proof::Proven,
                        Ok(key) => self.guest_door.proof = Proof::Untold(key),
                        Err(_) => self.wrong(),
                    }
                }
            }
            Saying::PakeWrong { left, wait_ms } => {
                if matches!(self.guest_door.proof, Proof::Hello(_) | Proof::Shown(_)) {
                    self.wrong();
                    self.guest_door.left = self.guest_door.left.min(u32::from(left));
                    self.guest_door.not_before_ms = self.now_ms + wait_ms.min(WAIT_MS_MAX);
                }
            }
            Saying::PasscodeOff => self.passcode_off(host),
            Saying::Granted(grant) => self.granted(host, &grant),
            Saying::LinkSecret(sealed) => self.told_secret(host, &sealed),
            Saying::PersonalLink { wanted } => self.personal_link(wanted),
            Saying::PakeHello(_) | Saying::PakeProof(_) | Saying::KeyPackage(_) | Saying::Knock(_) => {}
        }
    }

    fn passcode_wanted(&mut self, host: DeviceKey, root: DeviceKey) {
        let asked = !matches!(self.guest_door.proof, Proof::None | Proof::Off);
        let suites = [sabha_admission::Suite::XWing, sabha_admission::Suite::Classical];
        // The meeting's id says which root key is the right one.
        let genuine = suites.into_iter().any(|suite| meeting_id(suite, &root) == self.secrets.meeting);
        if asked || !genuine || !matches!(self.place, Place::Lobby) {
            return;
        }
        self.guest_door.host = Some(HostHere { device: host, root });
        self.guest_door.proof = Proof::Asked;
        // What this device has given away of the passcode it has given away, whoever asks again.
        self.guest_door.left = TRIES_MAX.saturating_sub(self.guest_door.wrong);
    }

    /// Nobody proves the passcode any more. Only the host that asked takes its question back.
    fn passcode_off(&mut self, host: DeviceKey) {
        let asked_by = self.guest_door.host.map(|here| here.device);
        let done = matches!(self.guest_door.proof, Proof::Proven);
        if !done && asked_by.is_none_or(|device| device == host) && matches!(self.place, Place::Lobby) {
            self.guest_door.proof = Proof::Off;
        }
    }

    /// Who has no personal link is not asked for the passcode, which would be of no use.
    fn personal_link(&mut self, wanted: bool) {
        if !matches!(self.place, Place::Lobby) {
            return;
        }
        self.guest_door.link_wanted = wanted;
        if wanted && matches!(self.guest_door.proof, Proof::Asked | Proof::Typed(_)) {
            self.guest_door.proof = Proof::None;
        }
    }

    /// The person typed the passcode.
    pub(super) fn prove(&mut self, typed: &TypedPasscode) {
        if !self.guest_door.is_asked() || self.guest_door.left == 0 {
            return;
        }
        let Ok(passcode) = Passcode::typed(typed.as_str()) else { return };
        // A host counts the tries of who guesses, and does not look at those that come too soon: even the right one
        // would be wrong then.
        self.guest_door.proof = Proof::Typed(passcode);
        self.changed = true;
        self.flush_try();
    }

    /// Says what was typed, if the host looks at it by now.
    pub(super) fn flush_try(&mut self) {
        if self.guest_door.next_try().is_none_or(|at| at > self.now_ms) {
            return;
        }
        let Proof::Typed(passcode) = std::mem::replace(&mut self.guest_door.proof, Proof::Asked) else {
            return;
        };
        let Some(host) = self.guest_door.host else { return };
        let context = Context {
            meeting: self.secrets.meeting,
            guest: self.me(),
            role: PARTICIPANT_ROLE,
            root: host.root,
        };
        let (start, hello) = GuestStart::new(&passcode, context, &self.dice.random(), self.dice.random());
        self.guest_door.proof = Proof::Hello(start);
        self.changed = true;
        self.say_at_door(None, host.device, Saying::PakeHello(hello));
    }

    /// The server says that it has not passed on what was said at the door. As long as nothing was given away of what was
    /// typed it was not tried, and can be typed again; afterwards it counts, since the server may lie.
    pub(super) fn not_passed_on(&mut self) {
        match self.guest_door.proof {
            Proof::Hello(_) => self.guest_door.proof = Proof::Asked,
            Proof::Shown(_) => self.wrong(),
            _ => {}
        }
    }

    fn wrong(&mut self) {
        self.guest_door.proof = Proof::Asked;
        self.guest_door.wrong += 1;
        self.guest_door.left = TRIES_MAX.saturating_sub(self.guest_door.wrong);
    }

    /// A host has signed: makes the KeyPackage for its commit.
    fn granted(&mut self, host: DeviceKey, bytes: &[u8]) {
        if !matches!(self.place, Place::Lobby) {
            return;
        }
        let Ok(grant) = SignedGrant::from_bytes(bytes) else { return };
        let mine = grant.verify().is_ok()
            && grant.subject == self.me()
            && grant.meeting == self.secrets.meeting
            && grant.nonce == self.guest_door.nonce;
        if !mine {
            return;
        }
        self.secrets.suite = grant.suite;
        let Some(applicant) = self.applicant(grant.clone()) else { return };
        let Ok(key_package) = applicant.key_package() else { return };
        self.secrets.grant = Some(grant);
        self.place = Place::Applying(Box::new(applicant));
        self.out.push_back(DeviceOutput::Remember {});
        self.say_at_door(None, host, Saying::KeyPackage(key_package));
    }

    /// Returns an applicant with this grant and fresh MLS keys.
    pub(super) fn applicant(&self, grant: SignedGrant) -> Option<Applicant> {
        let (meeting, suite) = (self.secrets.meeting, self.secrets.suite);
        let (link, signer) = (self.secrets.link.clone()?, self.signer.clone());
        let mut applicant = Applicant::new(meeting, suite, link, signer, grant, Provider::default()).ok()?;
        applicant.policy_floor = self.secrets.policy_floor;
        Some(applicant)
    }

    pub(super) fn say_at_door(&mut self, to: Option<ParticipantId>, host: DeviceKey, saying: Saying) {
        if let Ok(payload) = DoorPayload::try_from(Door { host, saying }.to_bytes())
            && self.sayings.waiting.len() < SAYINGS_MAX
        {
            self.sayings.waiting.push_back((to, payload));
            self.flush_sayings();
        }
    }

    /// Says what waits, as fast as the server takes it.
    pub(super) fn flush_sayings(&mut self) {
        while self.sayings.take_turn(self.now_ms) {
            let Some((to, payload)) = self.sayings.waiting.pop_front() else { return };
            self.send(ClientMessage::Door { to, payload }, Sent::Door);
        }
    }
}

/// What is to be said at the door, slowly enough: a host who lets a hundred in at once says a hundred things.
#[derive(Default)]
pub(super) struct Sayings {
    waiting: VecDeque<(Option<ParticipantId>, DoorPayload)>,
    /// When everything said so far will have been paid for, at [`SAYING_MS`] each.
    paid_ms: u64,
}

impl Sayings {
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Returns when the next one may be said.
    pub(super) fn next(&self) -> Option<u64> {
        (!self.waiting.is_empty()).then(|| self.paid_ms.saturating_sub(SAYINGS_AHEAD_MS))
    }

    fn take_turn(&mut self, now_ms: u64) -> bool {
        if self.waiting.is_empty() || self.paid_ms > now_ms + SAYINGS_AHEAD_MS {
            return false;
        }
        self.paid_ms = self.paid_ms.max(now_ms) + SAYING_MS;
        true
    }
}
