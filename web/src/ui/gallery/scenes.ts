// The scenes of the gallery: a name, and what it changes about a quiet room with one person.

import type { Notice, OverReason } from '../../call/state';
import { type FakeCall, guest, person, YOU } from './FakeCall.svelte';

type Scene = (call: FakeCall) => void;

const people = (count: number) => Array.from({ length: count }, (_, index) => person(index + 1));
const notice = (id: number, kind: Notice['kind'], rest: Partial<Notice> = {}): Notice => ({
  id,
  kind,
  name: 'Ben Okafor',
  rule: null,
  source: null,
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

const OVER: readonly OverReason[] = [
  'abandoned',
  'denied',
  'ended',
  'full',
  'left',
  'link_unknown',
  'misbehaved',
  'place_lost',
  'removed',
  'replaced',
  'server_gone',
  'server_stopping',
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
  joining: (call) => call.patch({ phase: 'joining' }),
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
  'room-knock': room(4, (call) => call.patch({ lobby: [guest(50, 'Meera Joshi')] })),
  'room-knocks': room(4, (call) =>
    call.patch({
      lobby: [
        guest(50, 'Meera Joshi', 190_000),
        guest(51, 'Tomás'),
        guest(52, 'District office, Nanded'),
        guest(53, 'X'),
      ],
    }),
  ),
  'room-bad': room(5, (call) =>
    call.patch({
      quality: new Map([[2, 'poor']]),
      participants: call.state.participants.map((entry) =>
        entry.id === 3 ? { ...entry, presence: 'reconnecting' as const } : entry,
      ),
      link: 'reconnecting',
    }),
  ),
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
  ...Object.fromEntries(
    DECIDED.map((reason) => [
      `ended-${reason}-by`,
      (call: FakeCall) => call.patch({ phase: 'over', over: { reason, by: 'Ben Okafor' } }),
    ]),
  ),
};
