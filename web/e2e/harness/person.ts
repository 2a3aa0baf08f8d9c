// One person in one browser window, in the words of the meeting rather than of the page.

import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { realPrompts } from './browsers.ts';
import { type Colour, nearest, type Seen } from './pattern.ts';

/** What getStats says of one direction of one media section. */
export interface StreamStats {
  kind: 'audio' | 'video';
  mid: string;
  rid: string | null;
  /** As in `video/VP8`; empty before the first packet. */
  codec: string;
  bytes: number;
  packets: number;
  frames: number;
  height: number;
  energy: number;
  /** How long pictures stood still. */
  frozenSeconds: number;
}

declare global {
  interface Window {
    /** Every peer connection the page made, kept for its statistics. Set by the test, not by Sabha. */
    peerConnections: RTCPeerConnection[];
  }
}

/** Remembers the page's peer connections, so that a test can ask them for their statistics. */
function recordPeerConnections(): void {
  window.peerConnections = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      window.peerConnections.push(this);
    }
  };
}

export class Person {
  /** What the console said at level error; no test may cause any. */
  readonly complaints: string[] = [];

  readonly name: string;
  readonly context: BrowserContext;
  readonly page: Page;

  private constructor(name: string, context: BrowserContext, page: Page) {
    this.name = name;
    this.context = context;
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  static async open(browser: Browser, name: string, viewport = { width: 1280, height: 800 }): Promise<Person> {
    const context = await browser.newContext({ viewport });
    if (realPrompts.has(browser)) await context.grantPermissions(['camera', 'microphone']);
    await context.addInitScript(recordPeerConnections);
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    return new Person(name, context, page);
  }

  get(testid: string): Locator {
    return this.page.getByTestId(testid);
  }

  /** Opens the printed link and enters the room as host. Returns the invite link. */
  async startMeeting(newMeetingUrl: string): Promise<string> {
    await this.page.goto(newMeetingUrl);
    await this.enter();
    await this.inRoom();
    return this.inviteLink();
  }

  /** Opens an invite link and knocks. */
  async knock(link: string): Promise<void> {
    await this.page.goto(link);
    await this.enter();
  }

  private async enter(): Promise<void> {
    await this.get('prejoin-name').fill(this.name);
    await this.get('prejoin-join').click();
  }

  async inviteLink(): Promise<string> {
    const element = this.get('invite-link').first();
    await element.waitFor({ state: 'attached' });
    return element.evaluate((node) => ('value' in node ? String(node.value) : (node.textContent ?? '')).trim());
  }

  async inLobby(): Promise<void> {
    await this.get('lobby-waiting').waitFor();
  }

  async inRoom(): Promise<void> {
    await this.page.locator('[data-phase="joined"]').getByTestId('leave').waitFor();
  }

  async admit(name: string): Promise<void> {
    await this.lobbyEntry(name).getByTestId('lobby-admit').click();
  }

  async deny(name: string): Promise<void> {
    await this.lobbyEntry(name).getByTestId('lobby-deny').click();
  }

  lobbyEntry(name: string): Locator {
    return this.page.locator(`[data-testid="lobby-entry"][data-name="${name}"]`).first();
  }

  tile(name: string, kind: 'camera' | 'screen' = 'camera'): Locator {
    return this.page.locator(`[data-testid="tile"][data-name="${name}"][data-kind="${kind}"]`);
  }

  /** The key closes an open panel: whether it is open is asked of the panel, not of who is listed in it by now. */
  private async openPeople(): Promise<void> {
    const panel = this.get('people-panel');
    if (!(await panel.isVisible())) await this.page.keyboard.press('p');
    await panel.waitFor();
  }

  /** Opens a participant's menu in the roster and chooses an action. */
  async act(
    name: string,
    action: `action-${'allow-share' | 'ask-to-speak' | 'make-host' | 'mute' | 'remove' | 'rights' | 'send-back' | 'spotlight'}`,
  ): Promise<void> {
    await this.openPeople();
    await this.rosterEntry(name).getByTestId('participant-menu').click();
    await this.get(action).locator('visible=true').first().click();
    // Destructive acts ask once.
    const confirm = this.get('confirm');
    if (action === 'action-remove' && (await confirm.isVisible().catch(() => false))) await confirm.click();
  }

  /** Gives somebody the right to share a screen, and waits until they know. */
  async letShare(guest: Person): Promise<void> {
    await this.act(guest.name, 'action-allow-share');
    const own = `[data-testid="roster-entry"][data-name="${guest.name}"][data-may-share="true"]`;
    await guest.page.locator(own).waitFor({ state: 'attached' });
  }

  rosterEntry(name: string): Locator {
    return this.page.locator(`[data-testid="roster-entry"][data-name="${name}"]`).first();
  }

  async rosterRole(name: string): Promise<string | null> {
    await this.openPeople();
    return this.rosterEntry(name).getAttribute('data-role');
  }

  async endedBecause(): Promise<string | null> {
    const screen = this.get('ended');
    await screen.waitFor();
    return screen.getAttribute('data-reason');
  }

  /** Waits until everything that is shown is verified. */
  async verified(timeout = 40_000): Promise<void> {
    await this.page.locator('[data-testid="encryption-state"][data-state="verified"]').waitFor({ timeout });
  }

  /** The digits that people compare, or nothing while there are none. */
  async verificationCode(): Promise<string> {
    const code = this.get('verification-code');
    return (await code.count()) > 0 ? ((await code.textContent()) ?? '').replaceAll(/\s/g, '') : '';
  }

  /** The names in the roster, in the alphabet's order. */
  async roster(): Promise<string[]> {
    // In one look: one after the other would wait for an entry that has just gone.
    const names = await this.get('roster-entry').evaluateAll((entries) =>
      entries.map((entry) => entry.getAttribute('data-name')),
    );
    return names.map(String).toSorted();
  }

  async openPanel(name: 'chat' | 'people' | 'security'): Promise<void> {
    const opener = this.get(name === 'security' ? 'encryption-state' : name);
    if (!(await this.get(`${name}-panel`).isVisible())) await opener.click();
    await this.get(`${name}-panel`).waitFor();
  }

  /** Looks at the picture a tile shows now. */
  async look(name: string, kind: 'camera' | 'screen' = 'camera'): Promise<Seen> {
    const video = this.tile(name, kind).locator('video').first();
    const sample = await video.evaluate((element) => {
      const source = element as HTMLVideoElement;
      const canvas = document.createElement('canvas');
      canvas.width = 64;
      canvas.height = 36;
      const context = canvas.getContext('2d', { willReadFrequently: true });
      if (!context || source.videoWidth === 0) return null;
      context.drawImage(source, 0, 0, 64, 36);
      const pixels = context.getImageData(0, 0, 64, 36).data;
      let [red, green, blue, count, bar, barCount] = [0, 0, 0, 0, 0, 0];
      for (let index = 0; index < pixels.length; index += 4) {
        const [r = 0, g = 0, b = 0] = pixels.subarray(index, index + 3);
        if (r > 190 && g > 190 && b > 190) {
          bar += (index / 4) % 64;
          barCount++;
        } else {
          red += r;
          green += g;
          blue += b;
          count++;
        }
      }
      const mean = count > 0 ? [red / count, green / count, blue / count] : [255, 255, 255];
      return {
        mean,
        bar: barCount > 60 ? bar / barCount / 64 : null,
        width: source.videoWidth,
        height: source.videoHeight,
      };
    });
    if (!sample) return { mean: [0, 0, 0], colour: null, bar: null, width: 0, height: 0 };
    const [r = 0, g = 0, b = 0] = sample.mean;
    return { mean: [r, g, b], colour: nearest([r, g, b]), bar: sample.bar, width: sample.width, height: sample.height };
  }

  /** Waits until a tile shows this person's own colour with the bar in motion. */
  async sees(name: string, colour: Colour): Promise<void> {
    try {
      await expect.poll(async () => (await this.look(name)).colour, { timeout: 40_000, interval: 200 }).toBe(colour);
    } catch (cause) {
      throw new Error(`${this.name} does not see ${name} in ${colour}: ${await this.received()}`, { cause });
    }
    const places = new Set<number>();
    await expect
      .poll(
        async () => {
          const { bar } = await this.look(name);
          if (bar !== null) places.add(Math.round(bar * 20));
          return places.size;
        },
        { timeout: 40_000, interval: 150, message: `${this.name} sees the bar of ${name} move` },
      )
      .toBeGreaterThanOrEqual(3);
  }

  /** What came in and how far it got, for who has to find out why nothing is seen. */
  private async received(): Promise<string> {
    const encryption = await this.get('encryption-state')
      .getAttribute('data-state', { timeout: 1000 })
      .catch(() => null);
    const connections = await this.page.evaluate(async () =>
      Promise.all(
        (window.peerConnections ?? []).map(async (connection) => {
          const video = [...(await connection.getStats()).values()].filter(
            (stat) => stat.type === 'inbound-rtp' && stat.kind === 'video' && stat.packetsReceived > 0,
          );
          const frames = video.map(
            (stat) => `${stat.packetsReceived} packets, ${stat.framesReceived} frames, ${stat.framesDecoded} decoded`,
          );
          return `${connection.connectionState} [${frames.join('; ')}]`;
        }),
      ),
    );
    return `encryption ${encryption}, connections ${connections.join(', ')}`;
  }

  /** Waits until a tile has shown Firefox's test camera: one colour over the whole picture, which wanders. */
  async seesWanderingColour(name: string): Promise<void> {
    const seen = new Set<string>();
    await expect
      .poll(
        async () => {
          const { mean, width } = await this.look(name);
          if (width > 0) seen.add(mean.map((level) => Math.round(level / 16)).join(' '));
          return seen.size;
        },
        { timeout: 40_000, interval: 250, message: `${this.name} sees the colour of ${name} wander` },
      )
      .toBeGreaterThanOrEqual(4);
  }

  /** Waits until a tile has decoded `count` more frames. */
  async seesMotion(name: string, kind: 'camera' | 'screen' = 'camera', count = 10): Promise<void> {
    const video = this.tile(name, kind).locator('video').first();
    await video.waitFor({ state: 'attached' });
    await video.evaluate(
      (element, frames) =>
        new Promise<void>((done, fail) => {
          const source = element as HTMLVideoElement;
          const late = setTimeout(() => fail(new Error('no frames within 20 s')), 20_000);
          let left = frames;
          const next = () => {
            left--;
            if (left > 0) source.requestVideoFrameCallback(next);
            else {
              clearTimeout(late);
              done();
            }
          };
          source.requestVideoFrameCallback(next);
        }),
      count,
    );
  }

  /** What this person receives, or sends, over all living peer connections. */
  async streams(direction: 'inbound' | 'outbound'): Promise<StreamStats[]> {
    return this.page.evaluate(async (wanted) => {
      const found: StreamStats[] = [];
      for (const connection of window.peerConnections) {
        if (connection.connectionState === 'closed') continue;
        const report = await connection.getStats();
        report.forEach((stat) => {
          if (stat.type !== `${wanted}-rtp`) return;
          found.push({
            kind: stat.kind,
            mid: stat.mid ?? '',
            rid: stat.rid ?? null,
            codec: report.get(stat.codecId ?? '')?.mimeType ?? '',
            bytes: stat.bytesReceived ?? stat.bytesSent ?? 0,
            packets: stat.packetsReceived ?? stat.packetsSent ?? 0,
            frames: stat.framesDecoded ?? stat.framesEncoded ?? 0,
            height: stat.frameHeight ?? 0,
            energy: stat.totalAudioEnergy ?? 0,
            frozenSeconds: stat.totalFreezesDuration ?? 0,
          });
        });
      }
      return found;
    }, direction);
  }

  /** Bytes of media received so far. */
  async bytesReceived(): Promise<number> {
    return (await this.streams('inbound')).reduce((sum, stream) => sum + stream.bytes, 0);
  }

  /** Waits until sound with energy arrives. */
  async hears(): Promise<void> {
    const energy = async () =>
      (await this.streams('inbound')).filter((s) => s.kind === 'audio').reduce((sum, s) => sum + s.energy, 0);
    const before = await energy();
    await expect.poll(energy, { timeout: 40_000, message: `${this.name} hears something` }).toBeGreaterThan(before);
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}
