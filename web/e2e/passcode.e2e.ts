// The passcode is proven between devices. The server learns neither it nor the secret of the link.

import { spawn } from 'node:child_process';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, launchFirefox, missing } from './harness/browsers.ts';
import { formsOf, heard } from './harness/ear.ts';
import { program } from './harness/log.ts';
import { Person } from './harness/person.ts';
import { CuttingProxy } from './harness/proxy.ts';
import { Server } from './harness/server.ts';

const PASSCODE = 'MANGO-4711';
const TRIES = 5;
/** Wrong tries of all devices together, after which the passcode is off. */
const MEETING_TRIES = 20;

/** Tries a wrong passcode on a device of its own; returns the exit code of who was told that it is wrong. */
function guess(link: string, number: number): Promise<number | null> {
  const passcode = `WRNG-${String(number).padStart(4, '0')}`;
  const args = ['join', link, '--name', 'Mallory', '--passcode', passcode, '--duration', '3'];
  const child = spawn(program(), args, { stdio: 'ignore' });
  return new Promise((done) => child.once('exit', done));
}

async function tryPasscode(guest: Person, text: string): Promise<void> {
  await guest.get('passcode-input').fill(text);
  await guest.get('passcode-submit').click();
}

/** Text without the marks that set off what is put into a sentence. */
function plain(text: string | null): string {
  return (text ?? '').replaceAll(/[\u2068\u2069]/g, '');
}

describe.skipIf(missing.chromium || missing.firefox)('the passcode', () => {
  let proxy: CuttingProxy;
  let server: Server;
  let chromium: Browser;
  let fox: Browser;
  beforeAll(async () => {
    // The proxy has to know the server's port and the server the proxy's: a first start finds a free one.
    const probe = await Server.start();
    const listen = new URL(probe.url).host;
    await probe.stop();
    proxy = await CuttingProxy.start(() => Number(listen.split(':')[1]));
    // Everybody comes from one address here, who together are wrong more often than one address may be.
    const env = { SABHA__LIMITS__WRONG_PASSCODES_PER_ADDRESS_PER_HOUR: '100' };
    server = await Server.start({ listen, publicUrl: proxy.url, env });
    chromium = await launchChromium();
    fox = await launchFirefox();
  });
  afterAll(async () => {
    await Promise.all([chromium?.close(), fox?.close()]);
    await proxy?.stop();
    await server?.stop();
  });

  test('wrong ones are counted until none is left, the right one lets in, and the server hears of none', async () => {
    const asha = await Person.open(chromium, 'Asha');
    const ben = await Person.open(chromium, 'Ben');
    const chitra = await Person.open(fox, 'Chitra');
    const link = await asha.startMeeting(server.newMeetingUrl);
    await asha.openPanel('security');
    await asha.get('passcode-begin').click();
    await asha.get('passcode-new').fill(PASSCODE);
    await asha.get('passcode-admits').click();
    await asha.get('passcode-set').click();
    await expect.poll(() => asha.get('passcode').textContent()).toBe(PASSCODE);

    const wrongOf = (guest: Person) => guest.get('passcode-wrong');
    const isWrong = (guest: Person, tries: number) =>
      expect.poll(() => wrongOf(guest).getAttribute('data-wrong'), { timeout: 30_000 }).toBe(String(tries));
    // The host's device looks at each after a longer while.
    const guesses = async () => {
      await ben.knock(link);
      for (let tries = 1; tries <= TRIES; tries++) {
        await tryPasscode(ben, `PAPAYA-000${tries}`);
        await isWrong(ben, tries);
        const left = TRIES - tries;
        const said = plain(await wrongOf(ben).textContent());
        expect(said).toContain(left === 0 ? 'No tries are left' : left === 1 ? 'last try' : `${left} tries`);
      }
      expect(await ben.get('passcode-input').count()).toBe(0);
    };
    // Meanwhile somebody else mistypes once, and then types it as people do.
    const mistakes = async () => {
      await chitra.knock(link);
      await tryPasscode(chitra, 'MANGO-4712');
      await isWrong(chitra, 1);
      await tryPasscode(chitra, ' mango 4711');
      await chitra.inRoom();
      await chitra.verified();
      const known = chitra.page.locator('[data-testid="known-entry"][data-name="Chitra"]');
      await expect.poll(() => known.getAttribute('data-method')).toBe('passcode');
    };
    await Promise.all([guesses(), mistakes()]);

    await asha.openPanel('people');
    await expect.poll(() => asha.lobbyEntry('Ben').getAttribute('data-passcode')).toBe('failed');
    // A host can still let them in.
    await asha.admit('Ben');
    await ben.inRoom();

    const all = heard(proxy.sent);
    // What is said to the server is found, so what is not found was not said.
    const meeting = new URL(link).pathname.split('/').at(-1) ?? '';
    for (const said of [meeting, '"type":"enter"', '"type":"commit"', '"type":"door"', '"gate_key"']) {
      expect(all.includes(said), said).toBe(true);
    }
    const secret = Buffer.from(new URL(link).hash.replace('#v1.', ''), 'base64url');
    expect(secret.length).toBe(16);
    for (const [form, bytes] of formsOf(secret))
      expect(all.includes(bytes), `the link's secret as ${form}`).toBe(false);
    for (const text of [PASSCODE, PASSCODE.toLowerCase(), 'MANGO4711', 'mango4711', 'MANG04711', 'mango 4711']) {
      for (const [form, bytes] of formsOf(Buffer.from(text))) {
        expect(all.includes(bytes), `${text} as ${form}`).toBe(false);
      }
    }
    for (const name of ['Asha', 'Chitra']) expect(all.includes(name), `the name ${name}`).toBe(false);
    for (const person of [asha, ben, chitra]) {
      expect(person.complaints, 'the browser console is silent').toEqual([]);
      await person.close();
    }
    expect(server.errors(), 'the server logs no error').toEqual([]);
  });

  test('guesses are told to the host; a spent passcode is asked of nobody until one button sets another', async () => {
    const asha = await Person.open(chromium, 'Asha');
    const ben = await Person.open(chromium, 'Ben');
    const link = await asha.startMeeting(server.newMeetingUrl);
    await asha.openPanel('security');
    await asha.get('passcode-begin').click();
    await asha.get('passcode-new').fill(PASSCODE);
    await asha.get('passcode-admits').click();
    await asha.get('passcode-set').click();
    const notice = (kind: string) => asha.page.locator(`[data-testid="notice"][data-kind="${kind}"]`);

    // The first few are told to the host while they happen.
    let number = 0;
    const some = async (count: number) => {
      await Promise.all(Array.from({ length: count }, () => guess(link, number++)));
    };
    const told = notice('guessed').waitFor({ timeout: 60_000 });
    while (number < TRIES) await some(1);
    await told;
    expect(plain(await notice('guessed').textContent())).toContain('guesses at the passcode');

    // Who is asked when it goes off is not asked any more.
    await ben.knock(link);
    await ben.get('passcode-input').waitFor();
    const off = notice('passcode_off').waitFor({ timeout: 120_000 });
    const rest = (async () => {
      while (number < MEETING_TRIES) await some(Math.min(3, MEETING_TRIES - number));
    })();
    await off;
    await ben.get('passcode-input').waitFor({ state: 'detached' });
    await expect.poll(() => ben.get('lobby-waiting').getAttribute('data-passcode')).toBe('off');
    expect(plain(await ben.get('lobby-waiting').textContent())).toContain('the passcode is off');
    const chitra = await Person.open(fox, 'Chitra');
    await chitra.knock(link);
    await expect.poll(() => chitra.get('lobby-waiting').getAttribute('data-passcode')).toBe('off');
    expect(await chitra.get('passcode-input').count()).toBe(0);

    // A host lets in by hand meanwhile.
    await asha.openPanel('people');
    await asha.admit('Chitra');
    await chitra.inRoom();

    // One button: a new passcode, under the old one's rule, which is asked of who waits.
    await asha.openPanel('security');
    const renew = notice('passcode_off').locator('[data-testid="notice-renew"]');
    await ((await renew.count()) > 0 ? renew : asha.get('passcode-renew')).first().click();
    const renewed = asha.get('passcode');
    await expect.poll(() => renewed.textContent()).toMatch(/^\w{4}-\w{4}$/);
    expect(await renewed.textContent()).not.toBe(PASSCODE);
    await ben.get('passcode-input').waitFor();
    await tryPasscode(ben, (await renewed.textContent()) ?? '');
    await ben.inRoom();
    await rest;
    for (const person of [asha, ben, chitra]) {
      expect(person.complaints, 'the browser console is silent').toEqual([]);
      await person.close();
    }
    expect(server.errors(), 'the server logs no error').toEqual([]);
  });

  test('one address has its own share of tries, and says so to who is behind it', async () => {
    const strict = await Server.start();
    const asha = await Person.open(chromium, 'Asha');
    const ben = await Person.open(chromium, 'Ben');
    const link = await asha.startMeeting(strict.newMeetingUrl);
    await asha.openPanel('security');
    await asha.get('passcode-begin').click();
    await asha.get('passcode-new').fill(PASSCODE);
    await asha.get('passcode-set').click();
    await expect.poll(() => asha.get('passcode').textContent()).toBe(PASSCODE);
    for (let number = 0; number < TRIES; number++) await guess(link, number);

    // Nothing is wrong with what Ben types; it is not looked at, and he can wait to be let in.
    await ben.knock(link);
    await tryPasscode(ben, PASSCODE);
    const refusal = ben.page.locator('[data-testid="refusal"][data-rule="LIMIT.PASSCODES"]');
    await refusal.waitFor();
    expect(plain(await refusal.textContent())).toContain('Too many wrong passcodes came from your network');
    await expect.poll(() => ben.get('passcode-wrong').getAttribute('data-wrong')).toBe('0');
    await ben.get('passcode-input').waitFor();
    await asha.openPanel('people');
    await asha.admit('Ben');
    await ben.inRoom();
    for (const person of [asha, ben]) {
      expect(person.complaints, 'the browser console is silent').toEqual([]);
      await person.close();
    }
    expect(strict.errors(), 'the server logs no error').toEqual([]);
    await strict.stop();
  });
});
