// How a person without a picture looks: initials on a colour of their own. The colour follows the participant's id
// and not the name, so that a copied name has another colour.

import type { ParticipantId } from '../../protocol/messages';

const COLOURS = 8;

/** Returns the number of the person's colour token, 1 to 8. Neighbouring ids get colours far apart. */
export function colourOf(id: ParticipantId): number {
  return ((id * 3) % COLOURS) + 1;
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
  for (const { segment } of new Intl.Segmenter().segment(word)) {
    if (/[\p{L}\p{N}]/u.test(segment)) return segment;
  }
  return '';
}
