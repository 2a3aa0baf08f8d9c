import { describe, expect, it } from 'vitest';
import { limits } from '../../protocol/messages';
import { guestsOf } from './personal';

const DAY_MS = 24 * 3_600_000;

describe('personal links', () => {
  it('are good until the meeting ends, on two devices', () => {
    expect(guestsOf(['ben@example.org'], 10 * DAY_MS, DAY_MS)).toEqual([
      { name: 'ben@example.org', until_ms: 10 * DAY_MS, devices: 2 },
    ]);
  });

  it('are not made for a meeting that ends after they would', () => {
    expect(guestsOf(['ben@example.org'], 31 * DAY_MS, 0)).toHaveLength(1);
    expect(guestsOf(['ben@example.org'], 31 * DAY_MS + 1, 0)).toEqual([]);
  });

  it('bear no longer name than a device takes', () => {
    const [guest] = guestsOf([`${'\u{1f984}'.repeat(80)}@example.org`], 1, 0);
    expect([...(guest?.name ?? '')]).toHaveLength(limits.nameCharsMax);
  });
});
