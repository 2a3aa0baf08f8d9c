import { beforeEach, describe, expect, it } from 'vitest';
import type { Rule } from '../protocol/messages';
import { admitted, guest, joined, knocker, media, member, offer, Play, person, signed, waiting } from './play';

let play: Play;

beforeEach(() => {
  play = new Play();
});

const welcome = (challenge = 'challenge') => ({ type: 'welcome', version: '1', boot_epoch: 1, challenge }) as const;

describe('entering', () => {
  it('makes the offer while the socket opens', () => {
    play.enter();
    expect(play.kinds).toEqual(['prepare_media', 'connect']);
    expect(play.shown).toMatchObject({ phase: 'entering', link: 'connecting' });
  });

  it('a second click changes nothing', () => {
    play.enter();
    expect(play.enter().effects).toEqual([]);
  });

  it('the device signs what the server asks, and what it signed is sent', () => {
    play.enter().view().do({ type: 'socket_up' });
    expect(play.effects).toEqual([]);
    play.hear(welcome());
    expect(play.told).toEqual([{ type: 'enter', challenge: 'challenge', resume: null }]);
    expect(play.deviceSends(signed).sent).toEqual([signed]);
  });

  it('a device that is still starting signs once it is there, and once only', () => {
    play.enter().do({ type: 'socket_up' }).hear(welcome());
    expect(play.effects).toEqual([]);
    expect(play.view().told).toEqual([{ type: 'enter', challenge: 'challenge', resume: null }]);
    expect(play.view().told).toEqual([]);
  });

  it('what was signed for a connection that is gone is not sent on the next', () => {
    play.enter().view().do({ type: 'socket_up' }).hear(welcome('one'));
    play.do({ type: 'socket_down' }, { type: 'socket_up' });
    expect(play.deviceSends(signed).sent).toEqual([]);
    expect(play.hear(welcome('two')).told).toEqual([{ type: 'enter', challenge: 'two', resume: null }]);
    expect(play.deviceSends(signed).sent).toEqual([signed]);
  });

  it('a server that greets twice is not signed for twice', () => {
    play.enter().view().do({ type: 'socket_up' }).hear(welcome('one'));
    expect(play.hear(welcome('two')).effects).toEqual([]);
  });

  it('a guest knocks first, and joins once admitted and in the group', () => {
    play
      .enter()
      .do({ type: 'offer_ready', attempt: 1, offer: offer('first') })
      .view()
      .connect();
    play.reply('enter', { ...waiting, you: 7, host_present: false } as typeof waiting);
    expect(play.shown).toMatchObject({ phase: 'waiting', you: 7, hostPresent: false });
    play.hear(waiting);
    expect(play.shown.hostPresent).toBe(true);
    play.view({ stage: 'waiting', title: 'Weekly' });
    expect(play.shown.title).toBe('Weekly');

    play.hear(admitted());

    expect(play.shown).toMatchObject({ phase: 'joining', you: 1 });
    expect(play.effects).toContainEqual({ type: 'remember_place', resume: 'token1' });
    // Media connects while the device checks the group; it sends nothing before the device has keys.
    expect(play.sent).toEqual([{ type: 'join', offer: offer('first'), media: media() }]);
    expect(play.view({ stage: 'joining' }).sent).toEqual([]);
    expect(play.view({ stage: 'member', epoch: 3, members: [member(1)] }).sent).toEqual([]);
  });

  it('what will very likely be on screen is asked for on joining, at the size it has among so many', () => {
    const asked = (count: number) => {
      const newcomer = new Play().enter().do({ type: 'offer_ready', attempt: 1, offer: offer('first') });
      newcomer.view().connect().letIn();
      const participants = Array.from({ length: count }, (_, index) => person(index + 1));
      return newcomer.reply('join', joined({ participants })).sent;
    };
    expect(asked(1)).toEqual([]);
    const camera = (participant: number, height: number) => ({ participant, source: 'camera', height });
    expect(asked(2)).toEqual([{ type: 'subscribe', tiles: [camera(2, 720)] }]);
    expect(asked(3)).toEqual([{ type: 'subscribe', tiles: [camera(2, 360), camera(3, 360)] }]);
    const [many] = asked(30);
    if (many?.type !== 'subscribe') throw new Error('nothing was asked for');
    expect(many.tiles).toHaveLength(9);
    expect(many.tiles).toContainEqual({ participant: 10, source: 'camera', height: 180 });
  });

  it('join follows as soon as the offer is there, and only once', () => {
    play.enter().view().connect().letIn();
    expect(play.sent).toEqual([]);
    expect(play.do({ type: 'offer_ready', attempt: 1, offer: offer('first') }).kinds).toEqual(['send join']);
    expect(play.view().sent).toEqual([]);
  });

  it('a device that is behind the group catches up before it joins', () => {
    play.enter().do({ type: 'offer_ready', attempt: 1, offer: offer('first') });
    play
      .view({ stage: 'member', epoch: 3, members: [member(1)] })
      .connect()
      .reply('enter', admitted({ epoch: 5 }));
    expect(play.sent).toEqual([]);
    expect(play.view({ epoch: 4 }).sent).toEqual([]);
    expect(play.view({ epoch: 5 }).kinds).toEqual(['send join']);
  });

  it('after a reload joins at once, and the device comes back to the group meanwhile', () => {
    play.enter('old', true).do({ type: 'offer_ready', attempt: 1, offer: offer('first') });
    play.view().connect();
    expect(play.reply('enter', admitted({ epoch: 5 })).kinds).toContain('send join');
    expect(play.deviceSends({ type: 'group_state' }).sent).toEqual([{ type: 'group_state' }]);
    play.reply('join', joined());
    // In the room, with media on its way; nobody is believed to be there before the device says so.
    expect(play.shown).toMatchObject({ phase: 'joined', path: 'connecting', participants: [] });
    play.deviceSends({ type: 'commit', epoch: 5, commit: 'c', group_info: 'g' });
    expect(play.reply('commit', { type: 'done' }).kinds).toEqual(['device answered']);
    const back = play.view({ stage: 'member', epoch: 6, host: true, locked: true, members: [member(1), member(2)] });
    expect(back.sent).toEqual([]);
    expect(back.shown.participants.map(({ id }) => id)).toEqual([1, 2]);
    // What the device finds on its way back was so before.
    expect(back.notices).toEqual([]);
  });

  it('what is switched while the device comes back to the group is told to the server and to it', () => {
    play.enter('old', true).do({ type: 'offer_ready', attempt: 1, offer: offer('first') });
    play.view().connect().reply('enter', admitted()).reply('join', joined());
    play.do({ type: 'set_sources', sources: { camera: false } });
    const off = media({ camera: false });
    expect(play.sent).toEqual([{ type: 'set_media', media: off }]);
    expect(play.told).toEqual([{ type: 'media', media: off }]);
  });

  it.each(['commit', 'adopt'] as const)('a device that the group has lost joins once its %s is taken', (type) => {
    play.enter().do({ type: 'offer_ready', attempt: 1, offer: offer('first') });
    play
      .view({ stage: 'member', epoch: 3 })
      .connect()
      .reply('enter', admitted({ in_group: false }));
    expect(play.sent).toEqual([]);
    const message =
      type === 'commit'
        ? ({ type, epoch: 3, commit: 'c', group_info: 'g' } as const)
        : ({ type, group_info: 'g', tree: 't', heartbeat: 'h' } as const);
    play.deviceSends(message);

    expect(play.reply(type, { type: 'done' }).kinds).toEqual(['device answered', 'send join']);
  });

  it('a join that came too early is sent again when the device knows more', () => {
    play
      .enter()
      .do({ type: 'offer_ready', attempt: 1, offer: offer('first') })
      .view()
      .connect()
      .letIn();
    expect(play.refuse('join', 'ROOM.ENTRY.ADMITTED').effects).toEqual([]);
    expect(play.shown).toMatchObject({ phase: 'joining', notices: [] });
    expect(play.view().kinds).toEqual(['send join']);
  });

  it('is in the room with everything in it', () => {
    play.intoRoom({ lobby: [guest(9)], participants: [person(1)] });
    expect(play.shown).toMatchObject({ phase: 'joined', path: 'connecting', joinedAt: 1_000, role: 'participant' });
    expect(play.told).toEqual([
      { type: 'receive', message: joined({ lobby: [guest(9)], participants: [person(1)] }) },
      { type: 'media', media: media() },
    ]);
    expect(play.effects.filter(({ type }) => type !== 'device')).toEqual([
      { type: 'answer_media', attempt: 1, answer: { sdp: 'answer', generation: 1 } },
      { type: 'send_media', media: media() },
    ]);
    expect(play.shown.lobby).toEqual([]);
    play.view({ host: true, members: [member(1, { host: true })], guests: [knocker(9)] });
    expect(play.shown).toMatchObject({ role: 'host', lobby: [{ id: 9, name: 'G9' }] });
  });

  it('a wish that changed while joining is told afterwards', () => {
    play
      .enter()
      .do({ type: 'offer_ready', attempt: 1, offer: offer('first') })
      .view()
      .connect()
      .letIn();
    play.do({ type: 'set_sources', sources: { microphone: false } });
    play.reply('join', joined());

    expect(play.model.wanted.microphone).toBe(false);
    expect(play.sent).toContainEqual({ type: 'set_media', media: media({ microphone: false }) });
    expect(play.told).toContainEqual({ type: 'media', media: media({ microphone: false }) });
  });

  it.each<[Rule, string]>([
    ['ROOM.ENTRY.LINK', 'link_unknown'],
    ['ROOM.ENTRY.REMOVED', 'removed'],
    ['ROOM.ENTRY.COOLDOWN', 'denied'],
    ['ROOM.LOCKED', 'locked'],
    ['ROOM.FULL', 'full'],
    ['ROOM.LOBBY.FULL', 'full'],
    ['SERVER.CAPACITY', 'full'],
    ['LIMIT.LOBBY', 'lobby_share'],
    ['LIMIT.KNOCKS', 'too_often'],
    ['SERVER.STORAGE', 'server_gone'],
    ['ROOM.ENTRY.DEVICE', 'place_lost'],
    ['ROOM.RESUME.WINDOW', 'place_lost'],
  ])('a refusal by %s shows the screen %s', (rule, reason) => {
    play.enter().view().connect().refuse('enter', rule);
    expect(play.told).toEqual([{ type: 'answered', send: play.sends, refused: rule }]);
    expect(play.shown).toMatchObject({ phase: 'over', over: { reason, by: null } });
    expect(play.kinds).toContain('close_media');
  });

  it.each<Rule>(['ORG.EXTERNAL', 'ORG.CLIENT.FLOOR', 'MEET.LOCK.AUTO'])(
    'a refusal by %s of policy names it, and the device is kept for another try',
    (rule) => {
      play.enter().view().connect().refuse('enter', rule);
      expect(play.shown).toMatchObject({ phase: 'over', over: { reason: 'not_let_in', by: null, rule } });
      expect(play.effects).toContainEqual({ type: 'close_device', forget: false });
    },
  );

  it('a place that was not kept: the device shows its next right', () => {
    play.enter('old').view().do({ type: 'socket_up' }).hear(welcome());
    expect(play.told).toEqual([{ type: 'enter', challenge: 'challenge', resume: 'old' }]);
    play.deviceSends(signed).refuse('enter', 'ROOM.RESUME.WINDOW');
    expect(play.told).toEqual([
      { type: 'answered', send: 1, refused: 'ROOM.RESUME.WINDOW' },
      { type: 'enter', challenge: 'challenge', resume: null },
    ]);
    expect(play.deviceSends(signed).sent).toEqual([signed]);
  });

  it('a device with no right left is forgotten; who has only reloaded is asked for the name again', () => {
    play.enter('old').view().connect().refuse('enter', 'ROOM.RESUME.WINDOW');
    play.deviceSends(signed).refuse('enter', 'ROOM.ENTRY.ADMITTED');
    expect(play.shown.over?.reason).toBe('place_lost');
    expect(play.effects).toContainEqual({ type: 'close_device', forget: true });

    play = new Play().enter('old', true).view().connect().refuse('enter', 'ROOM.ENTRY.ADMITTED');
    expect(play.shown).toMatchObject({ phase: 'prejoin', over: null });
    expect(play.effects).toContainEqual({ type: 'close_device', forget: true });
  });

  it('an offer the server cannot answer is said once, and not sent again', () => {
    play
      .enter()
      .do({ type: 'offer_ready', attempt: 1, offer: offer('first') })
      .view()
      .connect()
      .letIn();
    play.refuse('join', 'MEDIA.OFFER');

    expect(play.shown).toMatchObject({ phase: 'joining', path: 'failed' });
    expect(play.shown.notices).toMatchObject([{ kind: 'refused', rule: 'MEDIA.OFFER' }]);
    expect(play.effects).toEqual([]);
    expect(play.view().sent).toEqual([]);
  });

  it('without a device that can seal there is no call', () => {
    expect(play.do({ type: 'device_failed' }).shown.over?.reason).toBe('no_encryption');
    play = new Play().intoRoom().do({ type: 'device_failed' });
    expect(play.shown).toMatchObject({ phase: 'over', over: { reason: 'no_encryption' } });
    expect(play.kinds).toEqual(['disconnect', 'close_media', 'close_device', 'forget_place']);
    expect(play.do({ type: 'device_failed' }).effects).toEqual([]);
  });
});

describe('coming back', () => {
  it('uses the token of the place, and a fresh peer connection', () => {
    play.intoRoom().do({ type: 'socket_down' });
    expect(play.shown).toMatchObject({ phase: 'joined', link: 'reconnecting' });
    expect(play.kinds).toEqual(['device disconnected', 'prepare_media']);

    play.do({ type: 'offer_ready', attempt: 2, offer: offer('second') });
    expect(play.effects).toEqual([]);
    play.do({ type: 'socket_up' }).hear(welcome('again'));
    expect(play.told).toEqual([{ type: 'enter', challenge: 'again', resume: 'token1' }]);
    play.deviceSends(signed).reply('enter', admitted({ resume: 'token2' }));
    expect(play.shown.phase).toBe('joined');
    expect(play.kinds).toEqual(['device receive', 'device answered', 'remember_place', 'send join']);
    play.nowMs = 9_000;
    play.reply('join', joined({ answer: { sdp: 'answer', generation: 2 }, seq: 20 }));

    expect(play.shown).toMatchObject({ phase: 'joined', link: 'connected', path: 'recovering', joinedAt: 1_000 });
    expect(play.notices).toEqual([['recovered', null]]);
  });

  it('an offer nobody answered serves again', () => {
    play.intoRoom().do({ type: 'socket_down' }, { type: 'offer_ready', attempt: 2, offer: offer('second') });
    play.connect().reply('enter', admitted());
    expect(play.sent).toMatchObject([{ type: 'join', offer: offer('second') }]);
    play.do({ type: 'socket_down' });
    expect(play.kinds).toEqual(['device disconnected']);
    play.connect().reply('enter', admitted());
    expect(play.sent).toMatchObject([{ type: 'join', offer: offer('second') }]);
  });

  it('nobody comes back less muted than they left', () => {
    play.intoRoom().comeBack({ media: media({ microphone: false }) });
    expect(play.model.wanted.microphone).toBe(false);
    expect(play.effects).toContainEqual({ type: 'send_media', media: media({ microphone: false }) });
    expect(play.told).toContainEqual({ type: 'media', media: media({ microphone: false }) });
    expect(play.kinds).not.toContain('send set_media');
  });

  it('uses the newest token, which knows what was switched on', () => {
    play.intoRoom().hear({ type: 'resume_renewed', resume: 'token9' });
    expect(play.effects).toEqual([{ type: 'remember_place', resume: 'token9' }]);
    play.do({ type: 'socket_down' }, { type: 'socket_up' }).hear(welcome());
    expect(play.told).toMatchObject([{ type: 'enter', resume: 'token9' }]);
  });

  it('says again what is on screen', () => {
    play.intoRoom().do({ type: 'show', tiles: [{ participant: 2, source: 'camera', height: 360 }] });
    expect(play.kinds).toEqual(['send subscribe']);
    expect(play.comeBack().kinds).toContain('send subscribe');
  });

  it('in the lobby knocks again', () => {
    play.enter().view().connect().reply('enter', waiting);
    play.do({ type: 'socket_down' });
    expect(play.shown).toMatchObject({ phase: 'waiting', link: 'reconnecting' });
    expect(play.connect().sent).toEqual([signed]);
  });

  it('gives up when the server does not answer for as long as a place is kept', () => {
    play.intoRoom().do({ type: 'socket_down' }, { type: 'socket_gone' });
    expect(play.shown).toMatchObject({ phase: 'over', link: 'gone', over: { reason: 'server_gone' } });
    expect(play.effects).toContainEqual({ type: 'close_device', forget: false });
  });

  it.each(['server_stopping', 'too_slow'] as const)('%s is not the end', (reason) => {
    play.intoRoom().hear({ type: 'closed', reason, by: null });
    expect(play.shown.phase).toBe('joined');
  });

  it('a socket that comes up after the end is closed', () => {
    play.enter().do({ type: 'leave' });
    expect(play.do({ type: 'socket_up' }).kinds).toEqual(['disconnect']);
    expect(play.do({ type: 'socket_down' }, { type: 'socket_gone' }).effects).toEqual([]);
    expect(play.shown.over?.reason).toBe('left');
  });
});

describe('being out', () => {
  it.each([
    // By its key it is banned, and by its key a host can let it ask again.
    ['removed', true, false],
    ['ended', true, true],
    ['abandoned', true, true],
    ['left', false, true],
    ['denied', false, false],
    ['replaced', false, false],
    ['misbehaved', false, false],
  ] as const)('%s is the end; remembered over a reload: %s, keys erased: %s', (reason, remembered, forget) => {
    play.intoRoom().hear({ type: 'closed', reason, by: 2 });
    expect(play.shown).toMatchObject({ phase: 'over', path: 'idle', over: { reason, by: 'P2' } });
    expect(play.kinds).toEqual(expect.arrayContaining(['disconnect', 'close_media', 'forget_place']));
    expect(play.effects).toContainEqual({ type: 'close_device', forget });
    expect(play.kinds.includes('remember_over')).toBe(remembered);
    expect(play.kinds.includes('forget_resume'), 'a void place is not asked for').toBe(reason === 'removed');
    expect(play.do({ type: 'leave' }).effects).toEqual([]);
  });

  it('a server cannot have a host lose the keys of the meeting by calling the host removed', () => {
    play.intoRoomAsHost().hear({ type: 'closed', reason: 'removed', by: null });
    expect(play.effects).toContainEqual({ type: 'close_device', forget: false });
  });

  it('whose invite does not let in knocks, is told why, and no server sends them around in circles', () => {
    const play = new Play().enter().view().connect().refuse('enter', 'ROOM.ENTRY.INVITE');
    expect(play.told.at(-1)).toMatchObject({ type: 'enter' });
    expect(play.shown.notices).toMatchObject([{ kind: 'refused', rule: 'ROOM.ENTRY.INVITE' }]);
    play.deviceSends(signed).reply('enter', waiting);
    expect(play.shown.phase).toBe('waiting');
    const twice = new Play().enter().view().connect();
    twice.refuse('enter', 'ROOM.ENTRY.INVITE').deviceSends(signed).refuse('enter', 'ROOM.ENTRY.INVITE');
    expect(twice.shown.over?.reason).toBe('link_unknown');
  });

  it('who came by a link that is not personal shows another right once, and then is told why', () => {
    const play = new Play().enter().view().connect().refuse('enter', 'ORG.LINK.PRIVATE');
    expect(play.told.at(-1)).toMatchObject({ type: 'enter' });
    play.deviceSends(signed).refuse('enter', 'ORG.LINK.PRIVATE');
    expect(play.shown.over?.reason).toBe('personal_link');
  });

  it('a device that was removed from the group is out, whatever the server says', () => {
    play.intoRoom().view({ stage: 'removed' });
    expect(play.shown.over?.reason).toBe('removed');
  });

  it('nothing is heard of the device any more', () => {
    const before = play.intoRoom().hear({ type: 'closed', reason: 'ended', by: null }).model;
    play.view({ stage: 'outside', members: [] });
    play.deviceSends({ type: 'group_state' });
    expect(play.model).toEqual(before);
  });

  it('a remembered end is shown without asking anybody', () => {
    play.do({ type: 'remembered_over', over: { reason: 'removed', by: 'Host' } });
    expect(play.shown).toMatchObject({ phase: 'over', over: { reason: 'removed', by: 'Host' } });
    expect(play.effects).toEqual([]);
  });

  it('another try starts at pre-join, with name and wishes kept and no share', () => {
    play.intoRoom().do({ type: 'set_sources', sources: { camera: false, screen: true } });
    play.hear({ type: 'closed', reason: 'denied', by: null }).do({ type: 'retry' });
    expect(play.shown).toMatchObject({ phase: 'prejoin', over: null, participants: [], you: null, e2ee: null });
    expect(play.model).toMatchObject({ name: 'Asha', wanted: media({ camera: false }), resume: null });
    expect(play.enter().kinds).toEqual(['prepare_media', 'connect']);
  });
});
