import { describe, expect, it } from 'vitest';
import { type ConductView, controls as catalogue, type DeviceView } from '../protocol/messages';
import { chatRefusalOf, choicesOf, refusalOf, settingOf } from './conduct';
import { media, member, Play } from './play';

const entry = (id: string) => {
  const found = catalogue.find((one) => one.id === id);
  if (!found) throw new Error(`there is no ${id}`);
  return found;
};
const share = entry('MEET.SHARE.HOST');
const setting = (control: string, value: string) => ({ control, value });
const conduct = (rest: Partial<ConductView> = {}): ConductView => ({
  floor: [],
  controls: [],
  locks_at_ms: null,
  suspended: false,
  spotlight: null,
  ...rest,
});
const NO_SCREEN = { screen: false, screen_audio: false };
const EVERYTHING = { screen: true, screen_audio: true };

/** Somebody in the room, whose own device says this of them. */
function inRoom(own: Partial<DeviceView['members'][number]>, view: Partial<DeviceView> = {}): Play {
  const play = new Play().intoRoom();
  return play.view({ members: [member(1, own), member(2)], ...view });
}

describe('conduct', () => {
  it('a control that nobody set is at its loosest', () => {
    expect(settingOf([], share)).toBe('everyone');
    expect(settingOf([], entry('MEET.LOCK.AUTO'))).toBe('none');
    expect(settingOf([setting('MEET.SHARE.HOST', 'hosts')], share)).toBe('hosts');
    expect(settingOf([], entry('MEET.FILE.OFF'))).toBe('always');
  });

  it('a host chooses nothing below the floor', () => {
    expect(choicesOf(conduct(), share)).toEqual(['everyone', 'granted', 'hosts']);
    expect(choicesOf(conduct({ floor: [setting('MEET.SHARE.HOST', 'granted')] }), share)).toEqual(['granted', 'hosts']);
  });

  it('a source that may not be sent stays off, and the rule is named', () => {
    const play = inRoom({ allowed: media(NO_SCREEN) });
    play.do({ type: 'set_sources', sources: { screen: true } });
    expect(play.sent).toEqual([]);
    expect(play.shown.notices).toMatchObject([{ kind: 'refused', rule: 'MEET.SHARE.HOST' }]);
    play.do({ type: 'refused_source', source: 'screen' });
    expect(play.shown.notices.at(-1)).toMatchObject({ kind: 'refused', rule: 'MEET.SHARE.HOST' });
  });

  it('a right that is taken switches off, and stays off when it is given back', () => {
    const play = inRoom({ allowed: media(EVERYTHING) });
    play.do({ type: 'set_sources', sources: { screen: true } });
    play.view({ members: [member(1, { allowed: media(NO_SCREEN) })] });
    expect(play.effects).toContainEqual({ type: 'send_media', media: media(NO_SCREEN) });
    expect(play.sent).toContainEqual({ type: 'set_media', media: media(NO_SCREEN) });
    expect(play.shown.notices.at(-1)).toMatchObject({ kind: 'refused', rule: 'MEET.SHARE.HOST' });
    play.view({ members: [member(1, { allowed: media(EVERYTHING) })] });
    expect(play.sent).toEqual([]);
  });

  it('a suspension is told once, and not as a refusal of each source', () => {
    const play = inRoom({ allowed: media(EVERYTHING) });
    play.view({
      conduct: conduct({ suspended: true }),
      members: [member(1, { allowed: { microphone: false, camera: false, ...NO_SCREEN }, may_chat: false })],
    });
    expect(play.shown.notices.map(({ kind }) => kind)).toEqual(['suspended']);
    expect(play.effects).toContainEqual({
      type: 'send_media',
      media: { microphone: false, camera: false, ...NO_SCREEN },
    });
    expect(chatRefusalOf(play.shown.e2ee)).toBe('ROOM.SUSPENDED');
  });

  it('outside the group nothing is refused: there is nothing to send yet', () => {
    const play = new Play().enter().view();
    expect(refusalOf(play.shown.e2ee, 'screen')).toBeNull();
    expect(chatRefusalOf(play.shown.e2ee)).toBeNull();
  });

  it('a host sets one control and leaves the others', () => {
    const chosen = [setting('MEET.SHARE.HOST', 'granted'), setting('MEET.CHAT.SAFE', 'hosts')];
    const play = inRoom({ host: true }, { host: true, conduct: conduct({ controls: chosen }) });
    play.do({ type: 'set_control', control: 'MEET.CHAT.SAFE', value: 'nobody' });
    const controls = [setting('MEET.SHARE.HOST', 'granted'), setting('MEET.CHAT.SAFE', 'nobody')];
    expect(play.told).toEqual([{ type: 'set_controls', controls }]);
    expect(play.do({ type: 'set_control', control: 'MEET.NOTHING', value: 'x' }).told).toEqual([]);
  });

  it('who is no host sets nothing', () => {
    expect(inRoom({}).do({ type: 'set_control', control: 'MEET.CHAT.SAFE', value: 'hosts' }).told).toEqual([]);
  });

  it('a host gives the right to share to one who is no host', () => {
    const play = inRoom({ host: true }, { host: true });
    play.do({ type: 'set_right', participant: 2, right: 'screen', allowed: true });
    expect(play.told).toEqual([{ type: 'set_right', device: 'D2', right: 'screen', allowed: true }]);
    expect(play.do({ type: 'set_right', participant: 1, right: 'screen', allowed: true }).told).toEqual([]);
  });

  it('a host decides about members who are no hosts, and puts anybody into the spotlight', () => {
    const play = inRoom({ host: true }, { host: true, members: [member(1, { host: true }), member(2)] });
    const about = (participant: number) => [
      play.do({ type: 'set_role', participant, role: 'attendee' }).told,
      play.do({ type: 'ask_to_speak', participant }).told,
      play.do({ type: 'send_back', participant }).told,
    ];
    expect(about(2)).toEqual([
      [{ type: 'set_role', device: 'D2', role: 'attendee' }],
      [{ type: 'ask_to_speak', device: 'D2' }],
      [{ type: 'send_back', device: 'D2' }],
    ]);
    expect(about(1)).toEqual([[], [], []]);
    expect(play.do({ type: 'spotlight', participant: 1 }).told).toEqual([{ type: 'spotlight', device: 'D1' }]);
    expect(play.do({ type: 'spotlight', participant: null }).told).toEqual([{ type: 'spotlight', device: null }]);
    expect(play.do({ type: 'spotlight', participant: 9 }).told).toEqual([]);
    expect(play.do({ type: 'lift_ban', device: 'D7' }).told).toEqual([{ type: 'lift_ban', device: 'D7' }]);
  });

  it('a host makes invites for single people, with a name on one line, and takes them back', () => {
    const play = inRoom({ host: true }, { host: true });
    expect(play.do({ type: 'invite', name: ' Ravi\nRao ', untilMs: 5000, devices: 2 }).told).toEqual([
      { type: 'invite', name: 'Ravi Rao', until_ms: 5000, devices: 2 },
    ]);
    expect(play.do({ type: 'withdraw_invite', invite: 'I1' }).told).toEqual([
      { type: 'withdraw_invite', invite: 'I1' },
    ]);
    expect(play.do({ type: 'invite', name: ' ', untilMs: 5000, devices: 1 }).told).toEqual([]);
    const guest = inRoom({});
    expect(guest.do({ type: 'invite', name: 'Ravi', untilMs: 5000, devices: 1 }).told).toEqual([]);
    expect(guest.do({ type: 'withdraw_invite', invite: 'I1' }).told).toEqual([]);
  });

  it('who is no host decides nothing about others', () => {
    const play = inRoom({});
    for (const event of [
      { type: 'set_role', participant: 2, role: 'attendee' },
      { type: 'ask_to_speak', participant: 2 },
      { type: 'send_back', participant: 2 },
      { type: 'spotlight', participant: 2 },
      { type: 'lift_ban', device: 'D7' },
    ] as const)
      expect(play.do(event).told).toEqual([]);
  });

  it('what a host has taken is named as such, told once, and stays off when it is given back', () => {
    const play = inRoom({ allowed: media(EVERYTHING) });
    const taken = { taken: ['microphone', 'chat'] as const, role: null, may_chat: false };
    play.view({ members: [member(1, { ...taken, taken: [...taken.taken], allowed: media({ microphone: false }) })] });
    expect(play.shown.notices).toMatchObject([
      { kind: 'right_taken', right: 'microphone' },
      { kind: 'right_taken', right: 'chat' },
    ]);
    expect(play.effects).toContainEqual({ type: 'send_media', media: media({ microphone: false }) });
    expect(refusalOf(play.shown.e2ee, 'microphone')).toBe('ROOM.SOURCE');
    expect(chatRefusalOf(play.shown.e2ee)).toBe('ROOM.SOURCE');
    play.view({ members: [member(1, { allowed: media(EVERYTHING) })] });
    expect(play.shown.notices.slice(2).map(({ kind }) => kind)).toEqual(['right_given', 'right_given']);
    expect(play.sent).toEqual([]);
  });

  it('a role is told as a role', () => {
    const play = inRoom({});
    const all = ['microphone', 'camera', 'screen', 'chat'] as const;
    play.view({ members: [member(1, { role: 'attendee', taken: [...all] })] });
    play.view({ members: [member(1)] });
    play.view({ members: [member(1, { role: 'presenter', given: ['screen'] })] });
    expect(play.shown.notices.map(({ kind }) => kind)).toEqual(['attendee', 'participant', 'presenter']);
  });

  const asked = { type: 'device', output: { type: 'asked_to_speak', by: 'D2', name: 'P2' } } as const;

  it('a question to speak switches nothing on, and goes once it is answered', () => {
    const play = inRoom({}).do({ type: 'set_sources', sources: { microphone: false } });
    play.do(asked);
    expect(play.shown.askedToSpeak).toEqual({ by: 'P2' });
    expect(play.effects).toEqual([]);
    expect(play.model.wanted.microphone).toBe(false);
    play.do({ type: 'decline_to_speak' });
    expect(play.shown.askedToSpeak).toBeNull();
    expect(play.model.wanted.microphone).toBe(false);
    play.do(asked).do({ type: 'set_sources', sources: { microphone: true } });
    expect(play.shown.askedToSpeak).toBeNull();
  });

  it('nobody is asked who speaks already or may not, and no longer once the right is taken', () => {
    expect(inRoom({}).do(asked).shown.askedToSpeak).toBeNull();
    const play = inRoom({})
      .do({ type: 'set_sources', sources: { microphone: false } })
      .do(asked);
    play.view({ members: [member(1, { allowed: media({ microphone: false }), taken: ['microphone'] })] });
    expect(play.shown.askedToSpeak).toBeNull();
    expect(play.do(asked).shown.askedToSpeak).toBeNull();
  });

  it('the spotlight is on who the policy names, and tells who is in it', () => {
    const play = inRoom({}, { conduct: conduct({ spotlight: 'D2' }) });
    expect(play.shown.spotlight).toBe(2);
    expect(play.notices).toEqual([]);
    play.view({ conduct: conduct({ spotlight: 'D1' }) });
    expect([play.shown.spotlight, play.notices]).toEqual([1, [['spotlight', null]]]);
    play.view({ conduct: conduct({ spotlight: 'D9' }) });
    expect(play.shown.spotlight).toBeNull();
  });

  it('what the own device refuses is told by its rule', () => {
    const play = inRoom({ host: true }, { host: true });
    play.do({ type: 'device', output: { type: 'refused', rule: 'MEET.PASS.REQUIRED' } });
    expect(play.shown.notices.at(-1)).toMatchObject({ kind: 'refused', rule: 'MEET.PASS.REQUIRED' });
  });

  it('muting all asks for each microphone that is on, and for no host’s', () => {
    const on = media();
    const play = inRoom(
      { host: true, media: on },
      { host: true, members: [member(1, { host: true, media: on }), member(2, { media: on })] },
    );
    play.do({ type: 'mute_all' });
    expect(play.sent).toEqual([{ type: 'mute', participant: 2, source: 'microphone' }]);
  });
});
