// What the reducer keeps, what it is told and what it wants done.
//
// `Model.shown` is what the interface sees; the rest is the reducer's own memory. Plain data throughout, so that
// every race can be replayed in a test. Nothing here knows how an effect is carried out.

import type {
  Challenge,
  ClientMessage,
  ControlWord,
  DeviceCommand,
  DeviceKey,
  DeviceOutput,
  GroupEpoch,
  Guest,
  Layer,
  MaterialKind,
  MediaAnswer,
  MediaGeneration,
  MediaOffer,
  MediaState,
  MemberRight,
  MemberRole,
  Mid,
  Participant,
  ParticipantId,
  RequestId,
  ResumeToken,
  RoomSeq,
  ServerFrame,
  Source,
  Tile,
  VideoCodec,
} from '../protocol/messages';
import type { CallState, Over } from './state';

/** Counts the peer connections this side began; an offer or path report of another attempt is void. */
export type Attempt = number;

/** An end after which a reload must not knock again. */
export interface LastingOver extends Over {
  reason: 'abandoned' | 'ended' | 'removed';
}

/** What a request that is not answered yet was about. */
export type Asked =
  /** The own device wanted it sent, under its number `send`. */
  | { kind: 'device'; send: RequestId; what: ClientMessage['type'] }
  | { kind: 'join'; attempt: Attempt }
  | { kind: 'offer'; attempt: Attempt }
  | { kind: 'leave' }
  | { kind: 'other' };

/** How far a connection has come. */
export type Entry =
  | 'none' // nothing was said on it
  | 'signing' // the device was asked for its `enter`
  | 'asked' // `enter` was sent
  | 'admitted'
  | 'joined';

/** Whose stream a slot has to carry: of the member at this leaf of the group, from this source. */
export interface SlotContent {
  leaf: number;
  source: Source;
}

/** How this person is going. */
export type Parting =
  /** Makes another device host first. */
  | { way: 'hand_over'; to: DeviceKey }
  /** The device takes leave of the group; at `dueMs` nobody waits for it any more. Milliseconds since 1970. */
  | { way: 'leave'; dueMs: number };

export interface Model {
  readonly shown: CallState;
  readonly name: string;
  /** The newest token of the place held. */
  readonly resume: ResumeToken | null;
  /** Whether this entry follows a reload, so that nobody has clicked anything yet. */
  readonly afterReload: boolean;
  /** The invite of one's own does not let in any more: the device knocks. */
  readonly inviteRefused: boolean;
  /** What this person wants on; shows at once, before the server has answered. */
  readonly wanted: MediaState;
  /** `wanted` as it was told with the last `join`. */
  readonly told: MediaState;
  readonly socketUp: boolean;
  /** What the device has to sign on this connection; null until the server has said it. */
  readonly challenge: Challenge | null;
  readonly entry: Entry;
  /** The server's epoch when it admitted this device: `join` waits until the device has caught up with it. */
  readonly groupEpoch: GroupEpoch;
  /** Whether the server has this device in its group. */
  readonly inGroup: boolean;
  /** The newest `join` of this connection. */
  readonly joinRequest: RequestId | null;
  readonly attempt: Attempt;
  /** Whether the offer of `attempt` is being made. */
  readonly making: boolean;
  /** The offer of `attempt` from when it is made until it is answered. */
  readonly offer: MediaOffer | null;
  /** Whether that offer was sent on this connection. */
  readonly offerSent: boolean;
  /** Peer connections begun since media last flowed. */
  readonly triesSinceConnected: number;
  readonly generation: MediaGeneration | null;
  readonly seq: RoomSeq | null;
  readonly tiles: readonly Tile[];
  /** When pictures are asked for at the latest, in milliseconds since 1970; null once they may be. See `pictures.ts`. */
  readonly picturesDueMs: number | null;
  /** Whom the server lists as participants; shown only as far as the device knows them. */
  readonly roster: readonly Participant[];
  /** Whom the server lists in the lobby; likewise. */
  readonly guests: readonly Guest[];
  /** What those in the roster were last called. */
  readonly names: ReadonlyMap<ParticipantId, string>;
  /** Participants and guests who came while this person was here, and were not announced yet. */
  readonly arriving: ReadonlySet<ParticipantId>;
  /** Since when somebody in the roster is unknown to the device, in milliseconds since 1970. */
  readonly unknownSince: ReadonlyMap<ParticipantId, number>;
  /** What each slot was last said to carry. */
  readonly routes: ReadonlyMap<Mid, SlotContent>;
  readonly parting: Parting | null;
  /** Restricted material that is here, by whose it is and its id; in memory only, for as long as it is shown. */
  readonly contents: ReadonlyMap<string, string>;
  readonly nextRequest: RequestId;
  readonly nextNotice: number;
  readonly nextLine: number;
  readonly asked: ReadonlyMap<RequestId, Asked>;
}

/** Everything that can happen to a call. */
export type CallEvent =
  // The person wants something.
  | { type: 'admit'; guest: ParticipantId }
  | { type: 'admit_all' }
  | { type: 'ask_to_speak'; participant: ParticipantId }
  | { type: 'cancel_leave' }
  | { type: 'chat'; text: string }
  | { type: 'decline_to_speak' }
  | { type: 'countersign' }
  | { type: 'deny'; guest: ParticipantId }
  | { type: 'dismiss'; notice: number }
  | { type: 'end' }
  | { type: 'enter'; name: string; resume: ResumeToken | null; afterReload: boolean }
  | { type: 'hand_over'; to: ParticipantId }
  | { type: 'leave' }
  | { type: 'invite'; name: string; untilMs: number; devices: number }
  | { type: 'lift_ban'; device: DeviceKey }
  | { type: 'lock'; locked: boolean }
  | { type: 'make_certificate' }
  | { type: 'make_host'; participant: ParticipantId }
  | { type: 'mute_all' }
  | { type: 'mute'; participant: ParticipantId; source: Source }
  | { type: 'raise_hand'; raised: boolean }
  | { type: 'remove'; participant: ParticipantId }
  | { type: 'refused_source'; source: Source }
  | { type: 'retry' }
  | { type: 'send_back'; participant: ParticipantId }
  | { type: 'set_right'; participant: ParticipantId; right: MemberRight; allowed: boolean }
  | { type: 'set_role'; participant: ParticipantId; role: MemberRole }
  | { type: 'spotlight'; participant: ParticipantId | null }
  | { type: 'set_control'; control: ControlWord; value: ControlWord }
  | { type: 'suspend'; suspended: boolean }
  | { type: 'save_certificate' }
  | { type: 'save_log' }
  | { type: 'shut_mail' }
  | { type: 'set_passcode'; passcode: string | null; admits: boolean }
  | { type: 'set_sources'; sources: Partial<MediaState> }
  | { type: 'show'; tiles: readonly Tile[] }
  | { type: 'show_material'; kind: MaterialKind; content: string }
  | { type: 'take_material_away' }
  | { type: 'withdraw_invite'; invite: DeviceKey }
  | { type: 'submit_passcode'; passcode: string }
  // The own device says something.
  | { type: 'device'; output: DeviceOutput }
  /** There is none, or it broke: nothing can be sealed, so nothing is sent. */
  | { type: 'device_failed' }
  // The signalling connection says something.
  | { type: 'socket_down' }
  | { type: 'socket_gone' }
  | { type: 'socket_message'; frame: ServerFrame }
  | { type: 'socket_up' }
  // Media says something.
  | { type: 'network_changed' }
  | { type: 'offer_failed'; attempt: Attempt }
  | { type: 'offer_ready'; attempt: Attempt; offer: MediaOffer }
  | { type: 'path_broken'; attempt: Attempt }
  | { type: 'path_connected'; attempt: Attempt }
  // This browser remembers something.
  | { type: 'remembered_over'; over: Over }
  // Time that was asked for by `wake` has passed.
  | { type: 'woken' };

/** Everything the reducer can want done. */
export type Effect =
  | { type: 'answer_media'; attempt: Attempt; answer: MediaAnswer }
  /** Ends the device. Forgotten means for good: its keys are erased from this browser. */
  | { type: 'close_device'; forget: boolean }
  | { type: 'close_media' }
  | { type: 'connect' }
  | { type: 'device'; command: DeviceCommand }
  | { type: 'disconnect' }
  | { type: 'forget_place' }
  /** The token of the place is worth nothing any more. */
  | { type: 'forget_resume' }
  /** Drops the connection and comes back at once: state was lost on the way. */
  | { type: 'reconnect' }
  | { type: 'remember_over'; over: LastingOver }
  | { type: 'remember_place'; resume: ResumeToken }
  /** Makes a fresh peer connection and its offer, beside the one in use. */
  | { type: 'prepare_media'; attempt: Attempt }
  /** Gives the person a file with the meeting's certificate. */
  | { type: 'save_certificate'; certificate: string }
  /** Gives the person a file with the meeting's log. */
  | { type: 'save_log'; log: string }
  | { type: 'send'; id: RequestId; body: ClientMessage }
  | { type: 'send_codec'; source: Source; codec: VideoCodec }
  | { type: 'send_layers'; source: Source; layers: readonly Layer[] }
  | { type: 'send_media'; media: MediaState }
  /** Says what the slots that changed have to carry; frames of anybody else are not played. */
  | { type: 'set_slots'; slots: ReadonlyMap<Mid, SlotContent | null> }
  | { type: 'wake'; afterMs: number };

export interface Step {
  model: Model;
  effects: readonly Effect[];
}

/** Unanswered requests remembered; beyond, the oldest is forgotten. The server answers each within a second. */
export const ASKED_MAX = 128;
/** Notices kept; beyond, the oldest goes unread. */
export const NOTICES_MAX = 20;
/** Peer connections that may fail in a row before the path counts as failed, though trying goes on. */
export const MEDIA_TRIES_MAX = 3;
/** Lines of the chat kept; beyond, the oldest is gone. */
export const CHAT_LINES_MAX = 1000;
/**
 * Time somebody may stand in the roster before the device knows them, in milliseconds, without a warning. The server
 * and the device learn of a change one after the other, a few milliseconds apart.
 */
export const STRANGER_MS = 3000;
/** Time the device has to take leave of the group, in milliseconds; then this side goes without. */
export const FAREWELL_MS = 1000;

export const nothingOn: MediaState = { microphone: false, camera: false, screen: false, screen_audio: false };

/** Returns the model of a call that nobody has entered yet. */
/** Returns whether one is in the room, and nobody in it publishes anything. */
export function isSilent({ entry, roster, wanted }: Model): boolean {
  const silent = ({ microphone, camera, screen, screen_audio }: MediaState) =>
    !microphone && !camera && !screen && !screen_audio;
  return entry === 'joined' && silent(wanted) && roster.every(({ media }) => silent(media));
}

export function initialModel(wanted: MediaState = nothingOn): Model {
  return {
    shown: {
      phase: 'prejoin',
      link: 'idle',
      path: 'idle',
      joinedAt: null,
      e2ee: null,
      title: null,
      you: null,
      role: 'participant',
      hostPresent: false,
      media: nothingOn,
      participants: [],
      strangers: 0,
      lobby: [],
      chat: [],
      quality: new Map(),
      speaking: [],
      slots: new Map(),
      over: null,
      log: null,
      certificate: null,
      notices: [],
      leaveQuestion: false,
      askedToSpeak: null,
      sentBack: null,
      spotlight: null,
      materials: [],
    },
    name: '',
    resume: null,
    afterReload: false,
    inviteRefused: false,
    wanted,
    told: nothingOn,
    socketUp: false,
    challenge: null,
    entry: 'none',
    groupEpoch: 0,
    inGroup: false,
    joinRequest: null,
    attempt: 0,
    making: false,
    offer: null,
    offerSent: false,
    triesSinceConnected: 0,
    generation: null,
    seq: null,
    tiles: [],
    picturesDueMs: null,
    roster: [],
    guests: [],
    names: new Map(),
    arriving: new Set(),
    unknownSince: new Map(),
    routes: new Map(),
    parting: null,
    contents: new Map(),
    nextRequest: 1,
    nextNotice: 1,
    nextLine: 1,
    asked: new Map(),
  };
}
