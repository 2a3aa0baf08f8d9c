// The main story: three people in two kinds of browser see and hear each other, and the host ends it.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, launchFirefox, missing } from './harness/browsers.ts';
import { Stage } from './harness/story.ts';

describe.skipIf(missing.chromium || missing.firefox)('a meeting of three in Chromium and Firefox', () => {
  const stage = new Stage();
  let red: Browser;
  let green: Browser;
  let fox: Browser;
  beforeAll(async () => {
    red = await stage.keep(launchChromium({ camera: 'red' }));
    green = await stage.keep(launchChromium({ camera: 'green' }));
    fox = await stage.keep(launchFirefox());
  });

  test('everybody sees moving pictures of all others, hears them, and is out when the host ends', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const chitra = await stage.person(fox, 'Chitra');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await stage.bring(asha, chitra, link);

    await asha.sees('Ben', 'green');
    await ben.sees('Asha', 'red');
    await chitra.sees('Asha', 'red');
    await chitra.sees('Ben', 'green');
    await asha.seesMotion('Chitra');
    await asha.seesWanderingColour('Chitra');
    await ben.seesMotion('Chitra');
    await ben.seesWanderingColour('Chitra');
    for (const person of [asha, ben, chitra]) await person.hears();

    await asha.get('leave').click();
    await asha.get('end-meeting').click();
    for (const person of [asha, ben, chitra]) expect(await person.endedBecause()).toBe('ended');
  });

  test('media travels under an AES-GCM profile in both browsers', async () => {
    const asha = await stage.person(red, 'Asha');
    const chitra = await stage.person(fox, 'Chitra');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, chitra, link);
    await chitra.sees('Asha', 'red');

    const profile = await asha.page.evaluate(async () => {
      const report = await window.peerConnections.at(-1)?.getStats();
      return [...(report?.values() ?? [])].find((stat) => stat.type === 'transport')?.srtpCipher;
    });
    expect(profile).toMatch(/^(SRTP_)?AEAD_AES_(128|256)_GCM$/);
    // Firefox does not tell its profile in getStats; the server counts the profiles it negotiated.
    await expect
      .poll(() => stage.server.metric('sabha_media_connections_total', 'profile="aes_gcm"'))
      .toBeGreaterThanOrEqual(2);
    expect(await stage.server.metric('sabha_media_connections_total', 'profile="other"')).toBe(0);
  });

  test('two rooms never exchange a packet', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    await asha.startMeeting(stage.server.newMeetingUrl);
    await ben.startMeeting(stage.server.newMeetingUrl);
    // Both are publishing once the server counts what they send.
    await expect
      .poll(async () => {
        const sent = [...(await asha.streams('outbound')), ...(await ben.streams('outbound'))];
        return sent.filter((stream) => stream.packets > 20).length;
      })
      .toBeGreaterThanOrEqual(2);

    for (const person of [asha, ben]) {
      expect(await person.bytesReceived()).toBe(0);
      expect(await person.get('roster-entry').count()).toBeLessThanOrEqual(1);
    }
  });
});
