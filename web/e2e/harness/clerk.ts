// Somebody who is signed in, in a browser of their own with an authenticator of its own, and how their pages are inspected.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { expect } from 'vitest';
import { findings } from './axe.ts';

const pictures = join(import.meta.dirname, '../../test-results/screens');

/** A person at a browser of their own, whose authenticator knows its user. */
export class Clerk {
  readonly page: Page;
  readonly problems: string[] = [];
  private readonly context: BrowserContext;
  private readonly cdp: CDPSession;
  private readonly authenticator: string;

  private constructor(context: BrowserContext, page: Page, cdp: CDPSession, authenticator: string) {
    this.context = context;
    this.page = page;
    this.cdp = cdp;
    this.authenticator = authenticator;
    page.on('console', (message) => {
      // A refusal that a test asks for is no problem; a breach of the page's policy is one.
      if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
        this.problems.push(message.text());
      }
    });
    page.on('pageerror', (error) => this.problems.push(String(error)));
  }

  static async at(browser: Browser): Promise<Clerk> {
    const context = await browser.newContext({ permissions: ['clipboard-write'] });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    return new Clerk(context, page, cdp, authenticatorId);
  }

  get(id: string, name?: string) {
    return this.page.locator(`[data-testid="${id}"]${name ? `[data-name="${name}"]` : ''}`);
  }

  async verified(isUserVerified: boolean): Promise<void> {
    await this.cdp.send('WebAuthn.setUserVerified', { authenticatorId: this.authenticator, isUserVerified });
  }

  async passkeys(): Promise<{ isResidentCredential: boolean }[]> {
    const { credentials } = await this.cdp.send('WebAuthn.getCredentials', { authenticatorId: this.authenticator });
    return credentials;
  }

  async join(link: string, name: string, email?: string): Promise<void> {
    await this.page.goto(link);
    await this.get('join-name').fill(name);
    if (email) await this.get('join-email').fill(email);
    await this.get('join-go').click();
    await this.get('signed-in').waitFor();
  }

  async signOut(): Promise<void> {
    await this.get('sign-out').click();
    await this.get('sign-in').waitFor();
  }

  async signIn(): Promise<void> {
    await this.get('sign-in').click();
    await this.get('signed-in').waitFor();
  }

  /** Asks the API from the page, and returns the status and the rule of a refusal. */
  async ask(method: string, path: string): Promise<[number, string | undefined]> {
    return this.page.evaluate(
      async ([method, path]) => {
        const response = await fetch(`/api/v1/${path}`, { method: method ?? '' });
        const text = await response.text();
        return [response.status, response.ok ? undefined : (JSON.parse(text) as { rule: string }).rule] as [
          number,
          string | undefined,
        ];
      },
      [method, path],
    );
  }

  async cookies() {
    return this.context.cookies();
  }

  /** Loses the cookie, as another browser never had it. */
  async forget(): Promise<void> {
    await this.context.clearCookies();
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

/** Checks the screen that is open now, at two sizes and in both colour schemes. */
export async function inspect(clerk: Pick<Clerk, 'page'>, screen: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  for (const size of [
    { width: 390, height: 844 },
    { width: 1280, height: 800 },
  ]) {
    await clerk.page.setViewportSize(size);
    for (const colorScheme of ['dark', 'light'] as const) {
      await clerk.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await clerk.page.screenshot({
        path: join(pictures, `admin-${screen}-${size.width}-${colorScheme}.png`),
        fullPage: true,
      });
      expect(await findings(clerk.page), `${screen} at ${size.width} px, ${colorScheme}`).toEqual([]);
      const overflow = await clerk.page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, `${screen} at ${size.width} px does not scroll sideways`).toBeLessThanOrEqual(0);
    }
  }
}
