// What a person typed, made into what the protocol takes (crates/protocol/src/text.rs): trimmed, bounded, and without
// the characters by which a text could reverse, break or hide what stands around it.
//
// They are left out rather than refused: nobody types them on purpose, and a pasted text should not be lost for one.

/** Control characters, half characters, separators, and bidirectional overrides and isolates (UAX #9). */
const UNSAFE = /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069\uFEFF]/gu;
const UNSAFE_IN_LINES = /(?![\n\t])[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069\uFEFF]/gu;
/** Text of these alone shows nothing. */
const INVISIBLE = /^[\p{White_Space}\u200B-\u200F\u2060-\u2064\u00AD\u115F\u1160\u3164]*$/u;

/** Returns `text` on one line, cut to `charsMax` characters; null if nothing of it can be seen. */
export function oneLine(text: string, charsMax: number): string | null {
  return bounded(text.replace(/[\n\t]/g, ' ').replace(UNSAFE, ''), charsMax);
}

/** Returns `text` with its line breaks, cut to `charsMax` characters; null if nothing of it can be seen. */
export function lines(text: string, charsMax: number): string | null {
  return bounded(text.replace(/\r\n?/g, '\n').replace(UNSAFE_IN_LINES, ''), charsMax);
}

/** A character is a Unicode scalar value, as the server counts. */
function bounded(text: string, charsMax: number): string | null {
  const cut = Array.from(text.trim()).slice(0, charsMax).join('').trim();
  return INVISIBLE.test(cut) ? null : cut;
}
