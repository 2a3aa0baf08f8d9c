// The page of those who administer a server: what it does to meetings, and what it does not see of them.

import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Clerk, inspect } from './harness/clerk.ts';
import { Stage } from './harness/story.ts';

describe.skipIf(missing.chromium)('console', () => {
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

  const control = (id: string) => asha.page.locator(`[data-testid="floor-control"][data-control="${id}"]`);
  const value = (id: string) => control(id).getAttribute('data-value');

  test('a profile shows what it would change, is applied, binds a running meeting, and is taken back', async () => {
    const host = await stage.person(browser, 'Hema');
    await host.startMeeting(stage.server.newMeetingUrl);
    await host.openPanel('security');
    const share = host.get('policy').locator('[data-control="MEET.SHARE.HOST"]');
    expect(await share.getAttribute('data-value')).toBe('granted');

    await asha.get('nav-policy').click();
    await expect.poll(() => asha.get('floor-number').getAttribute('data-number')).toBe('0');
    expect(await value('MEET.SHARE.HOST')).toBe('granted');
    await inspect(asha, 'policy');
    await asha.page.getByLabel('Take it from').selectOption('tier high');
    const change = asha.page.locator('[data-testid="floor-change"][data-control="MEET.SHARE.HOST"]');
    expect(await change.getAttribute('data-tightens')).toBe('true');
    expect(await value('MEET.SHARE.HOST'), 'looking changes nothing').toBe('granted');
    await inspect(asha, 'policy-preview');
    await asha.get('floor-apply').click();

    await expect.poll(() => asha.get('floor-number').getAttribute('data-number')).toBe('1');
    expect(await value('MEET.SHARE.HOST')).toBe('hosts');
    expect(await asha.get('done').textContent()).toContain('Applied');
    await expect.poll(() => share.getAttribute('data-value'), { timeout: 15_000 }).toBe('hosts');
    await inspect(asha, 'policy-applied');

    await asha.page.locator('[data-testid="floor-back"][data-number="0"]').click();
    await asha.get('floor-apply').click();
    await expect.poll(() => asha.get('floor-number').getAttribute('data-number')).toBe('2');
    expect(await value('MEET.SHARE.HOST')).toBe('granted');
    expect(await share.getAttribute('data-value'), 'what a host has signed does not loosen by itself').toBe('hosts');

    await asha.get('nav-audit').click();
    await expect
      .poll(() => asha.page.locator('[data-testid="audit-entry"][data-action="floor.applied"]').count())
      .toBe(2);
    expect(asha.problems).toEqual([]);
  });

  test('what would get looser stays unless that is asked for', async () => {
    await asha.get('nav-policy').click();
    await asha.page.getByLabel('Take it from').selectOption('tier low');
    const change = asha.page.locator('[data-testid="floor-change"][data-tightens="false"]').first();
    expect(await change.getAttribute('data-kept')).toBe('true');
    expect(await asha.get('floor-apply').isDisabled()).toBe(true);
    await asha.get('floor-loosen').click();
    expect(await change.getAttribute('data-kept')).toBe('false');
    await expect.poll(() => asha.get('floor-apply').isDisabled()).toBe(false);
  });

  test('a template is made, changed, chosen for a plan, and removed', async () => {
    await asha.get('nav-policy').click();
    await asha.get('template-new').click();
    const form = asha.get('template-form');
    await form.getByLabel('Name').fill('Board');
    const share = form.locator('[data-testid="template-control"][data-control="MEET.SHARE.HOST"] select');
    await share.selectOption('hosts');
    await inspect(asha, 'policy-template');
    await asha.get('template-keep').click();
    const row = asha.page.locator('[data-testid="template"][data-name="Board"]');
    await row.waitFor();
    expect(await asha.get('done').textContent()).toContain('Kept');
    await row.locator('[data-testid="template-edit"]').click();
    expect(await share.inputValue()).toBe('hosts');
    await form.getByLabel('Name').fill('Council');
    await asha.get('template-keep').click();
    const council = asha.page.locator('[data-testid="template"][data-name="Council"]');
    await council.waitFor();
    await inspect(asha, 'policy-templates');

    await asha.get('nav-meetings').click();
    await asha.get('plan-template').locator('select').selectOption({ label: 'Council' });
    await inspect(asha, 'plan-template');
    await asha.get('plan-name').fill('Budget');
    await asha.page.getByLabel('Lobby opens').selectOption('60');
    const soon = new Date(Date.now() + 30 * 60_000);
    const two = (value: number) => String(value).padStart(2, '0');
    await asha.get('plan-date').fill(`${soon.getFullYear()}-${two(soon.getMonth() + 1)}-${two(soon.getDate())}`);
    await asha.get('plan-time').fill(`${two(soon.getHours())}:${two(soon.getMinutes())}`);
    await asha.get('plan-go').click();
    const planned = asha.page.locator('[data-testid="planned"][data-name="Budget"]');
    await planned.waitFor();
    const console = asha.page.url();
    await planned.locator('[data-testid="planned-start"]').click();
    await asha.get('prejoin-name').fill('Asha');
    await asha.get('prejoin-join').click();
    await asha.get('encryption-state').click();
    const signed = asha.get('policy').locator('[data-control="MEET.SHARE.HOST"]');
    expect(await signed.getAttribute('data-value')).toBe('hosts');
    await asha.page.goto(console);

    // A meeting that is made at once asks, since there is something to choose.
    await asha.get('start-meeting').click();
    await asha.get('start-template').getByLabel('Begin with a template').selectOption({ label: 'Council' });
    await inspect(asha, 'start-template');
    await asha.get('new-meeting').click();
    await asha.get('prejoin-name').fill('Asha');
    await asha.get('prejoin-join').click();
    await asha.get('encryption-state').click();
    expect(await signed.getAttribute('data-value')).toBe('hosts');
    await asha.page.goto(console);

    await asha.get('nav-policy').click();
    await council.locator('[data-testid="template-remove"]').click();
    await asha.get('template-remove-confirm').click();
    await expect.poll(() => council.count()).toBe(0);
    // Where there is nothing to choose it is made at once.
    await asha.get('start-meeting').click();
    await asha.get('prejoin-name').waitFor();
    await asha.page.goto(console);
    expect(asha.problems).toEqual([]);
  });

  test('a file that is no profile is refused in words, and nothing changes', async () => {
    await asha.get('nav-policy').click();
    const path = join(tmpdir(), `sabha-e2e-profile-${process.pid}.json`);
    writeFileSync(path, '{"format":"sabha-policy-profile"}');
    const at = () => asha.get('floor-number').getAttribute('data-number');
    await expect.poll(at).not.toBeNull();
    const number = await at();
    await asha.get('floor-file').setInputFiles(path);
    await expect.poll(() => asha.get('trouble').textContent()).toContain('no policy profile');
    expect(await at()).toBe(number);
    await asha.get('floor-file').setInputFiles(join(import.meta.dirname, '../../profiles/in.gov.mha.2020-04-12.json'));
    await asha.get('floor-signature').waitFor();
    expect(await asha.get('floor-signature').getAttribute('data-signed')).toBe('false');
  });

  test('an auditor without the role sees no policy page', async () => {
    const ben = await Clerk.at(browser);
    await asha.get('nav-users').click();
    await asha.get('invite-name').fill('Ben');
    await asha.get('invite-go').click();
    await ben.join(await asha.get('invite-url').inputValue(), 'Ben');
    expect(await ben.get('nav-policy').count()).toBe(0);
    await ben.page.goto(new URL('/admin#policy', ben.page.url()).href);
    await ben.get('forbidden').waitFor();
    expect(await ben.ask('GET', 'floor')).toEqual([403, 'ACCOUNT.ROLE']);
    await ben.close();
  });
});
