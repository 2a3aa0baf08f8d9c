import { describe, expect, it } from 'vitest';
import { blocks } from './prose';

describe('prose', () => {
  it('lists are what begins every line like one', () => {
    const text = 'Do this:\n\n- one\n- two\r\n\r\n1. first\n2) second\n\n- not\na list\n\n\n2026 was a year';
    expect(blocks(text)).toEqual([
      { kind: 'paragraph', text: 'Do this:' },
      { kind: 'bullets', items: ['one', 'two'] },
      { kind: 'numbers', items: ['first', 'second'] },
      { kind: 'paragraph', text: '- not\na list' },
      { kind: 'paragraph', text: '2026 was a year' },
    ]);
    expect(blocks(' \n ')).toEqual([]);
  });
});
