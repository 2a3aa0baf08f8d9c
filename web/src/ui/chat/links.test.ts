import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { piecesOf } from './links';

const links = (text: string) => piecesOf(text).flatMap(({ text: shown, href }) => (href === null ? [] : [shown]));

describe('links in chat', () => {
  it('https is a link, with what stands around it as text', () => {
    expect(piecesOf('See https://example.org/a?b=c#d, please.')).toEqual([
      { text: 'See ', href: null },
      { text: 'https://example.org/a?b=c#d', href: 'https://example.org/a?b=c#d' },
      { text: ', please.', href: null },
    ]);
  });

  it('no other scheme, file share or bare host is a link', () => {
    for (const text of [
      'http://example.org',
      'javascript:alert(1)',
      'data:text/html,x',
      'file:///etc/passwd',
      '\\\\server\\share\\a.exe',
      'ms-msdt:/id',
      'ms-word:ofe|u|https://evil.example/x.docx',
      'view-source:https://evil.example/',
      'example.org',
      'https://',
      'https:example.org',
    ]) {
      expect(links(text), text).toEqual([]);
    }
  });

  it('a name that poses as the host is not a link', () => {
    expect(links('https://bank.example@evil.example/')).toEqual([]);
    expect(links('https://bank.example:443@evil.example/')).toEqual([]);
    expect(links('https://example.org/@asha')).toEqual(['https://example.org/@asha']);
  });

  it('what ends a sentence does not end up in the link', () => {
    expect(links('(https://example.org/a)')).toEqual(['https://example.org/a']);
    expect(links('https://example.org/wiki/Sabha_(assembly).')).toEqual(['https://example.org/wiki/Sabha_(assembly)']);
    expect(links('"https://example.org/"')).toEqual(['https://example.org/']);
    expect(links('https://a.example/ https://b.example/')).toHaveLength(2);
  });

  it('pieces put together are the text, and every link is https', () => {
    const text = fc.array(
      fc.oneof(fc.string(), fc.constantFrom('https://', 'http://', 'example.org', '@', '(', ')', '\\', ' ', '\n')),
    );

    fc.assert(
      fc.property(text, (parts) => {
        const whole = parts.join('');
        const pieces = piecesOf(whole);
        expect(pieces.map((piece) => piece.text).join('')).toBe(whole);
        for (const { href } of pieces) if (href !== null) expect(href.startsWith('https://')).toBe(true);
      }),
    );
  });

  it('a host whose letters pass for those of another stays text, one in its own script is a link', () => {
    for (const text of ['https://b\u0430nk.example/', 'https://\u0430\u0440\u0440\u04CF\u0435.example/a']) {
      expect(links(text), text).toEqual([]);
    }
    expect(links('https://भारत.example/a')).toEqual(['https://भारत.example/a']);
    expect(links('https://bücher.example/')).toEqual(['https://bücher.example/']);
  });
});
