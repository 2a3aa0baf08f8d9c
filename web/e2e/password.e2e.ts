// Passwords that the server never sees, and the link for an administrator who was locked out.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Clerk, inspect } from './harness/clerk.ts';
import { Server } from './harness/server.ts';

const PASSWORD = 'the kettle knows 7 songs';
const EMAIL = 'asha@example.org';

describe.skipIf(missing.chromium)('passwords', () => {
  let browser: Browser;
  let server: Server;
  let asha: Clerk;
  let admin = '';
  /** Everything that browsers sent. */
  let sent = '';
  beforeAll(async () => {
    browser = await launchChromium();
    server = await Server.start();
    admin = server.setupUrl?.split('#')[0] ?? '';
    asha = await Clerk.at(browser);
    asha.page.on('request', (request) => {
      sent += `${request.url()} ${request.postData() ?? ''}\n`;
    });
    await asha.page.goto(server.setupUrl ?? '');
    await asha.get('join-name').fill('Asha');
    await asha.get('join-email').fill(EMAIL);
    await asha.get('join-go').click();
    await asha.get('signed-in').waitFor();
  });
  afterAll(async () => {
    await asha?.close();
    await browser?.close();
    await server?.stop();
  });

  async function byPassword(clerk: Clerk, email: string, password: string): Promise<void> {
    await clerk.get('password-email').fill(email);
    await clerk.get('password').fill(password);
    await clerk.get('sign-in-password').click();
  }

  test('there are none until an administrator allows them', async () => {
    const other = await Clerk.at(browser);
    await other.page.goto(admin);
    await other.get('sign-in').waitFor();
    expect(await other.get('sign-in-password').count()).toBe(0);
    expect((await other.ask('POST', 'account/password/sign-in'))[0]).not.toBe(200);
    await other.close();

    await asha.get('passwords-allow').click();
    await expect.poll(() => asha.get('passwords-allow').getAttribute('aria-pressed')).toBe('true');
    await inspect(asha, 'users-passwords');
  });

  test('a password is set and opens the account, and nothing that was sent has it', async () => {
    await asha.page.goto(`${admin}#account`);
    await asha.get('password-new').fill(PASSWORD);
    await asha.get('password-save').click();
    await expect.poll(() => asha.get('password-state').getAttribute('data-set')).toBe('true');
    await inspect(asha, 'account-password');
    await asha.signOut();
    await expect.poll(() => asha.get('sign-in-password').count()).toBe(1);
    await inspect(asha, 'sign-in-password');
    await byPassword(asha, 'Asha@Example.org', PASSWORD);
    await expect.poll(() => asha.get('signed-in').textContent()).toBe('Asha');
    expect(sent).toContain('account/password');
    expect(sent).not.toContain('kettle');
    expect(sent).not.toContain(encodeURIComponent(PASSWORD));
    const files = readdirSync(server.data).map((name) => readFileSync(join(server.data, name)).toString('latin1'));
    expect(
      files.some((file) => file.includes(EMAIL)),
      'what is looked for would be found',
    ).toBe(true);
    expect(files.filter((file) => file.includes('kettle'))).toEqual([]);
  });

  test('a wrong password and a name that nobody has are refused alike', async () => {
    const guesser = await Clerk.at(browser);
    await guesser.page.goto(admin);
    const answers: number[] = [];
    guesser.page.on('response', async (response) => {
      if (response.url().endsWith('/password/sign-in')) answers.push((await response.text()).length);
    });
    for (const [email, password] of [
      [EMAIL, 'the kettle knows 8 songs'],
      ['nobody@example.org', PASSWORD],
    ]) {
      await byPassword(guesser, email ?? '', password ?? '');
      await expect.poll(() => guesser.get('trouble').textContent()).toContain('opens no account');
    }
    await expect.poll(() => answers.length).toBe(2);
    expect(answers[0]).toBe(answers[1]);
    expect(await guesser.ask('GET', 'account')).toEqual([401, 'ACCOUNT.SIGNED_IN']);
    await guesser.close();
  });

  test('guessing against one address ends soon, while a passkey still opens the account', async () => {
    const guesser = await Clerk.at(browser);
    await guesser.page.goto(admin);
    for (let tries = 0; tries < 15; tries += 1) {
      await byPassword(guesser, EMAIL, `guess number ${tries}`);
      await expect.poll(async () => (await guesser.get('trouble').textContent()) !== '').toBe(true);
      if ((await guesser.get('trouble').textContent())?.includes('Too many')) break;
    }
    expect(await guesser.get('trouble').textContent()).toContain('Too many');
    await guesser.close();
    await asha.signOut();
    await asha.signIn();
  });

  test('forbidden again, a password opens nothing', async () => {
    await asha.page.goto(`${admin}#users`);
    await asha.get('passwords-allow').click();
    await expect.poll(() => asha.get('passwords-allow').getAttribute('aria-pressed')).toBe('false');
    const late = await Clerk.at(browser);
    await late.page.goto(admin);
    await late.get('sign-in').waitFor();
    expect(await late.get('sign-in-password').count()).toBe(0);
    await late.close();
  });

  test('an administrator who lost every passkey comes back by a link from the command line, once', async () => {
    const said = JSON.parse(server.run('user', 'recover', '--output', 'json')) as { name: string; url: string };
    expect(said.name).toBe('Asha');
    const link = new URL(new URL(said.url).hash, admin).href;
    const again = await Clerk.at(browser);
    await again.page.goto(link);
    await again.get('join-go').waitFor();
    await inspect(again, 'recovery');
    await again.get('join-go').click();
    await expect.poll(() => again.get('signed-in').textContent()).toBe('Asha');
    // Whoever was in before is out.
    expect(await asha.ask('GET', 'account')).toEqual([401, 'ACCOUNT.SIGNED_IN']);
    await again.signOut();
    await again.signIn();
    await again.page.goto(`${admin}#audit`);
    await again.get('audit-entry').first().waitFor();
    const actions = await again.get('audit-entry').evaluateAll((rows) => rows.map((row) => row.dataset.action));
    expect(actions).toContain('recovery.created');
    expect(actions).toContain('user.recovered');

    const late = await Clerk.at(browser);
    await late.page.goto(link);
    await expect.poll(() => late.get('trouble').textContent()).toContain('not good');
    await late.close();
    expect(again.problems).toEqual([]);
    expect(server.errors()).toEqual([]);
    await again.close();
  });
});
