// Encrypted frames in real browsers, without a server: what has the key is seen and heard, and nothing else is. Under
// the content security policy that the server sends, so that its workers and its WebAssembly are known to start.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { launchChromium, launchFirefox, missing } from './harness/browsers.ts';
import type { CallOptions, Seen } from './pages/frames.ts';

/** Returns the server's policy, with one more Trusted Types policy: that of the page of this test. */
function contentSecurityPolicy(): string {
  const source = readFileSync(join(import.meta.dirname, '../../crates/server/src/http/headers.rs'), 'utf8');
  const [, policy] = source.match(/CONTENT_SECURITY_POLICY: &str = "([^"]*)"/) ?? [];
  if (!policy) throw new Error('the server has a policy');
  return `${policy.replaceAll(/\\\n\s*/g, '')} frames-page`;
}

let server: PreviewServer;
let outDir = '';
let base = '';

beforeAll(async () => {
  outDir = mkdtempSync(join(tmpdir(), 'sabha-frames-'));
  const configFile = join(import.meta.dirname, '../vite.config.ts');
  const input = join(import.meta.dirname, 'pages/frames.html');
  await build({ configFile, logLevel: 'error', build: { outDir, rolldownOptions: { input } } });
  const headers = { 'content-security-policy': contentSecurityPolicy() };
  server = await preview({
    configFile,
    build: { outDir },
    preview: { host: '127.0.0.1', port: 0, open: false, headers },
  });
  base = `${server.resolvedUrls?.local[0] ?? ''}e2e/pages/frames.html`;
});
afterAll(async () => {
  await server?.close();
  rmSync(outDir, { recursive: true, force: true });
});

describe.each([
  { name: 'Chromium', absent: missing.chromium, launch: () => launchChromium() },
  { name: 'Firefox', absent: missing.firefox, launch: () => launchFirefox() },
])('frames in $name', ({ absent, launch }) => {
  if (absent) {
    test.skip(absent, () => undefined);
    return;
  }
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await launch();
  });
  afterEach(async () => {
    await page?.context().close();
    expect(complaints.splice(0)).toEqual([]);
  });
  afterAll(() => browser?.close());

  async function open(): Promise<void> {
    page = await (await browser.newContext()).newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(base);
  }
  async function call(options: CallOptions): Promise<void> {
    await open();
    await page.evaluate((given) => window.api.call(given), options);
  }
  const see = (): Promise<Seen> => page.evaluate(() => window.api.see());
  /** Waits for a state, and fails with the last one. */
  const until = (what: (seen: Seen) => boolean) =>
    vi.waitFor(
      async () => {
        const seen = await see();
        expect(what(seen), JSON.stringify(seen)).toBe(true);
      },
      { timeout: 30_000, interval: 200 },
    );
  /** Frames that Bob's workers dropped for a reason. */
  const dropped = (seen: Seen, reason: keyof Seen['tallies'][number]['dropped']) =>
    seen.tallies.reduce((sum, tally) => sum + (tally.stream.kind === 'receive' ? (tally.dropped[reason] ?? 0) : 0), 0);

  test.each(['video/VP8', 'video/VP9'] as const)('%s and Opus are seen and heard by who has the key', async (codec) => {
    await call({ codec, sends: 'sealed', sameKey: true });
    await until((seen) => seen.framesDecoded > 40 && seen.audioEnergy > 0);

    const seen = await see();
    expect(seen.codecs.sort()).toEqual(['audio/opus', codec]);
    expect(seen.picture?.[1]).toBeGreaterThan(120);
    expect(seen.picture?.[0]).toBeLessThan(90);
    // Half of all pictures would look like key frames if too little of VP8 were readable.
    expect(seen.keyFramesDecoded).toBeLessThan(seen.framesDecoded / 4);
    await until(({ tallies }) => tallies.length === 4 && tallies.every(({ passed }) => passed > 20));
    for (const tally of (await see()).tallies) expect(tally.dropped, JSON.stringify(tally.stream)).toEqual({});
  });

  test('a new epoch goes on where the old one ended', async () => {
    await call({ codec: 'video/VP8', sends: 'sealed', sameKey: true });
    await until((seen) => seen.framesDecoded > 20);
    const before = (await see()).framesDecoded;
    await page.evaluate(() => window.api.rekey());
    await until((seen) => seen.framesDecoded > before + 40);
  });

  test('nothing is seen or heard without the key', async () => {
    await call({ codec: 'video/VP8', sends: 'sealed', sameKey: false });
    await until((seen) => dropped(seen, 'forged') > 60);

    const { framesDecoded, audioEnergy, picture } = await see();
    expect({ framesDecoded, audioEnergy, picture }).toEqual({ framesDecoded: 0, audioEnergy: 0, picture: null });
  });

  test('clear frames are neither seen nor heard', async () => {
    await call({ codec: 'video/VP8', sends: 'clear', sameKey: true });
    await until((seen) => Object.values(totals(seen)).reduce((sum, each) => sum + each, 0) > 60);

    const { framesDecoded, audioEnergy, picture } = await see();
    expect({ framesDecoded, audioEnergy, picture }).toEqual({ framesDecoded: 0, audioEnergy: 0, picture: null });
  });

  test('a frame that comes again is not seen again', async () => {
    await call({ codec: 'video/VP8', sends: 'replayed', sameKey: true });
    await until((seen) => dropped(seen, 'replayed') > 20);

    expect((await see()).framesDecoded).toBeLessThanOrEqual(1);
  });

  test('the cryptography loads, and finds nothing to restore', async () => {
    await open();
    expect(await page.evaluate(() => window.api.startDevice())).toEqual({ type: 'not_remembered' });
  });

  test('a browser that cannot encrypt frames gets no call', async () => {
    await open();
    expect(await page.evaluate(() => window.api.withoutTransforms())).toEqual({
      supported: false,
      refusal: 'Error: this browser cannot encrypt media',
    });
  });

  test('what is sealed in the vault is there after a reload', async () => {
    await open();
    expect(await page.evaluate(() => window.api.vault.seal('a', Uint8Array.of(1, 2, 3), Date.now()))).toBe(true);
    await page.reload();
    const opened = await page.evaluate(async () => [...((await window.api.vault.open('a')) ?? [])]);
    expect(opened).toEqual([1, 2, 3]);
    await page.evaluate(() => window.api.vault.forget('a'));
    expect(await page.evaluate(() => window.api.vault.open('a'))).toBeNull();
  });
});

/** Frames that were dropped at Bob's, by reason. */
function totals(seen: Seen): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { stream, dropped } of seen.tallies) {
    if (stream.kind !== 'receive') continue;
    for (const [reason, count] of Object.entries(dropped)) all[reason] = (all[reason] ?? 0) + count;
  }
  return all;
}
