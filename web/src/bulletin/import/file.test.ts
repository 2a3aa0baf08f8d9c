import { describe, expect, it } from 'vitest';
import { imported, importFile, importPath } from './file';

describe('a file that is imported', () => {
  it('is said to be prose by the end of its name, and else nothing', () => {
    expect(importPath('CIAD-2026-0001.TXT')).toBe('bulletin/import?from=text');
    expect(importPath('a.b.html')).toBe('bulletin/import?from=html');
    expect(importPath('bundle.json')).toBe('bulletin/import');
    expect(importPath('html')).toBe('bulletin/import');
    expect(importPath('constructor')).toBe('bulletin/import');
  });

  it('is refused by its rule before it travels if it is too long, and nothing is kept', async () => {
    const long = new File([new Uint8Array(4 * 1024 * 1024 + 1)], 'long.txt');
    await expect(importFile(long)).rejects.toMatchObject({ rule: 'BULLETIN.CONTENT' });
    expect(imported()).toBeNull();
  });
});
