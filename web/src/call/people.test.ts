import { beforeEach, describe, expect, it } from 'vitest';
import type { ServerMessage } from '../protocol/messages';
import { STRANGER_MS } from './model';
import { guest, joined, knocker, media, member, Play, person } from './play';

let play: Play;

beforeEach(() => {
  play = new Play();
});

const arrives = (id: number): ServerMessage => ({ type: 'participant_joined', participant: person(id) });
const knocks = (id: number): ServerMessage => ({ type: 'knocked', guest: guest(id) });

describe('participants', () => {
  it('are those of the roster whom the device has verified, as the device knows them', () => {
    play.intoRoom({
      participants: [
        person(1),
        person(2, { role: 'host', media: media({ camera: false }), presence: 'reconnecting', of_organisation: true }),
      ],
    });
    const shared = media({ screen: true });
    play.view({ members: [member(2, { hand: true, method: 'passcode', media: shared }), member(1, { host: true })] });

    expect(play.shown.participants).toEqual([
      expect.objectContaining({ id: 1, device: 'D1', name: 'P1', role: 'host', presence: 'connected', hand: false }),
      {
        id: 2,
        device: 'D2',
        name: 'P2',
        role: 'participant',
        media: shared,
        presence: 'reconnecting',
        hand: true,
        verified: true,
        method: 'passcode',
        ofOrganisation: true,
      },
    ]);
    expect(play.view({ encryption: 'pending' }).shown.participants.map(({ verified }) => verified)).toEqual([
      false,
      false,
    ]);
  });

  it('the server alone cannot put anybody into the room', () => {
    play.intoRoom().hear(arrives(3), { seq: 11 });
    expect(play.shown.participants.map(({ id }) => id)).toEqual([1, 2]);
    expect(play.notices).toEqual([]);
  });

  it('a member whom the server does not list is not shown', () => {
    play.intoRoom().view({ members: [member(1), member(2), member(3)] });
    expect(play.shown.participants.map(({ id }) => id)).toEqual([1, 2]);
  });

  it('somebody else at a number of the roster is another device, and unknown', () => {
    play.intoRoom().hear(
      { type: 'participant_changed', participant: person(2, { device: 'D9' }) },
      {
        seq: 11,
      },
    );
    expect(play.shown.participants.map(({ id }) => id)).toEqual([1]);
  });

  it('come, change and go, and each is told once', () => {
    play.intoRoom().hear(arrives(3), { seq: 11 });
    expect(play.told).toEqual([{ type: 'receive', message: arrives(3) }]);
    play.view({ members: [member(1), member(2), member(3, { name: null })] });
    expect(play.shown.participants.map(({ name }) => name)).toEqual(['P1', 'P2', '']);
    expect(play.notices).toEqual([]);
    play.view({ members: [member(1), member(2), member(3)] }).view();
    play.hear({ type: 'quality_changed', participant: 3, quality: 'poor' });
    play.hear({ type: 'speakers', speaking: [3] });
    play.hear({ type: 'participant_changed', participant: person(3, { presence: 'reconnecting' }) }, { seq: 12 });
    expect(play.shown.participants[2]?.presence).toBe('reconnecting');
    play.hear({ type: 'participant_left', participant: 3, reason: 'removed' }, { seq: 13 });

    expect(play.shown.participants.map(({ id }) => id)).toEqual([1, 2]);
    expect(play.shown.quality.size).toBe(0);
    expect(play.shown.speaking).toEqual([]);
    expect(play.notices).toEqual([
      ['joined', 'P3'],
      ['removed', 'P3'],
    ]);
  });

  it('who is out of the group before the server says so is still told by name', () => {
    play.intoRoom().view({ members: [member(1)] });
    play.hear({ type: 'participant_left', participant: 2, reason: 'left' }, { seq: 11 });
    expect(play.notices).toEqual([['left', 'P2']]);
  });

  it('who goes before the name was known was never there', () => {
    play.intoRoom().hear(arrives(3), { seq: 11 });
    play.hear({ type: 'participant_left', participant: 3, reason: 'lost' }, { seq: 12 });
    expect(play.notices).toEqual([]);
  });

  it('somebody unknown who leaves changes nothing', () => {
    const before = play.intoRoom().shown;
    play.hear({ type: 'participant_left', participant: 99, reason: 'left' }, { seq: 11 });
    expect(play.shown).toEqual(before);
  });

  it('who joins twice is there once', () => {
    play.intoRoom().hear(
      { type: 'participant_joined', participant: person(2, { presence: 'reconnecting' }) },
      {
        seq: 11,
      },
    );
    expect(play.shown.participants.map(({ presence }) => presence)).toEqual(['connected', 'reconnecting']);
  });

  it('who comes back as somebody new is asked for again', () => {
    play.intoRoom().do({ type: 'show', tiles: [{ participant: 3, source: 'camera', height: 360 }] });
    expect(play.hear(arrives(3), { seq: 11 }).kinds).toContain('send subscribe');
    expect(play.hear(arrives(4), { seq: 12 }).kinds).not.toContain('send subscribe');
  });

  it('a raised hand of somebody else is told once', () => {
    play.intoRoom().view({ members: [member(1, { hand: true }), member(2, { hand: true })] });
    play.view();
    expect(play.notices).toEqual([['hand', 'P2']]);
    play.view({ members: [member(1), member(2)] });
    play.view({ members: [member(1), member(2, { hand: true })] });
    expect(play.notices).toHaveLength(2);
  });

  it('after coming back nobody is announced who is there', () => {
    play.intoRoom().view({ members: [member(1), member(2), member(3, { hand: true })] });
    play.comeBack({ participants: [person(1), person(2), person(3)] });
    expect(play.shown.participants).toHaveLength(3);
    expect(play.notices).toEqual([['recovered', null]]);
  });
});

describe('strangers', () => {
  it('are counted once the device has had the time to hear of them', () => {
    play.intoRoom().hear(arrives(3), { seq: 11 });
    expect(play.effects).toContainEqual({ type: 'wake', afterMs: STRANGER_MS });
    expect(play.shown.strangers).toBe(0);
    play.nowMs += STRANGER_MS;
    play.do({ type: 'woken' });
    expect(play.shown.strangers).toBe(1);
    expect(play.shown.participants).toHaveLength(2);

    play.view({ members: [member(1), member(2), member(3)] });
    expect(play.shown.strangers).toBe(0);
    expect(play.notices).toEqual([['joined', 'P3']]);
  });

  it('who is verified in time is none', () => {
    play.intoRoom().hear(arrives(3), { seq: 11 });
    play.view({ members: [member(1), member(2), member(3)] });
    play.nowMs += STRANGER_MS;
    expect(play.do({ type: 'woken' }).shown.strangers).toBe(0);
  });

  it('who goes is none either, and a new one is timed anew', () => {
    play.intoRoom().hear(arrives(3), { seq: 11 });
    play.nowMs += STRANGER_MS - 1;
    play.hear({ type: 'participant_left', participant: 3, reason: 'left' }, { seq: 12 });
    play.hear(arrives(4), { seq: 13 });
    play.nowMs += 1;
    expect(play.do({ type: 'woken' }).shown.strangers).toBe(0);
  });
});

describe('the lobby', () => {
  const asHost = () => play.intoRoom().view({ host: true, members: [member(1, { host: true }), member(2)] });

  it('shows whose knock the device could open, and tells of each once', () => {
    asHost();
    for (const id of [5, 6, 6]) play.hear(knocks(id));
    expect(play.shown.lobby).toEqual([]);
    play.view({ guests: [knocker(5), { ...knocker(6), passcode: 'proven', admitting: true }] });

    expect(play.shown.lobby).toEqual([
      {
        id: 5,
        device: 'D5',
        name: 'G5',
        waiting_ms: 5,
        passcode: 'not_needed',
        admitting: false,
        ofOrganisation: false,
        invite: null,
      },
      {
        id: 6,
        device: 'D6',
        name: 'G6',
        waiting_ms: 5,
        passcode: 'proven',
        admitting: true,
        ofOrganisation: false,
        invite: null,
      },
    ]);
    expect(play.notices.slice(1)).toEqual([
      ['knocked', 'G5'],
      ['knocked', 'G6'],
    ]);
    play.hear({ type: 'lobby_left', guest: 5, outcome: 'withdrew' });
    expect(play.shown.lobby.map(({ id }) => id)).toEqual([6]);
  });

  it('of another device at the same number nothing is shown', () => {
    asHost().hear(knocks(5));
    expect(play.view({ guests: [{ ...knocker(5), device: 'D9' }] }).shown.lobby).toEqual([]);
  });

  it('is empty for who is no host, and told of to who becomes one', () => {
    play.intoRoom().view({ guests: [knocker(5)] });
    play.hear(knocks(5));
    expect(play.shown.lobby).toEqual([]);
    play.view({ host: true }).view();
    expect(play.notices).toEqual([
      ['knocked', 'G5'],
      ['made_host', null],
    ]);
    expect(play.view({ host: false }).shown).toMatchObject({ lobby: [], role: 'participant' });
  });

  it('those who waited before this person came are no news', () => {
    play.intoRoom({ lobby: [guest(5)] }).view({ host: true, guests: [knocker(5)] });
    expect(play.shown.lobby).toHaveLength(1);
    expect(play.notices).toEqual([['made_host', null]]);
  });
});

describe('the group', () => {
  it('a certificate that can be countersigned is told once', () => {
    const offered = { type: 'offered', from: 'D1', until_ms: 1 } as const;
    play.intoRoom().view({ certificate: { ...offered, state: 'unclear' } });
    expect(play.notices).toEqual([]);
    play
      .view({ certificate: { ...offered, state: 'agrees' } })
      .view({ certificate: { ...offered, state: 'countersigned' } });
    expect(play.notices.map(([kind]) => kind)).toEqual(['certificate']);
  });

  it('guesses at the passcode are told to the host, once when they are many and once when it is off', () => {
    const set = (wrong: number) =>
      ({ type: 'set', passcode: '7KQM-2XWD', admits: false, wrong, by_mail: false }) as const;
    play.intoRoom().view({ passcode: set(0) });
    play.view({ passcode: set(4) });
    expect(play.notices).toEqual([]);
    for (const wrong of [5, 6, 19]) play.view({ passcode: set(wrong) });
    play.view({ passcode: { type: 'disabled', admits: true } }).view({ passcode: { type: 'disabled', admits: true } });
    expect(play.notices.map(([kind]) => kind)).toEqual(['guessed', 'passcode_off']);
  });

  it('a lock and an alarm are told when they come, not when they were there', () => {
    play.intoRoom().view({ locked: true });
    play.view({ alarms: [{ type: 'fork' }, { type: 'handshake' }] }).view({ locked: false });
    expect(play.notices.map(([kind]) => kind)).toEqual(['locked', 'alarm', 'alarm', 'unlocked']);

    play = new Play().enter().view({ locked: true, alarms: [{ type: 'fork' }] });
    play
      .do({ type: 'offer_ready', attempt: 1, offer: { sdp: '', up: [], down: [] } })
      .connect()
      .letIn();
    expect(play.reply('join', joined()).notices).toEqual([]);
  });
});

describe('slots', () => {
  const slots = (...slots: Extract<ServerMessage, { type: 'slots' }>['slots']): ServerMessage => ({
    type: 'slots',
    generation: 1,
    slots,
  });
  const camera = (participant: number) => ({ participant, source: 'camera' }) as const;

  it('are filled and emptied one by one, and carry the leaf of whom the device knows', () => {
    play.intoRoom().hear(slots({ mid: '5', occupant: camera(2) }, { mid: '6', occupant: camera(2) }));
    expect(play.effects).toEqual([
      {
        type: 'set_slots',
        slots: new Map([
          ['5', { leaf: 20, source: 'camera' }],
          ['6', { leaf: 20, source: 'camera' }],
        ]),
      },
    ]);
    play.hear(slots({ mid: '5', occupant: null }));
    expect([...play.shown.slots]).toEqual([['6', camera(2)]]);
    expect(play.effects).toEqual([{ type: 'set_slots', slots: new Map([['5', null]]) }]);
    expect(play.hear(slots({ mid: '5', occupant: null })).effects).toEqual([]);
  });

  it('a stranger is not played, until the device knows better', () => {
    play
      .intoRoom()
      .hear(arrives(3), { seq: 11 })
      .hear(slots({ mid: '5', occupant: camera(3) }));
    expect(play.kinds).toEqual([]);
    play.view({ members: [member(1), member(2), member(3)] });
    expect(play.effects).toEqual([{ type: 'set_slots', slots: new Map([['5', { leaf: 30, source: 'camera' }]]) }]);
    play.view({ members: [member(1), member(2)] });
    expect(play.effects).toContainEqual({ type: 'set_slots', slots: new Map([['5', null]]) });
  });

  it('who came back at another leaf is followed', () => {
    play.intoRoom().hear(slots({ mid: '5', occupant: camera(2) }));
    play.view({ members: [member(1), member(2, { leaf: 7 })] });
    expect(play.effects).toEqual([{ type: 'set_slots', slots: new Map([['5', { leaf: 7, source: 'camera' }]]) }]);
  });
});
