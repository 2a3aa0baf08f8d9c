import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ASPECT,
  type Box,
  GAP,
  gridBoxes,
  layOut,
  PAGE_TILES,
  PAGE_TILES_PHONE,
  type Scene,
  type SelfPlace,
  type Size,
} from './layout';

const EPSILON = 1e-6;
const people = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const scene = (count: number, rest: Partial<Scene> = {}): Scene => ({
  people: people(count),
  shares: [],
  speaker: null,
  choice: 'auto',
  page: 0,
  ...rest,
});
const desk: Size = { width: 1280, height: 640 };
const phone: Size = { width: 390, height: 700 };

function apart(a: Box, b: Box, gap: number): boolean {
  const beside = a.x + a.width + gap <= b.x + EPSILON || b.x + b.width + gap <= a.x + EPSILON;
  const above = a.y + a.height + gap <= b.y + EPSILON || b.y + b.height + gap <= a.y + EPSILON;
  return beside || above;
}

function within(box: Box, size: Size): boolean {
  return (
    box.x >= -EPSILON &&
    box.y >= -EPSILON &&
    box.x + box.width <= size.width + EPSILON &&
    box.y + box.height <= size.height + EPSILON
  );
}

describe('layout', () => {
  it('any scene on any stage keeps tiles inside, apart, and 16:9', () => {
    const anyScene = fc.record({
      people: fc.integer({ min: 0, max: 60 }).map(people),
      shares: fc.constantFrom([], [1], [2, 1]),
      speaker: fc.constantFrom(null, 1, 7, 999),
      choice: fc.constantFrom('auto' as const, 'grid' as const, 'speaker' as const),
      page: fc.integer({ min: -1, max: 9 }),
      self: fc.constantFrom('apart' as const, 'strip' as const, 'tile' as const),
    });
    const anySize = fc.record({
      width: fc.integer({ min: 200, max: 2560 }),
      height: fc.integer({ min: 200, max: 1600 }),
    });
    fc.assert(
      fc.property(anyScene, anySize, (scene, size) => {
        const layout = layOut(scene, size);
        for (const [index, { tile, box }] of layout.tiles.entries()) {
          expect(within(box, size)).toBe(true);
          if (tile.source === 'camera') expect(box.width).toBeCloseTo(box.height * ASPECT, 6);
          for (const other of layout.tiles.slice(index + 1)) expect(apart(box, other.box, GAP)).toBe(true);
          if (layout.self) expect(apart(box, layout.self, GAP)).toBe(true);
        }
        if (layout.self) expect(within(layout.self, size)).toBe(true);
        const stands = scene.self === 'tile' || (scene.self === 'strip' && layout.kind !== 'grid');
        expect(layout.self !== null, 'a place for the own picture').toBe(stands && layout.tiles.length > 0);
        const keys = layout.tiles.map(({ tile }) => `${tile.participant} ${tile.source}`);
        expect(new Set(keys).size).toBe(keys.length);
        expect(layout.page).toBeGreaterThanOrEqual(0);
        expect(layout.page).toBeLessThan(layout.pages);
      }),
    );
  });

  it('every person is on exactly one page', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.constantFrom(desk, phone), (count, size) => {
        const { pages } = layOut(scene(count, { choice: 'grid' }), size);
        const shown = Array.from({ length: pages }, (_, page) => layOut(scene(count, { choice: 'grid', page }), size))
          .flatMap((layout) => layout.tiles)
          .map(({ tile }) => tile.participant);
        expect(shown).toEqual(people(count));
      }),
    );
  });

  it('a grid has the largest tiles that any number of columns gives', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 25 }), fc.constantFrom(desk, phone), (count, size) => {
        const [box] = gridBoxes(count, { x: 0, y: 0, ...size });
        for (let columns = 1; columns <= count; columns++) {
          const rows = Math.ceil(count / columns);
          const byWidth = (size.width - (columns - 1) * GAP) / columns;
          const byHeight = ((size.height - (rows - 1) * GAP) / rows) * ASPECT;
          expect(box?.width).toBeGreaterThanOrEqual(Math.min(byWidth, byHeight) - EPSILON);
        }
      }),
    );
  });

  it('chooses the grid for four, the speaker for five, and the share whenever there is one', () => {
    expect(layOut(scene(4), desk).kind).toBe('grid');
    expect(layOut(scene(5), desk).kind).toBe('speaker');
    expect(layOut(scene(2, { shares: [1], choice: 'grid' }), desk).kind).toBe('share');
  });

  it('puts the speaker on the stage and not into the strip', () => {
    const { tiles } = layOut(scene(6, { speaker: 4 }), desk);
    expect(tiles[0]).toMatchObject({ tile: { participant: 4, source: 'camera' }, large: true });
    expect(tiles.filter(({ tile }) => tile.participant === 4)).toHaveLength(1);
  });

  it('shows who shares also as a person', () => {
    const { tiles } = layOut(scene(2, { shares: [2] }), desk);
    expect(tiles.map(({ tile }) => `${tile.participant} ${tile.source}`)).toEqual(['2 screen', '1 camera', '2 camera']);
  });

  it('a strip holds three tiles even on a phone, and keeps the last place for the own picture', () => {
    const strip = (self: SelfPlace) => layOut(scene(9, { choice: 'speaker', self }), phone);

    expect(strip('apart').tiles.length).toBe(4);
    expect(strip('apart').self).toBeNull();
    expect(strip('strip').tiles.length).toBe(3);
    expect(strip('strip').self?.x).toBeGreaterThan(strip('strip').tiles.at(-1)?.box.x ?? Number.POSITIVE_INFINITY);
  });

  it('the own picture among the tiles of a grid is the last of them, on every page', () => {
    for (const page of [0, 1]) {
      const { tiles, self, pages } = layOut(scene(12, { choice: 'grid', self: 'tile', page }), phone);
      expect([pages, tiles.length]).toEqual([2, page === 0 ? PAGE_TILES_PHONE - 1 : 4]);
      expect(self?.width).toBeCloseTo(tiles[0]?.box.width ?? 0, 6);
      for (const { box } of tiles) expect(self && apart(box, self, GAP)).toBe(true);
    }
    expect(layOut(scene(4, { self: 'strip' }), phone).self).toBeNull();
  });

  it('a page holds at most 25 tiles, 9 on a phone', () => {
    expect(layOut(scene(60, { choice: 'grid' }), desk).tiles).toHaveLength(PAGE_TILES);
    expect(layOut(scene(60, { choice: 'grid' }), phone).tiles).toHaveLength(PAGE_TILES_PHONE);
  });

  it('nobody there is an empty stage', () => {
    expect(layOut(scene(0), desk)).toMatchObject({ kind: 'grid', tiles: [], pages: 1 });
  });
});
