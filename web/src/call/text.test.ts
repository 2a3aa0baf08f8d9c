import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lines, oneLine } from './text';

describe('text', () => {
  it('is trimmed and bounded by characters, not by halves of them', () => {
    expect(oneLine('  Asha \n', 64)).toBe('Asha');
    expect(oneLine('a\nb\tc', 64)).toBe('a b c');
    expect(oneLine('😀😀😀', 2)).toBe('😀😀');
    expect(lines(' one\r\ntwo\rthree\n', 64)).toBe('one\ntwo\nthree');
  });

  it('cannot reverse, break or hide what stands around it', () => {
    for (const text of ['a\u202Eb', 'a\u2066b', 'a\u0000b', 'a\u2028b', '\uFEFFab']) {
      expect(oneLine(text, 64)).toBe('ab');
      expect(lines(text, 64)).toBe('ab');
    }
  });

  it('keeps joiners within a word, as Indic scripts and emoji need them', () => {
    for (const text of ['ক্ষমা', 'می\u200Cخواهم', '👩\u200D👩\u200D👧']) expect(oneLine(text, 64)).toBe(text);
  });

  it('of which nothing can be seen is none', () => {
    for (const text of ['', '  ', '\n', '\u200B\u200D', '\u3164', '\u202E']) {
      expect(oneLine(text, 64)).toBeNull();
      expect(lines(text, 64)).toBeNull();
    }
  });

  it('once accepted stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (text, max) => {
        for (const accept of [oneLine, lines]) {
          const once = accept(text, max);
          if (once !== null) expect(accept(once, max)).toBe(once);
        }
      }),
    );
  });
});
