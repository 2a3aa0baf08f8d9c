import { describe, expect, it } from 'vitest';
import { shownOf } from './shown';

const tile = { participant: 3, source: 'camera' } as const;

describe('shown tiles', () => {
  it('height is reported in device pixels', () => {
    expect(shownOf([{ tile, height: 180.2, onScreen: true }], 2)).toEqual([{ ...tile, height: 361 }]);
  });

  it('height stays within what may be asked for', () => {
    expect(shownOf([{ tile, height: 1600, onScreen: true }], 3)[0]?.height).toBe(2160);
  });

  it('a tile out of sight is not reported', () => {
    const tiles = shownOf(
      [
        { tile, height: 180, onScreen: false },
        { tile, height: 0, onScreen: true },
      ],
      1,
    );

    expect(tiles).toEqual([]);
  });
});
