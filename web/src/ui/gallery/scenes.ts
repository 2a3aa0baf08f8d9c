// The scenes of the gallery: a name, and what it changes about a quiet room with one person.

import { contentOf } from '../../call/material';
import type { Notice, OverReason } from '../../call/state';
import type { Alarm, DeviceView, MemberView } from '../../protocol/messages';
import { type FakeCall, knock, line, person, YOU } from './FakeCall.svelte';

type Scene = (call: FakeCall) => void;

const people = (count: number) => Array.from({ length: count }, (_, index) => person(index + 1));
const notice = (id: number, kind: Notice['kind'], rest: Partial<Notice> = {}): Notice => ({
  id,
  kind,
  name: 'Ben Okafor',
  rule: null,
  source: null,
  right: null,
  ...rest,
});

const room =
  (count: number, more: Scene = () => undefined): Scene =>
  (call) => {
    call.patch({ participants: people(count), speaking: count > 1 ? [2] : [] });
    more(call);
  };

const asGuest: Scene = (call) =>
  call.patch({
    role: 'participant',
    participants: call.state.participants.map((entry) =>
      person(entry.id, { role: entry.id === 2 ? 'host' : 'participant' }),
    ),
  });

const shareBy =
  (id: number): Scene =>
  (call) =>
    call.patch({
      participants: call.state.participants.map((entry) =>
        entry.id === id ? { ...entry, media: { ...entry.media, screen: true } } : entry,
      ),
    });

/** A room of four whose device says something else than usual. */
const verified =
  (view: Partial<DeviceView>, more: Scene = () => undefined): Scene =>
  (call) => {
    room(4, more)(call);
    call.patchView(view);
  };

/** In the lobby, at this point of being let in. */
const atDoor =
  (view: Partial<DeviceView>): Scene =>
  (call) => {
    call.patch({ phase: 'waiting', role: 'participant', participants: [] });
    call.patchView({ code: null, epoch: 0, host: false, encryption: 'pending', ...view });
  };

/** A text as restricted material. */
const encoded = (text: string) => contentOf(new TextEncoder().encode(text));

const ADVISORY = JSON.stringify({
  document: {
    title: 'Remote code execution in a gateway of substations',
    publisher: { name: 'Example CERT' },
    tracking: { id: 'EX-2026-0117', version: '1' },
    aggregate_severity: { text: 'Critical' },
    notes: [
      { category: 'summary', text: 'The gateway runs what it is sent.\nIt asks nobody who sends it.' },
      { category: 'description', text: 'A message of kind 7 is taken for a program. '.repeat(12) },
    ],
    references: [{ summary: 'Report', url: 'https://cert.example.org/117' }],
  },
});

/** The controls of a meeting that takes personal links only. */
const PERSONAL = {
  floor: [],
  controls: [{ control: 'ORG.LINK.PRIVATE', value: 'personal' }],
  locks_at_ms: null,
  suspended: false,
  spotlight: null,
};

const ALARMS: Alarm[] = [
  { type: 'admission', rule: 'ADM-27' },
  { type: 'admission', rule: 'ADM-27' },
  { type: 'fork' },
  { type: 'wrong_group' },
  { type: 'handshake' },
];

const TALK: readonly [from: number, text: string, minutesAgo: number][] = [
  [2, 'Good morning. The route to Nanded is open again since six.', 24],
  [2, 'Photos will follow in the district folder.', 24],
  [YOU, 'Thank you. Which lanes?', 23],
  [3, 'Both, but trucks only one at a time.\n\nDetails: https://example.org/routes/nanded?day=32.', 12],
  [11, 'हम चौदह बजे तक अपडेट भेज देंगे।', 9],
  [16, 'Not links: http://example.org, javascript:alert(1), \\\\server\\share, https://bank.example@evil.example/', 8],
  [YOU, `A long word: ${'Rindfleischetikettierung'.repeat(4)}`, 2],
  [4, 'Noted 👍', 0],
];

const talk = () => TALK.map(([from, text, minutesAgo], index) => line(index + 1, from, text, minutesAgo));

const OVER: readonly OverReason[] = [
  'abandoned',
  'denied',
  'ended',
  'full',
  'left',
  'link_unknown',
  'lobby_share',
  'personal_link',
  'locked',
  'misbehaved',
  'no_encryption',
  'place_lost',
  'removed',
  'replaced',
  'server_gone',
  'server_stopping',
  'too_often',
  'too_slow',
];

/** Those that somebody in the room decides. */
const DECIDED: readonly OverReason[] = ['denied', 'ended', 'removed'];

export const scenes: Readonly<Record<string, Scene>> = {
  prejoin: (call) => call.patch({ phase: 'prejoin', title: null }),
  'prejoin-off': (call) => {
    call.patch({ phase: 'prejoin' });
    call.setCamera(false);
    call.setMicrophone(false);
  },
  'prejoin-denied': (call) => {
    call.patch({ phase: 'prejoin' });
    call.devices.cameraTrouble = call.devices.microphoneTrouble = 'permission_denied';
    call.devices.preview = null;
    call.devices.cameras = [];
    call.devices.microphones = [];
  },
  'prejoin-busy': (call) => {
    call.patch({ phase: 'entering' });
    call.devices.cameraTrouble = 'in_use';
    call.devices.microphoneTrouble = 'not_found';
  },
  lobby: (call) => call.patch({ phase: 'waiting', role: 'participant' }),
  'lobby-no-host': (call) => call.patch({ phase: 'waiting', role: 'participant', hostPresent: false, title: null }),
  'lobby-passcode': atDoor({ stage: 'passcode_wanted', passcode: { type: 'wanted', wrong: 0, left: 5 } }),
  'lobby-passcode-wrong': atDoor({ stage: 'passcode_wanted', passcode: { type: 'wanted', wrong: 1, left: 4 } }),
  'lobby-passcode-again': atDoor({ stage: 'passcode_wanted', passcode: { type: 'wanted', wrong: 2, left: 3 } }),
  'lobby-passcode-none-left': atDoor({ stage: 'waiting', passcode: { type: 'wanted', wrong: 5, left: 0 } }),
  'lobby-passcode-off': atDoor({ stage: 'waiting', passcode: { type: 'off' } }),
  'lobby-personal': atDoor({ stage: 'waiting', personal_link_wanted: true }),
  'lobby-proving': atDoor({ stage: 'proving', passcode: { type: 'wanted', wrong: 0, left: 5 } }),
  'lobby-joining': atDoor({ stage: 'joining' }),
  'lobby-mail': atDoor({
    stage: 'passcode_wanted',
    passcode: { type: 'wanted', wrong: 0, left: 5 },
    invite: '#v1.mail.x',
  }),
  'lobby-sent-back': (call) => call.patch({ phase: 'waiting', role: 'participant', sentBack: { by: 'Ben Okafor' } }),
  joining: (call) => call.patch({ phase: 'joining', role: 'participant', participants: [] }),
  'room-1': room(1),
  'room-1-guest': room(1, (call) => call.patch({ role: 'participant' })),
  'room-2': room(2),
  'room-2-guest': room(2, asGuest),
  'room-4': room(4),
  'room-5': room(5),
  'room-9': room(9),
  'room-17': room(17),
  'room-40': room(40),
  'room-share': room(5, shareBy(3)),
  'room-share-2': room(2, shareBy(2)),
  'room-sharing': room(3, (call) => {
    void call.share(true);
    shareBy(YOU)(call);
  }),
  'room-knock': room(4, (call) => call.patch({ lobby: [knock(50, 'Meera Joshi')] })),
  'room-knocks': room(4, (call) =>
    call.patch({
      lobby: [
        knock(50, 'Meera Joshi', { waiting_ms: 190_000 }),
        knock(51, 'Tomás'),
        knock(52, 'District office, Nanded'),
        knock(53, 'X'),
      ],
    }),
  ),
  'room-knocks-passcode': room(4, (call) =>
    call.patch({
      lobby: [
        knock(50, 'Meera Joshi', { passcode: 'proven' }),
        knock(51, 'Tomás', { passcode: 'failed' }),
        knock(52, 'District office, Nanded', { passcode: 'wanted' }),
        knock(53, 'Ravi', { passcode: 'proven', admitting: true }),
      ],
    }),
  ),
  'room-knocks-personal': verified({ conduct: PERSONAL }, (call) =>
    call.patch({
      lobby: [
        knock(50, 'Meera Joshi', { invite: { name: 'Meera, district office', holds: true } }),
        knock(51, 'Tomás'),
        knock(52, 'District office, Nanded', { invite: { name: null, holds: true } }),
        knock(53, 'Ravi', { invite: { name: 'Ravi', holds: false } }),
      ],
    }),
  ),
  'room-knock-chat': room(4, (call) => call.patch({ lobby: [knock(50, 'Meera Joshi')], chat: talk() })),
  'room-hands': room(9, (call) =>
    call.patch({
      participants: call.state.participants.map((entry) => ({ ...entry, hand: [YOU, 4, 5, 7].includes(entry.id) })),
      quality: new Map([[5, 'poor']]),
      notices: [notice(1, 'hand')],
    }),
  ),
  'room-invite': verified({
    passcode: { type: 'set', passcode: 'K7QM-3XHT', admits: false, wrong: 0, by_mail: false },
  }),
  'room-joining': room(4, (call) =>
    call.patch({
      participants: call.state.participants.map((entry) => (entry.id === 4 ? { ...entry, name: '' } : entry)),
    }),
  ),
  'room-pending': verified({ encryption: 'pending' }),
  'room-alarm': verified({ encryption: 'failed', alarms: ALARMS }, (call) =>
    call.patch({ notices: [notice(1, 'alarm', { name: null })] }),
  ),
  'room-speak-request': room(4, (call) => {
    asGuest(call);
    call.setMicrophone(false);
    call.patch({ askedToSpeak: { by: 'Ben Okafor' }, notices: [notice(1, 'right_taken', { right: 'screen' })] });
  }),
  'room-spotlight': room(5, (call) => call.patch({ spotlight: 3 })),
  'room-rights': room(5, (call) => {
    call.patch({
      participants: call.state.participants.map((one) => (one.id === 5 ? { ...one, verified: false } : one)),
    });
    const members = (call.state.e2ee?.members ?? []).map((member, index): MemberView => {
      if (index === 1) return { ...member, role: 'presenter', given: ['screen'] };
      if (index === 2) return { ...member, role: 'attendee', taken: ['microphone', 'camera', 'screen', 'chat'] };
      return index === 3 ? { ...member, role: null, taken: ['microphone', 'chat'] } : member;
    });
    call.patchView({ members });
  }),
  'room-late': verified({ heartbeat: 'late' }, asGuest),
  'room-lost': verified({ heartbeat: 'lost', encryption: 'pending' }, asGuest),
  'room-sealed': verified({ stage: 'sealed' }, asGuest),
  'room-strangers': verified({}, (call) => call.patch({ strangers: 2 })),
  'room-locked': verified({ locked: true }, (call) => call.patch({ notices: [notice(1, 'locked', { name: null })] })),
  'security-host': verified({}),
  'security-guest': verified(
    { locked: true, passcode: { type: 'none' }, host: false, keeps_log: false, suite: 'classical' },
    asGuest,
  ),
  'security-alone': room(1),
  'security-certificate': verified({
    certificate: { type: 'made', until_ms: 1_900_000_000_000, countersigned: 2, offered: true },
  }),
  'security-countersign': verified(
    {
      host: false,
      keeps_log: false,
      certificate: { type: 'offered', from: person(2).device, until_ms: 1_900_000_000_000, state: 'agrees' },
    },
    asGuest,
  ),
  'security-differs': verified(
    {
      host: false,
      keeps_log: false,
      alarms: [{ type: 'certificate', differences: ['suspension', 'time'] }],
      certificate: { type: 'offered', from: person(2).device, until_ms: 1_900_000_000_000, state: 'differs' },
    },
    asGuest,
  ),
  'security-many': room(17),
  'security-pending': verified({ encryption: 'pending', code: null }, (call) =>
    call.patch({
      participants: call.state.participants.map((entry) =>
        entry.id === 4 ? { ...entry, name: '' } : entry.id === 3 ? { ...entry, presence: 'reconnecting' } : entry,
      ),
    }),
  ),
  'security-failed': verified({ encryption: 'failed', alarms: ALARMS }, (call) => call.patch({ strangers: 1 })),
  'security-passcode': verified({
    locked: true,
    passcode: { type: 'set', passcode: 'K7QM-3XHT', admits: true, wrong: 3, by_mail: true },
  }),
  'security-draft': verified({}),
  'security-banned': verified({
    banned: [
      { device: person(7).device, name: person(7).name },
      { device: person(8).device, name: null },
    ],
  }),
  'security-disabled': verified({ passcode: { type: 'disabled', admits: true } }),
  'room-passcode-off': verified({ passcode: { type: 'disabled', admits: true } }, (call) =>
    call.patch({ notices: [notice(1, 'passcode_off', { name: null })] }),
  ),
  'security-certificate-full': verified({
    keeps_log: false,
    record_full_from_ms: 1_900_000_000_000,
    certificate: { type: 'made', until_ms: 1_900_000_000_000, countersigned: 1, offered: true },
  }),
  'chat-empty': room(4),
  'chat-full': room(4, (call) => call.patch({ chat: talk() })),
  'chat-long': room(4, (call) =>
    call.patch({
      chat: [...talk(), ...talk(), ...talk(), ...talk()].map((entry, index) => ({ ...entry, id: index + 1 })),
    }),
  ),
  'chat-unread': room(4, (call) => {
    asGuest(call);
    call.patch({ chat: talk(), notices: [notice(1, 'chat')] });
  }),
  'room-bad': room(5, (call) =>
    call.patch({
      quality: new Map([[2, 'poor']]),
      participants: call.state.participants.map((entry) =>
        entry.id === 3 ? { ...entry, presence: 'reconnecting' as const } : entry,
      ),
      link: 'reconnecting',
    }),
  ),
  'material-text': room(4, (call) => {
    asGuest(call);
    call.showMaterial(
      2,
      'text',
      encoded(`Incident 2026-117\n\n${'The relay in hall nine answers to anybody. '.repeat(60)}`),
    );
  }),
  'material-advisory': room(4, (call) => {
    asGuest(call);
    call.showMaterial(2, 'csaf', encoded(ADVISORY));
  }),
  'material-coming': room(4, (call) => {
    asGuest(call);
    call.showMaterial(2, 'png', null, { state: 'coming', parts: 12, done: 5 });
  }),
  'material-own': room(4, (call) => {
    call.showText('What only those in the room may know.');
  }),
  'material-dialog': room(4),
  'room-failed': room(3, (call) => {
    call.patch({ path: 'failed' });
    call.devices.cameraTrouble = 'unplugged';
    call.setCamera(false);
  }),
  'room-notices': room(4, (call) => {
    asGuest(call);
    call.setMicrophone(false);
    call.patch({
      notices: [
        notice(1, 'muted', { source: 'microphone' }),
        notice(2, 'refused', { rule: 'ROOM.HOST.ONLY' }),
        notice(3, 'joined'),
        notice(4, 'draining'),
        notice(5, 'knocked'),
      ],
    });
  }),
  leave: room(4, (call) => call.patch({ leaveQuestion: true })),
  'leave-alone': room(1, (call) => call.patch({ leaveQuestion: true })),
  'leave-hosts': room(4, (call) => {
    call.makeHost(2);
    call.patch({ leaveQuestion: true });
  }),
  ...Object.fromEntries(
    OVER.map((reason) => [
      `ended-${reason}`,
      (call: FakeCall) => call.patch({ phase: 'over', over: { reason, by: null } }),
    ]),
  ),
  'ended-not_let_in': (call) =>
    call.patch({ phase: 'over', over: { reason: 'not_let_in', by: null, rule: 'ORG.EXTERNAL' } }),
  'ended-log': (call) => call.patch({ phase: 'over', over: { reason: 'ended', by: null }, log: 'sabha/' }),
  ...Object.fromEntries(
    DECIDED.map((reason) => [
      `ended-${reason}-by`,
      (call: FakeCall) => call.patch({ phase: 'over', over: { reason, by: 'Ben Okafor' } }),
    ]),
  ),
};

/** What is pressed once a scene is there, by `data-testid`: panels are the room's own business. */
export const presses: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    Object.keys(scenes)
      .filter((name) => name.startsWith('security-'))
      .map((name) => [name, ['encryption-state']]),
  ),
  'security-draft': ['encryption-state', 'passcode-begin'],
  'material-dialog': ['material'],
  'room-invite': ['invite'],
  'chat-empty': ['chat'],
  'chat-full': ['chat'],
  'chat-long': ['chat'],
  'room-knock-chat': ['chat'],
};
