// Screens travel in VP9 and cameras in VP8 simulcast, between different browsers, encrypted; and whoever knows only VP8
// sees everything.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, launchFirefox, missing } from './harness/browsers.ts';
import { CHART_QUARTERS, CHART_TITLE, openChart, pickChart, quarters } from './harness/chart.ts';
import type { Person, StreamStats } from './harness/person.ts';
import { Stage } from './harness/story.ts';

/** How many pictures are being decoded, by codec: those with new frames within a second. */
async function decoding(person: Person): Promise<Record<string, number>> {
  const key = ({ mid, rid, codec }: StreamStats) => `${mid} ${rid} ${codec}`;
  const pictures = async () => (await person.streams('inbound')).filter(({ kind }) => kind === 'video');
  const before = new Map((await pictures()).map((stream) => [key(stream), stream.frames]));
  await new Promise((done) => setTimeout(done, 1000));
  const counts: Record<string, number> = {};
  for (const stream of await pictures()) {
    if (stream.frames > (before.get(key(stream)) ?? 0)) counts[stream.codec] = (counts[stream.codec] ?? 0) + 1;
  }
  return counts;
}

/** What a page that opens next takes for all that its browser can receive. */
async function forgetVp9(person: Person): Promise<void> {
  await person.page.addInitScript(() => {
    const all = RTCRtpReceiver.getCapabilities.bind(RTCRtpReceiver);
    RTCRtpReceiver.getCapabilities = (kind) => {
      const known = all(kind);
      return known && { ...known, codecs: known.codecs.filter(({ mimeType }) => mimeType !== 'video/VP9') };
    };
  });
}

async function share(person: Person): Promise<void> {
  await person.get('share-toggle').first().click();
}

async function seesChart(viewer: Person, sharer: string): Promise<void> {
  await viewer.seesMotion(sharer, 'screen', 3);
  await expect.poll(() => quarters(viewer, sharer)).toEqual(CHART_QUARTERS);
}

describe.skipIf(missing.chromium || missing.firefox)('codecs', () => {
  const stage = new Stage();
  let chromium: Browser;
  let fox: Browser;
  let other: Browser;
  beforeAll(async () => {
    chromium = await stage.keep(launchChromium({ camera: 'red', shareTab: CHART_TITLE }));
    fox = await stage.keep(launchFirefox());
    other = await stage.keep(launchChromium({ camera: 'green' }));
  });

  /** Asha in Chromium and Chitra in Firefox, both ready to share the chart. */
  async function pair(): Promise<{ asha: Person; chitra: Person; link: string }> {
    const asha = await stage.person(chromium, 'Asha');
    const chitra = await stage.person(fox, 'Chitra');
    await pickChart(chitra.page);
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, chitra, link);
    await asha.letShare(chitra);
    await openChart(asha);
    return { asha, chitra, link };
  }

  test('Chromium and Firefox see each other’s screens in VP9 and faces in VP8 simulcast', async () => {
    const { asha, chitra } = await pair();
    await share(asha);
    await seesChart(chitra, 'Asha');
    await expect.poll(() => decoding(chitra)).toEqual({ 'video/VP8': 1, 'video/VP9': 1 });
    await share(chitra);
    await seesChart(asha, 'Chitra');
    await expect.poll(() => decoding(asha)).toEqual({ 'video/VP8': 1, 'video/VP9': 1 });

    await chitra.sees('Asha', 'red');
    await asha.seesWanderingColour('Chitra');
    for (const person of [asha, chitra]) {
      const sent = (await person.streams('outbound')).filter(({ kind }) => kind === 'video');
      expect(sent.filter(({ rid }) => rid === null).map(({ codec }) => codec)).toEqual(['video/VP9']);
      const layers = sent.filter(({ rid }) => rid !== null);
      expect(layers.map(({ rid }) => rid).sort()).toEqual(['h', 'l', 'm']);
      expect(new Set(layers.map(({ codec }) => codec))).toEqual(new Set(['video/VP8']));
      await person.hears();
      await person.verified();
    }
  });

  test('a screen is sent in VP8 while somebody watches who knows nothing else, and in VP9 again after', async () => {
    const { asha, chitra, link } = await pair();
    const ben = await stage.person(other, 'Ben');
    await forgetVp9(ben);
    await share(asha);
    await seesChart(chitra, 'Asha');
    await expect.poll(() => decoding(chitra)).toMatchObject({ 'video/VP9': 1 });

    await stage.bring(asha, ben, link);
    await seesChart(ben, 'Asha');
    await expect.poll(() => decoding(ben)).toEqual({ 'video/VP8': 3 });
    await seesChart(chitra, 'Asha');
    await expect.poll(async () => Object.keys(await decoding(chitra))).toEqual(['video/VP8']);

    await ben.get('leave').click();
    await expect.poll(() => decoding(chitra)).toMatchObject({ 'video/VP9': 1 });
    await seesChart(chitra, 'Asha');
  });

  test('so does a screen that comes from Firefox', async () => {
    const { asha, chitra, link } = await pair();
    const ben = await stage.person(other, 'Ben');
    await forgetVp9(ben);
    await share(chitra);
    await seesChart(asha, 'Chitra');
    await expect.poll(() => decoding(asha)).toMatchObject({ 'video/VP9': 1 });

    await stage.bring(asha, ben, link);
    await seesChart(ben, 'Chitra');
    await expect.poll(() => decoding(ben)).toEqual({ 'video/VP8': 3 });
    await seesChart(asha, 'Chitra');
    await expect.poll(async () => Object.keys(await decoding(asha))).toEqual(['video/VP8']);

    await ben.get('leave').click();
    await expect.poll(() => decoding(asha)).toMatchObject({ 'video/VP9': 1 });
    await seesChart(asha, 'Chitra');
  });
});
