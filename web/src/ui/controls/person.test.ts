import { describe, expect, it } from 'vitest';
import { colourOf, initialsOf, nameOf } from './person';

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

  it("the colour is of the key, and every colour is somebody's", () => {
    const keys = Array.from({ length: 400 }, (_, index) => btoa(String(index * 7919)));

    expect(new Set(keys.map(colourOf))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8]));
    expect(colourOf('k3y')).toBe(colourOf('k3y'));
  });

  it('who has not said a name yet is joining', () => {
    expect(nameOf({ name: 'Asha' })).toBe('Asha');
    expect(nameOf({ name: '' })).toBe('Joining…');
  });
});
