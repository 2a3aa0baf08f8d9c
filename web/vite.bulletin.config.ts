// The desk of the bulletin's members, built by itself into the same folder, for the reason that `vite.admin.config.ts` has.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import admin from './vite.admin.config.ts';

export default defineConfig({
  ...admin,
  build: {
    ...admin.build,
    rolldownOptions: {
      ...admin.build?.rolldownOptions,
      input: { bulletin: fileURLToPath(new URL('bulletin.html', import.meta.url)) },
    },
  },
});
