// The words of this page, from the Fluent files beside this one, and in the same language those that it shares with the console.

import sharedHindi from '../../admin/shared/hi.ftl?raw';
import { speak as speakShared } from '../../admin/shared/text';
import sharedUrdu from '../../admin/shared/ur.ftl?raw';
import { Words } from '../../ui/strings/fluent';
import english from './en.ftl?raw';
import hindi from './hi.ftl?raw';
import type { TextKey } from './keys';
import urdu from './ur.ftl?raw';

interface Language {
  tag: string;
  direction: 'ltr' | 'rtl';
  source: string;
  /** The same for what is shared. */
  shared: string;
}
const ENGLISH: Language = { tag: 'en', direction: 'ltr', source: english, shared: '' };
const LANGUAGES: readonly Language[] = [
  ENGLISH,
  { tag: 'hi', direction: 'ltr', source: hindi, shared: sharedHindi },
  { tag: 'ur', direction: 'rtl', source: urdu, shared: sharedUrdu },
];

/** Returns the first of the reader's languages that there is, else English. */
export function languageFor(liked: readonly string[]): Language {
  for (const tag of liked) {
    const found = LANGUAGES.find((one) => one.tag === tag.split('-')[0]?.toLowerCase());
    if (found) return found;
  }
  return ENGLISH;
}

const words = new Words<TextKey>(english);

/** Returns the text of `key`, with `args` in its places. */
export const { t } = words;

/** Has the page speak a language. Before anything is shown: what is shown does not change. */
export function speak({ tag, source, shared }: Language): void {
  words.speak(tag, source);
  speakShared(tag, shared);
}
