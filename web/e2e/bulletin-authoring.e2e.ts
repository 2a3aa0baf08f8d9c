// How an author makes a document of what others share, and says of products what machines can read.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MemberOrganisation } from '../src/protocol/messages.ts';
import { launchChromium, missing } from './harness/browsers.ts';
import { type Clerk, inspect } from './harness/clerk.ts';
import { Exchange } from './harness/exchange.ts';

const PAGE = `<!doctype html><html lang="en"><title>CERT</title><script>evil()</script><nav>Home</nav>
<h1>Remote code execution in Meeting Server</h1>
<p>CIVN-2026-0344</p><p>Severity Rating: CRITICAL</p><p>Original Issue Date: July 01, 2026</p>
<h2>Overview</h2><p>Whoever joins a meeting runs code on its server.</p>
<h2>Impact Assessment</h2><p>The server is taken over.</p>
<h2>Solution</h2><ul><li>Update to 3.4</li><li>Until then, <a href="javascript:evil()">close</a> it</li></ul>
<h2>CVE Name</h2><p>CVE-2026-20001</p>
<h2>References</h2><p>The vendor's note <a href="https://vendor.example/note">here</a></p>`;

describe.skipIf(missing.chromium)('authoring in the bulletin', () => {
  let browser: Browser;
  let exchange: Exchange;
  let cert: MemberOrganisation;
  let author: Clerk;
  let reviewer: Clerk;
  let id = '';
  beforeAll(async () => {
    browser = await launchChromium();
    exchange = await Exchange.open(browser, 'National Coordination Centre');
    cert = await exchange.organisation('CERT');
    author = await exchange.person('Bela', cert, ['author', 'administrator']);
    reviewer = await exchange.person('Chand', cert, ['reviewer', 'publisher']);
  });
  afterAll(async () => {
    await exchange?.close();
    await browser?.close();
  });

  const desk = async (clerk: Clerk, fragment: string) => {
    await clerk.page.goto(`${exchange.origin}/bulletin/desk${fragment}`);
    await clerk.page.reload();
    await clerk.get('signed-in').waitFor();
  };
  const file = (name: string, text: string) => ({ name, mimeType: '', buffer: Buffer.from(text) });
  const content = async () => {
    await author.get('view-text').click();
    const text = await author.get('field-json').inputValue();
    await author.get('view-form').click();
    return JSON.parse(text);
  };

  test('what is packed or too long is refused by its rule, and a page becomes a draft that names what it left', async () => {
    await desk(author, '#inbox');
    await author.get('nav-import').click();
    await author.get('import-file').setInputFiles(file('notes.zip', 'PK\u0003\u0004archive'));
    await expect.poll(() => author.get('refusal').getAttribute('data-rule')).toBe('BULLETIN.CONTENT');
    expect(await author.get('refusal').textContent()).toContain('a ZIP archive');
    await author.get('import-file').setInputFiles(file('long.txt', 'a\n'.repeat(2_100_000)));
    await expect.poll(() => author.get('refusal').textContent()).toContain('4194304 are the most');

    await author.get('import-file').setInputFiles(file('note.html', PAGE));
    await author.get('imported').waitFor();
    const left = await author.get('left-out').allTextContents();
    expect(left.map((text) => text.split('  ')[0]?.slice(0, 14))).toHaveLength(3);
    expect(await author.get('no-label').count()).toBe(1);
    await inspect(author, 'bulletin-import');
    await author.get('import-open').click();
    expect(await author.get('field-title').inputValue()).toBe('Remote code execution in Meeting Server');
    expect(await author.get('field-solution').inputValue()).toBe('- Update to 3.4\n- Until then, close it');
    expect(await author.get('vulnerability-cve').inputValue()).toBe('CVE-2026-20001');
    expect(await author.get('field-publisher').inputValue()).toBe('CERT');
    expect(await author.get('left-out').count(), 'what is not in it stays in sight').toBe(3);
    expect((await content()).document.references[0].url).toBe('https://vendor.example/note');
    expect(author.problems).toEqual([]);
  });

  test('products, statuses, remedies and a score are written by keyboard, and what is wrong is told beside them', async () => {
    await author.get('product-add').click();
    await author.get('product-vendor').fill('Acme');
    await author.get('product-name').fill('Meeting Server');
    await author.get('product-version').fill('3.3');
    await author.get('product-cpe').fill('cpe:acme');
    await expect
      .poll(() => author.get('product').locator('[data-testid="told"]').getAttribute('data-rule'))
      .toBe('CSAF-SCHEMA');
    await author.get('product-cpe').fill('cpe:2.3:a:acme:meeting_server:3.3:*:*:*:*:*:*:*');
    await author.get('product-purl').fill('pkg:deb/acme/meeting-server@3.3');
    await author.get('product-add').click();
    await author.get('product-version').nth(1).fill('3.4');
    await expect.poll(() => author.get('product').locator('[data-testid="told"]').allTextContents()).toEqual([]);

    await author.get('vulnerability-more').locator('summary').first().click();
    const status = (at: number) => author.get('product-status').nth(at).locator('select');
    expect(await status(0).inputValue(), 'what is added is affected').toBe('known_affected');
    await status(1).selectOption('fixed');
    await author.get('remedy-add').click();
    await author.get('remedy-details').fill('Update to 3.4.');
    await author.get('score-add').click();
    await expect.poll(() => author.get('scored').locator('[data-testid="told"]').count()).toBeGreaterThan(0);
    // Only the first product is rated: the other is fixed.
    await author.get('score-product').nth(1).uncheck();
    for (const metric of ['AV:N', 'AC:L', 'PR:N', 'UI:N', 'S:U', 'C:H', 'I:H']) {
      await author.page.locator(`[data-testid="metric"][data-name="${metric}"]`).check();
    }
    await author.page.locator('[data-testid="metric"][data-name="A:N"]').focus();
    await author.page.keyboard.press('Space');
    await author.page.keyboard.press('ArrowRight');
    await author.page.keyboard.press('ArrowRight');
    await expect.poll(() => author.get('score').getAttribute('data-score')).toBe('9.8');
    await inspect(author, 'bulletin-form');

    const { product_tree, vulnerabilities } = await content();
    expect(product_tree.branches[0].branches[0].branches).toHaveLength(2);
    const [found] = vulnerabilities;
    const ids = product_tree.branches[0].branches[0].branches.map(
      (leaf: { product: { product_id: string } }) => leaf.product.product_id,
    );
    expect(found.product_status).toEqual({ known_affected: [ids[0]], fixed: [ids[1]] });
    expect(found.scores[0].cvss_v3.vectorString).toBe('CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H');
    expect(found.scores[0].cvss_v3.baseSeverity).toBe('CRITICAL');

    await author.get('marking-label').locator('select').selectOption('CLEAR');
    await author.get('field-status').locator('select').selectOption('final');
    await author.get('view-text').click();
    // A draft counts its versions from 0, and what is published from 1.
    const text = await author.get('field-json').inputValue();
    await author
      .get('field-json')
      .fill(text.replace('"version": "0"', '"version": "1"').replace('"number": "0"', '"number": "1"'));
    await expect.poll(() => author.get('check').getAttribute('data-errors')).toBe('0');
    await author.get('submit').click();
    await author.get('document').waitFor();
    id = new URL(author.page.url()).hash.replace('#document/', '');
    await exchange.step(reviewer, id, 'approve');
    await exchange.step(reviewer, id, 'publish_final');
    expect(author.problems).toEqual([]);
  });

  test('lists are narrowed by what there is, at the desk and on the public page without JavaScript', async () => {
    const blank = { kind: 'alert', marking: { tlp: 'GREEN' }, content: '{"document":{"title":"A draft"}}' } as const;
    await exchange.draft(author, { ...blank, marking: { tlp: 'GREEN', groups: [], organisations: [], persons: [] } });
    await desk(author, '#inbox');
    await expect.poll(() => author.get('count').getAttribute('data-count')).toBe('2');
    await author.get('facet', 'kind:alert').click();
    await expect.poll(() => author.get('count').getAttribute('data-count')).toBe('1');
    expect(await author.get('facet', 'kind:alert').getAttribute('aria-pressed')).toBe('true');
    await author.get('facet', 'kind:alert').click();
    await author.get('facet', 'tlp:CLEAR').click();
    await expect.poll(() => author.get('count').getAttribute('data-count')).toBe('1');
    await inspect(author, 'bulletin-facets');

    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${exchange.origin}/bulletin?severity=critical`);
    expect(await page.locator('.documents article').count()).toBe(1);
    await page.getByRole('link', { name: 'All', exact: true }).click();
    expect(new URL(page.url()).search).toBe('');
    await context.close();
    const watched = await browser.newContext({ locale: 'ur' });
    const list = await watched.newPage();
    await list.goto(`${exchange.origin}/bulletin?severity=critical&year=${new Date().getUTCFullYear()}`);
    await inspect({ page: list }, 'bulletin-list-facets');
    await watched.close();
  });

  test('writing, importing, incidents and people speak Hindi and Urdu, from right to left where it is written so', async () => {
    const page = await author.page.context().newPage();
    for (const [language, direction] of [
      ['hi', 'ltr'],
      ['ur', 'rtl'],
    ] as const) {
      await page.addInitScript((tag) => {
        Object.defineProperty(navigator, 'languages', { configurable: true, get: () => [tag] });
      }, language);
      for (const [name, fragment, there] of [
        ['write', `#new/${id}`, 'field-title'],
        ['import', '#import', 'import-file'],
        ['incidents', '#incidents', 'incidents-none'],
        ['people', '#people', 'member-search'],
      ] as const) {
        await page.goto(`${exchange.origin}/bulletin/desk${fragment}`);
        await page.reload();
        await page.locator(`[data-testid="${there}"]`).first().waitFor();
        expect(await page.locator('html').getAttribute('dir')).toBe(direction);
        await inspect({ page }, `bulletin-${name}-${language}`);
        if (name !== 'import') continue;
        await page.getByTestId('import-file').setInputFiles(file('notes.zip', 'PK\u0003\u0004archive'));
        const refusal = page.locator('[data-testid="refusal"][data-rule="BULLETIN.CONTENT"] p').first();
        await expect
          .poll(() => refusal.textContent(), { message: 'why, in the reader’s language' })
          .toMatch(language === 'hi' ? /दस्तावेज़/ : /دستاویز/);
      }
    }
    await page.close();
    expect(exchange.server.errors()).toEqual([]);
  });
});
