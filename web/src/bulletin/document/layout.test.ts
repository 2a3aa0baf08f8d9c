import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Layout, layout, layoutOf } from './layout';

const vectors = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../../crates/advisory/src/layout/vectors.json', import.meta.url)), 'utf8'),
) as { name: string; content: unknown; layout: Layout }[];

describe('layout of an advisory', () => {
  it.each(vectors)('$name', ({ content, layout: expected }) => {
    expect(layoutOf(content)).toEqual(expected);
  });

  it('what is no document has an empty layout', () => {
    for (const nothing of ['', 'null', '[]', '7', '{"document":7}', '{']) {
      expect(layout(nothing)).toEqual(layoutOf(undefined));
      expect(layout(nothing).sections).toEqual([]);
    }
  });
});
