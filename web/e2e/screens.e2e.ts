// Every screen, as people with small and large windows, light and dark, keyboard and screen reader meet it.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { findings } from './harness/axe.ts';
import { launchChromium, missing } from './harness/browsers.ts';
import type { Person } from './harness/person.ts';
import { Stage } from './harness/story.ts';

declare global {
  interface Window {
    /** Tracks of devices that the page opened. Set by the test, not by Sabha. */
    openTracks?: MediaStreamTrack[];
  }
}

const pictures = join(import.meta.dirname, '../test-results/screens');

const sizes = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
];

/** Checks the screen that is open now, at every size and in both colour schemes. */
async function inspect(person: Person, screen: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  for (const size of sizes) {
    await person.page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await person.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await person.page.screenshot({ path: join(pictures, `${screen}-${size.width}-${colorScheme}.png`) });
      expect(await findings(person.page, { only: 'serious' }), `${screen} at ${size.width} px, ${colorScheme}`).toEqual(
        [],
      );
      const overflow = await person.page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, `${screen} at ${size.width} px does not scroll sideways`).toBeLessThanOrEqual(0);
    }
  }
  await person.page.setViewportSize(sizes[0] ?? { width: 1280, height: 800 });
  await person.page.emulateMedia({ colorScheme: 'light' });
}

describe.skipIf(missing.chromium)('screens', () => {
  const stage = new Stage();
  let red: Browser;
  let green: Browser;
  beforeAll(async () => {
    red = await stage.keep(launchChromium({ camera: 'red' }));
    green = await stage.keep(launchChromium({ camera: 'green' }));
  });

  test('each screen fits, and axe finds nothing serious', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    await asha.page.goto(stage.server.url);
    await asha.get('new-meeting').waitFor();
    await inspect(asha, 'start');
    await asha.page.goto(stage.server.newMeetingUrl);
    await asha.get('prejoin-name').waitFor();
    await inspect(asha, 'prejoin');
    await asha.get('prejoin-name').fill('Asha');
    await asha.get('prejoin-join').click();
    await asha.inRoom();
    await inspect(asha, 'room-alone');
    const link = await asha.inviteLink();
    await ben.knock(link);
    await ben.inLobby();
    await inspect(ben, 'lobby');
    await asha.lobbyEntry('Ben').waitFor();
    await inspect(asha, 'room-knock');
    await asha.admit('Ben');
    await ben.inRoom();
    await ben.sees('Asha', 'red');
    await inspect(ben, 'room');
    await ben.rosterRole('Asha');
    await inspect(ben, 'room-people');
    await asha.get('leave').click();
    await asha.get('end-meeting').waitFor();
    await inspect(asha, 'leave');
    await asha.get('end-meeting').click();
    await ben.endedBecause();
    await inspect(ben, 'ended');
  });

  test('a whole meeting can be started, admitted to and ended by keyboard alone', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    await asha.page.goto(stage.server.newMeetingUrl);
    await asha.get('prejoin-name').focus();
    await asha.page.keyboard.type('Asha');
    await asha.page.keyboard.press('Enter');
    await asha.inRoom();
    await ben.knock(await asha.inviteLink());
    await asha.lobbyEntry('Ben').waitFor();

    const tabTo = async (testid: string) => {
      for (let presses = 0; presses < 60; presses++) {
        await asha.page.keyboard.press('Tab');
        const reached = await asha.page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
        if (reached === testid) return;
      }
      throw new Error(`${testid} is not reached by Tab`);
    };
    await tabTo('lobby-admit');
    await asha.page.keyboard.press('Enter');
    await ben.inRoom();
    await tabTo('leave');
    await asha.page.keyboard.press('Enter');
    await asha.get('end-meeting').waitFor();
    await tabTo('end-meeting');
    await asha.page.keyboard.press('Enter');
    expect(await ben.endedBecause()).toBe('ended');
  });

  test('the page asks nobody but its own server for anything', async () => {
    const asha = await stage.person(red, 'Asha');
    const asked = new Set<string>();
    asha.page.on('request', (request) => asked.add(new URL(request.url()).origin));
    await asha.startMeeting(stage.server.newMeetingUrl);

    asked.delete(new URL(stage.server.url).origin);
    expect([...asked].filter((origin) => origin !== 'null')).toEqual([]);
  });

  test('the secret of a link does not stay in the address bar', async () => {
    const asha = await stage.person(red, 'Asha');
    await asha.startMeeting(stage.server.newMeetingUrl);
    expect(new URL(asha.page.url()).hash).toBe('');
  });
});

describe.skipIf(missing.chromium)('device trouble', () => {
  const stage = new Stage();

  test('refused permission is explained, and one can join without devices', async () => {
    const browser = await stage.keep(launchChromium({ denyDevices: true }));
    const asha = await stage.person(browser, 'Asha');
    await asha.page.goto(stage.server.newMeetingUrl);
    await asha.get('device-trouble').first().waitFor();
    await inspect(asha, 'prejoin-denied');
    await asha.get('prejoin-name').fill('Asha');
    await asha.get('prejoin-join').click();
    await asha.inRoom();
    expect(await asha.get('mic-toggle').first().getAttribute('aria-pressed')).toBe('false');
  });

  test('a machine without camera and microphone is told so, and can join', async () => {
    const browser = await stage.keep(launchChromium({ noDevices: true }));
    const asha = await stage.person(browser, 'Asha');
    await asha.page.goto(stage.server.newMeetingUrl);
    await asha.get('device-trouble').first().waitFor();
    await asha.get('prejoin-name').fill('Asha');
    await asha.get('prejoin-join').click();
    await asha.inRoom();
  });

  test('a camera that is unplugged in the room is named, and leaves the picture off', async () => {
    const browser = await stage.keep(launchChromium({ camera: 'red' }));
    const asha = await stage.person(browser, 'Asha');
    await asha.context.addInitScript(() => {
      const devices = navigator.mediaDevices;
      const open = devices.getUserMedia.bind(devices);
      devices.getUserMedia = async (constraints) => {
        const stream = await open(constraints);
        Object.assign(window, { openTracks: [...(window.openTracks ?? []), ...stream.getTracks()] });
        return stream;
      };
    });
    await asha.startMeeting(stage.server.newMeetingUrl);
    await expect.poll(() => asha.get('cam-toggle').first().getAttribute('aria-pressed')).toBe('true');

    // What the browser does when a device goes: the track ends, and says so.
    await asha.page.evaluate(() => {
      for (const track of window.openTracks ?? []) {
        if (track.kind !== 'video') continue;
        track.stop();
        track.dispatchEvent(new Event('ended'));
      }
    });

    await asha.get('device-trouble').first().waitFor();
    await expect.poll(() => asha.get('cam-toggle').first().getAttribute('aria-pressed')).toBe('false');
    expect(await asha.get('mic-toggle').first().getAttribute('aria-pressed')).toBe('true');
  });
});
