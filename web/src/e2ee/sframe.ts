// SFrame (RFC 9605) with suite 4, AES_128_GCM_SHA256_128, over WebCrypto: header, key schedule, one frame, replay.
//
// Not responsible for which key is in use or who may send what: `keys.ts`. Every function either returns what was
// asked for or null; a frame that cannot be opened leaves nothing behind.

import type { Source } from '../protocol/messages';

/** RFC 9605 section 4.5: number of the cipher suite. */
const SUITE = 4;
const KEY_BITS = 128;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Counters behind the newest one that are still taken. Layers of a simulcast share a counter, so gaps are usual. */
export const REPLAY_WINDOW = 1024;

/** The context in a key id: what of a device a stream is. Part of the wire format. */
const SOURCES: readonly Source[] = ['microphone', 'camera', 'screen', 'screen_audio'];
/** Bits of a key id, lowest first: the epoch's low byte, the leaf index, the source. */
const EPOCH_BITS = 8;
const LEAF_BITS = 16;
const LEAF_MASK = (1 << LEAF_BITS) - 1;

/** Whose key a frame is under (RFC 9605 section 5.2). */
export interface KeyId {
  source: Source;
  /** Index of the device's leaf in the group. */
  leaf: number;
  /** Low byte of the group's epoch. */
  epochByte: number;
}

export function packKeyId({ source, leaf, epochByte }: KeyId): number {
  return (SOURCES.indexOf(source) << (LEAF_BITS + EPOCH_BITS)) | (leaf << EPOCH_BITS) | epochByte;
}

/** Returns null for a number that no device of ours would use. */
export function unpackKeyId(kid: number): KeyId | null {
  const source = SOURCES[Math.floor(kid / 2 ** (LEAF_BITS + EPOCH_BITS))];
  if (source === undefined) return null;
  return { source, leaf: (kid >>> EPOCH_BITS) & LEAF_MASK, epochByte: kid & 0xff };
}

/** Returns the bit of a source in a set of sources. */
export function sourceBit(source: Source): number {
  return 1 << SOURCES.indexOf(source);
}

export interface Header {
  kid: number;
  counter: number;
  /** Bytes the header takes. */
  length: number;
}

/** Encodes a header (RFC 9605 section 4.3): each number below 8 in the config byte, others in as few bytes as they fit. */
export function encodeHeader(kid: number, counter: number): Uint8Array<ArrayBuffer> {
  const kidBytes = kid < 8 ? [] : bigEndian(kid);
  const counterBytes = counter < 8 ? [] : bigEndian(counter);
  const config =
    (kidBytes.length === 0 ? kid << 4 : 0x80 | ((kidBytes.length - 1) << 4)) |
    (counterBytes.length === 0 ? counter : 0x08 | (counterBytes.length - 1));
  return Uint8Array.from([config, ...kidBytes, ...counterBytes]);
}

/**
 * Reads the header at the start of `bytes`. Returns null if it is cut short, if a number takes more bytes than it
 * needs, or is too large for a JavaScript integer, which no honest counter reaches.
 */
export function parseHeader(bytes: Uint8Array): Header | null {
  const config = bytes[0];
  if (config === undefined) return null;
  const kid = field(bytes, 1, config >> 4);
  if (!kid) return null;
  const counter = field(bytes, kid.end, config);
  return counter && { kid: kid.value, counter: counter.value, length: counter.end };
}

/** Reads one number: its low three bits in `bits`, or its length less one if the fourth is set. */
function field(bytes: Uint8Array, start: number, bits: number): { value: number; end: number } | null {
  if ((bits & 0x08) === 0) return { value: bits & 0x07, end: start };
  const end = start + (bits & 0x07) + 1;
  const encoded = bytes.subarray(start, end);
  if (encoded.length < end - start) return null;
  const value = encoded.reduce((sum, byte) => sum * 256 + byte, 0);
  const canonical = encoded.length === 1 ? value >= 8 : encoded[0] !== 0;
  return canonical && Number.isSafeInteger(value) ? { value, end } : null;
}

function bigEndian(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return bytes;
}

/** The key and salt of one key id. */
export interface FrameKey {
  kid: number;
  key: CryptoKey;
  salt: Uint8Array;
}

/** Takes an epoch's base key, 16 bytes, into WebCrypto, from where it does not come out again. */
export function importBaseKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey', 'deriveBits']);
}

/** Derives what one key id encrypts with (RFC 9605 section 4.4.2). */
export async function deriveFrameKey(baseKey: CryptoKey, kid: number, usage: 'encrypt' | 'decrypt'): Promise<FrameKey> {
  const schedule = (label: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: keyInfo(label, kid),
  });
  const algorithm = { name: 'AES-GCM', length: KEY_BITS };
  const [key, salt] = await Promise.all([
    crypto.subtle.deriveKey(schedule('SFrame 1.0 Secret key '), baseKey, algorithm, false, [usage]),
    crypto.subtle.deriveBits(schedule('SFrame 1.0 Secret salt '), baseKey, NONCE_BYTES * 8),
  ]);
  return { kid, key, salt: new Uint8Array(salt) };
}

/** Label, key id in 8 bytes, suite in 2. */
function keyInfo(label: string, kid: number): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(label);
  const info = new Uint8Array(text.length + 10);
  info.set(text);
  const view = new DataView(info.buffer, text.length);
  view.setBigUint64(0, BigInt(kid));
  view.setUint16(8, SUITE);
  return info;
}

/** Encrypts a frame. Returns header, ciphertext and tag. A counter must never be used twice with a key. */
export async function seal(
  key: FrameKey,
  counter: number,
  metadata: Uint8Array,
  payload: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const header = encodeHeader(key.kid, counter);
  const sealed = await crypto.subtle.encrypt(parameters(key, counter, header, metadata), key.key, payload);
  return concat(header, new Uint8Array(sealed));
}

/** Decrypts what follows the header in `frame`. Returns null unless every byte is as it was sealed. */
export async function open(
  key: FrameKey,
  header: Header,
  metadata: Uint8Array,
  frame: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const authenticated = frame.subarray(0, header.length);
  try {
    const options = parameters(key, header.counter, authenticated, metadata);
    return new Uint8Array(await crypto.subtle.decrypt(options, key.key, frame.subarray(header.length)));
  } catch {
    // WebCrypto has one error for all: too short, forged, another key.
    return null;
  }
}

function parameters(key: FrameKey, counter: number, header: Uint8Array, metadata: Uint8Array): AesGcmParams {
  const iv = Uint8Array.from(key.salt);
  const view = new DataView(iv.buffer, NONCE_BYTES - 8);
  view.setBigUint64(0, view.getBigUint64(0) ^ BigInt(counter));
  return { name: 'AES-GCM', iv, additionalData: concat(header, metadata), tagLength: TAG_BYTES * 8 };
}

export function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

/** The counters of one key id that have been taken. Only authentic frames may be counted: others would close it. */
export class ReplayWindow {
  #newest = -1;
  /** By counter modulo the window: the counter that was taken there last. */
  readonly #taken = new Float64Array(REPLAY_WINDOW).fill(-1);

  /** Whether a frame with this counter is worth decrypting. */
  mayTake(counter: number): boolean {
    return counter > this.#newest - REPLAY_WINDOW && this.#taken[counter % REPLAY_WINDOW] !== counter;
  }

  /** Takes a counter. Returns false if it was taken before or is too old, so that of two copies one is refused. */
  take(counter: number): boolean {
    if (!this.mayTake(counter)) return false;
    this.#taken[counter % REPLAY_WINDOW] = counter;
    this.#newest = Math.max(this.#newest, counter);
    return true;
  }
}
