// Why the server refused something, by the rule that it names.

import type { Rule } from '../../protocol/messages';
import type { TextKey } from './keys';
import { t } from './text';

/** Returns what a rule means, in the reader's language; null for one that has no sentence here. */
export function ruleText(rule: Rule): string | null {
  const key = `rule-${rule.toLowerCase().replace(/[._]/g, '-')}`;
  const said = t(key as TextKey);
  return said === key ? null : said;
}
