import { defineConfig } from 'vitest/config';

/** Files that judge pictures, sound or times, which other browsers on the same cores would change: one file at a time. */
const ALONE = [
  'codecs',
  'conversation',
  'encryption',
  'frames',
  'hostile',
  'impaired',
  'media',
  'meeting',
  'moderation',
  'recovery',
].map((name) => `${name}.e2e.ts`);

/** Files at once of the others, most of whose time is waiting: there are two cores at least. */
const AT_ONCE = 2;

const common = {
  root: import.meta.dirname,
  testTimeout: 180_000,
  hookTimeout: 120_000,
  // What is waited for is a state, which a busy machine reaches later.
  expect: { poll: { timeout: 40_000 } },
};

// Real browsers against a real server.
export default defineConfig({
  test: {
    reporters: ['verbose'],
    projects: [
      {
        test: {
          ...common,
          name: 'together',
          include: ['*.e2e.ts'],
          exclude: ALONE,
          maxWorkers: AT_ONCE,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: { ...common, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
