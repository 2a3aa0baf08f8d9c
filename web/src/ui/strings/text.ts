// The words of the interface, from the Fluent files beside this one. A language is one `.ftl` file.

import english from './en.ftl?raw';
import { Words } from './fluent';
import type { TextKey } from './keys';

/** Returns the text of `key` in the language of the interface, with `args` in its places. */
export const { t } = new Words<TextKey>(english);
