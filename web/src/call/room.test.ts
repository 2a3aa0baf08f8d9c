import { beforeEach, describe, expect, it } from 'vitest';
import { type ClientMessage, type DeviceCommand, limits } from '../protocol/messages';
import { type CallEvent, CHAT_LINES_MAX } from './model';
import { guest, knocker, media, member, Play, waiting } from './play';

let play: Play;

beforeEach(() => {
  play = new Play();
});

describe('wishes', () => {
  it.each<[CallEvent, ClientMessage]>([
    [
      { type: 'deny', guest: 5 },
      { type: 'deny', guest: 5 },
    ],
    [
      { type: 'mute', participant: 2, source: 'camera' },
      { type: 'mute', participant: 2, source: 'camera' },
    ],
    [{ type: 'end' }, { type: 'end' }],
  ])('that the server fulfils are asked of it, and only while it can hear: %o', (event, body) => {
    play.intoRoom();
    expect(play.do(event).sent).toEqual([body]);
    expect(play.told).toEqual([]);
    play.do({ type: 'socket_down' });
    expect(play.do(event).sent).toEqual([]);
  });

  it.each<[CallEvent, DeviceCommand]>([
    [
      { type: 'admit', guest: 5 },
      { type: 'admit', guest: 5 },
    ],
    [
      { type: 'remove', participant: 2 },
      { type: 'remove', device: 'D2' },
    ],
    [
      { type: 'make_host', participant: 2 },
      { type: 'make_host', device: 'D2' },
    ],
    [
      { type: 'lock', locked: true },
      { type: 'lock', locked: true },
    ],
    [
      { type: 'set_passcode', passcode: ' blue-whale ', admits: true },
      { type: 'set_passcode', passcode: 'blue-whale', admits: true },
    ],
    [
      { type: 'set_passcode', passcode: null, admits: false },
      { type: 'set_passcode', passcode: null, admits: false },
    ],
  ])('that change the group are the device’s to fulfil, and only in the room: %o', (event, command) => {
    expect(play.do(event).effects).toEqual([]);
    play.intoRoom();
    expect(play.do(event).told).toEqual([command]);
    expect(play.sent).toEqual([]);
    play.do({ type: 'socket_down' });
    expect(play.do(event).told).toEqual([]);
  });

  it('about somebody who is not there are void', () => {
    play.intoRoom().do({ type: 'remove', participant: 9 }, { type: 'make_host', participant: 9 });
    expect(play.effects).toEqual([]);
  });

  it('to admit all admits each who is not being admitted yet', () => {
    play.intoRoomAsHost();
    for (const id of [5, 6, 7]) play.hear({ type: 'knocked', guest: guest(id) });
    play.view({ guests: [knocker(5), { ...knocker(6), admitting: true }, knocker(7)] });
    expect(play.do({ type: 'admit_all' }).told).toEqual([
      { type: 'admit', guest: 5 },
      { type: 'admit', guest: 7 },
    ]);
  });

  it('to admit all admits only who has a personal link where nobody else comes in', () => {
    play.intoRoomAsHost();
    for (const id of [5, 6, 7]) play.hear({ type: 'knocked', guest: guest(id) });
    const controls = [{ control: 'ORG.LINK.PRIVATE', value: 'personal' }];
    const conduct = { floor: [], controls, locks_at_ms: null, suspended: false, spotlight: null };
    const guests = [
      knocker(5),
      { ...knocker(6), invite: { name: 'Ravi', holds: true } },
      { ...knocker(7), invite: { name: null, holds: false } },
    ];
    play.view({ guests, conduct });
    expect(play.shown.lobby.map(({ invite }) => invite?.holds)).toEqual([undefined, true, false]);
    expect(play.do({ type: 'admit_all' }).told).toEqual([{ type: 'admit', guest: 6 }]);
  });

  it('to admit somebody to a locked meeting is refused, once for all who wait', () => {
    play.intoRoomAsHost();
    for (const id of [5, 6]) play.hear({ type: 'knocked', guest: guest(id) });
    play.view({ guests: [knocker(5), knocker(6)], locked: true });
    const before = play.shown.notices.length;
    expect(play.do({ type: 'admit', guest: 5 }, { type: 'admit_all' }).effects).toEqual([]);
    const refusal = { kind: 'refused', rule: 'ROOM.LOCKED' };
    expect(play.shown.notices.slice(before)).toMatchObject([refusal, refusal]);
  });

  it('a refusal names its rule', () => {
    play.intoRoom().do({ type: 'mute', participant: 1, source: 'camera' }).refuse('mute', 'ROOM.TARGET');
    expect(play.shown.notices).toMatchObject([{ kind: 'refused', rule: 'ROOM.TARGET' }]);
    play.do({ type: 'dismiss', notice: play.shown.notices[0]?.id ?? -1 });
    expect(play.shown.notices).toEqual([]);
  });
});

describe('passcode', () => {
  it('is proven by the device, and only when a host’s device asks for it', () => {
    play.enter().view().connect().reply('enter', waiting);
    expect(play.do({ type: 'submit_passcode', passcode: 'x' }).effects).toEqual([]);
    play.view({ stage: 'passcode_wanted' });
    expect(play.do({ type: 'submit_passcode', passcode: '\n ' }).effects).toEqual([]);
    play.do({ type: 'submit_passcode', passcode: ` ${'x'.repeat(100)}` });
    expect(play.told).toEqual([{ type: 'passcode', passcode: 'x'.repeat(limits.passcodeCharsMax) }]);
  });

  it('of blanks is none that a host could set', () => {
    expect(play.intoRoom().do({ type: 'set_passcode', passcode: '  ', admits: true }).effects).toEqual([]);
  });
});

describe('chat', () => {
  const says = (from: string, text: string): CallEvent => ({
    type: 'device',
    output: { type: 'chat', from, name: `called ${from}`, text },
  });

  it('is what the device heard, own words included; others’ are told', () => {
    play.intoRoom().do(says('D2', 'hello'));
    play.nowMs = 2_000;
    play.do(says('D1', 'hi'));
    expect(play.shown.chat).toEqual([
      { id: 1, from: 'D2', name: 'called D2', text: 'hello', own: false, atMs: 1_000 },
      { id: 2, from: 'D1', name: 'called D1', text: 'hi', own: true, atMs: 2_000 },
    ]);
    expect(play.notices).toEqual([['chat', 'called D2']]);
  });

  it('keeps what was said last', () => {
    play.intoRoom();
    for (let count = 1; count <= CHAT_LINES_MAX + 5; count++) play.do(says('D1', `${count}`));
    expect(play.shown.chat).toHaveLength(CHAT_LINES_MAX);
    expect(play.shown.chat.at(0)?.text).toBe('6');
    expect(play.shown.chat.at(-1)?.id).toBe(CHAT_LINES_MAX + 5);
  });

  it('nothing is said by nothing, nor more than the protocol carries', () => {
    play.intoRoom();
    expect(play.do({ type: 'chat', text: ' \n' }).effects).toEqual([]);
    play.do({ type: 'chat', text: 'é'.repeat(limits.chatCharsMax + 1) });
    expect(play.told).toEqual([{ type: 'chat', text: 'é'.repeat(limits.chatCharsMax) }]);
  });

  it('what is said while the connection is away is the device’s to keep', () => {
    play.intoRoom().do({ type: 'socket_down' });
    expect(play.do({ type: 'chat', text: 'hello' }, { type: 'raise_hand', raised: true }).told).toEqual([
      { type: 'chat', text: 'hello' },
      { type: 'hand', raised: true },
    ]);
  });
});

describe('own media', () => {
  it('is switched at once, and told to the server and to the group', () => {
    play.intoRoom().do({ type: 'set_sources', sources: { camera: false } });
    expect(play.kinds).toEqual(['send set_media', 'device media', 'send_media']);
    expect(play.sent).toEqual([{ type: 'set_media', media: media({ camera: false }) }]);
    expect(play.told).toEqual([{ type: 'media', media: media({ camera: false }) }]);
    expect(play.effects).toContainEqual({ type: 'send_media', media: media({ camera: false }) });
  });

  it('before the room is only switched here', () => {
    expect(play.do({ type: 'set_sources', sources: { camera: false } }).kinds).toEqual(['send_media']);
  });

  it('muted by a host stays off, and the group hears of it', () => {
    play.intoRoom().hear({ type: 'muted', source: 'microphone', by: 2 });
    expect(play.model.wanted.microphone).toBe(false);
    expect(play.shown.media.microphone).toBe(false);
    expect(play.effects).toEqual([
      { type: 'device', command: { type: 'media', media: media({ microphone: false }) } },
      { type: 'send_media', media: media({ microphone: false }) },
    ]);
    expect(play.shown.notices).toMatchObject([{ kind: 'muted', name: 'P2', source: 'microphone' }]);
  });

  it('who muted is named only as the group knows them', () => {
    play.intoRoom().view({ members: [member(1), member(2, { name: null })] });
    play.hear({ type: 'muted', source: 'camera', by: 9 });
    expect(play.notices).toEqual([['muted', null]]);
  });

  it('the codec that everybody can decode is passed on', () => {
    play.intoRoom().hear({ type: 'codec_wanted', source: 'screen', codec: 'vp8' });
    expect(play.effects).toEqual([{ type: 'send_codec', source: 'screen', codec: 'vp8' }]);
  });

  it('layers nobody watches are passed on', () => {
    play.intoRoom().hear({ type: 'layers_wanted', source: 'camera', layers: ['low'] });
    expect(play.effects).toEqual([{ type: 'send_layers', source: 'camera', layers: ['low'] }]);
  });
});
