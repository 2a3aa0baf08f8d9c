// Pictures follow what is shown: screens are legible, layers follow the tile, what is off screen is not sent.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { CHART_QUARTERS, CHART_TITLE, openChart, quarters } from './harness/chart.ts';
import { Stage } from './harness/story.ts';

describe.skipIf(missing.chromium)('media', () => {
  const stage = new Stage();
  let red: Browser;
  let green: Browser;
  beforeAll(async () => {
    red = await stage.keep(launchChromium({ camera: 'red', shareTab: CHART_TITLE }));
    green = await stage.keep(launchChromium({ camera: 'green' }));
  });

  test('a shared screen arrives with readable content and goes when sharing stops', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await openChart(asha);

    await asha.get('share-toggle').first().click();
    await ben.seesMotion('Asha', 'screen', 3);

    await expect.poll(() => quarters(ben, 'Asha')).toEqual(CHART_QUARTERS);

    await asha.get('share-toggle').first().click();
    await expect.poll(() => ben.tile('Asha', 'screen').count()).toBe(0);
  });

  test('the layer follows the size at which a tile is shown', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben', { width: 1600, height: 1000 });
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await ben.sees('Asha', 'red');
    const height = async () => (await ben.look('Asha')).height;
    await expect.poll(height, { timeout: 30_000, message: 'a large tile gets the high layer' }).toBe(720);

    await ben.page.setViewportSize({ width: 480, height: 420 });

    await expect.poll(height, { timeout: 40_000, message: 'a small tile gets a lower layer' }).toBeLessThan(720);
    await ben.page.setViewportSize({ width: 1600, height: 1000 });
    await expect.poll(height, { timeout: 30_000, message: 'and the high one again' }).toBe(720);
  });

  test('a layer that nobody watches is not sent', async () => {
    const asha = await stage.person(red, 'Asha');
    await asha.startMeeting(stage.server.newMeetingUrl);

    // Alone in the room: after a moment the camera's packets stop altogether.
    const camera = async () =>
      (await asha.streams('outbound')).filter((s) => s.kind === 'video').reduce((sum, s) => sum + s.packets, 0);
    let before = -1;
    await expect
      .poll(
        async () => {
          const now = await camera();
          const still = now === before;
          before = now;
          return still;
        },
        { timeout: 40_000, interval: 1500 },
      )
      .toBe(true);
  });

  test('a camera that is switched off shows no picture to others, and comes back', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await ben.sees('Asha', 'red');

    await asha.get('cam-toggle').first().click();
    await expect.poll(() => ben.tile('Asha').locator('video:visible').count()).toBe(0);
    await asha.get('cam-toggle').first().click();

    await ben.sees('Asha', 'red');
  });
});
