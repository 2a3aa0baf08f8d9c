import { describe, expect, it } from 'vitest';
import { bytesText, shareText } from './amounts';

describe('amounts', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1_500, '1.5 kB'],
    [25_000_000_000, '25 GB'],
    [5e15, '5,000 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it('a share of something is not nothing', () => {
    expect(shareText(0, 100)).toBe('0%');
    expect(shareText(1, 10_000)).toBe('0.1%');
    expect(shareText(1, 2)).toBe('50%');
    expect(shareText(1, 0)).toBe('0.1%');
  });
});
