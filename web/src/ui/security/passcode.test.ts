import { describe, expect, it } from 'vitest';
import { isTooShort, newPasscode, passcodeOf } from './passcode';

describe('passcode', () => {
  it('has eight letters in two groups', () => {
    expect(passcodeOf(new Uint8Array([0, 1, 2, 3, 28, 29, 30, 31]))).toBe('2345-WXYZ');
    expect(newPasscode()).toMatch(/^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/);
  });

  it('every letter comes up as often as any other: 256 bytes make each eight times', () => {
    const letters = Array.from({ length: 32 }, (_, row) =>
      passcodeOf(Uint8Array.from({ length: 8 }, (_, column) => row * 8 + column)).replace('-', ''),
    ).join('');
    const counts = new Map<string, number>();
    for (const letter of letters) counts.set(letter, (counts.get(letter) ?? 0) + 1);

    expect(counts.size).toBe(32);
    expect([...counts.values()].every((count) => count === 8)).toBe(true);
  });

  it("blanks and hyphens add nothing to a passcode of one's own", () => {
    expect(isTooShort('a - b - c')).toBe(true);
    expect(isTooShort('मानसून')).toBe(false);
    expect(isTooShort('blue 42')).toBe(false);
  });
});
