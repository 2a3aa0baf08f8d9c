// From an advisory to a meeting: published by four eyes, looked at and applied, binding and named in a meeting, taken back,
// and followed.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Clerk, inspect } from './harness/clerk.ts';
import { binary } from './harness/server.ts';
import { Stage } from './harness/story.ts';

/** Asks the API as the page of `clerk` does, and returns what it answers. */
async function api<T>(clerk: Clerk, method: string, path: string, body?: unknown): Promise<T> {
  return clerk.page.evaluate(
    async ([method, path, body]) => {
      const init: RequestInit = { method: method as string };
      if (body !== undefined) {
        init.body = typeof body === 'string' ? body : JSON.stringify(body);
        init.headers = { 'content-type': 'application/json' };
      }
      const response = await fetch(`/api/v1/${path}`, init);
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
      return text ? JSON.parse(text) : null;
    },
    [method, path, body] as const,
  );
}

describe.skipIf(missing.chromium)('advisory to policy', () => {
  const stage = new Stage();
  let browser: Browser;
  let guestBrowser: Browser;
  let asha: Clerk;
  let bela: Clerk;
  let chand: Clerk;
  const organisations: Record<string, string> = {};

  /** Has somebody come by an invitation, who takes part for an organisation. */
  async function come(name: string, roles: string[], organisation: string, does: string[]): Promise<Clerk> {
    const { link } = await api<{ link: string }>(asha, 'POST', 'invitations', { name, roles });
    const clerk = await Clerk.at(browser);
    await clerk.join(link, name);
    const { user } = await api<{ user: { id: string } }>(clerk, 'GET', 'account');
    await api(asha, 'PUT', 'bulletin/memberships', {
      user: user.id,
      organisation: organisations[organisation],
      roles: does,
    });
    return clerk;
  }

  /** Signs a profile as an authority would, on its own machine. */
  function signed(controls: [string, string][]): string {
    const file = join(stage.server.data, 'profile.json');
    const profile = {
      id: 'in.org.cert.lobbies',
      revision: 1,
      title: 'What CIAD-2026-0001 asks of meetings',
      issuer: 'CERT',
      issued: '2026-11-27',
      controls: controls.map(([control, value]) => ({ control, value, source: 'CIAD-2026-0001, measure 2' })),
    };
    writeFileSync(file, JSON.stringify({ format: 'sabha-policy-profile', version: 1, profile }));
    execFileSync(binary(), ['policy', 'sign', file, '--key-file', join(stage.server.data, 'cert.key')]);
    return readFileSync(file, 'utf8');
  }

  /** Publishes an advisory that carries a profile: written by Bela, approved and published by Chand. */
  async function publish(id: string, title: string, controls: [string, string][]): Promise<void> {
    type Document = { id: string; revisions: { hash: string }[] };
    const date = '2026-11-27T10:00:00Z';
    const content = JSON.stringify({
      document: {
        category: 'csaf_base',
        csaf_version: '2.0',
        distribution: { tlp: { label: 'WHITE' } },
        publisher: { category: 'coordinator', name: 'CERT', namespace: 'https://cert.example.org' },
        title,
        tracking: {
          id,
          current_release_date: date,
          initial_release_date: date,
          revision_history: [{ date, number: '1', summary: 'Published' }],
          status: 'final',
          version: '1',
        },
      },
    });
    const draft = { kind: 'advisory', marking: { tlp: 'CLEAR' }, content };
    let document = await api<Document>(bela, 'POST', 'bulletin/documents', draft);
    document = await api<Document>(bela, 'PUT', `bulletin/documents/${document.id}/profile`, signed(controls));
    for (const [clerk, step] of [
      [bela, 'submit'],
      [chand, 'approve'],
      [chand, 'publish_final'],
    ] as const) {
      const seen = document.revisions[0]?.hash;
      document = await api<Document>(clerk, 'POST', `bulletin/documents/${document.id}/steps`, { step, seen });
    }
  }

  beforeAll(async () => {
    browser = await stage.keep(launchChromium({ camera: 'red' }));
    guestBrowser = await stage.keep(launchChromium({ camera: 'green' }));
    asha = await Clerk.at(browser);
    await asha.join(stage.server.setupUrl ?? '', 'Asha');
    for (const name of ['CERT', 'Bank']) {
      organisations[name] = (await api<{ id: string }>(asha, 'POST', 'bulletin/organisations', { name })).id;
    }
    const { user } = await api<{ user: { id: string } }>(asha, 'GET', 'account');
    const bank = { user: user.id, organisation: organisations.Bank, roles: ['member'] };
    await api(asha, 'PUT', 'bulletin/memberships', bank);
    bela = await come('Bela', [], 'CERT', ['author']);
    chand = await come('Chand', ['security_officer'], 'CERT', ['reviewer', 'publisher']);
  });
  afterAll(async () => {
    for (const clerk of [asha, bela, chand]) await clerk?.close();
  });

  const advisory = (title: string) => asha.page.locator(`[data-testid="advisory"][data-title="${title}"]`);
  const standing = (title: string) => advisory(title).getAttribute('data-standing');
  const TITLE = 'Strangers in lobbies';

  test('an advisory that four eyes have published is shown with how it stands here', async () => {
    await asha.get('nav-advisories').click();
    await asha.get('advisories-none').waitFor();
    await inspect(asha, 'advisories-none');
    await publish('CIAD-2026-0001', TITLE, [
      ['MEET.CHAT.SAFE', 'hosts'],
      ['MEET.SHARE.HOST', 'everyone'],
      ['MEET.PASS.REQUIRED', 'passcode'],
      ['MEET.FILE.OFF', 'always'],
    ]);
    await asha.page.reload();
    await expect.poll(() => standing(TITLE)).toBe('open');
    await inspect(asha, 'advisories');

    // From the document at the desk it is looked at alone.
    await asha.get('nav-bulletin').click();
    await asha.get('document-line', TITLE).getByRole('link').click();
    await asha.get('profile-apply').click();
    await asha.get('advisory-preview').waitFor();
    expect(await asha.get('advisory').count()).toBe(1);
    await asha.get('advisories-all').click();
    await expect.poll(() => asha.get('advisory-preview').count()).toBe(0);
    await expect.poll(() => standing(TITLE)).toBe('open');
    expect(asha.problems).toEqual([]);
  });

  test('applied, it binds a meeting, which refuses what it forbids and names it', async () => {
    const hema = await stage.person(browser, 'Hema');
    const ben = await stage.person(guestBrowser, 'Ben');
    const link = await hema.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(hema, ben, link);
    await ben.openPanel('chat');
    await ben.get('chat-input').fill('may I?');
    expect(await ben.get('chat-send').isDisabled()).toBe(false);

    await advisory(TITLE).getByTestId('advisory-look').click();
    const change = (control: string) =>
      asha.get('advisory-preview').locator(`[data-testid="floor-change"][data-control="${control}"]`);
    expect(await change('MEET.CHAT.SAFE').getAttribute('data-tightens')).toBe('true');
    expect(await change('MEET.SHARE.HOST').getAttribute('data-kept'), 'it never loosens').toBe('true');
    expect(await asha.get('touched-room').count()).toBe(1);
    await inspect(asha, 'advisory-preview');
    await asha.get('advisory-tell').click();
    await asha.get('advisory-apply').click();
    await expect.poll(() => standing(TITLE)).toBe('applied');
    expect(await asha.get('done').textContent()).toContain('Applied');
    await advisory(TITLE).getByTestId('advisory-left-out').waitFor();
    await inspect(asha, 'advisory-applied');

    // The meeting follows, refuses, and says who demands it.
    await expect.poll(() => ben.get('chat-send').isDisabled(), { timeout: 15_000 }).toBe(true);
    const note = ben.get('chat-panel').locator('[data-testid="demanded-by"][data-control="MEET.CHAT.SAFE"]');
    await expect.poll(() => note.textContent(), { timeout: 15_000 }).toContain('CIAD-2026-0001');
    const chitra = await stage.person(guestBrowser, 'Chitra');
    await chitra.knock(link);
    await hema.admit('Chitra');
    const refusal = hema.page.locator('[data-testid="refusal"][data-rule="MEET.PASS.REQUIRED"]');
    await refusal.waitFor();
    await expect.poll(() => refusal.textContent()).toContain('CIAD-2026-0001');
    await ben.openPanel('security');
    const listed = ben.get('policy').locator('[data-testid="demanded-by"][data-control="MEET.FILE.OFF"]');
    await expect.poll(() => listed.textContent()).toContain('CERT');
    await ben.page.screenshot({ path: join(import.meta.dirname, '../test-results/screens/advisory-in-meeting.png') });
    expect(asha.problems).toEqual([]);
  });

  test('its publisher sees who has applied it', async () => {
    await chand.page.goto(`${stage.server.url}/admin#advisories`);
    const covered = chand.page.locator(`[data-testid="covered"][data-title="${TITLE}"]`);
    await expect.poll(() => covered.getAttribute('data-applied')).toBe('1');
    await covered.locator('summary').click();
    await covered.locator('[data-testid="covered-by"][data-name="Bank"] time').waitFor();
    await inspect(chand, 'advisory-coverage');
    expect(chand.problems).toEqual([]);
  });

  test('it is taken back while nothing came after it, and then not in one step', async () => {
    await asha.page.goto(`${stage.server.url}/admin#advisories`);
    await advisory(TITLE).getByTestId('advisory-back').click();
    await asha.get('advisory-back-confirm').click();
    await expect.poll(() => standing(TITLE)).toBe('undone');

    await advisory(TITLE).getByTestId('advisory-look').click();
    await asha.get('advisory-apply').click();
    await expect.poll(() => standing(TITLE)).toBe('applied');
    stage.server.run('policy', 'apply', 'tier:high');
    // What was shown is not true any more: the server says so in words.
    await advisory(TITLE).getByTestId('advisory-back').click();
    await asha.get('advisory-back-confirm').click();
    await expect.poll(() => asha.get('trouble').textContent()).toContain('came after it');
    await advisory(TITLE).getByTestId('advisory-later').waitFor();
    expect(await advisory(TITLE).getByTestId('advisory-back').count()).toBe(0);
  });

  test('what a followed publisher publishes is applied by itself', async () => {
    await asha.page.getByLabel('Publisher', { exact: true }).selectOption({ label: 'CERT' });
    expect(await asha.get('following-key').inputValue(), 'the key to compare').toMatch(/^[\w-]{43}$/);
    await asha.get('following-start').click();
    await asha.get('followed', 'CERT').waitFor();
    await publish('CIAD-2026-0002', 'Loud rooms', [
      ['MEET.MUTE.ENTRY', 'muted_and_dark'],
      ['MEET.CHAT.SAFE', 'nobody'],
    ]);
    await asha.page.reload();
    await expect.poll(() => standing('Loud rooms')).toBe('applied');
    expect(await advisory('Loud rooms').textContent()).toContain('following');
    const arrival = asha.page.locator('[data-testid="arrival"][data-title="Loud rooms"]');
    expect(await arrival.getAttribute('data-applied')).toBe('true');
    await inspect(asha, 'advisories-followed');
    await asha.get('followed', 'CERT').getByTestId('following-stop').click();
    await asha.get('following-stop-confirm').click();
    await expect.poll(() => asha.get('followed').count()).toBe(0);
    expect(asha.problems).toEqual([]);
  });
});
