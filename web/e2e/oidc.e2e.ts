// Signing in by the organisation's identity provider, through its own pages, and what it refuses.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Clerk, inspect } from './harness/clerk.ts';
import { Provider, signInThere } from './harness/provider.ts';
import { Server } from './harness/server.ts';

const SECRET = 'a secret of the provider and this server';
/** Classes of authentication that the provider knows; the first is more than one factor. */
const [STRONG, WEAK] = ['urn:example:two-factors', 'urn:example:password'];

describe.skipIf(missing.chromium)('identity provider', () => {
  let browser: Browser;
  let provider: Provider;
  let server: Server;
  let asha: Clerk;
  let folder = '';
  let admin = '';
  beforeAll(async () => {
    browser = await launchChromium();
    provider = await Provider.listen({
      asha: { email: 'asha@example.org' },
      ben: { groups: ['staff'], email: 'ben@example.org' },
      mallory: { email: 'asha@example.org' },
      // What the provider has seen of them: a password, and for one of them a second factor (RFC 8176).
      chitra: { email: 'chitra@example.org', amr: ['pwd'] },
      deva: { email: 'deva@example.org', amr: ['pwd', 'mfa'] },
      // Here the class says it, and the methods do not.
      esha: { email: 'esha@example.org', amr: ['pwd'], acr: STRONG },
      farid: { email: 'farid@example.org', amr: ['pwd'], acr: WEAK },
    });
    folder = mkdtempSync(join(tmpdir(), 'sabha-oidc-'));
    writeFileSync(join(folder, 'secret'), `${SECRET}\n`);
    writeFileSync(
      join(folder, 'sabha.toml'),
      `[accounts.oidc]
issuer = "${provider.issuer}"
client_id = "sabha"
client_secret_file = "${join(folder, 'secret')}"
name = "Ministry login"
strong_acr = ["${STRONG}"]
[accounts.oidc.roles]
security_officer = ["staff"]
`,
    );
    server = await Server.start({ data: join(folder, 'data'), extra: ['--config', join(folder, 'sabha.toml')] });
    admin = server.setupUrl?.split('#')[0] ?? '';
    provider.serve(admin, SECRET);
    asha = await Clerk.at(browser);
    await asha.join(server.setupUrl ?? '', 'Asha');
  });
  afterAll(async () => {
    await asha?.close();
    await browser?.close();
    await server?.stop();
    await provider?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Goes from the sign-in page to the provider's, signs in there, and comes back. */
  async function byProvider(clerk: Clerk, name: string): Promise<void> {
    await clerk.page.goto(admin);
    await clerk.get('sign-in-provider').click();
    await signInThere(clerk.page, name);
    await clerk.page.waitForURL(/\/admin(#\w+)?$/);
  }

  test('whom the provider knows and nobody here does stays out', async () => {
    const stranger = await Clerk.at(browser);
    await stranger.page.goto(admin);
    await expect.poll(() => stranger.get('sign-in-provider').textContent()).toContain('Ministry login');
    await inspect(stranger, 'sign-in-provider');
    await byProvider(stranger, 'asha');
    await expect.poll(() => stranger.get('trouble').textContent()).toContain('invitation');
    expect(await stranger.ask('GET', 'account')).toEqual([401, 'ACCOUNT.SIGNED_IN']);
    expect(stranger.problems).toEqual([]);
    await stranger.close();
  });

  test('an account is bound while signed in, and then the provider opens it', async () => {
    await asha.page.goto(`${admin}#account`);
    await asha.get('identity-add').click();
    await signInThere(asha.page, 'asha');
    await expect.poll(() => asha.get('identity').count()).toBe(1);
    await expect.poll(() => asha.get('identity').textContent()).toContain(provider.issuer);
    expect(new URL(asha.page.url()).search, 'no code stays in the address').toBe('');
    await inspect(asha, 'account-provider');

    const elsewhere = await Clerk.at(browser);
    await byProvider(elsewhere, 'asha');
    await expect.poll(() => elsewhere.get('signed-in').textContent()).toBe('Asha');
    const cookies = await elsewhere.cookies();
    expect(
      cookies.filter(({ name }) => name.startsWith('sabha')).map(({ name, sameSite }) => [name, sameSite]),
    ).toEqual([['sabha', 'Strict']]);
    expect(elsewhere.problems).toEqual([]);
    await elsewhere.close();
  });

  test('who is invited comes by the provider, without a passkey, with the roles of their groups', async () => {
    await asha.page.goto(`${admin}#users`);
    await asha.get('invite-name').fill('Benjamin');
    await asha.get('invite-go').click();
    const invitation = await asha.get('invite-url').inputValue();
    const ben = await Clerk.at(browser);
    await ben.page.goto(invitation);
    await inspect(ben, 'invitation-provider');
    await ben.get('join-provider').click();
    await signInThere(ben.page, 'ben');
    await expect.poll(() => ben.get('signed-in').textContent()).toBe('Ben');
    expect(await ben.passkeys()).toEqual([]);

    // The invitation does not say this role; the group does, at the next sign-in.
    expect(await ben.ask('GET', 'audit')).toEqual([403, 'ACCOUNT.ROLE']);
    await ben.forget();
    await byProvider(ben, 'ben');
    await ben.get('signed-in').waitFor();
    expect(await ben.ask('GET', 'audit')).toEqual([200, undefined]);

    // The only way in stays.
    await ben.page.goto(`${admin}#account`);
    await ben.get('identity-remove').click();
    await ben.get('identity-remove-confirm').click();
    await expect.poll(() => ben.get('trouble').textContent()).toContain('last way in');
    await ben.close();
  });

  test('an answer is good in the browser that asked, and once', async () => {
    const clerk = await Clerk.at(browser);
    let answered = '';
    // The answer is caught on its way back.
    provider.answers = (url) => {
      answered = url.href;
      return new URL('about:blank');
    };
    await clerk.page.goto(admin);
    await clerk.get('sign-in-provider').click();
    await signInThere(clerk.page, 'asha');
    await expect.poll(() => answered).toContain('code=');

    // In another browser it opens nothing: neither without that browser's cookie, nor with one of its own.
    const thief = await Clerk.at(browser);
    await thief.page.goto(answered);
    await expect.poll(() => thief.get('trouble').textContent()).toContain('this browser did not ask for it');
    await thief.close();
    // And after that try it is over for everybody.
    await clerk.page.goto(answered);
    await expect.poll(() => clerk.get('trouble').textContent()).toContain('opens nothing here');

    // One that was used is used.
    provider.answers = (url) => {
      answered = url.href;
      return url;
    };
    await clerk.forget();
    await byProvider(clerk, 'asha');
    await clerk.get('signed-in').waitFor();
    await clerk.page.goto(answered);
    await expect.poll(() => clerk.get('trouble').textContent()).toContain('opens nothing here');
    provider.answers = (url) => url;
    await clerk.close();
  });

  test('a wrong nonce, a code of another flow and another provider are refused', async () => {
    // The browser goes with another nonce than the server drew: the token will say that one.
    const clerk = await Clerk.at(browser);
    await clerk.page.route(/\/auth\?/, async (route) => {
      const url = new URL(route.request().url());
      url.searchParams.set('nonce', 'A'.repeat(43));
      await route.fulfill({ status: 302, headers: { location: url.href } });
      await clerk.page.unroute(/\/auth\?/);
    });
    await byProvider(clerk, 'asha');
    await expect.poll(() => clerk.get('trouble').textContent()).toContain('opens nothing here');

    // A good code, of somebody whose answer was caught on its way.
    let stolen = '';
    const victim = await Clerk.at(browser);
    provider.answers = (url) => {
      stolen = url.searchParams.get('code') ?? '';
      return new URL('about:blank');
    };
    await victim.page.goto(admin);
    await victim.get('sign-in-provider').click();
    await signInThere(victim.page, 'asha');
    await expect.poll(() => stolen).not.toBe('');
    await victim.close();

    for (const change of [
      // That code with the state of another flow: the provider wants the verifier that belongs to it (PKCE).
      (url: URL) => url.searchParams.set('code', stolen),
      // A code that nobody was given.
      (url: URL) => url.searchParams.set('code', 'A'.repeat(43)),
      // RFC 9207: the answer says that it is another provider's.
      (url: URL) => url.searchParams.set('iss', 'https://login.evil.example'),
      // A state that nobody drew.
      (url: URL) => url.searchParams.set('state', 'a'.repeat(26)),
    ]) {
      await clerk.forget();
      provider.answers = (url) => {
        change(url);
        return url;
      };
      await byProvider(clerk, 'asha');
      await expect.poll(() => clerk.get('trouble').textContent()).toContain('opens nothing here');
      expect(await clerk.ask('GET', 'account')).toEqual([401, 'ACCOUNT.SIGNED_IN']);
    }
    provider.answers = (url) => url;
    await clerk.close();
  });

  test('who has the address of somebody here becomes nobody by it', async () => {
    const mallory = await Clerk.at(browser);
    await byProvider(mallory, 'mallory');
    await expect.poll(() => mallory.get('trouble').textContent()).toContain('nobody here is bound');
    await mallory.close();
  });

  test('where more than one factor is demanded, who showed the provider two makes a meeting and who showed one does not', async () => {
    const invited = async (name: string): Promise<Clerk> => {
      await asha.page.goto(`${admin}#users`);
      await asha.page.reload();
      await asha.get('invite-name').fill(name);
      await asha.get('invite-go').click();
      const clerk = await Clerk.at(browser);
      await clerk.page.goto(await asha.get('invite-url').inputValue());
      await clerk.get('join-provider').click();
      await signInThere(clerk.page, name.toLowerCase());
      await expect.poll(() => clerk.get('signed-in').textContent()).toBe(name);
      return clerk;
    };
    const [chitra, deva] = [await invited('Chitra'), await invited('Deva')];
    const [esha, farid] = [await invited('Esha'), await invited('Farid')];
    server.run('policy', 'apply', 'tier:high');
    const demanded = () =>
      asha.page.evaluate(async () => {
        const { floor } = (await (await fetch('/api/v1/policy')).json()) as {
          floor: { control: string; value: unknown }[];
        };
        return floor.find(({ control }) => control === 'ORG.MFA')?.value;
      });
    await expect.poll(demanded, { timeout: 15_000 }).toBe('strong');

    /** Presses the button that starts a meeting, and returns what the server says. */
    const starts = async (clerk: Clerk): Promise<[number, string | undefined]> => {
      // Read on its way: the page goes elsewhere with it.
      let said: [number, string | undefined] | undefined;
      await clerk.page.route('**/api/v1/meetings', async (route) => {
        const response = await route.fetch();
        said = [response.status(), ((await response.json()) as { rule?: string }).rule];
        await route.fulfill({ response });
      });
      await clerk.get('start-meeting').click();
      await expect.poll(() => said, { timeout: 15_000 }).toBeDefined();
      return said ?? [0, undefined];
    };
    expect(await starts(chitra)).toEqual([403, 'ORG.MFA']);
    expect(await starts(deva)).toEqual([201, undefined]);
    await deva.get('prejoin-join').waitFor();
    expect(deva.page.url()).toMatch(/\/m\/[a-z2-7]{32}$/);
    // By the class of authentication, where the configuration names it.
    expect(await starts(farid)).toEqual([403, 'ORG.MFA']);
    expect(await starts(esha)).toEqual([201, undefined]);
    for (const clerk of [chitra, deva, esha, farid]) await clerk.close();
  });

  test('while the provider is away a plain sentence says so, and passkeys work', async () => {
    await provider.stop();
    await asha.signOut();
    // What was read of it an hour ago still says where its page is; nobody is there.
    await server.stop();
    server = await Server.start({
      data: server.data,
      listen: `127.0.0.1:${new URL(admin).port}`,
      extra: ['--config', join(folder, 'sabha.toml')],
    });
    await asha.page.goto(admin);
    await asha.get('sign-in-provider').click();
    await expect.poll(() => asha.get('trouble').textContent()).toContain('cannot be reached');
    await inspect(asha, 'provider-away');
    await asha.signIn();
    expect(asha.problems).toEqual([]);
    expect(server.errors()).toEqual([]);
  });
});
