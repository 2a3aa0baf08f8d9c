import { beforeEach, describe, expect, it } from 'vitest';
import type { ClientMessage, Rule, ServerMessage } from '../protocol/messages';
import { guest, Play, person, waiting } from './play';

let play: Play;

beforeEach(() => {
  play = new Play();
});

const relay: ClientMessage = { type: 'relay', to: null, payload: 'p' };
const relayed: ServerMessage = { type: 'relayed', from: 2, payload: 'p' };

describe('the device hears', () => {
  it.each<[ServerMessage, number | undefined]>([
    [{ type: 'door', from: 2, payload: 'p' }, undefined],
    [{ type: 'handshake', from: 2, epoch: 3, message: 'm' }, 11],
    [{ type: 'handshake', from: 2, epoch: 3, message: 'm' }, undefined],
    [relayed, 11],
    [{ type: 'knocked', guest: guest(5) }, undefined],
    [{ type: 'lobby_left', guest: 5, outcome: 'admitted' }, undefined],
    [{ type: 'participant_joined', participant: person(3) }, 11],
    [{ type: 'participant_changed', participant: person(2) }, 11],
    [{ type: 'participant_left', participant: 2, reason: 'lost' }, 11],
    [{ type: 'group_state', epoch: 3, group_info: 'g', tree: 't' }, undefined],
    [{ type: 'welcomed', welcome: 'w', tree: 't' }, undefined],
    [{ type: 'closed', reason: 'ended', by: null }, undefined],
  ])('%o at %s', (message, seq) => {
    play.intoRoom().hear(message, seq === undefined ? {} : { seq });
    expect(play.told).toEqual([{ type: 'receive', message }]);
  });

  it('what is on the way in, too', () => {
    play.enter().view().connect().reply('enter', waiting);
    expect(play.told).toEqual([
      { type: 'receive', message: waiting },
      { type: 'answered', send: 1, refused: null },
    ]);
  });

  it.each<ServerMessage>([
    { type: 'pong' },
    { type: 'speakers', speaking: [2] },
    { type: 'quality_changed', participant: 2, quality: 'good' },
    { type: 'codec_wanted', source: 'screen', codec: 'vp8' },
    { type: 'layers_wanted', source: 'camera', layers: [] },
    { type: 'draining', remaining_ms: 1 },
    { type: 'refused', rule: 'WIRE.RATE', message: '' },
  ])('nothing of %o', (message) => {
    expect(play.intoRoom().hear(message).told).toEqual([]);
  });

  it('each once and in order: not what is stale, nor what comes after a gap', () => {
    play.intoRoom().hear(relayed, { seq: 10 });
    expect(play.told).toEqual([]);
    expect(play.hear(relayed, { seq: 12 }).kinds).toEqual(['reconnect']);
    expect(play.hear(relayed, { seq: 11 }).kinds).toEqual(['device receive']);
  });
});

describe('what the device sends', () => {
  it('goes out, and its answer comes back under its number', () => {
    play.intoRoom().deviceSends(relay);
    const first = { request: play.request('relay'), send: play.sends };
    expect(play.deviceSends(relay).sent).toEqual([relay]);
    play.reply('relay', { type: 'done' });
    expect(play.told).toEqual([{ type: 'answered', send: play.sends, refused: null }]);
    play.hear({ type: 'done' }, { re: first.request });
    expect(play.told).toEqual([{ type: 'answered', send: first.send, refused: null }]);
    expect(play.hear({ type: 'done' }, { re: first.request }).told).toEqual([]);
  });

  it('an answer that is a message of its own is heard as both', () => {
    play.intoRoom().deviceSends({ type: 'group_state' });
    play.reply('group_state', { type: 'group_state', epoch: 3, group_info: 'g', tree: 't' });
    expect(play.kinds).toEqual(['device receive', 'device answered']);
  });

  it('does not go out on a connection it was not meant for', () => {
    play.intoRoom().do({ type: 'socket_down' });
    expect(play.deviceSends(relay).effects).toEqual([]);
    play.do({ type: 'socket_up' });
    expect(play.deviceSends(relay).effects).toEqual([]);
    play.hear({ type: 'welcome', version: '1', boot_epoch: 1, challenge: 'c' });
    expect(play.deviceSends(relay).effects).toEqual([]);
  });

  it('no answer of a lost connection is taken for one of the next', () => {
    play.intoRoom().deviceSends(relay);
    const re = play.request('relay');
    play.comeBack();
    expect(play.hear({ type: 'done' }, { re }).told).toEqual([]);
  });

  it.each<[Rule, boolean]>([
    ['MLS.EPOCH', false],
    ['MLS.MISSED', false],
    ['ROOM.PRESENT', false],
    ['MLS.ADMISSION', true],
    ['ROOM.LOCKED', true],
    ['ROOM.FULL', true],
    ['WIRE.RATE', true],
  ])('refused by %s is told to the person: %s', (rule, told) => {
    play.intoRoom().deviceSends({ type: 'commit', epoch: 3, commit: 'c', group_info: 'g' }).refuse('commit', rule);
    expect(play.told).toEqual([{ type: 'answered', send: play.sends, refused: rule }]);
    expect(play.shown.notices.map((notice) => notice.rule)).toEqual(told ? [rule] : []);
  });
});

describe('what the device says', () => {
  it('keys and what it wants kept are not for the call', () => {
    const { model } = play.intoRoom();
    play.do(
      { type: 'device', output: { type: 'remember' } },
      { type: 'device', output: { type: 'media', change: { type: 'mute' } } },
    );
    expect(play.model).toBe(model);
    expect(play.effects).toEqual([]);
  });

  it('before anything was asked only what it remembers is shown, and nothing is sent', () => {
    play.view({ title: 'Weekly' });
    expect(play.shown).toMatchObject({ phase: 'prejoin', title: 'Weekly' });
    expect(play.deviceSends(relay).effects).toEqual([]);
  });

  it('the log that was asked for is a file at once', () => {
    play.intoRoom().do({ type: 'save_log' });
    expect(play.told).toEqual([{ type: 'export_log' }]);
    play.do({ type: 'device', output: { type: 'log', text: 'sabha/m' } });
    expect(play.effects).toEqual([{ type: 'save_log', log: 'sabha/m' }]);
    expect(play.shown.log).toBeNull();
  });

  it('the log of a meeting that has ended is kept for who wants it', () => {
    play.intoRoom().hear({ type: 'closed', reason: 'ended', by: null });
    play.do({ type: 'device', output: { type: 'log', text: 'sabha/m' } });
    expect(play.effects).toEqual([]);
    expect(play.shown).toMatchObject({ phase: 'over', log: 'sabha/m' });
    expect(play.do({ type: 'save_log' }).effects).toEqual([{ type: 'save_log', log: 'sabha/m' }]);
  });

  it('the certificate is made, countersigned and saved as the person asks', () => {
    play.intoRoom().do({ type: 'make_certificate' }).do({ type: 'countersign' });
    expect(play.told).toEqual([{ type: 'countersign' }]);
    play.do({ type: 'save_certificate' });
    expect(play.told).toEqual([{ type: 'export_certificate' }]);
    play.do({ type: 'device', output: { type: 'certificate', text: '{}' } });
    expect(play.effects).toEqual([{ type: 'save_certificate', certificate: '{}' }]);
    play.hear({ type: 'closed', reason: 'ended', by: null });
    play.do({ type: 'device', output: { type: 'certificate', text: '{}' } });
    expect(play.shown).toMatchObject({ phase: 'over', certificate: '{}' });
    expect(play.do({ type: 'save_certificate' }).effects).toEqual([{ type: 'save_certificate', certificate: '{}' }]);
  });

  it('a view is shown as it is', () => {
    play.intoRoom().view({ heartbeat: 'late', code: { group: '1', root: '2' } });
    expect(play.shown.e2ee).toMatchObject({ heartbeat: 'late', code: { group: '1', root: '2' } });
  });
});
