import { defineConfig } from 'vitest/config';

/** Files that wait, for a server that stays away or a host's silence, nearly all of their time. */
const WAITING = ['gone.e2e.ts', 'malice.e2e.ts'];

const common = {
  root: import.meta.dirname,
  testTimeout: 180_000,
  hookTimeout: 120_000,
  // What is waited for is a state, which a busy machine reaches later.
  expect: { poll: { timeout: 40_000 } },
};

// Real browsers against a real server. One file at a time but for those: each starts several browsers, and a browser that
// shares two cores with five others measures the machine, not Sabha. Two files at a time took as long as one after the other.
export default defineConfig({
  test: {
    reporters: ['verbose'],
    projects: [
      {
        test: {
          ...common,
          name: 'waiting',
          include: WAITING,
          maxWorkers: WAITING.length,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: 'alone',
          include: ['*.e2e.ts'],
          exclude: WAITING,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
