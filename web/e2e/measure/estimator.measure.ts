// What the bandwidth estimation of Chromium (libwebrtc) makes of bad links, beside the server's, which has the same in
// `crates/sfu/tests/own/adaptation.rs`.
//
// Method: Chromium calls itself, sound and one picture of at most 1.3 Mbit/s, what the best layer of a camera takes there; between
// its two ends is `sabha-client impair` with the same conditions: 10 ms each way, a queue of a quarter of a second, 4 Mbit/s, and what the
// row says. Eight seconds after the link became whole again it changes; what comes in 20 seconds that begin five seconds later is counted.
// A second is of the best when nine tenths of that bitrate came.

import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Page } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from '../harness/browsers.ts';
import { program } from '../harness/headless.ts';
import type { Sample } from '../pages/estimator.ts';

const WHOLE =
  'rate=4mbit,delay=10ms,queue=250ms,loss=0%,jitter=0ms,scatter=0ms,reorder=0%,burst=none,others=none,greedy=0';
const LINKS = [
  'both loss=2%',
  'both loss=5%',
  'both burst=2%x4',
  'both jitter=20ms',
  'both scatter=20ms',
  'both reorder=5%,reorder-by=30ms',
  'both loss=3%,jitter=20ms,reorder=3%,delay=40ms',
  'up others=2.4mbit',
  'up others=3.2mbit',
  'up greedy=1',
  'up rate=1mbit',
  'up rate=250kbit',
];
/** What the best picture takes, in bits a second, and the share of it that counts as all of it. */
const BEST = 1_300_000;
const NEARLY = 0.9;
const SOUNDS_PER_SECOND = 50;

let server: PreviewServer;
let outDir = '';
let page = '';
let link: ChildProcess | null = null;

beforeAll(async () => {
  outDir = mkdtempSync(join(tmpdir(), 'sabha-estimator-'));
  const configFile = join(import.meta.dirname, '../../vite.config.ts');
  const input = join(import.meta.dirname, '../pages/estimator.html');
  await build({ configFile, logLevel: 'error', build: { outDir, rolldownOptions: { input } } });
  server = await preview({ configFile, build: { outDir }, preview: { host: '127.0.0.1', port: 0, open: false } });
  page = `${server.resolvedUrls?.local[0] ?? ''}e2e/pages/estimator.html`;
});
afterAll(async () => {
  link?.kill();
  await server?.close();
  rmSync(outDir, { recursive: true, force: true });
});

const wait = (seconds: number) => new Promise((done) => setTimeout(done, seconds * 1000));

/** Stands before the receiving end; returns where packets go to. */
async function between(to: { address: string; port: number }): Promise<{ address: string; port: number }> {
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  const address = outside?.address ?? '127.0.0.2';
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, address, done));
  const { port } = socket.address();
  await new Promise<void>((done) => socket.close(done));
  const ends = ['--listen', `${address}:${port}`, '--to', `${to.address}:${to.port}`];
  const child = spawn(program(), ['impair', ...ends, '--up', WHOLE, '--down', WHOLE], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  link = child;
  await new Promise<void>((done, fail) => {
    createInterface({ input: child.stdout }).once('line', () => done());
    child.once('exit', (code) => fail(new Error(`sabha-client impair ended with ${code}`)));
  });
  return { address, port };
}

const change = (text: string) => link?.stdin?.write(`${text}\n`);

/** Bits a second of pictures in each second that the samples span. */
function bySecond(samples: readonly Sample[]): number[] {
  const rates: number[] = [];
  let from = samples[0];
  for (const sample of samples) {
    if (!from || sample.atMs - from.atMs < 1000) continue;
    rates.push(((sample.bytes - from.bytes) * 8000) / (sample.atMs - from.atMs));
    from = sample;
  }
  return rates;
}

async function watched(tab: Page, seconds: number) {
  await tab.evaluate(() => window.taken());
  await wait(seconds);
  const { samples, gapMs } = await tab.evaluate(() => window.taken());
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) throw new Error('nothing was sampled');
  const rates = bySecond(samples);
  const lasted = (last.atMs - first.atMs) / 1000;
  return {
    best: rates.filter((rate) => rate >= NEARLY * BEST).length / rates.length,
    kbps: ((last.bytes - first.bytes) * 8) / lasted / 1000,
    framesPerSecond: (last.frames - first.frames) / lasted,
    sound: (last.soundPackets - first.soundPackets) / lasted / SOUNDS_PER_SECOND,
    gapMs,
    estimate: samples.map(({ estimate }) => estimate).toSorted((a, b) => a - b)[samples.length >> 1] ?? 0,
  };
}

describe.skipIf(missing.chromium)('estimation of Chromium', () => {
  test('bad links, and a link that is narrow for a while', { timeout: 1_200_000 }, async () => {
    const browser = await launchChromium();
    try {
      const tab = await (await browser.newContext({ permissions: ['microphone'] })).newPage();
      await tab.goto(page);
      const { address, port } = await between(await tab.evaluate(() => window.begin()));
      await tab.evaluate(([to, at]) => window.connect(to, at), [address, port] as const);

      await wait(10);
      const before = await watched(tab, 5);
      expect(before.best, JSON.stringify(before)).toBeGreaterThan(0.5);
      for (const conditions of LINKS) {
        change(conditions);
        await wait(5);
        const { best, kbps, framesPerSecond, sound, gapMs, estimate } = await watched(tab, 20);
        console.log(
          `${conditions.padEnd(48)} best ${(100 * best).toFixed(0)} %  ${kbps.toFixed(0)} kbit/s of ${(estimate / 1000).toFixed(0)}  ${framesPerSecond.toFixed(0)} frames/s  longest gap ${gapMs.toFixed(0)} ms  sound ${(100 * sound).toFixed(0)} %`,
        );
        change(`both ${WHOLE}`);
        await wait(8);
      }
      for (const narrow of [5, 20]) {
        change('up rate=250kbit');
        await wait(narrow);
        await tab.evaluate(() => window.taken());
        change('up rate=4mbit');
        await wait(30);
        const { samples } = await tab.evaluate(() => window.taken());
        const back = bySecond(samples).findIndex((rate) => rate >= NEARLY * BEST);
        console.log(`narrow for ${narrow} s: all of it again ${back < 0 ? 'not within 30 s' : `after ${back + 1} s`}`);
      }
    } finally {
      await browser.close();
    }
  });
});
