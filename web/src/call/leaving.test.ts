import { beforeEach, describe, expect, it } from 'vitest';
import { FAREWELL_MS } from './model';
import { member, Play, person, waiting } from './play';

let play: Play;

beforeEach(() => {
  play = new Play();
});

const propose = { type: 'propose', epoch: 3, proposal: 'p' } as const;

describe('leaving', () => {
  it('the device proposes to leave the group, and leave follows', () => {
    play.intoRoom();
    expect(play.do({ type: 'leave' }).kinds).toEqual(['device leave', 'wake']);
    expect(play.deviceSends(propose).kinds).toEqual(['send propose', 'send leave']);
    play.hear({ type: 'closed', reason: 'left', by: null });
    expect(play.shown).toMatchObject({ phase: 'over', over: { reason: 'left', by: null } });
    expect(play.effects).toContainEqual({ type: 'close_device', forget: true });
  });

  it('does not wait for a device that says nothing', () => {
    play.intoRoom().do({ type: 'leave' });
    play.nowMs += FAREWELL_MS - 1;
    expect(play.do({ type: 'woken' }).kinds).toEqual([]);
    play.nowMs += 1;
    expect(play.do({ type: 'woken' }).kinds).toEqual(['send leave']);
    expect(play.do({ type: 'woken' }).kinds).toEqual([]);
    expect(play.deviceSends(propose).kinds).toEqual(['send propose']);
  });

  it('who asks twice waits for nobody', () => {
    play.intoRoom().do({ type: 'leave' });
    expect(play.do({ type: 'leave' }).kinds).toEqual(['send leave']);
  });

  it('alone, or out of the group, there is nobody to take leave of', () => {
    play.intoRoom({ participants: [person(1)] });
    expect(play.do({ type: 'leave' }).kinds).toEqual(['send leave']);
    play = new Play().intoRoom().view({ stage: 'joining' });
    expect(play.do({ type: 'leave' }).kinds).toEqual(['send leave']);
  });

  it('in the lobby withdraws and is out at once', () => {
    play.enter().view().connect().reply('enter', waiting);
    expect(play.do({ type: 'leave' }).kinds).toEqual([
      'send leave',
      'disconnect',
      'close_media',
      'close_device',
      'forget_place',
    ]);
    expect(play.shown.phase).toBe('over');
  });

  it('before anything was said, nothing has to be taken back', () => {
    play.enter().view().do({ type: 'socket_up' });
    expect(play.do({ type: 'leave' }).sent).toEqual([]);
    expect(play.shown.over?.reason).toBe('left');
  });

  it('without a connection nobody has to be asked', () => {
    play.intoRoom().do({ type: 'socket_down' }, { type: 'leave' });
    expect(play.shown.over?.reason).toBe('left');
  });
});

describe('a last host', () => {
  it('is asked before the device has said anything, and may stay', () => {
    play.intoRoomAsHost();
    expect(play.do({ type: 'leave' }).effects).toEqual([]);
    expect(play.shown).toMatchObject({ phase: 'joined', leaveQuestion: true });
    expect(play.do({ type: 'cancel_leave' }).shown.leaveQuestion).toBe(false);
  });

  it('is asked when the server knows better', () => {
    play.intoRoom().do({ type: 'leave' });
    play.deviceSends(propose).refuse('leave', 'ROOM.HOST.LAST');
    expect(play.shown).toMatchObject({ phase: 'joined', leaveQuestion: true, notices: [] });
  });

  it('is one also while another host is out of reach', () => {
    const away = person(3, { presence: 'reconnecting' });
    play.intoRoomAsHost({ participants: [person(1), person(2), away] });
    play.view({ members: [member(1, { host: true }), member(2), member(3, { host: true })] });
    expect(play.do({ type: 'leave' }).shown.leaveQuestion).toBe(true);
  });

  it('may go when another is host, or when alone', () => {
    play.intoRoomAsHost().view({ members: [member(1, { host: true }), member(2, { host: true })] });
    expect(play.do({ type: 'leave' }).kinds).toEqual(['device leave', 'wake']);
    play = new Play().intoRoomAsHost({ participants: [person(1)] });
    expect(play.do({ type: 'leave' }).kinds).toEqual(['send leave']);
  });

  it('may hand over, and leaves once the group knows the new host', () => {
    play.intoRoomAsHost().do({ type: 'leave' });
    play.do({ type: 'hand_over', to: 2 });
    expect(play.shown.leaveQuestion).toBe(false);
    expect(play.told).toEqual([{ type: 'make_host', device: 'D2' }]);
    expect(play.view().kinds).toEqual([]);
    play.view({ members: [member(1, { host: true }), member(2, { host: true })] });
    expect(play.kinds).toEqual(['device leave', 'wake']);
    expect(play.view().kinds).toEqual([]);
  });

  it('stays if nobody could be made host', () => {
    play.intoRoomAsHost().do({ type: 'hand_over', to: 2 });
    play.deviceSends({ type: 'commit', epoch: 3, commit: 'c', group_info: 'g' }).refuse('commit', 'MLS.ADMISSION');
    expect(play.shown.notices).toMatchObject([{ kind: 'made_host' }, { kind: 'refused', rule: 'MLS.ADMISSION' }]);
    play.view({ members: [member(1, { host: true }), member(2, { host: true })] });
    expect(play.kinds).toEqual([]);
  });

  it('cannot hand over to somebody who is not there', () => {
    play.intoRoomAsHost().do({ type: 'leave' }, { type: 'hand_over', to: 9 });
    expect(play.told).toEqual([]);
    expect(play.model.parting).toBeNull();
  });
});
