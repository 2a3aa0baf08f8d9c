// Links for single people: they let in without a click, on so many devices, until a host takes them back.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { inspect } from './harness/clerk.ts';
import type { Person } from './harness/person.ts';
import { Stage } from './harness/story.ts';

describe.skipIf(missing.chromium)('invites', () => {
  const stage = new Stage();
  let red: Browser;
  let green: Browser;
  beforeAll(async () => {
    red = await stage.keep(launchChromium({ camera: 'red' }));
    green = await stage.keep(launchChromium({ camera: 'green' }));
  });

  const entry = (host: Person, name: string) => host.page.locator(`[data-testid="invite-entry"][data-name="${name}"]`);

  /** Makes a link for one person on one device, and leaves the dialog open. */
  async function invite(host: Person, name: string): Promise<string> {
    await host.openPanel('people');
    await host.get('invite-person').click();
    await host.get('invite-name').fill(name);
    await host.get('invite-make').click();
    return entry(host, name).locator('input').inputValue();
  }

  test('a personal link lets one device in without a click, and nobody once it is taken back', async () => {
    const asha = await stage.person(red, 'Asha');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    const personal = await invite(asha, 'Ben of the ministry');
    expect(personal.startsWith(`${link}.`)).toBe(true);
    expect(await entry(asha, 'Ben of the ministry').getAttribute('data-used')).toBe('0');

    const ben = await stage.person(green, 'Ben');
    await ben.knock(personal);
    await ben.inRoom();
    await asha.sees('Ben', 'green');
    await ben.sees('Asha', 'red');
    await ben.verified();
    expect(await ben.page.evaluate(() => location.hash)).toBe('');
    await entry(asha, 'Ben of the ministry').and(asha.page.locator('[data-used="1"]')).waitFor();
    await ben.openPanel('security');
    await ben.get('security-panel').getByText("Invited with a host's signature").first().waitFor();

    // Whoever else got hold of it knocks, and is told why.
    const eve = await stage.person(green, 'Eve');
    await eve.knock(personal);
    await eve.inLobby();
    await eve.page.locator('[data-testid="refusal"][data-rule="ROOM.ENTRY.INVITE"]').first().waitFor();

    await entry(asha, 'Ben of the ministry').getByTestId('invite-withdraw').click();
    await ben.inLobby();
    await asha.page.keyboard.press('Escape');
    await expect.poll(() => asha.roster()).toEqual(['Asha']);
    await asha.admit('Ben');
    await ben.inRoom();
  });

  test('where only personal links let in, and by a click, the shared one lets nobody in and says why', async () => {
    const asha = await stage.person(red, 'Asha');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await asha.openPanel('security');
    const control = (id: string) => asha.get('policy').locator(`[data-control="${id}"]`);
    for (const [id, value] of [
      ['ORG.LINK.PRIVATE', 'personal'],
      ['MEET.LOBBY.ON', 'host'],
    ] as const) {
      await control(id).locator('select').selectOption(value);
      await expect.poll(() => control(id).getAttribute('data-value')).toBe(value);
    }

    // With the meeting's own link: a sentence for the guest, and no button for the host.
    const eve = await stage.person(green, 'Eve');
    await eve.knock(link);
    await eve.inLobby();
    const refusal = eve.page.locator('[data-testid="refusal"][data-rule="ORG.LINK.PRIVATE"]');
    await refusal.waitFor();
    expect(await refusal.textContent()).toContain('Ask a host for a link of your own');
    await inspect(eve, 'lobby-personal');
    await asha.openPanel('people');
    const waiting = (name: string) => asha.page.locator(`[data-testid="lobby-entry"][data-name="${name}"]`);
    await waiting('Eve').getByTestId('lobby-deny').waitFor();
    expect(await waiting('Eve').getByTestId('lobby-admit').count()).toBe(0);

    const personal = await invite(asha, 'Ben of the ministry');
    await inspect(asha, 'invites-personal');
    await asha.page.setViewportSize({ width: 1280, height: 800 });
    await asha.page.keyboard.press('Escape');
    const ben = await stage.person(green, 'Ben');
    await ben.knock(personal);
    await ben.inLobby();
    await expect.poll(() => waiting('Ben').getByTestId('lobby-link').textContent()).toContain('Ben of the ministry');
    await inspect(asha, 'lobby-invited');
    await asha.page.setViewportSize({ width: 1280, height: 800 });
    await asha.admit('Ben');
    await ben.inRoom();
    await asha.sees('Ben', 'green');
    await ben.verified();
    await eve.inLobby();

    // Looser again, the guest by the shared link is let in after all.
    await asha.openPanel('security');
    await control('ORG.LINK.PRIVATE').locator('select').selectOption('shared');
    await refusal.waitFor({ state: 'detached' });
    await asha.admit('Eve');
    await eve.inRoom();
  });

  test('a personal link still lets in after a reload', async () => {
    const asha = await stage.person(red, 'Asha');
    await asha.startMeeting(stage.server.newMeetingUrl);
    const personal = await invite(asha, 'Ben');
    await asha.page.reload();
    await asha.inRoom();
    await asha.openPanel('people');
    await asha.get('invite-person').click();
    expect(await entry(asha, 'Ben').locator('input').inputValue()).toBe(personal);
    await inspect(asha, 'invites');
    await asha.page.setViewportSize({ width: 1280, height: 800 });
    await asha.page.keyboard.press('Escape');

    const ben = await stage.person(green, 'Ben');
    await ben.knock(personal);
    await ben.inRoom();
    await ben.page.reload();
    await ben.inRoom();
    await asha.sees('Ben', 'green');
  });
});
