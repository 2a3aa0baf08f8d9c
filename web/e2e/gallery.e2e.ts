// Every screen of the gallery, in every state, without a server: axe, sideways scrolling, the keyboard, and what the
// stage says is on screen. The whole meeting with a real server is in the other files.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build, type Plugin, type PreviewServer, preview } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findings } from './harness/axe.ts';
import { launchChromium, missing } from './harness/browsers.ts';

const desk = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };
/** Pages that are looked at together: axe keeps a core busy, and there are two at least. */
const AT_ONCE = 2;
interface View {
  viewport: { width: number; height: number };
  scheme: 'dark' | 'light';
}
const VIEWS: readonly [View, View] = [
  { viewport: desk, scheme: 'dark' },
  { viewport: phone, scheme: 'light' },
];

/** Builds these entries in the place of the configured ones: the gallery needs nothing of what runs a call. */
function only(input: Record<string, string>): Plugin {
  return {
    name: 'only',
    config(config) {
      config.build = { ...config.build, rolldownOptions: { ...config.build?.rolldownOptions, input } };
    },
  };
}

/** Returns the boxes of what a selector finds, in CSS pixels. */
async function boxesOf(page: Page, selector: string): Promise<DOMRect[]> {
  return page.evaluate(
    (sought) =>
      [...document.querySelectorAll(sought)].map((element) => element.getBoundingClientRect().toJSON() as DOMRect),
    selector,
  );
}

/** Where the own picture is, the material and the tiles of others, and the stage, in CSS pixels. */
async function standing(page: Page): Promise<{ self: DOMRect; others: DOMRect[]; stage: DOMRect }> {
  const [self] = await boxesOf(page, '[data-testid="self-view"]');
  const [stage] = await boxesOf(page, '[data-layout]');
  if (!self || !stage) throw new Error('nothing is shown');
  return { self, stage, others: await boxesOf(page, '[data-testid="material-pane"], [data-testid="tile"]') };
}

/** Returns how much of one box lies on another, in square pixels. */
function covered(a: DOMRect, b: DOMRect): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return Math.max(0, width) * Math.max(0, height);
}

describe.skipIf(missing.chromium)('gallery', () => {
  let server: PreviewServer;
  let outDir = '';
  let browser: Browser;
  let base = '';
  /** What the pages threw; no scene may throw anything. */
  const errors: string[] = [];

  beforeAll(async () => {
    outDir = mkdtempSync(join(tmpdir(), 'sabha-gallery-'));
    const configFile = join(import.meta.dirname, '../vite.config.ts');
    const input = join(import.meta.dirname, '../src/ui/gallery/index.html');
    await build({ configFile, logLevel: 'error', build: { outDir }, plugins: [only({ gallery: input })] });
    server = await preview({ configFile, build: { outDir }, preview: { host: '127.0.0.1', port: 0, open: false } });
    base = `${server.resolvedUrls?.local[0] ?? ''}src/ui/gallery/index.html`;
    browser = await launchChromium();
  });
  afterEach(() => expect(errors).toEqual([]));
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(outDir, { recursive: true, force: true });
  });

  async function newPage(viewport: View['viewport'], scheme: View['scheme']): Promise<Page> {
    const page = await browser.newPage({ viewport, colorScheme: scheme, reducedMotion: 'reduce' });
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => errors.push(`${page.url()}: ${error.message}`));
    return page;
  }

  async function show(page: Page, scene: string, scheme: View['scheme']): Promise<void> {
    await page.goto(`${base}?scene=${scene}&scheme=${scheme}`);
    await page.locator('main').first().waitFor();
  }

  async function open(scene: string, viewport: View['viewport'] = desk): Promise<Page> {
    const page = await newPage(viewport, 'dark');
    await show(page, scene, 'dark');
    return page;
  }

  async function scenes(): Promise<string[]> {
    const page = await browser.newPage();
    await page.goto(base);
    await page.locator('li a').first().waitFor();
    const names = await page.locator('li a').allTextContents();
    await page.close();
    return names;
  }

  test('axe finds nothing serious on any screen, and no screen scrolls sideways', { timeout: 900_000 }, async () => {
    const names = await scenes();
    expect(names.length).toBeGreaterThan(40);
    // The endings differ in words only: one of them stands for the light scheme too.
    const viewsOf = (name: string) => (name.startsWith('ended-') && name !== 'ended-left' ? [VIEWS[0]] : VIEWS);
    const waiting = VIEWS.flatMap((view) =>
      names.filter((name) => viewsOf(name).includes(view)).map((name) => ({ name, view })),
    );
    const look = async () => {
      // One page for many scenes: a page of its own for each would compile the gallery anew, which takes three times as long.
      const pages = new Map<View, Page>();
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const { name, view } = next;
        const { viewport, scheme } = view;
        const page = pages.get(view) ?? (await newPage(viewport, scheme));
        pages.set(view, page);
        await page.setViewportSize(viewport);
        await show(page, name, scheme);
        expect(await findings(page, { only: 'serious' }), `${name}, ${scheme}`).toEqual([]);
        await page.setViewportSize({ width: 320, height: 640 });
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(overflow, `${name} at 320 px`).toBeLessThanOrEqual(0);
      }
      for (const page of pages.values()) await page.close();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, look));
  });

  test('shortcuts do what they say, and none fires while typing', async () => {
    const page = await open('room-4');
    const pressed = (testid: string) => page.getByTestId(testid).getAttribute('aria-pressed');

    await page.keyboard.press('Control+d');
    expect(await pressed('mic-toggle')).toBe('false');
    await page.keyboard.press('Control+e');
    expect(await pressed('cam-toggle')).toBe('false');
    await page.keyboard.down('Space');
    await expect.poll(() => pressed('mic-toggle')).toBe('true');
    await page.keyboard.up('Space');
    await expect.poll(() => pressed('mic-toggle')).toBe('false');

    await page.getByTestId('invite-link').focus();
    await page.keyboard.press('p');
    expect(await pressed('people')).toBe('true');
    await page.getByTestId('people').focus();
    await page.keyboard.press('p');
    expect(await pressed('people')).toBe('false');

    await page.keyboard.press('h');
    expect(await pressed('hand-toggle')).toBe('true');
    await page.keyboard.press('c');
    expect(await pressed('chat')).toBe('true');
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid')))
      .toBe('chat-input');
    await page.keyboard.type('chap');
    expect(await page.getByTestId('chat-input').inputValue()).toBe('chap');
    expect([await pressed('chat'), await pressed('hand-toggle')]).toEqual(['true', 'true']);
    await page.keyboard.press('Escape');
    await page.getByTestId('chat-panel').waitFor({ state: 'hidden' });
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('chat');
    await page.keyboard.press('h');
    expect(await pressed('hand-toggle')).toBe('false');
    await page.close();
  });

  test('escape closes the top layer only, and the focus goes back where it came from', async () => {
    const page = await open('room-4');
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));

    const guest = page.locator('[data-testid="roster-entry"][data-role="participant"]').first();
    await guest.getByTestId('participant-menu').focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('action-mute').waitFor();
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('action-spotlight');
    await page.keyboard.press('Escape');
    await page.getByTestId('action-mute').waitFor({ state: 'detached' });
    expect(await focused()).toBe('participant-menu');
    expect(await page.getByTestId('people-panel').isVisible()).toBe(true);

    await page.getByTestId('settings').focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('settings-dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('settings-dialog').waitFor({ state: 'detached' });
    expect(await focused()).toBe('settings');
    expect(await page.getByTestId('people-panel').isVisible()).toBe(true);

    await page.keyboard.press('Escape');
    await page.getByTestId('people-panel').waitFor({ state: 'hidden' });
    expect(await focused()).toBe('people');
    await page.close();
  });

  test('a knock has one card, over the people button or in the open panel, and stays until answered', async () => {
    const page = await open('room-knocks');
    const entries = page.getByTestId('lobby-entry');

    expect(await entries.count()).toBe(4);
    expect(await page.getByTestId('knock-card').count()).toBe(0);
    await page.getByTestId('people').click();
    await page.getByTestId('knock-card').waitFor();
    expect(await entries.count()).toBe(4);
    await page.locator('[data-name="Tomás"]').getByTestId('lobby-deny').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => entries.count()).toBe(3);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('lobby-entry');
    await page.getByTestId('admit-all').click();
    await page.getByTestId('knock-card').waitFor({ state: 'detached' });
    expect(await page.getByTestId('participant-count').getAttribute('data-count')).toBe('7');
    await page.close();
  });

  test('what is written arrives as text: only https becomes a link, and nothing becomes markup', async () => {
    const page = await open('chat-full');
    const messages = page.getByTestId('chat-message');
    const before = await messages.count();

    await page.getByTestId('chat-input').fill('<img src=x onerror=alert(1)>');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('see https://example.org/a and javascript:alert(1)');
    await page.keyboard.press('Enter');
    await expect.poll(() => messages.count()).toBe(before + 1);
    const last = messages.last();
    expect(await last.textContent()).toBe(
      '<img src=x onerror=alert(1)>\nsee https://example.org/a and javascript:alert(1)',
    );
    expect(await last.getAttribute('data-own')).toBe('true');
    expect(await last.getAttribute('data-name')).toBe('Asha Rao');
    const links = await page
      .locator('[data-testid="chat-message"] a')
      .evaluateAll((all) => all.map((a) => [a.getAttribute('href'), a.getAttribute('rel'), a.getAttribute('target')]));
    expect(links.at(-1)).toEqual(['https://example.org/a', 'noopener noreferrer', '_blank']);
    expect(links.every(([href]) => href?.startsWith('https://'))).toBe(true);
    expect(await page.locator('[data-testid="chat-message"] :not(a)').count()).toBe(0);
    expect(await page.getByTestId('chat-input').inputValue()).toBe('');
    await page.close();
  });

  test('chat counts what was not seen, follows the end, and counts characters near the bound', async () => {
    const page = await open('chat-unread');
    const say = (text: string) =>
      page.evaluate((words) => {
        const { call } = window as unknown as { call: { say(from: number, text: string): void } };
        call.say(2, words);
      }, text);
    const atEnd = () =>
      page.getByRole('log').evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 4);

    const unread = page.getByTestId('chat-unread');
    expect(await unread.getAttribute('data-count')).toBe('6');
    await say('One more');
    await expect.poll(() => unread.getAttribute('data-count')).toBe('7');
    await page.getByTestId('chat').click();
    await unread.waitFor({ state: 'detached' });
    await expect.poll(atEnd).toBe(true);
    for (let row = 0; row < 12; row++) await say(`Row ${row}\nof two lines`);
    await expect.poll(atEnd).toBe(true);
    await page.getByRole('log').evaluate((element) => element.scrollTo({ top: 0 }));
    await say('Below');
    await page.getByRole('button', { name: 'New messages' }).click();
    await expect.poll(atEnd).toBe(true);

    const panel = page.getByTestId('chat-panel');
    await page.getByTestId('chat-input').fill('x'.repeat(3990));
    expect(await panel.getByText(/10\W* characters left/).count()).toBe(1);
    await page.getByTestId('chat-input').fill('🙂'.repeat(4001));
    expect(await panel.getByText(/1\W* character too many/).count()).toBe(1);
    expect(await page.getByTestId('chat-send').isDisabled()).toBe(true);
    await page.close();
  });

  test('the security panel says what is verified, and opens from the top bar', async () => {
    for (const [scene, state] of [
      ['room-4', 'verified'],
      ['room-pending', 'pending'],
      ['room-alarm', 'failed'],
    ] as const) {
      const page = await open(scene);
      const button = page.getByTestId('encryption-state');
      const panel = page.getByTestId('security-panel');

      expect(await button.getAttribute('data-state')).toBe(state);
      await button.click();
      await panel.waitFor();
      expect(await button.getAttribute('aria-expanded')).toBe('true');
      expect(((await page.getByTestId('verification-code').textContent()) ?? '').replace(/\s/g, '')).toMatch(
        /^\d{30}$/,
      );
      expect(await page.getByTestId('known-entry').count()).toBe(4);
      expect(await page.getByTestId('alarm').count()).toBe(state === 'failed' ? 4 : 0);
      await page.keyboard.press('Escape');
      await panel.waitFor({ state: 'hidden' });
      expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('encryption-state');
      await page.close();
    }
  });

  test('each thing that the server or the hosts fail to do has its banner', async () => {
    for (const [scene, warning] of [
      ['room-alarm', 'failed'],
      ['room-late', 'late'],
      ['room-lost', 'lost'],
      ['room-sealed', 'sealed'],
      ['room-strangers', 'strangers'],
    ] as const) {
      const page = await open(scene);
      expect(await page.locator('[data-testid^="warning-"]').count(), scene).toBe(1);
      expect(await page.getByTestId(`warning-${warning}`).isVisible(), scene).toBe(true);
      await page.close();
    }
  });

  test('a host locks the meeting, and sets, changes and removes its passcode', async () => {
    const page = await open('security-host');
    const state = () => page.getByTestId('passcode-rule').getAttribute('data-state');
    const lock = page.getByTestId('lock-toggle');
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));

    expect(await lock.getAttribute('aria-pressed')).toBe('false');
    await lock.click();
    expect(await lock.getAttribute('aria-pressed')).toBe('true');
    expect(await page.getByTestId('encryption-state').getAttribute('data-locked')).toBe('true');

    await page.getByTestId('passcode-begin').click();
    await expect.poll(focused).toBe('passcode-new');
    const proposed = await page.getByTestId('passcode-new').inputValue();
    expect(proposed).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/);
    await page.getByTestId('passcode-admits').click();
    await page.getByTestId('passcode-set').click();
    expect(await page.getByTestId('passcode').textContent()).toBe(proposed);
    expect(await page.getByTestId('passcode-admits').getAttribute('aria-pressed')).toBe('true');
    await page.getByTestId('passcode-admits').click();
    expect(await page.getByTestId('passcode-admits').getAttribute('aria-pressed')).toBe('false');
    await page.getByTestId('passcode-begin').click();
    await page.getByTestId('passcode-new').fill('a-b');
    await page.getByTestId('passcode-set').click();
    expect(await page.getByTestId('passcode-new').getAttribute('aria-invalid')).toBe('true');
    await page.getByTestId('passcode-new').fill('monsoon 7');
    await page.getByTestId('passcode-set').click();
    expect(await page.getByTestId('passcode').textContent()).toBe('monsoon 7');
    await page.getByTestId('passcode-remove').click();
    expect(await state()).toBe('none');
    await expect.poll(focused).toBe('passcode-begin');
    await page.close();
  });

  test('a guest is asked for the passcode, may type it at once, and is told what a wrong one may mean', async () => {
    const page = await open('lobby-passcode');
    await page.keyboard.type('k7qm 3xht');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByTestId('lobby-waiting').getAttribute('data-stage')).toBe('proving');
    expect(await page.getByTestId('passcode-submit').getAttribute('aria-busy')).toBe('true');
    await page.close();

    const again = await open('lobby-passcode-again');
    expect(await again.getByTestId('passcode-wrong').textContent()).toContain('or the server is tampering');
    expect(await again.getByTestId('passcode-wrong').textContent()).toContain('3');
    await again.close();

    const out = await open('lobby-passcode-none-left');
    expect(await out.getByTestId('passcode-input').count()).toBe(0);
    await out.close();
  });

  test('raised hands are marked on the tile and stand first in the list', async () => {
    const page = await open('room-hands');
    const names = await page
      .getByTestId('roster-entry')
      .evaluateAll((entries) => entries.map((entry) => entry.getAttribute('data-name')));

    expect(names.slice(0, 4)).toEqual(['Asha Rao', 'Dmitri Volkov', 'Élodie Martin', 'Grace Wanjiru']);
    expect(await page.locator('[data-testid="tile"][data-name="Dmitri Volkov"]').getAttribute('aria-label')).toContain(
      'Hand raised',
    );
    await page.close();
  });

  test('a knock does not cover what is being written', async () => {
    for (const viewport of [desk, phone]) {
      const page = await open('room-knock-chat', viewport);
      const card = await page.getByTestId('knock-card').boundingBox();
      const input = await page.getByTestId('chat-input').boundingBox();
      if (!card || !input) throw new Error('nothing is shown');

      const apart = card.x + card.width <= input.x || card.y + card.height <= input.y;
      expect(apart, `${viewport.width} px`).toBe(true);
      await page.close();
    }
  });

  test('only tiles in sight are asked for, at the height they have', async () => {
    const page = await open('room-40');
    const shown = () =>
      page.evaluate(() => {
        const { call } = window as unknown as { call: { shown: { participant: number; height: number }[] } };
        return call.shown.map(({ participant, height }) => ({ participant, height }));
      });
    const tiles = () =>
      page.getByTestId('tile').evaluateAll((elements) =>
        elements.map((element) => ({
          participant: Number(element.getAttribute('data-participant')),
          height: Math.ceil(element.getBoundingClientRect().height),
        })),
      );
    const byId = (list: { participant: number }[]) => list.toSorted((a, b) => a.participant - b.participant);

    await expect.poll(async () => byId(await shown())).toEqual(byId(await tiles()));
    const before = await shown();
    await page.getByRole('button', { name: 'Next people' }).click();
    await expect.poll(async () => byId(await shown())).toEqual(byId(await tiles()));
    expect(byId(await shown())).not.toEqual(byId(before));
    expect((await shown()).length).toBeLessThanOrEqual(25);
    await page.close();
  });

  test('the invite link is there exactly once, whatever is open', async () => {
    for (const [scene, viewport] of [
      ['room-1', desk],
      ['room-1', phone],
      ['room-4', phone],
    ] as const) {
      const page = await open(scene, viewport);
      expect(await page.getByTestId('invite-link').count(), scene).toBe(1);
      await page.getByTestId('people').click();
      expect(await page.getByTestId('invite-link').count(), scene).toBe(1);
      await page.getByTestId('invite').click({ force: true });
      expect(await page.getByTestId('invite-link').count(), scene).toBe(1);
      expect(await page.getByTestId('invite-link').inputValue()).toMatch(/\/m\/\w+#v1\.\w+$/);
      await page.close();
    }
  });

  test('the own picture is dragged to the corner where it is let go', async () => {
    const page = await open('room-2');
    const self = page.getByTestId('self-view');
    const stage = await page.locator('[data-layout]').boundingBox();
    const from = await self.boundingBox();
    if (!stage || !from) throw new Error('nothing is shown');

    await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
    await page.mouse.down();
    await page.mouse.move(stage.x + 100, stage.y + 80, { steps: 5 });
    await page.mouse.up();
    await expect.poll(async () => ((await self.boundingBox())?.x ?? 0) - stage.x).toBeLessThan(40);
    expect(((await self.boundingBox())?.y ?? 0) - stage.y).toBeLessThan(40);
    await page.close();
  });

  test('who may start no meeting is told what to do: to sign in, or to ask for the role', async () => {
    for (const [scene, words, links] of [
      ['start-no-right', 'Sign in to start meetings', 1],
      ['start-no-role', 'Your account may not start meetings', 0],
    ] as const) {
      const page = await open(scene);
      expect(await page.getByTestId('no-right-to-create').textContent()).toContain(words);
      expect(await page.getByTestId('new-meeting').isDisabled()).toBe(true);
      expect(await page.locator('a[data-testid="start-sign-in"][href="/admin#meetings"]').count(), scene).toBe(links);
      await page.close();
    }
  });

  test('beside restricted material the own picture lies on nobody, wherever it was put', async () => {
    for (const scene of ['material-text', 'material-advisory', 'material-own']) {
      for (const viewport of [phone, { width: 844, height: 390 }, desk]) {
        const page = await open(scene, viewport);
        const buttons = await boxesOf(page, 'footer button');
        const under = buttons.flatMap((button, index) =>
          buttons.slice(index + 1).map((other) => covered(button, other)),
        );
        expect(Math.max(...under), `${scene} at ${viewport.width}x${viewport.height}: buttons`).toBe(0);
        for (const corner of ['bottom-end', 'bottom-start', 'top-start', 'top-end']) {
          const what = `${scene} at ${viewport.width}x${viewport.height}, ${corner}`;
          const { self, others, stage } = await standing(page);
          expect(others.length, what).toBe(4);
          expect(self.width * self.height, what).toBeGreaterThan(1500);
          expect(covered(self, stage), `${what}: within the stage`).toBeCloseTo(self.width * self.height, 0);
          for (const other of others) expect(covered(self, other), what).toBe(0);
          await page
            .getByTestId('self-view')
            .getByRole('button')
            .first()
            .evaluate((button: HTMLElement) => button.click());
        }
        await page.close();
      }
    }
  });
});
