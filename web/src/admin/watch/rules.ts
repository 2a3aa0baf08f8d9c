// What a rule refuses, in the words of the call where it has them, else in those of this page.

import type { Rule } from '../../protocol/messages';
import { ruleSentence } from '../../ui/strings/rules';
import { ruleText } from '../shared/rules';
import { t } from '../shared/text';

/** Returns a sentence for `rule`, as who was refused by it has read it. */
export function refusedText(rule: Rule): string {
  return ruleSentence(rule) ?? ruleText(rule) ?? t('refused-by', { rule });
}
