// A passcode that is easy to say and hard to guess.

/** Thirty-two letters and digits that look and sound unlike each other: no O beside 0, no I beside 1. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
const LETTERS = 8;
/** Fewest letters of a passcode of one's own: guesses are counted, so it need not resist a machine. */
const LETTERS_MIN = 6;

/** Returns a passcode of 40 bits in the form XXXX-XXXX. `random` are 8 random bytes. */
export function passcodeOf(random: Uint8Array): string {
  const letters = Array.from(random.subarray(0, LETTERS), (byte) => ALPHABET[byte % ALPHABET.length]);
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`;
}

/** Returns a new passcode, by the browser's generator. */
export function newPasscode(): string {
  return passcodeOf(crypto.getRandomValues(new Uint8Array(LETTERS)));
}

/** Returns whether a passcode of one's own is too short. Blanks and hyphens do not count, as when it is proven. */
export function isTooShort(passcode: string): boolean {
  return [...passcode.replace(/[\s-]/gu, '')].length < LETTERS_MIN;
}
