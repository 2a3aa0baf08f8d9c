// Words of a page from its Fluent files. The bundles are asked in order, English last, so that a translation that is not finished
// never leaves a hole.

import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle';

export class Words<Key extends string> {
  readonly #english: FluentBundle;
  #bundles: readonly FluentBundle[];

  /** `english` are Fluent files that are read as one. */
  constructor(...english: readonly string[]) {
    this.#english = bundleOf('en', english);
    this.#bundles = [this.#english];
  }

  /** Has the page speak a language. Before anything is shown: what is shown does not change. */
  speak(tag: string, ...sources: readonly string[]): void {
    this.#bundles = tag === 'en' ? [this.#english] : [bundleOf(tag, sources), this.#english];
  }

  /** Returns the text of `key`, with `args` in its places; the key itself where nothing is said. */
  readonly t = (key: Key, args?: Record<string, FluentVariable>): string => {
    for (const bundle of this.#bundles) {
      const pattern = bundle.getMessage(key)?.value;
      // With a list for errors a missing argument shows as its name; without one, Fluent would throw in the middle of a call.
      if (pattern) return bundle.formatPattern(pattern, args, []);
    }
    return key;
  };
}

function bundleOf(language: string, sources: readonly string[]): FluentBundle {
  const bundle = new FluentBundle(language);
  for (const source of sources) bundle.addResource(new FluentResource(source));
  return bundle;
}
