import { describe, expect, it } from 'vitest';
import { markOf, placesOf } from './mark';

describe('mark', () => {
  it('says who reads and when, the same everywhere', () => {
    expect(markOf('Asha', Date.UTC(2026, 10, 27, 23, 4, 59))).toBe('Asha · 2026-11-27 23:04 UTC');
  });

  it('leaves no corner of a picture free, and ends on the smallest', () => {
    const places = placesOf(1000, 800, { width: 200, height: 20 });
    const near = (x: number, y: number) =>
      places.some(([left, top]) => left <= x && x <= left + 260 && Math.abs(top - y) <= 100);
    for (const x of [0, 300, 650, 999]) for (const y of [0, 250, 500, 799]) expect(near(x, y)).toBe(true);
    expect(placesOf(1, 1, { width: 0, height: 0 }).length).toBeLessThan(20);
  });
});
