// The sentence of a notice, and how long it stays.

import type { Notice } from '../../call/state';
import { ruleKey } from '../strings/rules';
import { t } from '../strings/text';

/** Milliseconds a notice stays: longer where it says what somebody decided about the reader. */
const STAYS_MS: Readonly<Record<Notice['kind'], number>> = {
  alarm: 15_000,
  attendee: 10_000,
  certificate: 10_000,
  chat: 4_000,
  draining: 15_000,
  guessed: 15_000,
  hand: 6_000,
  joined: 4_000,
  knocked: 4_000,
  left: 4_000,
  locked: 6_000,
  made_host: 10_000,
  material: 6_000,
  material_gone: 6_000,
  muted: 10_000,
  participant: 10_000,
  passcode_off: 15_000,
  presenter: 10_000,
  recovered: 4_000,
  refused: 15_000,
  removed: 6_000,
  right_given: 10_000,
  right_taken: 10_000,
  sent_back: 6_000,
  spotlight: 10_000,
  suspended: 10_000,
  unlocked: 6_000,
  unsuspended: 10_000,
};

/** Returns how long the notice stays, in milliseconds. */
export function staysMs(notice: Notice): number {
  return STAYS_MS[notice.kind];
}

/** Returns what the notice says. */
export function sentenceOf(notice: Notice): string {
  const name = notice.name ?? t('notice-somebody');
  switch (notice.kind) {
    case 'muted':
      if (notice.source === 'camera') return t('notice-muted-camera', { name });
      if (notice.source === 'screen' || notice.source === 'screen_audio') return t('notice-muted-screen', { name });
      return t('notice-muted-microphone', { name });
    case 'refused':
      return notice.rule ? t(ruleKey(notice.rule)) : '';
    case 'right_given':
    case 'right_taken':
      return notice.right ? t(`notice-${notice.kind}-${notice.right}`) : '';
    case 'made_host':
      return notice.name === null ? t('notice-made_host') : t('notice-made_host-by', { name });
    default:
      return t(`notice-${notice.kind}`, { name });
  }
}
