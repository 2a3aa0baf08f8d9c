import { describe, expect, it } from 'vitest';
import { INVITED_MAX, readInvited } from './invited';

describe('who is invited', () => {
  it('is read however the addresses are apart, each once', () => {
    expect(readInvited(' Ben@example.org, <chand@example.org>;\ndora+work@example.org ben@example.org ')).toEqual({
      addresses: ['ben@example.org', 'chand@example.org', 'dora+work@example.org'],
    });
    expect(readInvited('  ')).toEqual({ addresses: [] });
  });

  it('names the first that is no address', () => {
    for (const wrong of ['ben', '@example.org', 'ben@', 'a@b@c', 'mailto:a@b', 'a\u202E@b', `${'a'.repeat(253)}@b`]) {
      expect(readInvited(`ok@example.org, ${wrong}`)).toEqual({ wrong: wrong.slice(0, 64) });
    }
  });

  it('has a bound', () => {
    const many = Array.from({ length: INVITED_MAX + 1 }, (_, index) => `a${index}@example.org`);

    expect(readInvited(many.join('\n'))).toEqual({ tooMany: true });
    expect(readInvited(many.slice(1).join('\n'))).toHaveProperty('addresses');
  });
});
