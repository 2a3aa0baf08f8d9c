// Nobody enters unless a host lets them in, and who was sent away stays away.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Stage } from './harness/story.ts';

describe.skipIf(missing.chromium)('admission', () => {
  const stage = new Stage();
  let red: Browser;
  let green: Browser;
  beforeAll(async () => {
    red = await stage.keep(launchChromium({ camera: 'red' }));
    green = await stage.keep(launchChromium({ camera: 'green' }));
  });

  test('a guest in the lobby receives no media and no roster, and is shown to the host by name', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);

    await ben.knock(link);
    await ben.inLobby();
    await asha.lobbyEntry('Ben').waitFor();
    // Wait until the host has demonstrably published for a while: then silence in the lobby means something.
    await expect
      .poll(async () => (await asha.streams('outbound')).reduce((sum, stream) => sum + stream.packets, 0))
      .toBeGreaterThan(100);

    expect(await ben.bytesReceived()).toBe(0);
    expect(await ben.get('roster-entry').count()).toBe(0);
    expect(await ben.get('tile').count()).toBe(0);
    expect(await ben.page.content()).not.toContain('Asha');

    await asha.admit('Ben');
    await ben.inRoom();
    await ben.sees('Asha', 'red');
  });

  test('a denied guest is told so', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await ben.knock(link);
    await ben.inLobby();

    await asha.deny('Ben');

    expect(await ben.endedBecause()).toBe('denied');
    await expect.poll(() => asha.get('lobby-entry').count()).toBe(0);
  });

  test('a removed participant is out within a second and cannot come back by reloading', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await ben.sees('Asha', 'red');

    await asha.act('Ben', 'action-remove');
    const told = Date.now();
    expect(await ben.endedBecause()).toBe('removed');
    expect(Date.now() - told).toBeLessThan(1000);
    await expect.poll(() => asha.tile('Ben').count()).toBe(0);
    const received = await ben.bytesReceived();

    await ben.page.reload();
    expect(await ben.endedBecause()).toBe('removed');
    expect(await ben.get('tile').count()).toBe(0);
    expect(await ben.bytesReceived()).toBeLessThanOrEqual(received);
    expect(await asha.get('lobby-entry').count()).toBe(0);
  });

  test('an unknown meeting and a wrong link get one and the same answer', async () => {
    const asha = await stage.person(red, 'Asha');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    const ben = await stage.person(green, 'Ben');

    await ben.knock(`${link.slice(0, -22)}${'A'.repeat(22)}`);
    const wrongSecret = await ben.endedBecause();
    const dora = await stage.person(green, 'Dora');
    await dora.knock(link.replace(/\/m\/[a-z2-7]{32}/, `/m/${'a'.repeat(32)}`));

    expect(wrongSecret).toBe('link_unknown');
    expect(await dora.endedBecause()).toBe('link_unknown');
  });

  test('a muted participant is muted for everybody, and only they can speak again', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await expect.poll(() => ben.get('mic-toggle').first().getAttribute('aria-pressed')).toBe('true');

    await asha.act('Ben', 'action-mute');

    await expect.poll(() => ben.get('mic-toggle').first().getAttribute('aria-pressed')).toBe('false');
    await ben.get('mic-toggle').first().click();
    await expect.poll(() => ben.get('mic-toggle').first().getAttribute('aria-pressed')).toBe('true');
  });

  test('a last host who leaves is asked to end or hand over, and who takes over can end', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);

    await asha.act('Ben', 'action-make-host');
    await expect.poll(() => ben.rosterRole('Ben')).toBe('host');
    await ben.get('leave').click();
    await ben.get('end-meeting').click();

    expect(await ben.endedBecause()).toBe('ended');
    expect(await asha.endedBecause()).toBe('ended');
  });
});
