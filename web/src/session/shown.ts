// Which pictures are on screen, told to the server only when it changes and not faster than it wants to hear.

import { limits, type ParticipantId, type Tile } from '../protocol/messages';
import type { ShownTile } from './contract';

/** Shortest time between two tellings, in milliseconds: a window being dragged lays out sixty times a second. */
const INTERVAL_MS = 150;
/**
 * Time after which a tile that went from the screen counts as gone, in milliseconds. A tile that only moves may be gone
 * for a few frames, and asking for its picture anew would cost its sender a key frame.
 */
const GONE_MS = 500;

type Timer = ReturnType<typeof setTimeout> | null;

/** Owns two timers; `close` ends them. */
export class ShownTiles {
  readonly #tell: (tiles: readonly Tile[]) => void;
  #told: readonly Tile[] = [];
  #wanted: readonly Tile[] = [];
  /** Runs after each telling. */
  #pause: Timer = null;
  /** Runs while nothing but the going of tiles is to be told. */
  #gone: Timer = null;

  constructor(tell: (tiles: readonly Tile[]) => void) {
    this.#tell = tell;
  }

  /** Takes what is on screen now, the most important first. Own pictures, and those beyond the slots, are left out. */
  show(tiles: readonly ShownTile[], you: ParticipantId | null, slots: number): void {
    this.#wanted = wantedTiles(tiles, you, slots);
    this.#consider();
  }

  /** The server has forgotten what it was told: the next telling counts as new. */
  forget(): void {
    this.#told = [];
  }

  close(): void {
    for (const timer of [this.#pause, this.#gone]) if (timer !== null) clearTimeout(timer);
    this.#pause = this.#gone = null;
    this.#wanted = this.#told;
  }

  #consider(): void {
    if (this.#pause !== null) return;
    const told = new Set(this.#told.map(textOf));
    if (this.#wanted.some((tile) => !told.has(textOf(tile)))) this.#flush();
    else if (this.#wanted.length < this.#told.length) this.#gone ??= setTimeout(() => this.#flush(), GONE_MS);
  }

  #flush(): void {
    if (this.#gone !== null) clearTimeout(this.#gone);
    this.#gone = null;
    if (this.#wanted.map(textOf).join() === this.#told.map(textOf).join()) return;
    this.#told = this.#wanted;
    this.#pause = setTimeout(() => {
      this.#pause = null;
      this.#consider();
    }, INTERVAL_MS);
    this.#tell(this.#wanted);
  }
}

const keyOf = ({ participant, source }: Pick<Tile, 'participant' | 'source'>) => `${participant} ${source}`;
const textOf = (tile: Tile) => `${keyOf(tile)} ${tile.height}`;

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
