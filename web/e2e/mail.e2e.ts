// Invitations by mail: what is sent has no secret, who comes by it proves the passcode first, and who planned says when
// it is off or at another time.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, launchFirefox, missing } from './harness/browsers.ts';
import { Clerk, inspect } from './harness/clerk.ts';
import { Person } from './harness/person.ts';
import { eventsOf, PostOffice } from './harness/post.ts';
import { Server } from './harness/server.ts';

const MINUTE = 60_000;
const LINK = /http:\/\/localhost:\d+\/m\/[a-z2-7]{32}#v1\.mail\.[\w-]{43}/;

describe.skipIf(missing.chromium || missing.firefox)('invitations by mail', () => {
  let chromium: Browser;
  let fox: Browser;
  let post: PostOffice;
  let server: Server;
  let asha: Clerk;
  let folder = '';
  let page = '';
  let secret = '';
  let passcode = '';
  let link = '';
  beforeAll(async () => {
    chromium = await launchChromium();
    fox = await launchFirefox();
    post = await PostOffice.start();
    folder = mkdtempSync(join(tmpdir(), 'sabha-mail-'));
    writeFileSync(
      join(folder, 'sabha.toml'),
      `[mail]\nserver = "${post.url}"\nfrom = "Sabha <meetings@example.org>"\n`,
    );
    // Mails carry the address that people type.
    const probe = await Server.start();
    const { host } = new URL(probe.url);
    await probe.stop();
    const publicUrl = `http://localhost:${host.split(':')[1]}`;
    server = await Server.start({ listen: host, publicUrl, extra: ['--config', join(folder, 'sabha.toml')] });
    asha = await Clerk.at(chromium);
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
    await Promise.all([chromium?.close(), fox?.close()]);
    await server?.stop();
    await post?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const planned = (name: string) => asha.get('planned', name);
  const of = (name: string, id: string) => planned(name).locator(`[data-testid="${id}"]`);

  async function say(startsMs: number) {
    const at = new Date(startsMs);
    const two = (value: number) => String(value).padStart(2, '0');
    await asha.get('plan-date').fill(`${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`);
    await asha.get('plan-time').fill(`${two(at.getHours())}:${two(at.getMinutes())}`);
  }

  test('who is invited gets a mail with the link but not its secret, and an entry for the calendar', async () => {
    await asha.get('plan-name').fill('Cabinet');
    await say(Date.now() + 30 * MINUTE);
    await asha.page.getByLabel('Lobby opens').selectOption('60');
    await asha.get('plan-mail').click();
    // Nobody to send it to: said, and nothing is planned.
    await asha.get('plan-go').click();
    await expect.poll(() => asha.page.getByRole('alert').allTextContents()).toContain('Say to whom.');
    await asha.get('plan-invited').fill('ravi@example.org');
    await inspect(asha, 'plan-by-mail');
    await asha.page.setViewportSize({ width: 1280, height: 800 });
    await asha.get('plan-go').click();
    await planned('Cabinet').waitFor();

    passcode = (await of('Cabinet', 'planned-passcode').textContent()) ?? '';
    expect(passcode).toMatch(/^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/);
    secret = (await of('Cabinet', 'planned-link').inputValue()).split('#v1.')[1] ?? '';
    expect(secret).toMatch(/^[\w-]{22}$/);
    await expect.poll(async () => (await post.mails()).length).toBe(1);
    const [mail] = await post.mails();
    expect(mail?.from?.address).toBe('meetings@example.org');
    expect(mail?.replyTo?.[0]?.address).toBe('asha@example.org');
    expect(mail?.to?.map(({ address }) => address)).toEqual(['ravi@example.org']);
    [link = ''] = LINK.exec(mail?.text ?? '') ?? [];
    expect(link).not.toBe('');
    for (const hidden of [secret, passcode, passcode.replace('-', ''), 'Cabinet']) {
      expect(post.bytes, hidden).not.toContain(hidden);
    }
    if (!mail) throw new Error('there is one');
    const { method, events } = eventsOf(mail);
    expect([method, events.length]).toEqual(['PUBLISH', 1]);
    expect(events[0]?.location).toBe(link);
    const startsMs = events[0]?.startDate.toJSDate().getTime() ?? 0;
    expect(Math.abs(startsMs - Date.now() - 30 * MINUTE)).toBeLessThan(3 * MINUTE);
  });

  test('what became of each mail is seen, and more are sent', async () => {
    await of('Cabinet', 'planned-mails').click();
    const states = () =>
      asha.get('mail').evaluateAll((found) => found.map((one) => [one.dataset.to, one.dataset.state]));
    await expect.poll(states).toEqual([['ravi@example.org', 'sent']]);
    await asha.get('mails-to').fill('mina@example.org');
    await asha.get('mails-send').click();
    await expect.poll(states, { timeout: 10_000 }).toContainEqual(['mina@example.org', 'sent']);
    await inspect(asha, 'mails');
    await asha.page.setViewportSize({ width: 1280, height: 800 });
    await asha.get('mails-close').click();
  });

  test('who comes by mail shows nothing until the passcode is proven, and is in the meeting then', async () => {
    const ravi = await Person.open(fox, 'Ravi');
    await ravi.knock(link);
    await ravi.inLobby();
    await of('Cabinet', 'planned-start').click();
    await asha.get('prejoin-name').fill('Asha');
    await asha.get('prejoin-join').click();

    await ravi.get('passcode-input').waitFor();
    expect(await asha.get('lobby-entry').count(), 'the host sees nobody').toBe(0);
    await ravi.get('passcode-input').fill('wrong-one');
    await ravi.get('passcode-submit').click();
    await expect.poll(() => ravi.get('passcode-wrong').getAttribute('data-wrong')).toBe('1');
    expect(await asha.get('lobby-entry').count(), 'nor after a wrong one').toBe(0);
    await ravi.get('passcode-input').fill(passcode.toLowerCase());
    await ravi.get('passcode-submit').click();

    const admit = asha.page.locator('[data-testid="lobby-entry"][data-name="Ravi"] [data-testid="lobby-admit"]');
    await admit.click();
    await ravi.inRoom();
    await ravi.tile('Asha').waitFor();
    await ravi.verified();
    expect(await ravi.inviteLink(), 'it has the whole link now').toContain(`#v1.${secret}`);
    // Over a reload it needs no passcode.
    await ravi.page.reload();
    await ravi.inRoom();
    await ravi.close();
  });

  test('a host takes nobody by mail any more, and who comes waits unseen', async () => {
    await asha.get('encryption-state').click();
    await asha.get('passcode-mail-shut').click();
    await expect.poll(() => asha.get('passcode-mail-shut').count()).toBe(0);
    const late = await Person.open(fox, 'Late');
    await late.knock(link);
    await late.inLobby();
    await late.page.waitForTimeout(1500);
    expect(await late.get('passcode-input').count()).toBe(0);
    expect(await asha.get('lobby-entry').count()).toBe(0);
    await late.close();
    await asha.page.goto(page);
    await planned('Cabinet').waitFor();
  });

  test('a meeting that is moved has another link, and who was invited hears of both', async () => {
    const before = (await post.mails()).length;
    await of('Cabinet', 'planned-move').click();
    expect(await asha.get('plan-name').inputValue()).toBe('Cabinet');
    await say(Date.now() + 26 * 60 * MINUTE);
    await asha.get('plan-go').click();
    await expect
      .poll(() => planned('Cabinet').evaluateAll((found) => found.map((one) => one.dataset.state)))
      .toEqual(['cancelled', 'planned']);
    const now = await of('Cabinet', 'planned-link').inputValue();
    expect(now).not.toContain(secret);

    await expect.poll(async () => (await post.mails()).length).toBe(before + 4);
    const mails = (await post.mails()).slice(before);
    const told = mails.map((mail) => [mail.to?.[0]?.address, eventsOf(mail).method]).toSorted();
    expect(told).toEqual([
      ['mina@example.org', 'CANCEL'],
      ['mina@example.org', 'PUBLISH'],
      ['ravi@example.org', 'CANCEL'],
      ['ravi@example.org', 'PUBLISH'],
    ]);
  });

  test('what was planned stays when its mails are refused, and why a mail does not go out is said', async () => {
    // One mail a day, and a mail server that is not there.
    const config = join(folder, 'strict.toml');
    writeFileSync(
      config,
      '[mail]\nserver = "smtp://127.0.0.1:1"\nfrom = "Sabha <meetings@example.org>"\nper_account_per_day = 1\n',
    );
    const strict = await Server.start({ extra: ['--config', config] });
    const mina = await Clerk.at(chromium);
    await mina.join(strict.setupUrl ?? '', 'Mina');
    await mina.get('nav-meetings').click();
    await mina.get('meetings-none').waitFor();
    await mina.get('plan-name').fill('Cabinet');
    await mina.get('plan-mail').click();
    await mina.get('plan-invited').fill('ravi@example.org, eve@example.org');
    await mina.get('plan-go').click();

    const planned = mina.page.locator('[data-testid="planned"][data-name="Cabinet"]');
    await planned.waitFor();
    await expect
      .poll(() => mina.get('trouble').textContent())
      .toContain('as many mails sent in a day as one account may');
    await expect
      .poll(() => mina.get('plan-name').inputValue(), { message: 'it is not planned a second time' })
      .toBe('');
    expect(await mina.get('plan-invited').inputValue()).toBe('');
    expect(await mina.page.locator('[data-testid="planned"]').count()).toBe(1);
    expect(await planned.locator('[data-testid="planned-invited"]').textContent()).toContain('eve@example.org');
    await planned.locator('[data-testid="planned-mails"]').click();
    await mina.get('mails').waitFor();
    expect(await mina.get('mail').count(), 'none was sent').toBe(0);

    await mina.get('mails-to').fill('ravi@example.org');
    await mina.get('mails-send').click();
    const trouble = mina.page.locator('[data-testid="mail"][data-state="waiting"] [data-testid="mail-trouble"]');
    await trouble.waitFor({ timeout: 15_000 });
    expect(await trouble.getAttribute('data-trouble')).toBe('unreachable');
    await inspect(mina, 'mail-trouble');
    // The browser itself notes that the request was refused.
    expect(mina.problems.filter((problem) => !problem.includes('429'))).toEqual([]);
    await mina.close();
    await strict.stop();
  });
});
