import { beforeEach, describe, expect, it } from 'vitest';
import { MEDIA_TRIES_MAX } from './model';
import { admitted, offer, Play } from './play';

let play: Play;

beforeEach(() => {
  play = new Play();
});

describe('media path', () => {
  it('a broken path gets a fresh peer connection, and its answer replaces the slots', () => {
    play.intoRoom().do({ type: 'path_connected', attempt: 1 });
    play.hear({ type: 'slots', generation: 1, slots: [{ mid: '5', occupant: { participant: 2, source: 'camera' } }] });
    expect(play.shown.path).toBe('connected');
    expect(play.shown.slots.size).toBe(1);

    play.do({ type: 'path_broken', attempt: 1 });
    expect(play.shown.path).toBe('recovering');
    expect(play.effects).toEqual([{ type: 'prepare_media', attempt: 2 }]);
    expect(play.do({ type: 'path_broken', attempt: 1 }).effects).toEqual([]);
    play.do({ type: 'offer_ready', attempt: 2, offer: offer('second') });
    expect(play.sent).toEqual([{ type: 'offer', offer: offer('second') }]);
    expect(play.shown.slots.size).toBe(1);

    play.reply('offer', { type: 'media_answer', answer: { sdp: 'answer2', generation: 2 } });

    expect(play.kinds).toEqual(['answer_media', 'send_media', 'set_slots']);
    expect(play.shown.slots.size).toBe(0);
    play.hear({ type: 'slots', generation: 1, slots: [{ mid: '5', occupant: { participant: 2, source: 'camera' } }] });
    expect(play.shown.slots.size).toBe(0);
    play.do({ type: 'path_connected', attempt: 1 });
    expect(play.shown.path).toBe('recovering');
    expect(play.do({ type: 'path_connected', attempt: 2 }).shown.path).toBe('connected');
  });

  it('moves when the server lost it or the network changed, but not twice', () => {
    play.intoRoom();
    expect(play.do({ type: 'network_changed' }).effects).toEqual([]);
    play.do({ type: 'path_connected', attempt: 1 });
    expect(play.do({ type: 'network_changed' }).kinds).toEqual(['prepare_media']);
    expect(play.hear({ type: 'media_lost' }).effects).toEqual([]);
  });

  it('counts as failed after three tries in a row, and goes on trying', () => {
    play.intoRoom();
    for (let attempt = 1; attempt <= MEDIA_TRIES_MAX; attempt++) {
      play.do({ type: 'path_broken', attempt });
      expect(play.kinds).toEqual(['prepare_media']);
      play.do({ type: 'offer_ready', attempt: attempt + 1, offer: offer('x') });
      play.reply('offer', { type: 'media_answer', answer: { sdp: 'a', generation: attempt + 1 } });
    }
    expect(play.shown.path).toBe('failed');
    play.do({ type: 'path_connected', attempt: MEDIA_TRIES_MAX + 1 });
    expect(play.shown.path).toBe('connected');
  });

  it('an offer that cannot be made is a failed path', () => {
    play.enter().do({ type: 'offer_failed', attempt: 1 });
    expect(play.shown.path).toBe('failed');
  });

  it('an offer of an older attempt is void', () => {
    play.intoRoom().do({ type: 'path_broken', attempt: 1 });
    expect(play.do({ type: 'offer_ready', attempt: 1, offer: offer('old') }).effects).toEqual([]);
    expect(play.do({ type: 'offer_failed', attempt: 1 }).shown.path).toBe('recovering');
  });

  it('an offer made while the connection is down goes out with join', () => {
    play.intoRoom().do({ type: 'path_connected', attempt: 1 }, { type: 'path_broken', attempt: 1 });
    play.do({ type: 'socket_down' });
    expect(play.kinds).toEqual(['device disconnected']);
    expect(play.do({ type: 'offer_ready', attempt: 2, offer: offer('second') }).effects).toEqual([]);
    play.connect().reply('enter', admitted());
    expect(play.sent).toMatchObject([{ type: 'join', offer: offer('second') }]);
  });
});
