// What the reducer keeps, what it is told and what it wants done.
//
// `Model.shown` is what the interface sees; the rest is the reducer's own memory. Plain data throughout, so that
// every race can be replayed in a test. Nothing here knows how an effect is carried out.

import type {
  ClientMessage,
  Credential,
  Layer,
  MediaAnswer,
  MediaGeneration,
  MediaOffer,
  MediaState,
  MeetingId,
  ParticipantId,
  RequestId,
  ResumeToken,
  RoomSeq,
  ServerFrame,
  Source,
  Tile,
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
  | { kind: 'enter' }
  | { kind: 'join'; attempt: Attempt }
  | { kind: 'offer'; attempt: Attempt }
  | { kind: 'leave' }
  | { kind: 'hand_over' }
  | { kind: 'other' };

export interface Model {
  readonly shown: CallState;
  readonly meeting: MeetingId;
  readonly name: string;
  /** Rights to enter, the best first; the first is the one in use. Empty before the first `enter`. */
  readonly credentials: readonly Credential[];
  /** Whether this entry follows a reload, so that nobody has clicked anything yet. */
  readonly afterReload: boolean;
  /** What this person wants on; shows at once, before the server has answered. */
  readonly wanted: MediaState;
  /** `wanted` as it was told with the last `join`. */
  readonly told: MediaState;
  readonly socketUp: boolean;
  /** How far this connection has come. */
  readonly entry: 'none' | 'asked' | 'admitted' | 'joined';
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
  readonly nextRequest: RequestId;
  readonly nextNotice: number;
  readonly asked: ReadonlyMap<RequestId, Asked>;
}

/** Everything that can happen to a call. */
export type CallEvent =
  // The person wants something.
  | { type: 'admit'; guest: ParticipantId }
  | { type: 'admit_all' }
  | { type: 'cancel_leave' }
  | { type: 'deny'; guest: ParticipantId }
  | { type: 'dismiss'; notice: number }
  | { type: 'end' }
  | { type: 'enter'; name: string; credentials: readonly Credential[]; afterReload: boolean }
  | { type: 'hand_over'; to: ParticipantId }
  | { type: 'leave' }
  | { type: 'make_host'; participant: ParticipantId }
  | { type: 'mute'; participant: ParticipantId; source: Source }
  | { type: 'remove'; participant: ParticipantId }
  | { type: 'retry' }
  | { type: 'set_sources'; sources: Partial<MediaState> }
  | { type: 'show'; tiles: readonly Tile[] }
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
  // This device remembers something.
  | { type: 'remembered_over'; over: Over };

/** Everything the reducer can want done. */
export type Effect =
  | { type: 'answer_media'; attempt: Attempt; answer: MediaAnswer }
  | { type: 'close_media' }
  | { type: 'connect' }
  | { type: 'disconnect' }
  | { type: 'forget_place' }
  /** Drops the connection and comes back at once: state was lost on the way. */
  | { type: 'reconnect' }
  | { type: 'remember_over'; over: LastingOver }
  | { type: 'remember_place'; resume: ResumeToken }
  /** Makes a fresh peer connection and its offer, beside the one in use. */
  | { type: 'prepare_media'; attempt: Attempt }
  | { type: 'send'; id: RequestId; body: ClientMessage }
  | { type: 'send_layers'; source: Source; layers: readonly Layer[] }
  | { type: 'send_media'; media: MediaState };

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

export const nothingOn: MediaState = { microphone: false, camera: false, screen: false, screen_audio: false };

/** Returns the model of a call to `meeting` that nobody has entered yet. */
export function initialModel(meeting: MeetingId, wanted: MediaState = nothingOn): Model {
  return {
    shown: {
      phase: 'prejoin',
      link: 'idle',
      path: 'idle',
      joinedAt: null,
      title: null,
      you: null,
      role: 'participant',
      hostPresent: false,
      media: nothingOn,
      participants: [],
      lobby: [],
      quality: new Map(),
      speaking: [],
      slots: new Map(),
      over: null,
      notices: [],
      leaveQuestion: false,
    },
    meeting,
    name: '',
    credentials: [],
    afterReload: false,
    wanted,
    told: nothingOn,
    socketUp: false,
    entry: 'none',
    joinRequest: null,
    attempt: 0,
    making: false,
    offer: null,
    offerSent: false,
    triesSinceConnected: 0,
    generation: null,
    seq: null,
    tiles: [],
    nextRequest: 1,
    nextNotice: 1,
    asked: new Map(),
  };
}
