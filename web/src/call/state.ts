// What the interface shows: one immutable value, made by the reducer in `reducer.ts` from events.
// Plain data only; streams and connections live in `session/`.

import type {
  CloseReason,
  Guest,
  MediaState,
  Mid,
  Occupant,
  Participant,
  ParticipantId,
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
  | CloseReason
  | 'link_unknown' // the meeting does not exist, has ended, or the link is wrong
  | 'full'
  | 'server_gone' // not reachable within the time a place is kept
  | 'place_lost'; // the place was not kept long enough: knock again

export interface Over {
  reason: OverReason;
  /** Who decided, where somebody did. */
  by: string | null;
}

/** Something to tell the person once: a toast and a live-region announcement. */
export interface Notice {
  id: number;
  kind: 'refused' | 'muted' | 'joined' | 'left' | 'removed' | 'knocked' | 'recovered' | 'draining' | 'made_host';
  /** Name of whom it is about, or who did it. */
  name: string | null;
  rule: Rule | null;
  source: Source | null;
}

export interface CallState {
  phase: Phase;
  link: Link;
  path: MediaPath;
  /** Milliseconds since 1970 at which this person entered the room, for the timer. */
  joinedAt: number | null;
  title: string | null;
  you: ParticipantId | null;
  role: Role;
  /** In the lobby: whether a host is there to hear the knock. */
  hostPresent: boolean;
  /** What of this person's media is switched on, as the server knows it. */
  media: MediaState;
  /** Everybody in the room, this person included, in the order of arrival. */
  participants: readonly Participant[];
  /** Who knocks; empty unless this person is host. */
  lobby: readonly Guest[];
  quality: ReadonlyMap<ParticipantId, Quality>;
  /** Who speaks now, most recent first. */
  speaking: readonly ParticipantId[];
  slots: ReadonlyMap<Mid, Occupant>;
  over: Over | null;
  notices: readonly Notice[];
  /** Set when a last host tried to leave: end for all, or hand over. */
  leaveQuestion: boolean;
}
