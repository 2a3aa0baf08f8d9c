// From the link that the server prints to a second user at work, in a real browser with an authenticator of its own.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Clerk, inspect } from './harness/clerk.ts';
import { program } from './harness/log.ts';
import { Server } from './harness/server.ts';

describe.skipIf(missing.chromium)('accounts', () => {
  let browser: Browser;
  let server: Server;
  let asha: Clerk;
  let ben: Clerk;
  let invitation = '';
  beforeAll(async () => {
    browser = await launchChromium();
    server = await Server.start();
    asha = await Clerk.at(browser);
    ben = await Clerk.at(browser);
  });
  afterAll(async () => {
    await asha?.close();
    await ben?.close();
    await browser?.close();
    await server?.stop();
  });

  test('the printed link makes the first administrator, once', async () => {
    const link = server.setupUrl ?? '';
    expect(link).toMatch(/^http:\/\/localhost:\d+\/admin#setup\.[\w-]{43}$/);
    await asha.page.goto(link);
    await asha.get('join-organisation').fill('Ministry');
    await asha.get('join-name').fill('Asha');
    await asha.get('join-email').fill('asha@example.org');
    expect(asha.page.url(), 'the token stays in no address').not.toContain('setup');
    await inspect(asha, 'setup');
    await asha.get('join-go').click();
    await asha.get('signed-in').waitFor();

    await expect.poll(() => asha.get('user', 'Asha').count()).toBe(1);
    expect((await asha.passkeys()).map((passkey) => passkey.isResidentCredential)).toEqual([true]);
    const cookies = await asha.cookies();
    expect(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).toEqual([
      { name: 'sabha', httpOnly: true, sameSite: 'Strict' },
    ]);
    expect(await asha.page.evaluate(() => document.cookie)).toBe('');

    await ben.page.goto(link);
    await ben.get('sign-in').waitFor();
    await expect.poll(() => ben.get('trouble').textContent()).toContain('not good');
  });

  test('who is signed in starts a meeting without any key', async () => {
    await asha.get('start-meeting').click();
    await asha.get('prejoin-join').waitFor();
    expect(asha.page.url()).toMatch(/\/m\/[a-z2-7]{32}$/);

    // The start page knows them too.
    const start = new URL('/', asha.page.url()).href;
    await asha.page.goto(start);
    await asha.get('start-new-note').waitFor();
    await inspect(asha, 'start-host');
    await asha.get('new-meeting').click();
    await asha.get('prejoin-join').waitFor();

    // Whose session ended meanwhile is led to sign in, and from there to the meeting.
    await asha.page.goto(start);
    await asha.get('start-new-note').waitFor();
    expect((await asha.ask('POST', 'account/sign-out'))[0]).toBe(204);
    await asha.get('new-meeting').click();
    await expect.poll(() => asha.page.getByRole('alert').textContent()).toContain('no longer signed in');
    await inspect(asha, 'start-signed-out');
    await asha.get('start-sign-in').click();
    await asha.signIn();
    await asha.get('start-meeting').waitFor();
    await asha.page.goto(new URL('/admin', start).href);
    await asha.get('signed-in').waitFor();
  });

  test('the administrator signs out, and in again with the passkey alone', async () => {
    await asha.signOut();
    expect(await asha.cookies()).toEqual([]);
    await inspect(asha, 'sign-in');
    await asha.signIn();
    expect(await asha.get('signed-in').textContent()).toBe('Asha');
  });

  test('a passkey without its user verified opens nothing', async () => {
    await asha.signOut();
    await asha.verified(false);
    await asha.get('sign-in').click();
    await expect.poll(() => asha.get('trouble').textContent()).not.toBe('');
    expect(await asha.get('signed-in').count()).toBe(0);
    await asha.verified(true);
    await asha.signIn();
  });

  test('a second user comes by an invitation, which is good once', async () => {
    await asha.get('invite-name').fill('Ben');
    await asha.get('invite-go').click();
    invitation = await asha.get('invite-url').inputValue();
    expect(invitation).toMatch(/\/admin#invite\.[\w-]{43}$/);
    await expect.poll(() => asha.get('invitation', 'Ben').count()).toBe(1);
    await inspect(asha, 'users');

    await ben.page.goto('about:blank');
    await ben.page.goto(invitation);
    expect(await ben.get('join-name').inputValue()).toBe('Ben');
    await inspect(ben, 'invitation');
    await ben.get('join-go').click();
    await ben.get('signed-in').waitFor();

    const late = await Clerk.at(browser);
    await late.page.goto(invitation);
    await expect.poll(() => late.get('trouble').textContent()).toContain('not good');
    await late.close();
  });

  test('the second user signs in, and is refused what is not theirs', async () => {
    await ben.signOut();
    await ben.signIn();
    expect(await ben.get('nav-users').count()).toBe(0);
    expect(await ben.get('nav-audit').count()).toBe(0);
    for (const page of ['users', 'audit']) {
      await ben.page.goto(`${server.setupUrl?.split('#')[0]}#${page}`);
      await ben.get('forbidden').waitFor();
    }
    await inspect(ben, 'forbidden');
    expect(await ben.ask('GET', 'users')).toEqual([403, 'ACCOUNT.ROLE']);
    expect(await ben.ask('GET', 'audit')).toEqual([403, 'ACCOUNT.ROLE']);
    expect(await ben.ask('POST', 'invitations')).toEqual([403, 'ACCOUNT.ROLE']);
  });

  test('a role given holds at once', async () => {
    await asha.page.reload();
    await asha.get('user', 'Ben').locator('[data-value="security_officer"]').click();
    await expect.poll(() => asha.get('done').textContent()).toContain('Ben');
    expect((await ben.ask('GET', 'audit'))[0]).toBe(200);
    expect(await ben.ask('GET', 'users')).toEqual([403, 'ACCOUNT.ROLE']);
  });

  test('a second passkey is added, renamed and removed; the last one stays', async () => {
    await ben.page.goto(`${server.setupUrl?.split('#')[0]}#account`);
    await expect.poll(() => ben.get('passkey').count()).toBe(1);
    expect(await ben.get('passkey-remove').count()).toBe(0);
    // The same authenticator has one already and says so.
    await ben.get('passkey-add').click();
    await expect.poll(() => ben.get('trouble').textContent()).toContain('already');

    const { cdp, authenticatorId } = await secondAuthenticator(ben.page);
    await ben.get('passkey-new').fill('Phone');
    await ben.get('passkey-add').click();
    await expect.poll(() => ben.get('passkey').count()).toBe(2);
    await ben.get('passkey', 'Phone').locator('[data-testid="passkey-rename"]').click();
    await ben.get('passkey-label').fill('Old phone');
    await ben.get('passkey-save').click();
    await ben.get('passkey', 'Old phone').waitFor();
    await inspect(ben, 'account');
    await ben.get('passkey', 'Old phone').locator('[data-testid="passkey-remove"]').click();
    await ben.get('passkey-remove-confirm').click();
    await expect.poll(() => ben.get('passkey').count()).toBe(1);
    await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
  });

  test('a session is ended from another, and the one that asked stays', async () => {
    const admin = server.setupUrl?.split('#')[0] ?? '';
    // The same person at another browser: their session goes there, and a new one begins here.
    const elsewhere = await browser.newContext();
    await elsewhere.addCookies(await asha.cookies());
    const page = await elsewhere.newPage();
    await page.goto(admin);
    await page.locator('[data-testid="signed-in"]').waitFor();
    await asha.forget();
    await asha.page.goto(admin);
    await asha.signIn();

    await asha.get('nav-account').click();
    const others = asha.page.locator('[data-testid="session"][data-current="false"]');
    await expect.poll(() => others.count()).toBe(1);
    await others.locator('[data-testid="session-end"]').click();
    await asha.get('session-end-confirm').click();
    await expect.poll(() => others.count()).toBe(0);
    await page.reload();
    await page.locator('[data-testid="sign-in"]').waitFor();
    expect(await asha.ask('GET', 'account')).toEqual([200, undefined]);

    // And all of them: a copy of the cookie is worth nothing then.
    await elsewhere.addCookies(await asha.cookies());
    await asha.get('sessions-end-all').click();
    await asha.get('sessions-end-all-confirm').click();
    await asha.get('sign-in').waitFor();
    await page.reload();
    await page.locator('[data-testid="sign-in"]').waitFor();
    await elsewhere.close();
    await asha.signIn();
  });

  test('an API key is shown once, works, and is withdrawn', async () => {
    await asha.page.goto(`${server.setupUrl?.split('#')[0]}#account`);
    await asha.get('key-name').fill('sync');
    await asha.page.locator('[data-testid="key-scope"][data-value="users:read"]').check();
    await asha.get('key-create').click();
    const secret = await asha.get('key-secret').inputValue();
    const users = () => fetch(`${server.url}/api/v1/users`, { headers: { authorization: `Bearer ${secret}` } });
    expect((await users()).status).toBe(200);
    await asha.get('key', 'sync').locator('[data-testid="key-revoke"]').click();
    await asha.get('key-revoke-confirm').click();
    await expect.poll(() => asha.get('key').count()).toBe(0);
    expect((await users()).status).toBe(401);
  });

  test('the whole probe runs by an API key that may create meetings, and every row holds', async () => {
    await asha.page.goto(`${server.setupUrl?.split('#')[0]}#account`);
    await asha.page.reload();
    await asha.get('key-name').fill('probe');
    await asha.page.locator('[data-testid="key-scope"][data-value="meetings:create"]').check();
    await asha.get('key-create').click();
    const secret = await asha.get('key-secret').inputValue();
    const args = ['probe', server.url, '--key', secret, '--suite', 'classical', '--output', 'json'];
    const child = spawn(program(), args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (bytes) => {
      text += bytes;
    });
    const code = await new Promise((done) => child.once('exit', done));
    const report = JSON.parse(text) as { holds: boolean; rows: { verdict: string; number: number }[] };
    const notHeld = report.rows.filter(({ verdict }) => verdict === 'not_held' || verdict === 'not_checked');
    expect(notHeld, text).toEqual([]);
    expect([code, report.holds]).toEqual([0, true]);
    expect(report.rows.filter(({ verdict }) => verdict === 'held').length).toBe(21);
  });

  test('the audit log shows what happened and is exported', async () => {
    await asha.get('nav-audit').click();
    await asha.get('audit-entry').first().waitFor();
    const actions = await asha.get('audit-entry').evaluateAll((rows) => rows.map((row) => row.dataset.action));
    for (const action of ['user.joined', 'invitation.created', 'user.changed', 'passkey.removed', 'key.revoked']) {
      expect(actions).toContain(action);
    }
    await inspect(asha, 'audit');
    await asha.page.getByLabel('Show').selectOption('user.joined');
    await asha.get('audit-search').click();
    await expect.poll(() => asha.get('audit-entry').count()).toBe(2);
    const download = asha.page.waitForEvent('download');
    await asha.get('audit-export').click();
    const lines = readFileSync(await (await download).path(), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(lines.map((_, index) => index + 1));
  });

  test('the second user is removed, and is out at once', async () => {
    await asha.get('nav-users').click();
    await asha.get('user', 'Ben').locator('[data-testid="user-remove"]').click();
    await asha.get('user-remove-confirm').click();
    await expect.poll(() => asha.get('user').count()).toBe(1);
    expect(await ben.ask('GET', 'account')).toEqual([401, 'ACCOUNT.SIGNED_IN']);
    await ben.page.reload();
    await ben.get('sign-in').click();
    await expect.poll(() => ben.get('trouble').textContent()).toContain('opens no account');
  });

  test('nothing went wrong on the way, and there is no second first administrator', async () => {
    expect(asha.problems).toEqual([]);
    expect(ben.problems).toEqual([]);
    expect(server.errors()).toEqual([]);
    const again = await Server.start();
    expect(again.setupUrl).not.toBe(server.setupUrl);
    await again.stop();
  });
});

async function secondAuthenticator(page: Page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'usb',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, authenticatorId };
}
