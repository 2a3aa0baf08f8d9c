// The way in and out: enter, wait, be admitted, join; lose the connection and come back; be over.
// Not responsible for what happens in the room (`room.ts`) nor for the media path once joined (`path.ts`).
//
// A host or a returning participant sends `join` right behind `enter`; a guest sends it once admitted. The offer
// is made while the socket opens, so that neither waits for the other.

import type { Credential, MediaState, ResumeToken, Rule, ServerMessage, Source } from '../protocol/messages';
import { type CallEvent, type Effect, initialModel, type Model, nothingOn, type Step } from './model';
import type { Over, OverReason } from './state';
import { and, ask, prepareMedia, sameMedia, show, stay, tell, withEffects } from './step';

type Message<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;
const SOURCES: readonly Source[] = ['microphone', 'camera', 'screen', 'screen_audio'];

/** Begins to enter. Only from pre-join: a second click changes nothing. */
export function enter(model: Model, event: Extract<CallEvent, { type: 'enter' }>): Step {
  if (model.shown.phase !== 'prejoin' || event.credentials.length === 0) return stay(model);
  const { name, credentials, afterReload } = event;
  const entering = show({ ...model, name, credentials, afterReload }, { phase: 'entering', link: 'connecting' });
  return withEffects(prepareMedia(entering), { type: 'connect' });
}

/** Says who comes, on a fresh connection. */
export function socketUp(model: Model): Step {
  if (isOut(model)) return withEffects(stay(model), { type: 'disconnect' });
  const connected = show({ ...model, socketUp: true }, { link: 'connected' });
  return and(sayEnter(connected), sendJoin);
}

function sayEnter(model: Model): Step {
  const [credential] = model.credentials;
  if (!credential) return stay(model);
  const asked = ask(model, { type: 'enter', meeting: model.meeting, name: model.name, credential }, { kind: 'enter' });
  return { ...asked, model: { ...asked.model, entry: 'asked', joinRequest: null } };
}

/** Sends `join` as soon as it may be and there is an offer. */
export function sendJoin(model: Model): Step {
  const [credential] = model.credentials;
  const mayJoin = model.entry === 'admitted' || (model.entry === 'asked' && credential?.type !== 'link');
  if (!model.socketUp || !mayJoin || !model.offer || model.joinRequest !== null) return stay(model);
  const media = model.wanted;
  const asked = ask(model, { type: 'join', offer: model.offer, media }, { kind: 'join', attempt: model.attempt });
  return { ...asked, model: { ...asked.model, told: media, joinRequest: model.nextRequest, offerSent: true } };
}

/** The connection dropped: comes back by the same right, or by the token of the place held. */
export function socketDown(model: Model): Step {
  if (isOut(model)) return stay({ ...model, socketUp: false });
  const lost: Model = {
    ...model,
    socketUp: false,
    entry: 'none',
    joinRequest: null,
    offerSent: false,
    asked: new Map(),
  };
  const seen = show(lost, { link: 'reconnecting', leaveQuestion: false });
  // An offer that nobody answered serves again; an answered one is spent.
  return seen.making || seen.offer !== null ? stay(seen) : prepareMedia(seen);
}

/** The server did not answer for as long as a place is kept. */
export function socketGone(model: Model): Step {
  if (isOut(model)) return stay(model);
  return over(show(model, { link: 'gone' }), 'server_gone', null);
}

export function waiting(model: Model, message: Message<'waiting'>): Step {
  const { you, host_present: hostPresent } = message;
  return stay(show(model, { phase: 'waiting', you, hostPresent }));
}

/** The host, or the right shown, lets this person in. */
export function admitted(model: Model, message: Message<'admitted'>): Step {
  if (model.entry !== 'asked') return stay(model);
  const { you, role, title } = message;
  // Who comes back stays in the room on screen; who comes in has yet to see it.
  const phase = model.shown.phase === 'joined' ? 'joined' : 'joining';
  const inside = show({ ...model, entry: 'admitted' }, { phase, you, role, title });
  return and(holdPlace(inside, message.resume), sendJoin);
}

/** Keeps the newest token of the place held: for this tab's next connection, and for a reload. */
export function holdPlace(model: Model, resume: ResumeToken): Step {
  const rights = model.credentials.filter(({ type }) => type !== 'resume');
  const credentials: Credential[] = [{ type: 'resume', token: resume }, ...rights];
  return withEffects(stay({ ...model, credentials }), { type: 'remember_place', resume });
}

/** In the room, with everything in it. */
export function joined(model: Model, message: Message<'joined'>, attempt: number, nowMs: number): Step {
  const { answer, participants, lobby, seq } = message;
  const media = settle(model, message.media);
  const cameBack = model.shown.joinedAt !== null;
  const room = show(
    { ...model, entry: 'joined', seq, wanted: media, generation: answer.generation, offer: null, offerSent: false },
    {
      phase: 'joined',
      path: cameBack ? 'recovering' : 'connecting',
      joinedAt: model.shown.joinedAt ?? nowMs,
      media: message.media,
      participants,
      lobby,
      role: participants.find(({ id }) => id === model.shown.you)?.role ?? model.shown.role,
      slots: new Map(),
      speaking: [],
    },
  );
  const step = withEffects(
    stay(cameBack ? tell(room, 'recovered') : room),
    { type: 'answer_media', attempt, answer },
    { type: 'send_media', media },
  );
  const told = sameMedia(media, message.media) ? step : and(step, (next) => ask(next, { type: 'set_media', media }));
  if (model.tiles.length === 0) return told;
  return and(told, (next) => ask(next, { type: 'subscribe', tiles: [...next.tiles] }));
}

/** What is on after joining: the person's newest wish where it changed meanwhile, else the server's word. */
function settle(model: Model, allowed: MediaState): MediaState {
  const media = { ...allowed };
  for (const source of SOURCES) {
    if (model.wanted[source] !== model.told[source]) media[source] = model.wanted[source];
  }
  return media;
}

/** `enter` was refused: another right may serve; else the rule says which screen this is. */
export function enterRefused(model: Model, rule: Rule): Step {
  if (rule !== 'ROOM.RESUME.WINDOW') return over(model, overBy(rule), null);
  const rest = model.credentials.filter(({ type }) => type !== 'resume');
  const forgotten: Step = { model: { ...model, credentials: rest }, effects: [{ type: 'forget_place' }] };
  if (rest[0]?.type === 'host') return and(and(forgotten, sayEnter), sendJoin);
  return and(forgotten, (next) => (next.afterReload ? retry(next) : over(next, 'place_lost', null)));
}

function overBy(rule: Rule): OverReason {
  switch (rule) {
    case 'ROOM.ENTRY.REMOVED':
      return 'removed';
    case 'ROOM.ENTRY.COOLDOWN':
      return 'denied';
    case 'ROOM.FULL':
    case 'ROOM.LOBBY.FULL':
    case 'SERVER.CAPACITY':
    case 'WIRE.RATE':
      return 'full';
    case 'SERVER.STORAGE':
      return 'server_gone';
    default:
      return 'link_unknown';
  }
}

/** The server's last word on this connection. Some of them only mean: come back. */
export function closed(model: Model, message: Message<'closed'>): Step {
  if (isOut(model)) return stay(model);
  if (message.reason === 'server_stopping' || message.reason === 'too_slow') return stay(model);
  return over(model, message.reason, message.by);
}

/** Ends the call for this person, whatever the phase. */
function over(model: Model, reason: OverReason, by: string | null): Step {
  const end: Over = { reason, by };
  const effects: Effect[] = [{ type: 'disconnect' }, { type: 'close_media' }, { type: 'forget_place' }];
  // After these a reload must not knock again.
  if (reason === 'removed' || reason === 'ended' || reason === 'abandoned') {
    effects.push({ type: 'remember_over', over: { reason, by } });
  }
  const out = show(
    { ...model, socketUp: false, entry: 'none', joinRequest: null, making: false, offer: null, asked: new Map() },
    {
      phase: 'over',
      over: end,
      link: reason === 'server_gone' ? 'gone' : 'idle',
      path: 'idle',
      leaveQuestion: false,
      slots: new Map(),
      speaking: [],
      lobby: [],
    },
  );
  return { model: out, effects };
}

/** Back to pre-join, with nothing left of the last try but name and wishes. */
export function retry(model: Model): Step {
  if (model.shown.phase === 'joined') return stay(model);
  const { meeting, name, attempt, nextNotice, wanted } = model;
  const wishes = { ...nothingOn, microphone: wanted.microphone, camera: wanted.camera };
  return {
    model: { ...initialModel(meeting, wishes), name, attempt, nextNotice },
    effects: [{ type: 'disconnect' }, { type: 'close_media' }],
  };
}

/** Leaves. In the room the server may object (a last host); anywhere else nobody has to be asked. */
export function leave(model: Model): Step {
  switch (model.shown.phase) {
    case 'prejoin':
    case 'over':
      return stay(model);
    case 'joined':
      if (model.socketUp && model.entry === 'joined') return ask(model, { type: 'leave' }, { kind: 'leave' });
      return over(model, 'left', null);
    default: {
      const told = model.socketUp && model.entry !== 'none' ? ask(model, { type: 'leave' }) : stay(model);
      return and(told, (next) => over(next, 'left', null));
    }
  }
}

function isOut(model: Model): boolean {
  return model.shown.phase === 'over' || model.shown.phase === 'prejoin';
}
