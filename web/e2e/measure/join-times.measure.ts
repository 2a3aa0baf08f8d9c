// From opening the WebSocket to the first decoded frame of somebody else, as a participant in Chromium meets it.
//
// Method: one publisher (1280x720 at 15 frames a second, three layers) and one participant who reloads the page;
// each reload resumes the place with a new WebSocket and a new peer connection. The clock is the page's own:
// from the construction of the WebSocket to requestVideoFrameCallback of the first remote picture.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from '../harness/browsers.ts';
import { Stage } from '../harness/story.ts';

const JOINS = 30;

declare global {
  interface Window {
    /** Milliseconds from the WebSocket to the first remote frame; set once it is known. */
    joinTime?: number;
  }
}

/** Runs in the page before anything else. */
function watch(): void {
  let opened = 0;
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      opened ||= performance.now();
    }
  };
  const seen = new WeakSet<Element>();
  const look = () => {
    for (const video of document.querySelectorAll<HTMLVideoElement>('[data-testid="tile"][data-name="Asha"] video')) {
      if (seen.has(video)) continue;
      seen.add(video);
      video.requestVideoFrameCallback(() => {
        window.joinTime ??= performance.now() - opened;
      });
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true });
}

describe.skipIf(missing.chromium)('join', () => {
  const stage = new Stage();
  let red: Browser;
  let plain: Browser;
  beforeAll(async () => {
    red = await stage.keep(launchChromium({ camera: 'red' }));
    plain = await stage.keep(launchChromium({ noDevices: true }));
  });

  test(`time to the first frame over ${JOINS} joins`, async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(plain, 'Ben');
    await ben.context.addInitScript(watch);
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await ben.sees('Asha', 'red');

    const times: number[] = [];
    for (let join = 0; join < JOINS; join++) {
      await ben.page.reload();
      await expect
        .poll(() => ben.page.evaluate(() => window.joinTime), { timeout: 30_000, interval: 100 })
        .toBeTypeOf('number');
      times.push((await ben.page.evaluate(() => window.joinTime)) ?? Number.NaN);
      // Let the connection settle, so that one join's tail is not the next one's load.
      await ben.seesMotion('Asha', 'camera', 5);
    }

    times.sort((a, b) => a - b);
    const at = (share: number) => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
    console.log(`joins ${times.length}  p50 ${at(0.5)} ms  p95 ${at(0.95)} ms  min ${at(0)} ms  max ${at(1)} ms`);
    expect(times.length).toBe(JOINS);
  });
});
