// What everybody reads of the bulletin, in a browser that runs no script.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { advisory } from './harness/advisory.ts';
import { launchChromium, missing } from './harness/browsers.ts';
import { inspect } from './harness/clerk.ts';
import { Exchange } from './harness/exchange.ts';

const TITLE = 'Meetings that strangers enter';

describe.skipIf(missing.chromium)('public pages of the bulletin', () => {
  let browser: Browser;
  let exchange: Exchange;
  let reader: BrowserContext;
  let page: Page;
  const problems: string[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
    exchange = await Exchange.open(browser, 'National Coordination Centre');
    const cert = await exchange.organisation('CERT');
    const author = await exchange.person('Bela', cert, ['author']);
    const reviewer = await exchange.person('Chand', cert, ['reviewer', 'publisher']);
    for (const [title, id, label] of [
      ['Advisory on passcodes of meetings', 'CIAD-2026-0007', 'CLEAR'],
      ['For member organisations only', 'CIAD-2026-0008', 'GREEN'],
      [TITLE, 'CIAD-2026-0009', 'CLEAR'],
    ] as const) {
      const content = advisory(title, id, label === 'CLEAR' ? 'WHITE' : label);
      const marking = { tlp: label, groups: [], organisations: [], persons: [] };
      const made = await exchange.draft(author, { kind: 'advisory', marking, content });
      await exchange.publish(made.id, author, reviewer, reviewer);
    }
    reader = await browser.newContext({ javaScriptEnabled: false, locale: 'en-GB' });
    page = await reader.newPage();
    page.on('console', (message) => problems.push(message.text()));
  });
  afterAll(async () => {
    await reader?.close();
    await exchange?.close();
    await browser?.close();
  });

  test('a reader without JavaScript finds and reads what is clear, and nothing else', async () => {
    await page.goto(`${exchange.origin}/bulletin`);
    expect(await page.locator('.documents h2').allTextContents()).toEqual([TITLE, 'Advisory on passcodes of meetings']);
    await page.getByLabel('Words').fill('strangers enter');
    await page.getByRole('button', { name: 'Search' }).click();
    expect(await page.locator('.documents h2').allTextContents()).toEqual([TITLE]);
    await page.getByRole('link', { name: TITLE }).click();

    expect(await page.locator('h1').textContent()).toBe(TITLE);
    const sections = await page.locator('.sections h2').allTextContents();
    expect(sections.slice(0, 7)).toEqual([
      'Systems affected',
      'Overview',
      'Target audience',
      'Risk assessment',
      'Impact assessment',
      'Description',
      'Solution',
    ]);
    expect(await page.locator('.facts').textContent()).toContain('12 April 2026, 10:00 UTC');
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'This document for machines' }).click(),
    ]);
    expect(file.suggestedFilename()).toMatch(/\.json$/);
    expect(problems).toEqual([]);
  });

  test('what is for members has no page for others', async () => {
    await page.goto(`${exchange.origin}/bulletin?words=member`);
    expect(await page.locator('.empty').textContent()).toContain('Nothing has all of these words');
    await page.goto(`${exchange.origin}/bulletin/aaaaaaaaaaaaaaaaaaaaaaaaaa`);
    expect(await page.locator('h1').textContent()).toBe('There is no such page');
    problems.length = 0; // The console says of a page that there is none.
  });

  test('list and document fit every size, speak three languages, and axe finds nothing', async () => {
    // Axe is a script, so the same pages are looked at with JavaScript; the policy of the pages keeps theirs at none.
    const checker = await browser.newContext({ bypassCSP: true });
    const watched = await checker.newPage();
    for (const language of ['en', 'hi', 'ur']) {
      await watched.goto(`${exchange.origin}/bulletin?lang=${language}`);
      await inspect({ page: watched }, `bulletin-list-${language}`);
      await watched.locator('.documents a').first().click();
      await watched.locator('.advisory').waitFor();
      expect(await watched.locator('html').getAttribute('lang')).toBe(language);
      await inspect({ page: watched }, `bulletin-advisory-${language}`);
    }
    await checker.close();
  });

  test('on paper it is a document that can be sent', async () => {
    await page.goto(`${exchange.origin}/bulletin`);
    await page.locator('.documents a').first().click();
    const pdf = await page.pdf({
      path: `${import.meta.dirname}/../test-results/advisory.pdf`,
      preferCSSPageSize: true,
    });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.home').isVisible(), 'who publishes it').toBe(true);
    expect(await page.locator('.languages').isVisible()).toBe(false);
    expect(await page.locator('.contents').isVisible()).toBe(false);
    expect(await page.locator('.tlp').first().isVisible()).toBe(true);
  });
});
