//! What an interface asks of the device that speaks for it in a meeting, and what that device tells it.
//!
//! The device is `sabha_crypto::Device`; in a browser it lives in a worker, so this is a wire too. It never
//! leaves the machine. Everything in a [`DeviceView`] is computed from what the device has verified itself;
//! the server's word is not in it, but for which number stands for which guest.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    ControlSettings, DeviceKey, DisplayName, GroupEpoch, MediaState, MeetingId, MeetingTitle, ParticipantId,
    RequestId, Rule,
    key::{Challenge, Digest},
    restricted::{MaterialBytes, MaterialKind, MaterialView},
    secret::ResumeToken,
    text::{ChatText, Passcode},
    wire::{ClientMessage, ServerMessage},
};

/// A meeting to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CreateDevice {
    /// The cipher suite, fixed for good.
    pub suite: CipherSuite,
    /// The creator's name; can be changed until it enters.
    pub name: DisplayName,
    /// The title, shown to those who have the link.
    pub title: Option<MeetingTitle>,
    /// The passcode, if there is to be one.
    pub passcode: Option<Passcode>,
    /// Whether who proves the passcode is let in without a click.
    pub admits: bool,
    /// Whether who comes by mail, without the link's secret, may prove the passcode and be told it.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub by_mail: bool,
    /// The organisation's floor, which the meeting's policy will hold and hosts cannot lower.
    #[serde(default)]
    #[ts(optional, as = "Option<ControlSettings>")]
    pub floor: ControlSettings,
    /// The meeting's controls, where they are to be tighter.
    #[serde(default)]
    #[ts(optional, as = "Option<ControlSettings>")]
    pub controls: ControlSettings,
    /// When it begins, in milliseconds since 1970; absent for one that begins now.
    #[serde(default)]
    #[ts(optional = nullable, type = "number")]
    pub begins_ms: Option<u64>,
}

/// An invite link to be followed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct JoinDevice {
    /// The meeting.
    pub meeting: MeetingId,
    /// The link's secret, without its version; for an invite of one's own, with a dot and the invitation after it; for a link
    /// that came by mail, `mail.` and its key.
    pub secret: String,
    /// The name; can be changed until it enters.
    pub name: DisplayName,
}

impl std::fmt::Debug for JoinDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinDevice").field("meeting", &self.meeting).finish_non_exhaustive()
    }
}

/// What a device is asked or told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum DeviceCommand {
    /// Host: lets a guest in.
    Admit {
        /// Who waits.
        guest: ParticipantId,
        /// Whether a rule decides so and no person: says the grant, and so the meeting's log.
        #[serde(default)]
        #[ts(optional, as = "Option<bool>")]
        by_rule: bool,
    },
    /// Host: asks a member to switch its microphone on. Nothing switches it on but the member itself.
    AskToSpeak {
        /// Who.
        device: DeviceKey,
    },
    /// The server answered a message that a [`DeviceOutput::Send`] with this number asked to send.
    Answered {
        /// Number of the `Send`.
        send: RequestId,
        /// The rule by which it was refused; absent if it was done.
        #[ts(optional = nullable)]
        refused: Option<Rule>,
    },
    /// Says something to everybody in the room.
    Chat {
        /// What.
        text: ChatText,
    },
    /// Countersigns the certificate that a host offers, if this device saw the same itself.
    Countersign {},
    /// The connection to the server is lost; nothing that was sent and not answered is answered any more.
    Disconnected {},
    /// A connection was opened: enters on it.
    Enter {
        /// The server's challenge.
        challenge: Challenge,
        /// Token of a place held before.
        #[ts(optional = nullable)]
        resume: Option<ResumeToken>,
    },
    /// Asks for the certificate that this device made or countersigned; answered by [`DeviceOutput::Certificate`].
    ExportCertificate {},
    /// Asks for the meeting's log as it is now; answered by [`DeviceOutput::Log`] if this device keeps it.
    ExportLog {},
    /// Raises or lowers the own hand.
    Hand {
        /// Whether it is up.
        raised: bool,
    },
    /// Host: makes an invite for one person, which stands in the view then.
    Invite {
        /// What this device calls the person; nobody else is told.
        name: DisplayName,
        /// Until when it is good, in unix milliseconds; 31 days at most.
        #[ts(type = "number")]
        until_ms: u64,
        /// Devices that may be in the meeting by it at one time, at least 1.
        devices: u16,
    },
    /// Proposes to leave; the server is told `leave` by the caller.
    Leave {},
    /// Host: lets a banned device ask to come in again. It is not let in by that.
    LiftBan {
        /// Which.
        device: DeviceKey,
    },
    /// Host: locks or unlocks the meeting.
    Lock {
        /// Whether it is locked.
        locked: bool,
    },
    /// On the device that keeps the log: certifies which controls held until now, and offers that to be countersigned.
    MakeCertificate {},
    /// Host: makes a member host as well.
    MakeHost {
        /// Who.
        device: DeviceKey,
    },
    /// Says what the own sources are now.
    Media {
        /// The whole state.
        media: MediaState,
    },
    /// Guest: the passcode that a host's device asked for.
    Passcode {
        /// As typed.
        passcode: Passcode,
    },
    /// A message from the server, as it came.
    Receive {
        /// Which.
        message: Box<ServerMessage>,
    },
    /// Host: removes a member, revokes the grant and bans the device.
    Remove {
        /// Who.
        device: DeviceKey,
    },
    /// Host: sends a member back to the lobby: revokes the grant, without a ban.
    SendBack {
        /// Who.
        device: DeviceKey,
    },
    /// Host: what may be done from now on. What is looser than the floor stays at the floor.
    SetControls {
        /// Every control that is not at its loosest.
        controls: ControlSettings,
    },
    /// Host: gives a member who is no host a right, or takes it. Controls decide whether it can be given at all.
    SetRight {
        /// Who.
        device: DeviceKey,
        /// Which.
        right: MemberRight,
        /// Whether it has it from now on.
        allowed: bool,
    },
    /// Host: gives a member who is no host the rights of a role, in the place of what was given and taken before.
    SetRole {
        /// Who.
        device: DeviceKey,
        /// Which.
        role: MemberRole,
    },
    /// Host: the meeting's passcode from now on; none if absent. Resets the count of wrong tries.
    SetPasscode {
        /// The passcode.
        #[ts(optional = nullable)]
        passcode: Option<Passcode>,
        /// Whether who proves it is let in without a click.
        admits: bool,
    },
    /// Shows restricted material to everybody in the room, in the place of what this device has shown before.
    ShowMaterial {
        /// What it is.
        kind: MaterialKind,
        /// The whole.
        content: MaterialBytes,
    },
    /// Host: nobody comes in by mail any more.
    ShutMail {},
    /// Host: puts one member before everybody's eyes, or nobody.
    Spotlight {
        /// Who; nobody if absent.
        #[ts(optional = nullable)]
        device: Option<DeviceKey>,
    },
    /// Host: suspends all that participants do, or lets them go on.
    Suspend {
        /// Whether everything is suspended.
        suspended: bool,
    },
    /// Takes back the restricted material that this device shows: everybody's copy goes.
    TakeMaterialAway {},
    /// Host: voids an invite that this device has made. Who came by it goes back to the lobby.
    WithdrawInvite {
        /// Which.
        invite: DeviceKey,
    },
}

/// What a host can give to a member and take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MemberRight {
    /// To send the camera.
    Camera,
    /// To write to all.
    Chat,
    /// To send the microphone.
    Microphone,
    /// To share a screen, with its sound.
    Screen,
}

impl MemberRight {
    /// Every right, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Microphone, Self::Camera, Self::Screen, Self::Chat];
}

/// Rights of a member under a name. No role has a right over others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// Sees and hears, and sends and writes nothing.
    Attendee,
    /// May do what the controls leave to everybody.
    Participant,
    /// May share a screen, too, where the controls leave it to a host to say so.
    Presenter,
}

/// What a device wants done, or says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum DeviceOutput {
    /// A host asks the person to switch the microphone on. Only the person does.
    AskedToSpeak {
        /// Which host.
        by: DeviceKey,
        /// Its name, if it is known.
        #[ts(optional = nullable)]
        name: Option<DisplayName>,
    },
    /// The meeting's certificate, as a file that anybody can check: because it was asked for, or because the meeting has
    /// ended.
    Certificate {
        /// The file.
        text: String,
    },
    /// Somebody said something; own words come back too.
    Chat {
        /// Who.
        from: DeviceKey,
        /// Under which name.
        name: DisplayName,
        /// What.
        text: ChatText,
    },
    /// The meeting's log, signed, as text that anybody can check: because it was asked for, or because the meeting has
    /// ended, with everything that this device knew of it.
    Log {
        /// The text.
        text: String,
    },
    /// Restricted material is here, all of it: to be shown as long as it is in the view, and to be kept nowhere. Own material comes
    /// back too.
    Material {
        /// Whose device shows it.
        from: DeviceKey,
        /// SHA-256 of it, as in the view.
        id: Digest,
        /// What it is.
        kind: MaterialKind,
        /// The whole.
        content: MaterialBytes,
    },
    /// The keys for frames changed. Goes to where frames are sealed and opened, and nowhere else.
    Media {
        /// What changed.
        change: MediaKeyChange,
    },
    /// Something that was asked for is not done: the meeting's policy forbids it.
    Refused {
        /// By which rule.
        rule: Rule,
    },
    /// What must survive a reload changed: take it by `Device::export` and keep it wrapped.
    Remember {},
    /// Send this to the server.
    Send {
        /// To be named by [`DeviceCommand::Answered`].
        send: RequestId,
        /// What.
        message: Box<ClientMessage>,
    },
    /// How things stand now. Replaces the last one.
    View {
        /// The whole.
        view: Box<DeviceView>,
    },
}

/// A change of the keys for frames (SFrame, RFC 9605).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum MediaKeyChange {
    /// Frames of this epoch cannot be opened any more.
    Drop {
        /// Which.
        epoch: GroupEpoch,
    },
    /// Frames of this epoch can be opened from now on.
    Install {
        /// Which.
        epoch: GroupEpoch,
        /// The `base_key` of RFC 9605 section 5.2: 16 bytes, base64url.
        base_key: BaseKey,
        /// The own leaf in this epoch.
        own_leaf: u32,
        /// Every other leaf with the sources it may send.
        leaves: Vec<MediaLeaf>,
    },
    /// Nothing is sealed from now on: what must be certain for sending is not.
    Mute {},
    /// Own frames are sealed in this epoch from now on.
    Use {
        /// Which.
        epoch: GroupEpoch,
    },
}

impl std::fmt::Debug for MediaKeyChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Drop { epoch } => write!(f, "Drop({epoch})"),
            Self::Install { epoch, own_leaf, .. } => write!(f, "Install({epoch}, own leaf {own_leaf})"),
            Self::Mute {} => f.write_str("Mute"),
            Self::Use { epoch } => write!(f, "Use({epoch})"),
        }
    }
}

/// A leaf of the group and what it may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MediaLeaf {
    /// Its index in the tree.
    pub leaf: u32,
    /// Its device.
    pub device: DeviceKey,
    /// The sources its grant allows.
    pub allowed: MediaState,
}

/// An SFrame `base_key`: 16 bytes, base64url without padding. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct BaseKey([u8; 16]);

impl BaseKey {
    /// Returns the key with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }
}

impl TryFrom<String> for BaseKey {
    type Error = crate::key::InvalidKey;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() != 22 {
            return Err(crate::key::InvalidKey);
        }
        let bytes = Base64UrlUnpadded::decode_vec(&text).map_err(|_| crate::key::InvalidKey)?;
        bytes.try_into().map(Self).map_err(|_| crate::key::InvalidKey)
    }
}

impl From<BaseKey> for String {
    fn from(key: BaseKey) -> Self {
        Base64UrlUnpadded::encode_string(&key.0)
    }
}

/// How things stand for one device in one meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DeviceView {
    /// The meeting.
    pub meeting: MeetingId,
    /// The own device.
    pub me: DeviceKey,
    /// How far it has come.
    pub stage: DeviceStage,
    /// The fragment of the invite link, with `#`.
    pub invite: String,
    /// The meeting's title, opened.
    #[ts(optional = nullable)]
    pub title: Option<MeetingTitle>,
    /// Whether everything that is shown was verified.
    pub encryption: Encryption,
    /// What went wrong, oldest first; stays until the meeting is over.
    pub alarms: Vec<Alarm>,
    /// How long the hosts have been silent.
    pub heartbeat: HeartbeatState,
    /// The group's epoch.
    pub epoch: GroupEpoch,
    /// Whether a host's heartbeat names this epoch, in which all others seal from then on. It may be an old one that was held back:
    /// that it is not is what `encryption` says, and what the own device waits for.
    pub epoch_certified: bool,
    /// The cipher suite, fixed by the meeting's id.
    pub suite: CipherSuite,
    /// To be compared with others; absent outside the group.
    #[ts(optional = nullable)]
    pub code: Option<VerificationCode>,
    /// Everybody in the group, in the order of their leaves.
    pub members: Vec<MemberView>,
    /// Who waits, as far as they have shown that they have the link; for hosts.
    pub guests: Vec<WaitingView>,
    /// Whether the meeting is locked.
    pub locked: bool,
    /// What may be done, as a host has signed it.
    pub conduct: ConductView,
    /// Devices that hosts have removed, and that stay out until one lifts the ban.
    pub banned: Vec<BannedView>,
    /// Invites for single persons that this device has made and that are not void, the oldest first.
    pub invites: Vec<InviteView>,
    /// The passcode, seen from this side.
    pub passcode: PasscodeView,
    /// Restricted material that members show now, the own first.
    pub materials: Vec<MaterialView>,
    /// Guest: a host's device says that nobody comes in here but by a personal link that holds.
    pub personal_link_wanted: bool,
    /// Whether this device is a host's.
    pub host: bool,
    /// Whether this device keeps the meeting's log.
    pub keeps_log: bool,
    /// The certificate that this device made, or that a host offers.
    pub certificate: CertificateView,
    /// From when on this device's record of the controls has no more room, in unix milliseconds: a certificate ends there.
    #[ts(optional = nullable, type = "number")]
    pub record_full_from_ms: Option<u64>,
}

/// How the certificate of the meeting stands for one device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum CertificateView {
    /// This device made it.
    Made {
        /// Up to when it speaks, in unix milliseconds.
        #[ts(type = "number")]
        until_ms: u64,
        /// How many have countersigned it.
        countersigned: u16,
        /// Whether it was offered to the others: not at the end, or without a connection.
        offered: bool,
    },
    /// There is none.
    #[default]
    None,
    /// A host's device offers it.
    Offered {
        /// Whose.
        from: DeviceKey,
        /// Up to when it speaks, in unix milliseconds.
        #[ts(type = "number")]
        until_ms: u64,
        /// What this device makes of it.
        state: OfferState,
    },
}

/// What a device makes of a certificate that a host offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OfferState {
    /// It says what this device saw itself: it can be countersigned.
    Agrees,
    /// It was countersigned.
    Countersigned,
    /// It says something else: see the alarms. It is not countersigned.
    Differs,
    /// This device does not know enough to say.
    Unclear,
}

/// What a certificate says otherwise than a device saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CertificateDifference {
    /// Which controls held.
    Controls,
    /// What the organisation demanded.
    Floor,
    /// Which group it was.
    Group,
    /// How many hosts there were.
    Hosts,
    /// Whether the meeting was locked.
    Lock,
    /// The head of the meeting's log.
    Log,
    /// Which policy a host had signed.
    Policy,
    /// To how many rights were given, and from how many they were taken.
    Rights,
    /// Whether all was suspended.
    Suspension,
    /// When something changed.
    Time,
}

/// What may be done in the meeting, by the policy in the group's context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ConductView {
    /// What the organisation demands.
    pub floor: ControlSettings,
    /// What holds.
    pub controls: ControlSettings,
    /// When the meeting locks by itself, in unix milliseconds.
    #[ts(optional = nullable)]
    pub locks_at_ms: Option<u64>,
    /// Whether all that participants do is suspended.
    pub suspended: bool,
    /// Whom a host has put before everybody's eyes, while it is a member.
    #[ts(optional = nullable)]
    pub spotlight: Option<DeviceKey>,
}

/// How far a device has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DeviceStage {
    /// Not entered, or out again.
    Outside,
    /// In the lobby.
    Waiting,
    /// In the lobby: a host's device asks for the passcode.
    PasscodeWanted,
    /// In the lobby: the passcode is being proven.
    Proving,
    /// A host signed the grant; the group is being joined.
    Joining,
    /// In the group.
    Member,
    /// In the group, which no host can be reached in any more: it may only shrink.
    Sealed,
    /// Removed by a host.
    Removed,
}

/// Whether what is sent and seen is what was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Something was wrong: see the alarms.
    Failed,
    /// Not yet: nothing is sent before it is.
    Pending,
    /// Every member has a host's signature, and the hosts certify this epoch.
    Verified,
}

/// What a device noticed of a server or member that does not keep to the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Alarm {
    /// The server passed on a change of the group that breaks a rule of admission; it was refused.
    Admission {
        /// Id of the rule, such as `ADM-03`.
        rule: String,
    },
    /// A host offers a certificate that says something else than this device saw.
    Certificate {
        /// What.
        differences: Vec<CertificateDifference>,
    },
    /// A host's heartbeat speaks of another group than this device has: the server split it.
    Fork {},
    /// The server passed on a handshake that is none, or not for this epoch.
    Handshake {},
    /// The tree or group that was offered to join is not the one the hosts certify.
    WrongGroup {},
}

/// How long the hosts have been silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HeartbeatState {
    /// Less than ten seconds, or there is no host to hear.
    Fresh,
    /// Ten seconds or more.
    Late,
    /// Thirty seconds or more: nothing is sent.
    Lost,
}

/// The cipher suite of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CipherSuite {
    /// X25519, AES-128-GCM, SHA-256, Ed25519 (0x0001).
    Classical,
    /// X-Wing (ML-KEM-768 and X25519), AES-128-GCM, SHA-256, Ed25519 (0x004F).
    XWing,
}

/// Digits to be compared aloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct VerificationCode {
    /// 30 digits of the epoch: equal for all who are in the same group with the same members.
    pub group: String,
    /// 10 digits of the meeting's root key: equal as long as the meeting lives.
    pub root: String,
}

/// Somebody in the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MemberView {
    /// Its device.
    pub device: DeviceKey,
    /// Its leaf in the tree.
    pub leaf: u32,
    /// The name it gave itself, once it has said it in the group.
    #[ts(optional = nullable)]
    pub name: Option<DisplayName>,
    /// Whether it is a host.
    pub host: bool,
    /// How it was admitted.
    pub method: AdmissionMethod,
    /// Whether its hand is up.
    pub hand: bool,
    /// What it says it has on.
    pub media: MediaState,
    /// What grant and policy allow it to send.
    pub allowed: MediaState,
    /// Whether it may write to all.
    pub may_chat: bool,
    /// What a host has given it, where the controls leave that to hosts.
    pub given: Vec<MemberRight>,
    /// What a host has taken from it.
    pub taken: Vec<MemberRight>,
    /// The role that this makes; absent for hosts, and for who has some of the rights of one and some of another.
    #[ts(optional = nullable)]
    pub role: Option<MemberRole>,
}

/// A device that is banned from the meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BannedView {
    /// Which.
    pub device: DeviceKey,
    /// What its person was called, if this device was there or a host has told it.
    #[ts(optional = nullable)]
    pub name: Option<DisplayName>,
}

/// An invite for one person, on the device that made it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct InviteView {
    /// Its key.
    pub invite: DeviceKey,
    /// What this device calls the person.
    pub name: DisplayName,
    /// Until when it is good, in unix milliseconds.
    #[ts(type = "number")]
    pub until_ms: u64,
    /// Devices that may be in the meeting by it at one time.
    pub devices: u16,
    /// The fragment of its link, with `#`. Whoever has it comes in.
    pub fragment: String,
    /// Devices that are in the meeting by it.
    pub used_by: Vec<DeviceKey>,
}

impl std::fmt::Debug for InviteView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InviteView").field("invite", &self.invite).finish_non_exhaustive()
    }
}

/// How somebody was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AdmissionMethod {
    /// It made the meeting.
    Creator,
    /// A host's invitation was signed in advance.
    Invite,
    /// A host let it in.
    Manual,
    /// It proved the passcode.
    Passcode,
    /// A host's rule let it in.
    Rule,
}

/// Somebody who waits, as a host's device sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct WaitingView {
    /// Its number at the server.
    pub guest: ParticipantId,
    /// Its device.
    pub device: DeviceKey,
    /// The name in its knock, which only who has the link could seal.
    pub name: DisplayName,
    /// Whether it has proven the passcode.
    pub passcode: PasscodeProof,
    /// Whether it is being let in.
    pub admitting: bool,
    /// Whether the server says that it is signed in with an account of the organisation.
    pub of_organisation: bool,
    /// The personal link that it showed.
    #[ts(optional = nullable)]
    pub invite: Option<GuestInvite>,
}

/// A personal link that somebody who waits has shown to be theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GuestInvite {
    /// What this device called the person for whom it made the link; absent if another host's device made it.
    #[ts(optional = nullable)]
    pub name: Option<DisplayName>,
    /// Whether it lets in, if a host says yes: it is a host's, in force, not withdrawn, and not in use on as many devices as
    /// it is for.
    pub holds: bool,
}

/// How a guest stands with the passcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PasscodeProof {
    /// The last try was wrong.
    Failed,
    /// There is no passcode.
    NotNeeded,
    /// It was right.
    Proven,
    /// It has not been tried.
    Wanted,
}

/// The passcode, seen from one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum PasscodeView {
    /// Host: the passcode is off after too many wrong tries, until it is set again.
    Disabled {
        /// Whether who proved it was let in without a click.
        admits: bool,
    },
    /// None that this device knows of.
    None {},
    /// Guest: the passcode is off, and a host decides.
    Off {},
    /// Host: this is it.
    Set {
        /// The passcode, in the form in which it is told.
        passcode: Passcode,
        /// Whether who proves it is let in without a click.
        admits: bool,
        /// Wrong tries so far.
        wrong: u32,
        /// Whether who comes by mail may prove it.
        by_mail: bool,
    },
    /// Guest: a host's device asks for it.
    Wanted {
        /// Wrong tries so far.
        wrong: u32,
        /// Tries left.
        left: u32,
    },
}
