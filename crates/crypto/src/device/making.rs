//! How a device comes about: by making a meeting, from an invite link, or from what was kept over a reload.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ed25519_dalek::SigningKey;
use openmls::key_packages::Lifetime;
use sabha_admission::{
    Capabilities, Conduct, Grant, HostCert, Method, Policy, SignedGrant, Suite, Unsignable,
    controls::Controls, device_key, meeting_id,
};
use sabha_protocol::{
    DisplayName, MediaState, MeetingId, MeetingTitle, RequestId, device::DeviceOutput, opaque::SealedTitle,
    text::Passcode, wire::http::CreateMeeting,
};
use zeroize::Zeroizing;

use super::{
    Device, EXPORT_BYTES_MAX, Place,
    absent::Absent,
    before::BeforeGroup,
    chronicle::Chronicle,
    door::{GuestDoor, Sayings},
    early::Early,
    host::{HostDoor, Retry, Work},
    media::MediaKeys,
    names::Names,
    proof::Proof,
    pulse::Pulse,
    request::Requests,
    restricted::Materials,
    say::Status,
    secrets::{HostPasscode, Secrets},
};
use crate::{
    certificate::Terms,
    codec::Reader,
    group::{Applicant, DeviceSigner, Group, Provider, Reject},
    invitation::Invitation,
    link::LinkSecret,
    log::{Event, MeetingLog},
    mail::MailKey,
    seal::{self, Place as SealPlace},
};

/// How long what the root key signs is good, in milliseconds: a meeting lasts a month at most.
const CREATION_MS: u64 = 31 * 24 * 3600 * 1000;

/// The cipher suite of a meeting to be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MeetingSuite {
    /// For devices that cannot run the hybrid one.
    Classical,
    /// The default: hybrid, so that what is recorded today stays closed to a quantum computer.
    #[default]
    XWing,
}

/// A meeting to be made.
#[derive(Clone, Debug)]
pub struct CreateOptions {
    /// Its cipher suite, fixed for good.
    pub suite: MeetingSuite,
    /// Its title, shown to those who have the link.
    pub title: Option<MeetingTitle>,
    /// The creator's name.
    pub name: DisplayName,
    /// Its passcode, if there is to be one.
    pub passcode: Option<Passcode>,
    /// Whether who proves the passcode is let in without a click.
    pub admits: bool,
    /// Whether who comes by mail, without the link's secret, may prove the passcode and be told it.
    pub by_mail: bool,
    /// The organisation's floor.
    pub floor: Controls,
    /// The meeting's controls; where they are looser than the floor, the floor holds.
    pub controls: Controls,
}

/// What was kept is damaged, or of another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was kept of this device cannot be read")]
pub struct InvalidExport;

impl Device {
    /// Makes a meeting. [`Device::creation`] is what a server is to be told of it.
    ///
    /// # Errors
    /// [`Reject`] only if this machine's clock or randomness is broken.
    pub fn create(options: CreateOptions, now_ms: u64) -> Result<Self, Reject> {
        Self::plan(options, now_ms, now_ms)
    }

    /// Makes a meeting that begins at `begins_ms`, in unix milliseconds: what is signed for it is good from now on and for a
    /// month after, and its clock runs from then. In the past means now.
    ///
    /// # Errors
    /// As those of [`Device::create`].
    pub fn plan(options: CreateOptions, begins_ms: u64, now_ms: u64) -> Result<Self, Reject> {
        let begins_ms = begins_ms.max(now_ms);
        let good_until_ms = begins_ms.saturating_add(CREATION_MS);
        let dice = Provider::default();
        let suite = match options.suite {
            MeetingSuite::Classical => Suite::Classical,
            MeetingSuite::XWing => Suite::XWing,
        };
        let root_seed = Zeroizing::new(dice.random::<32>());
        let root = SigningKey::from_bytes(&root_seed);
        let meeting = meeting_id(suite, &device_key(&root));
        let device_seed = Zeroizing::new(dice.random::<32>());
        let signer = DeviceSigner::from_seed(&device_seed);
        let grant = creators_grant(meeting, suite, &signer, &root, (now_ms, good_until_ms))
            .map_err(|_| Reject::Misuse)?;
        let secrets = Secrets {
            meeting,
            suite,
            device_seed,
            root_seed: Some(root_seed),
            link: Some(LinkSecret::from_bytes(dice.random())),
            mail: None,
            name: options.name,
            title: options.title,
            grant: Some(grant.clone()),
            passcode: options.passcode.map(|passcode| HostPasscode {
                text: Zeroizing::new(passcode.as_str().to_owned()),
                admits: options.admits,
                by_mail: options.by_mail,
            }),
            policy_floor: 1,
            invitation: None,
            issued: Vec::new(),
        };
        let conduct = Conduct {
            controls: options.controls.tighten(&options.floor),
            floor: options.floor,
            opened_ms: begins_ms,
            ..Conduct::default()
        };
        let policy = first_policy(meeting, suite, &signer, &root, conduct, (now_ms, good_until_ms))
            .map_err(|_| Reject::Misuse)?;
        let link = secrets.link.clone().ok_or(Reject::Misuse)?;
        let applicant = Applicant::new(meeting, suite, link, signer.clone(), grant, Provider::default())?;
        // The leaf is good for as long as the grant in it, which decides.
        let lifetime = Lifetime::new((good_until_ms - now_ms).div_ceil(1000));
        let group = applicant.create_for(&policy, lifetime, now_ms)?;
        let mut device = Self::assemble(secrets, dice, now_ms);
        device.creation = Some(device.creation_of(&group)?);
        device.title.clone_from(&device.secrets.title);
        let keys = group.keys();
        let mut log = MeetingLog::create(suite, device_key(&root), now_ms);
        // A fresh log has room for it.
        let _ =
            log.append(Event::Policy { version: policy.version, hash: Terms::of(&policy).hash() }, now_ms);
        device.chronicle = Some(Chronicle::new(log));
        device.pulse.start_as_host(now_ms);
        device.place = Place::Member(Box::new(group));
        device.install(keys, false);
        device.watch_terms();
        device.out.push_back(DeviceOutput::Remember {});
        Ok(device)
    }

    /// Begins with an invite link.
    pub fn guest(meeting: MeetingId, link: LinkSecret, name: DisplayName, now_ms: u64) -> Self {
        Self::newcomer(meeting, (Some(link), None), name, now_ms)
    }

    /// Begins with a link that came by mail: the meeting's own secret is told to who proves the passcode.
    pub fn by_mail(meeting: MeetingId, mail: MailKey, name: DisplayName, now_ms: u64) -> Self {
        Self::newcomer(meeting, (None, Some(mail)), name, now_ms)
    }

    fn newcomer(
        meeting: MeetingId,
        (link, mail): (Option<LinkSecret>, Option<MailKey>),
        name: DisplayName,
        now_ms: u64,
    ) -> Self {
        let dice = Provider::default();
        let secrets = Secrets {
            meeting,
            // Until a grant says which: the meeting's id commits to it.
            suite: Suite::XWing,
            device_seed: Zeroizing::new(dice.random()),
            root_seed: None,
            link,
            mail,
            name,
            title: None,
            grant: None,
            passcode: None,
            policy_floor: 0,
            invitation: None,
            issued: Vec::new(),
        };
        Self::assemble(secrets, dice, now_ms)
    }

    /// Comes with an invite of its own, too: lets itself in as soon as it enters, and knocks only where that is refused.
    #[must_use]
    pub fn with_invitation(mut self, invitation: Invitation) -> Self {
        self.secrets.invitation = Some(invitation);
        self
    }

    /// Takes the fragment of the link by which a device comes back, with or without its `#`: an invite of its own in it takes the
    /// place of the one that was kept. What else it may be, damaged or another meeting's, changes nothing.
    pub fn take_link(&mut self, fragment: &str) {
        let Ok((_, Some(invitation))) = Invitation::split(&self.secrets.meeting, fragment) else { return };
        if self.secrets.invitation.as_ref() != Some(&invitation) {
            self.secrets.invitation = Some(invitation);
            self.invite_refused = false;
            self.out.push_back(DeviceOutput::Remember {});
        }
    }

    /// Comes back from what [`Device::export`] returned.
    ///
    /// # Errors
    /// [`InvalidExport`].
    pub fn restore(export: &[u8], now_ms: u64) -> Result<Self, InvalidExport> {
        if export.len() > EXPORT_BYTES_MAX {
            return Err(InvalidExport);
        }
        let (secrets, rest) = Secrets::from_bytes(export).map_err(|_| InvalidExport)?;
        let mut reader = Reader::new(rest);
        let proof = Proof::read(&mut reader).map_err(|_| InvalidExport)?;
        let log = reader.rest();
        let chronicle = (!log.is_empty()).then(|| Chronicle::from_bytes(log)).transpose();
        let chronicle = chronicle.map_err(|_| InvalidExport)?;
        if chronicle.as_ref().is_some_and(|chronicle| chronicle.log().meeting() != secrets.meeting) {
            return Err(InvalidExport);
        }
        let mut device = Self::assemble(secrets, Provider::default(), now_ms);
        device.title.clone_from(&device.secrets.title);
        device.chronicle = chronicle;
        device.proof = proof;
        Ok(device)
    }

    /// Changes the own name, before entering.
    pub fn rename(&mut self, name: DisplayName) {
        self.secrets.name = name.clone();
        self.own.name = name;
        self.changed = true;
    }

    fn assemble(secrets: Secrets, dice: Provider, now_ms: u64) -> Self {
        let signer = DeviceSigner::from_seed(&secrets.device_seed);
        let keys = secrets.link.as_ref().map(|link| link.derive(&secrets.meeting));
        let own = Status { name: secrets.name.clone(), hand: false, media: MediaState::default() };
        Self {
            own,
            signer,
            keys,
            secrets,
            dice,
            creation: None,
            place: Place::Outside,
            synced: false,
            joined: false,
            title: None,
            sealed_title: None,
            people: BTreeMap::new(),
            present: BTreeMap::new(),
            absent: Absent::default(),
            guest_door: GuestDoor::default(),
            sayings: Sayings::default(),
            host_door: HostDoor::default(),
            work: Work::default(),
            in_flight: None,
            words: VecDeque::new(),
            early: Early::default(),
            before: BeforeGroup::default(),
            unnamed: VecDeque::new(),
            outcasts: BTreeMap::new(),
            names: Names::default(),
            materials: Materials::default(),
            requests: Requests::default(),
            pulse: Pulse::default(),
            media: MediaKeys::default(),
            chronicle: None,
            proof: Proof::default(),
            invite_refused: false,
            alarms: Vec::new(),
            suspended: false,
            sent: BTreeMap::new(),
            next_send: RequestId(1),
            out: VecDeque::new(),
            changed: true,
            returned: BTreeSet::new(),
            now_ms,
            last_seq: 0,
            commit_at_ms: None,
            retry: Retry::default(),
            refreshed_ms: now_ms,
            welcome_due_ms: None,
        }
    }

    fn creation_of(&self, group: &Group) -> Result<CreateMeeting, Reject> {
        let keys = self.keys.as_ref().ok_or(Reject::Misuse)?;
        let (group_info, tree) = group.state()?;
        let title = match &self.secrets.title {
            Some(title) => {
                let place = SealPlace::Title { meeting: self.secrets.meeting };
                let sealed = seal::seal(&keys.lobby, &place, title.as_str().as_bytes(), self.dice.random())
                    .map_err(|_| Reject::Misuse)?;
                Some(SealedTitle::try_from(sealed).map_err(|_| Reject::Misuse)?)
            }
            None => None,
        };
        let gate_key = keys.gate.public_key();
        Ok(CreateMeeting { meeting: self.secrets.meeting, gate_key, title, group_info, tree })
    }
}

fn creators_grant(
    meeting: MeetingId,
    suite: Suite,
    signer: &DeviceSigner,
    root: &SigningKey,
    (from_ms, until_ms): (u64, u64),
) -> Result<SignedGrant, Unsignable> {
    Grant {
        meeting,
        suite,
        subject: signer.device(),
        capabilities: Capabilities::HOST.union(Capabilities::PARTICIPANT),
        issuer: device_key(root),
        seq: from_ms,
        not_before_ms: from_ms,
        not_after_ms: until_ms,
        nonce: [0; 16],
        method: Method::Creator,
        invite: None,
    }
    .sign(root)
}

fn first_policy(
    meeting: MeetingId,
    suite: Suite,
    signer: &DeviceSigner,
    root: &SigningKey,
    conduct: Conduct,
    (from_ms, until_ms): (u64, u64),
) -> Result<sabha_admission::SignedPolicy, Unsignable> {
    let host = HostCert {
        meeting,
        subject: signer.device(),
        capabilities: Capabilities::HOST,
        issuer: device_key(root),
        seq: from_ms.saturating_add(1),
        not_after_ms: until_ms,
    }
    .sign(root)?;
    Policy {
        meeting,
        suite,
        root: device_key(root),
        version: 1,
        hosts: vec![host],
        locked_at_ms: None,
        revoked: Vec::new(),
        conduct,
        signer: device_key(root),
    }
    .sign(root)
}
