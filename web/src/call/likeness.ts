// Whether two names can be taken for each other by who reads them. Names prove nothing, and anybody may have the same:
// what looks like somebody else's is marked, so that nobody passes for the host by it.
//
// After Unicode Technical Standard 39, section 4: names are alike if their skeletons are equal. The table holds the letters of
// Greek, Cyrillic, Armenian and Cherokee, and the digits, that are drawn like Latin ones; width, case and style of letters,
// accents and what cannot be seen do not count. Marks of other scripts do: in Devanagari they are vowels.

import type { ParticipantId } from '../protocol/messages';
import type { Person } from './state';

/** Groups of characters that look alike, in lower case and decomposed. The first stands for all. */
const ALIKE = [
  'aаαɑ',
  'bЬьвβϐƅᏼ',
  'cсϲⅽᴄ',
  'dԁⅾժ',
  'eеєεҽℯɛ',
  'fϝք',
  'gɡցԍ',
  'hһнᏂ',
  'iіιı1l|ӏɩⅼ׀ⵏḷɭ',
  'jјϳ',
  'kкκĸ',
  'mмⅿ',
  'nηոп',
  'oоοσօ0ө৹౦०০੦૦೦൦๐໐ഠ',
  'pрρϱ⍴',
  'qԛգ',
  'rгᴦ',
  'sѕʂꜱ5',
  'tтτᴛ',
  'uսυμʋᴜ',
  'vѵνᴠ',
  'wԝωшѡա',
  'xхχ×',
  'yуγүʏ',
  'zᴢ',
];

/** Greek capitals are drawn like Latin ones of which their small letters are not. */
const CAPITALS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    Α: 'a',
    Β: 'b',
    Ε: 'e',
    Ζ: 'z',
    Η: 'h',
    Ι: 'i',
    Κ: 'k',
    Μ: 'm',
    Ν: 'n',
    Ο: 'o',
    Ρ: 'p',
    Τ: 't',
    Υ: 'y',
    Χ: 'x',
  }),
);

const STANDS_FOR: ReadonlyMap<string, string> = new Map(
  ALIKE.flatMap((group) => {
    const [first = '', ...others] = Array.from(group);
    return others.map((other) => [other, first] as const);
  }),
);

/** What cannot be seen, and marks that belong to no script of their own: accents, and what is piled upon letters. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\p{sc=Zinh}]/gu;
/** Two letters that are drawn as one, and the one. */
const PAIRS = [
  [/rn/g, 'm'],
  [/vv/g, 'w'],
  [/cl/g, 'd'],
] as const;

/** Names that were looked at, with what is left of them; as many as a full room has of people and of those who wait. */
const KNOWN_MAX = 256;
const known = new Map<string, string>();

/** Returns what is left of a name for the eye: two names that look alike have the same. */
export function skeleton(name: string): string {
  let left = known.get(name);
  if (left === undefined) {
    left = bare(name);
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(name, left);
  }
  return left;
}

function bare(name: string): string {
  const seen = name.normalize('NFKD').replace(UNSEEN, '');
  const small = Array.from(seen, (letter) => CAPITALS.get(letter) ?? letter.toLowerCase()).join('');
  const plain = small.normalize('NFKD').replace(UNSEEN, '');
  // A pair is one only as it was typed: "cl" is drawn like "d", an "l" that stands for "1" is not meant.
  const joined = PAIRS.reduce((text, [pair, one]) => text.replace(pair, one), plain);
  const letters = Array.from(joined, (letter) => STANDS_FOR.get(letter) ?? letter);
  return letters
    .join('')
    .replace(/[\p{White_Space}\p{P}]+/gu, ' ')
    .trim();
}

/**
 * Returns who of these has a name that looks like another's. Of a host and somebody who is none only the latter: the host is
 * the one who is imitated.
 */
export function lookalikes(people: readonly Pick<Person, 'id' | 'name' | 'role'>[]): ReadonlySet<ParticipantId> {
  const byName = new Map<string, Pick<Person, 'id' | 'name' | 'role'>[]>();
  for (const person of people) {
    if (person.name === '') continue;
    const key = skeleton(person.name);
    byName.set(key, [...(byName.get(key) ?? []), person]);
  }
  const found = new Set<ParticipantId>();
  for (const same of byName.values()) {
    if (same.length < 2) continue;
    const hasHost = same.some(({ role }) => role === 'host');
    const hosts = same.filter(({ role }) => role === 'host').length;
    for (const { id, role } of same) {
      if (!hasHost || role !== 'host' || hosts > 1) found.add(id);
    }
  }
  return found;
}

/** Returns whether the name of somebody who knocks looks like that of one who is in. */
export function looksLikeOneOf(name: string, people: readonly Pick<Person, 'name'>[]): boolean {
  const key = skeleton(name);
  return people.some((person) => person.name !== '' && skeleton(person.name) === key);
}
