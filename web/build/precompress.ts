// Writes `.br` and `.gz` siblings of every text asset, so that the server compresses nothing at run time.
// Not responsible for choosing between them: the server does, by Accept-Encoding.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Fonts and pictures are compressed already. */
const TEXT = /\.(html|js|css|svg|json|webmanifest|ftl|txt|wasm)$/;
/** Below this many bytes a compressed file is no fewer network packets. */
const BYTES_MIN = 512;

/** Compresses each written text file as far as brotli and gzip can. */
export function precompress(): Plugin {
  return {
    name: 'sabha-precompress',
    apply: 'build',
    writeBundle(options, bundle) {
      for (const name of Object.keys(bundle)) {
        const path = join(options.dir ?? 'dist', name);
        if (!TEXT.test(name)) continue;
        const bytes = readFileSync(path);
        if (bytes.length < BYTES_MIN) continue;
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
      }
    },
  };
}
