// Which pictures are on screen, told to the server only when it changes and not faster than it wants to hear.

import { limits, type ParticipantId, type Tile } from '../protocol/messages';
import type { ShownTile } from './contract';

/** Shortest time between two tellings, in milliseconds: a window being dragged lays out sixty times a second. */
const INTERVAL_MS = 150;

/** Owns one timer; `close` ends it. */
export class ShownTiles {
  readonly #tell: (tiles: readonly Tile[]) => void;
  #told = '[]';
  #wanted: readonly Tile[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(tell: (tiles: readonly Tile[]) => void) {
    this.#tell = tell;
  }

  /** Takes what is on screen now, the most important first. Own pictures, and those beyond the slots, are left out. */
  show(tiles: readonly ShownTile[], you: ParticipantId | null, slots: number): void {
    this.#wanted = wantedTiles(tiles, you, slots);
    if (this.#timer === null) this.#flush();
  }

  /** The server has forgotten what it was told: the next telling counts as new. */
  forget(): void {
    this.#told = '[]';
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #flush(): void {
    this.#timer = null;
    const text = JSON.stringify(this.#wanted);
    if (text === this.#told) return;
    this.#told = text;
    this.#timer = setTimeout(() => this.#flush(), INTERVAL_MS);
    this.#tell(this.#wanted);
  }
}

/** Returns what to ask of the server for the tiles on screen. */
export function wantedTiles(tiles: readonly ShownTile[], you: ParticipantId | null, slots: number): Tile[] {
  const seen = new Set<string>();
  return tiles
    .filter(({ participant, source }) => participant !== you && (source === 'camera' || source === 'screen'))
    .filter(({ participant, source }) => {
      const key = `${participant} ${source}`;
      return seen.has(key) ? false : seen.add(key);
    })
    .slice(0, slots)
    .map(({ participant, source, height }) => ({
      participant,
      source,
      height: Math.min(limits.tileHeightMax, Math.max(1, Math.round(height) || 1)),
    }));
}
