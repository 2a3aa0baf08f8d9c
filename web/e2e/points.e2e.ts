// The nine points of the home ministry's advisory of April 2020, each as it is by default: no setting is touched.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import type { Person } from './harness/person.ts';
import { Stage } from './harness/story.ts';

/** What a control is set to, as the panel of this person says. */
async function controlOf(person: Person, control: string): Promise<string | null> {
  const entry = person.get('policy').locator(`[data-control="${control}"]`);
  await entry.waitFor({ state: 'attached' });
  return entry.getAttribute('data-value');
}

describe.skipIf(missing.chromium)('the nine points', () => {
  const stage = new Stage();
  let red: Browser;
  let green: Browser;
  beforeAll(async () => {
    red = await stage.keep(launchChromium({ camera: 'red' }));
    green = await stage.keep(launchChromium({ camera: 'green' }));
  });

  async function meeting(): Promise<{ asha: Person; ben: Person; link: string }> {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    return { asha, ben, link: await asha.startMeeting(stage.server.newMeetingUrl) };
  }

  test('1: every meeting has a new id and a new secret, and neither outlives it', async () => {
    const links: string[] = [];
    for (const name of ['Asha', 'Asha again']) {
      const host = await stage.person(red, name);
      links.push(await host.startMeeting(stage.server.newMeetingUrl));
      await host.get('leave').click();
      await host.get('end-meeting').click();
      expect(await host.endedBecause()).toBe('ended');
    }
    const parts = links.map((link) => /\/m\/([a-z2-7]{32})#v1\.([\w-]{22,})$/.exec(link)?.slice(1) ?? []);
    const [[id, secret], [otherId, otherSecret]] = parts as [[string, string], [string, string]];
    expect(id).not.toBe(otherId);
    expect(secret).not.toBe(otherSecret);

    const ben = await stage.person(green, 'Ben');
    await ben.knock(links[0] ?? '');
    expect(await ben.endedBecause()).toBe('link_unknown');
  });

  test('2: everybody waits until the host lets them in, and learns nothing meanwhile', async () => {
    const { asha, ben, link } = await meeting();
    await ben.knock(link);
    await ben.inLobby();
    await asha.lobbyEntry('Ben').waitFor();
    expect(await ben.bytesReceived()).toBe(0);
    expect(await ben.get('roster-entry').count()).toBe(0);
    expect(await ben.page.content()).not.toContain('Asha');

    await asha.admit('Ben');
    await ben.inRoom();
  });

  test('3: nothing begins before the host, and who was early is let in one by one', async () => {
    const { asha, ben, link } = await meeting();
    await asha.page.goto('about:blank');
    const chitra = await stage.person(green, 'Chitra');
    for (const early of [ben, chitra]) {
      await early.knock(link);
      await early.inLobby();
    }
    await asha.page.goBack();
    await asha.inRoom();
    await asha.admit('Chitra');
    await chitra.inRoom();
    await ben.inLobby();
    await expect.poll(() => asha.roster()).toEqual(['Asha', 'Chitra']);
    expect(await controlOf(asha, 'MEET.HOST.FIRST')).toBe('always');
  });

  test('4: only the host shares a screen, and whoever the host lets', async () => {
    const { asha, ben, link } = await meeting();
    await stage.bring(asha, ben, link);
    await ben.get('share-toggle').click();
    await ben.page.locator('[data-testid="refusal"][data-rule="MEET.SHARE.HOST"]').waitFor();
    expect(await ben.get('share-toggle').getAttribute('aria-pressed')).toBe('false');

    await asha.get('share-toggle').click();
    await ben.tile('Asha', 'screen').locator('video').waitFor();
    await asha.get('share-toggle').click();

    await asha.letShare(ben);
    await ben.get('share-toggle').click();
    await asha.tile('Ben', 'screen').locator('video').waitFor();
    expect(await controlOf(ben, 'MEET.SHARE.HOST')).toBe('granted');
  });

  test('5: who was removed does not come back', async () => {
    const { asha, ben, link } = await meeting();
    await stage.bring(asha, ben, link);
    await asha.act('Ben', 'action-remove');
    expect(await ben.endedBecause()).toBe('removed');
    await ben.page.reload();
    expect(await ben.endedBecause()).toBe('removed');
    expect(await controlOf(asha, 'MEET.REMOVED.BAN')).toBe('always');
  });

  test('6: no file can be sent', async () => {
    const { asha, ben, link } = await meeting();
    await stage.bring(asha, ben, link);
    for (const person of [asha, ben]) {
      await person.openPanel('chat');
      expect(await person.page.locator('input[type="file"]').count()).toBe(0);
      expect(await controlOf(person, 'MEET.FILE.OFF')).toBe('always');
    }
    // What is dropped on the page goes nowhere: no line of chat, no other page.
    const before = ben.page.url();
    await ben.page.evaluate(() => {
      const data = new DataTransfer();
      data.items.add(new File(['secret'], 'plan.txt', { type: 'text/plain' }));
      const target = document.querySelector('[data-testid="chat-input"]') ?? document.body;
      for (const type of ['dragenter', 'dragover', 'drop']) {
        target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
      }
    });
    await ben.get('chat-input').fill('still here');
    await ben.get('chat-send').click();
    await asha.get('chat-message').first().waitFor();
    expect(await asha.get('chat-message').count()).toBe(1);
    expect(ben.page.url()).toBe(before);
  });

  test('7: once locked, nobody new comes in', async () => {
    const { asha, ben, link } = await meeting();
    await stage.bring(asha, ben, link);
    await asha.openPanel('security');
    await asha.get('lock-toggle').click();
    await expect.poll(() => asha.get('lock-toggle').getAttribute('aria-pressed')).toBe('true');

    const chitra = await stage.person(green, 'Chitra');
    await chitra.knock(link);
    await asha.lobbyEntry('Chitra').waitFor();
    await asha.admit('Chitra');
    await asha.page.locator('[data-testid="refusal"][data-rule="ROOM.LOCKED"]').waitFor();
    await chitra.inLobby();
    await expect.poll(() => asha.roster()).toEqual(['Asha', 'Ben']);
  });

  test('8: nothing is recorded', async () => {
    const { asha, ben, link } = await meeting();
    for (const person of [asha, ben]) {
      await person.context.addInitScript(() => {
        const recorders: unknown[] = [];
        Object.assign(window, { recorders });
        const Native = window.MediaRecorder;
        window.MediaRecorder = class extends Native {
          constructor(stream: MediaStream, options?: MediaRecorderOptions) {
            super(stream, options);
            recorders.push(this);
          }
        };
      });
    }
    await stage.bring(asha, ben, link);
    await ben.sees('Asha', 'red');
    expect(await ben.page.evaluate(() => (window as unknown as { recorders: unknown[] }).recorders.length)).toBe(0);
    expect(await controlOf(ben, 'MEET.REC.RESTRICT')).toBe('always');
    expect(await controlOf(ben, 'MEET.TRANSCRIPT.RESTRICT')).toBe('always');
  });

  test('9: the host ends the meeting for all, and does not just leave it', async () => {
    const { asha, ben, link } = await meeting();
    await stage.bring(asha, ben, link);
    await asha.get('leave').click();
    await asha.get('leave-dialog').waitFor();
    expect(await asha.get('leave-only').count()).toBe(0);
    await asha.get('end-meeting').click();
    expect(await asha.endedBecause()).toBe('ended');
    expect(await ben.endedBecause()).toBe('ended');

    const late = await stage.person(green, 'Chitra');
    await late.knock(link);
    expect(await late.endedBecause()).toBe('link_unknown');
  });
});
