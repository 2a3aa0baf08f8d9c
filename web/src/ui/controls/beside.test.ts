import { describe, expect, it } from 'vitest';
import { beside } from './beside';

const screen = { width: 400, height: 800 };
const popup = { width: 200, height: 300 };

describe('beside', () => {
  it('popup is centred on its button', () => {
    expect(beside({ left: 180, right: 220, top: 10, bottom: 50 }, popup, 'below', screen)).toEqual({
      left: 100,
      top: 58,
    });
  });

  it('popup never leaves the window', () => {
    const corner = beside({ left: 360, right: 400, top: 760, bottom: 800 }, popup, 'above', screen);

    expect(corner).toEqual({ left: 192, top: 452 });
  });

  it('popup takes the other side where only that has room', () => {
    expect(beside({ left: 0, right: 44, top: 700, bottom: 744 }, popup, 'below', screen).top).toBe(392);
    expect(beside({ left: 0, right: 44, top: 20, bottom: 64 }, popup, 'above', screen).top).toBe(72);
  });
});
