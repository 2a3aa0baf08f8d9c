// TLP:RED in the room only: who is in it reads it under their own name, and nobody and nothing else has it.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, launchFirefox, missing } from './harness/browsers.ts';
import { Middle } from './harness/middle.ts';
import type { Person } from './harness/person.ts';
import { Stage } from './harness/story.ts';
import { filesWith, holds, keptBy } from './harness/traces.ts';

const MARK = 'the relay in hall nine answers to anybody, 7KQM-2XWD';
const NEXT = 'and so does the one in hall eleven, 9RTB-4YHN-88';
/** What a camera writes into a picture's file and nobody sees. */
const PLACE = 'taken at 28.6139 N 77.2090 E by a camera of the ministry';
/** Several parts, so that one who comes later has something to be sent. */
const TEXT = `${MARK}\n${'What only those in the room may know. '.repeat(2500)}`;

const screens = join(import.meta.dirname, '../test-results/screens');

declare global {
  interface Window {
    /** Pictures that the page gave to its device, in base64url. Set by the test, not by Sabha. */
    shownPictures?: string[];
  }
}

async function show(presenter: Person, file: { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
  await presenter.get('material').click();
  await presenter.get('material-file').setInputFiles(file);
  await presenter.get('material-dialog').waitFor({ state: 'detached' });
}

const text = (content: string) => ({ name: 'brief.md', mimeType: 'text/markdown', buffer: Buffer.from(content) });

async function reads(reader: Person, mark: string): Promise<void> {
  const shown = reader.get('material-text');
  await expect
    .poll(async () => (await shown.count()) > 0 && (await shown.textContent()), { timeout: 30_000 })
    .toContain(mark);
  expect(await reader.get('material-watermark').getAttribute('data-name')).toBe(reader.name);
  expect(await reader.get('material-watermark').textContent()).toContain(`${reader.name} · 20`);
  expect(await reader.get('material-pane').getAttribute('aria-label')).toContain(reader.name);
}

async function hasNone(person: Person): Promise<void> {
  await person.get('material-pane').waitFor({ state: 'detached', timeout: 30_000 });
  for (const mark of [MARK, NEXT]) expect(holds(await keptBy(person.page), mark), person.name).toBe(false);
}

/** A red picture as PNG, with a text in its file that nobody sees (W3C PNG, third edition, section 11.3.3.4). */
function picture(side: number): Buffer {
  const crcOf = (bytes: Buffer) => {
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return (crc ^ 0xffffffff) >>> 0;
  };
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crcOf(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.of(0), Buffer.from(Array.from({ length: side }, () => [220, 20, 30]).flat())]);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('tEXt', Buffer.from(`Comment\0${PLACE}`)),
    chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: side }, () => row)))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Keeps what a page gives to the worker of its device, as far as it is a picture to be shown. */
function recordPictures(): void {
  window.shownPictures = [];
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (this: Worker, ...said: unknown[]) {
    const { command } = said[0] as { command?: { type: string; kind: string; content: string } };
    if (command?.type === 'show_material' && command.kind !== 'text') window.shownPictures?.push(command.content);
    return post.apply(this, said as Parameters<typeof post>);
  };
}

describe.skipIf(missing.chromium || missing.firefox)('TLP:RED in the room only', () => {
  const stage = new Stage();
  let red: Browser;
  let green: Browser;
  let fox: Browser;
  beforeAll(async () => {
    mkdirSync(screens, { recursive: true });
    red = await stage.keep(launchChromium({ camera: 'red' }));
    green = await stage.keep(launchChromium({ camera: 'green' }));
    fox = await stage.keep(launchFirefox());
  });

  /** RED-03, RED-05, RED-06, RED-07 */
  test('is read under the own name, by who comes later too; goes with who is removed; and is nowhere on the server', {
    timeout: 240_000,
  }, async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const chitra = await stage.person(fox, 'चित्रा');
    const middle = await Middle.before(asha);
    await asha.page.addInitScript(recordPictures);
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await ben.verified();
    expect(await ben.get('material').count(), 'a guest who may not share is not offered it').toBe(0);

    await show(asha, text(TEXT));
    await reads(ben, MARK);
    await reads(asha, MARK);
    expect(await ben.get('material-take-away').count()).toBe(0);
    await ben.page.locator('[data-testid="notice"][data-kind="material"]').waitFor();
    for (const [width, height] of [
      [390, 844],
      [1280, 800],
    ] as const) {
      await ben.page.setViewportSize({ width, height });
      await ben.page.screenshot({ path: join(screens, `material-room-${width}.png`) });
    }
    // Neither marked nor copied nor printed.
    const marked = await ben.page.evaluate(() => {
      document
        .getSelection()
        ?.selectAllChildren(document.querySelector('[data-testid="material-pane"]') ?? document.body);
      return String(document.getSelection());
    });
    expect(marked).not.toContain(MARK);
    await ben.page.emulateMedia({ media: 'print' });
    expect(await ben.get('material-pane').isVisible()).toBe(false);
    await ben.page.emulateMedia({ media: 'screen' });
    // It can be folded away and read with the keyboard alone.
    await ben.get('material-fold').focus();
    await ben.page.keyboard.press('Enter');
    expect(await ben.get('material-text').count()).toBe(0);
    await ben.page.keyboard.press('Enter');
    await ben.page.keyboard.press('Tab');
    await expect
      .poll(() => ben.page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
      .toBe('TLP:RED material');

    // In the lobby there is none of it, and who comes in gets it in the epoch that begins then.
    await chitra.knock(link);
    await chitra.inLobby();
    await asha.lobbyEntry('चित्रा').waitFor();
    expect(await chitra.get('material-pane').count()).toBe(0);
    expect(holds(await keptBy(chitra.page), MARK)).toBe(false);
    await asha.admit('चित्रा');
    await chitra.inRoom();
    await reads(chitra, MARK);

    await asha.act('Ben', 'action-remove');
    expect(await ben.endedBecause()).toBe('removed');
    await hasNone(ben);
    // The others read on, and what comes next is for them.
    await show(asha, text(`${NEXT}\n${TEXT}`));
    await reads(chitra, NEXT);
    await hasNone(ben);

    // A picture is painted anew: it is seen, and what its file said besides is gone.
    await show(asha, { name: 'map.png', mimeType: 'image/png', buffer: picture(600) });
    const canvas = chitra.get('material-picture');
    await expect
      .poll(
        () =>
          canvas.evaluate((element) => {
            const { width } = element as HTMLCanvasElement;
            const pixels = (element as HTMLCanvasElement)
              .getContext('2d')
              ?.getImageData(0, 0, Math.max(1, width), 1).data;
            return [width, pixels?.[0]];
          }),
        { timeout: 30_000 },
      )
      .toEqual([600, 220]);
    expect(await chitra.get('material-watermark').getAttribute('data-name')).toBe('चित्रा');
    const sent = (await asha.page.evaluate(() => window.shownPictures)) ?? [];
    expect(sent.length).toBe(1);
    const written = Buffer.from(sent[0] ?? '', 'base64url');
    expect(written.includes('IDAT') && holds(picture(600), PLACE)).toBe(true);
    expect(holds(written, PLACE)).toBe(false);

    await asha.get('material-take-away').click();
    await hasNone(chitra);
    await hasNone(asha);

    // What the presenter's page said to the server, and all that the server has and has written.
    const frames = Buffer.from([...middle.asked, ...middle.said].map((message) => JSON.stringify(message)).join('\n'));
    const long = middle.asked.filter((message) => message.type === 'relay' && message.payload.length > 40_000);
    expect(long.length, 'the parts were seen going out').toBeGreaterThan(6);
    for (const mark of [MARK, NEXT, PLACE]) {
      expect(holds(frames, mark)).toBe(false);
      expect(filesWith(stage.server.data, mark)).toEqual([]);
      expect(holds(Buffer.from(stage.server.wrote()), mark)).toBe(false);
    }
    // The search finds what is there: the meeting's id stands in all of them.
    const meeting = /\/m\/([a-z2-7]+)/.exec(link)?.[1] ?? '';
    expect(holds(frames, meeting)).toBe(true);
  });

  /** RED-01, RED-06 */
  test('a guest whom a host lets share shows it, until the host takes the right or the guest goes', {
    timeout: 180_000,
  }, async () => {
    const asha = await stage.person(red, 'Asha');
    const chitra = await stage.person(fox, 'Chitra');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, chitra, link);
    await chitra.verified();
    await asha.letShare(chitra);
    await chitra.get('material').click();
    await chitra.get('material-typed').fill(MARK);
    await chitra.get('material-show').click();
    await reads(asha, MARK);

    // What is no text and no picture is refused before anything is said.
    await chitra.get('material').click();
    await chitra
      .get('material-file')
      .setInputFiles({ name: 'a.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7\0\xff') });
    await expect.poll(() => chitra.get('material-trouble').textContent()).toContain('neither text nor');
    await chitra.page.keyboard.press('Escape');
    await reads(asha, MARK);

    await chitra.get('leave').click();
    await chitra.endedBecause();
    await hasNone(asha);
    await hasNone(chitra);
  });
});
