import { describe, expect, it } from 'vitest';
import { clock } from './time';

describe('clock', () => {
  it('shows hours only once there are some', () => {
    expect(clock(0)).toBe('0:00');
    expect(clock(61_999)).toBe('1:01');
    expect(clock(3_600_000)).toBe('1:00:00');
    expect(clock(36_061_000)).toBe('10:01:01');
  });

  it('a clock that was set back shows zero', () => {
    expect(clock(-5)).toBe('0:00');
  });
});
