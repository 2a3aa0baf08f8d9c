// The words of this page, from the Fluent files beside this one. The bundles are asked in order, English last, so that a
// translation that is not finished never leaves a hole.

import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle';
import english from './en.ftl?raw';
import hindi from './hi.ftl?raw';
import type { TextKey } from './keys';
import urdu from './ur.ftl?raw';

interface Language {
  tag: string;
  direction: 'ltr' | 'rtl';
  source: string;
}
const LANGUAGES: readonly Language[] = [
  { tag: 'en', direction: 'ltr', source: english },
  { tag: 'hi', direction: 'ltr', source: hindi },
  { tag: 'ur', direction: 'rtl', source: urdu },
];

/** Returns the first of the reader's languages that there is, else English. */
export function languageFor(liked: readonly string[]): Language {
  const [fallback] = LANGUAGES;
  if (!fallback) throw new Error('there is no language');
  for (const tag of liked) {
    const found = LANGUAGES.find((one) => one.tag === tag.split('-')[0]?.toLowerCase());
    if (found) return found;
  }
  return fallback;
}

let bundles = [bundleOf('en', english)];

/** Has the page speak a language. Before anything is shown: what is shown does not change. */
export function speak(language: Language): void {
  const own = language.tag === 'en' ? [] : [bundleOf(language.tag, language.source)];
  bundles = [...own, bundleOf('en', english)];
}

/** Returns the text of `key`, with `args` in its places. */
export function t(key: TextKey, args?: Record<string, FluentVariable>): string {
  for (const bundle of bundles) {
    const pattern = bundle.getMessage(key)?.value;
    // With a list for errors a missing argument shows as its name; without one, Fluent would throw.
    if (pattern) return bundle.formatPattern(pattern, args, []);
  }
  return key;
}

function bundleOf(language: string, source: string): FluentBundle {
  const bundle = new FluentBundle(language);
  bundle.addResource(new FluentResource(source));
  return bundle;
}
