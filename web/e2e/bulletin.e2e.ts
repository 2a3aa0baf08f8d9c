// From an author's first word to another organisation's answer, at the desk of the bulletin.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MemberOrganisation } from '../src/protocol/messages.ts';
import { launchChromium, missing } from './harness/browsers.ts';
import { type Clerk, inspect } from './harness/clerk.ts';
import { Exchange } from './harness/exchange.ts';

/** Without the marks by which Fluent keeps directions apart. */
const plain = (text: string | null) => (text ?? '').replace(/[\u2066-\u2069]/g, '');
const TITLE = 'Meetings that strangers enter';
const RAILWAYS = 'Railways';

describe.skipIf(missing.chromium)('bulletin', () => {
  let browser: Browser;
  let exchange: Exchange;
  let cert: MemberOrganisation;
  let railways: MemberOrganisation;
  let author: Clerk;
  let reviewer: Clerk;
  let publisher: Clerk;
  let reader: Clerk;
  let handler: Clerk;
  let address = '';
  beforeAll(async () => {
    browser = await launchChromium();
    exchange = await Exchange.open(browser, 'National Coordination Centre');
    cert = await exchange.organisation('CERT');
    author = await exchange.person('Bela');
    reviewer = await exchange.person('Chand', cert, ['reviewer']);
    publisher = await exchange.person('Dev', cert, ['publisher', 'author']);
  });
  afterAll(async () => {
    await exchange?.close();
    await browser?.close();
  });

  const desk = async (clerk: Clerk, fragment: string) => {
    await clerk.page.goto(`${exchange.origin}/bulletin/desk${fragment}`);
    // Another fragment is no other page, and what others did meanwhile is asked for by a page that is loaded.
    await clerk.page.reload();
    await clerk.get('signed-in').waitFor();
  };
  const choose = (clerk: Clerk, id: string, value: string) => clerk.get(id).locator('select').selectOption(value);
  const done = (clerk: Clerk, text: string) =>
    expect.poll(() => clerk.get('done').textContent(), { message: text }).toContain(text);

  test('an administrator says who takes part', async () => {
    const { administrator } = exchange;
    await desk(administrator, '#people');
    await administrator.get('organisation-new').fill(RAILWAYS);
    await administrator.get('organisation-add').click();
    await administrator.get('organisation', RAILWAYS).waitFor();
    railways = {
      id: (await administrator.get('organisation', RAILWAYS).getAttribute('data-id')) ?? '',
      name: RAILWAYS,
    };
    await administrator.get('member-user').locator('select').selectOption({ label: 'Bela' });
    await administrator.get('member-organisation').locator('select').selectOption({ label: 'CERT' });
    const role = (value: string) =>
      administrator.page.locator(`[data-testid="new-member-role"][data-value="${value}"]`);
    await role('author').check();
    await role('member').uncheck();
    await administrator.get('member-add').click();
    await administrator.get('member', 'Bela').waitFor();
    await administrator.get('group-new').fill('Transport');
    await administrator.page.locator(`[data-testid="new-group-organisation"][data-value="${railways.id}"]`).check();
    await administrator.get('group-add').click();
    await administrator.get('group', 'Transport').waitFor();
    await inspect(administrator, 'bulletin-people');
    reader = await exchange.person('Esha', railways, ['member']);
    handler = await exchange.person('Farid', railways, ['reviewer']);
    expect(administrator.problems).toEqual([]);
  });

  test('an author writes in the layout of agencies, and is told beside the field what is wrong', async () => {
    await desk(author, '#inbox');
    await author.get('nav-new').click();
    await author.get('field-title').fill(TITLE);
    await choose(author, 'marking-label', 'AMBER');
    await author.page.locator(`[data-testid="marking-organisation"][data-value="${railways.id}"]`).check();
    await author.get('field-overview').fill('Meetings whose numbers can be guessed are entered by strangers.');
    await author.get('field-risk').fill('High: it takes minutes and no account.');
    await author.get('field-solution').fill('- Set a passcode\n- Lock the meeting');
    await author.get('field-affected').fill('Meet Client 4.6.8');
    await author.get('vulnerability-add').click();
    await author.get('vulnerability-cve').fill('CVE-2020-11500');
    await author.get('vulnerability-title').fill('Media sealed with a shared key');
    await author.get('vulnerability-fix').fill('Update to 4.6.9.');
    await author.get('reference-add').click();
    await author.get('reference-summary').fill('How meetings are disturbed');
    await author.get('reference-url').fill('https://example.org/disturbed');
    // A number is missing, and the field says so.
    await expect.poll(() => author.get('check').getAttribute('data-errors')).not.toBe('0');
    await expect.poll(() => author.get('field-id').getAttribute('aria-invalid')).toBe('true');
    await inspect(author, 'bulletin-write');
    await author.get('submit').click();
    await expect.poll(() => author.get('refusal').getAttribute('data-rule')).toBe('BULLETIN.CSAF');
    expect(await author.get('refusal').textContent()).toContain('not fit for this yet');

    await author.get('field-id').fill('CIAD-2026-0009');
    await expect.poll(() => author.get('check').getAttribute('data-errors')).toBe('0');
    await author.get('view-text').click();
    const content = JSON.parse(await author.get('field-json').inputValue());
    expect(content.document.distribution.text).toBe('TLP:AMBER');
    expect(content.vulnerabilities[0].remediations[0].product_ids).toEqual(['P-1']);
    await author.get('view-preview').click();
    await author.page.locator('[data-testid="section"][data-part="solution"] li').first().waitFor();
    await author.get('save').click();
    await done(author, 'The draft is saved.');
    await author
      .get('attach')
      .setInputFiles({ name: 'report.txt', mimeType: 'text/plain', buffer: Buffer.from('seen') });
    await author.get('attachment', 'report.txt').waitFor();
    await author.get('submit').click();
    await author.get('document').waitFor();
    expect(await author.get('document').getAttribute('data-stage')).toBe('review');
    address = new URL(author.page.url()).hash;
    expect(author.problems).toEqual([]);
  });

  test('a reviewer approves and a publisher publishes what others have written', async () => {
    await desk(reviewer, '#inbox');
    await choose(reviewer, 'filter-stage', 'review');
    await reviewer.get('document-line', TITLE).getByRole('link').click();
    await reviewer.get('step-approve').click();
    await done(reviewer, 'Approved.');
    await desk(publisher, address);
    expect(await publisher.get('step-publish_interim').count(), 'the document says that it is final').toBe(0);
    await publisher.get('step-publish_final').click();
    await done(publisher, 'Published.');
    expect(await publisher.get('document').getAttribute('data-stage')).toBe('final');
    expect([...reviewer.problems, ...publisher.problems]).toEqual([]);
  });

  test('a reader in another organisation finds, reads and answers', async () => {
    await desk(reader, '');
    await reader.get('filter-words').fill('strangers');
    await reader.get('filter-go').click();
    await expect.poll(() => reader.get('count').getAttribute('data-count')).toBe('1');
    await inspect(reader, 'bulletin-inbox');
    await reader.get('feed-make').click();
    await reader.get('feed-remove').waitFor();
    const feed = await reader.get('feed-atom').inputValue();
    expect(await (await fetch(feed.replace(/^https?:\/\/[^/]+/, exchange.server.url))).text()).toContain(TITLE);
    await reader.get('document-line', TITLE).getByRole('link').click();
    await reader.get('document').waitFor();
    const parts = await reader.get('section').evaluateAll((all) => all.map((one) => one.getAttribute('data-part')));
    expect(parts.slice(0, 3)).toEqual(['affected', 'overview', 'risk']);
    expect(await reader.page.getByText('For whom').count(), 'whom else it is for is the owner’s').toBe(0);
    await reader.get('acknowledge-applied').click();
    await reader.get('acknowledged', RAILWAYS).waitFor();
    await reader.get('comment-text').fill('Applied on all 17 zones.');
    await reader.get('comment-go').click();
    await reader.get('comment').waitFor();
    await inspect(reader, 'bulletin-document');

    await desk(author, address);
    await author.get('acknowledged', RAILWAYS).waitFor();
    expect(await author.get('acknowledged', RAILWAYS).getAttribute('data-said')).toBe('applied');
    expect(await author.get('comment').textContent()).toContain('17 zones');
    expect(reader.problems).toEqual([]);
  });

  test('another revision goes on from the published one, and what changed is shown', async () => {
    await desk(author, address);
    await author.get('begin').click();
    await author.get('field-risk').fill('Very high: it is done every day.');
    await author.get('field-summary').fill('The risk is higher than it was said to be');
    await expect.poll(() => author.get('check').getAttribute('data-errors')).toBe('0');
    await author.get('submit').click();
    await author.get('document').waitFor();
    await choose(author, 'compare', '1');
    await author.get('differences').waitFor();
    expect(await author.get('differences').locator('ins').allTextContents()).toContain(
      'Very high: it is done every day.',
    );
    expect(await author.get('differences').locator('del').allTextContents()).toContain(
      'High: it takes minutes and no account.',
    );
    await inspect(author, 'bulletin-revision');
    await desk(reader, address);
    await reader.get('revision').first().waitFor();
    expect(await reader.get('revision').count(), 'what is not published is nobody else’s').toBe(1);
  });

  test('who has written in a revision is told that somebody else has to publish it', async () => {
    await desk(publisher, '#new');
    await publisher.get('field-title').fill('Written by its publisher');
    await publisher.get('field-id').fill('CIAD-2026-0010');
    await publisher.get('field-overview').fill('Short.');
    await expect.poll(() => publisher.get('check').getAttribute('data-errors')).toBe('0');
    await publisher.get('submit').click();
    await publisher.get('document').waitFor();
    const own = new URL(publisher.page.url()).hash;
    await desk(reviewer, own);
    await reviewer.get('step-approve').click();
    await done(reviewer, 'Approved.');
    await desk(publisher, own);
    await publisher.get('step-publish_final').click();
    await expect.poll(() => publisher.get('refusal').getAttribute('data-rule')).toBe('BULLETIN.FOUR_EYES');
    expect(await publisher.get('document').getAttribute('data-stage')).toBe('approved');
  });

  test('an incident has six hours, a status and hands', async () => {
    await desk(author, '#incidents');
    await author.get('report-incident').click();
    await author.get('field-title').fill('A meeting was entered');
    await author.get('save').click();
    await done(author, 'The draft is saved.');
    await author.get('nav-incidents').click();
    await author.get('incident').waitFor();
    expect(await author.get('incident').getAttribute('data-clock')).toBe('running');
    expect(plain(await author.get('incident-clock').textContent())).toMatch(/5 h 5\d min left|6 h 0 min left/);
    await choose(author, 'incident-status', 'handling');
    await done(author, 'Saved');
    expect(await author.get('hand-over').count(), 'nobody else can read it yet').toBe(0);

    await author.get('incident').getByRole('link').click();
    await author.get('edit').click();
    await author.get('field-id').fill('CIAD-2026-0011');
    await author.get('field-overview').fill('Somebody entered a meeting who was not invited.');
    await author.get('reference-add').click();
    await author.get('reference-summary').fill('How meetings are disturbed');
    await author.get('reference-url').fill('https://example.org/disturbed');
    await expect.poll(() => author.get('check').getAttribute('data-errors')).toBe('0');
    await author.get('submit').click();
    await author.get('document').waitFor();
    const id = new URL(author.page.url()).hash.replace('#document/', '');
    await exchange.step(reviewer, id, 'approve');
    await exchange.step(publisher, id, 'publish_final');
    await desk(author, '#incidents');
    await expect.poll(() => author.get('incident').getAttribute('data-clock')).toBe('in_time');
    await author.get('hand-over').click();
    await author.get('hand-over-organisation').locator('select').selectOption({ label: RAILWAYS });
    await author.get('hand-over-go').click();
    await expect.poll(() => author.get('incident-hands').textContent()).toContain(RAILWAYS);
    await inspect(author, 'bulletin-incidents');
    await desk(reader, '#incidents');
    await reader.get('incident').waitFor();
    expect(await reader.get('incident-status').count(), 'a member only reads').toBe(0);
    await desk(handler, '#incidents');
    await choose(handler, 'incident-status', 'contained');
    await done(handler, 'Saved');
    expect(author.problems).toEqual([]);
  });

  test('list and document speak the reader’s language, from right to left where it is written so', async () => {
    const choice = await reader.page.context().newPage();
    for (const [language, direction] of [
      ['hi', 'ltr'],
      ['ur', 'rtl'],
    ] as const) {
      await choice.addInitScript((tag) => {
        Object.defineProperty(navigator, 'languages', { configurable: true, get: () => [tag] });
      }, language);
      await choice.goto(`${exchange.origin}/bulletin/desk`);
      await choice.locator('[data-testid="document-line"]').first().waitFor();
      expect(await choice.locator('html').getAttribute('dir')).toBe(direction);
      await inspect({ page: choice }, `bulletin-inbox-${language}`);
      await choice.locator('[data-testid="document-line"] a').first().click();
      await choice.locator('[data-testid="document"]').waitFor();
      await inspect({ page: choice }, `bulletin-document-${language}`);
    }
    await choice.close();
  });

  test('what is withdrawn stays readable and is marked', async () => {
    await desk(publisher, `${address}/1`);
    await desk(publisher, address);
    await publisher.get('step-withdraw').click();
    await publisher.get('step-withdraw-confirm').click();
    await publisher.get('withdrawn').waitFor();
    await desk(reader, address);
    await reader.get('withdrawn').waitFor();
    expect([publisher, reader, reviewer, handler].flatMap((clerk) => clerk.problems)).toEqual([]);
    expect(exchange.server.errors()).toEqual([]);
  });
});
