import { beforeEach, describe, expect, it } from 'vitest';
import type { Tile } from '../protocol/messages';
import { CERTIFIED_MS } from './pictures';
import { admitted, joined, member, offer, Play } from './play';

let play: Play;

const likely: Tile = { participant: 2, source: 'camera', height: 720 };
const onScreen: Tile = { participant: 2, source: 'camera', height: 180 };
const inGroup = { stage: 'member', epoch: 4, members: [member(1), member(2)] } as const;

/** In the room after a reload, the device on its way back to the group. */
beforeEach(() => {
  play = new Play();
  play.enter('old', true).do({ type: 'offer_ready', attempt: 1, offer: offer('first') });
  play.view().connect().reply('enter', admitted()).reply('join', joined());
});

describe('pictures', () => {
  it('are asked for once a host has certified the epoch in which the device is back', () => {
    // What was on screen before the reload is not wanted any more.
    expect(play.sent).toEqual([{ type: 'subscribe', tiles: [] }]);
    expect(play.effects).toContainEqual({ type: 'wake', afterMs: CERTIFIED_MS });
    expect(play.view(inGroup).sent).toEqual([]);
    expect(play.view({ epoch_certified: true }).sent).toEqual([{ type: 'subscribe', tiles: [likely] }]);
    expect(play.view().sent).toEqual([]);
    play.nowMs += CERTIFIED_MS;
    expect(play.do({ type: 'woken' }).sent).toEqual([]);
  });

  it('are asked for without it when others seal without it, too', () => {
    play.view(inGroup);
    play.nowMs += CERTIFIED_MS - 1;
    expect(play.do({ type: 'woken' }).sent).toEqual([]);
    play.nowMs += 1;
    expect(play.do({ type: 'woken' }).sent).toEqual([{ type: 'subscribe', tiles: [likely] }]);
  });

  it('are those that are on screen by then', () => {
    expect(play.do({ type: 'show', tiles: [onScreen] }).sent).toEqual([]);
    play.view(inGroup);
    expect(play.view({ epoch_certified: true }).sent).toEqual([{ type: 'subscribe', tiles: [onScreen] }]);
    expect(play.do({ type: 'show', tiles: [likely] }).sent).toEqual([{ type: 'subscribe', tiles: [likely] }]);
  });

  it('are not asked for on a connection that is gone', () => {
    play.do({ type: 'socket_down' });
    play.nowMs += CERTIFIED_MS;
    expect(play.do({ type: 'woken' }).sent).toEqual([]);
    expect(play.view({ ...inGroup, epoch_certified: true }).sent).toEqual([]);
  });
});
