import { describe, expect, it } from 'vitest';
import { bytesOf } from '../call/material';
import { limits } from '../protocol/messages';
import { pictureType, prepareFile, prepareText } from './material';

const textOf = (prepared: unknown) => new TextDecoder().decode(bytesOf((prepared as { content: string }).content));

describe('restricted material', () => {
  it('text is shown as it stands, and an advisory is known by what is in it', () => {
    const text = prepareText('राज़\n<script>alert(1)</script>');
    expect(text).toMatchObject({ kind: 'text' });
    expect(textOf(text)).toBe('राज़\n<script>alert(1)</script>');
    expect(prepareText('{"document": {"title": "x"}}')).toMatchObject({ kind: 'csaf' });
    for (const other of ['{"a": 1}', '["document"]', '"document"', 'null', '{"document"']) {
      expect(prepareText(other)).toMatchObject({ kind: 'text' });
    }
  });

  it('nothing, too much and what is no text are refused', async () => {
    expect(prepareText(' \n')).toBe('empty');
    expect(prepareText('a\0b')).toBe('unknown_type');
    expect(prepareText('a'.repeat(limits.materialTextBytesMax))).toMatchObject({ kind: 'text' });
    expect(prepareText('é'.repeat(limits.materialTextBytesMax / 2 + 1))).toBe('too_large');
    expect(await prepareFile(new Blob([]))).toBe('empty');
    expect(await prepareFile(new Blob([Uint8Array.of(0xff, 0xfe, 0x41)]))).toBe('unknown_type');
    expect(await prepareFile(new Blob(['%PDF-1.7\0']))).toBe('unknown_type');
    expect(await prepareFile(new Blob(['words']))).toMatchObject({ kind: 'text' });
  });

  it('a picture is what begins as one, and what only begins so is refused', async () => {
    expect(pictureType(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d))).toBe('image/png');
    expect(pictureType(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0))).toBe('image/jpeg');
    expect(pictureType(new TextEncoder().encode('<svg xmlns='))).toBeNull();
    expect(pictureType(new TextEncoder().encode('GIF89a'))).toBeNull();
    expect(await prepareFile(new Blob([Uint8Array.of(0xff, 0xd8, 0xff)]))).toBe('unknown_type');
  });
});
