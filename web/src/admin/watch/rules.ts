// What a rule refuses, in the words of the call where it has them, else in those of this page.

import type { Rule } from '../../protocol/messages';
import { ruleKey } from '../../ui/notices/words';
import { t as callText } from '../../ui/strings/text';
import { ruleText } from '../strings/words';

/** Returns a sentence for `rule`, as who was refused by it has read it. */
export function refusedText(rule: Rule): string {
  const key = ruleKey(rule);
  const text = callText(key);
  return text === key ? ruleText(rule) : text;
}
