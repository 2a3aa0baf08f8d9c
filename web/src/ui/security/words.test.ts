import { describe, expect, it } from 'vitest';
import type { DeviceView, MemberView } from '../../protocol/messages';
import { counted, encryptionOf, groupsOf, warningsOf } from './words';

function view(rest: Partial<DeviceView> = {}): DeviceView {
  return {
    meeting: 'k7f3q2zx5v6w8r9t1y4u',
    me: 'a',
    stage: 'member',
    invite: '',
    encryption: 'verified',
    alarms: [],
    heartbeat: 'fresh',
    epoch: 3,
    epoch_certified: true,
    suite: 'x_wing',
    members: [],
    guests: [],
    locked: false,
    passcode: { type: 'none' },
    host: false,
    keeps_log: false,
    certificate: { type: 'none' },
    ...rest,
  };
}

const nothing = { microphone: false, camera: false, screen: false, screen_audio: false };

const warnings = (e2ee: DeviceView, rest: { link?: 'connected' | 'reconnecting'; strangers?: number } = {}) =>
  warningsOf({ e2ee, link: rest.link ?? 'connected', strangers: rest.strangers ?? 0 });

describe('what is said about encryption', () => {
  it('nothing counts as verified before the device has said so', () => {
    expect(encryptionOf(null)).toBe('pending');
    expect(encryptionOf(view({ encryption: 'failed' }))).toBe('failed');
  });

  it('a good meeting warns of nothing', () => {
    expect(warnings(view())).toEqual([]);
    expect(warningsOf({ e2ee: null, link: 'connected', strangers: 0 })).toEqual([]);
  });

  it('the gravest warning comes first', () => {
    const e2ee = view({ encryption: 'failed', heartbeat: 'lost' });

    expect(warnings(e2ee, { strangers: 2 })).toEqual(['failed', 'lost', 'strangers']);
    expect(warnings(view({ heartbeat: 'late' }))).toEqual(['late']);
  });

  it('a host is not called silent while the own line is down, nor in a sealed meeting', () => {
    expect(warnings(view({ heartbeat: 'lost' }), { link: 'reconnecting' })).toEqual([]);
    expect(warnings(view({ heartbeat: 'lost', stage: 'sealed' }))).toEqual(['sealed']);
  });

  it('a host in the group who is silent stops everybody’s sound and picture, which is said', () => {
    const host: MemberView = {
      device: 'b',
      leaf: 0,
      host: true,
      method: 'creator',
      hand: false,
      media: nothing,
      allowed: nothing,
      may_chat: true,
      given: [],
      taken: [],
      role: null,
    };
    const e2ee = view({ heartbeat: 'lost', stage: 'sealed', members: [host] });
    expect(warnings(e2ee)).toEqual(['lost']);
    expect(warnings(e2ee, { link: 'reconnecting' })).toEqual([]);
    expect(warnings({ ...e2ee, members: [{ ...host, host: false }] })).toEqual(['sealed']);
  });

  it('an alarm that is raised again is counted, not repeated', () => {
    const admission = { type: 'admission', rule: 'ADM-27' } as const;

    expect(counted([admission, { type: 'fork' }, admission])).toEqual([
      { alarm: admission, count: 2 },
      { alarm: { type: 'fork' }, count: 1 },
    ]);
  });

  it('digits are read in groups of five', () => {
    expect(groupsOf('123456789012345678901234567890')).toHaveLength(6);
    expect(groupsOf('1234567890')).toEqual(['12345', '67890']);
    expect(groupsOf('')).toEqual([]);
  });
});
