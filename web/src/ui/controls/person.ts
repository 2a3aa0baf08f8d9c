// How a person without a picture looks: initials on a colour of their own. The colour follows the device's key, which
// is verified, and not the name, so that a copied name has another colour.

import type { DeviceKey } from '../../protocol/messages';
import { t } from '../strings/text';

const COLOURS = 8;
/** Of the person's own language; making one takes longer than all that it is asked. */
const graphemes = new Intl.Segmenter();

/** Returns the number of the colour token of whoever holds this key, 1 to 8. */
export function colourOf(device: DeviceKey): number {
  // Keys are random, so the sum spreads evenly. It need not resist anybody: it is for the eye, not for proof.
  let sum = 0;
  for (const letter of device) sum += letter.charCodeAt(0);
  return (sum % COLOURS) + 1;
}

/** Returns what to call a person; who has not said a name yet has only just come. */
export function nameOf(person: { name: string }): string {
  return person.name || t('person-joining');
}

/** Returns up to two letters: of the first and the last word, as people sign. Whole grapheme clusters, any script. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words;
  return chosen
    .map((word) => firstLetter(word ?? ''))
    .join('')
    .toLocaleUpperCase();
}

function firstLetter(word: string): string {
  for (const { segment } of graphemes.segment(word)) {
    if (/[\p{L}\p{N}]/u.test(segment)) return segment;
  }
  return '';
}
