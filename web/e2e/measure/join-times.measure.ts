// From opening the WebSocket to the first decoded frame of somebody else, as a participant in Chromium meets it.
//
// Method: one publisher (1280x720 at 15 frames a second, three layers) and one participant who reloads the page;
// each reload resumes the place with a new WebSocket and a new peer connection. The clock is the page's own:
// from the construction of the WebSocket to requestVideoFrameCallback of the first remote picture. The stages on the way
// are what the page says and hears over the WebSocket, and what its peer connection and its workers tell.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from '../harness/browsers.ts';
import { Stage } from '../harness/story.ts';

const JOINS = 30;

declare global {
  interface Window {
    /** Milliseconds from the WebSocket to each stage, the first remote frame the last. */
    stages: Record<string, number>;
  }
}

/** Runs in the page before anything else. */
function watch(): void {
  let opened: number | null = null;
  window.stages = {};
  const mark = (stage: string) => {
    if (opened !== null) window.stages[stage] ??= performance.now() - opened;
  };
  const typeOf = (text: unknown) => /"type":"(\w+)"/.exec(String(text))?.[1];
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      opened ??= performance.now();
      this.addEventListener('open', () => mark('open'));
      this.addEventListener('message', ({ data }) => mark(`heard ${typeOf(data)}`));
    }
    override send(data: string): void {
      mark(`said ${typeOf(data)}`);
      // The first says that nothing is wanted until it can be opened.
      if (String(data).includes('"tiles":[{')) mark('pictures asked for');
      super.send(data);
    }
  };
  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      this.addEventListener('iceconnectionstatechange', () => mark(`ice ${this.iceConnectionState}`));
      this.addEventListener('connectionstatechange', () => mark(`media ${this.connectionState}`));
    }
    override async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      await super.setRemoteDescription(description);
      mark('answer taken');
    }
  };
  const Native = window.Worker;
  window.Worker = class extends Native {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.addEventListener('message', ({ data }) => {
        if (data?.type === 'begun') mark(`first frame opened: ${data.content.source}`);
      });
    }
  };
  const seen = new WeakSet<Element>();
  const look = () => {
    for (const video of document.querySelectorAll<HTMLVideoElement>('[data-testid="tile"][data-name="Asha"] video')) {
      if (seen.has(video)) continue;
      seen.add(video);
      mark('tile drawn');
      video.requestVideoFrameCallback(() => mark('picture'));
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true });
}

function summary(name: string, times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return `${name.padEnd(20)} ${sorted.length}  p50 ${at(0.5)} ms  p95 ${at(0.95)} ms  min ${at(0)} ms  max ${at(1)} ms`;
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

    const stages = new Map<string, number[]>();
    for (let join = 0; join < JOINS; join++) {
      await ben.page.reload();
      await expect
        .poll(() => ben.page.evaluate(() => window.stages.picture), { timeout: 30_000, interval: 100 })
        .toBeTypeOf('number');
      for (const [stage, time] of Object.entries(await ben.page.evaluate(() => window.stages))) {
        stages.set(stage, [...(stages.get(stage) ?? []), time]);
      }
      // Let the connection settle, so that one join's tail is not the next one's load.
      await ben.seesMotion('Asha', 'camera', 5);
    }

    const total = stages.get('picture') ?? [];
    const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
    // Stages of every join that lead to the picture, in order.
    const leading = [...stages].filter(([, times]) => times.length === JOINS && median(times) <= median(total));
    for (const [stage, times] of leading.toSorted(([, a], [, b]) => median(a) - median(b))) {
      console.log(summary(stage, times));
    }
    expect(total.length).toBe(JOINS);
  });
});
