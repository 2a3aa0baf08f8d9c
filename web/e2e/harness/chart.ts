// A chart to share: four quarters of known colours, and a clock, so that there is always something new to encode.

import type { Page } from 'playwright-core';
import type { Person } from './person.ts';

/** Title of the tab that has it, for Chromium's picker. */
export const CHART_TITLE = 'Sabha share chart';
const CHART = `<!doctype html><title>${CHART_TITLE}</title><style>
  body { margin: 0; display: grid; grid-template: 1fr 1fr / 1fr 1fr; height: 100vh }
</style>
<div style="background:#d00000"></div><div style="background:#00b000"></div>
<div style="background:#0000d0"></div><div style="background:#ffffff;font:700 24px sans-serif" id="clock"></div>
<script>setInterval(() => { clock.textContent = Math.round(performance.now()) }, 100)</script>`;
/** What `quarters` returns where the chart is shown: red, green, blue, white. */
export const CHART_QUARTERS = ['100', '010', '001', '111'];

/** Opens the chart in a tab beside the person's own, which stays in front. */
export async function openChart(person: Person): Promise<void> {
  const chart = await person.context.newPage();
  await chart.setContent(CHART);
  await person.page.bringToFront();
}

/** Lets the page's picker answer with the chart, drawn on a canvas: for browsers without a picker to be told. */
export async function pickChart(page: Page): Promise<void> {
  await page.addInitScript(() => {
    // The empty page before the first one has no devices.
    if (!navigator.mediaDevices) return;
    navigator.mediaDevices.getDisplayMedia = async () => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [1280, 720];
      const context = canvas.getContext('2d');
      setInterval(() => {
        if (!context) return;
        for (const [index, colour] of ['#d00000', '#00b000', '#0000d0', '#ffffff'].entries()) {
          context.fillStyle = colour;
          context.fillRect((index % 2) * 640, index < 2 ? 0 : 360, 640, 360);
        }
        context.fillStyle = 'black';
        context.font = '700 24px sans-serif';
        context.fillText(String(Math.round(performance.now())), 650, 390);
      }, 100);
      return canvas.captureStream(10);
    };
  });
}

/** Reads the four quarters of a shared screen from what was decoded: which of red, green and blue are bright. */
export async function quarters(viewer: Person, sharer: string): Promise<string[]> {
  const video = viewer.tile(sharer, 'screen').locator('video').first();
  return video.evaluate((element) => {
    const source = element as HTMLVideoElement;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [source.videoWidth, source.videoHeight];
    const context = canvas.getContext('2d');
    if (canvas.width === 0) return [];
    context?.drawImage(source, 0, 0);
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
}
