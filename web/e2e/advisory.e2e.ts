// The whole way of an advisory: written with a policy, reviewed and published by another, told by mail, webhook and banner,
// acknowledged and applied in another organisation, binding and named in a meeting, taken back, and followed.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MemberOrganisation } from '../src/protocol/messages.ts';
import { launchChromium, missing } from './harness/browsers.ts';
import { type Clerk, inspect } from './harness/clerk.ts';
import { Exchange } from './harness/exchange.ts';
import { refusedEntry } from './harness/headless.ts';
import { Person } from './harness/person.ts';
import { PostOffice } from './harness/post.ts';
import { binary } from './harness/server.ts';

const TITLE = 'Meetings that strangers enter';
const NUMBER = 'CIAD-2026-0100';
const RAILWAYS = 'Railways';

/** Runs GnuPG in a home that is thrown away with `folder`. */
function gpg(folder: string, args: readonly string[], input?: string): string {
  const options = ['--homedir', folder, '--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', ''];
  return execFileSync('gpg', [...options, ...args], { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'ignore'] });
}

/** What another advisory says that is fit to be published, critical and for everybody. */
function critical(title: string, id: string): string {
  const date = '2026-11-27T10:00:00Z';
  return JSON.stringify({
    document: {
      aggregate_severity: { text: 'critical' },
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
}

describe.skipIf(missing.chromium)('an advisory', () => {
  let browser: Browser;
  let exchange: Exchange;
  let post: PostOffice;
  let cert: MemberOrganisation;
  let author: Clerk;
  let reviewer: Clerk;
  let reader: Clerk;
  let folder = '';
  let keys = '';
  let hook: HttpServer;
  let address = '';
  const delivered: string[] = [];
  const people: Person[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
    post = await PostOffice.start();
    hook = createServer((request, response) => {
      request.on('data', (chunk) => delivered.push(String(chunk)));
      request.on('end', () => response.writeHead(200).end());
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    folder = mkdtempSync(join(tmpdir(), 'sabha-advisory-'));
    // The sockets of GnuPG's agent have names of 108 bytes at most.
    keys = mkdtempSync('/tmp/gpg');
    const config = join(folder, 'sabha.toml');
    writeFileSync(
      config,
      `[mail]\nserver = "${post.url}"\nfrom = "Sabha <bulletin@example.org>"\n[bulletin.webhooks]\nnetworks = ["127.0.0.0/8"]\n`,
    );
    exchange = await Exchange.open(browser, 'National Coordination Centre', ['--config', config]);
    cert = await exchange.organisation('CERT');
    const railways = await exchange.organisation(RAILWAYS);
    const officer = ['security_officer'] as const;
    author = await exchange.person('Bela', cert, ['author']);
    reviewer = await exchange.person('Chand', cert, ['reviewer', 'publisher'], { account: officer });
    reader = await exchange.person('Esha', railways, ['administrator'], {
      account: officer,
      email: 'esha@example.org',
    });
  });
  afterAll(async () => {
    for (const person of people) await person.close();
    await exchange?.close();
    await browser?.close();
    await post?.stop();
    hook?.close();
    for (const made of [folder, keys]) rmSync(made, { recursive: true, force: true });
  });

  const open = async (clerk: Clerk, path: string) => {
    await clerk.page.goto(`${exchange.origin}${path}`);
    await clerk.page.reload();
    await clerk.get('signed-in').waitFor();
  };
  const done = (clerk: Clerk, text: string) =>
    expect.poll(() => clerk.get('done').textContent(), { message: text }).toContain(text);
  const person = async (name: string) => {
    const come = await Person.open(browser, name);
    people.push(come);
    return come;
  };
  const advisory = (title: string) => reader.page.locator(`[data-testid="advisory"][data-title="${title}"]`);
  const standing = (title: string) => advisory(title).getAttribute('data-standing');

  /** Signs a profile as an authority would, on its own machine. Returns the file. */
  function signed(controls: [string, string][]): string {
    const file = join(folder, 'profile.json');
    const profile = {
      id: 'in.org.cert.strangers',
      revision: 1,
      title: `What ${NUMBER} asks of meetings`,
      issuer: 'CERT',
      issued: '2026-11-27',
      controls: controls.map(([control, value]) => ({ control, value, source: `${NUMBER}, measure 2` })),
    };
    writeFileSync(file, JSON.stringify({ format: 'sabha-policy-profile', version: 1, profile }));
    execFileSync(binary(), ['policy', 'sign', file, '--key-file', join(folder, 'cert.key')]);
    return file;
  }

  test('a reader elsewhere chooses to be told by mail, encrypted to a key that holds, and by a webhook', async () => {
    await open(reader, '/bulletin/desk#inbox');
    await reader.get('nav-notices').click();
    await reader.page.getByLabel('When', { exact: true }).selectOption('digest');
    await reader.page.getByLabel('At this hour (UTC)').selectOption('6');
    await reader.page.getByLabel('When', { exact: true }).selectOption('immediate');
    await reader.get('notices-save').click();
    await done(reader, 'That is how you are told');
    await reader.get('key-text').fill('no key');
    await reader.get('key-give').click();
    await expect.poll(() => reader.get('refusal').getAttribute('data-rule')).toBe('BULLETIN.KEY');
    expect(await reader.get('refusal').textContent()).toContain('no OpenPGP public key');
    gpg(keys, ['--quick-generate-key', 'esha@example.org', 'future-default', 'default', '2y']);
    await reader.get('key-text').fill(gpg(keys, ['--armor', '--export', 'esha@example.org']));
    await reader.get('key-give').click();
    await reader.get('key-fingerprint').waitFor();
    expect(await reader.get('key-fingerprint').textContent()).toMatch(/^([0-9A-F]{4} ){9}[0-9A-F]{4}$/);

    await reader.get('hook-url').fill('https://10.0.0.1/hook');
    await reader.get('hook-add').click();
    await expect.poll(() => reader.get('refusal').getAttribute('data-rule')).toBe('BULLETIN.WEBHOOK');
    await reader.get('hook-url').fill(`http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`);
    await reader.get('hook-add').click();
    await reader.get('hook-secret').waitFor();
    expect(await reader.get('hook-secret').inputValue()).toMatch(/^whsec_/);
    await inspect(reader, 'bulletin-notices');
    await open(reader, '/bulletin/desk#notices');
    await reader.get('hook').waitFor();
    expect(await reader.get('hook-secret').count(), 'it is shown once').toBe(0);
    expect(await reader.page.getByLabel('When', { exact: true }).inputValue()).toBe('immediate');
    await open(reader, '/admin#advisories');
    await reader.get('advisories-none').waitFor();
  });

  test('its author puts in what meetings are to keep; who approves sees that, and publishes', async () => {
    await open(author, '/bulletin/desk#new');
    await author.get('field-title').fill(TITLE);
    await author.get('field-id').fill(NUMBER);
    await author.get('marking-label').locator('select').selectOption('CLEAR');
    await author.get('field-overview').fill('Meetings whose links go round are entered by strangers.');
    await author.get('field-solution').fill('- Let in only who is known\n- Leave the chat to hosts');
    // The severity is of those fields that only the text has.
    await author.get('view-text').click();
    const content = JSON.parse(await author.get('field-json').inputValue());
    content.document.aggregate_severity = { text: 'critical' };
    await author.get('field-json').fill(JSON.stringify(content));
    await author.get('view-form').click();
    await expect.poll(() => author.get('check').getAttribute('data-errors')).toBe('0');
    await author.get('save').click();
    await done(author, 'The draft is saved');
    const file = signed([
      ['MEET.CHAT.SAFE', 'hosts'],
      ['MEET.SHARE.HOST', 'everyone'],
      ['MEET.PASS.REQUIRED', 'passcode'],
      ['MEET.FILE.OFF', 'always'],
      ['ORG.EXTERNAL', 'members'],
    ]);
    const forged = {
      name: 'profile.json',
      mimeType: 'application/json',
      buffer: Buffer.from(readFileSync(file, 'utf8').replace('measure 2', 'measure 3')),
    };
    await author.get('profile-put').setInputFiles(forged);
    await expect.poll(() => author.get('refusal').getAttribute('data-rule')).toBe('FLOOR.PROFILE');
    await author.get('profile-put').setInputFiles(file);
    await author.get('profile').waitFor();
    expect(await author.get('profile-control').count()).toBe(5);
    await inspect(author, 'bulletin-profile');
    await author.get('submit').click();
    await author.get('document').waitFor();
    address = new URL(author.page.url()).hash;

    await open(reviewer, `/bulletin/desk${address}`);
    const chat = reviewer.page.locator('[data-testid="profile-control"][data-control="MEET.CHAT.SAFE"]');
    await chat.waitFor();
    expect(await reviewer.get('profile-apply').count(), 'it is not published').toBe(0);
    await reviewer.get('step-approve').click();
    await done(reviewer, 'Approved');
    await reviewer.get('step-publish_final').click();
    await done(reviewer, 'Published');
    expect([...author.problems, ...reviewer.problems]).toEqual([]);
  });

  test('it is told at once by mail that its reader alone can open, by webhook and in banners', async () => {
    await expect.poll(async () => (await post.mails()).length, { timeout: 20_000 }).toBe(1);
    const [mail] = await post.mails();
    expect(mail?.subject).toBe(`[TLP:CLEAR] New advisory: ${TITLE}`);
    const sealed = /-----BEGIN PGP MESSAGE-----[\s\S]*-----END PGP MESSAGE-----/.exec(post.bytes)?.[0] ?? '';
    const text = gpg(keys, ['--decrypt'], sealed);
    expect(text).toContain('entered by strangers');
    const [, path] = /https?:\/\/[^/\s]+(\/bulletin\/[a-z2-7]{26})\s/.exec(text) ?? [];
    await expect.poll(() => delivered.length, { timeout: 20_000 }).toBe(1);
    expect(JSON.parse(delivered[0] ?? '').data).toMatchObject({ severity: 'critical', title: TITLE });

    await open(reader, '/bulletin/desk#inbox');
    await reader.get('alert').waitFor();
    expect(await reader.get('alert').textContent()).toContain(TITLE);
    await inspect(reader, 'bulletin-banner');
    await reader.page.emulateMedia({ media: 'print' });
    expect(await reader.get('alert').isVisible(), 'on paper it would stand under the label of another document').toBe(
      false,
    );
    await reader.page.emulateMedia({ media: 'screen' });
    await reader.page.goto(exchange.origin);
    await reader.get('alert').waitFor();
    await inspect(reader, 'start-banner');
    await author.page.goto(exchange.origin);
    await author.get('new-meeting').waitFor();
    expect(await author.get('alert').count(), 'what is of one’s own organisation is known there').toBe(0);

    // From the link of the mail to the answer of the organisation.
    await reader.page.goto(`${exchange.origin}${path}`);
    await reader.page.getByRole('link', { name: 'Acknowledge or apply it' }).click();
    await reader.get('acknowledge-seen').click();
    await reader.get('acknowledged', RAILWAYS).waitFor();
    await reader.page.goto(exchange.origin);
    await reader.get('new-meeting').waitFor();
    await expect.poll(() => reader.get('alert').count(), { message: 'somebody has said something' }).toBe(0);
    expect([...reader.problems, ...author.problems]).toEqual([]);
  });

  test('applied, it binds a meeting, which refuses what it forbids and names it, in browsers and to programs', async () => {
    const hema = await person('Hema');
    const ben = await person('Ben');
    const link = await hema.startMeeting(exchange.server.newMeetingUrl);
    await ben.knock(link);
    await hema.admit('Ben');
    await ben.inRoom();
    await ben.openPanel('chat');
    await ben.get('chat-input').fill('may I?');
    expect(await ben.get('chat-send').isDisabled()).toBe(false);

    await open(reader, `/bulletin/desk${address}`);
    await reader.get('profile-apply').click();
    await reader.get('advisory-preview').waitFor();
    expect(await reader.get('advisory').count(), 'it is looked at alone').toBe(1);
    const change = (control: string) =>
      reader.get('advisory-preview').locator(`[data-testid="floor-change"][data-control="${control}"]`);
    expect(await change('MEET.CHAT.SAFE').getAttribute('data-tightens')).toBe('true');
    expect(await change('MEET.SHARE.HOST').getAttribute('data-kept'), 'it never loosens').toBe('true');
    expect(await reader.get('touched-room').count()).toBe(1);
    await inspect(reader, 'advisory-preview');
    await reader.get('advisory-tell').click();
    await reader.get('advisory-apply').click();
    await expect.poll(() => standing(TITLE)).toBe('applied');
    await advisory(TITLE).getByTestId('advisory-left-out').waitFor();
    await inspect(reader, 'advisory-applied');

    // The meeting follows, refuses, and says who demands it.
    await expect.poll(() => ben.get('chat-send').isDisabled(), { timeout: 15_000 }).toBe(true);
    const note = ben.get('chat-panel').locator('[data-testid="demanded-by"][data-control="MEET.CHAT.SAFE"]');
    await expect.poll(() => note.textContent(), { timeout: 15_000 }).toContain(NUMBER);
    await ben.openPanel('security');
    const listed = ben.get('policy').locator('[data-testid="demanded-by"][data-control="MEET.FILE.OFF"]');
    await expect.poll(() => listed.textContent()).toContain('CERT');
    await ben.page.screenshot({ path: join(import.meta.dirname, '../test-results/screens/advisory-in-meeting.png') });

    // At its door, too: strangers are told why, and who has an account here comes as far as the host.
    const chitra = await person('Chitra');
    await chitra.knock(link);
    expect(await chitra.endedBecause()).toBe('not_let_in');
    const refused = chitra.page.locator('[data-testid="refusal"][data-rule="ORG.EXTERNAL"]');
    await expect.poll(() => refused.textContent()).toContain(NUMBER);
    await chitra.page.screenshot({
      path: join(import.meta.dirname, '../test-results/screens/advisory-at-the-door.png'),
    });
    const { code, report } = await refusedEntry(link, 'Ravi');
    expect(code).toBe(2);
    expect(JSON.stringify(report)).toContain(`; ${NUMBER} of CERT demands it`);
    expect(report).toMatchObject({ over: { rule: 'ORG.EXTERNAL' } });
    await reader.page.goto(link.replace(new URL(link).origin, exchange.origin));
    await reader.get('prejoin-name').fill('Esha');
    await reader.get('prejoin-join').click();
    await hema.admit('Esha');
    const asked = hema.page.locator('[data-testid="refusal"][data-rule="MEET.PASS.REQUIRED"]');
    await expect.poll(() => asked.textContent()).toContain(NUMBER);
    for (const one of [hema, ben, chitra]) expect(one.complaints, one.name).toEqual([]);
    expect(reader.problems).toEqual([]);
  });

  test('its publisher sees who has applied it', async () => {
    await open(reviewer, '/admin#advisories');
    const covered = reviewer.page.locator(`[data-testid="covered"][data-title="${TITLE}"]`);
    await expect.poll(() => covered.getAttribute('data-applied')).toBe('1');
    await covered.locator('summary').click();
    await covered.locator(`[data-testid="covered-by"][data-name="${RAILWAYS}"] time`).first().waitFor();
    await inspect(reviewer, 'advisory-coverage');
    expect(reviewer.problems).toEqual([]);
  });

  test('it is taken back while nothing came after it, and then not in one step', async () => {
    await open(reader, '/admin#advisories');
    await advisory(TITLE).getByTestId('advisory-back').click();
    await reader.get('advisory-back-confirm').click();
    await expect.poll(() => standing(TITLE)).toBe('undone');

    await advisory(TITLE).getByTestId('advisory-look').click();
    await reader.get('advisory-apply').click();
    await expect.poll(() => standing(TITLE)).toBe('applied');
    exchange.server.run('policy', 'apply', 'tier:high');
    // What was shown is not true any more: the server says so in words.
    await advisory(TITLE).getByTestId('advisory-back').click();
    await reader.get('advisory-back-confirm').click();
    await expect.poll(() => reader.get('trouble').textContent()).toContain('came after it');
    await advisory(TITLE).getByTestId('advisory-later').waitFor();
    expect(await advisory(TITLE).getByTestId('advisory-back').count()).toBe(0);
  });

  test('what a followed publisher publishes is applied by itself, and urgent until its reader has seen it', async () => {
    await reader.page.getByLabel('Publisher', { exact: true }).selectOption({ label: 'CERT' });
    expect(await reader.get('following-key').inputValue(), 'the key to compare').toMatch(/^[\w-]{43}$/);
    await reader.get('following-start').click();
    await reader.get('followed', 'CERT').waitFor();
    const { id } = await exchange.draft(author, {
      kind: 'advisory',
      marking: { tlp: 'CLEAR', groups: [], organisations: [], persons: [] },
      content: critical('Loud rooms', 'CIAD-2026-0101'),
    });
    const file = signed([
      ['MEET.MUTE.ENTRY', 'muted_and_dark'],
      ['MEET.CHAT.SAFE', 'nobody'],
    ]);
    await exchange.carry(author, id, readFileSync(file, 'utf8'));
    await exchange.publish(id, author, reviewer, reviewer);
    await reader.page.reload();
    await expect.poll(() => standing('Loud rooms')).toBe('applied');
    expect(await advisory('Loud rooms').textContent()).toContain('following');
    const arrival = reader.page.locator('[data-testid="arrival"][data-title="Loud rooms"]');
    expect(await arrival.getAttribute('data-applied')).toBe('true');
    await inspect(reader, 'advisories-followed');
    await reader.get('followed', 'CERT').getByTestId('following-stop').click();
    await reader.get('following-stop-confirm').click();
    await expect.poll(() => reader.get('followed').count()).toBe(0);

    await reader.page.goto(exchange.origin);
    await reader.get('alert-dismiss').click();
    await expect.poll(() => reader.get('alert').count()).toBe(0);
    await open(reader, '/bulletin/desk#inbox');
    await reader.get('document-line', 'Loud rooms').waitFor();
    expect(await reader.get('alert').count(), 'what was seen is seen on every page').toBe(0);
    expect(reader.problems).toEqual([]);
    expect(exchange.server.errors()).toEqual([]);
  });
});
