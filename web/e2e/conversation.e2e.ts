// What people do with each other in a meeting, each of it end-to-end encrypted: write, raise hands, lock the door, hand
// the meeting on, go and come back.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, launchFirefox, missing } from './harness/browsers.ts';
import { checkLog } from './harness/log.ts';
import type { Person } from './harness/person.ts';
import { Stage } from './harness/story.ts';

async function say(person: Person, text: string): Promise<void> {
  await person.openPanel('chat');
  await person.get('chat-input').fill(text);
  await person.get('chat-input').press('Enter');
}

/** What a person has read of somebody, oldest first. */
async function read(person: Person, from: string): Promise<string[]> {
  return person.page.locator(`[data-testid="chat-message"][data-name="${from}"]`).allTextContents();
}

async function setLock(host: Person, locked: boolean): Promise<void> {
  await host.openPanel('security');
  await host.get('lock-toggle').click();
  await host.page.locator(`[data-testid="encryption-state"][data-locked="${locked}"]`).waitFor();
}

/** Saves the log of the meeting, as the person does. Returns where. */
async function savedLog(person: Person): Promise<string> {
  if ((await person.get('ended').count()) === 0) await person.openPanel('security');
  const [download] = await Promise.all([person.page.waitForEvent('download'), person.get('save-log').click()]);
  expect(download.suggestedFilename()).toMatch(/^sabha-log-[a-z2-7]{8}\.txt$/);
  return download.path();
}

describe.skipIf(missing.chromium || missing.firefox)('a conversation', () => {
  const stage = new Stage();
  let chromium: Browser;
  let other: Browser;
  let fox: Browser;
  beforeAll(async () => {
    chromium = await stage.keep(launchChromium({ camera: 'red' }));
    other = await stage.keep(launchChromium({ camera: 'green' }));
    fox = await stage.keep(launchFirefox());
  });

  test('what is written in Chromium is read in Firefox with its name, and the other way round; only https is a link', async () => {
    const asha = await stage.person(chromium, 'Asha');
    const chitra = await stage.person(fox, 'चित्रा');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, chitra, link);

    await say(asha, 'नमस्ते 👩‍👩‍👧 <b>bold</b> & "so"');
    await expect.poll(() => read(chitra, 'Asha')).toEqual(['नमस्ते 👩‍👩‍👧 <b>bold</b> & "so"']);
    await say(chitra, 'வணக்கம்');
    await expect.poll(() => read(asha, 'चित्रा')).toEqual(['வணக்கம்']);

    const links = 'https://example.org/a?b=c javascript:alert(1) http://example.org file:///etc \\\\host\\share';
    await say(asha, links);
    await expect.poll(async () => (await read(chitra, 'Asha')).at(-1)).toBe(links);
    const anchors = chitra.get('chat-message').locator('a');
    expect(await anchors.evaluateAll((all) => all.map((anchor) => anchor.getAttribute('href')))).toEqual([
      'https://example.org/a?b=c',
    ]);
    expect(await anchors.first().getAttribute('rel')).toContain('noopener');
    expect(await chitra.get('chat-message').locator('b').count()).toBe(0);

    // The most that can be written, each character the widest; one more cannot be sent.
    await say(asha, '😀'.repeat(4001));
    expect(await asha.get('chat-send').isDisabled()).toBe(true);
    await say(asha, '😀'.repeat(4000));
    await expect.poll(async () => (await read(chitra, 'Asha')).at(-1)).toBe('😀'.repeat(4000));
    expect((await read(chitra, 'Asha')).length).toBe(3);
  });

  test('a hand that goes up is seen by all, and so is that it goes down', async () => {
    const asha = await stage.person(chromium, 'Asha');
    const chitra = await stage.person(fox, 'Chitra');
    const ben = await stage.person(other, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, chitra, link);
    await stage.bring(asha, ben, link);
    const raised = (person: Person) => person.rosterEntry('Ben').locator('.hand').count();
    for (const person of [asha, chitra, ben]) await expect.poll(() => person.roster()).toHaveLength(3);

    await ben.get('hand-toggle').click();
    for (const person of [asha, chitra, ben]) await expect.poll(() => raised(person)).toBe(1);
    await ben.get('hand-toggle').click();
    for (const person of [asha, chitra, ben]) await expect.poll(() => raised(person)).toBe(0);
  });

  test('nobody can be let into a locked meeting until it is open again', async () => {
    const asha = await stage.person(chromium, 'Asha');
    const ben = await stage.person(other, 'Ben');
    const chitra = await stage.person(fox, 'Chitra');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await setLock(asha, true);
    await ben.page.locator('[data-testid="encryption-state"][data-locked="true"]').waitFor();

    await chitra.knock(link);
    await chitra.inLobby();
    await asha.admit('Chitra');
    await asha.page.locator('[data-testid="refusal"][data-rule="ROOM.LOCKED"]').waitFor();
    expect(await chitra.get('lobby-waiting').getAttribute('data-stage')).toBe('waiting');
    expect(await asha.roster()).toEqual(['Asha', 'Ben']);

    // Who is in can go and come back.
    await ben.page.reload();
    await ben.inRoom();
    await ben.verified();

    await setLock(asha, false);
    await asha.admit('Chitra');
    await chitra.inRoom();
    await expect.poll(() => asha.roster()).toEqual(['Asha', 'Ben', 'Chitra']);
  });

  test('who is made host lets people in, and everybody knows all hosts', async () => {
    const asha = await stage.person(chromium, 'Asha');
    const ben = await stage.person(other, 'Ben');
    const chitra = await stage.person(fox, 'Chitra');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, chitra, link);
    await asha.act('Chitra', 'action-make-host');
    await expect.poll(() => chitra.rosterRole('Chitra')).toBe('host');

    await ben.knock(link);
    await chitra.admit('Ben');
    await ben.inRoom();

    await ben.sees('Asha', 'red');
    const known = ben.page.locator('[data-testid="known-entry"][data-name="Ben"]');
    await expect.poll(() => known.getAttribute('data-method')).toBe('manual');
    for (const person of [asha, chitra, ben]) {
      await person.verified();
      await expect.poll(() => person.rosterRole('Chitra')).toBe('host');
      await expect.poll(() => person.rosterRole('Asha')).toBe('host');
    }
  });

  test('a host who reloads is host again in the same meeting, and a guest who reloads does not knock', async () => {
    const asha = await stage.person(chromium, 'Asha');
    const ben = await stage.person(other, 'Ben');
    const chitra = await stage.person(fox, 'Chitra');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await stage.bring(asha, chitra, link);
    const root = await asha.get('root-fingerprint').textContent();

    for (const person of [asha, ben, chitra]) {
      const reloadedAt = Date.now();
      await person.page.reload();
      await person.inRoom();
      for (const each of [asha, ben, chitra]) {
        await each.verified();
        await expect.poll(() => each.roster(), { timeout: 40_000 }).toEqual(['Asha', 'Ben', 'Chitra']);
      }
      // In time for the place, which is kept for a minute.
      expect(Date.now() - reloadedAt, `${person.name} is back`).toBeLessThan(60_000);
      expect(await asha.get('lobby-entry').count()).toBe(0);
      expect(await person.rosterRole(person.name)).toBe(person === asha ? 'host' : 'participant');
      expect(await person.get('root-fingerprint').textContent()).toBe(root);
    }
    expect(await asha.inviteLink()).toBe(link);
    await ben.sees('Asha', 'red');
    await chitra.sees('Ben', 'green');

    // What a host can do, the one who came back can do.
    const dora = await stage.person(other, 'Dora');
    await stage.bring(asha, dora, link);
    await asha.act('Dora', 'action-remove');
    expect(await dora.endedBecause()).toBe('removed');
  });

  test('the log of a meeting outlives a reload, closes with the meeting, and is checked by anybody', async () => {
    const asha = await stage.person(chromium, 'Asha');
    const ben = await stage.person(other, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await ben.openPanel('security');
    expect(await ben.get('save-log').count()).toBe(0);
    // It is kept a moment after something was written down.
    await asha.page.waitForTimeout(4000);
    await asha.page.reload();
    await asha.inRoom();
    await asha.verified();
    expect(checkLog(await savedLog(asha))).toMatchObject({ valid: true, admitted: 1, ended_ms: null });

    await asha.get('leave').click();
    await asha.get('end-meeting').click();
    expect(await asha.endedBecause()).toBe('ended');
    expect(checkLog(await savedLog(asha))).toMatchObject({ valid: true, admitted: 1, ended_ms: expect.any(Number) });
    expect(await ben.endedBecause()).toBe('ended');
    expect(await ben.get('save-log').count()).toBe(0);
  });

  test('two devices of one person are both in, each with its own key', async () => {
    const asha = await stage.person(chromium, 'Asha');
    const laptop = await stage.person(other, 'Ben');
    const phone = await stage.person(fox, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, laptop, link);
    await stage.bring(asha, phone, link);

    for (const person of [asha, laptop, phone]) {
      await person.verified();
      await expect.poll(() => person.roster()).toEqual(['Asha', 'Ben', 'Ben']);
    }
    await laptop.sees('Asha', 'red');
    await phone.sees('Asha', 'red');
    await asha.act('Ben', 'action-remove');
    await expect.poll(() => asha.roster()).toEqual(['Asha', 'Ben']);
    const out = (person: Person) => person.get('ended').count();
    await expect.poll(async () => (await out(laptop)) + (await out(phone)), { timeout: 40_000 }).toBe(1);
  });
});
