// The words of what the console and the bulletin's desk share: the way in, why something was refused, what cannot be taken back.
// The console speaks English; the desk has them speak the reader's language.

import { Words } from '../../ui/strings/fluent';
import english from './en.ftl?raw';
import type { TextKey } from './keys';

const words = new Words<TextKey>(english);

/** Returns the text of `key`, with `args` in its places. */
export const { t } = words;

/** Has them speak a language. Before anything is shown. */
export const speak = (tag: string, source: string) => words.speak(tag, source);
