import { describe, expect, it } from 'vitest';
import { leftText } from './clock';

const HOUR = 3_600_000;
/** Without the marks by which Fluent keeps directions apart. */
const plain = (text: string) => text.replace(/[\u2068\u2069]/g, '');

describe('clock of an incident', () => {
  it('says what is left and what is over, to the minute', () => {
    expect(plain(leftText(6 * HOUR, 0))).toBe('6 h 0 min left');
    expect(plain(leftText(6 * HOUR, 6 * HOUR - 59_999))).toBe('0 h 0 min left');
    expect(plain(leftText(6 * HOUR, 7.5 * HOUR))).toBe('overdue by 1 h 30 min');
  });
});
