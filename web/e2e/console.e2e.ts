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

  test('a file that is no profile is refused in words, and nothing changes', async () => {
    const path = join(tmpdir(), `sabha-e2e-profile-${process.pid}.json`);
    writeFileSync(path, '{"format":"sabha-policy-profile"}');
    const number = await asha.get('floor-number').getAttribute('data-number');
    await asha.get('floor-file').setInputFiles(path);
    await expect.poll(() => asha.get('trouble').textContent()).toContain('no policy profile');
    expect(await asha.get('floor-number').getAttribute('data-number')).toBe(number);
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
