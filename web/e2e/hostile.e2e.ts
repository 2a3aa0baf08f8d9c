// What others type: names, titles and words that would be markup, links, other text, or somebody else. They come from a
// client that has none of the page's inputs.

import type { Browser, Page } from 'playwright-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, launchFirefox, missing } from './harness/browsers.ts';
import { Headless } from './harness/headless.ts';
import type { Person } from './harness/person.ts';
import { Stage } from './harness/story.ts';

declare global {
  interface Window {
    /** What a text of theirs would call, if it ran. Set by the test. */
    hostile(): void;
    hostileRan: boolean;
    /** What the page was kept from loading or running. */
    violations: string[];
  }
}

const MARKS = '\u0301\u0323\u0489\u0338';
/** Marks piled upon one letter, as many as fit. */
const piled = (letter: string, count: number) => letter + MARKS.repeat(count / MARKS.length);

const NAMES = [
  '<img src=x onerror=hostile()>',
  '"><script>hostile()</script>',
  '\\\\evil.example\\share',
  piled('Z', 60),
  '\u200Fהנהלה\u200F',
  // Cyrillic, and the host's own.
  '\u0410\u0455h\u0430',
  'Asha',
];

const SCRIPTS = [
  '<script>hostile()</script>',
  '<img src=x onerror="hostile()">',
  '<svg/onload=hostile()>',
  '<iframe srcdoc="<script>parent.hostile()</script>"></iframe>',
  '<a href="javascript:hostile()">https://bank.example</a>',
  '{{constructor.constructor("hostile()")()}} %3Cscript%3Ehostile()%3C/script%3E',
];
const NO_LINKS = [
  '\\\\evil.example\\share\\x.png',
  '//evil.example/x',
  'file://evil.example/share',
  'file:///etc/passwd',
  'smb://evil.example/share',
  'javascript:hostile()',
  'data:text/html,<script>hostile()</script>',
  'ms-word:ofe|u|https://evil.example/x.docx',
  'ms-msdt:/id PCWDiagnostic',
  'search-ms:query=x&crumb=location:\\\\evil.example',
  'http://evil.example/',
  'vbscript:hostile()',
  'https://bank.example@evil.example/',
  'HTTPS:evil.example',
  // Cyrillic.
  'https://b\u0430nk.example/',
];
const LONG = [
  piled('A', 3_996),
  'x'.repeat(4_000),
  'ﷺ'.repeat(1_300),
  `\u200F${'\u05D0 '.repeat(200)}`,
  '\u{1F468}\u200D'.repeat(1_500),
];

/** Longest time in which the page answers a press, in milliseconds, on a machine that runs six other programs. */
const ANSWER_MS = 3_000;

describe.skipIf(missing.chromium || missing.firefox)('what others type', () => {
  const stage = new Stage();
  const others: Headless[] = [];
  let chromium: Browser;
  let firefox: Browser;
  beforeAll(async () => {
    chromium = await stage.keep(launchChromium({ camera: 'red' }));
    firefox = await stage.keep(launchFirefox());
  });
  afterEach(async () => {
    await Promise.all(others.splice(0).map((one) => one.leave()));
  });

  async function watched(browser: Browser, name: string, viewport?: { width: number; height: number }) {
    const person = await stage.person(browser, name, viewport);
    const foreign: string[] = [];
    const dialogs: string[] = [];
    await person.page.addInitScript(() => {
      window.hostileRan = false;
      window.violations = [];
      window.hostile = () => {
        window.hostileRan = true;
      };
      document.addEventListener('securitypolicyviolation', (event) => {
        window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    person.page.on('request', (request) => {
      const url = new URL(request.url());
      if (
        !['blob:', 'data:'].includes(url.protocol) &&
        url.origin !== stage.server.url.replace('localhost', url.hostname)
      ) {
        foreign.push(request.url());
      }
    });
    person.page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    return { person, foreign, dialogs };
  }

  type Watched = Awaited<ReturnType<typeof watched>>;

  async function nothingRan({ person, foreign, dialogs }: Watched): Promise<void> {
    const { page, name } = person;
    expect(await page.evaluate(() => window.hostileRan), `${name}: a script ran`).toBe(false);
    expect(await page.evaluate(() => window.violations), `${name}: the policy had to step in`).toEqual([]);
    expect(dialogs, `${name}: a dialog`).toEqual([]);
    expect(foreign, `${name}: another host was asked`).toEqual([]);
    const made = await page.evaluate(
      () => document.querySelectorAll('main iframe, main object, main embed, main script, [onerror], [onload]').length,
    );
    expect(made, `${name}: markup was made`).toBe(0);
    const links = await page.evaluate(() =>
      [...document.querySelectorAll('a[href]')].map((link) => link.getAttribute('href')),
    );
    for (const link of links) expect(link).toMatch(/^(https:\/\/|\/(?!\/)|#)/);
    expect(links.filter((link) => link?.includes('evil.example'))).toEqual([]);
  }

  /** Nothing is wider than the window, and no text of others is drawn outside of what it stands in. */
  async function staysInPlace({ page, name }: Person): Promise<void> {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wide, `${name}: the page scrolls sideways`).toBeLessThanOrEqual(0);
    const loose = await page.evaluate(() => {
      const texts = document.querySelectorAll<HTMLElement>(
        '.avatar, [data-testid="tile"] .name, [data-testid="roster-entry"] .name, [data-testid="lobby-entry"] .name, [data-testid="chat-message"], article .name, h1',
      );
      return [...texts]
        .filter((text) => text.getClientRects().length > 0)
        .filter((text) => !['clip', 'hidden'].includes(getComputedStyle(text).overflowY))
        .map((text) => `${text.tagName} ${text.className}`);
    });
    expect(
      loose.filter((text) => !text.startsWith('H1')),
      `${name}: marks can be drawn over what others say`,
    ).toEqual([]);
    const out = await page.evaluate(
      () =>
        [...document.querySelectorAll('[data-testid="tile"]')].filter((tile) => {
          const { left, right, top, bottom } = tile.getBoundingClientRect();
          const label = tile.querySelector('.label')?.getBoundingClientRect();
          return (
            label &&
            (label.left < left - 1 || label.right > right + 1 || label.top < top - 1 || label.bottom > bottom + 1)
          );
        }).length,
    );
    expect(out, `${name}: labels outside of their tile`).toBe(0);
  }

  /** Presses a key and waits until the page has drawn what it does. */
  async function answers(page: Page): Promise<number> {
    const began = Date.now();
    const before = await page.getByTestId('mic-toggle').first().getAttribute('aria-pressed');
    await page.getByTestId('mic-toggle').first().click();
    await expect
      .poll(() => page.getByTestId('mic-toggle').first().getAttribute('aria-pressed'), { interval: 20 })
      .not.toBe(before);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    return Date.now() - began;
  }

  /** For who wants to see it. Not in Firefox, where taking a picture sets a style that the page's policy forbids. */
  async function picture(page: Page, name: string): Promise<void> {
    const folder = process.env.SABHA_PICTURES;
    const isChromium = page.context().browser()?.browserType().name() === 'chromium';
    if (folder && isChromium) await page.screenshot({ path: `${folder}/${name}.png` });
  }

  test('is text, in names and in the chat: no script, no link but https, nobody passes for the host, and the page stays whole', {
    timeout: 300_000,
  }, async () => {
    const asha = await watched(chromium, 'Asha');
    const chitra = await watched(firefox, 'Chitra');
    const link = await asha.person.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha.person, chitra.person, link);

    const says = [SCRIPTS, NO_LINKS, ['see https://example.org/a.'], LONG];
    for (const [index, name] of NAMES.entries()) {
      others.push(await Headless.join(link, { name, says: says[index] ?? ['hello'] }));
    }
    await expect.poll(() => asha.person.get('lobby-entry').count()).toBe(NAMES.length);
    // At the door already: the two that look like the host, and nobody else.
    const doubted = await asha.person.page
      .locator('[data-testid="lobby-entry"]:has([data-testid="name-alike"])')
      .evaluateAll((entries) => entries.map((entry) => entry.getAttribute('data-name')));
    expect(doubted.toSorted()).toEqual(['Asha', '\u0410\u0455h\u0430']);
    await picture(asha.person.page, 'lobby');
    await asha.person.page.locator('[data-testid="lobby-entry"]').last().scrollIntoViewIfNeeded();
    await picture(asha.person.page, 'lobby-end');
    await staysInPlace(asha.person);
    await nothingRan(asha);
    await asha.person.get('admit-all').first().click();

    const lines = says.flat().length + NAMES.length - says.length;
    for (const { person } of [asha, chitra]) {
      await person.openPanel('chat');
      await expect.poll(() => person.get('chat-message').count(), { timeout: 90_000 }).toBe(lines);
      await expect.poll(async () => (await person.roster()).length).toBe(NAMES.length + 2);
    }
    for (const { person } of [asha, chitra]) {
      const texts = await person.get('chat-message').evaluateAll((all) => all.map((one) => one.textContent));
      expect(texts.toSorted(), 'word for word').toEqual(
        [...says.flat(), ...NAMES.slice(says.length).map(() => 'hello')].map((text) => text.trim()).toSorted(),
      );
      const links = await person.page
        .locator('[data-testid="chat-message"] a')
        .evaluateAll((all) =>
          all.map((one) => ({ href: one.getAttribute('href'), text: one.textContent, rel: one.getAttribute('rel') })),
        );
      for (const { href, text } of links) expect(href).toBe(new URL(text ?? '').href);
      const shown = links.map(({ href }) => href);
      expect(shown).toContain('https://example.org/a');
      expect(shown.filter((href) => !href?.startsWith('https://'))).toEqual([]);
      expect(shown.filter((href) => href?.includes('evil.example') || href?.includes('xn--'))).toEqual([]);
      for (const { rel } of links) expect(rel).toBe('noopener noreferrer');
    }

    // Nobody passes for the host: the two are marked wherever their names stand, and the host is not.
    for (const { person } of [asha, chitra]) {
      await person.openPanel('people');
      const marked = person.page.locator('[data-testid="roster-entry"]:has([data-testid="name-alike"])');
      await expect.poll(() => marked.count()).toBe(2);
      const roles = await marked.evaluateAll((entries) => entries.map((entry) => entry.getAttribute('data-role')));
      expect(roles).toEqual(['participant', 'participant']);
      await person.get('layout').click();
      await person.get('layout-grid').click();
      await picture(person.page, `${person.name}-grid`);
      const tiles = person.page.locator('[data-testid="tile"]:has([data-testid="name-alike"])');
      await expect.poll(() => tiles.count()).toBeGreaterThanOrEqual(1);
    }
    const hosts = chitra.person.page.locator('[data-testid="roster-entry"][data-role="host"]');
    expect(await hosts.count()).toBe(1);
    expect(await hosts.getByTestId('name-alike').count()).toBe(0);

    for (const view of [asha, chitra]) {
      const { page, name } = view.person;
      for (const [width, height] of [
        [1280, 800],
        [390, 844],
      ] as const) {
        await page.setViewportSize({ width, height });
        for (const panel of ['people', 'chat'] as const) {
          await page.keyboard.press('Escape');
          await view.person.openPanel(panel);
          await picture(page, `${name}-${panel}-${width}`);
          await staysInPlace(view.person);
        }
      }
      await page.setViewportSize({ width: 1280, height: 800 });
      expect(await answers(page), `${name}: the page answers`).toBeLessThan(ANSWER_MS);
      await nothingRan(view);
    }
  });

  test('is text, in titles', async () => {
    const title = `<b onmouseover=hostile()>${piled('T', 60)}</b> \\\\evil\\x`;
    const host = await Headless.join(stage.server.newMeetingUrl, { name: 'Host', title });
    others.push(host);
    if (!host.invite) throw new Error('the meeting has no invite');
    for (const [browser, name] of [
      [chromium, 'Asha'],
      [firefox, 'Chitra'],
    ] as const) {
      const view = await watched(browser, name, { width: 390, height: 844 });
      await view.person.knock(host.invite);
      await view.person.inRoom();
      await expect.poll(() => view.person.page.locator('h1').first().textContent()).toBe(title);
      await picture(view.person.page, `${name}-title-room`);
      await staysInPlace(view.person);
      await nothingRan(view);
    }
  });
});
