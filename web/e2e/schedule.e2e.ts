// Meetings that are planned: made in one browser, entered from it and by their links in their time, and nowhere else.

import { readFileSync } from 'node:fs';
import ICAL from 'ical.js';
import type { Browser, Download } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Clerk, inspect } from './harness/clerk.ts';
import { Person } from './harness/person.ts';
import { Server } from './harness/server.ts';

const MINUTE = 60_000;

/** What a form's fields say of a moment, on this machine's clocks. */
function fields(ms: number): { date: string; time: string } {
  const at = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return { date, time: `${two(at.getHours())}:${two(at.getMinutes())}` };
}

async function saved(download: Promise<Download>) {
  const text = readFileSync(await (await download).path(), 'utf8');
  const calendar = new ICAL.Component(ICAL.parse(text) as unknown[]);
  const events = calendar.getAllSubcomponents('vevent').map((one) => new ICAL.Event(one));
  return { method: calendar.getFirstPropertyValue('method'), events };
}

describe.skipIf(missing.chromium)('planned meetings', () => {
  let browser: Browser;
  let server: Server;
  let asha: Clerk;
  let page = '';
  let link = '';
  beforeAll(async () => {
    browser = await launchChromium();
    server = await Server.start();
    asha = await Clerk.at(browser);
    await asha.page.goto(server.setupUrl ?? '');
    await asha.get('join-name').fill('Asha');
    await asha.get('join-email').fill('asha@example.org');
    await asha.get('join-go').click();
    await asha.get('signed-in').waitFor();
    page = `${server.setupUrl?.split('#')[0]}#meetings`;
    await asha.get('nav-meetings').click();
    await asha.get('meetings-none').waitFor();
  });
  afterAll(async () => {
    expect(asha.problems).toEqual([]);
    expect(server.errors()).toEqual([]);
    await asha?.close();
    await browser?.close();
    await server?.stop();
  });

  const planned = (name: string) => asha.get('planned', name);
  const links = (name: string) =>
    planned(name)
      .locator('[data-testid="planned-link"]')
      .evaluateAll((found) => found.map((one) => (one as HTMLInputElement).value));

  async function plan(
    name: string,
    startsMs: number,
    how: { early?: string; repeat?: string; count?: string; until?: string; invited?: string } = {},
  ) {
    const { date, time } = fields(startsMs);
    await asha.get('plan-name').fill(name);
    await asha.get('plan-date').fill(date);
    await asha.get('plan-time').fill(time);
    await asha.page.getByLabel('Lobby opens').selectOption(how.early ?? '10');
    await asha.get('plan-invited').fill(how.invited ?? '');
    if (how.repeat) {
      await asha.page.getByLabel('Repeats').selectOption(how.repeat);
      if (how.until === undefined) {
        await asha.get('plan-count').fill(how.count ?? '3');
      } else {
        await asha.page.getByLabel('Ends').selectOption('until');
        await asha.get('plan-until').fill(how.until);
      }
    }
    await asha.get('plan-go').click();
    await planned(name).first().waitFor();
  }

  test('a meeting is planned, and its link is there', async () => {
    await plan('Cabinet', Date.now() + 30 * MINUTE, { early: '60', invited: 'Ben@example.org' });

    [link = ''] = await links('Cabinet');
    expect(link).toMatch(/^http:\/\/localhost:\d+\/m\/[a-z2-7]{32}#v1\.[\w-]{22}$/);
    await asha.page.reload();
    await planned('Cabinet').waitFor();
    expect(await links('Cabinet'), 'after a reload too').toEqual([link]);
  });

  test('its calendar file has the whole link, in its time', async () => {
    const download = asha.page.waitForEvent('download');
    await planned('Cabinet').locator('[data-testid="planned-file"]').click();
    const { method, events } = await saved(download);

    expect(method).toBe('REQUEST');
    expect(events[0]?.attendees.map((one) => one.getFirstValue())).toEqual(['mailto:ben@example.org']);
    expect(events.map(({ summary, location }) => [summary, location])).toEqual([['Cabinet', link]]);
    const startsMs = events[0]?.startDate.toJSDate().getTime() ?? 0;
    expect(Math.abs(startsMs - Date.now() - 30 * MINUTE)).toBeLessThan(3 * MINUTE);
  });

  test('a guest waits in its lobby, and the browser that planned it lets them in', async () => {
    const ben = await Person.open(browser, 'Ben');
    await ben.knock(link);
    await ben.inLobby();

    await planned('Cabinet').locator('[data-testid="planned-start"]').click();
    await asha.get('prejoin-name').fill('Asha');
    await asha.get('prejoin-join').click();
    await asha.page.locator('[data-testid="lobby-entry"][data-name="Ben"] [data-testid="lobby-admit"]').click();
    await ben.inRoom();
    await ben.tile('Asha').waitFor();
    await ben.close();
    await asha.page.goto(page);
    await planned('Cabinet').waitFor();
  });

  test('who is invited has a link of their own, comes in by it, and waits once it is taken back', async () => {
    await asha.get('plan-personal').click();
    await plan('Council', Date.now() + 30 * MINUTE, { early: '60', invited: 'dan@example.org, eva@example.org' });
    const own = planned('Council').locator('[data-testid="planned-personal"]');
    await own.locator('summary').click();
    const dans = own.locator('[data-testid="planned-personal-link"][data-name="dan@example.org"]');
    const personal = await dans.locator('input').inputValue();
    expect(personal.startsWith(`${(await links('Council'))[0]}.`)).toBe(true);
    await inspect(asha, 'meetings-personal');
    await asha.page.setViewportSize({ width: 1280, height: 800 });
    await dans.locator('[data-testid="planned-personal-copy"]').click();
    await expect.poll(() => dans.textContent()).toContain('Copied');

    await planned('Council').locator('[data-testid="planned-start"]').click();
    await asha.get('prejoin-name').fill('Asha');
    await asha.get('prejoin-join').click();
    await asha.get('leave').waitFor();
    const dan = await Person.open(browser, 'Dan');
    await dan.knock(personal);
    await dan.inRoom();

    await asha.get('people').click();
    await asha.get('invite-person').click();
    const entry = (name: string) => asha.page.locator(`[data-testid="invite-entry"][data-name="${name}"]`);
    await entry('eva@example.org').waitFor();
    await entry('dan@example.org').getByTestId('invite-withdraw').click();
    await dan.inLobby();
    await dan.close();
    await asha.page.goto(page);
    await planned('Council').waitFor();
  });

  test('every meeting of a series has an id and a secret of its own', async () => {
    await plan('Standup', Date.now() + 26 * 60 * MINUTE, { repeat: 'week' });

    await expect.poll(() => planned('Standup').count()).toBe(3);
    const all = await links('Standup');
    for (const part of [/m\/([a-z2-7]{32})#/, /#v1\.([\w-]{22})$/]) {
      expect(new Set(all.map((one) => part.exec(one)?.[1])).size).toBe(3);
    }
    const download = asha.page.waitForEvent('download');
    await planned('Standup').first().locator('[data-testid="planned-file-all"]').click();
    const { events } = await saved(download);
    expect(events.map(({ location }) => location)).toEqual(all);
    await inspect(asha, 'meetings');
    await asha.page.setViewportSize({ width: 1280, height: 800 });
  });

  test('a series ends on the day that was chosen', async () => {
    const startsMs = Date.now() + 28 * 60 * MINUTE;
    await plan('Retreat', startsMs, { repeat: 'day', until: fields(startsMs + 2 * 24 * 60 * MINUTE).date });

    await expect.poll(() => planned('Retreat').count()).toBe(3);
  });

  test('outside of its time a link is as any that opens nothing', async () => {
    const [early = ''] = await links('Standup');
    const ben = await Person.open(browser, 'Ben');
    await ben.knock(early);
    expect(await ben.endedBecause()).toBe('link_unknown');
    await ben.close();
  });

  test('another browser of the same person sees when it is, and has neither link nor keys', async () => {
    const context = await browser.newContext();
    await context.addCookies(await asha.cookies());
    const elsewhere = await context.newPage();
    await elsewhere.goto(page);
    const meetings = elsewhere.locator('[data-testid="planned"]');
    await expect.poll(() => meetings.count()).toBe(8);
    expect(await elsewhere.locator('[data-testid="planned-start"], [data-testid="planned-link"]').count()).toBe(0);
    expect(await meetings.first().textContent()).toContain('another browser');
    expect(await meetings.first().textContent()).not.toContain('Cabinet');
    await context.close();
  });

  test('what cannot be planned is said, and nothing is planned', async () => {
    await asha.get('plan-name').fill('Yesterday');
    await asha.get('plan-date').fill(fields(Date.now() - 24 * 60 * MINUTE).date);
    await asha.get('plan-go').click();
    await expect.poll(() => asha.get('trouble').textContent()).toContain('cannot be planned');
    expect(await planned('Yesterday').count()).toBe(0);

    await asha.get('plan-invited').fill('ben@example.org, nobody');
    await asha.get('plan-go').click();
    await expect
      .poll(() => asha.page.getByRole('alert').allTextContents())
      .toContain('\u2068nobody\u2069 is no e-mail address.');
    await asha.get('plan-invited').fill('');
  });

  test('one is cancelled, then the series, and the links open nothing', async () => {
    await planned('Standup').first().locator('[data-testid="planned-cancel"]').click();
    await asha.get('planned-cancel-confirm').click();
    const states = () => planned('Standup').evaluateAll((found) => found.map((one) => one.dataset.state));
    await expect.poll(states).toEqual(['cancelled', 'planned', 'planned']);
    const download = asha.page.waitForEvent('download');
    await planned('Standup').first().locator('[data-testid="planned-file-off"]').click();
    expect((await saved(download)).method).toBe('CANCEL');

    await planned('Standup').nth(1).locator('[data-testid="planned-cancel-all"]').click();
    await asha.get('planned-cancel-all-confirm').click();
    await expect.poll(states).toEqual(['cancelled', 'cancelled', 'cancelled']);
  });
});
