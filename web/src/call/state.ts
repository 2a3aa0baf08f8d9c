// What the interface shows: one immutable value, made by the reducer in `reducer.ts` from events.
// Plain data only; streams and connections live in `session/`.
//
// Invariant: who is there, what they are called, who is host and what was said come from the own device, which has
// verified it (`e2ee`). The server's word is taken only for what it alone can know: who is reachable, which slot
// carries what, who speaks.

import type {
  AdmissionMethod,
  ChatText,
  CloseReason,
  DeviceKey,
  DeviceView,
  GuestInvite,
  MaterialView,
  MediaState,
  MemberRight,
  Mid,
  Occupant,
  ParticipantId,
  PasscodeProof,
  Presence,
  Quality,
  Role,
  Rule,
  Source,
} from '../protocol/messages';

/** Where the person is in the life of a call. */
export type Phase =
  | 'prejoin' // choosing name and devices; nothing was sent
  | 'entering' // asked to enter, no answer yet
  | 'waiting' // in the lobby
  | 'joining' // admitted; media is being set up
  | 'joined' // in the room
  | 'over'; // out, for the reason in `over`

/** Whether the server can be reached. */
export type Link = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'gone';

/** Whether media flows. */
export type MediaPath = 'idle' | 'connecting' | 'connected' | 'recovering' | 'failed';

/** Why the call is over for this person: the server's word, or what this side found out. */
export type OverReason =
  | Exclude<CloseReason, 'sent_back'> // who is sent back goes to the lobby
  | 'link_unknown' // the meeting does not exist, has ended, or the link is wrong
  | 'full'
  | 'personal_link' // by policy nobody comes in by such a link
  | 'lobby_share' // as many of one network wait as may
  | 'too_often' // one network knocks too often
  | 'locked' // the meeting is locked: nobody new comes in
  | 'not_let_in' // by policy this person, or this client, does not come in: `rule` says why
  | 'no_encryption' // this browser cannot seal what it sends, so nothing is sent at all
  | 'server_gone' // not reachable within the time a place is kept
  | 'place_lost'; // the place was not kept long enough: knock again

export interface Over {
  reason: OverReason;
  /** Name of who decided, where somebody did whose name is known. */
  by: string | null;
  /** The rule of policy that decided, where one did. */
  rule?: Rule;
}

/** Somebody in the room: in the server's roster, and a verified member of the group. */
export interface Person {
  id: ParticipantId;
  device: DeviceKey;
  /** What they call themselves; empty until they have said it in the group. */
  name: string;
  role: Role;
  media: MediaState;
  /** Whether they are reachable, as the server sees it. */
  presence: Presence;
  /** Whether their hand is up. */
  hand: boolean;
  /** Whether the hosts certify the group this person was seen in. */
  verified: boolean;
  /** How they were admitted; null if unknown. */
  method: AdmissionMethod | null;
  /** Whether the server says that they are signed in with the organisation whose server it is. */
  ofOrganisation: boolean;
}

/** Somebody who knocks, and has shown that they have the link. */
export interface Knock {
  id: ParticipantId;
  device: DeviceKey;
  name: string;
  /** How long they had waited when this device heard of them, in milliseconds. */
  waiting_ms: number;
  passcode: PasscodeProof;
  /** Whether they are being let in. */
  admitting: boolean;
  /** Whether the server says that they are signed in with the organisation whose server it is. */
  ofOrganisation: boolean;
  /** The personal link by which they come; null for the meeting's own. */
  invite: GuestInvite | null;
}

/** Something that was said to everybody. */
export interface ChatLine {
  /** Counts up from 1. */
  id: number;
  from: DeviceKey;
  /** Under which name it was said. */
  name: string;
  text: ChatText;
  /** Whether this person said it. */
  own: boolean;
  /** When this device heard it, in milliseconds since 1970. */
  atMs: number;
}

/** Restricted material that somebody shows in this room, and nowhere else. */
export interface Material extends MaterialView {
  /** What whoever shows it calls themselves; empty until they have said it. */
  name: string;
  /** All of it, in base64url, once it is here. */
  content: string | null;
}

/** Something to tell the person once: a toast and a live-region announcement. */
export interface Notice {
  id: number;
  kind:
    | 'refused'
    | 'muted'
    | 'joined'
    | 'left'
    | 'removed'
    | 'sent_back'
    | 'attendee' // a host lets this person see and hear only
    | 'participant' // and no longer
    | 'presenter' // a host lets this person share
    | 'right_given'
    | 'right_taken'
    | 'spotlight' // a host has put this person before everybody's eyes
    | 'knocked'
    | 'recovered'
    | 'draining'
    | 'made_host'
    | 'locked'
    | 'suspended'
    | 'unsuspended'
    | 'unlocked'
    | 'material' // somebody else shows restricted material
    | 'material_gone' // and no longer
    | 'certificate' // a host asks for a countersignature, and the device saw the same
    | 'chat' // somebody else wrote
    | 'hand' // somebody else raised their hand
    | 'guessed' // several guesses at the passcode were wrong
    | 'passcode_off' // so many that it opens nothing any more
    | 'alarm'; // the device noticed somebody who does not keep to the protocol: see `e2ee.alarms`
  /** Name of whom it is about, or who did it. */
  name: string | null;
  rule: Rule | null;
  source: Source | null;
  right: MemberRight | null;
}

export interface CallState {
  phase: Phase;
  link: Link;
  path: MediaPath;
  /** Milliseconds since 1970 at which this person entered the room, for the timer. */
  joinedAt: number | null;
  /** What the own device has verified; null before it was made. */
  e2ee: DeviceView | null;
  /** The meeting's title, opened by the device. */
  title: string | null;
  you: ParticipantId | null;
  /** This person's role, by the policy in the group. */
  role: Role;
  /** In the lobby: whether a host is there to hear the knock. */
  hostPresent: boolean;
  /** What of this person's media is switched on, as the server knows it. */
  media: MediaState;
  /** Everybody in the room, this person included, in the order of arrival. */
  participants: readonly Person[];
  /** How many the server lists as participants who are not in the verified group: never shown, a reason to warn. */
  strangers: number;
  /** Who knocks; empty unless this person is host. */
  lobby: readonly Knock[];
  /** What was said, oldest first; bounded. */
  chat: readonly ChatLine[];
  quality: ReadonlyMap<ParticipantId, Quality>;
  /** Who speaks now, most recent first. */
  speaking: readonly ParticipantId[];
  slots: ReadonlyMap<Mid, Occupant>;
  over: Over | null;
  /** The meeting's log, once the meeting has ended, on the device that kept it. */
  log: string | null;
  /** The meeting's certificate, once the meeting has ended, on the device that kept the log. */
  certificate: string | null;
  notices: readonly Notice[];
  /** Set when a last host tried to leave: end for all, or hand over. */
  leaveQuestion: boolean;
  /** A host asks this person to switch the microphone on. Only they do. */
  askedToSpeak: { by: string | null } | null;
  /** At the door again since a host has sent this person back, until they are let in. */
  sentBack: { by: string | null } | null;
  /** Whom a host has put before everybody's eyes. */
  spotlight: ParticipantId | null;
  /** Restricted material that is shown now, the own first. */
  materials: readonly Material[];
}
