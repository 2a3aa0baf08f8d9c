import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { cryptography } from './build/cryptography.ts';
import { precompress } from './build/precompress.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Every asset is named by its content, so that it can be cached for ever. */
const output = {
  entryFileNames: 'assets/[name]-[hash].js',
  chunkFileNames: 'assets/[name]-[hash].js',
  assetFileNames: 'assets/[name]-[hash][extname]',
};
const server = process.env.SABHA_DEV_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  root: here('.'),
  plugins: [svelte(), cryptography(), precompress()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: ['chrome120', 'firefox128', 'safari17.4'],
    // The colour tokens are `light-dark()`: older targets would have it rewritten into something that cannot nest.
    cssTarget: ['chrome123', 'firefox128', 'safari17.5'],
    // Nothing may be inlined: the policy the server sends allows neither inline script nor style nor data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { call: here('index.html') },
      output,
    },
  },
  worker: { format: 'es', rolldownOptions: { output } },
  server: {
    proxy: { '/api': { target: server, ws: true } },
    // The vectors shared with the Rust side lie outside this folder.
    fs: { allow: [here('..')] },
  },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    environment: 'node',
  },
});
