import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  concat,
  deriveFrameKey,
  encodeHeader,
  importBaseKey,
  open,
  packKeyId,
  parseHeader,
  REPLAY_WINDOW,
  ReplayWindow,
  seal,
  unpackKeyId,
} from './sframe';

interface Vectors {
  header: { kid: number; ctr: number; encoded: string }[];
  sframe: {
    cipher_suite: number;
    kid: number;
    ctr: number;
    base_key: string;
    sframe_salt: string;
    metadata: string;
    pt: string;
    ct: string;
  }[];
}

const folder = process.env.SABHA_VECTORS ?? join(import.meta.dirname, '../../../../shared/vectors');
const path = join(folder, 'sframe/test-vectors.json');
const vectors: Vectors | null = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Vectors) : null;
if (!vectors) console.info(`skipped: the published vectors of RFC 9605 are not at ${path}`);

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex');
const key = async (usage: 'encrypt' | 'decrypt', kid = 0x123, base = bytes('000102030405060708090a0b0c0d0e0f')) =>
  deriveFrameKey(await importBaseKey(base), kid, usage);

describe.skipIf(!vectors)('published vectors of RFC 9605', () => {
  it('headers are those of the vectors, except with numbers that nobody counts to', () => {
    expect(vectors?.header.length).toBeGreaterThan(200);
    for (const { kid, ctr, encoded } of vectors?.header ?? []) {
      const parsed = parseHeader(bytes(encoded));
      if (Number.isSafeInteger(kid) && Number.isSafeInteger(ctr)) {
        expect(hex(encodeHeader(kid, ctr))).toBe(encoded);
        expect(parsed).toEqual({ kid, counter: ctr, length: encoded.length / 2 });
      } else {
        expect(parsed, encoded).toBeNull();
      }
    }
  });

  it('suite 4 derives the same key and salt and makes the same frame', async () => {
    const found = vectors?.sframe.find(({ cipher_suite }) => cipher_suite === 4);
    if (!found) throw new Error('the vectors have suite 4');
    const { kid, ctr, ct } = found;
    const base = bytes(found.base_key);
    const [metadata, payload] = [bytes(found.metadata), bytes(found.pt)];

    const sealed = await seal(await key('encrypt', kid, base), ctr, metadata, payload);
    expect(hex(sealed)).toBe(ct);
    const opening = await key('decrypt', kid, base);
    expect(hex(opening.salt)).toBe(found.sframe_salt);
    const header = parseHeader(sealed);
    const opened = header && (await open(opening, header, metadata, sealed));
    expect(opened && hex(opened)).toBe(found.pt);
  });
});

describe('header', () => {
  const number = fc.oneof(fc.nat(300), fc.maxSafeNat());

  it('what was encoded is read back, and bytes behind it do not matter', () => {
    fc.assert(
      fc.property(number, number, fc.uint8Array({ maxLength: 20 }), (kid, counter, rest) => {
        const encoded = encodeHeader(kid, counter);
        expect(parseHeader(concat(encoded, rest))).toEqual({ kid, counter, length: encoded.length });
      }),
    );
  });

  it('bytes from anywhere are read as one header only, or as none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (input) => {
        const header = parseHeader(input);
        if (!header) return;
        expect(hex(encodeHeader(header.kid, header.counter))).toBe(hex(input.subarray(0, header.length)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('key id', () => {
  it('tells source, leaf and epoch apart', () => {
    expect(packKeyId({ source: 'camera', leaf: 2, epochByte: 3 })).toBe(0x1000203);
    expect(packKeyId({ source: 'screen_audio', leaf: 0xffff, epochByte: 0xff })).toBe(0x3ffffff);
    expect(unpackKeyId(0x3ffffff)).toEqual({ source: 'screen_audio', leaf: 0xffff, epochByte: 0xff });
    expect(unpackKeyId(0x0000107)).toEqual({ source: 'microphone', leaf: 1, epochByte: 7 });
  });

  it('a source that does not exist is no key id', () => {
    expect(unpackKeyId(0x4000000)).toBeNull();
    expect(unpackKeyId(2 ** 40 + 1)).toBeNull();
  });
});

describe('frame', () => {
  const payload = Uint8Array.from({ length: 100 }, (_, index) => index);
  const metadata = Uint8Array.of(0x31);

  it('every byte is authentic: header, clear prefix, ciphertext and tag', async () => {
    const opening = await key('decrypt');
    const sealed = await seal(await key('encrypt'), 9, metadata, payload);
    const header = parseHeader(sealed);
    if (!header) throw new Error('sealed frames have a header');

    expect(await open(opening, header, metadata, sealed)).toEqual(payload);
    expect(await open(opening, header, Uint8Array.of(0x30), sealed)).toBeNull();
    for (let index = 0; index < sealed.length; index++) {
      const forged = sealed.slice();
      forged[index] = (forged[index] ?? 0) ^ 1;
      expect(await open(opening, header, metadata, forged), `byte ${index}`).toBeNull();
    }
    expect(await open(opening, header, metadata, sealed.subarray(0, sealed.length - 1))).toBeNull();
    expect(await open(opening, header, metadata, sealed.subarray(0, header.length + 3))).toBeNull();
  });

  it('a frame of another key id or another base key does not open', async () => {
    const sealed = await seal(await key('encrypt'), 9, metadata, payload);
    const header = parseHeader(sealed);
    if (!header) throw new Error('sealed frames have a header');

    expect(await open(await key('decrypt', 0x124), header, metadata, sealed)).toBeNull();
    expect(await open(await key('decrypt', 0x123, new Uint8Array(16)), header, metadata, sealed)).toBeNull();
  });

  it('keys cannot be taken out of the browser', async () => {
    const { key: frameKey } = await key('encrypt');

    expect(frameKey.extractable).toBe(false);
    expect((await importBaseKey(new Uint8Array(16))).extractable).toBe(false);
  });
});

describe('replay window', () => {
  it('takes every counter once, in any order within the window', () => {
    const window = new ReplayWindow();

    expect([5, 3, 4, 0].map((counter) => window.take(counter))).toEqual([true, true, true, true]);
    expect([5, 3, 4, 0].map((counter) => window.take(counter))).toEqual([false, false, false, false]);
    expect(window.mayTake(1)).toBe(true);
  });

  it('what is older than the window is refused', () => {
    const window = new ReplayWindow();
    window.take(5000);

    expect(window.take(5000 - REPLAY_WINDOW)).toBe(false);
    expect(window.take(5001 - REPLAY_WINDOW)).toBe(true);
  });

  it('agrees with a set that forgets nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { maxLength: 400 }), (counters) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let newest = -1;
        for (const counter of counters) {
          const fresh = !seen.has(counter) && counter > newest - REPLAY_WINDOW;
          expect(window.take(counter)).toBe(fresh);
          if (fresh) seen.add(counter);
          newest = Math.max(newest, fresh ? counter : -1);
        }
      }),
    );
  });
});
