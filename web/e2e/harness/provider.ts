// An identity provider for a test: a certified one (`oidc-provider`) with its own pages, on a port of its own. Whoever types
// a name is that person; there is no password.

import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Oidc from 'oidc-provider';
import type { Page } from 'playwright-core';

/** What the provider says of somebody, beside their name. */
export interface Claims {
  groups?: string[];
  email?: string;
  /** How they were authenticated (RFC 8176). */
  amr?: string[];
  /** Of which class that was (OpenID Connect Core, section 2). */
  acr?: string;
}

export class Provider {
  readonly issuer: string;
  /** Where a browser goes with an answer; a test changes it as a thief or another provider would. */
  answers: (url: URL) => URL = (url) => url;
  private readonly http: HttpServer;
  private readonly people: Record<string, Claims>;
  private handle: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end();

  private constructor(http: HttpServer, issuer: string, people: Record<string, Claims>) {
    this.http = http;
    this.issuer = issuer;
    this.people = people;
  }

  /** Listens; answers once it knows its client. */
  static async listen(people: Record<string, Claims>): Promise<Provider> {
    let provider: Provider | undefined;
    const http = createServer((request, response) => provider?.handle(request, response));
    await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
    provider = new Provider(http, `http://127.0.0.1:${(http.address() as AddressInfo).port}`, people);
    return provider;
  }

  /** Takes a server as its client, to whose page browsers come back. */
  serve(page: string, clientSecret: string): void {
    const oidc = new Oidc(this.issuer, {
      clients: [{ client_id: 'sabha', client_secret: clientSecret, redirect_uris: [page], response_types: ['code'] }],
      acrValues: [...new Set(Object.values(this.people).flatMap(({ acr }) => acr ?? []))],
      claims: { openid: ['sub', 'amr'], profile: ['name', 'groups'], email: ['email', 'email_verified'] },
      findAccount: (_: unknown, id: string) => ({
        accountId: id,
        claims: () => ({
          sub: id,
          name: `${id[0]?.toUpperCase()}${id.slice(1)}`,
          email_verified: true,
          ...this.people[id],
        }),
      }),
      pkce: { required: () => true },
    });
    // Its pages for development say nothing of how somebody was authenticated.
    const finish = oidc.interactionFinished.bind(oidc);
    oidc.interactionFinished = (request, response, result, options) => {
      const { amr, acr } = this.people[result.login?.accountId ?? ''] ?? {};
      const login = result.login && { ...result.login, ...(amr && { amr }), ...(acr && { acr }) };
      return finish(request, response, login ? { ...result, login } : result, options);
    };
    const callback = oidc.callback();
    this.handle = (request, response) => {
      const setHeader = response.setHeader.bind(response);
      response.setHeader = (name, value) => {
        const answers = /^location$/i.test(name) && /[?&]code=/.test(String(value));
        return setHeader(name, answers ? this.answers(new URL(String(value))).href : value);
      };
      void callback(request, response);
    };
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((done) => this.http.close(done));
  }
}

/** Signs in on the provider's own page, to which the browser has gone. */
export async function signInThere(page: Page, name: string): Promise<void> {
  await page.locator('input[name="login"]').fill(name);
  await page.locator('input[name="password"]').fill('any');
  await page.locator('button[type="submit"]').click();
  // Consent, which it asks for once.
  await page.locator('button[type="submit"]').click();
}
