// What sealing and opening a frame costs in the worker, and how much of one worker 25 remote pictures take.
//
// Method: a worker with the code of a call and no media around it seals and opens the frames of 25 streams, all at
// once and as fast as it can; time by the clock, which includes what WebCrypto does beside the worker. 25 pictures at
// 30 frames a second are 750 frames a second: the load is what these would take of the worker's time.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, launchFirefox, missing } from '../harness/browsers.ts';

const STREAMS = 25;
const FRAMES_EACH = 400;
const FRAMES_PER_SECOND = 30;
const RUNS = 5;
/** A small tile at 150 kbit/s, a large one at 700 kbit/s, a key frame. */
const FRAME_BYTES = [625, 2900, 20_000];

let server: PreviewServer;
let outDir = '';
let page = '';

beforeAll(async () => {
  outDir = mkdtempSync(join(tmpdir(), 'sabha-transforms-'));
  const configFile = join(import.meta.dirname, '../../vite.config.ts');
  const input = join(import.meta.dirname, '../pages/transforms.html');
  await build({ configFile, logLevel: 'error', build: { outDir, rolldownOptions: { input } } });
  server = await preview({ configFile, build: { outDir }, preview: { host: '127.0.0.1', port: 0, open: false } });
  page = `${server.resolvedUrls?.local[0] ?? ''}e2e/pages/transforms.html`;
});
afterAll(async () => {
  await server?.close();
  rmSync(outDir, { recursive: true, force: true });
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

describe.each([
  { name: 'Chromium', absent: missing.chromium, launch: () => launchChromium() },
  { name: 'Firefox', absent: missing.firefox, launch: () => launchFirefox() },
])('transforms in $name', ({ name, absent, launch }) => {
  test.skipIf(absent)(`cost of a frame, and load of ${STREAMS} pictures`, async () => {
    const browser = await launch();
    try {
      const tab = await browser.newPage();
      await tab.goto(page);
      for (const frameBytes of FRAME_BYTES) {
        const runs = [];
        for (let run = 0; run < RUNS; run++) {
          const work = { streams: STREAMS, framesEach: FRAMES_EACH, frameBytes };
          runs.push(await tab.evaluate((given) => window.measure(given), work));
        }
        expect(runs.every(({ opened }) => opened === STREAMS * FRAMES_EACH)).toBe(true);
        const seal = median(runs.map(({ sealUs }) => sealUs));
        const open = median(runs.map(({ openUs }) => openUs));
        const load = (open * STREAMS * FRAMES_PER_SECOND) / 10_000;
        console.log(
          `${name}  ${frameBytes} B  seal ${seal.toFixed(0)} us  open ${open.toFixed(0)} us  ${STREAMS} pictures ${load.toFixed(1)} % of a worker`,
        );
      }
    } finally {
      await browser.close();
    }
  });
});
