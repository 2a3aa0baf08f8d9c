// The frame keys of one worker: which epochs are live, who may send what in each, and the counters both ways.
//
// Lives as long as the worker, so that a counter goes on when the peer connection is replaced: a counter used twice
// under one key would give both frames away. All frames of one key id must come to the same ring, which holds the
// only replay window of it.

import type { Source } from '../protocol/messages';
import { deriveFrameKey, type FrameKey, packKeyId, ReplayWindow, sourceBit, unpackKeyId } from './sframe';

/** Epochs whose keys are kept: the one in use, the one being armed, and what is still in flight of older ones. */
const EPOCHS_MAX = 4;
/** Epochs whose counters are remembered after their keys are gone, in case a key is given again. */
const COUNTED_EPOCHS_MAX = 64;

/** Why a frame was not written. */
export type DropReason =
  /** It builds on a picture of whoever its slot carried before. */
  | 'dependent'
  /** The device's grant does not cover this source, or the frame claims to come from ourselves. */
  | 'forbidden'
  /** Somebody without the key made or changed it. */
  | 'forged'
  /** Not in the shape of an encrypted frame, as a clear one. */
  | 'malformed'
  /** No key may be sent with: there is none yet, or the group does not vouch for its members at the moment. */
  | 'muted'
  | 'replayed'
  /** Its slot does not carry this device's stream, so far as is known. */
  | 'unexpected'
  /** The key is not known yet, or no longer. */
  | 'unknown_epoch';

/** What the group says of one epoch. */
export interface EpochKeys {
  epoch: number;
  baseKey: CryptoKey;
  ownLeaf: number;
  /** Sources that the device at a leaf may send, as bits (`sourceBit`). A leaf that is not named may send nothing. */
  allowed: ReadonlyMap<number, number>;
}

interface LiveEpoch extends EpochKeys {
  readonly sealing: Map<number, Promise<FrameKey>>;
  readonly opening: Map<number, Opening>;
}

/** What it takes to open frames of one key id. */
export interface Opening {
  key: Promise<FrameKey>;
  replays: ReplayWindow;
}

/** What it takes to seal one frame. The counter is spent, whatever becomes of the frame. */
export interface Sealing {
  key: Promise<FrameKey>;
  counter: number;
}

export class KeyRing {
  /** By the epoch's low byte, which is all that a frame tells of it. */
  readonly #epochs = new Map<number, LiveEpoch>();
  /** Next counter by epoch and source. */
  readonly #counters = new Map<number, Map<Source, number>>();
  #inUse: number | null = null;

  /**
   * Adds an epoch. One that is there keeps its key and only learns who may send; it has to be dropped first to get
   * another key. Takes the place of an older epoch with the same low byte, and of the oldest if there are too many.
   */
  install(keys: EpochKeys): void {
    const live = this.#epochs.get(keys.epoch & 0xff);
    if (live?.epoch === keys.epoch) {
      live.allowed = keys.allowed;
      return;
    }
    this.#epochs.set(keys.epoch & 0xff, { ...keys, sealing: new Map(), opening: new Map() });
    while (this.#epochs.size > EPOCHS_MAX) this.drop(this.#oldest());
  }

  drop(epoch: number): void {
    if (this.#epochs.get(epoch & 0xff)?.epoch === epoch) this.#epochs.delete(epoch & 0xff);
  }

  /** Seals with this epoch from now on. Without its key, nothing is sent. */
  use(epoch: number): void {
    this.#inUse = epoch;
  }

  /** Seals nothing until an epoch is used again. */
  mute(): void {
    this.#inUse = null;
  }

  /** Spends the next counter of a source of ours. */
  sealing(source: Source): Sealing | DropReason {
    const live = this.#inUse === null ? undefined : this.#epochs.get(this.#inUse & 0xff);
    if (live === undefined || live.epoch !== this.#inUse) return 'muted';
    if (!mayFrom(live, live.ownLeaf, source)) return 'forbidden';
    const kid = packKeyId({ source, leaf: live.ownLeaf, epochByte: live.epoch & 0xff });
    const key = entry(live.sealing, kid, () => deriveFrameKey(live.baseKey, kid, 'encrypt'));
    return { key, counter: this.#count(live.epoch, source) };
  }

  opening(kid: number): Opening | DropReason {
    const id = unpackKeyId(kid);
    if (!id) return 'malformed';
    const live = this.#epochs.get(id.epochByte);
    if (!live) return 'unknown_epoch';
    // Our own frames sent back to us would pass as somebody else's only if the slot were believed: refused here too.
    if (id.leaf === live.ownLeaf || !mayFrom(live, id.leaf, id.source)) return 'forbidden';
    return entry(live.opening, kid, () => ({
      key: deriveFrameKey(live.baseKey, kid, 'decrypt'),
      replays: new ReplayWindow(),
    }));
  }

  #count(epoch: number, source: Source): number {
    const counters = entry(this.#counters, epoch, () => new Map<Source, number>());
    if (this.#counters.size > COUNTED_EPOCHS_MAX) this.#counters.delete(Math.min(...this.#counters.keys()));
    const counter = counters.get(source) ?? 0;
    counters.set(source, counter + 1);
    return counter;
  }

  #oldest(): number {
    return Math.min(...[...this.#epochs.values()].map(({ epoch }) => epoch).filter((epoch) => epoch !== this.#inUse));
  }
}

function mayFrom(live: EpochKeys, leaf: number, source: Source): boolean {
  return ((live.allowed.get(leaf) ?? 0) & sourceBit(source)) !== 0;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
