import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tile } from '../protocol/messages';
import { ShownTiles, wantedTiles } from './shown';

const camera = (participant: number, height = 180) => ({ participant, source: 'camera' as const, height });
let told: (readonly Tile[])[];
let shown: ShownTiles;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  shown = new ShownTiles((tiles) => told.push(tiles));
});
afterEach(() => vi.useRealTimers());

describe('shown tiles', () => {
  it('are told at once, and again only when they change', () => {
    shown.show([camera(2)], 1, 25);
    shown.show([camera(2)], 1, 25);
    vi.advanceTimersByTime(1000);
    shown.show([camera(2)], 1, 25);
    expect(told).toEqual([[camera(2)]]);
  });

  it('a burst of layouts is told as its first and its last', () => {
    for (let height = 100; height < 160; height++) shown.show([camera(2, height)], 1, 25);
    vi.advanceTimersByTime(1000);
    expect(told.map((tiles) => tiles[0]?.height)).toEqual([100, 159]);
  });

  it('nothing on screen is told too, once there was something', () => {
    shown.show([], 1, 25);
    shown.show([camera(2)], 1, 25);
    vi.advanceTimersByTime(1000);
    shown.show([], 1, 25);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([[camera(2)], []]);
  });

  it('a tile that is gone for a moment was never gone', () => {
    shown.show([camera(2)], 1, 25);
    vi.advanceTimersByTime(1000);
    shown.show([], 1, 25);
    vi.advanceTimersByTime(50);
    shown.show([camera(2)], 1, 25);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([[camera(2)]]);
  });

  it('a new tile does not wait for one that may be gone', () => {
    shown.show([camera(2)], 1, 25);
    vi.advanceTimersByTime(1000);
    shown.show([], 1, 25);
    vi.advanceTimersByTime(50);
    shown.show([camera(3)], 1, 25);
    expect(told).toEqual([[camera(2)], [camera(3)]]);
  });

  it('are told anew after the server has forgotten them', () => {
    shown.show([camera(2)], 1, 25);
    vi.advanceTimersByTime(1000);
    shown.forget();
    shown.show([camera(2)], 1, 25);
    expect(told).toHaveLength(2);
  });

  it('leave out own pictures, sounds, repetitions, and what has no slot', () => {
    const sound = { participant: 3, source: 'screen_audio' as const, height: 1 };
    expect(wantedTiles([camera(1), camera(2), camera(2, 90), sound, camera(4), camera(5)], 1, 2)).toEqual([
      camera(2),
      camera(4),
    ]);
  });

  it('have a height the server takes', () => {
    const heights = [0, -3, 0.4, 99.6, 9999, Number.NaN].map((height) => camera(2, height));
    expect(heights.map((tile) => wantedTiles([tile], 1, 25)[0]?.height)).toEqual([1, 1, 1, 100, 2160, 1]);
  });

  it('after close nothing is told', () => {
    shown.show([camera(2)], 1, 25);
    shown.show([camera(3)], 1, 25);
    shown.close();
    vi.advanceTimersByTime(1000);
    expect(told).toHaveLength(1);
  });
});
