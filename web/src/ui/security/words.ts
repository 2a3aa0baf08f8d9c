// What the interface says about encryption, as values: which warnings stand, how somebody is known, how digits are
// grouped. Everything here is read from what the own device has verified; the server's word is not asked.

import type { CallState } from '../../call/state';
import type { Alarm, DeviceView, Encryption, MemberView } from '../../protocol/messages';
import type { TextKey } from '../strings/keys';

/** Something about the encryption that everybody should know while it lasts. */
export type Warning = 'failed' | 'lost' | 'late' | 'sealed' | 'strangers';

/** Returns how far the encryption is verified; before the device has said anything, it is not. */
export function encryptionOf(e2ee: DeviceView | null): Encryption {
  return e2ee?.encryption ?? 'pending';
}

/**
 * Returns what to warn of, the gravest first. While the line is down everybody is silent, which says nothing about the
 * host.
 */
export function warningsOf(state: Pick<CallState, 'e2ee' | 'link' | 'strangers'>): Warning[] {
  const { e2ee, link, strangers } = state;
  // With no host in the group, the others go on among themselves; while hosts are in it and silent, nobody sends.
  const isSilenced = e2ee?.heartbeat === 'lost' && e2ee.members.some(({ host }) => host);
  const isSealed = e2ee?.stage === 'sealed' && !isSilenced;
  const silence = link === 'connected' && !isSealed ? e2ee?.heartbeat : 'fresh';
  const stands: Record<Warning, boolean> = {
    failed: e2ee?.encryption === 'failed',
    lost: silence === 'lost',
    late: silence === 'late',
    sealed: isSealed,
    strangers: strangers > 0,
  };
  return (Object.keys(stands) as Warning[]).filter((warning) => stands[warning]);
}

/** Returns how a member is known. */
export function knownBy({ method }: Pick<MemberView, 'method'>): TextKey {
  return `known-${method}`;
}

/** The same alarm, and how often it was raised. */
export interface CountedAlarm {
  alarm: Alarm;
  count: number;
}

/** Returns the alarms, each kind once, in the order in which they were first raised. */
export function counted(alarms: readonly Alarm[]): CountedAlarm[] {
  const found = new Map<string, CountedAlarm>();
  for (const alarm of alarms) {
    const key = JSON.stringify(alarm);
    const before = found.get(key);
    if (before) before.count++;
    else found.set(key, { alarm, count: 1 });
  }
  return [...found.values()];
}

/** Digits of a verification code that people read aloud in one breath. */
const GROUP_DIGITS = 5;

/** Returns the digits in groups of five. */
export function groupsOf(digits: string): string[] {
  return digits.match(new RegExp(`.{1,${GROUP_DIGITS}}`, 'g')) ?? [];
}
