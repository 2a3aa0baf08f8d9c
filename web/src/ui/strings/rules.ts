// The sentence that explains a rule to whom it refuses.

import type { Rule } from '../../protocol/messages';
import type { TextKey } from './keys';
import { t } from './text';

/** Returns the key of the sentence that explains a rule. */
export function ruleKey(rule: Rule): TextKey {
  return `rule-${rule.toLowerCase().replaceAll('.', '-')}` as TextKey;
}

/** Returns the sentence that explains a rule; null for one that nobody meets in a call. */
export function ruleSentence(rule: Rule): string | null {
  const key = ruleKey(rule);
  const text = t(key);
  return text === key ? null : text;
}
