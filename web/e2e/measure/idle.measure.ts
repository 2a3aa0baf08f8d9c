// What a browser sends, and is sent, while it is in a meeting in which nobody publishes anything.
//
// Method: three people, all off, left alone. Their packets pass a relay before the server's media port, which counts them; what
// their pages say and hear over the WebSocket they count themselves.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, launchFirefox, missing } from '../harness/browsers.ts';
import { Person } from '../harness/person.ts';
import { Server } from '../harness/server.ts';
import { type Passed, Tap } from '../harness/tap.ts';

const SETTLE_SECONDS = 20;
const SECONDS = 60;

declare global {
  interface Window {
    /** Every message of the page's WebSocket: its direction, its type and its length. */
    said: { at: number; way: 'up' | 'down'; type: string; length: number }[];
  }
}

/** Runs in the page before anything else. */
function listen(): void {
  window.said = [];
  const note = (way: 'up' | 'down', text: unknown) => {
    const type = /"type":"(\w+)"/.exec(String(text))?.[1] ?? '?';
    window.said.push({ at: performance.now(), way, type, length: String(text).length });
  };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener('message', ({ data }) => note('down', data));
    }
    override send(data: string): void {
      note('up', data);
      super.send(data);
    }
  };
}

function sizes(packets: readonly Passed[]): string {
  const counts = new Map<number, number>();
  for (const { bytes } of packets) counts.set(bytes, (counts.get(bytes) ?? 0) + 1);
  const common = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, 6);
  return common.map(([bytes, count]) => `${count}x${bytes}`).join(' ');
}

function gaps(packets: readonly Passed[]): string {
  const times = packets.map(({ at }) => at);
  const between = times.slice(1).map((at, index) => at - (times[index] ?? at));
  const sorted = between.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return `every ${at(0.1)} to ${at(0.9)} ms, median ${at(0.5)}`;
}

describe.skipIf(missing.chromium || missing.firefox)('idle', () => {
  let tap: Tap;
  let server: Server;
  const browsers: Browser[] = [];
  const people: Person[] = [];
  beforeAll(async () => {
    tap = await Tap.start();
    server = await Server.start({ env: tap.env });
    browsers.push(await launchChromium({ noDevices: true }), await launchChromium(), await launchFirefox());
  });
  afterAll(async () => {
    await Promise.all(people.map((person) => person.close().catch(() => undefined)));
    await Promise.all(browsers.map((browser) => browser.close().catch(() => undefined)));
    await server?.stop();
    await tap?.stop();
  });

  test(`packets and messages of ${SECONDS} s in which nobody publishes`, async () => {
    const names = [
      'Chromium without devices',
      'Chromium with devices that are off',
      'Firefox with devices that are off',
    ];
    const addresses: string[] = [];
    let link = '';
    for (const [index, name] of names.entries()) {
      const browser = browsers[index] as Browser;
      const person = await Person.open(browser, name);
      people.push(person);
      await person.context.addInitScript(listen);
      const host = people[0] as Person;
      const address = await tap.addressOf(async () => {
        if (index === 0) link = await person.startMeeting(server.newMeetingUrl);
        else {
          await person.knock(link);
          await host.admit(person.name);
          await person.inRoom();
        }
        await expect
          .poll(() => person.page.evaluate(() => window.peerConnections.at(-1)?.connectionState), { timeout: 30_000 })
          .toBe('connected');
      });
      addresses.push(address);
      for (const source of index === 0 ? [] : ['mic', 'cam']) await person.get(`${source}-toggle`).first().click();
    }
    const rest = (seconds: number) => new Promise((done) => setTimeout(done, 1000 * seconds));
    await rest(SETTLE_SECONDS);
    const since = performance.now();
    const heard = await Promise.all(people.map(({ page }) => page.evaluate(() => window.said.length)));
    await rest(SECONDS);
    for (const [index, person] of people.entries()) {
      console.log(`\n${names[index]}`);
      const packets = (tap.passed.get(addresses[index] ?? '') ?? []).filter(({ at }) => at >= since);
      for (const way of ['up', 'down'] as const) {
        for (const kind of ['stun', 'dtls', 'rtcp', 'rtp', 'other'] as const) {
          const of = packets.filter((packet) => packet.way === way && packet.kind === kind);
          if (of.length === 0) continue;
          const rate = (of.length / SECONDS).toFixed(2);
          console.log(`  ${way.padEnd(5)} ${kind.padEnd(5)} ${rate}/s  ${gaps(of)}; bytes ${sizes(of)}`);
        }
      }
      const said = await person.page.evaluate(() => window.said);
      const types = new Map<string, number>();
      for (const { way, type } of said.slice(heard[index]))
        types.set(`${way} ${type}`, (types.get(`${way} ${type}`) ?? 0) + 1);
      console.log(
        `  WebSocket: ${[...types].map(([type, count]) => `${type} ${(count / SECONDS).toFixed(2)}/s`).join(', ')}`,
      );
      expect(packets.length, 'it is connected').toBeGreaterThan(0);
    }
  });
});
