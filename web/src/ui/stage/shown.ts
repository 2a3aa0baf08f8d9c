// Finds out which tiles are really on screen, and how tall in device pixels, so that nothing is sent that nobody sees.

import type { Attachment } from 'svelte/attachments';
import { limits } from '../../protocol/messages';
import type { ShownTile } from '../../session/contract';

interface Watched {
  tile: Omit<ShownTile, 'height'>;
  /** Height of the element in CSS pixels; 0 until it was laid out. */
  height: number;
  onScreen: boolean;
}

/** Watches tiles; reports the whole list, at most once a frame, whenever something about it may have changed. */
export class ShownTiles {
  readonly #watched = new Map<Element, Watched>();
  /** One attachment a tile for as long as it is shown: a new one at each render would take the tile off and on. */
  readonly #attachments = new Map<string, Attachment<HTMLElement>>();
  readonly #report: (tiles: readonly ShownTile[]) => void;
  readonly #sizes: ResizeObserver;
  readonly #sight: IntersectionObserver;
  #frame = 0;

  constructor(report: (tiles: readonly ShownTile[]) => void) {
    this.#report = report;
    this.#sizes = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) {
        const watched = this.#watched.get(target);
        if (watched) watched.height = contentRect.height;
      }
      this.#schedule();
    });
    this.#sight = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const watched = this.#watched.get(target);
        if (watched) watched.onScreen = isIntersecting;
      }
      this.#schedule();
    });
  }

  /** Returns an attachment for the element that shows this tile. */
  watch(tile: Omit<ShownTile, 'height'>): Attachment<HTMLElement> {
    const key = `${tile.participant} ${tile.source}`;
    const known = this.#attachments.get(key);
    if (known) return known;
    const attachment: Attachment<HTMLElement> = (element) => {
      this.#watched.set(element, { tile, height: 0, onScreen: false });
      this.#sizes.observe(element);
      this.#sight.observe(element);
      return () => {
        this.#watched.delete(element);
        this.#sizes.unobserve(element);
        this.#sight.unobserve(element);
        this.#attachments.delete(key);
        this.#schedule();
      };
    };
    this.#attachments.set(key, attachment);
    return attachment;
  }

  /** Ends the watch: nothing is on screen any more. */
  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#sizes.disconnect();
    this.#sight.disconnect();
    this.#watched.clear();
    this.#report([]);
  }

  #schedule(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#report(shownOf([...this.#watched.values()], devicePixelRatio)));
  }
}

/** Returns what is reported of the watched tiles: those in sight, in device pixels, within the protocol's bound. */
export function shownOf(watched: readonly Watched[], pixelRatio: number): ShownTile[] {
  return watched
    .filter(({ onScreen, height }) => onScreen && height > 0)
    .map(({ tile, height }) => ({ ...tile, height: Math.min(limits.tileHeightMax, Math.ceil(height * pixelRatio)) }));
}
