import { defineConfig } from 'vitest/config';

// Measurements for docs/benchmarks.md: `npm run measure`. They print figures and fail only if they could not
// be taken; a slow machine is no defect.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.measure.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 120_000,
    reporters: ['verbose'],
  },
});
