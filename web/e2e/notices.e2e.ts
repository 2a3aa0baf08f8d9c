// Being told: a reader chooses mail and gives a key, an administrator adds a webhook, and what is urgent stands in a banner until
// somebody has seen it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { type Clerk, inspect } from './harness/clerk.ts';
import { Exchange } from './harness/exchange.ts';
import { PostOffice } from './harness/post.ts';

const TITLE = 'Meetings that strangers enter';

/** What is fit to be published as critical and for everybody. */
function critical(title: string): string {
  const date = '2026-11-01T10:00:00Z';
  return JSON.stringify({
    document: {
      aggregate_severity: { text: 'critical' },
      category: 'csaf_base',
      csaf_version: '2.0',
      distribution: { text: 'TLP:CLEAR', tlp: { label: 'WHITE', url: 'https://www.first.org/tlp/' } },
      lang: 'en',
      publisher: { category: 'coordinator', name: 'CERT', namespace: 'https://cert.example.org' },
      title,
      tracking: {
        current_release_date: date,
        id: 'CIAD-2026-0100',
        initial_release_date: date,
        revision_history: [{ date, number: '1', summary: 'First' }],
        status: 'final',
        version: '1',
      },
    },
  });
}

/** Makes an OpenPGP key with GnuPG, in a home that is thrown away. */
function publicKey(): string {
  const home = mkdtempSync('/tmp/gpg');
  try {
    const gpg = (...rest: string[]) =>
      execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--passphrase', '', ...rest], { encoding: 'utf8' });
    gpg('--quick-generate-key', 'esha@example.org', 'future-default', 'default', '2y');
    return gpg('--armor', '--export', 'esha@example.org');
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

describe.skipIf(missing.chromium)('being told', () => {
  let browser: Browser;
  let exchange: Exchange;
  let post: PostOffice;
  let author: Clerk;
  let reviewer: Clerk;
  let publisher: Clerk;
  let reader: Clerk;
  let folder = '';
  let hook: HttpServer;
  const delivered: string[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
    post = await PostOffice.start();
    hook = createServer((request, response) => {
      request.on('data', (chunk) => delivered.push(String(chunk)));
      request.on('end', () => response.writeHead(200).end());
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    folder = mkdtempSync(join(tmpdir(), 'sabha-notices-'));
    const config = join(folder, 'sabha.toml');
    writeFileSync(
      config,
      `[mail]\nserver = "${post.url}"\nfrom = "Sabha <bulletin@example.org>"\n[bulletin.webhooks]\nnetworks = ["127.0.0.0/8"]\n`,
    );
    exchange = await Exchange.open(browser, 'National Coordination Centre', ['--config', config]);
    const cert = await exchange.organisation('CERT');
    const railways = await exchange.organisation('Railways');
    author = await exchange.person('Bela', cert, ['author']);
    reviewer = await exchange.person('Chand', cert, ['reviewer']);
    publisher = await exchange.person('Dev', cert, ['publisher']);
    reader = await exchange.person('Esha', railways, ['administrator'], 'esha@example.org');
  });
  afterAll(async () => {
    await exchange?.close();
    await browser?.close();
    await post?.stop();
    hook?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (clerk: Clerk, path: string) => {
    await clerk.page.goto(`${exchange.origin}${path}`);
    await clerk.page.reload();
    await clerk.get('signed-in').waitFor();
  };
  const done = (text: string) => expect.poll(() => reader.get('done').textContent(), { message: text }).toContain(text);

  test('a reader chooses when to be told, and gives a key that holds', async () => {
    await open(reader, '/bulletin/desk#inbox');
    await reader.get('nav-notices').click();
    await reader.page.getByLabel('When', { exact: true }).selectOption('digest');
    await reader.page.getByLabel('At this hour (UTC)').selectOption('6');
    await reader.page.getByLabel('When', { exact: true }).selectOption('immediate');
    await reader.get('notices-save').click();
    await done('That is how you are told');
    await reader.get('key-text').fill('no key');
    await reader.get('key-give').click();
    await expect.poll(() => reader.get('refusal').getAttribute('data-rule')).toBe('BULLETIN.KEY');
    expect(await reader.get('refusal').textContent()).toContain('no OpenPGP public key');
    await reader.get('key-text').fill(publicKey());
    await reader.get('key-give').click();
    await reader.get('key-fingerprint').waitFor();
    expect(await reader.get('key-fingerprint').textContent()).toMatch(/^([0-9A-F]{4} ){9}[0-9A-F]{4}$/);
  });

  test('an administrator of an organisation adds a webhook, whose secret is shown once', async () => {
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
    expect(await reader.get('hook-secret').count()).toBe(0);
    expect(await reader.page.getByLabel('When', { exact: true }).inputValue()).toBe('immediate');
  });

  test('what is critical is told by mail and webhook, and stands in a banner until it is seen', async () => {
    const { id } = await exchange.draft(author, {
      kind: 'advisory',
      marking: { tlp: 'CLEAR', groups: [], organisations: [], persons: [] },
      content: critical(TITLE),
    });
    await exchange.publish(id, author, reviewer, publisher);
    await expect.poll(async () => (await post.mails()).length, { timeout: 20_000 }).toBe(1);
    const [mail] = await post.mails();
    expect(mail?.subject).toBe(`[TLP:CLEAR] New advisory: ${TITLE}`);
    expect(post.bytes).toContain('-----BEGIN PGP MESSAGE-----');
    await expect.poll(() => delivered.length, { timeout: 20_000 }).toBe(1);
    expect(JSON.parse(delivered[0] ?? '').data).toMatchObject({ document: id, severity: 'critical', title: TITLE });

    await open(reader, '/bulletin/desk#inbox');
    await reader.get('alert').waitFor();
    expect(await reader.get('alert').textContent()).toContain(TITLE);
    await inspect(reader, 'bulletin-banner');
    await open(reader, '/admin#account');
    await reader.get('alert').waitFor();
    await inspect(reader, 'admin-banner');
    await open(author, '/bulletin/desk#inbox');
    expect(await author.get('alert').count(), 'what is of one’s own organisation is known there').toBe(0);
    await open(reader, '/bulletin/desk#inbox');
    await reader.get('alert-dismiss').click();
    await expect.poll(() => reader.get('alert').count()).toBe(0);
    expect([...reader.problems, ...author.problems]).toEqual([]);
  });
});
