// The words of this page, from the Fluent file beside this one: not those of the call, which is another page.

import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle';
import english from './en.ftl?raw';
import type { TextKey } from './keys';

const bundle = new FluentBundle('en');
bundle.addResource(new FluentResource(english));

/** Returns the text of `key`, with `args` in its places. */
export function t(key: TextKey, args?: Record<string, FluentVariable>): string {
  const pattern = bundle.getMessage(key)?.value;
  // With a list for errors a missing argument shows as its name; without one, Fluent would throw.
  return pattern ? bundle.formatPattern(pattern, args, []) : key;
}
