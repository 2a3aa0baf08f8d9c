// The way in: enter, wait, be admitted, join; lose the connection and come back; be over.
// Not responsible for how the room is left (`leaving.ts`), for what happens in it (`room.ts`), nor for the media path
// once joined (`path.ts`).
//
//   welcome -> [device signs] -> enter -> waiting -> admitted ------------------------> join -> joined
//                                     \-> admitted, the device has no group ----------> join -> joined
//                                     \-> admitted -> [device has caught up] -> join -> joined
//
// A device without its group gets into it while media connects: by the Welcome that follows, or from outside after a
// reload. Until it has keys nothing of this person is sent, nothing of others is opened, and no pictures are asked for.
//
// The offer is made while the socket opens and the guest waits, so that nothing has to wait for it.

import type { DeviceView, MediaState, ResumeToken, Rule, ServerMessage, Source } from '../protocol/messages';
import { type CallEvent, type Effect, initialModel, type Model, nothingOn, type Step } from './model';
import * as pictures from './pictures';
import type { Over, OverReason } from './state';
import { and, ask, isMember, prepareMedia, sameMedia, show, stay, tell, tellDevice, withEffects } from './step';

type Message<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;
const SOURCES: readonly Source[] = ['microphone', 'camera', 'screen', 'screen_audio'];

/** Begins to enter. Only from pre-join: a second click changes nothing. */
export function enter(model: Model, event: Extract<CallEvent, { type: 'enter' }>): Step {
  if (model.shown.phase !== 'prejoin') return stay(model);
  const { name, resume, afterReload } = event;
  const entering = show({ ...model, name, resume, afterReload }, { phase: 'entering', link: 'connecting' });
  return withEffects(prepareMedia(entering), { type: 'connect' });
}

/** A connection is open; who comes is said once the server has said what to sign. */
export function socketUp(model: Model): Step {
  if (isOut(model)) return withEffects(stay(model), { type: 'disconnect' });
  return stay(show({ ...model, socketUp: true }, { link: 'connected' }));
}

export function welcome(model: Model, { challenge }: Message<'welcome'>): Step {
  // Nothing is said twice on one connection.
  if (isOut(model) || model.challenge !== null) return stay(model);
  return sayEnter({ ...model, challenge });
}

/** The device is there, or says how it stands now. */
export function seen(model: Model): Step {
  if (model.shown.e2ee?.stage === 'removed') return over(model, 'removed', null);
  return model.entry === 'none' ? sayEnter(model) : stay(model);
}

/** Has the device sign who comes, with the best right there is. It may still be starting when the server is heard. */
function sayEnter(model: Model): Step {
  const { challenge, resume } = model;
  if (challenge === null || !model.shown.e2ee) return stay(model);
  return tellDevice({ ...model, entry: 'signing', joinRequest: null }, { type: 'enter', challenge, resume });
}

/** Sends `join` once there is an offer, unless the device is behind the group. */
export function sendJoin(model: Model): Step {
  const { e2ee } = model.shown;
  // A device that is behind asks for what it missed first; else what follows on `join` would reach it out of order.
  // One that has no group misses nothing: it hears only what comes after it is in.
  const mayHear = e2ee && (!hasGroup(e2ee) || (isMember(model) && e2ee.epoch >= model.groupEpoch));
  return mayHear ? requestJoin(model) : stay(model);
}

/** Whether the device knows its group, as a member that is up to date or behind. It is listed there itself. */
function hasGroup({ members }: DeviceView): boolean {
  return members.length > 0;
}

/** Sends `join` if the server has the device in its group and there is an offer. */
function requestJoin(model: Model): Step {
  const mayJoin = model.socketUp && model.entry === 'admitted' && model.inGroup;
  if (!mayJoin || !model.offer || model.joinRequest !== null) return stay(model);
  const media = model.wanted;
  const asked = ask(model, { type: 'join', offer: model.offer, media }, { kind: 'join', attempt: model.attempt });
  return { ...asked, model: { ...asked.model, told: media, joinRequest: model.nextRequest, offerSent: true } };
}

/** The connection dropped: comes back by the token of the place held, or by what right the device has. */
export function socketDown(model: Model): Step {
  if (isOut(model)) return stay({ ...model, socketUp: false });
  const lost: Model = {
    ...model,
    socketUp: false,
    challenge: null,
    entry: 'none',
    joinRequest: null,
    offerSent: false,
    parting: null,
    asked: new Map(),
  };
  const seen = show(lost, { link: 'reconnecting', leaveQuestion: false });
  const step = seen.shown.e2ee ? tellDevice(seen, { type: 'disconnected' }) : stay(seen);
  // An offer that nobody answered serves again; an answered one is spent.
  return seen.making || seen.offer !== null ? step : and(step, prepareMedia);
}

/** The server did not answer for as long as a place is kept. */
export function socketGone(model: Model): Step {
  if (isOut(model)) return stay(model);
  return over(show(model, { link: 'gone' }), 'server_gone', null);
}

export function waiting(model: Model, message: Message<'waiting'>): Step {
  if (model.entry !== 'asked') return stay(model);
  const { you, host_present: hostPresent } = message;
  return stay(show(model, { phase: 'waiting', you, hostPresent }));
}

/** The host, or the right shown, lets this person in. */
export function admitted(model: Model, message: Message<'admitted'>): Step {
  if (model.entry !== 'asked') return stay(model);
  const { you, epoch: groupEpoch, in_group: inGroup } = message;
  // Who comes back stays in the room on screen; who comes in has yet to see it.
  const phase = model.shown.phase === 'joined' ? 'joined' : 'joining';
  const inside = show({ ...model, entry: 'admitted', groupEpoch, inGroup }, { phase, you, sentBack: null });
  return and(holdPlace(inside, message.resume), sendJoin);
}

/** Keeps the newest token of the place held: for this tab's next connection, and for a reload. */
export function holdPlace(model: Model, resume: ResumeToken): Step {
  return withEffects(stay({ ...model, resume }), { type: 'remember_place', resume });
}

/** In the room, with everything in it. */
export function joined(model: Model, message: Message<'joined'>, attempt: number, nowMs: number): Step {
  const { answer, participants: roster, lobby: guests, seq } = message;
  const media = settle(model, message.media);
  const cameBack = model.shown.joinedAt !== null;
  const room = show(
    {
      ...model,
      entry: 'joined',
      seq,
      roster,
      guests,
      arriving: new Set(),
      wanted: media,
      generation: answer.generation,
      offer: null,
      offerSent: false,
    },
    {
      phase: 'joined',
      path: cameBack ? 'recovering' : 'connecting',
      joinedAt: model.shown.joinedAt ?? nowMs,
      media: message.media,
      slots: new Map(),
      speaking: [],
    },
  );
  const step = withEffects(
    tellDevice(cameBack ? tell(room, 'recovered') : room, { type: 'media', media }),
    { type: 'answer_media', attempt, answer },
    { type: 'send_media', media },
  );
  const told = sameMedia(media, message.media) ? step : and(step, (next) => ask(next, { type: 'set_media', media }));
  return and(told, (next) => pictures.begin(next, nowMs));
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
  switch (rule) {
    case 'ROOM.RESUME.WINDOW':
      // The device has other rights; without a token it shows the next.
      if (model.resume !== null) return sayEnter({ ...model, resume: null });
      return placeLost(model);
    case 'MLS.ADMISSION':
    case 'ROOM.ENTRY.ADMITTED':
    case 'ROOM.ENTRY.DEVICE':
      return placeLost(model);
    case 'ROOM.ENTRY.INVITE':
      // The device has given its invite up, and knocks next. It has no other.
      if (model.inviteRefused) return over(model, 'link_unknown', null);
      return sayEnter(tell({ ...model, inviteRefused: true }, 'refused', { rule }));
    case 'ORG.LINK.PRIVATE':
      // The device has given up what it came by, and shows another right. One that came by mail has none.
      return model.inviteRefused ? overAt(model, rule) : sayEnter({ ...model, inviteRefused: true });
    case 'ROOM.ENTRY.SENT_BACK':
      // The device has given its void grant up, and knocks next. It has no other.
      return model.shown.sentBack === null ? sentBack(model, null) : over(model, 'link_unknown', null);
    default:
      return overAt(model, rule);
  }
}

/** A host sent this person back: out of the room, and to its door again, by this device and under this name. */
function sentBack(model: Model, by: string | null): Step {
  const { name, attempt, nextNotice, wanted, shown } = model;
  const wishes = { ...nothingOn, microphone: wanted.microphone, camera: wanted.camera };
  const { e2ee, title } = shown;
  const atDoor = show(
    { ...initialModel(wishes), name, attempt, nextNotice },
    { phase: 'entering', link: 'connecting', e2ee, title, sentBack: { by } },
  );
  const out = withEffects(stay(atDoor), { type: 'disconnect' }, { type: 'close_media' }, { type: 'forget_place' });
  return withEffects(and(out, prepareMedia), { type: 'connect' });
}

/** Nothing that this device holds lets it back: it has to knock anew, as another. */
function placeLost(model: Model): Step {
  const lost = over(model, 'place_lost', null);
  // Nobody who has only reloaded is shown an end.
  return model.afterReload ? and(lost, retry) : lost;
}

/** `join` was refused. */
export function joinRefused(model: Model, rule: Rule): Step {
  // The server does not have the device in its group yet: asks again when the device knows more.
  if (rule === 'ROOM.ENTRY.ADMITTED') return stay({ ...model, joinRequest: null, offerSent: false });
  return overAt(model, rule);
}

/** A rule keeps this person out. One of policy is named: it may be another's to change, and an advisory's to demand. */
function overAt(model: Model, rule: Rule): Step {
  const reason = overBy(rule);
  return reason === 'not_let_in' ? over(model, reason, null, rule) : over(model, reason, null);
}

function overBy(rule: Rule): OverReason {
  switch (rule) {
    case 'ROOM.ENTRY.REMOVED':
      return 'removed';
    case 'ROOM.ENTRY.COOLDOWN':
      return 'denied';
    case 'ROOM.LOCKED':
      return 'locked';
    case 'ROOM.FULL':
    case 'ROOM.LOBBY.FULL':
    case 'SERVER.CAPACITY':
      return 'full';
    case 'LIMIT.LOBBY':
      return 'lobby_share';
    case 'ORG.LINK.PRIVATE':
      return 'personal_link';
    case 'LIMIT.KNOCKS':
    case 'LIMIT.NETWORK':
    case 'WIRE.RATE':
      return 'too_often';
    case 'SERVER.STORAGE':
      return 'server_gone';
    default:
      return /^(MEET|ORG)\./.test(rule) ? 'not_let_in' : 'link_unknown';
  }
}

/** The server's last word on this connection. Some of them only mean: come back. */
export function closed(model: Model, message: Message<'closed'>): Step {
  if (isOut(model)) return stay(model);
  if (message.reason === 'server_stopping' || message.reason === 'too_slow') return stay(model);
  const by = (message.by !== null && model.names.get(message.by)) || null;
  return message.reason === 'sent_back' ? sentBack(model, by) : over(model, message.reason, by);
}

/** There is no device, or it broke. Nothing can be sealed, so nothing may be sent. */
export function deviceFailed(model: Model): Step {
  return model.shown.phase === 'over' ? stay(model) : over(model, 'no_encryption', null);
}

/**
 * Ends after which a device is of no use in this meeting, and its keys are erased. Whoever was removed keeps them: it
 * is by them that they are banned, and that a host can let them ask again.
 */
const FOR_GOOD: readonly OverReason[] = ['abandoned', 'ended', 'left', 'place_lost'];
/** The same of a host's device: nobody else could give it the host's place again. */
const FOR_GOOD_HOST: readonly OverReason[] = ['abandoned', 'ended', 'left'];

/** Ends the call for this person, whatever the phase. */
export function over(model: Model, reason: OverReason, by: string | null, rule?: Rule): Step {
  const end: Over = rule ? { reason, by, rule } : { reason, by };
  const forget = (model.shown.e2ee?.host ? FOR_GOOD_HOST : FOR_GOOD).includes(reason);
  const effects: Effect[] = [
    { type: 'disconnect' },
    { type: 'close_media' },
    { type: 'close_device', forget },
    { type: 'forget_place' },
  ];
  // The place is void for good; who may ask again, once a host allows it, must not come by it.
  if (reason === 'removed') effects.push({ type: 'forget_resume' });
  // After these a reload must not knock again.
  if (reason === 'removed' || reason === 'ended' || reason === 'abandoned') {
    effects.push({ type: 'remember_over', over: { reason, by } });
  }
  const out = show(
    {
      ...model,
      socketUp: false,
      challenge: null,
      entry: 'none',
      joinRequest: null,
      making: false,
      offer: null,
      parting: null,
      asked: new Map(),
    },
    {
      phase: 'over',
      over: end,
      link: reason === 'server_gone' ? 'gone' : 'idle',
      path: 'idle',
      leaveQuestion: false,
      slots: new Map(),
      speaking: [],
      lobby: [],
      strangers: 0,
    },
  );
  return { model: out, effects };
}

/** Back to pre-join, with nothing left of the last try but name and wishes. */
export function retry(model: Model): Step {
  if (model.shown.phase === 'joined') return stay(model);
  const { name, attempt, nextNotice, wanted } = model;
  const wishes = { ...nothingOn, microphone: wanted.microphone, camera: wanted.camera };
  const fresh: Model = { ...initialModel(wishes), name, attempt, nextNotice };
  const effects: Effect[] = [{ type: 'disconnect' }, { type: 'close_media' }, { type: 'close_device', forget: false }];
  return { model: fresh, effects };
}

function isOut(model: Model): boolean {
  return model.shown.phase === 'over' || model.shown.phase === 'prejoin';
}
