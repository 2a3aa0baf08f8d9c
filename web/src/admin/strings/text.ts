// The words of this page, from the Fluent file beside this one and from those that the bulletin's desk shares: not those of the
// call, which is another page.

import { Words } from '../../ui/strings/fluent';
import sharedEnglish from '../shared/en.ftl?raw';
import type { TextKey as SharedKey } from '../shared/keys';
import english from './en.ftl?raw';
import type { TextKey } from './keys';

/** Returns the text of `key`, with `args` in its places. */
export const { t } = new Words<TextKey | SharedKey>(english, sharedEnglish);
