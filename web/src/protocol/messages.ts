// Generated from crates/protocol by `cargo xtask codegen`. Do not edit.

export type MeetingId = string;

export type ParticipantId = number;

export type RequestId = number;

export type RoomSeq = number;

export type BootEpoch = number;

export type RoomEpoch = number;

export type MediaGeneration = number;

export type GroupEpoch = number;

export type DisplayName = string;

export type MeetingTitle = string;

export type ChatText = string;

export type Passcode = string;

export type Sdp = string;

export type TileHeight = number;

export type CreationKey = string;

export type ResumeToken = string;

export type Challenge = string;

export type DeviceKey = string;

export type Digest = string;

export type GateKey = string;

export type Signature = string;

export type DoorPayload = string;

export type GrantBytes = string;

export type GroupInfo = string;

export type HandshakeMessage = string;

export type HeartbeatBytes = string;

export type KnockPayload = string;

export type RatchetTree = string;

export type RelayPayload = string;

export type SealedTitle = string;

export type WelcomeMessage = string;

export type MediaKind = "audio" | "video";

export type Source = "microphone" | "camera" | "screen" | "screen_audio";

export type Layer = "low" | "medium" | "high";

export type VideoCodec = "vp8" | "vp9";

export type MediaState = { 
/**
 * The microphone is open: `false` is what the interface calls muted.
 */
microphone: boolean, 
/**
 * The camera is on.
 */
camera: boolean, 
/**
 * A screen is being shared.
 */
screen: boolean, 
/**
 * The shared screen has sound.
 */
screen_audio: boolean, };

export type Quality = "poor" | "fair" | "good";

export type Mid = string;

export type UpSlot = { 
/**
 * The section's tag in the offer.
 */
mid: Mid, 
/**
 * What the client will send on it.
 */
source: Source, };

export type DownSlot = { 
/**
 * The section's tag in the offer.
 */
mid: Mid, 
/**
 * Sound or picture.
 */
kind: MediaKind, };

export type Rule = "ROOM.HOST.ONLY" | "ROOM.ENTRY.ADMITTED" | "ROOM.ENTRY.LINK" | "ROOM.ENTRY.REMOVED" | "ROOM.ENTRY.SENT_BACK" | "ROOM.ENTRY.INVITE" | "ROOM.INVITES" | "ROOM.LOCKED" | "MLS.EPOCH" | "MLS.ADMISSION" | "MLS.MISSED" | "ROOM.ENTRY.DEVICE" | "ROOM.ENTRY.COOLDOWN" | "ROOM.LOBBY.FULL" | "ROOM.FULL" | "ROOM.RESUME.WINDOW" | "ROOM.HOST.LAST" | "ROOM.PRESENT" | "ROOM.TARGET" | "MEET.PASS.REQUIRED" | "MEET.LOBBY.ON" | "MEET.SHARE.HOST" | "MEET.CHAT.SAFE" | "MEET.LOCK.AUTO" | "MEET.END.ALL" | "ORG.MFA" | "ORG.CLIENT.FLOOR" | "ORG.EXTERNAL" | "ORG.LINK.PRIVATE" | "ROOM.SOURCE" | "RED.MATERIAL" | "ROOM.SUSPENDED" | "ORG.POLICY.FLOOR" | "FLOOR.SEEN" | "FLOOR.LATER" | "FLOOR.PROFILE" | "WIRE.ORDER" | "WIRE.FORM" | "WIRE.RATE" | "LIMIT.NETWORK" | "LIMIT.LOBBY" | "LIMIT.KNOCKS" | "LIMIT.PASSCODES" | "LIMIT.CREDENTIALS" | "LIMIT.ACCOUNT" | "LIMIT.MAILS" | "MEDIA.OFFER" | "SERVER.CAPACITY" | "SERVER.CREATE" | "SERVER.STORAGE" | "ACCOUNT.LINK" | "ACCOUNT.IDENTITY" | "ACCOUNT.LAST" | "ACCOUNT.ORIGIN" | "ACCOUNT.PASSKEY" | "ACCOUNT.PASSWORD" | "ACCOUNT.PASSWORDS_OFF" | "ACCOUNT.PROVIDER" | "ACCOUNT.ROLE" | "ACCOUNT.SCOPE" | "ACCOUNT.SIGNED_IN" | "ACCOUNT.STRANGER" | "ACCOUNT.KNOWN" | "BULLETIN.KNOWN" | "BULLETIN.ROLE" | "BULLETIN.FOUR_EYES" | "BULLETIN.STAGE" | "BULLETIN.SEEN" | "BULLETIN.MARKING" | "BULLETIN.CONTENT" | "BULLETIN.CSAF" | "BULLETIN.ATTACHMENT" | "BULLETIN.KEY" | "BULLETIN.WEBHOOK";

export type Credential = { "type": "device", 
/**
 * The grant it holds; absent if it is in the group.
 */
grant?: GrantBytes | null, } | { "type": "link", 
/**
 * By the key that belongs to the link, over meeting, device and challenge.
 */
tag: Signature, 
/**
 * For the hosts.
 */
knock: KnockPayload, } | { "type": "mail", 
/**
 * By the key in the mail's link, over meeting, device and challenge.
 */
tag: Signature, } | { "type": "resume", 
/**
 * The newest token this place was given.
 */
token: ResumeToken, };

export type MediaOffer = { 
/**
 * The offer itself.
 */
sdp: Sdp, 
/**
 * Sections on which the client sends, each source at most once.
 */
up: Array<UpSlot>, 
/**
 * Sections on which the client receives.
 */
down: Array<DownSlot>, };

export type Tile = { 
/**
 * Whose picture.
 */
participant: ParticipantId, 
/**
 * Camera or screen; sound is not subscribed to.
 */
source: Source, 
/**
 * Shown height.
 */
height: TileHeight, };

export type ClientMessage = { "type": "adopt", 
/**
 * The group, signed by a member.
 */
group_info: GroupInfo, 
/**
 * Its tree.
 */
tree: RatchetTree, 
/**
 * A host's word for that epoch.
 */
heartbeat: HeartbeatBytes, } | { "type": "commit", 
/**
 * The epoch it starts from.
 */
epoch: GroupEpoch, 
/**
 * The commit.
 */
commit: HandshakeMessage, 
/**
 * For those whom it adds.
 */
welcome?: WelcomeMessage | null, 
/**
 * The group as it will be.
 */
group_info: GroupInfo, } | { "type": "deny", 
/**
 * Who waits in the lobby.
 */
guest: ParticipantId, } | { "type": "door", 
/**
 * The guest; absent when a guest speaks.
 */
to?: ParticipantId | null, 
/**
 * What is said.
 */
payload: DoorPayload, } | { "type": "end", } | { "type": "enter", 
/**
 * The meeting of the link.
 */
meeting: MeetingId, 
/**
 * The device's key.
 */
device: DeviceKey, 
/**
 * By the device's key over the connection's challenge.
 */
proof: Signature, 
/**
 * The right to come this far.
 */
credential: Credential, 
/**
 * The number of the client, which goes up from release to release; 0 for one that does not say.
 */
client: number, } | { "type": "group_state", } | { "type": "join", 
/**
 * The peer connection's offer.
 */
offer: MediaOffer, 
/**
 * What the client wants to have on. After a resume this can only switch off, never on.
 */
media: MediaState, } | { "type": "leave", } | { "type": "mute", 
/**
 * Whose source.
 */
participant: ParticipantId, 
/**
 * Which one.
 */
source: Source, } | { "type": "offer", 
/**
 * The new peer connection's offer.
 */
offer: MediaOffer, } | { "type": "missed", 
/**
 * The epoch the client is in.
 */
epoch: GroupEpoch, } | { "type": "ping", 
/**
 * Whether the client rests from now on.
 */
resting?: boolean, } | { "type": "propose", 
/**
 * The epoch it is for.
 */
epoch: GroupEpoch, 
/**
 * The proposal.
 */
proposal: HandshakeMessage, } | { "type": "relay", 
/**
 * One member, or all others if absent.
 */
to: ParticipantId | null, 
/**
 * The bytes.
 */
payload: RelayPayload, } | { "type": "set_media", 
/**
 * The whole state.
 */
media: MediaState, } | { "type": "subscribe", 
/**
 * At most as many as the client offered video down-slots. Others are not sent.
 */
tiles: Array<Tile>, };

export type ClientFrame = { 
/**
 * Repeated in the `re` of the answer. The client counts up; the server does not check.
 */
id: RequestId, 
/**
 * The message.
 */
body: ClientMessage, };

export type Role = "host" | "participant";

export type Presence = "connected" | "reconnecting";

export type Participant = { 
/**
 * Its id in this room.
 */
id: ParticipantId, 
/**
 * Its device's key. Its name is known to members only, by a message in the group.
 */
device: DeviceKey, 
/**
 * Its role.
 */
role: Role, 
/**
 * What it has switched on.
 */
media: MediaState, 
/**
 * Whether it is reachable.
 */
presence: Presence, 
/**
 * Whether its connection is signed in with an account of this server's organisation. The server's word: no device can
 * check it.
 */
of_organisation: boolean, };

export type Guest = { 
/**
 * Its id; kept when it is admitted.
 */
id: ParticipantId, 
/**
 * Its device's key.
 */
device: DeviceKey, 
/**
 * What it says, sealed under the lobby key; absent for one who came by mail and does not have that key yet.
 */
knock?: KnockPayload | null, 
/**
 * How long it has waited when this was sent, in milliseconds.
 */
waiting_ms: number, 
/**
 * Whether it is signed in with an account of this server's organisation. The server's word.
 */
of_organisation: boolean, };

export type LobbyOutcome = "admitted" | "denied" | "withdrew";

export type LeaveReason = "left" | "lost" | "removed" | "sent_back";

export type CloseReason = "abandoned" | "denied" | "ended" | "left" | "misbehaved" | "policy" | "removed" | "replaced" | "sent_back" | "server_stopping" | "too_slow";

export type Occupant = { 
/**
 * Who.
 */
participant: ParticipantId, 
/**
 * What.
 */
source: Source, };

export type SlotAssignment = { 
/**
 * The slot.
 */
mid: Mid, 
/**
 * Whose publication it carries; nobody's if absent.
 */
occupant: Occupant | null, };

export type MediaAnswer = { 
/**
 * The answer.
 */
sdp: Sdp, 
/**
 * Counts the participant's peer connections.
 */
generation: MediaGeneration, };

export type ServerMessage = { "type": "admitted", 
/**
 * Your id in this room.
 */
you: ParticipantId, 
/**
 * Your role.
 */
role: Role, 
/**
 * The epoch the server's view of the group is in.
 */
epoch: GroupEpoch, 
/**
 * Whether your device is in that group; if not, join it by an external commit.
 */
in_group: boolean, 
/**
 * Brings you back to this place within 60 s after the connection dropped. Replaces any older one.
 */
resume: ResumeToken, 
/**
 * The meeting's title, sealed under the lobby key.
 */
title?: SealedTitle | null, 
/**
 * The room's epoch.
 */
room_epoch: RoomEpoch, 
/**
 * What of your media survived a resume; all on for a first entry.
 */
media_allowed: MediaState, } | { "type": "closed", 
/**
 * Why.
 */
reason: CloseReason, 
/**
 * Who decided it, where somebody did.
 */
by: ParticipantId | null, } | { "type": "codec_wanted", 
/**
 * Camera or screen.
 */
source: Source, 
/**
 * The codec.
 */
codec: VideoCodec, } | { "type": "door", 
/**
 * Who says it.
 */
from: ParticipantId, 
/**
 * What.
 */
payload: DoorPayload, } | { "type": "done", } | { "type": "draining", 
/**
 * Time left, in milliseconds.
 */
remaining_ms: number, } | { "type": "floor", 
/**
 * What it demands.
 */
floor: ControlSettings, } | { "type": "group_state", 
/**
 * Its epoch.
 */
epoch: GroupEpoch, 
/**
 * Signed by the member who made the last commit.
 */
group_info: GroupInfo, 
/**
 * Its tree.
 */
tree: RatchetTree, } | { "type": "handshake", 
/**
 * Who sent it: the connection it came on.
 */
from: ParticipantId, 
/**
 * The epoch it starts from.
 */
epoch: GroupEpoch, 
/**
 * The message.
 */
message: HandshakeMessage, } | { "type": "joined", 
/**
 * Answer to your offer.
 */
answer: MediaAnswer, 
/**
 * What you may send now.
 */
media: MediaState, 
/**
 * Everybody in the room, you included.
 */
participants: Array<Participant>, 
/**
 * Who waits in the lobby; empty unless you are host.
 */
lobby: Array<Guest>, 
/**
 * The room's order up to which this is complete.
 */
seq: RoomSeq, } | { "type": "knocked", 
/**
 * Who.
 */
guest: Guest, } | { "type": "layers_wanted", 
/**
 * Camera or screen.
 */
source: Source, 
/**
 * The wanted layers, lowest first; none means that nobody watches. A screen has only `high`.
 */
layers: Array<Layer>, } | { "type": "lobby_left", 
/**
 * Who.
 */
guest: ParticipantId, 
/**
 * How it ended.
 */
outcome: LobbyOutcome, } | { "type": "media_answer", 
/**
 * The answer.
 */
answer: MediaAnswer, } | { "type": "media_lost", } | { "type": "muted", 
/**
 * Which.
 */
source: Source, 
/**
 * Who did it.
 */
by: ParticipantId, } | { "type": "participant_changed", 
/**
 * The participant as it is now.
 */
participant: Participant, } | { "type": "participant_joined", 
/**
 * Who.
 */
participant: Participant, } | { "type": "participant_left", 
/**
 * Who.
 */
participant: ParticipantId, 
/**
 * Why.
 */
reason: LeaveReason, } | { "type": "pong", } | { "type": "quality_changed", 
/**
 * Whose.
 */
participant: ParticipantId, 
/**
 * How well.
 */
quality: Quality, } | { "type": "refused", 
/**
 * By which rule.
 */
rule: Rule, 
/**
 * The same in a sentence, for people and logs.
 */
message: string, } | { "type": "relayed", 
/**
 * Who sent them: the connection they came on, not a claim in them.
 */
from: ParticipantId, 
/**
 * The bytes.
 */
payload: RelayPayload, } | { "type": "resume_renewed", 
/**
 * Replaces the one you have.
 */
resume: ResumeToken, } | { "type": "slots", 
/**
 * The peer connection this is about.
 */
generation: MediaGeneration, 
/**
 * Slots that changed.
 */
slots: Array<SlotAssignment>, } | { "type": "speakers", 
/**
 * At most the number that is forwarded at once.
 */
speaking: Array<ParticipantId>, } | { "type": "waiting", 
/**
 * Your id in the lobby.
 */
you: ParticipantId, 
/**
 * Whether a host is there to hear the knock.
 */
host_present: boolean, 
/**
 * The meeting's title, sealed under the lobby key.
 */
title?: SealedTitle | null, } | { "type": "welcomed", 
/**
 * The Welcome.
 */
welcome: WelcomeMessage, 
/**
 * The tree, whose hash is in the Welcome's GroupInfo.
 */
tree: RatchetTree, } | { "type": "welcome", 
/**
 * Version of the server, for display.
 */
version: string, 
/**
 * Which life of the server this is.
 */
boot_epoch: BootEpoch, 
/**
 * To be signed by who enters on this connection.
 */
challenge: Challenge, };

export type ServerFrame = { 
/**
 * The request this answers.
 */
re?: RequestId, 
/**
 * Position in the room's order, for messages that everybody in the room gets.
 */
seq?: RoomSeq, 
/**
 * The message.
 */
body: ServerMessage, };

export type ControlWord = string;

export type ControlSetting = { 
/**
 * Which.
 */
control: ControlWord, 
/**
 * The name of a level, a number, or `none`.
 */
value: ControlWord, };

export type ControlSettings = Array<ControlSetting>;

export type BaseKey = string;

export type CipherSuite = "classical" | "x_wing";

export type AdmissionMethod = "creator" | "invite" | "manual" | "passcode" | "rule";

export type Alarm = { "type": "admission", 
/**
 * Id of the rule, such as `ADM-03`.
 */
rule: string, } | { "type": "certificate", 
/**
 * What.
 */
differences: Array<CertificateDifference>, } | { "type": "fork", } | { "type": "handshake", } | { "type": "wrong_group", };

export type BannedView = { 
/**
 * Which.
 */
device: DeviceKey, 
/**
 * What its person was called, if this device was there or a host has told it.
 */
name?: DisplayName | null, };

export type InviteView = { 
/**
 * Its key.
 */
invite: DeviceKey, 
/**
 * What this device calls the person.
 */
name: DisplayName, 
/**
 * Until when it is good, in unix milliseconds.
 */
until_ms: number, 
/**
 * Devices that may be in the meeting by it at one time.
 */
devices: number, 
/**
 * The fragment of its link, with `#`. Whoever has it comes in.
 */
fragment: string, 
/**
 * Devices that are in the meeting by it.
 */
used_by: Array<DeviceKey>, };

export type DeviceStage = "outside" | "waiting" | "passcode_wanted" | "proving" | "joining" | "member" | "sealed" | "removed";

export type Encryption = "failed" | "pending" | "verified";

export type HeartbeatState = "fresh" | "late" | "lost";

export type MediaLeaf = { 
/**
 * Its index in the tree.
 */
leaf: number, 
/**
 * Its device.
 */
device: DeviceKey, 
/**
 * The sources its grant allows.
 */
allowed: MediaState, };

export type MediaKeyChange = { "type": "drop", 
/**
 * Which.
 */
epoch: GroupEpoch, } | { "type": "install", 
/**
 * Which.
 */
epoch: GroupEpoch, 
/**
 * The `base_key` of RFC 9605 section 5.2: 16 bytes, base64url.
 */
base_key: BaseKey, 
/**
 * The own leaf in this epoch.
 */
own_leaf: number, 
/**
 * Every other leaf with the sources it may send.
 */
leaves: Array<MediaLeaf>, } | { "type": "mute", } | { "type": "use", 
/**
 * Which.
 */
epoch: GroupEpoch, };

export type MemberView = { 
/**
 * Its device.
 */
device: DeviceKey, 
/**
 * Its leaf in the tree.
 */
leaf: number, 
/**
 * The name it gave itself, once it has said it in the group.
 */
name?: DisplayName | null, 
/**
 * Whether it is a host.
 */
host: boolean, 
/**
 * How it was admitted.
 */
method: AdmissionMethod, 
/**
 * Whether its hand is up.
 */
hand: boolean, 
/**
 * What it says it has on.
 */
media: MediaState, 
/**
 * What grant and policy allow it to send.
 */
allowed: MediaState, 
/**
 * Whether it may write to all.
 */
may_chat: boolean, 
/**
 * What a host has given it, where the controls leave that to hosts.
 */
given: Array<MemberRight>, 
/**
 * What a host has taken from it.
 */
taken: Array<MemberRight>, 
/**
 * The role that this makes; absent for hosts, and for who has some of the rights of one and some of another.
 */
role?: MemberRole | null, };

export type PasscodeProof = "failed" | "not_needed" | "proven" | "wanted";

export type PasscodeView = { "type": "disabled", 
/**
 * Whether who proved it was let in without a click.
 */
admits: boolean, } | { "type": "none", } | { "type": "off", } | { "type": "set", 
/**
 * The passcode, in the form in which it is told.
 */
passcode: Passcode, 
/**
 * Whether who proves it is let in without a click.
 */
admits: boolean, 
/**
 * Wrong tries so far.
 */
wrong: number, 
/**
 * Whether who comes by mail may prove it.
 */
by_mail: boolean, } | { "type": "wanted", 
/**
 * Wrong tries so far.
 */
wrong: number, 
/**
 * Tries left.
 */
left: number, };

export type VerificationCode = { 
/**
 * 30 digits of the epoch: equal for all who are in the same group with the same members.
 */
group: string, 
/**
 * 10 digits of the meeting's root key: equal as long as the meeting lives.
 */
root: string, };

export type CertificateDifference = "controls" | "floor" | "group" | "hosts" | "lock" | "log" | "policy" | "rights" | "suspension" | "time";

export type CertificateView = { "type": "made", 
/**
 * Up to when it speaks, in unix milliseconds.
 */
until_ms: number, 
/**
 * How many have countersigned it.
 */
countersigned: number, 
/**
 * Whether it was offered to the others: not at the end, or without a connection.
 */
offered: boolean, } | { "type": "none" } | { "type": "offered", 
/**
 * Whose.
 */
from: DeviceKey, 
/**
 * Up to when it speaks, in unix milliseconds.
 */
until_ms: number, 
/**
 * What this device makes of it.
 */
state: OfferState, };

export type OfferState = "agrees" | "countersigned" | "differs" | "unclear";

export type GuestInvite = { 
/**
 * What this device called the person for whom it made the link; absent if another host's device made it.
 */
name?: DisplayName | null, 
/**
 * Whether it lets in, if a host says yes: it is a host's, in force, not withdrawn, and not in use on as many devices as
 * it is for.
 */
holds: boolean, };

export type WaitingView = { 
/**
 * Its number at the server.
 */
guest: ParticipantId, 
/**
 * Its device.
 */
device: DeviceKey, 
/**
 * The name in its knock, which only who has the link could seal.
 */
name: DisplayName, 
/**
 * Whether it has proven the passcode.
 */
passcode: PasscodeProof, 
/**
 * Whether it is being let in.
 */
admitting: boolean, 
/**
 * Whether the server says that it is signed in with an account of the organisation.
 */
of_organisation: boolean, 
/**
 * The personal link that it showed.
 */
invite?: GuestInvite | null, };

export type MaterialBytes = string;

export type MaterialKind = "csaf" | "jpeg" | "png" | "text";

export type MaterialState = "coming" | "here" | "own" | "unfit";

export type MaterialView = { 
/**
 * Whose device shows it.
 */
from: DeviceKey, 
/**
 * SHA-256 of it, by which it is told from another.
 */
id: Digest, 
/**
 * What it is.
 */
kind: MaterialKind, 
/**
 * In how many parts it travels.
 */
parts: number, 
/**
 * How many of them have come, or, on the device that shows it, have been sent or asked for no more.
 */
done: number, 
/**
 * How far that is.
 */
state: MaterialState, };

export type ConductView = { 
/**
 * What the organisation demands.
 */
floor: ControlSettings, 
/**
 * What holds.
 */
controls: ControlSettings, 
/**
 * When the meeting locks by itself, in unix milliseconds.
 */
locks_at_ms?: bigint | null, 
/**
 * Whether all that participants do is suspended.
 */
suspended: boolean, 
/**
 * Whom a host has put before everybody's eyes, while it is a member.
 */
spotlight?: DeviceKey | null, };

export type DeviceView = { 
/**
 * The meeting.
 */
meeting: MeetingId, 
/**
 * The own device.
 */
me: DeviceKey, 
/**
 * How far it has come.
 */
stage: DeviceStage, 
/**
 * The fragment of the invite link, with `#`.
 */
invite: string, 
/**
 * The meeting's title, opened.
 */
title?: MeetingTitle | null, 
/**
 * Whether everything that is shown was verified.
 */
encryption: Encryption, 
/**
 * What went wrong, oldest first; stays until the meeting is over.
 */
alarms: Array<Alarm>, 
/**
 * How long the hosts have been silent.
 */
heartbeat: HeartbeatState, 
/**
 * The group's epoch.
 */
epoch: GroupEpoch, 
/**
 * Whether a host's heartbeat names this epoch, in which all others seal from then on. It may be an old one that was held back:
 * that it is not is what `encryption` says, and what the own device waits for.
 */
epoch_certified: boolean, 
/**
 * The cipher suite, fixed by the meeting's id.
 */
suite: CipherSuite, 
/**
 * To be compared with others; absent outside the group.
 */
code?: VerificationCode | null, 
/**
 * Everybody in the group, in the order of their leaves.
 */
members: Array<MemberView>, 
/**
 * Who waits, as far as they have shown that they have the link; for hosts.
 */
guests: Array<WaitingView>, 
/**
 * Whether the meeting is locked.
 */
locked: boolean, 
/**
 * What may be done, as a host has signed it.
 */
conduct: ConductView, 
/**
 * Devices that hosts have removed, and that stay out until one lifts the ban.
 */
banned: Array<BannedView>, 
/**
 * Invites for single persons that this device has made and that are not void, the oldest first.
 */
invites: Array<InviteView>, 
/**
 * The passcode, seen from this side.
 */
passcode: PasscodeView, 
/**
 * Restricted material that members show now, the own first.
 */
materials: Array<MaterialView>, 
/**
 * Guest: a host's device says that nobody comes in here but by a personal link that holds.
 */
personal_link_wanted: boolean, 
/**
 * Whether this device is a host's.
 */
host: boolean, 
/**
 * Whether this device keeps the meeting's log.
 */
keeps_log: boolean, 
/**
 * The certificate that this device made, or that a host offers.
 */
certificate: CertificateView, 
/**
 * From when on this device's record of the controls has no more room, in unix milliseconds: a certificate ends there.
 */
record_full_from_ms?: number, };

export type CreateDevice = { 
/**
 * The cipher suite, fixed for good.
 */
suite: CipherSuite, 
/**
 * The creator's name; can be changed until it enters.
 */
name: DisplayName, 
/**
 * The title, shown to those who have the link.
 */
title: MeetingTitle | null, 
/**
 * The passcode, if there is to be one.
 */
passcode: Passcode | null, 
/**
 * Whether who proves the passcode is let in without a click.
 */
admits: boolean, 
/**
 * Whether who comes by mail, without the link's secret, may prove the passcode and be told it.
 */
by_mail?: boolean, 
/**
 * The organisation's floor, which the meeting's policy will hold and hosts cannot lower.
 */
floor?: ControlSettings, 
/**
 * The meeting's controls, where they are to be tighter.
 */
controls?: ControlSettings, 
/**
 * When it begins, in milliseconds since 1970; absent for one that begins now.
 */
begins_ms?: number, };

export type JoinDevice = { 
/**
 * The meeting.
 */
meeting: MeetingId, 
/**
 * The link's secret, without its version; for an invite of one's own, with a dot and the invitation after it; for a link
 * that came by mail, `mail.` and its key.
 */
secret: string, 
/**
 * The name; can be changed until it enters.
 */
name: DisplayName, };

export type MemberRight = "camera" | "chat" | "microphone" | "screen";

export type MemberRole = "attendee" | "participant" | "presenter";

export type DeviceCommand = { "type": "admit", 
/**
 * Who waits.
 */
guest: ParticipantId, 
/**
 * Whether a rule decides so and no person: says the grant, and so the meeting's log.
 */
by_rule?: boolean, } | { "type": "ask_to_speak", 
/**
 * Who.
 */
device: DeviceKey, } | { "type": "answered", 
/**
 * Number of the `Send`.
 */
send: RequestId, 
/**
 * The rule by which it was refused; absent if it was done.
 */
refused?: Rule | null, } | { "type": "chat", 
/**
 * What.
 */
text: ChatText, } | { "type": "countersign", } | { "type": "disconnected", } | { "type": "enter", 
/**
 * The server's challenge.
 */
challenge: Challenge, 
/**
 * Token of a place held before.
 */
resume?: ResumeToken | null, } | { "type": "export_certificate", } | { "type": "export_log", } | { "type": "hand", 
/**
 * Whether it is up.
 */
raised: boolean, } | { "type": "invite", 
/**
 * What this device calls the person; nobody else is told.
 */
name: DisplayName, 
/**
 * Until when it is good, in unix milliseconds; 31 days at most.
 */
until_ms: number, 
/**
 * Devices that may be in the meeting by it at one time, at least 1.
 */
devices: number, } | { "type": "leave", } | { "type": "lift_ban", 
/**
 * Which.
 */
device: DeviceKey, } | { "type": "lock", 
/**
 * Whether it is locked.
 */
locked: boolean, } | { "type": "make_certificate", } | { "type": "make_host", 
/**
 * Who.
 */
device: DeviceKey, } | { "type": "media", 
/**
 * The whole state.
 */
media: MediaState, } | { "type": "passcode", 
/**
 * As typed.
 */
passcode: Passcode, } | { "type": "receive", 
/**
 * Which.
 */
message: ServerMessage, } | { "type": "remove", 
/**
 * Who.
 */
device: DeviceKey, } | { "type": "send_back", 
/**
 * Who.
 */
device: DeviceKey, } | { "type": "set_controls", 
/**
 * Every control that is not at its loosest.
 */
controls: ControlSettings, } | { "type": "set_right", 
/**
 * Who.
 */
device: DeviceKey, 
/**
 * Which.
 */
right: MemberRight, 
/**
 * Whether it has it from now on.
 */
allowed: boolean, } | { "type": "set_role", 
/**
 * Who.
 */
device: DeviceKey, 
/**
 * Which.
 */
role: MemberRole, } | { "type": "set_passcode", 
/**
 * The passcode.
 */
passcode?: Passcode | null, 
/**
 * Whether who proves it is let in without a click.
 */
admits: boolean, } | { "type": "show_material", 
/**
 * What it is.
 */
kind: MaterialKind, 
/**
 * The whole.
 */
content: MaterialBytes, } | { "type": "shut_mail", } | { "type": "spotlight", 
/**
 * Who; nobody if absent.
 */
device?: DeviceKey | null, } | { "type": "suspend", 
/**
 * Whether everything is suspended.
 */
suspended: boolean, } | { "type": "take_material_away", } | { "type": "withdraw_invite", 
/**
 * Which.
 */
invite: DeviceKey, };

export type DeviceOutput = { "type": "asked_to_speak", 
/**
 * Which host.
 */
by: DeviceKey, 
/**
 * Its name, if it is known.
 */
name?: DisplayName | null, } | { "type": "certificate", 
/**
 * The file.
 */
text: string, } | { "type": "chat", 
/**
 * Who.
 */
from: DeviceKey, 
/**
 * Under which name.
 */
name: DisplayName, 
/**
 * What.
 */
text: ChatText, } | { "type": "log", 
/**
 * The text.
 */
text: string, } | { "type": "material", 
/**
 * Whose device shows it.
 */
from: DeviceKey, 
/**
 * SHA-256 of it, as in the view.
 */
id: Digest, 
/**
 * What it is.
 */
kind: MaterialKind, 
/**
 * The whole.
 */
content: MaterialBytes, } | { "type": "media", 
/**
 * What changed.
 */
change: MediaKeyChange, } | { "type": "refused", 
/**
 * By which rule.
 */
rule: Rule, } | { "type": "remember", } | { "type": "send", 
/**
 * To be named by [`DeviceCommand::Answered`].
 */
send: RequestId, 
/**
 * What.
 */
message: ClientMessage, } | { "type": "view", 
/**
 * The whole.
 */
view: DeviceView, };

export type CreateMeeting = { 
/**
 * The meeting's id: a hash of its root key and its cipher suite.
 */
meeting: MeetingId, 
/**
 * Derived from the link secret, which stays with the creator.
 */
gate_key: GateKey, 
/**
 * Shown to those who have the link.
 */
title?: SealedTitle | null, 
/**
 * The group at epoch 0, signed by the creator's device.
 */
group_info: GroupInfo, 
/**
 * Its tree: the creator's leaf.
 */
tree: RatchetTree, };

export type MeetingCreated = { 
/**
 * The meeting.
 */
meeting: MeetingId, };

export type PolicyInfo = { 
/**
 * What the organisation demands of every meeting. Controls that are not named are at their loosest.
 */
floor: ControlSettings, };

export type VersionInfo = { 
/**
 * Version of the program.
 */
version: string, 
/**
 * Version of the wire protocol.
 */
protocol: number, 
/**
 * Number of the client that this server delivers, and so the most that it can ask for by `ORG.CLIENT.FLOOR`.
 */
client: number, 
/**
 * Start of this process, in milliseconds since 1970.
 */
boot_epoch: BootEpoch, };

export type Health = { 
/**
 * `ok`, or what is wrong in a word or two.
 */
status: string, };

export type ApiError = { 
/**
 * The rule that decided, for machines.
 */
rule: Rule, 
/**
 * The same in a sentence, for people. Never says anything about the server's inside.
 */
message: string, };

export type LinkToken = string;

export type AccountBytes = string;

export type UserId = string;

export type PasskeyId = string;

export type SessionId = string;

export type ApiKeyId = string;

export type IdentityId = string;

export type AuthorizationCode = string;

export type InvitationId = string;

export type PlanId = string;

export type TemplateId = string;

export type CeremonyId = string;

export type AccountRole = "administrator" | "host" | "security_officer";

export type Scope = "audit:read" | "bulletin:read" | "bulletin:write" | "health:read" | "meetings:create" | "policy:read" | "policy:write" | "users:read" | "users:write";

export type EmailAddress = string;

export type Label = string;

export type Organisation = { 
/**
 * Its name.
 */
name: Label, };

export type User = { 
/**
 * The user.
 */
id: UserId, 
/**
 * Shown in lists; not unique.
 */
name: DisplayName, 
/**
 * No two users have the same.
 */
email?: EmailAddress | null, 
/**
 * What they may do.
 */
roles: Array<AccountRole>, 
/**
 * Since when, in milliseconds since 1970.
 */
created_ms: number, };

export type Users = { 
/**
 * All of them, oldest first.
 */
users: Array<User>, };

export type ChangeUser = { 
/**
 * A new name.
 */
name?: DisplayName | null, 
/**
 * All roles from now on.
 */
roles?: Array<AccountRole> | null, };

export type Invite = { 
/**
 * Name of who is invited; they may correct it.
 */
name: DisplayName, 
/**
 * Their address. Nothing is sent there.
 */
email?: EmailAddress | null, 
/**
 * What they may do once they have come.
 */
roles: Array<AccountRole>, };

export type Invitation = { 
/**
 * The invitation.
 */
id: InvitationId, 
/**
 * Who is invited.
 */
name: DisplayName, 
/**
 * Their address.
 */
email?: EmailAddress | null, 
/**
 * What they may do once they have come.
 */
roles: Array<AccountRole>, 
/**
 * When it was made, in milliseconds since 1970.
 */
created_ms: number, 
/**
 * Until when it is good, in milliseconds since 1970.
 */
expires_ms: number, };

export type Invited = { 
/**
 * The invitation.
 */
invitation: Invitation, 
/**
 * The whole link. Shown once: the server keeps a hash of its token only.
 */
link: string, };

export type Invitations = { 
/**
 * Those that are open, oldest first.
 */
invitations: Array<Invitation>, };

export type AskLink = { 
/**
 * From the link's fragment.
 */
token: LinkToken, };

export type LinkView = { 
/**
 * What it is for.
 */
kind: LinkKind, 
/**
 * Of the organisation.
 */
organisation: Label, 
/**
 * Name the inviting administrator gave.
 */
name?: DisplayName | null, 
/**
 * Address the inviting administrator gave.
 */
email?: EmailAddress | null, 
/**
 * What they may do once they have come.
 */
roles: Array<AccountRole>, };

export type BeginRegistration = { 
/**
 * From the link's fragment. Used up when the passkey is there.
 */
token: LinkToken, 
/**
 * How they are called.
 */
name: DisplayName, 
/**
 * Their address.
 */
email?: EmailAddress | null, 
/**
 * A new name of the organisation; for the first administrator only.
 */
organisation?: Label | null, };

export type PasskeyCreation = { 
/**
 * Goes back with what was made.
 */
ceremony: CeremonyId, 
/**
 * `publicKey.challenge`.
 */
challenge: AccountBytes, 
/**
 * `publicKey.rp.id`.
 */
rp_id: string, 
/**
 * `publicKey.rp.name`.
 */
rp_name: string, 
/**
 * `publicKey.user.id`.
 */
user_handle: AccountBytes, 
/**
 * `publicKey.user.name` and `displayName`.
 */
user_name: string, 
/**
 * COSE algorithm numbers (RFC 9053), best first.
 */
algorithms: number[], 
/**
 * Credentials of this user that exist.
 */
exclude: Array<AccountBytes>, };

export type MadePasskey = { 
/**
 * The ceremony that began it.
 */
ceremony: CeremonyId, 
/**
 * What its user calls it.
 */
label: Label, 
/**
 * `PublicKeyCredential.rawId`.
 */
credential: AccountBytes, 
/**
 * `response.getAuthenticatorData()`. Its attestation is not asked for.
 */
authenticator_data: AccountBytes, 
/**
 * `response.clientDataJSON`.
 */
client_data: AccountBytes, };

export type PasskeyRequest = { 
/**
 * Goes back with the proof.
 */
ceremony: CeremonyId, 
/**
 * `publicKey.challenge`.
 */
challenge: AccountBytes, 
/**
 * `publicKey.rpId`.
 */
rp_id: string, };

export type ShownPasskey = { 
/**
 * The ceremony that began it.
 */
ceremony: CeremonyId, 
/**
 * `PublicKeyCredential.rawId`.
 */
credential: AccountBytes, 
/**
 * `response.authenticatorData`.
 */
authenticator_data: AccountBytes, 
/**
 * `response.clientDataJSON`.
 */
client_data: AccountBytes, 
/**
 * `response.signature`.
 */
signature: AccountBytes, 
/**
 * `response.userHandle`.
 */
user_handle: AccountBytes, };

export type WaysIn = { 
/**
 * What people call the organisation's identity provider, if there is one.
 */
provider?: Label | null, 
/**
 * Whether passwords are allowed.
 */
passwords: boolean, };

export type AllowPasswords = { 
/**
 * Whether users may set passwords and sign in with them.
 */
allowed: boolean, };

export type OwnPassword = { 
/**
 * Whether the own account has one.
 */
set: boolean, };

export type AskPassword = { 
/**
 * A RegistrationRequest.
 */
request: AccountBytes, };

export type AnswerPassword = { 
/**
 * A RegistrationResponse.
 */
answer: AccountBytes, 
/**
 * By which address one signs in with it, which goes into the record.
 */
email: EmailAddress, };

export type KeepPassword = { 
/**
 * A RegistrationRecord.
 */
record: AccountBytes, };

export type BeginPassword = { 
/**
 * The address of the account.
 */
email: EmailAddress, 
/**
 * A KE1.
 */
request: AccountBytes, };

export type PasswordAnswer = { 
/**
 * Goes back with the proof.
 */
ceremony: CeremonyId, 
/**
 * A KE2.
 */
answer: AccountBytes, };

export type ProvePassword = { 
/**
 * The ceremony that began it.
 */
ceremony: CeremonyId, 
/**
 * A KE3.
 */
proof: AccountBytes, };

export type AskProvider = { 
/**
 * From the fragment of an invitation's link. Used up when the provider has answered.
 */
token?: LinkToken | null, };

export type ProviderRequest = { 
/**
 * Where the browser goes. The provider sends it back to `/admin` with `code` and `state`.
 */
url: string, };

export type ProviderAnswer = { 
/**
 * `code`.
 */
code: AuthorizationCode, 
/**
 * `state`.
 */
state: CeremonyId, 
/**
 * `iss` (RFC 9207), if the provider says it.
 */
iss?: string | null, };

export type Identity = { 
/**
 * The binding.
 */
id: IdentityId, 
/**
 * The provider's URL.
 */
issuer: string, 
/**
 * Since when, in milliseconds since 1970.
 */
created_ms: number, 
/**
 * When it last signed in, in milliseconds since 1970.
 */
used_ms?: number, };

export type Identities = { 
/**
 * All of the own account, oldest first.
 */
identities: Array<Identity>, };

export type Account = { 
/**
 * Who.
 */
user: User, 
/**
 * By which session.
 */
session: SessionId, 
/**
 * Of which organisation.
 */
organisation: Label, };

export type Passkey = { 
/**
 * The passkey.
 */
id: PasskeyId, 
/**
 * What its user calls it.
 */
label: Label, 
/**
 * When it was made, in milliseconds since 1970.
 */
created_ms: number, 
/**
 * When it was last shown, in milliseconds since 1970.
 */
used_ms?: number, };

export type Passkeys = { 
/**
 * All of the own account, oldest first.
 */
passkeys: Array<Passkey>, };

export type RenamePasskey = { 
/**
 * What its user calls it from now on.
 */
label: Label, };

export type Session = { 
/**
 * The session.
 */
id: SessionId, 
/**
 * Whether it is the one that asks.
 */
current: boolean, 
/**
 * When it began, in milliseconds since 1970.
 */
created_ms: number, 
/**
 * When it was last used, to the minute, in milliseconds since 1970.
 */
seen_ms: number, 
/**
 * When it ends if it is not used, in milliseconds since 1970.
 */
expires_ms: number, };

export type Sessions = { 
/**
 * All of the own account, oldest first.
 */
sessions: Array<Session>, };

export type CreateApiKey = { 
/**
 * What its user calls it.
 */
label: Label, 
/**
 * What it may do; at least one.
 */
scopes: Array<Scope>, 
/**
 * For how many days, 1 to 366.
 */
days: number, };

export type ApiKey = { 
/**
 * The key.
 */
id: ApiKeyId, 
/**
 * What its user calls it.
 */
label: Label, 
/**
 * What it may do.
 */
scopes: Array<Scope>, 
/**
 * When it was made, in milliseconds since 1970.
 */
created_ms: number, 
/**
 * When it was last used, to the minute, in milliseconds since 1970.
 */
used_ms?: number, 
/**
 * Until when it is good, in milliseconds since 1970.
 */
expires_ms: number, };

export type ApiKeyCreated = { 
/**
 * The key.
 */
key: ApiKey, 
/**
 * What goes into `Authorization: Bearer`. Shown once: the server keeps a hash only.
 */
secret: string, };

export type ApiKeys = { 
/**
 * All of the own account, oldest first.
 */
keys: Array<ApiKey>, };

export type AuditEntry = { 
/**
 * Its place, from 1 on, without gaps.
 */
seq: number, 
/**
 * When, in milliseconds since 1970.
 */
at_ms: number, 
/**
 * Who; absent if by the creation key.
 */
user?: UserId | null, 
/**
 * By which API key, if by one.
 */
key?: ApiKeyId | null, 
/**
 * What.
 */
action: AuditAction, 
/**
 * To what: the id of a user, passkey, session, key, invitation, plan, organisation or group; of a meeting or a document
 * a hash, by which who knows its id finds it, and nobody else.
 */
subject?: string | null, 
/**
 * Roles or scopes given, or the step taken, in words; how many meetings were planned.
 */
detail?: string | null, 
/**
 * SHA-256 over the hash before and this entry, in hexadecimal.
 */
hash: string, };

export type AuditPage = { 
/**
 * Newest first, at most 100.
 */
entries: Array<AuditEntry>, 
/**
 * Ask again with `before` set to this for the next older ones; absent at the end.
 */
older?: number, };

export type LinkKind = "invitation" | "recovery" | "setup";

export type AuditAction = "audit.exported" | "bulletin.acknowledged" | "bulletin.attachment" | "bulletin.client" | "bulletin.comment" | "bulletin.document" | "bulletin.group" | "bulletin.incident" | "bulletin.membership" | "bulletin.organisation" | "bulletin.profile" | "bulletin.webhook" | "floor.applied" | "floor.not_followed" | "floor.subscribed" | "floor.unsubscribed" | "identity.added" | "identity.removed" | "invitation.created" | "invitation.revoked" | "key.created" | "key.revoked" | "meeting.cancelled" | "meeting.created" | "meetings.mailed" | "meetings.planned" | "organisation.renamed" | "passkey.added" | "passkey.removed" | "passkey.renamed" | "password.removed" | "password.set" | "passwords.allowed" | "passwords.forbidden" | "recovery.created" | "template.changed" | "template.removed" | "session.begun" | "session.ended" | "session.revoked" | "user.changed" | "user.joined" | "user.recovered" | "user.removed";

export type ProfileKey = string;

export type FloorControl = { 
/**
 * Which.
 */
control: ControlWord, 
/**
 * The name of a level, a number, `none`, or `always`.
 */
value: ControlWord, 
/**
 * Whether it holds in every meeting and cannot be set.
 */
always: boolean, 
/**
 * Advisories that ask for it.
 */
sources: Array<string>, };

export type FloorEntry = { 
/**
 * Counts from 1.
 */
number: number, 
/**
 * When, in milliseconds since 1970.
 */
applied_ms: number, 
/**
 * Who, as it was written down then.
 */
applied_by: string, 
/**
 * What it was made from.
 */
origin: string, 
/**
 * What it demands.
 */
controls: ControlSettings, };

export type ProfileSummary = { 
/**
 * Its id.
 */
id: string, 
/**
 * For people.
 */
title: string, 
/**
 * Who issued what it renders, for people.
 */
issuer: string, 
/**
 * When that was issued.
 */
issued: string, 
/**
 * How many controls it names.
 */
controls: number, };

export type Template = { 
/**
 * Names it for programs.
 */
id: TemplateId, 
/**
 * Names it for people, each once.
 */
name: Label, 
/**
 * What it asks for. Controls that are not named are at their loosest.
 */
controls: ControlSettings, 
/**
 * When it was changed last, in milliseconds since 1970.
 */
changed_ms: number, };

export type Templates = { 
/**
 * By name.
 */
templates: Array<Template>, };

export type PutTemplate = { 
/**
 * Which one to change; absent for a new one.
 */
id?: TemplateId | null, 
/**
 * For people.
 */
name: Label, 
/**
 * What it asks for.
 */
controls: ControlSettings, };

export type FloorView = { 
/**
 * Counts from 1; 0 where nobody has chosen, and the default tier holds.
 */
number: number, 
/**
 * Every control, in the catalogue's order.
 */
controls: Array<FloorControl>, 
/**
 * Newest first, at most 100.
 */
history: Array<FloorEntry>, 
/**
 * Profiles that are shipped.
 */
profiles: Array<ProfileSummary>, 
/**
 * Tiers, the loosest first.
 */
tiers: Array<ControlWord>, 
/**
 * Templates, by name.
 */
templates: Array<Template>, };

export type FloorWish = { "type": "earlier", 
/**
 * Which.
 */
number: number, } | { "type": "file", 
/**
 * JSON, at most 256 KiB.
 */
text: string, } | { "type": "profile", 
/**
 * Its id.
 */
id: string, } | { "type": "tier", 
/**
 * Its name.
 */
tier: ControlWord, };

export type PreviewFloor = { 
/**
 * From what.
 */
wish: FloorWish, };

export type FloorChange = { 
/**
 * Which.
 */
control: ControlWord, 
/**
 * Today.
 */
before: ControlWord, 
/**
 * Then.
 */
after: ControlWord, 
/**
 * Whether it gets tighter; what gets looser is left as it is unless that is asked for.
 */
tightens: boolean, };

export type FloorPreview = { 
/**
 * The number of the floor that this was compared with.
 */
seen: number, 
/**
 * What it is made from, as it would be written down.
 */
origin: string, 
/**
 * Under which key the profile's signature holds; absent for what is not signed.
 */
signed_by?: ProfileKey | null, 
/**
 * Controls that differ, in the catalogue's order.
 */
changes: Array<FloorChange>, };

export type ApplyFloor = { 
/**
 * From what.
 */
wish: FloorWish, 
/**
 * The number of the floor that the decision was made over: another one in force refuses it.
 */
seen: number, 
/**
 * Also where it asks for less than today. An earlier floor comes back as it was in any case.
 */
loosen: boolean, };

export type FloorApplied = { 
/**
 * Its number.
 */
number: number, };

export type RevisionProfile = { 
/**
 * Its id, the same in each of its revisions.
 */
id: string, 
/**
 * Counts from 1; its own, not the document's.
 */
revision: number, 
/**
 * For people.
 */
title: string, 
/**
 * Who issued it, for people. Proves nothing; the key does.
 */
issuer: string, 
/**
 * Under which key its signature holds.
 */
key: ProfileKey, 
/**
 * SHA-256 of the file, in hexadecimal.
 */
hash: string, 
/**
 * How long the file is, in bytes.
 */
bytes: number, };

export type AdvisedControl = { 
/**
 * Which.
 */
control: ControlWord, 
/**
 * The name of a level, a number, `none`, or `always`.
 */
value: ControlWord, 
/**
 * Where it is demanded, such as a point of the advisory.
 */
source: string, 
/**
 * Where that can be read.
 */
url?: string | null, 
/**
 * What else there is to say.
 */
note?: string | null, };

export type NamedAdvisory = { 
/**
 * The document.
 */
document: DocumentId, 
/**
 * Its revision.
 */
revision: number, 
/**
 * Who published it.
 */
publisher: Label, 
/**
 * Its tracking id, if it has one.
 */
tracking?: string | null, 
/**
 * Its title.
 */
title: string, };

export type PolicyDemand = { 
/**
 * Which.
 */
control: ControlWord, 
/**
 * What it is at.
 */
value: ControlWord, 
/**
 * By which advisory; absent if that is not for everybody.
 */
advisory?: NamedAdvisory | null, };

export type PolicyAdvisories = { 
/**
 * In the catalogue's order of controls, of each the advisory that was applied last first.
 */
demands: Array<PolicyDemand>, };

export type NotFollowed = "control" | "key";

export type AdvisoryFate = { 
/**
 * When, in milliseconds since 1970.
 */
at_ms: number, 
/**
 * Which floor it made; absent if it was not applied.
 */
floor?: number | null, 
/**
 * Why it was not.
 */
not_followed?: NotFollowed | null, 
/**
 * Whether it came by a subscription, without anybody's hand.
 */
followed: boolean, 
/**
 * Whether what is demanded today stands on it: nobody has gone back to a floor from before.
 */
in_force: boolean, 
/**
 * Controls for which it asks for less than was demanded: they were left as they were.
 */
left_out: Array<ControlWord>, 
/**
 * Floors that came after it. It is taken back in one step only while there is none.
 */
later: number, };

export type AdvisoryPolicy = { 
/**
 * The document.
 */
document: DocumentId, 
/**
 * Its revision.
 */
revision: number, 
/**
 * Whose it is.
 */
publisher: OrganisationId, 
/**
 * Their name.
 */
publisher_name: Label, 
/**
 * Its tracking id, if it has one.
 */
tracking?: string | null, 
/**
 * Its title.
 */
title: string, 
/**
 * How far it may travel.
 */
tlp: TlpLabel, 
/**
 * Whether it was withdrawn.
 */
withdrawn: boolean, 
/**
 * Whether a later published revision of the document carries a profile, too.
 */
superseded: boolean, 
/**
 * When it was published, in milliseconds since 1970.
 */
published_ms: number, 
/**
 * What it carries.
 */
profile: RevisionProfile, 
/**
 * What became of it here; absent where nobody has applied it.
 */
fate?: AdvisoryFate | null, };

export type AdvisoryPolicies = { 
/**
 * What the caller may know of, the newest first, at most 200.
 */
advisories: Array<AdvisoryPolicy>, 
/**
 * Whether there are more.
 */
more: boolean, 
/**
 * In whose name the caller can tell publishers that an advisory was applied; absent for who is of no member
 * organisation, or only looks on there.
 */
tells_as?: Label | null, };

export type PreviewAdvisory = { 
/**
 * The document.
 */
document: DocumentId, 
/**
 * Its revision.
 */
revision: number, };

export type AdvisoryPreview = { 
/**
 * The number of the floor that this was compared with.
 */
seen: number, 
/**
 * What the revision carries.
 */
profile: RevisionProfile, 
/**
 * What it names, in its order.
 */
controls: Array<AdvisedControl>, 
/**
 * Controls that it names and that are at something else today, in the catalogue's order. What it would loosen is
 * never applied.
 */
changes: Array<FloorChange>, 
/**
 * Rooms that are open now and below what would be demanded, at most 200.
 */
rooms: Array<TouchedRoom>, 
/**
 * Planned meetings that are below it, the soonest first, at most 200.
 */
planned: Array<TouchedPlan>, 
/**
 * Whether more meetings are planned than were looked at.
 */
more_planned: boolean, };

export type TouchedRoom = { 
/**
 * Its number, as in `GET /api/v1/live`.
 */
number: number, 
/**
 * People in it.
 */
participants: number, 
/**
 * Controls that would get tighter.
 */
controls: Array<ControlWord>, };

export type TouchedPlan = { 
/**
 * When it starts, in milliseconds since 1970.
 */
starts_ms: number, 
/**
 * Controls that would get tighter.
 */
controls: Array<ControlWord>, };

export type ApplyAdvisory = { 
/**
 * The document.
 */
document: DocumentId, 
/**
 * Its revision.
 */
revision: number, 
/**
 * Hash of the profile's file that was looked at.
 */
hash: string, 
/**
 * The number of the floor that the decision was made over: another one in force refuses it.
 */
seen: number, 
/**
 * Whether the publisher is told that the caller's organisation has applied it.
 */
tell: boolean, };

export type RollBackAdvisory = { 
/**
 * The floor that the advisory made. A later one in force refuses it.
 */
floor: number, };

export type Subscription = { 
/**
 * The publisher.
 */
publisher: OrganisationId, 
/**
 * Their name.
 */
name: Label, 
/**
 * The key with which their profiles are signed.
 */
key: ProfileKey, 
/**
 * Since when, in milliseconds since 1970.
 */
since_ms: number, 
/**
 * As which member organisation the server reads; absent where it reads only what is for everybody.
 */
reads_as?: Label | null, };

export type Subscriptions = { 
/**
 * By name of the publisher.
 */
subscriptions: Array<Subscription>, };

export type Subscribe = { 
/**
 * The publisher, a member organisation.
 */
publisher: OrganisationId, 
/**
 * The key with which their profiles are signed, learned from them.
 */
key: ProfileKey, };

export type OrganisationCoverage = { 
/**
 * The organisation.
 */
organisation: OrganisationId, 
/**
 * Its name.
 */
name: Label, 
/**
 * It has seen it.
 */
seen_ms?: number, 
/**
 * It has applied it.
 */
applied_ms?: number, 
/**
 * It is not affected.
 */
not_affected_ms?: number, };

export type CoveredRevision = { 
/**
 * The document.
 */
document: DocumentId, 
/**
 * Its revision, the newest that is published.
 */
revision: number, 
/**
 * Its tracking id, if it has one.
 */
tracking?: string | null, 
/**
 * Its title.
 */
title: string, 
/**
 * How far it may travel.
 */
tlp: TlpLabel, 
/**
 * When it was published, in milliseconds since 1970.
 */
published_ms: number, 
/**
 * Whether it carries a profile.
 */
has_profile: boolean, 
/**
 * Organisations that may read it, by name, those included that have said nothing. With `RED` those only that have
 * said something: it is for persons.
 */
organisations: Array<OrganisationCoverage>, };

export type Coverage = { 
/**
 * The last published first, at most 10.
 */
revisions: Array<CoveredRevision>, 
/**
 * Whether there are more: ask on with `after` set to the document of the last.
 */
more: boolean, };

export type LiveRoom = { 
/**
 * Counts rooms as they were opened since the server started. Says nothing of which meeting it is.
 */
number: number, 
/**
 * When it was opened, in milliseconds since 1970.
 */
opened_ms: number, 
/**
 * People in it, those included who are coming back.
 */
participants: number, 
/**
 * People waiting in its lobby.
 */
guests: number, 
/**
 * Whether nobody new is let in.
 */
locked: boolean, 
/**
 * Whether a host has suspended what participants do.
 */
suspended: boolean, 
/**
 * The rules in force that a host has signed. Controls that are not named are at their loosest.
 */
controls: ControlSettings, };

export type LiveRooms = { 
/**
 * How many there are.
 */
open: number, 
/**
 * Those with most people first, at most 200.
 */
rooms: Array<LiveRoom>, };

export type DatabaseHealth = { 
/**
 * Whether it answers.
 */
reachable: boolean, 
/**
 * Its size, in bytes.
 */
bytes: number, 
/**
 * Version of its tables.
 */
schema: number, };

export type DiskHealth = { 
/**
 * Bytes that can still be written.
 */
free_bytes: number, 
/**
 * Bytes that it has.
 */
total_bytes: number, };

export type MachineHealth = { 
/**
 * Memory of the process, in bytes.
 */
memory_bytes: number, 
/**
 * Processes that ran or waited to run, on average of the last minute, in hundredths.
 */
load_percent: number, 
/**
 * Processors.
 */
cores: number, };

export type ShardHealth = { 
/**
 * Which, from 0.
 */
number: number, 
/**
 * Its rooms.
 */
rooms: number, 
/**
 * Its media connections.
 */
peers: number, 
/**
 * Packets that came, since the start.
 */
packets_in: number, 
/**
 * Packets that went out, since the start.
 */
packets_out: number, 
/**
 * Packets that were dropped for whatever reason, since the start.
 */
dropped: number, 
/**
 * Times that a fault of the program cost it a room or a restart.
 */
faults: number, };

export type ServerLimit = "connections" | "rooms" | "tcp_connections";

export type LimitUse = { 
/**
 * Which.
 */
limit: ServerLimit, 
/**
 * How much of it is taken.
 */
used: number, 
/**
 * How much there is.
 */
max: number, };

export type MirrorHealth = { 
/**
 * What the configuration calls it.
 */
name: string, 
/**
 * How many documents of it there are.
 */
documents: number, 
/**
 * When it was asked last, in milliseconds since 1970; absent if never.
 */
tried_ms?: number, 
/**
 * When it was asked last without failing.
 */
succeeded_ms?: number, 
/**
 * How often it has failed since.
 */
failures: number, 
/**
 * What was wrong the last time, also if it did not fail.
 */
trouble?: string | null, };

export type ServerHealth = { 
/**
 * Version of the program.
 */
version: string, 
/**
 * When the server started, in milliseconds since 1970.
 */
started_ms: number, 
/**
 * Its clock, in milliseconds since 1970.
 */
now_ms: number, 
/**
 * Whether it takes no new rooms, because it is about to stop.
 */
draining: boolean, 
/**
 * The database.
 */
database: DatabaseHealth, 
/**
 * The disk that the database is on; absent where the system does not say.
 */
disk?: DiskHealth | null, 
/**
 * The machine; absent where the system does not say.
 */
machine?: MachineHealth | null, 
/**
 * Threads that forward media, each with its rooms.
 */
shards: Array<ShardHealth>, 
/**
 * How much of each limit is used, the nearest to exhaustion first.
 */
limits: Array<LimitUse>, 
/**
 * How it stands with the providers of CSAF that the server lists or mirrors, by name; none where it follows none.
 */
mirrors: Array<MirrorHealth>, };

export type Span = "day" | "hour";

export type RefusalsByRule = { 
/**
 * Which.
 */
rule: Rule, 
/**
 * In all steps together.
 */
total: number, 
/**
 * In each step, oldest first.
 */
counts: number[], };

export type Refusals = { 
/**
 * When the first step began, in milliseconds since 1970.
 */
first_ms: number, 
/**
 * How long each step is, in milliseconds. The last one is not over.
 */
step_ms: number, 
/**
 * How many steps there are.
 */
steps: number, 
/**
 * Rules by which something was refused, the most frequent first.
 */
rules: Array<RefusalsByRule>, };

export type TimeZoneName = string;

export type LocalDate = string;

export type LocalTime = string;

export type Every = "day" | "month" | "week";

export type Repeat = { 
/**
 * After what time.
 */
every: Every, 
/**
 * How many meetings in all, 2 to 60.
 */
count?: number | null, 
/**
 * The last day on which one can be.
 */
until?: LocalDate | null, };

export type Schedule = { 
/**
 * Whose clocks count.
 */
zone: TimeZoneName, 
/**
 * When the first one begins.
 */
starts: LocalTime, 
/**
 * How long each lasts, 5 to 1440.
 */
minutes: number, 
/**
 * So many minutes before its beginning who has the link may wait in the lobby, at most 1440.
 */
early_minutes: number, 
/**
 * Absent for a single meeting.
 */
repeat?: Repeat | null, };

export type Times = { 
/**
 * From when who has the link may wait in the lobby.
 */
opens_ms: number, 
/**
 * Its beginning.
 */
starts_ms: number, 
/**
 * Its end, until when who has the link is let into the lobby. One that is under way goes on.
 */
ends_ms: number, };

export type ScheduleTimes = { 
/**
 * Of every meeting, in order.
 */
times: Array<Times>, };

export type CreatePlan = { 
/**
 * When.
 */
schedule: Schedule, 
/**
 * A meeting for each time that `POST /api/v1/plans/times` answers, in that order, each with keys of its own.
 */
meetings: Array<CreateMeeting>, };

export type PlannedState = "cancelled" | "over" | "planned";

export type PlannedMeeting = { 
/**
 * The meeting.
 */
meeting: MeetingId, 
/**
 * When it is.
 */
times: Times, 
/**
 * How it stands.
 */
state: PlannedState, };

export type Plan = { 
/**
 * The plan.
 */
id: PlanId, 
/**
 * As it was made.
 */
schedule: Schedule, 
/**
 * When it was made, in milliseconds since 1970.
 */
created_ms: number, 
/**
 * Its meetings in order, but for those that ended more than a day ago.
 */
meetings: Array<PlannedMeeting>, };

export type Plans = { 
/**
 * The own plans of which a meeting has not ended for a day, oldest first.
 */
plans: Array<Plan>, 
/**
 * Whether this server sends invitations by mail.
 */
sends_mail: boolean, };

export type SendMails = { 
/**
 * To whom, 1 to 100 addresses.
 */
to: Array<EmailAddress>, 
/**
 * What the meeting is called, if those who are invited are to read it in the mail; so does the server then.
 */
title?: MeetingTitle | null, };

export type MailKind = "cancellation" | "invitation";

export type MailState = "failed" | "sent" | "waiting";

export type MailTrouble = "certificate" | "later" | "no_tls" | "refused" | "unreachable";

export type Mail = { 
/**
 * To whom.
 */
to: EmailAddress, 
/**
 * What it says.
 */
kind: MailKind, 
/**
 * How it stands.
 */
state: MailState, 
/**
 * Why it has not gone out, if it was tried.
 */
trouble?: MailTrouble | null, 
/**
 * When it was asked for, in milliseconds since 1970.
 */
created_ms: number, };

export type Mails = { 
/**
 * All of the plan, oldest first.
 */
mails: Array<Mail>, };

export type OrganisationId = string;

export type SharingGroupId = string;

export type DocumentId = string;

export type CommentId = string;

export type AttachmentId = string;

export type WebhookId = string;

export type BulletinRole = "administrator" | "auditor" | "author" | "member" | "publisher" | "reviewer";

export type DocumentKind = "advisory" | "alert" | "incident_report" | "indicator_set" | "information_request" | "vulnerability_note";

export type Severity = "none" | "low" | "medium" | "high" | "critical";

export type TlpLabel = "CLEAR" | "GREEN" | "AMBER" | "AMBER+STRICT" | "RED";

export type RevisionStage = "draft" | "review" | "approved" | "interim" | "final";

export type Acknowledgement = "seen" | "applied" | "not_affected";

export type IncidentStatus = "open" | "handling" | "contained" | "closed";

export type AttachmentType = "text/csv" | "application/json" | "image/jpeg" | "application/pdf" | "image/png" | "text/plain" | "application/zip";

export type AttachmentName = string;

export type CommentText = string;

export type MemberOrganisation = { 
/**
 * The organisation.
 */
id: OrganisationId, 
/**
 * Its name; no two have the same.
 */
name: Label, };

export type MemberOrganisations = { 
/**
 * All that take part, by name.
 */
organisations: Array<MemberOrganisation>, };

export type AddOrganisation = { 
/**
 * Its name.
 */
name: Label, };

export type Membership = { 
/**
 * Who.
 */
user: UserId, 
/**
 * Their name.
 */
name: DisplayName, 
/**
 * Of which organisation.
 */
organisation: OrganisationId, 
/**
 * What they may do for it.
 */
roles: Array<BulletinRole>, 
/**
 * Since when, in milliseconds since 1970.
 */
since_ms: number, };

export type Memberships = { 
/**
 * Those whom the reader may see: of the own organisation; for administrators of the server, all.
 */
memberships: Array<Membership>, };

export type SetMembership = { 
/**
 * Who.
 */
user: UserId, 
/**
 * Of which organisation from now on.
 */
organisation: OrganisationId, 
/**
 * What they may do for it; at least one.
 */
roles: Array<BulletinRole>, };

export type SharingGroup = { 
/**
 * The group.
 */
id: SharingGroupId, 
/**
 * Its name; no two have the same.
 */
name: Label, 
/**
 * Who is in it.
 */
organisations: Array<OrganisationId>, };

export type SharingGroups = { 
/**
 * Those in which the own organisation is; for administrators of the server, all. By name.
 */
groups: Array<SharingGroup>, };

export type SetSharingGroup = { 
/**
 * Its name.
 */
name: Label, 
/**
 * Who is in it; nobody makes it an empty one. A group is never removed: what was for it would be for whom?
 */
organisations: Array<OrganisationId>, };

export type BulletinReader = { 
/**
 * Who.
 */
user: UserId, 
/**
 * Of which member organisation; absent for who is of none, and reads what is `TLP:CLEAR` only.
 */
organisation?: MemberOrganisation | null, 
/**
 * Their roles there.
 */
roles: Array<BulletinRole>, };

export type Marking = { 
/**
 * How far it may travel.
 */
tlp: TlpLabel, 
/**
 * Sharing groups.
 */
groups: Array<SharingGroupId>, 
/**
 * Organisations, the owner's apart, which is always among them.
 */
organisations: Array<OrganisationId>, 
/**
 * Persons, who writes it apart.
 */
persons: Array<UserId>, };

export type CreateDocument = { 
/**
 * What it is.
 */
kind: DocumentKind, 
/**
 * For whom.
 */
marking: Marking, 
/**
 * A JSON object of CSAF as text; kept byte for byte.
 */
content: string, 
/**
 * Of an incident report: when the incident was noticed, in milliseconds since 1970. From then on its clock runs.
 */
noticed_ms?: number, };

export type BeginRevision = { 
/**
 * For whom.
 */
marking: Marking, 
/**
 * As in [`CreateDocument`].
 */
content: string, };

export type ChangeDraft = { 
/**
 * Hash of the draft that this was made from. Another one means that somebody has changed it meanwhile.
 */
seen: string, 
/**
 * For whom.
 */
marking: Marking, 
/**
 * As in [`CreateDocument`].
 */
content: string, };

export type DocumentStep = "submit" | "return" | "approve" | "publish_interim" | "publish_final" | "withdraw";

export type TakeStep = { 
/**
 * What is done.
 */
step: DocumentStep, 
/**
 * Hash of the newest revision that the caller has seen: what is approved and published is what was read.
 */
seen: string, };

export type Revision = { 
/**
 * Counts from 1.
 */
number: number, 
/**
 * Where it is in its life.
 */
stage: RevisionStage, 
/**
 * How far it may travel.
 */
tlp: TlpLabel, 
/**
 * `document.title` of its content.
 */
title: string, 
/**
 * `document.tracking.id` of its content, if there is one.
 */
tracking?: string | null, 
/**
 * What a step names as seen, in hexadecimal: SHA-256 of its content; if it carries a profile or has attachments, over
 * all of them.
 */
hash: string, 
/**
 * SHA-256 of its content, in hexadecimal.
 */
content_hash: string, 
/**
 * How long its content is, in bytes.
 */
bytes: number, 
/**
 * When it was changed last, in milliseconds since 1970.
 */
changed_ms: number, 
/**
 * When it was published, in milliseconds since 1970.
 */
published_ms?: number, 
/**
 * For whom; told to the organisation that owns it, and to nobody else.
 */
marking?: Marking | null, 
/**
 * What is attached to it.
 */
attachments: Array<Attachment>, 
/**
 * The policy profile that it carries, if it carries one.
 */
profile?: RevisionProfile | null, };

export type Attachment = { 
/**
 * The attachment.
 */
id: AttachmentId, 
/**
 * What it is called.
 */
name: AttachmentName, 
/**
 * What it is said to be.
 */
media_type: AttachmentType, 
/**
 * SHA-256 of its bytes, in hexadecimal.
 */
hash: string, 
/**
 * How long it is, in bytes.
 */
bytes: number, };

export type BulletinDocument = { 
/**
 * The document.
 */
id: DocumentId, 
/**
 * What it is.
 */
kind: DocumentKind, 
/**
 * Who answers for it.
 */
owner: OrganisationId, 
/**
 * Their name.
 */
owner_name: Label, 
/**
 * Whether it was withdrawn.
 */
withdrawn: boolean, 
/**
 * The reader's revisions, the newest first; at least one.
 */
revisions: Array<Revision>, };

export type DocumentLine = { 
/**
 * The document.
 */
id: DocumentId, 
/**
 * What it is.
 */
kind: DocumentKind, 
/**
 * Who answers for it.
 */
owner: OrganisationId, 
/**
 * Their name.
 */
owner_name: Label, 
/**
 * Whether it was withdrawn.
 */
withdrawn: boolean, 
/**
 * Of the newest revision.
 */
number: number, 
/**
 * Of the newest revision.
 */
stage: RevisionStage, 
/**
 * Of the newest revision.
 */
tlp: TlpLabel, 
/**
 * Of the newest revision.
 */
title: string, 
/**
 * Of the newest revision.
 */
tracking?: string | null, 
/**
 * When it was changed last, in milliseconds since 1970.
 */
changed_ms: number, };

export type Documents = { 
/**
 * The last changed first, at most 50.
 */
documents: Array<DocumentLine>, 
/**
 * How many there are for this reader and filter, `after` apart.
 */
count: number, 
/**
 * Whether there are more.
 */
more: boolean, };

export type GrantClient = { 
/**
 * Which revision.
 */
revision: number, 
/**
 * The client, a member organisation.
 */
organisation: OrganisationId, };

export type Acknowledge = { 
/**
 * Which revision.
 */
revision: number, 
/**
 * What is said.
 */
acknowledgement: Acknowledgement, };

export type Acknowledged = { 
/**
 * Which revision.
 */
revision: number, 
/**
 * Who.
 */
organisation: OrganisationId, 
/**
 * Their name.
 */
name: Label, 
/**
 * What.
 */
acknowledgement: Acknowledgement, 
/**
 * When, in milliseconds since 1970. The first time counts.
 */
at_ms: number, };

export type Acknowledgements = { 
/**
 * For the owner: of all. For the others: of the own organisation. Oldest first.
 */
acknowledgements: Array<Acknowledged>, };

export type AddComment = { 
/**
 * About which revision. Who may not read that one does not see the comment.
 */
revision: number, 
/**
 * What is said.
 */
text: CommentText, };

export type DocumentComment = { 
/**
 * The comment.
 */
id: CommentId, 
/**
 * About which revision.
 */
revision: number, 
/**
 * Of which organisation.
 */
organisation: OrganisationId, 
/**
 * Its name.
 */
organisation_name: Label, 
/**
 * Who; absent if their account is gone.
 */
name?: DisplayName | null, 
/**
 * What is said.
 */
text: CommentText, 
/**
 * When, in milliseconds since 1970.
 */
at_ms: number, };

export type DocumentComments = { 
/**
 * About revisions that the reader may know, oldest first.
 */
comments: Array<DocumentComment>, };

export type LabelCount = { 
/**
 * The label.
 */
tlp: TlpLabel, 
/**
 * How many.
 */
count: number, };

export type KindCount = { 
/**
 * The kind.
 */
kind: DocumentKind, 
/**
 * How many.
 */
count: number, };

export type SeverityCount = { 
/**
 * The severity.
 */
severity: Severity, 
/**
 * How many.
 */
count: number, };

export type PublisherCount = { 
/**
 * The organisation.
 */
owner: OrganisationId, 
/**
 * Its name.
 */
name: Label, 
/**
 * How many.
 */
count: number, };

export type YearCount = { 
/**
 * The year.
 */
year: number, 
/**
 * How many.
 */
count: number, };

export type Facets = { 
/**
 * By label, of the newest revision that the reader may know.
 */
labels: Array<LabelCount>, 
/**
 * By kind.
 */
kinds: Array<KindCount>, 
/**
 * By how severe they say that they are, the most severe first.
 */
severities: Array<SeverityCount>, 
/**
 * By who answers for them, the most documents first, at most 50.
 */
publishers: Array<PublisherCount>, 
/**
 * By the year in UTC in which they were changed last, the newest first.
 */
years: Array<YearCount>, };

export type LeftOutOfDraft = { 
/**
 * What it is: its id, or what else names it.
 */
what: string, 
/**
 * Why it is not there.
 */
why: string, };

export type ImportedDraft = { 
/**
 * What it seems to be.
 */
kind: DocumentKind, 
/**
 * The narrowest label that it names. Absent if it names none, which is for its author to decide.
 */
tlp?: TlpLabel | null, 
/**
 * A JSON object of CSAF as text.
 */
content: string, 
/**
 * What is not in it, at most 100.
 */
left_out: Array<LeftOutOfDraft>, 
/**
 * How many more are not in it.
 */
left_out_more: number, };

export type IncidentClock = "running" | "overdue" | "in_time" | "late";

export type Incident = { 
/**
 * The incident report.
 */
document: DocumentId, 
/**
 * Whose it is.
 */
owner: OrganisationId, 
/**
 * When the incident was noticed, in milliseconds since 1970.
 */
noticed_ms: number, 
/**
 * Until when it is to be reported, in milliseconds since 1970.
 */
due_ms: number, 
/**
 * When its report was published first, in milliseconds since 1970.
 */
reported_ms?: number, 
/**
 * How it stands with the clock.
 */
clock: IncidentClock, 
/**
 * How far its handling is.
 */
status: IncidentStatus, 
/**
 * Which organisation is at it.
 */
handled_by: OrganisationId, 
/**
 * Who there is at it, if somebody was named.
 */
handler?: UserId | null, 
/**
 * When status or hands changed last, in milliseconds since 1970.
 */
changed_ms: number, };

export type Incidents = { 
/**
 * Those that the own organisation reported or handles, the soonest due first.
 */
incidents: Array<Incident>, };

export type ChangeIncident = { 
/**
 * How far its handling is now.
 */
status?: IncidentStatus | null, 
/**
 * Who is at it from now on: an organisation that may read the report, and somebody there if they are known.
 */
hand_over?: HandOver | null, };

export type HandOver = { 
/**
 * The organisation.
 */
organisation: OrganisationId, 
/**
 * Somebody of it.
 */
person?: UserId | null, };

export type CheckContent = { 
/**
 * A JSON object of CSAF as text.
 */
content: string, };

export type FindingWeight = "error" | "warning" | "information";

export type CheckFinding = { 
/**
 * The rule: `CSAF-6.1.16` is test 6.1.16 of CSAF 2.0, `CSAF-SCHEMA` its JSON schema.
 */
rule: string, 
/**
 * What the rule is about, in a few words.
 */
title: string, 
/**
 * How much it weighs.
 */
weight: FindingWeight, 
/**
 * Where: a JSON pointer (RFC 6901), empty for the document as a whole.
 */
pointer: string, 
/**
 * What is wrong there and what to do about it.
 */
message: string, };

export type CheckReport = { 
/**
 * Whether no finding is an error.
 */
valid: boolean, 
/**
 * Errors, then warnings, then information; at most 100 of one rule.
 */
findings: Array<CheckFinding>, 
/**
 * How many more there were of rules that had too many.
 */
left_out: number, };

export type NotFit = { 
/**
 * `BULLETIN.CSAF`.
 */
rule: Rule, 
/**
 * The same in a sentence, for people.
 */
message: string, 
/**
 * What is wrong with the document.
 */
check: CheckReport, };

export type FeedTokenState = { 
/**
 * Since when there is one, in milliseconds since 1970; absent if there is none.
 */
created_ms?: number, };

export type FeedToken = { 
/**
 * Where the feed is in Atom 1.0. Shown once: the server keeps a hash of the token only.
 */
atom: string, 
/**
 * Where it is in RSS 2.0.
 */
rss: string, };

export type NoticeMode = "digest" | "immediate" | "none";

export type NoticeTrouble = "address" | "key" | "mail";

export type OpenPgpKey = { 
/**
 * Its fingerprint, in upper-case hexadecimal.
 */
fingerprint: string, 
/**
 * Until when it encrypts, in milliseconds since 1970; absent if it does not end.
 */
expires_ms?: number, 
/**
 * Whether it still does.
 */
holds: boolean, };

export type NoticeSettings = { 
/**
 * Whether this server sends mail at all.
 */
sends_mail: boolean, 
/**
 * Where the account's mails go; absent if it has no address, and then none go.
 */
address?: EmailAddress | null, 
/**
 * When it is told.
 */
mode: NoticeMode, 
/**
 * At which full hour of the day a digest goes, in UTC, from 0 to 23.
 */
hour: number, 
/**
 * Only of documents at least so bad; one that says nothing of it is left out then.
 */
severity?: Severity | null, 
/**
 * Only of documents of these; empty: of all.
 */
publishers: Array<OrganisationId>, 
/**
 * To which key the mails are encrypted.
 */
key?: OpenPgpKey | null, 
/**
 * Why the last thing was not told, if it was not.
 */
trouble?: NoticeTrouble | null, };

export type SetNotices = { 
/**
 * When to be told.
 */
mode: NoticeMode, 
/**
 * At which full hour of the day a digest goes, in UTC, from 0 to 23.
 */
hour: number, 
/**
 * Only of documents at least so bad.
 */
severity?: Severity | null, 
/**
 * Only of documents of these; empty: of all.
 */
publishers: Array<OrganisationId>, };

export type Webhook = { 
/**
 * The webhook.
 */
id: WebhookId, 
/**
 * The address.
 */
url: string, 
/**
 * Only of documents at least so bad.
 */
severity?: Severity | null, 
/**
 * When it was made, in milliseconds since 1970.
 */
created_ms: number, 
/**
 * When something was delivered last, in milliseconds since 1970.
 */
delivered_ms?: number, 
/**
 * Deliveries that are still to be made.
 */
waiting: number, 
/**
 * Deliveries that were given up.
 */
given_up: number, 
/**
 * Why the last try failed; absent if it did not.
 */
trouble?: string | null, };

export type Webhooks = { 
/**
 * Those of the own organisation, the oldest first.
 */
webhooks: Array<Webhook>, };

export type AddWebhook = { 
/**
 * The address: `https`, or `http` on this very machine.
 */
url: string, 
/**
 * Only of documents at least so bad.
 */
severity?: Severity | null, };

export type NewWebhook = { 
/**
 * What was made.
 */
webhook: Webhook, 
/**
 * By which it is known that a delivery is from this server: `whsec_` and base64. Shown once.
 */
secret: string, };

export type BulletinAlert = { 
/**
 * The document.
 */
document: DocumentId, 
/**
 * Its newest revision, as far as the reader may know.
 */
revision: number, 
/**
 * What it is.
 */
kind: DocumentKind, 
/**
 * How far it may travel.
 */
tlp: TlpLabel, 
/**
 * Its title.
 */
title: string, 
/**
 * Who published it.
 */
owner_name: Label, 
/**
 * How bad it is.
 */
severity: Severity, 
/**
 * When it was published, in milliseconds since 1970.
 */
published_ms: number, };

export type BulletinAlerts = { 
/**
 * The worst first, of them the newest; three at most.
 */
alerts: Array<BulletinAlert>, 
/**
 * How many there are besides.
 */
more: number, };

export type DismissAlert = { 
/**
 * The document.
 */
document: DocumentId, 
/**
 * Its revision. The next one comes again.
 */
revision: number, };

/** Bounds the server enforces; times in milliseconds. */
export const limits = {
  nameCharsMax: 64,
  titleCharsMax: 120,
  videoSlotsMax: 25,
  audioSlotsMax: 4,
  speakersForwarded: 3,
  tileHeightMax: 2160,
  resumeWindowMs: 60000,
  pingIntervalMs: 2000,
  pingIntervalRestingMs: 10000,
  silenceMaxMs: 10000,
  linkSecretBytes: 16,
  chatCharsMax: 4000,
  passcodeCharsMax: 64,
  labelCharsMax: 64,
  materialBytesMax: 2097152,
  materialTextBytesMax: 524288,
  materialPictureDotsMax: 4096,
} as const;

/** Path of the WebSocket. */
export const SIGNALLING_PATH = "/api/v1/signalling";

/** Path at which meetings are created. */
export const MEETINGS_PATH = "/api/v1/meetings";

/** Path at which the organisation's floor can be read. */
export const POLICY_PATH = "/api/v1/policy";

/** WebSocket subprotocol. */
export const SUBPROTOCOL = "sabha.v1";

/** Text before the secret in an invite link's fragment. */
export const FRAGMENT_PREFIX = "v1.";

/** RTP stream id of each simulcast layer. */
export const rids = { low: "l", medium: "m", high: "h" } as const;

/** A control: a property that holds always, or a setting with levels or a limit, the loosest first. */
export interface ControlEntry {
  id: ControlWord;
  levels: readonly ControlWord[] | null;
  limit: { unit: string; min: number; max: number } | null;
  sources: readonly string[];
}

/** Every control of the policy. */
export const controls: readonly ControlEntry[] = [
  { id: "MEET.ID.FRESH", levels: null, limit: null, sources: ["MHA 1", "CERT-In 2", "CISA 2", "NIST"] },
  { id: "MEET.PASS.REQUIRED", levels: ["link", "passcode"], limit: null, sources: ["MHA 1", "CERT-In 2"] },
  { id: "MEET.LOBBY.ON", levels: ["host_or_rule", "host"], limit: null, sources: ["MHA 2", "CERT-In 3", "CISA 2"] },
  { id: "MEET.HOST.FIRST", levels: null, limit: null, sources: ["MHA 3", "CERT-In 4"] },
  { id: "MEET.SHARE.HOST", levels: ["everyone", "granted", "hosts"], limit: null, sources: ["MHA 4", "CERT-In 7", "CISA 3"] },
  { id: "MEET.CONTROL.OFF", levels: null, limit: null, sources: ["MHA"] },
  { id: "MEET.REMOVED.BAN", levels: null, limit: null, sources: ["MHA 5", "CERT-In 6"] },
  { id: "MEET.FILE.OFF", levels: null, limit: null, sources: ["MHA 6", "CERT-In 5", "CISA 3"] },
  { id: "MEET.CHAT.SAFE", levels: ["everyone", "hosts", "nobody"], limit: null, sources: ["MHA"] },
  { id: "MEET.LOCK.AUTO", levels: null, limit: { unit: "minutes", min: 1, max: 1440 }, sources: ["MHA 7", "CERT-In 8", "CISA 2"] },
  { id: "MEET.REC.RESTRICT", levels: null, limit: null, sources: ["MHA 8", "CERT-In 9", "CISA 3"] },
  { id: "MEET.TRANSCRIPT.RESTRICT", levels: null, limit: null, sources: ["CISA 3"] },
  { id: "MEET.END.ALL", levels: ["hand_over", "end_only"], limit: null, sources: ["MHA 9"] },
  { id: "MEET.MUTE.ENTRY", levels: ["chosen", "muted", "muted_and_dark"], limit: null, sources: ["MHA"] },
  { id: "MEET.E2EE.REQUIRED", levels: ["any_suite", "hybrid"], limit: null, sources: ["NSA 1", "NSA 2"] },
  { id: "MEET.IDENT.VERIFIED", levels: null, limit: null, sources: ["NSA 4", "NIST"] },
  { id: "MEET.LEG.MIN", levels: null, limit: null, sources: ["NSA 9"] },
  { id: "ORG.MFA", levels: ["creation_key", "strong"], limit: null, sources: ["NSA 3", "NIST"] },
  { id: "ORG.HOSTMGMT.DEFAULT", levels: null, limit: null, sources: ["CISA 2"] },
  { id: "ORG.NO3P", levels: null, limit: null, sources: ["NSA 5"] },
  { id: "ORG.ERASE", levels: null, limit: null, sources: ["NSA 6"] },
  { id: "ORG.AUDIT", levels: null, limit: null, sources: ["NSA 4", "NSA 8"] },
  { id: "ORG.CLIENT.FLOOR", levels: null, limit: { unit: "client", min: 1, max: 9999 }, sources: ["CERT-In 1", "CISA 4"] },
  { id: "ORG.EXTERNAL", levels: ["anyone", "members"], limit: null, sources: ["SCuBA Meet 1", "SCuBA Meet 2"] },
  { id: "ORG.LINK.PRIVATE", levels: ["shared", "personal"], limit: null, sources: ["MHA", "CISA 2"] },
];
