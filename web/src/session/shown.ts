// Which pictures are on screen, told to the server only when it changes and not faster than it wants to hear.

import { limits, type ParticipantId, type Tile } from '../protocol/messages';
import type { ShownTile } from './contract';

/**
 * Shortest time between two tellings, in milliseconds: a window being dragged lays out sixty times a second. What has
 * gone from the screen is told no sooner either: a tile that only moves may be gone for a moment, and asking for its
 * picture anew would cost everybody a key frame.
 */
const INTERVAL_MS = 150;

/** Owns one timer; `close` ends it. */
export class ShownTiles {
  readonly #tell: (tiles: readonly Tile[]) => void;
  #told: readonly Tile[] = [];
  #wanted: readonly Tile[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(tell: (tiles: readonly Tile[]) => void) {
    this.#tell = tell;
  }

  /** Takes what is on screen now, the most important first. Own pictures, and those beyond the slots, are left out. */
  show(tiles: readonly ShownTile[], you: ParticipantId | null, slots: number): void {
    this.#wanted = wantedTiles(tiles, you, slots);
    if (this.#timer !== null) return;
    const staying = new Set(this.#wanted.map(keyOf));
    if (this.#told.every((tile) => staying.has(keyOf(tile)))) this.#flush();
    else this.#wait();
  }

  /** The server has forgotten what it was told: the next telling counts as new. */
  forget(): void {
    this.#told = [];
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #flush(): void {
    this.#timer = null;
    if (JSON.stringify(this.#wanted) === JSON.stringify(this.#told)) return;
    this.#told = this.#wanted;
    this.#wait();
    this.#tell(this.#wanted);
  }

  #wait(): void {
    this.#timer = setTimeout(() => this.#flush(), INTERVAL_MS);
  }
}

const keyOf = ({ participant, source }: Pick<Tile, 'participant' | 'source'>) => `${participant} ${source}`;

/** Returns what to ask of the server for the tiles on screen. */
export function wantedTiles(tiles: readonly ShownTile[], you: ParticipantId | null, slots: number): Tile[] {
  const seen = new Set<string>();
  return tiles
    .filter(({ participant, source }) => participant !== you && (source === 'camera' || source === 'screen'))
    .filter((tile) => !seen.has(keyOf(tile)) && seen.add(keyOf(tile)))
    .slice(0, slots)
    .map(({ participant, source, height }) => ({
      participant,
      source,
      height: Math.min(limits.tileHeightMax, Math.max(1, Math.round(height) || 1)),
    }));
}
