// Generated from crates/protocol by `cargo xtask codegen`. Do not edit.

export type MeetingId = string;

export type ParticipantId = number;

export type RequestId = number;

export type RoomSeq = number;

export type BootEpoch = number;

export type RoomEpoch = number;

export type MediaGeneration = number;

export type DisplayName = string;

export type MeetingTitle = string;

export type Sdp = string;

export type TileHeight = number;

export type CreationKey = string;

export type GateKey = string;

export type HostToken = string;

export type ResumeToken = string;

export type RelayPayload = string;

export type MediaKind = "audio" | "video";

export type Source = "microphone" | "camera" | "screen" | "screen_audio";

export type Layer = "low" | "medium" | "high";

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

export type Rule = "ROOM.HOST.ONLY" | "ROOM.ENTRY.ADMITTED" | "ROOM.ENTRY.LINK" | "ROOM.ENTRY.REMOVED" | "ROOM.ENTRY.COOLDOWN" | "ROOM.LOBBY.FULL" | "ROOM.FULL" | "ROOM.RESUME.WINDOW" | "ROOM.HOST.LAST" | "ROOM.PRESENT" | "ROOM.TARGET" | "WIRE.ORDER" | "WIRE.FORM" | "WIRE.RATE" | "MEDIA.OFFER" | "SERVER.CAPACITY" | "SERVER.CREATE" | "SERVER.STORAGE";

export type Credential = { "type": "host", 
/**
 * The token `POST /api/v1/meetings` returned.
 */
token: HostToken, } | { "type": "link", 
/**
 * Derived from the link's secret.
 */
gate_key: GateKey, } | { "type": "resume", 
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

export type ClientMessage = { "type": "admit", 
/**
 * Who waits in the lobby.
 */
guest: ParticipantId, } | { "type": "deny", 
/**
 * Who waits in the lobby.
 */
guest: ParticipantId, } | { "type": "end", } | { "type": "enter", 
/**
 * The meeting of the link.
 */
meeting: MeetingId, 
/**
 * Name to be shown to the others. A resumed participant keeps the name it had.
 */
name: DisplayName, 
/**
 * The right to come this far.
 */
credential: Credential, } | { "type": "join", 
/**
 * The peer connection's offer.
 */
offer: MediaOffer, 
/**
 * What the client wants to have on. After a resume this can only switch off, never on.
 */
media: MediaState, } | { "type": "leave", } | { "type": "make_host", 
/**
 * Who becomes host.
 */
participant: ParticipantId, } | { "type": "mute", 
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
offer: MediaOffer, } | { "type": "ping", } | { "type": "relay", 
/**
 * One member, or all others if absent.
 */
to: ParticipantId | null, 
/**
 * The bytes.
 */
payload: RelayPayload, } | { "type": "remove", 
/**
 * Who is removed.
 */
participant: ParticipantId, } | { "type": "set_media", 
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
 * The name it gave itself.
 */
name: DisplayName, 
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
presence: Presence, };

export type Guest = { 
/**
 * Its id; kept when it is admitted.
 */
id: ParticipantId, 
/**
 * The name it gave itself.
 */
name: DisplayName, 
/**
 * How long it has waited when this was sent, in milliseconds.
 */
waiting_ms: number, };

export type LobbyOutcome = "admitted" | "denied" | "withdrew";

export type LeaveReason = "left" | "lost" | "removed";

export type CloseReason = "abandoned" | "denied" | "ended" | "left" | "misbehaved" | "removed" | "replaced" | "server_stopping" | "too_slow";

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
 * Brings you back to this place within 60 s after the connection dropped. Replaces any older one.
 */
resume: ResumeToken, 
/**
 * The meeting's title.
 */
title: MeetingTitle | null, 
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
by: DisplayName | null, } | { "type": "done", } | { "type": "draining", 
/**
 * Time left, in milliseconds.
 */
remaining_ms: number, } | { "type": "joined", 
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
by: DisplayName, } | { "type": "participant_changed", 
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
host_present: boolean, } | { "type": "welcome", 
/**
 * Version of the server, for display.
 */
version: string, 
/**
 * Which life of the server this is.
 */
boot_epoch: BootEpoch, };

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

export type CreateMeeting = { 
/**
 * The meeting's fresh id, drawn by the creator's device.
 */
meeting: MeetingId, 
/**
 * Derived from the link secret, which stays with the creator.
 */
gate_key: GateKey, 
/**
 * Shown in the room.
 */
title?: MeetingTitle | null, };

export type MeetingCreated = { 
/**
 * The meeting.
 */
meeting: MeetingId, 
/**
 * The creator's right to enter as host.
 */
host_token: HostToken, };

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
  silenceMaxMs: 10000,
  linkSecretBytes: 16,
} as const;

/** Path of the WebSocket. */
export const SIGNALLING_PATH = "/api/v1/signalling";

/** Path at which meetings are created. */
export const MEETINGS_PATH = "/api/v1/meetings";

/** WebSocket subprotocol. */
export const SUBPROTOCOL = "sabha.v1";

/** Text before the secret in an invite link's fragment. */
export const FRAGMENT_PREFIX = "v1.";

/** RTP stream id of each simulcast layer. */
export const rids = { low: "l", medium: "m", high: "h" } as const;
