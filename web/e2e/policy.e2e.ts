// What hosts and the organisation decide of a meeting's conduct, as people see it.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import type { Person } from './harness/person.ts';
import { Stage } from './harness/story.ts';

const control = (person: Person, id: string) => person.get('policy').locator(`[data-control="${id}"]`);

describe.skipIf(missing.chromium)('policy', () => {
  const stage = new Stage();
  let red: Browser;
  let green: Browser;
  beforeAll(async () => {
    red = await stage.keep(launchChromium({ camera: 'red' }));
    green = await stage.keep(launchChromium({ camera: 'green' }));
  });

  async function two(): Promise<{ asha: Person; ben: Person; link: string }> {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    return { asha, ben, link };
  }

  test('one button suspends all that participants do, and nothing comes back on by itself', async () => {
    const { asha, ben } = await two();
    await asha.sees('Ben', 'green');
    await asha.openPanel('security');
    await asha.get('suspend-all').click();

    await ben.get('suspended').waitFor();
    for (const toggle of ['mic-toggle', 'cam-toggle']) {
      await expect.poll(() => ben.get(toggle).getAttribute('aria-pressed')).toBe('false');
    }
    await asha.tile('Ben').locator('video').waitFor({ state: 'hidden' });
    await ben.get('cam-toggle').click();
    await ben.page.locator('[data-testid="refusal"][data-rule="ROOM.SUSPENDED"]').first().waitFor();
    await ben.openPanel('chat');
    await ben.get('chat-input').fill('may I?');
    expect(await ben.get('chat-send').isDisabled()).toBe(true);
    await ben.sees('Asha', 'red');

    await asha.get('suspend-all').click();
    await ben.get('suspended').waitFor({ state: 'detached' });
    expect(await ben.get('cam-toggle').getAttribute('aria-pressed')).toBe('false');
    await ben.get('cam-toggle').click();
    await asha.sees('Ben', 'green');
  });

  test('a host sets who writes to all; everybody sees the setting, its reason and its source', async () => {
    const { asha, ben } = await two();
    await asha.openPanel('security');
    await control(asha, 'MEET.CHAT.SAFE').locator('select').selectOption('hosts');
    await ben.openPanel('security');
    await expect.poll(() => control(ben, 'MEET.CHAT.SAFE').getAttribute('data-value')).toBe('hosts');
    expect(await control(ben, 'MEET.CHAT.SAFE').textContent()).toContain('MHA');
    expect(await control(ben, 'MEET.CHAT.SAFE').locator('select').count()).toBe(0);
    await ben.openPanel('chat');
    await ben.get('chat-input').fill('hello');
    expect(await ben.get('chat-send').isDisabled()).toBe(true);
  });

  test('a host mutes all at once, and each of them speaks again only by their own hand', async () => {
    const { asha, ben } = await two();
    await asha.openPanel('people');
    await asha.get('mute-all').click();
    await expect.poll(() => ben.get('mic-toggle').getAttribute('aria-pressed')).toBe('false');
    await asha.get('mute-all').waitFor({ state: 'detached' });
    await ben.get('mic-toggle').click();
    await asha.get('mute-all').waitFor();
  });

  // The last one: the server demands more from then on.
  test('no host chooses less than the organisation demands, and what it demands later binds at once', async () => {
    const { asha, ben, link } = await two();
    await asha.openPanel('security');
    const offered = control(asha, 'MEET.SHARE.HOST').locator('option');
    const choices = await offered.evaluateAll((all) => all.map((one) => (one as HTMLOptionElement).value));
    expect(choices).toEqual(['granted', 'hosts']);
    expect(await control(asha, 'MEET.CHAT.SAFE').getAttribute('data-value')).toBe('everyone');

    stage.server.run('policy', 'apply', 'tier:high');
    for (const person of [asha, ben]) {
      for (const id of ['MEET.CHAT.SAFE', 'MEET.SHARE.HOST', 'MEET.LOBBY.ON']) {
        await expect.poll(() => control(person, id).getAttribute('data-value')).toMatch(/^hosts?$/);
      }
    }
    const chitra = await stage.person(green, 'Chitra');
    await chitra.knock(link);
    await asha.admit('Chitra');
    await asha.page.locator('[data-testid="refusal"][data-rule="MEET.PASS.REQUIRED"]').waitFor();
    await chitra.inLobby();
  });
});
