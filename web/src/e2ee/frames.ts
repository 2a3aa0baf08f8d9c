// What happens to each encoded frame between encoder and network, and back. Fails closed: a frame that is not
// encrypted, or cannot be decrypted, goes nowhere and is counted.
//
// On the wire: the clear prefix, then the SFrame header, ciphertext and tag. The prefix is what the media plane and
// the browser's depacketiser have to read; it is authenticated with the rest.
//
// No stream, no worker, no clock: `transform.worker.ts` has those.

import type { Source } from '../protocol/messages';
import type { DropReason, KeyRing } from './keys';
import { concat, type Header, open, parseHeader, seal, unpackKeyId } from './sframe';

export type Codec = 'opus' | 'vp8' | 'vp9';

/**
 * Bytes of a frame that stay readable. Of VP8 the first one: it says whether a picture can be decoded by itself,
 * and without it half of all pictures look as if they could (measured in Chromium 156). VP9 says so outside.
 */
const CLEAR_BYTES: Record<Codec, number> = { opus: 0, vp8: 1, vp9: 0 };

/** Frames kept while their slot is not known to carry them: about half a second of one stream. */
const HELD_FRAMES_MAX = 32;
/** Time such a frame is kept, in milliseconds. The mapping comes by another way than the frames, at about the same time. */
const HELD_MS = 500;

/** Of an encoded frame of the browser, what is used here. */
export interface EncodedFrame {
  data: ArrayBuffer;
  /** Video: `key`, `delta` or `empty`. */
  readonly type?: string;
  getMetadata(): { mimeType?: string; payloadType?: number };
}

/** Whose stream a slot carries. */
export interface SlotContent {
  /** Index of the device's leaf in the group. */
  leaf: number;
  source: Source;
}

/** What became of the frames of one stream. */
export interface Tally {
  passed: number;
  dropped: Partial<Record<DropReason, number>>;
}

function newTally(): Tally {
  return { passed: 0, dropped: {} };
}

function count(tally: Tally, outcome: DropReason | null): void {
  if (outcome === null) tally.passed += 1;
  else tally.dropped[outcome] = (tally.dropped[outcome] ?? 0) + 1;
}

/** What the payload types of a connection mean: for browsers that do not name a frame's codec. */
type PayloadTypes = ReadonlyMap<number, Codec>;

/**
 * Returns the codec that the browser says a frame has, or that its payload type means, or `otherwise`. Who is lied to
 * here drops the frame: what is clear in it is authenticated.
 */
function codecOf(frame: EncodedFrame, payloadTypes: PayloadTypes, otherwise: Codec): Codec {
  const { mimeType, payloadType = -1 } = frame.getMetadata();
  const name = mimeType?.toLowerCase().split('/')[1];
  if (name !== undefined && Object.hasOwn(CLEAR_BYTES, name)) return name as Codec;
  return payloadTypes.get(payloadType) ?? otherwise;
}

/** Encrypts the frames of one source. */
export class FrameSender {
  readonly tally = newTally();
  readonly #keys: KeyRing;
  readonly #source: Source;
  readonly #codec: Codec;
  readonly #payloadTypes: PayloadTypes;

  /** `codec` is that of frames of which neither the browser nor their payload type tells it. */
  constructor(keys: KeyRing, source: Source, codec: Codec, payloadTypes: PayloadTypes = new Map()) {
    this.#keys = keys;
    this.#source = source;
    this.#codec = codec;
    this.#payloadTypes = payloadTypes;
  }

  /** Encrypts a frame in place. Returns false if it must not be sent. Frames must come one after the other. */
  async take(frame: EncodedFrame): Promise<boolean> {
    const outcome = await this.#seal(frame);
    count(this.tally, outcome);
    return outcome === null;
  }

  async #seal(frame: EncodedFrame): Promise<DropReason | null> {
    const bytes = new Uint8Array(frame.data);
    const clear = CLEAR_BYTES[codecOf(frame, this.#payloadTypes, this.#codec)];
    if (bytes.length <= clear) return 'malformed';
    const sealing = this.#keys.sealing(this.#source);
    if (typeof sealing === 'string') return sealing;
    const prefix = bytes.subarray(0, clear);
    const sealed = await seal(await sealing.key, sealing.counter, prefix, bytes.subarray(clear));
    frame.data = concat(prefix, sealed).buffer;
    return null;
  }
}

export interface ReceiverOptions<F> {
  /** Codec of frames of which neither the browser nor their payload type tells it. */
  codec: Codec;
  payloadTypes?: PayloadTypes;
  /** Takes a decrypted frame. */
  emit(frame: F): void;
  /** Is told before the first frame of a stream that is another one than before. */
  begin(content: SlotContent): void;
  /** Asks the sender for a picture that can be decoded by itself, after some were dropped. */
  requestKeyFrame(): void;
}

interface HeldFrame<F> {
  frame: F;
  content: SlotContent;
  at: number;
}

/** Decrypts the frames of one slot, which carries one stream after another. */
export class FrameReceiver<F extends EncodedFrame> {
  readonly tally = newTally();
  readonly #keys: KeyRing;
  readonly #options: ReceiverOptions<F>;
  readonly #payloadTypes: PayloadTypes;
  #expected: SlotContent | null = null;
  /** A frame of what is expected was emitted: until then, the decoder has the picture of somebody else. */
  #begun = false;
  #held: HeldFrame<F>[] = [];
  /** What has been asked of this receiver before is done first, so that frames leave in the order they came. */
  #last: Promise<void> = Promise.resolve();
  /** Frames were dropped since the last one that was emitted. */
  #gap = false;

  constructor(keys: KeyRing, options: ReceiverOptions<F>) {
    this.#keys = keys;
    this.#options = options;
    this.#payloadTypes = options.payloadTypes ?? new Map();
  }

  /** Says whose stream the slot carries from now on. Frames of it that are waiting are decrypted. */
  expect(content: SlotContent | null, now: number): Promise<void> {
    return this.#next(async () => {
      if (content === null || !same(content, this.#expected)) this.#begun = false;
      this.#expected = content;
      this.#expire(now);
      const held = this.#held;
      this.#held = held.filter((waiting) => !same(waiting.content, content));
      for (const { frame } of held.filter((waiting) => same(waiting.content, content))) await this.#process(frame, now);
    });
  }

  /** Decrypts a frame and emits it, or keeps it for a while, or drops it. `now` in milliseconds, from any start. */
  take(frame: F, now: number): Promise<void> {
    return this.#next(async () => {
      this.#expire(now);
      await this.#process(frame, now);
    });
  }

  #next(step: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(step);
    return this.#last;
  }

  async #process(frame: F, now: number): Promise<void> {
    const bytes = new Uint8Array(frame.data);
    // Chromium makes an empty frame of a packet that holds padding only: nothing is lost with it.
    if (bytes.length === 0) return;
    const clear = CLEAR_BYTES[codecOf(frame, this.#payloadTypes, this.#options.codec)];
    const header = parseHeader(bytes.subarray(clear));
    const content = header && unpackKeyId(header.kid);
    if (!content) return this.#drop('malformed');
    if (!same(content, this.#expected)) return this.#hold(frame, content, now);
    const outcome = await this.#open(frame, header, bytes, clear);
    if (outcome !== null) return this.#drop(outcome);
    if (!this.#begun) {
      if (frame.type === 'delta') {
        this.#options.requestKeyFrame();
        return this.#drop('dependent');
      }
      this.#begun = true;
      this.#options.begin({ leaf: content.leaf, source: content.source });
    }
    count(this.tally, null);
    if (this.#gap && frame.type === 'delta') this.#options.requestKeyFrame();
    this.#gap = false;
    this.#options.emit(frame);
  }

  async #open(frame: F, header: Header, bytes: Uint8Array<ArrayBuffer>, clear: number): Promise<DropReason | null> {
    const opening = this.#keys.opening(header.kid);
    if (typeof opening === 'string') return opening;
    if (!opening.replays.mayTake(header.counter)) return 'replayed';
    const prefix = bytes.subarray(0, clear);
    const opened = await open(await opening.key, header, prefix, bytes.subarray(clear));
    if (!opened) return 'forged';
    // Only what is authentic moves the window; a copy may have been decrypted meanwhile through another slot.
    if (!opening.replays.take(header.counter)) return 'replayed';
    frame.data = concat(prefix, opened).buffer;
    return null;
  }

  #hold(frame: F, content: SlotContent, now: number): void {
    this.#held.push({ frame, content, at: now });
    if (this.#held.length <= HELD_FRAMES_MAX) return;
    this.#held.shift();
    this.#drop('unexpected');
  }

  #expire(now: number): void {
    const kept = this.#held.filter(({ at }) => now - at < HELD_MS);
    for (let expired = this.#held.length - kept.length; expired > 0; expired--) this.#drop('unexpected');
    this.#held = kept;
  }

  #drop(reason: DropReason): void {
    count(this.tally, reason);
    this.#gap = true;
  }
}

function same(content: SlotContent, expected: SlotContent | null): boolean {
  return content.leaf === expected?.leaf && content.source === expected.source;
}
