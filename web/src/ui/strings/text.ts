// The words of the interface, from the Fluent files beside this one. A language is one `.ftl` file; the bundles are
// asked in order, English last, so that a half-finished translation never leaves a hole.

import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle';
import english from './en.ftl?raw';
import type { TextKey } from './keys';

const bundles: readonly FluentBundle[] = [bundleOf('en', english)];

/** Returns the text of `key` in the language of the interface, with `args` in its places. */
export function t(key: TextKey, args?: Record<string, FluentVariable>): string {
  for (const bundle of bundles) {
    const pattern = bundle.getMessage(key)?.value;
    // With a list for errors a missing argument shows as its name; without one, Fluent would throw in the middle of a call.
    if (pattern) return bundle.formatPattern(pattern, args, []);
  }
  return key;
}

function bundleOf(language: string, source: string): FluentBundle {
  const bundle = new FluentBundle(language);
  bundle.addResource(new FluentResource(source));
  return bundle;
}
