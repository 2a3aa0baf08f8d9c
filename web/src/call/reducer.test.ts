import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DeviceOutput, DeviceStage, Rule, ServerMessage } from '../protocol/messages';
import { ASKED_MAX, type CallEvent, CHAT_LINES_MAX, NOTICES_MAX } from './model';
import { admitted, guest, joined, knocker, member, offer, Play, person, signed, waiting } from './play';

let play: Play;

beforeEach(() => {
  play = new Play();
});

describe('order of the room', () => {
  const joins = (id: number): ServerMessage => ({ type: 'participant_joined', participant: person(id) });
  const listed = () => play.model.roster.map(({ id }) => id);

  it('a gap drops the connection and changes nothing', () => {
    play.intoRoom().hear(joins(3), { seq: 12 });
    expect(play.kinds).toEqual(['reconnect']);
    expect(listed()).toEqual([1, 2]);
  });

  it('what was heard already, or before the whole state, is not heard twice', () => {
    play.intoRoom().hear(joins(3), { seq: 10 });
    expect(listed()).toEqual([1, 2]);
    play.hear(joins(3), { seq: 11 }).hear(joins(3), { seq: 11 });
    expect(listed()).toEqual([1, 2, 3]);
    play.do({ type: 'socket_down' }, { type: 'socket_up' }).hear(joins(4), { seq: 30 });
    expect(play.kinds).toEqual([]);
    expect(listed()).toEqual([1, 2, 3]);
  });

  it('messages outside the order do not move it', () => {
    play
      .intoRoom()
      .hear({ type: 'speakers', speaking: [2] })
      .hear(joins(3), { seq: 11 });
    expect(play.shown.speaking).toEqual([2]);
    expect(listed()).toEqual([1, 2, 3]);
  });

  it('nothing is heard from a connection that is down', () => {
    play.intoRoom().do({ type: 'socket_down' }).hear(joins(3), { seq: 11 });
    expect(play.effects).toEqual([]);
    expect(listed()).toEqual([1, 2]);
  });
});

describe('bounds', () => {
  it('unanswered requests and unread notices are bounded', () => {
    play.intoRoom();
    for (let count = 0; count < ASKED_MAX * 2; count++) {
      play.do({ type: 'deny', guest: 5 });
      play.deviceSends({ type: 'group_state' });
      play.hear({ type: 'muted', source: 'camera', by: 2 });
    }
    expect(play.model.asked.size).toBeLessThanOrEqual(ASKED_MAX);
    expect(play.shown.notices).toHaveLength(NOTICES_MAX);
  });

  it('no order of events breaks the invariants', () => {
    const id = fc.integer({ min: 1, max: 4 });
    const attempt = fc.integer({ min: 1, max: 4 });
    const rule = fc.constantFrom<Rule>(
      'ROOM.RESUME.WINDOW',
      'ROOM.HOST.LAST',
      'MEDIA.OFFER',
      'ROOM.FULL',
      'ROOM.ENTRY.ADMITTED',
      'MLS.EPOCH',
    );
    const body: fc.Arbitrary<ServerMessage> = fc.oneof(
      fc.constantFrom<ServerMessage>(
        admitted(),
        admitted({ in_group: false, epoch: 9 }),
        joined(),
        joined({ participants: [person(1), person(3)], lobby: [guest(4)] }),
        waiting,
        { type: 'welcome', version: '1', boot_epoch: 1, challenge: 'c' },
        { type: 'done' },
        { type: 'media_lost' },
        { type: 'pong' },
        { type: 'media_answer', answer: { sdp: 'a', generation: 3 } },
        { type: 'participant_joined', participant: person(3) },
        { type: 'participant_left', participant: 2, reason: 'lost' },
        { type: 'knocked', guest: guest(4) },
        { type: 'slots', generation: 1, slots: [{ mid: '5', occupant: { participant: 3, source: 'camera' } }] },
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
    const stage = fc.constantFrom<DeviceStage>(
      'outside',
      'waiting',
      'joining',
      'member',
      'member',
      'sealed',
      'removed',
    );
    const output: fc.Arbitrary<DeviceOutput> = fc.oneof(
      fc
        .record({
          stage,
          host: fc.boolean(),
          third: fc.boolean(),
          epoch: fc.constantFrom(3, 9),
          encryption: fc.constantFrom('pending', 'verified'),
          epoch_certified: fc.boolean(),
        })
        .map(({ third, ...change }): DeviceOutput => {
          const members = [member(1, { host: change.host }), member(2), ...(third ? [member(3)] : [])];
          const view = { ...baseView, ...change, members, guests: [knocker(4)] };
          return { type: 'view', view };
        }),
      fc.constantFrom<DeviceOutput>(
        { type: 'send', send: 1, message: signed },
        { type: 'send', send: 2, message: { type: 'propose', epoch: 3, proposal: 'p' } },
        { type: 'send', send: 3, message: { type: 'commit', epoch: 3, commit: 'c', group_info: 'g' } },
        { type: 'chat', from: 'D2', name: 'P2', text: 'x' },
      ),
    );
    const event: fc.Arbitrary<CallEvent> = fc.oneof(
      { weight: 4, arbitrary: frame },
      { weight: 4, arbitrary: output.map((output): CallEvent => ({ type: 'device', output })) },
      fc.constantFrom<CallEvent>(
        { type: 'socket_up' },
        { type: 'socket_down' },
        { type: 'socket_gone' },
        { type: 'network_changed' },
        { type: 'leave' },
        { type: 'retry' },
        { type: 'woken' },
        { type: 'admit_all' },
        { type: 'device_failed' },
        { type: 'chat', text: 'x' },
        { type: 'enter', name: 'A', resume: 't', afterReload: true },
        { type: 'show', tiles: [{ participant: 2, source: 'camera', height: 180 }] },
      ),
      attempt.map((attempt): CallEvent => ({ type: 'offer_ready', attempt, offer: offer('o') })),
      attempt.map((attempt): CallEvent => ({ type: 'path_broken', attempt })),
      attempt.map((attempt): CallEvent => ({ type: 'path_connected', attempt })),
      id.map((to): CallEvent => ({ type: 'hand_over', to })),
    );
    // From anywhere in the life of a call: most random beginnings never come into the room.
    const beginning = fc.constantFrom<(game: Play) => Play>(
      (game) => game,
      (game) => game.enter(),
      (game) => game.enter().view().connect(),
      (game) => game.intoRoom(),
      (game) => game.intoRoomAsHost(),
    );
    const { e2ee: baseView } = new Play().enter().view().shown;
    if (!baseView) throw new Error('a view that was said is shown');
    fc.assert(
      fc.property(beginning, fc.array(event, { maxLength: 40 }), (begin, events) => {
        const game = begin(new Play());
        let requests = 0;
        for (const event of events) {
          const before = game.model;
          game.nowMs += 500;
          game.do(event);
          const { model, shown } = game;
          expect(shown.over !== null).toBe(shown.phase === 'over');
          if (shown.phase === 'prejoin' || shown.phase === 'over') expect(shown.path).not.toBe('connected');
          if (model.entry === 'joined') expect(shown.phase).toBe('joined');
          if (model.entry !== 'none') expect(model.socketUp && model.challenge !== null).toBe(true);
          if (model.making) expect(model.offer).toBeNull();
          expect(model.attempt).toBeGreaterThanOrEqual(before.attempt);
          expect(shown.chat.length).toBeLessThanOrEqual(CHAT_LINES_MAX);
          if (shown.phase !== 'over') {
            const devices = new Set(shown.e2ee?.members.map(({ device }) => device));
            expect(shown.participants.every(({ device }) => devices.has(device))).toBe(true);
            expect(shown.lobby.length === 0 || shown.role === 'host').toBe(true);
          }
          for (const effect of game.effects) {
            if (effect.type === 'device') expect(before.shown.e2ee !== null || shown.e2ee !== null).toBe(true);
            if (effect.type !== 'send') continue;
            expect(before.socketUp).toBe(true);
            // Nobody joins whose device is behind the group, or out of it by the server's own word.
            if (effect.body.type === 'join') {
              expect(model.inGroup).toBe(true);
              const { stage, epoch, members } = shown.e2ee ?? baseView;
              if (members.length > 0) expect(stage).toMatch(/member|sealed/);
              if (members.length > 0) expect(epoch).toBeGreaterThanOrEqual(model.groupEpoch);
            }
            // Pictures are not asked for before they can be opened, nor put off for longer than others wait.
            if (effect.body.type === 'subscribe' && effect.body.tiles.length > 0) {
              const { picturesDueMs: due, entry } = before;
              const isDue = entry === 'joined' && (due === null || game.nowMs >= due);
              expect(isDue || shown.e2ee?.epoch_certified).toBe(true);
            }
            requests += 1;
          }
        }
        expect(requests).toBeLessThan(1000);
      }),
      { numRuns: 1000 },
    );
  });
});
