import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare, differences } from './diff';
import { layoutOf } from './layout';

const document = (title: string, ...texts: string[]) =>
  layoutOf({ document: { title, notes: texts.map((text) => ({ category: 'summary', text })) } });

describe('difference of revisions', () => {
  it('names the sections that differ, with what went before what came', () => {
    expect(differences(document('One', 'a\nb\nc'), document('One', 'a\nx\nc'))).toEqual([
      {
        part: 'overview',
        lines: [
          { kind: 'same', text: 'a' },
          { kind: 'removed', text: 'b' },
          { kind: 'added', text: 'x' },
          { kind: 'same', text: 'c' },
        ],
      },
    ]);
    expect(differences(document('One', 'a'), document('Two', 'a')).map(({ part }) => part)).toEqual([null]);
    expect(differences(document('One', 'a'), document('One', 'a'))).toEqual([]);
  });

  it('whatever changed, both texts can be read out of it', () => {
    const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const lines = compare(before, after);
        const read = (kind: string) => lines.filter((line) => line.kind !== kind).map(({ text }) => text);
        expect(read('added')).toEqual(before);
        expect(read('removed')).toEqual(after);
      }),
    );
  });

  it('texts without end are shown as replaced and cost no time', () => {
    const long = Array.from({ length: 5000 }, (_, at) => String(at));
    expect(compare(long, [...long]).every(({ kind }) => kind === 'same')).toBe(true);
    expect(compare(long, long.slice(1)).length).toBe(9999);
  });
});
