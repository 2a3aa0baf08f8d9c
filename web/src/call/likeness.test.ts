import { describe, expect, it } from 'vitest';
import { lookalikes, looksLikeOneOf, skeleton } from './likeness';

describe('names that look alike', () => {
  it.each([
    ['Asha', 'Аѕһа', 'Cyrillic'],
    ['Asha', 'ΑSHA', 'a Greek capital'],
    ['Asha', 'A\u200Bsha', 'a zero-width space'],
    ['Asha', 'As\u0301ha\u0300', 'accents'],
    ['Asha', 'Ａｓｈａ', 'full width'],
    ['Asha', '𝐀𝐬𝐡𝐚', 'mathematical bold'],
    ['Asha', ' asha. ', 'case, blanks, a full stop'],
    ['Paul', 'PauI', 'a capital I for l'],
    ['Bo', 'B0', 'a zero'],
    ['Nina', 'Νina', 'a Greek capital whose small letter is another'],
    ['Hari', 'Ηari', 'another'],
    ['Tom', 'Torn', 'rn for m'],
    ['Asha', 'Asha\u{E0061}', 'a tag character'],
  ])('%s and %s: %s', (one, other) => {
    expect(skeleton(other)).toBe(skeleton(one));
  });

  it.each([
    ['Asha', 'Ashu'],
    ['राम', 'रमा'],
    ['कमल', 'कमला'],
    ['Anna', 'Hanna'],
    ['李', '季'],
    ['Ben', 'Den'],
  ])('%s and %s are two names', (one, other) => {
    expect(skeleton(other)).not.toBe(skeleton(one));
  });

  it('mark who is no host, and of equals everybody', () => {
    const person = (id: number, name: string, role: 'host' | 'participant') => ({ id, name, role });
    const people = [person(1, 'Asha', 'host'), person(2, 'Аsha', 'participant'), person(3, 'Ben', 'participant')];
    expect([...lookalikes(people)]).toEqual([2]);
    const equals = [person(1, 'Ben', 'participant'), person(2, 'ben', 'participant')];
    expect([...lookalikes(equals)]).toEqual([1, 2]);
    expect([...lookalikes([person(1, '', 'participant'), person(2, '', 'host')])]).toEqual([]);
  });

  it('are seen before somebody is let in', () => {
    expect(looksLikeOneOf('Αѕha', [{ name: 'Asha' }])).toBe(true);
    expect(looksLikeOneOf('Ben', [{ name: 'Asha' }])).toBe(false);
  });

  it('are compared quickly however they are written', () => {
    const began = performance.now();
    skeleton(`A${'\u0301'.repeat(64_000)}`);
    expect(performance.now() - began).toBeLessThan(500);
  });
});
