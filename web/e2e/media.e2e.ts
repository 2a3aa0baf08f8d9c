// Pictures follow what is shown: screens are legible, layers follow the tile, what is off screen is not sent.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Stage } from './harness/story.ts';

const CHART = `<!doctype html><title>Sabha share chart</title><style>
  body { margin: 0; display: grid; grid-template: 1fr 1fr / 1fr 1fr; height: 100vh }
</style>
<div style="background:#d00000"></div><div style="background:#00b000"></div>
<div style="background:#0000d0"></div><div style="background:#ffffff;font:700 24px sans-serif" id="clock"></div>
<script>setInterval(() => { clock.textContent = Math.round(performance.now()) }, 100)</script>`;

describe.skipIf(missing.chromium)('media', () => {
  const stage = new Stage();
  let red: Browser;
  let green: Browser;
  beforeAll(async () => {
    red = await stage.keep(launchChromium({ camera: 'red', shareTab: 'Sabha share chart' }));
    green = await stage.keep(launchChromium({ camera: 'green' }));
  });

  test('a shared screen arrives with readable content and goes when sharing stops', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    const chart = await asha.context.newPage();
    await chart.setContent(CHART);
    await asha.page.bringToFront();

    await asha.get('share-toggle').first().click();
    await ben.seesMotion('Asha', 'screen', 3);

    // The four quarters of the chart, read from what was decoded.
    const quarters = () =>
      ben
        .tile('Asha', 'screen')
        .locator('video')
        .first()
        .evaluate((element) => {
          const video = element as HTMLVideoElement;
          const canvas = document.createElement('canvas');
          [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
          const context = canvas.getContext('2d');
          context?.drawImage(video, 0, 0);
          return [
            [0.2, 0.2],
            [0.8, 0.2],
            [0.2, 0.8],
            [0.8, 0.9],
          ].map(([x = 0, y = 0]) => {
            const [r = 0, g = 0, b = 0] = context?.getImageData(canvas.width * x, canvas.height * y, 1, 1).data ?? [];
            return [r, g, b].map((level) => (level > 128 ? 1 : 0)).join('');
          });
        });
    await expect.poll(quarters, { timeout: 40_000 }).toEqual(['100', '010', '001', '111']);

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
