// What whoever watches over a server sees: open rooms as counts, how the server fares, and an attack while it lasts.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Clerk, inspect } from './harness/clerk.ts';
import { Stage } from './harness/story.ts';

/** Tries with wrong credentials, and WebSockets from elsewhere, that make an attack of a minute. */
const TRIES = 40;

describe.skipIf(missing.chromium)('watching', () => {
  const stage = new Stage();
  let browser: Browser;
  let asha: Clerk;
  beforeAll(async () => {
    browser = await stage.keep(launchChromium({ camera: 'red' }));
    asha = await Clerk.at(browser);
    await asha.join(stage.server.setupUrl ?? '', 'Asha');
  });
  afterAll(async () => {
    await asha?.close();
  });

  test('open rooms are counted, with their rules and without a name', async () => {
    await asha.get('nav-live').click();
    await expect.poll(() => asha.get('live-summary').getAttribute('data-open')).toBe('0');
    await inspect(asha, 'live-none');
    const host = await stage.person(browser, 'Hema');
    await host.startMeeting(stage.server.newMeetingUrl);
    const room = asha.get('live-room');
    await expect.poll(() => room.count(), { timeout: 15_000 }).toBe(1);
    await expect.poll(() => room.getAttribute('data-people'), { timeout: 15_000 }).toBe('1');
    expect(await room.getAttribute('data-locked')).toBe('false');
    await room.locator('summary').click();
    expect(await room.textContent()).toContain('MEET.SHARE.HOST');
    await inspect(asha, 'live');
    const page = await asha.page.locator('main').textContent();
    expect(page).not.toContain('Hema');
    const meeting = new URL(await host.page.evaluate(() => location.href)).pathname.split('/').at(-1) ?? '';
    expect(meeting.length).toBeGreaterThan(20);
    expect(await asha.page.content()).not.toContain(meeting);
    expect(await room.locator('a, button').count(), 'nothing leads into a meeting').toBe(0);
  });

  test('an attack is seen by its rules while it lasts, as a chart and as a table', async () => {
    const origin = new URL(stage.server.newMeetingUrl).origin;
    for (let number = 0; number < TRIES; number++) {
      const refused = await fetch(`${origin}/api/v1/users`, {
        headers: { authorization: `Bearer sabha_${String(number).padStart(43, 'A')}` },
      });
      expect(refused.status).toBeGreaterThanOrEqual(400);
    }
    await asha.get('nav-health').click();
    await asha.get('refusals-summary').waitFor();
    await expect
      .poll(async () => Number(await asha.get('refusals-summary').getAttribute('data-total')), { timeout: 15_000 })
      .toBeGreaterThanOrEqual(TRIES);
    expect(await asha.get('refusals-chart').locator('rect').count()).toBeGreaterThan(0);
    expect(await asha.get('refusals-chart').getAttribute('aria-label')).toContain('refusals');
    await asha.get('refusals-table').click();
    const rule = asha.page.locator('[data-testid="refusals-rule"][data-rule="ACCOUNT.SIGNED_IN"]');
    expect(Number(await rule.getAttribute('data-total'))).toBeGreaterThanOrEqual(TRIES - 1);
    await asha.page.getByLabel('Show').selectOption('day');
    await expect.poll(() => rule.count()).toBe(1);

    expect(await asha.get('health-database').getAttribute('data-reachable')).toBe('true');
    expect(await asha.get('limit').count()).toBe(3);
    expect(await asha.page.locator('[data-testid="limit"][data-near="true"]').count()).toBe(0);
    expect(await asha.get('shard').count()).toBeGreaterThan(0);
    await inspect(asha, 'health');
    expect(asha.problems).toEqual([]);
  });

  test('the log is searched by user, action and time', async () => {
    await asha.get('nav-audit').click();
    const entries = asha.get('audit-entry');
    await expect.poll(() => entries.count()).toBeGreaterThan(0);
    const all = await entries.count();
    await asha.page.getByLabel('By whom').selectOption({ label: 'Asha' });
    await asha.get('audit-search').click();
    await expect.poll(async () => (await entries.allTextContents()).every((text) => text.includes('Asha'))).toBe(true);
    expect(await entries.count()).toBeGreaterThan(0);
    await inspect(asha, 'audit-search');
    await asha.get('audit-since').fill('2099-01-01T00:00');
    await asha.get('audit-search').click();
    await expect.poll(() => entries.count()).toBe(0);
    await asha.get('audit-clear').click();
    await expect.poll(() => entries.count()).toBe(all);
  });

  test('who has no such role sees neither page', async () => {
    const ben = await Clerk.at(browser);
    await asha.get('nav-users').click();
    await asha.get('invite-name').fill('Ben');
    await asha.get('invite-go').click();
    await ben.join(await asha.get('invite-url').inputValue(), 'Ben');
    for (const page of ['live', 'health']) {
      expect(await ben.get(`nav-${page}`).count()).toBe(0);
      await ben.page.goto(new URL(`/admin#${page}`, ben.page.url()).href);
      await ben.get('forbidden').waitFor();
      expect(await ben.ask('GET', page)).toEqual([403, 'ACCOUNT.ROLE']);
    }
    await ben.close();
  });
});
