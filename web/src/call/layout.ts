// Where each tile stands: pure geometry from the number of tiles and the size of the stage.
// Not responsible for which tiles exist or in which order they come (see `order.ts`), nor for drawing.
//
// Invariants: every box lies within the stage, no two boxes overlap, tiles of people keep 16:9, and tiles stand
// at least `GAP` apart. Sizes are CSS pixels; a stage too small for any tile yields boxes of zero size.

import type { ParticipantId } from '../protocol/messages';

/** Between tiles, in CSS pixels (look: tiles on an 8 px gap). */
export const GAP = 8;
/** Shape of a person's tile. */
export const ASPECT = 16 / 9;
/** Most tiles on one page: what browsers decode smoothly, and the number of video slots less the share. */
export const PAGE_TILES = 25;
/** The same on a phone. */
export const PAGE_TILES_PHONE = 9;
/** A stage narrower than this, in CSS pixels, is a phone's. */
const PHONE_WIDTH = 600;
/** Up to this many people stand as equals; with more the speaker is large. */
export const GRID_TILES_AUTO = 4;

/** Share of the stage's longer side that the strip of small tiles takes. */
const STRIP_SHARE = 0.2;
/** Bounds of the strip's depth, in CSS pixels. */
const STRIP_DEPTH = { min: 72, max: 220 };
/** A strip holds at least this many tiles, however narrow the stage: one face and two arrows are no strip. */
const STRIP_TILES_MIN = 3;

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  x: number;
  y: number;
}

export interface TileRef {
  participant: ParticipantId;
  source: 'camera' | 'screen';
}

/** What the person chose; `auto` follows the content. */
export type LayoutChoice = 'auto' | 'grid' | 'speaker';
/** What is shown: equals, one large person with a strip, or a shared screen with a strip. */
export type LayoutKind = 'grid' | 'speaker' | 'share';

/** Where the own picture stands: the layout knows nothing of it, or keeps the last place on every page for it, in a strip
 * if there is one, or in every layout with people in it. */
export type SelfPlace = 'apart' | 'strip' | 'tile';

export interface Scene {
  /** Everybody who has a tile, in order of importance (`order.ts`). */
  people: readonly ParticipantId[];
  /** Whose screen is shown, the newest first. */
  shares: readonly ParticipantId[];
  /** Who is large in the speaker layout: pinned, or who speaks. The first of `people` where null or absent. */
  speaker: ParticipantId | null;
  choice: LayoutChoice;
  /** Page of small tiles, from 0; beyond the last it is taken as the last. */
  page: number;
  /** Where the own picture stands; `apart` where absent. */
  self?: SelfPlace;
}

export interface PlacedTile {
  tile: TileRef;
  box: Box;
  /** The one the layout is about: shown whole, in the best quality. */
  large: boolean;
}

export interface Layout {
  kind: LayoutKind;
  tiles: readonly PlacedTile[];
  page: number;
  pages: number;
  /** The place kept for the own picture; null where none was wished, or there is nothing to stand beside. */
  self: Box | null;
}

/** Returns where the tiles of `scene` stand on a stage of `size`. */
export function layOut(scene: Scene, size: Size): Layout {
  const stage = { x: 0, y: 0, width: Math.max(0, size.width), height: Math.max(0, size.height) };
  const share = scene.shares[0];
  const kind = layoutKind(scene);
  if (kind === 'grid') {
    const self = scene.self === 'tile' && scene.people.length > 0 ? 1 : 0;
    const { items, page, pages } = pageOf(scene.people, scene.page, pageTiles(size) - self);
    const boxes = gridBoxes(items.length + self, stage);
    return { kind, page, pages, tiles: place(items, boxes), self: (self && boxes.at(-1)) || null };
  }

  const speaker = scene.people.find((person) => person === scene.speaker) ?? scene.people[0];
  const onStage: TileRef | null =
    kind === 'share' && share !== undefined
      ? { participant: share, source: 'screen' }
      : speaker === undefined
        ? null
        : { participant: speaker, source: 'camera' };
  const others = kind === 'share' ? scene.people : scene.people.filter((person) => person !== speaker);
  const self = scene.self === 'strip' || scene.self === 'tile' ? 1 : 0;
  if (!onStage) return { kind, page: 0, pages: 1, tiles: [], self: null };
  if (others.length + self === 0) {
    return {
      kind,
      page: 0,
      pages: 1,
      tiles: [{ tile: onStage, box: stageBox(onStage, stage), large: true }],
      self: null,
    };
  }

  const strip = splitStage(stage);
  const { items, page, pages } = pageOf(others, scene.page, Math.min(strip.capacity - self, pageTiles(size) - 1));
  const boxes = stripBoxes(items.length + self, strip);
  const main: PlacedTile = { tile: onStage, box: stageBox(onStage, strip.main), large: true };
  return { kind, page, pages, tiles: [main, ...place(items, boxes)], self: (self && boxes.at(-1)) || null };
}

/** Returns which layout the choice and the content make: a share is always large. */
function layoutKind(scene: Scene): LayoutKind {
  if (scene.shares.length > 0) return 'share';
  if (scene.choice !== 'auto') return scene.people.length < 2 ? 'grid' : scene.choice;
  return scene.people.length <= GRID_TILES_AUTO ? 'grid' : 'speaker';
}

/** Returns how many tiles a page may hold on a stage of this size. */
function pageTiles(size: Size): number {
  return size.width < PHONE_WIDTH ? PAGE_TILES_PHONE : PAGE_TILES;
}

/** Returns the boxes of `count` equal 16:9 tiles, as large as fit, rows centred on the stage. */
export function gridBoxes(count: number, stage: Box): Box[] {
  if (count <= 0) return [];
  let best = { columns: 1, width: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const width = tileWidth(columns, Math.ceil(count / columns), stage);
    if (width > best.width) best = { columns, width };
  }
  const { columns, width } = best;
  const height = width / ASPECT;
  const rows = Math.ceil(count / columns);
  const top = stage.y + (stage.height - rows * height - (rows - 1) * GAP) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, count - row * columns);
    const left = stage.x + (stage.width - inRow * width - (inRow - 1) * GAP) / 2;
    return { x: left + (index % columns) * (width + GAP), y: top + row * (height + GAP), width, height };
  });
}

/** Width of a tile when `columns` by `rows` of them fill the stage; 0 if they do not fit. */
function tileWidth(columns: number, rows: number, stage: Size): number {
  const byWidth = (stage.width - (columns - 1) * GAP) / columns;
  const byHeight = ((stage.height - (rows - 1) * GAP) / rows) * ASPECT;
  return Math.max(0, Math.min(byWidth, byHeight));
}

interface Split {
  main: Box;
  strip: Box;
  /** Whether the strip's tiles stand one under the other, beside the main box. */
  beside: boolean;
  /** Size of one tile in the strip. */
  tile: Size;
  /** Most tiles the strip holds, at least one. */
  capacity: number;
}

/** Cuts a strip off the stage: at the right on a wide stage, at the bottom on a tall one. */
function splitStage(stage: Box): Split {
  const beside = stage.width >= stage.height * 1.2;
  const side = beside ? stage.width : stage.height;
  const wished = Math.min(STRIP_DEPTH.max, Math.max(STRIP_DEPTH.min, side * STRIP_SHARE));
  const length = beside ? stage.height : stage.width;
  const tileLength = Math.max(0, (length - (STRIP_TILES_MIN - 1) * GAP) / STRIP_TILES_MIN);
  const holding = beside ? tileLength * ASPECT : tileLength / ASPECT;
  const depth = Math.min(wished, holding, Math.max(0, (side - GAP) / 2));
  const main = beside
    ? { x: stage.x, y: stage.y, width: Math.max(0, stage.width - depth - GAP), height: stage.height }
    : { x: stage.x, y: stage.y, width: stage.width, height: Math.max(0, stage.height - depth - GAP) };
  const strip = beside
    ? { x: stage.x + stage.width - depth, y: stage.y, width: depth, height: stage.height }
    : { x: stage.x, y: stage.y + stage.height - depth, width: stage.width, height: depth };
  const tile = shaped({ width: strip.width, height: strip.height });
  const step = (beside ? tile.height : tile.width) + GAP;
  const room = (beside ? strip.height : strip.width) + GAP;
  return { main, strip, beside, tile, capacity: Math.max(1, Math.floor(room / step + 1e-9)) };
}

/** Boxes of the strip's tiles, centred along it. */
function stripBoxes(count: number, { strip, beside, tile }: Split): Box[] {
  const length = count * (beside ? tile.height : tile.width) + (count - 1) * GAP;
  const start = ((beside ? strip.height : strip.width) - length) / 2;
  return Array.from({ length: count }, (_, index) =>
    beside
      ? { ...tile, x: strip.x + (strip.width - tile.width) / 2, y: strip.y + start + index * (tile.height + GAP) }
      : { ...tile, x: strip.x + start + index * (tile.width + GAP), y: strip.y + (strip.height - tile.height) / 2 },
  );
}

/** A person on the stage keeps 16:9; a shared screen has a shape of its own and gets all the room. */
function stageBox(tile: TileRef, room: Box): Box {
  if (tile.source === 'screen') return room;
  const size = shaped(room);
  return { ...size, x: room.x + (room.width - size.width) / 2, y: room.y + (room.height - size.height) / 2 };
}

/** Largest 16:9 size within `room`. */
function shaped(room: Size): Size {
  const width = Math.max(0, Math.min(room.width, room.height * ASPECT));
  return { width, height: width / ASPECT };
}

function pageOf<T>(items: readonly T[], wished: number, perPage: number): { items: T[]; page: number; pages: number } {
  const size = Math.max(1, perPage);
  const pages = Math.max(1, Math.ceil(items.length / size));
  const page = Math.min(Math.max(0, Math.floor(wished)), pages - 1);
  return { items: items.slice(page * size, (page + 1) * size), page, pages };
}

function place(people: readonly ParticipantId[], boxes: readonly Box[]): PlacedTile[] {
  return people.flatMap((participant, index) => {
    const box = boxes[index];
    return box ? [{ tile: { participant, source: 'camera' as const }, box, large: false }] : [];
  });
}
