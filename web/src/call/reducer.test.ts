import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type {
  ClientMessage,
  MediaOffer,
  MediaState,
  Participant,
  Rule,
  ServerFrame,
  ServerMessage,
} from '../protocol/messages';
import {
  ASKED_MAX,
  type CallEvent,
  type Effect,
  initialModel,
  MEDIA_TRIES_MAX,
  type Model,
  NOTICES_MAX,
} from './model';
import { reduce } from './reducer';

const MEETING = 'a'.repeat(32);
const media = (on: Partial<MediaState> = {}): MediaState => ({
  microphone: true,
  camera: true,
  screen: false,
  screen_audio: false,
  ...on,
});
const offer = (name: string): MediaOffer => ({ sdp: name, up: [], down: [] });
const person = (id: number, rest: Partial<Participant> = {}): Participant => ({
  id,
  name: `P${id}`,
  role: 'participant',
  media: media(),
  presence: 'connected',
  ...rest,
});
const link = { type: 'link', gate_key: 'gate' } as const;
const host = { type: 'host', token: 'host' } as const;
const resume = (token: string) => ({ type: 'resume', token }) as const;

/** Plays a call: feeds events, and keeps what was wanted done. */
class Play {
  model: Model = initialModel(MEETING, media());
  effects: Effect[] = [];
  nowMs = 1_000;

  do(...events: CallEvent[]): this {
    this.effects = [];
    for (const event of events) {
      const step = reduce(this.model, event, this.nowMs);
      this.model = step.model;
      this.effects.push(...step.effects);
    }
    return this;
  }
  hear(body: ServerMessage, rest: Omit<ServerFrame, 'body'> = {}): this {
    return this.do({ type: 'socket_message', frame: { ...rest, body } });
  }
  /** Answers the newest request whose body has this type. */
  reply(to: ClientMessage['type'], body: ServerMessage): this {
    return this.hear(body, { re: this.requests.get(to) ?? -1 });
  }
  requests = new Map<ClientMessage['type'], number>();
  get shown() {
    return this.model.shown;
  }
  get sent(): ClientMessage[] {
    return this.effects.flatMap((effect) => (effect.type === 'send' ? [effect.body] : []));
  }
  get kinds(): string[] {
    return this.effects.map((effect) => (effect.type === 'send' ? `send ${effect.body.type}` : effect.type));
  }
  /** Notes the ids of what was sent, so that `reply` can answer. */
  noted(): this {
    for (const effect of this.effects) if (effect.type === 'send') this.requests.set(effect.body.type, effect.id);
    return this;
  }
}

const admitted = (rest: object = {}): ServerMessage => ({
  type: 'admitted',
  you: 1,
  role: 'participant',
  resume: 'token1',
  title: 'Weekly',
  room_epoch: 1,
  media_allowed: media({ screen: true, screen_audio: true }),
  ...rest,
});
const joinedMessage = (rest: object = {}): ServerMessage => ({
  type: 'joined',
  answer: { sdp: 'answer', generation: 1 },
  media: media(),
  participants: [person(1), person(2)],
  lobby: [],
  seq: 10,
  ...rest,
});

let play: Play;

function enter(credentials: Extract<CallEvent, { type: 'enter' }>['credentials'] = [link], afterReload = false): Play {
  return play.do({ type: 'enter', name: 'Asha', credentials, afterReload });
}
function refuse(to: ClientMessage['type'], rule: Rule): Play {
  return play.reply(to, { type: 'refused', rule, message: 'no' });
}
/** A guest who knocked, was admitted and is in the room. */
function intoRoom(rest: object = {}): Play {
  enter();
  play.do({ type: 'offer_ready', attempt: 1, offer: offer('first') });
  play.do({ type: 'socket_up' }).noted();
  play.reply('enter', { type: 'waiting', you: 1, host_present: true });
  play.hear(admitted()).noted();
  return play.reply('join', joinedMessage(rest));
}

beforeEach(() => {
  play = new Play();
});

describe('entering', () => {
  it('makes the offer while the socket opens', () => {
    enter();
    expect(play.kinds).toEqual(['prepare_media', 'connect']);
    expect(play.shown).toMatchObject({ phase: 'entering', link: 'connecting' });
  });

  it('a second click changes nothing', () => {
    enter();
    expect(enter().effects).toEqual([]);
  });

  it('a guest knocks first and joins once admitted', () => {
    enter();
    play.do({ type: 'offer_ready', attempt: 1, offer: offer('first') });
    expect(play.do({ type: 'socket_up' }).noted().sent).toEqual([
      { type: 'enter', meeting: MEETING, name: 'Asha', credential: link },
    ]);
    play.reply('enter', { type: 'waiting', you: 7, host_present: false });
    expect(play.shown).toMatchObject({ phase: 'waiting', you: 7, hostPresent: false });
    play.hear({ type: 'waiting', you: 7, host_present: true });
    expect(play.shown.hostPresent).toBe(true);

    play.hear(admitted());

    expect(play.shown).toMatchObject({ phase: 'joining', you: 1, title: 'Weekly' });
    expect(play.effects[0]).toEqual({ type: 'remember_place', resume: 'token1' });
    expect(play.sent).toEqual([{ type: 'join', offer: offer('first'), media: media() }]);
  });

  it.each([[host], [resume('old')]])('who has the right to come in sends join right behind enter: %o', (credential) => {
    enter([credential, link]);
    play.do({ type: 'offer_ready', attempt: 1, offer: offer('first') });
    expect(play.do({ type: 'socket_up' }).kinds).toEqual(['send enter', 'send join']);
  });

  it('join follows as soon as the offer is there, and only once', () => {
    enter([host]);
    expect(play.do({ type: 'socket_up' }).kinds).toEqual(['send enter']);
    expect(play.do({ type: 'offer_ready', attempt: 1, offer: offer('first') }).kinds).toEqual(['send join']);
    expect(play.hear(admitted({ role: 'host' })).kinds).toEqual(['remember_place']);
  });

  it('is in the room with everything in it', () => {
    intoRoom({ lobby: [{ id: 9, name: 'G', waiting_ms: 5 }], participants: [person(1, { role: 'host' })] });

    expect(play.shown).toMatchObject({ phase: 'joined', path: 'connecting', joinedAt: 1_000, role: 'host' });
    expect(play.shown.lobby).toHaveLength(1);
    expect(play.effects).toEqual([
      { type: 'answer_media', attempt: 1, answer: { sdp: 'answer', generation: 1 } },
      { type: 'send_media', media: media() },
    ]);
  });

  it('a wish that changed while joining is told afterwards', () => {
    enter([host]);
    play.do({ type: 'offer_ready', attempt: 1, offer: offer('first') }, { type: 'socket_up' }).noted();
    play.do({ type: 'set_sources', sources: { microphone: false } });
    play.hear(admitted());
    play.reply('join', joinedMessage());

    expect(play.model.wanted.microphone).toBe(false);
    expect(play.sent).toContainEqual({ type: 'set_media', media: media({ microphone: false }) });
  });

  it.each<[Rule, string]>([
    ['ROOM.ENTRY.LINK', 'link_unknown'],
    ['ROOM.ENTRY.REMOVED', 'removed'],
    ['ROOM.ENTRY.COOLDOWN', 'denied'],
    ['ROOM.FULL', 'full'],
    ['ROOM.LOBBY.FULL', 'full'],
    ['SERVER.CAPACITY', 'full'],
  ])('a refusal by %s shows the screen %s', (rule, reason) => {
    enter();
    play.do({ type: 'socket_up' }).noted();
    refuse('enter', rule);

    expect(play.shown).toMatchObject({ phase: 'over', over: { reason, by: null } });
    expect(play.kinds).toContain('close_media');
  });

  it('a place that was not kept: a host comes as host', () => {
    enter([resume('old'), host, link]);
    play.do({ type: 'offer_ready', attempt: 1, offer: offer('first') }, { type: 'socket_up' }).noted();
    const joinBefore = play.requests.get('join') ?? -1;
    refuse('enter', 'ROOM.RESUME.WINDOW').noted();
    expect(play.kinds).toEqual(['forget_place', 'send enter', 'send join']);
    expect(play.sent[0]).toMatchObject({ credential: host });

    play.hear({ type: 'refused', rule: 'WIRE.ORDER', message: 'no' }, { re: joinBefore });
    expect(play.shown.notices).toEqual([]);
  });

  it('a place that was not kept: a guest is told so, or after a reload asked for the name again', () => {
    enter([resume('old'), link]);
    play.do({ type: 'socket_up' }).noted();
    expect(refuse('enter', 'ROOM.RESUME.WINDOW').shown.over?.reason).toBe('place_lost');

    play = new Play();
    enter([resume('old'), link], true);
    play.do({ type: 'socket_up' }).noted();
    expect(refuse('enter', 'ROOM.RESUME.WINDOW').shown.phase).toBe('prejoin');
    expect(play.kinds).toContain('disconnect');
  });

  it('an offer the server cannot answer is said once, and not sent again', () => {
    enter([host]);
    play.do({ type: 'offer_ready', attempt: 1, offer: offer('first') }, { type: 'socket_up' }).noted();
    play.hear(admitted());
    refuse('join', 'MEDIA.OFFER');

    expect(play.shown).toMatchObject({ phase: 'joining', path: 'failed' });
    expect(play.shown.notices).toMatchObject([{ kind: 'refused', rule: 'MEDIA.OFFER' }]);
    expect(play.effects).toEqual([]);
  });
});

describe('coming back', () => {
  it('uses the token of the place, and a fresh peer connection', () => {
    intoRoom();
    play.do({ type: 'socket_down' });
    expect(play.shown).toMatchObject({ phase: 'joined', link: 'reconnecting' });
    expect(play.effects).toEqual([{ type: 'prepare_media', attempt: 2 }]);

    play.do({ type: 'offer_ready', attempt: 2, offer: offer('second') });
    expect(play.effects).toEqual([]);
    play.do({ type: 'socket_up' }).noted();
    expect(play.sent).toMatchObject([{ type: 'enter', credential: resume('token1') }, { type: 'join' }]);
    play.hear(admitted({ resume: 'token2' }));
    expect(play.shown.phase).toBe('joined');
    play.nowMs = 9_000;
    play.reply('join', joinedMessage({ answer: { sdp: 'answer', generation: 2 }, seq: 20 }));

    expect(play.shown).toMatchObject({ phase: 'joined', link: 'connected', path: 'recovering', joinedAt: 1_000 });
    expect(play.shown.notices).toMatchObject([{ kind: 'recovered' }]);
  });

  it('an offer nobody answered serves again', () => {
    intoRoom().do({ type: 'socket_down' }, { type: 'offer_ready', attempt: 2, offer: offer('second') });
    play.do({ type: 'socket_up' });
    expect(play.kinds).toEqual(['send enter', 'send join']);
    play.do({ type: 'socket_down' });
    expect(play.effects).toEqual([]);
    play.do({ type: 'socket_up' });
    expect(play.sent[1]).toMatchObject({ type: 'join', offer: offer('second') });
  });

  it('nobody comes back less muted than they left', () => {
    intoRoom().do({ type: 'socket_down' }, { type: 'offer_ready', attempt: 2, offer: offer('second') });
    play.do({ type: 'socket_up' }).noted();
    play.hear(admitted({ media_allowed: media({ microphone: false }) }));
    play.reply('join', joinedMessage({ media: media({ microphone: false }) }));

    expect(play.model.wanted.microphone).toBe(false);
    expect(play.effects).toContainEqual({ type: 'send_media', media: media({ microphone: false }) });
    expect(play.kinds).not.toContain('send set_media');
  });

  it('uses the newest token, which knows what was switched on', () => {
    intoRoom().hear({ type: 'resume_renewed', resume: 'token9' });
    expect(play.effects).toEqual([{ type: 'remember_place', resume: 'token9' }]);
    play.do({ type: 'socket_down' }, { type: 'socket_up' });
    expect(play.sent).toMatchObject([{ type: 'enter', credential: resume('token9') }]);
  });

  it('says again what is on screen', () => {
    intoRoom().do({ type: 'show', tiles: [{ participant: 2, source: 'camera', height: 360 }] });
    expect(play.kinds).toEqual(['send subscribe']);
    play.do({ type: 'socket_down' }, { type: 'offer_ready', attempt: 2, offer: offer('second') });
    play.do({ type: 'socket_up' }).noted();
    play.hear(admitted());
    play.reply('join', joinedMessage());
    expect(play.kinds).toContain('send subscribe');
  });

  it('in the lobby knocks again, and while entering asks again', () => {
    enter().do({ type: 'socket_up' }).noted();
    play.reply('enter', { type: 'waiting', you: 1, host_present: true });
    play.do({ type: 'socket_down' });
    expect(play.shown).toMatchObject({ phase: 'waiting', link: 'reconnecting' });
    expect(play.do({ type: 'socket_up' }).sent).toMatchObject([{ type: 'enter', credential: link }]);
  });

  it('gives up when the server does not answer for as long as a place is kept', () => {
    intoRoom().do({ type: 'socket_down' }, { type: 'socket_gone' });
    expect(play.shown).toMatchObject({ phase: 'over', link: 'gone', over: { reason: 'server_gone' } });
  });

  it.each(['server_stopping', 'too_slow'] as const)('%s is not the end', (reason) => {
    intoRoom().hear({ type: 'closed', reason, by: null });
    expect(play.shown.phase).toBe('joined');
  });

  it('a socket that comes up after the end is closed', () => {
    enter().do({ type: 'leave' });
    expect(play.do({ type: 'socket_up' }).kinds).toEqual(['disconnect']);
    expect(play.do({ type: 'socket_down' }, { type: 'socket_gone' }).effects).toEqual([]);
    expect(play.shown.over?.reason).toBe('left');
  });
});

describe('order of the room', () => {
  const joins = (id: number): ServerMessage => ({ type: 'participant_joined', participant: person(id) });

  it('a gap drops the connection and changes nothing', () => {
    intoRoom().hear(joins(3), { seq: 12 });
    expect(play.kinds).toEqual(['reconnect']);
    expect(play.shown.participants).toHaveLength(2);
  });

  it('what was heard already, or before the whole state, is not heard twice', () => {
    intoRoom().hear(joins(3), { seq: 10 });
    expect(play.shown.participants).toHaveLength(2);
    play.hear(joins(3), { seq: 11 }).hear(joins(3), { seq: 11 });
    expect(play.shown.participants).toHaveLength(3);
    play.do({ type: 'socket_down' }, { type: 'socket_up' }).hear(joins(4), { seq: 30 });
    expect(play.kinds).toEqual([]);
    expect(play.shown.participants).toHaveLength(3);
  });

  it('messages outside the order do not move it', () => {
    intoRoom()
      .hear({ type: 'speakers', speaking: [2] })
      .hear(joins(3), { seq: 11 });
    expect(play.shown.speaking).toEqual([2]);
    expect(play.shown.participants).toHaveLength(3);
  });

  it('nothing is heard from a connection that is down', () => {
    intoRoom().do({ type: 'socket_down' }).hear(joins(3), { seq: 11 });
    expect(play.shown.participants).toHaveLength(2);
  });
});

describe('people', () => {
  it('come, change and go, and each is told once', () => {
    intoRoom();
    play.hear({ type: 'participant_joined', participant: person(3) }, { seq: 11 });
    play.hear({ type: 'quality_changed', participant: 3, quality: 'poor' });
    play.hear({ type: 'speakers', speaking: [3] });
    play.hear({ type: 'participant_changed', participant: person(3, { presence: 'reconnecting' }) }, { seq: 12 });
    expect(play.shown.participants[2]?.presence).toBe('reconnecting');
    play.hear({ type: 'participant_left', participant: 3, reason: 'removed' }, { seq: 13 });

    expect(play.shown.participants.map(({ id }) => id)).toEqual([1, 2]);
    expect(play.shown.quality.size).toBe(0);
    expect(play.shown.speaking).toEqual([]);
    expect(play.shown.notices.map(({ kind, name }) => [kind, name])).toEqual([
      ['joined', 'P3'],
      ['removed', 'P3'],
    ]);
  });

  it('somebody unknown who leaves changes nothing', () => {
    const before = intoRoom().shown;
    play.hear({ type: 'participant_left', participant: 99, reason: 'left' }, { seq: 11 });
    expect(play.shown).toEqual(before);
  });

  it('who joins twice is there once', () => {
    intoRoom().hear({ type: 'participant_joined', participant: person(2, { name: 'New' }) }, { seq: 11 });
    expect(play.shown.participants.map(({ name }) => name)).toEqual(['P1', 'New']);
  });

  it('who comes back as somebody new is asked for again', () => {
    intoRoom().do({ type: 'show', tiles: [{ participant: 3, source: 'camera', height: 360 }] });
    play.hear({ type: 'participant_joined', participant: person(3) }, { seq: 11 });
    expect(play.kinds).toEqual(['send subscribe']);
    play.hear({ type: 'participant_joined', participant: person(4) }, { seq: 12 });
    expect(play.kinds).toEqual([]);
  });

  it('being made host is told once, and losing it empties the lobby', () => {
    intoRoom();
    const asHost = person(1, { role: 'host' });
    play.hear({ type: 'participant_changed', participant: asHost }, { seq: 11 });
    play.hear({ type: 'participant_changed', participant: asHost }, { seq: 12 });
    play.hear({ type: 'knocked', guest: { id: 5, name: 'G', waiting_ms: 0 } });
    expect(play.shown.role).toBe('host');
    expect(play.shown.notices.map(({ kind }) => kind)).toEqual(['made_host', 'knocked']);
    play.hear({ type: 'participant_changed', participant: person(1) }, { seq: 13 });
    expect(play.shown.lobby).toEqual([]);
  });

  it('the lobby fills and empties', () => {
    intoRoom();
    for (const id of [5, 6, 6]) play.hear({ type: 'knocked', guest: { id, name: `G${id}`, waiting_ms: 0 } });
    expect(play.shown.lobby.map(({ id }) => id)).toEqual([5, 6]);
    expect(play.do({ type: 'admit_all' }).sent).toEqual([
      { type: 'admit', guest: 5 },
      { type: 'admit', guest: 6 },
    ]);
    play.hear({ type: 'lobby_left', guest: 5, outcome: 'admitted' });
    expect(play.shown.lobby.map(({ id }) => id)).toEqual([6]);
  });

  it.each<[CallEvent, ClientMessage]>([
    [
      { type: 'admit', guest: 5 },
      { type: 'admit', guest: 5 },
    ],
    [
      { type: 'deny', guest: 5 },
      { type: 'deny', guest: 5 },
    ],
    [
      { type: 'remove', participant: 2 },
      { type: 'remove', participant: 2 },
    ],
    [
      { type: 'mute', participant: 2, source: 'camera' },
      { type: 'mute', participant: 2, source: 'camera' },
    ],
    [
      { type: 'make_host', participant: 2 },
      { type: 'make_host', participant: 2 },
    ],
    [{ type: 'end' }, { type: 'end' }],
  ])('a wish is asked of the server, and only while it can hear: %o', (event, body) => {
    intoRoom();
    expect(play.do(event).sent).toEqual([body]);
    play.do({ type: 'socket_down' });
    expect(play.do(event).sent).toEqual([]);
  });

  it('a refusal names its rule', () => {
    intoRoom().do({ type: 'remove', participant: 1 }).noted();
    refuse('remove', 'ROOM.TARGET');
    expect(play.shown.notices).toMatchObject([{ kind: 'refused', rule: 'ROOM.TARGET' }]);
    play.do({ type: 'dismiss', notice: play.shown.notices[0]?.id ?? -1 });
    expect(play.shown.notices).toEqual([]);
  });
});

describe('own media', () => {
  it('is switched at once and told to the server', () => {
    intoRoom().do({ type: 'set_sources', sources: { camera: false } });
    expect(play.effects).toEqual([
      { type: 'send', id: 3, body: { type: 'set_media', media: media({ camera: false }) } },
      { type: 'send_media', media: media({ camera: false }) },
    ]);
  });

  it('before the room is only switched here', () => {
    expect(play.do({ type: 'set_sources', sources: { camera: false } }).kinds).toEqual(['send_media']);
  });

  it('muted by a host stays off', () => {
    intoRoom().hear({ type: 'muted', source: 'microphone', by: 'Host' });
    expect(play.model.wanted.microphone).toBe(false);
    expect(play.shown.media.microphone).toBe(false);
    expect(play.effects).toEqual([{ type: 'send_media', media: media({ microphone: false }) }]);
    expect(play.shown.notices).toMatchObject([{ kind: 'muted', name: 'Host', source: 'microphone' }]);
  });

  it('layers nobody watches are passed on', () => {
    intoRoom().hear({ type: 'layers_wanted', source: 'camera', layers: ['low'] });
    expect(play.effects).toEqual([{ type: 'send_layers', source: 'camera', layers: ['low'] }]);
  });
});

describe('media path', () => {
  it('a broken path gets a fresh peer connection, and its answer replaces the slots', () => {
    intoRoom().do({ type: 'path_connected', attempt: 1 });
    play.hear({ type: 'slots', generation: 1, slots: [{ mid: '5', occupant: { participant: 2, source: 'camera' } }] });
    expect(play.shown.path).toBe('connected');
    expect(play.shown.slots.size).toBe(1);

    play.do({ type: 'path_broken', attempt: 1 });
    expect(play.shown.path).toBe('recovering');
    expect(play.effects).toEqual([{ type: 'prepare_media', attempt: 2 }]);
    expect(play.do({ type: 'path_broken', attempt: 1 }).effects).toEqual([]);
    play.do({ type: 'offer_ready', attempt: 2, offer: offer('second') }).noted();
    expect(play.sent).toEqual([{ type: 'offer', offer: offer('second') }]);
    expect(play.shown.slots.size).toBe(1);

    play.reply('offer', { type: 'media_answer', answer: { sdp: 'answer2', generation: 2 } });

    expect(play.kinds).toEqual(['answer_media', 'send_media']);
    expect(play.shown.slots.size).toBe(0);
    play.hear({ type: 'slots', generation: 1, slots: [{ mid: '5', occupant: { participant: 2, source: 'camera' } }] });
    expect(play.shown.slots.size).toBe(0);
    play.do({ type: 'path_connected', attempt: 1 });
    expect(play.shown.path).toBe('recovering');
    expect(play.do({ type: 'path_connected', attempt: 2 }).shown.path).toBe('connected');
  });

  it('slots are filled and emptied one by one', () => {
    intoRoom();
    const camera = { participant: 2, source: 'camera' } as const;
    play.hear({
      type: 'slots',
      generation: 1,
      slots: [
        { mid: '5', occupant: camera },
        { mid: '6', occupant: { participant: 2, source: 'screen' } },
      ],
    });
    play.hear({ type: 'slots', generation: 1, slots: [{ mid: '6', occupant: null }] });
    expect([...play.shown.slots]).toEqual([['5', camera]]);
  });

  it('moves when the server lost it or the network changed, but not twice', () => {
    intoRoom();
    expect(play.do({ type: 'network_changed' }).effects).toEqual([]);
    play.do({ type: 'path_connected', attempt: 1 });
    expect(play.do({ type: 'network_changed' }).kinds).toEqual(['prepare_media']);
    expect(play.hear({ type: 'media_lost' }).effects).toEqual([]);
  });

  it('counts as failed after three tries in a row, and goes on trying', () => {
    intoRoom();
    for (let attempt = 1; attempt <= MEDIA_TRIES_MAX; attempt++) {
      play.do({ type: 'path_broken', attempt });
      expect(play.kinds).toEqual(['prepare_media']);
      play.do({ type: 'offer_ready', attempt: attempt + 1, offer: offer('x') }).noted();
      play.reply('offer', { type: 'media_answer', answer: { sdp: 'a', generation: attempt + 1 } });
    }
    expect(play.shown.path).toBe('failed');
    play.do({ type: 'path_connected', attempt: MEDIA_TRIES_MAX + 1 });
    expect(play.shown.path).toBe('connected');
  });

  it('an offer that cannot be made is a failed path', () => {
    enter().do({ type: 'offer_failed', attempt: 1 });
    expect(play.shown.path).toBe('failed');
  });

  it('an offer of an older attempt is void', () => {
    intoRoom().do({ type: 'path_broken', attempt: 1 });
    expect(play.do({ type: 'offer_ready', attempt: 1, offer: offer('old') }).effects).toEqual([]);
    expect(play.do({ type: 'offer_failed', attempt: 1 }).shown.path).toBe('recovering');
  });

  it('an offer made while the connection is down goes out with join', () => {
    intoRoom().do({ type: 'path_connected', attempt: 1 }, { type: 'path_broken', attempt: 1 });
    play.do({ type: 'socket_down' });
    expect(play.effects).toEqual([]);
    expect(play.do({ type: 'offer_ready', attempt: 2, offer: offer('second') }).effects).toEqual([]);
    expect(play.do({ type: 'socket_up' }).kinds).toEqual(['send enter', 'send join']);
  });
});

describe('going', () => {
  it('in the room asks the server; in the lobby withdraws and is out at once', () => {
    intoRoom();
    expect(play.do({ type: 'leave' }).noted().kinds).toEqual(['send leave']);
    play.hear({ type: 'closed', reason: 'left', by: null });
    expect(play.shown).toMatchObject({ phase: 'over', over: { reason: 'left' } });

    play = new Play();
    enter().do({ type: 'socket_up' }).noted();
    play.reply('enter', { type: 'waiting', you: 1, host_present: true });
    expect(play.do({ type: 'leave' }).kinds).toEqual(['send leave', 'disconnect', 'close_media', 'forget_place']);
    expect(play.shown.phase).toBe('over');
  });

  it('without a connection nobody has to be asked', () => {
    intoRoom().do({ type: 'socket_down' }, { type: 'leave' });
    expect(play.shown.over?.reason).toBe('left');
  });

  it('a last host is asked, and may stay, end or hand over', () => {
    intoRoom().do({ type: 'leave' }).noted();
    refuse('leave', 'ROOM.HOST.LAST');
    expect(play.shown).toMatchObject({ phase: 'joined', leaveQuestion: true, notices: [] });
    expect(play.do({ type: 'cancel_leave' }).shown.leaveQuestion).toBe(false);

    play.do({ type: 'hand_over', to: 2 }).noted();
    expect(play.sent).toEqual([{ type: 'make_host', participant: 2 }]);
    play.reply('make_host', { type: 'done' });
    expect(play.sent).toEqual([{ type: 'leave' }]);
  });

  it.each([
    ['removed', true],
    ['ended', true],
    ['abandoned', true],
    ['denied', false],
    ['replaced', false],
    ['misbehaved', false],
  ] as const)('%s is the end; remembered over a reload: %s', (reason, remembered) => {
    intoRoom().hear({ type: 'closed', reason, by: 'Host' });
    expect(play.shown).toMatchObject({ phase: 'over', path: 'idle', over: { reason, by: 'Host' } });
    expect(play.kinds).toEqual(expect.arrayContaining(['disconnect', 'close_media', 'forget_place']));
    expect(play.kinds.includes('remember_over')).toBe(remembered);
    expect(play.do({ type: 'leave' }).effects).toEqual([]);
  });

  it('a remembered end is shown without asking anybody', () => {
    play.do({ type: 'remembered_over', over: { reason: 'removed', by: 'Host' } });
    expect(play.shown).toMatchObject({ phase: 'over', over: { reason: 'removed', by: 'Host' } });
    expect(play.effects).toEqual([]);
  });

  it('another try starts at pre-join, with name and wishes kept and no share', () => {
    intoRoom().do({ type: 'set_sources', sources: { camera: false, screen: true } });
    play.hear({ type: 'closed', reason: 'denied', by: null }).do({ type: 'retry' });
    expect(play.shown).toMatchObject({ phase: 'prejoin', over: null, participants: [], you: null });
    expect(play.model).toMatchObject({ name: 'Asha', wanted: media({ camera: false }) });
    expect(enter().kinds).toEqual(['prepare_media', 'connect']);
  });
});

describe('bounds', () => {
  it('unanswered requests and unread notices are bounded', () => {
    intoRoom();
    for (let count = 0; count < ASKED_MAX * 2; count++) {
      play.do({ type: 'remove', participant: 2 });
      play.hear({ type: 'muted', source: 'camera', by: 'H' });
    }
    expect(play.model.asked.size).toBeLessThanOrEqual(ASKED_MAX);
    expect(play.shown.notices).toHaveLength(NOTICES_MAX);
  });

  it('no order of events breaks the invariants', () => {
    const id = fc.integer({ min: 1, max: 4 });
    const attempt = fc.integer({ min: 1, max: 4 });
    const rule = fc.constantFrom<Rule>('ROOM.RESUME.WINDOW', 'ROOM.HOST.LAST', 'MEDIA.OFFER', 'ROOM.FULL');
    const body: fc.Arbitrary<ServerMessage> = fc.oneof(
      fc.constantFrom<ServerMessage>(
        admitted(),
        joinedMessage(),
        { type: 'done' },
        { type: 'media_lost' },
        { type: 'pong' },
        { type: 'waiting', you: 1, host_present: false },
        { type: 'media_answer', answer: { sdp: 'a', generation: 3 } },
        { type: 'participant_joined', participant: person(3) },
        { type: 'participant_left', participant: 2, reason: 'lost' },
        { type: 'closed', reason: 'ended', by: null },
        { type: 'closed', reason: 'too_slow', by: null },
      ),
      rule.map((rule) => ({ type: 'refused', rule, message: '' }) as const),
    );
    const frame = fc.record({ body, re: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }) }).map(
      ({ body, re }): CallEvent => ({
        type: 'socket_message',
        frame: re === undefined ? { body } : { body, re },
      }),
    );
    const event: fc.Arbitrary<CallEvent> = fc.oneof(
      { weight: 4, arbitrary: frame },
      fc.constantFrom<CallEvent>(
        { type: 'socket_up' },
        { type: 'socket_down' },
        { type: 'socket_gone' },
        { type: 'network_changed' },
        { type: 'leave' },
        { type: 'retry' },
        { type: 'admit_all' },
        { type: 'enter', name: 'A', credentials: [resume('t'), host], afterReload: true },
      ),
      attempt.map((attempt): CallEvent => ({ type: 'offer_ready', attempt, offer: offer('o') })),
      attempt.map((attempt): CallEvent => ({ type: 'path_broken', attempt })),
      attempt.map((attempt): CallEvent => ({ type: 'path_connected', attempt })),
      id.map((to): CallEvent => ({ type: 'hand_over', to })),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const game = new Play();
        let ids = 0;
        for (const event of events) {
          const before = game.model;
          game.do(event);
          const { model, shown } = game;
          expect(shown.over !== null).toBe(shown.phase === 'over');
          if (shown.phase === 'prejoin' || shown.phase === 'over') expect(shown.path).not.toBe('connected');
          if (model.entry === 'joined') expect(shown.phase).toBe('joined');
          if (model.making) expect(model.offer).toBeNull();
          expect(model.attempt).toBeGreaterThanOrEqual(before.attempt);
          for (const effect of game.effects) {
            if (effect.type !== 'send') continue;
            expect(before.socketUp || event.type === 'socket_up').toBe(true);
            ids += 1;
          }
        }
        expect(ids).toBeLessThan(1000);
      }),
      { numRuns: 2000 },
    );
  });
});
