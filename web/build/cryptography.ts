// Says how to make the browser's cryptography, where an import does not find it: it is compiled from Rust.

import type { Plugin } from 'vite';

export function cryptography(): Plugin {
  return {
    name: 'sabha-cryptography',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (!/\/wasm\/(crypto|opaque)/.test(source)) return null;
      const found = await this.resolve(source, importer, { skipSelf: true });
      return found ?? this.error(`${source} is not there: run \`cargo wasm\` in the repository's root.`);
    },
  };
}
