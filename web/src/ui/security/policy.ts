// The words of controls and their levels, and which limits are offered.

import { UNLIMITED } from '../../call/conduct';
import type { ControlEntry } from '../../protocol/messages';
import type { TextKey } from '../strings/keys';
import { t } from '../strings/text';

/** Minutes offered for a limit. */
const MINUTES: readonly number[] = [5, 15, 30, 60, 120, 240];

/** What is the organisation's to demand, and a host may tighten all the same. */
const CHOSEN: ReadonlySet<string> = new Set(['ORG.EXTERNAL', 'ORG.LINK.PRIVATE']);

const keyOf = (text: string) => text.toLowerCase().replaceAll('.', '-');

/** Whether a setting is decided once and for all when a meeting is made. */
export function isFixed(entry: ControlEntry): boolean {
  return entry.id === 'MEET.E2EE.REQUIRED' || (entry.id.startsWith('ORG.') && !CHOSEN.has(entry.id));
}

/** Returns what a control is called. */
export function nameText(entry: ControlEntry): string {
  return t(`control-${keyOf(entry.id)}` as TextKey);
}

/** Returns what a control that holds always means. */
export function noteText(entry: ControlEntry): string {
  return t(`control-${keyOf(entry.id)}-note` as TextKey);
}

/** Returns what a level or limit means. */
export function levelText(entry: ControlEntry, value: string): string {
  if (!entry.limit) return t(`control-${keyOf(entry.id)}-${value}` as TextKey);
  if (entry.limit.unit === 'client') {
    return value === UNLIMITED ? t('control-client-any') : t('control-client-floor', { number: value });
  }
  return value === UNLIMITED ? t('control-unlimited') : t('control-minutes', { count: Number(value) });
}

/** Returns the limits a host may choose from: those within the floor, and what is set now. */
export function limitsOf(entry: ControlEntry, floor: string, now: string): string[] {
  if (entry.limit?.unit === 'client') return [...new Set([UNLIMITED, '1', now])];
  const most = floor === UNLIMITED ? (entry.limit?.max ?? 0) : Number(floor);
  const minutes = new Set(MINUTES.filter((count) => count <= most));
  for (const chosen of [floor, now]) if (chosen !== UNLIMITED) minutes.add(Number(chosen));
  const offered = [...minutes].toSorted((a, b) => a - b).map(String);
  return floor === UNLIMITED ? [UNLIMITED, ...offered] : offered;
}
