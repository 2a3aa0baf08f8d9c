import { defineConfig } from 'vitest/config';

// Real browsers against a real server. One file at a time: each starts several browsers, and a browser that
// shares two cores with five others measures the machine, not Sabha.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.e2e.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // What is waited for is a state, which a busy machine reaches later.
    expect: { poll: { timeout: 40_000 } },
    reporters: ['verbose'],
  },
});
