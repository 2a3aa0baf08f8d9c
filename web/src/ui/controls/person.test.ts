import { describe, expect, it } from 'vitest';
import { colourOf, initialsOf } from './person';

describe('person', () => {
  it('initials are of the first and the last word', () => {
    expect(initialsOf('Asha Rao')).toBe('AR');
    expect(initialsOf('asha')).toBe('A');
    expect(initialsOf('Jean Luc de la Tour')).toBe('JT');
    expect(initialsOf('(guest) 7')).toBe('G7');
    expect(initialsOf('***')).toBe('');
  });

  it('initials keep a letter with its vowel sign', () => {
    expect(initialsOf('किरण बेदी')).toBe('किबे');
  });

  it('colours are tokens and neighbours differ', () => {
    const colours = Array.from({ length: 24 }, (_, id) => colourOf(id));

    expect(new Set(colours)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8]));
    expect(colours.every((colour, id) => colour !== colours[id + 1])).toBe(true);
  });
});
