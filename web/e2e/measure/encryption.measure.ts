// What signed admission costs a person: from the host's click on admit to the guest's first decoded picture, and from
// the click that removes somebody until another member has the next epoch, in which the removed has no part.
//
// Method: Chromium pages on one machine, one publisher (1280x720 at 15 frames a second), hybrid suite. Each guest has
// waited for two seconds. Admission has the host's page and the guest's, removal one more. The clocks of the pages are
// one: performance.timeOrigin plus performance.now(). The host's click is taken in the page, the picture by
// requestVideoFrameCallback, the epoch from what the device's worker tells the page.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from '../harness/browsers.ts';
import type { Person } from '../harness/person.ts';
import { Stage } from '../harness/story.ts';

const RUNS = 20;
/** How long each guest waits before the host's click, in milliseconds: as people do, and until its page has settled. */
const WAITING_MS = 2000;

declare global {
  interface Window {
    /** When something was last clicked, in milliseconds since 1970. */
    clickedAt?: number;
    /** When the first picture of the publisher was decoded. */
    firstFrameAt?: number;
    /** When each epoch was first shown by the device. */
    epochs?: [epoch: number, at: number][];
  }
}

/** Runs in every page before anything else. */
function watch(): void {
  const now = () => performance.timeOrigin + performance.now();
  document.addEventListener('click', () => (window.clickedAt = now()), { capture: true });
  window.epochs = [];
  const Native = window.Worker;
  window.Worker = class extends Native {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.addEventListener('message', ({ data }: MessageEvent) => {
        const epoch = findEpoch(data);
        if (epoch !== null && window.epochs?.at(-1)?.[0] !== epoch) window.epochs?.push([epoch, now()]);
      });
    }
  };
  function findEpoch(value: unknown, depth = 0): number | null {
    if (typeof value !== 'object' || value === null || depth > 4) return null;
    if ('epoch' in value && 'members' in value && typeof value.epoch === 'number') return value.epoch;
    for (const inner of Object.values(value)) {
      const found = findEpoch(inner, depth + 1);
      if (found !== null) return found;
    }
    return null;
  }
  const seen = new WeakSet<Element>();
  const look = () => {
    for (const video of document.querySelectorAll<HTMLVideoElement>('[data-testid="tile"][data-name="Asha"] video')) {
      if (seen.has(video)) continue;
      seen.add(video);
      video.requestVideoFrameCallback(() => {
        window.firstFrameAt ??= now();
      });
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true });
}

function summary(name: string, times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
  return `${name} ${sorted.length}  p50 ${at(0.5)} ms  p95 ${at(0.95)} ms  min ${at(0)} ms  max ${at(1)} ms`;
}

describe.skipIf(missing.chromium)('admission and removal', () => {
  const stage = new Stage();
  let red: Browser;
  let plain: Browser;
  beforeAll(async () => {
    red = await stage.keep(launchChromium({ camera: 'red' }));
    plain = await stage.keep(launchChromium({ noDevices: true }));
  });

  test(`admit to first frame, over ${RUNS} guests`, async () => {
    const asha = await stage.person(red, 'Asha');
    await asha.context.addInitScript(watch);
    const link = await asha.startMeeting(stage.server.newMeetingUrl);

    const admissions: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const guest = await waitingGuest(link, run);
      await asha.admit(guest.name);
      const clicked = (await asha.page.evaluate(() => window.clickedAt)) ?? Number.NaN;
      await expect
        .poll(() => guest.page.evaluate(() => window.firstFrameAt), { timeout: 30_000, interval: 500 })
        .toBeTypeOf('number');
      admissions.push(((await guest.page.evaluate(() => window.firstFrameAt)) ?? Number.NaN) - clicked);
      await asha.act(guest.name, 'action-remove');
      await guest.close();
    }
    console.log(summary('admit to first frame', admissions));
    expect(admissions.length).toBe(RUNS);
  });

  test(`removal to the next epoch, over ${RUNS} guests`, async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(plain, 'Ben');
    for (const person of [asha, ben]) await person.context.addInitScript(watch);
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await ben.sees('Asha', 'red');

    const removals: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const guest = await waitingGuest(link, run);
      await asha.admit(guest.name);
      await guest.sees('Asha', 'red');
      const before = (await ben.page.evaluate(() => window.epochs?.at(-1)?.[0])) ?? Number.NaN;
      await asha.act(guest.name, 'action-remove');
      const removed = (await asha.page.evaluate(() => window.clickedAt)) ?? Number.NaN;
      await expect
        .poll(() => ben.page.evaluate(() => window.epochs?.at(-1)?.[0]), { timeout: 30_000, interval: 50 })
        .toBeGreaterThan(before);
      removals.push(((await ben.page.evaluate(() => window.epochs?.at(-1)?.[1])) ?? Number.NaN) - removed);
      await guest.close();
    }
    console.log(summary('removal to next epoch', removals));
    expect(removals.length).toBe(RUNS);
  });

  /** Somebody at the door, whose page has settled. */
  async function waitingGuest(link: string, run: number): Promise<Person> {
    const guest = await stage.person(plain, `Guest ${run}`);
    await guest.context.addInitScript(watch);
    await guest.knock(link);
    await guest.inLobby();
    await new Promise((done) => setTimeout(done, WAITING_MS));
    return guest;
  }
});
