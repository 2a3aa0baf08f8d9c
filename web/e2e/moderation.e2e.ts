// What a host can do with single people, and what only the people themselves can.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Middle } from './harness/middle.ts';
import type { Person } from './harness/person.ts';
import { Stage } from './harness/story.ts';

const pressed = (person: Person, toggle: string) => person.get(toggle).getAttribute('aria-pressed');

/** Frames of pictures that came in so far. */
async function framesIn(person: Person): Promise<number> {
  const streams = await person.streams('inbound');
  return streams.filter(({ kind }) => kind === 'video').reduce((sum, { frames }) => sum + frames, 0);
}

/** Waits so long, 2.5 s, that nothing coming counts as nothing. */
const quiet = () => new Promise((done) => setTimeout(done, 2500));

describe.skipIf(missing.chromium)('moderation', () => {
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
    await asha.sees('Ben', 'green');
    return { asha, ben, link };
  }

  test('an attendee sees and hears, and shows, says and writes nothing until a host changes that', async () => {
    const { asha, ben } = await two();
    await asha.act('Ben', 'action-rights');
    await asha.get('role-attendee').check();
    await asha.tile('Ben').locator('video').waitFor({ state: 'hidden' });
    await expect.poll(() => pressed(ben, 'cam-toggle')).toBe('false');
    await expect.poll(() => pressed(ben, 'mic-toggle')).toBe('false');
    await ben.get('cam-toggle').click();
    await ben.page.locator('[data-testid="refusal"][data-rule="ROOM.SOURCE"]').first().waitFor();
    await ben.openPanel('chat');
    await ben.get('chat-input').fill('may I?');
    expect(await ben.get('chat-send').isDisabled()).toBe(true);
    await ben.sees('Asha', 'red');

    await asha.get('role-participant').check();
    await asha.page.keyboard.press('Escape');
    await expect.poll(() => ben.get('chat-send').isDisabled()).toBe(false);
    expect(await pressed(ben, 'cam-toggle'), 'nothing comes on by itself').toBe('false');
    await ben.get('cam-toggle').click();
    await asha.sees('Ben', 'green');
  });

  test('one right is taken and given by itself', async () => {
    const { asha, ben } = await two();
    await asha.act('Ben', 'action-rights');
    await asha.get('right-camera').click();
    await expect.poll(() => asha.get('right-camera').getAttribute('aria-pressed')).toBe('false');
    await expect.poll(() => pressed(ben, 'cam-toggle')).toBe('false');
    expect(await pressed(ben, 'mic-toggle')).toBe('true');
    await asha.get('right-camera').click();
    await expect.poll(() => asha.get('right-camera').getAttribute('aria-pressed')).toBe('true');
    await ben.get('cam-toggle').click();
    await asha.sees('Ben', 'green');
  });

  test('a browser that does not hear of it, and goes on sending, is shown to nobody', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const middle = await Middle.before(ben);
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await asha.sees('Ben', 'green');
    middle.lie((frame) => (frame.body.type === 'handshake' ? null : frame));
    await asha.act('Ben', 'action-rights');
    await asha.get('right-camera').click();
    await asha.tile('Ben').locator('video:not(.shown)').waitFor({ state: 'attached' });
    expect(await pressed(ben, 'cam-toggle')).toBe('true');

    // What was on its way may still come.
    await quiet();
    const before = await framesIn(asha);
    await quiet();
    expect(await framesIn(asha)).toBe(before);
  });

  test('a host asks somebody to unmute, and only that person switches the microphone on', async () => {
    const { asha, ben } = await two();
    await asha.act('Ben', 'action-mute');
    await expect.poll(() => pressed(ben, 'mic-toggle')).toBe('false');
    await asha.act('Ben', 'action-ask-to-speak');
    await ben.get('speak-accept').waitFor();
    expect(await pressed(ben, 'mic-toggle')).toBe('false');
    await ben.get('speak-accept').click();
    await expect.poll(() => pressed(ben, 'mic-toggle')).toBe('true');
    await ben.get('speak-accept').waitFor({ state: 'detached' });
  });

  test('who a host puts before everybody is large for all, whoever comes later included', async () => {
    const { asha, ben, link } = await two();
    const chitra = await stage.person(green, 'Chitra');
    await stage.bring(asha, chitra, link);
    await asha.act('Chitra', 'action-spotlight');
    const large = (person: Person) =>
      person.page.evaluate(() => {
        const tiles = [...document.querySelectorAll<HTMLElement>('[data-testid="tile"][data-kind="camera"]')];
        const area = (tile: HTMLElement) => tile.clientWidth * tile.clientHeight;
        return tiles.toSorted((a, b) => area(b) - area(a))[0]?.dataset.name;
      });
    await expect.poll(() => large(ben)).toBe('Chitra');
    const dev = await stage.person(red, 'Dev');
    await stage.bring(asha, dev, link);
    await expect.poll(() => large(dev)).toBe('Chitra');
  });

  test('who is sent back to the lobby hears nothing more, and comes in again only if a host lets it', async () => {
    const { asha, ben } = await two();
    await asha.act('Ben', 'action-send-back');
    await ben.inLobby();
    expect(await ben.get('tile').count()).toBe(0);
    await expect.poll(() => asha.roster()).toEqual(['Asha']);
    await asha.admit('Ben');
    await ben.inRoom();
    await ben.sees('Asha', 'red');
    await asha.sees('Ben', 'green');
  });

  test('a ban is lifted by a host alone, and who was banned is let in anew', async () => {
    const { asha, ben } = await two();
    await asha.act('Ben', 'action-remove');
    expect(await ben.endedBecause()).toBe('removed');
    await asha.openPanel('security');
    const banned = asha.page.locator('[data-testid="banned-entry"][data-name="Ben"]');
    await banned.getByTestId('lift-ban').click();
    await banned.waitFor({ state: 'detached' });
    await ben.get('ended-action').click();
    await ben.get('prejoin-join').click();
    await ben.inLobby();
    await asha.admit('Ben');
    await ben.inRoom();
    await asha.sees('Ben', 'green');
  });
});
