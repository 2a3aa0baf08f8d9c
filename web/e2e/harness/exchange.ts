// A bulletin with its people: who is of which organisation, each in a browser of their own.

import type { Browser } from 'playwright-core';
import type {
  AccountRole,
  BulletinDocument,
  BulletinRole,
  CreateDocument,
  DocumentStep,
  Invited,
  MemberOrganisation,
} from '../../src/protocol/messages.ts';
import { Clerk } from './clerk.ts';
import { Server } from './server.ts';

/** What the server answered; `body` of a refusal is its rule and sentence. */
interface Answer<T> {
  status: number;
  body: T;
}

export class Exchange {
  readonly server: Server;
  readonly administrator: Clerk;
  private readonly browser: Browser;
  private readonly people: Clerk[] = [];

  private constructor(browser: Browser, server: Server, administrator: Clerk) {
    this.browser = browser;
    this.server = server;
    this.administrator = administrator;
  }

  /** `extra` is for the server's command line. */
  static async open(browser: Browser, host: string, extra: string[] = []): Promise<Exchange> {
    const server = await Server.start({ extra });
    const administrator = await Clerk.at(browser);
    await administrator.page.goto(server.setupUrl ?? '');
    await administrator.get('join-organisation').fill(host);
    await administrator.get('join-name').fill('Asha');
    await administrator.get('join-go').click();
    await administrator.get('signed-in').waitFor();
    return new Exchange(browser, server, administrator);
  }

  /** The server under the name that passkeys are for. */
  get origin(): string {
    return new URL(this.server.setupUrl ?? '').origin;
  }

  async organisation(name: string): Promise<MemberOrganisation> {
    const made = await ask<MemberOrganisation>(this.administrator, 'POST', 'bulletin/organisations', { name });
    return made.body;
  }

  /** Invites somebody, who makes an account; of an organisation if one is named. */
  async person(
    name: string,
    organisation?: MemberOrganisation,
    roles: BulletinRole[] = [],
    { account = ['host'], email }: { account?: readonly AccountRole[]; email?: string } = {},
  ): Promise<Clerk> {
    const invited = await ask<Invited>(this.administrator, 'POST', 'invitations', { name, roles: account });
    const clerk = await Clerk.at(this.browser);
    this.people.push(clerk);
    await clerk.join(invited.body.link, name, email);
    const user = await clerk.get('signed-in').getAttribute('data-user');
    if (organisation) {
      const set = { user, organisation: organisation.id, roles };
      await ask(this.administrator, 'PUT', 'bulletin/memberships', set);
    }
    return clerk;
  }

  /** Begins a document by `author`. */
  async draft(author: Clerk, create: CreateDocument): Promise<BulletinDocument> {
    return (await ask<BulletinDocument>(author, 'POST', 'bulletin/documents', create)).body;
  }

  /** Has a draft carry a policy profile, which is the text of a signed file. */
  async carry(author: Clerk, id: string, profile: string): Promise<void> {
    await ask(author, 'PUT', `bulletin/documents/${id}/profile`, JSON.parse(profile));
  }

  async step(by: Clerk, id: string, step: DocumentStep): Promise<BulletinDocument> {
    const { body } = await ask<BulletinDocument>(by, 'GET', `bulletin/documents/${id}`);
    const seen = body.revisions[0]?.hash;
    return (await ask<BulletinDocument>(by, 'POST', `bulletin/documents/${id}/steps`, { step, seen })).body;
  }

  /** Has a draft submitted, approved and published by who is named in this order. */
  async publish(id: string, author: Clerk, reviewer: Clerk, publisher: Clerk): Promise<void> {
    await this.step(author, id, 'submit');
    await this.step(reviewer, id, 'approve');
    await this.step(publisher, id, 'publish_final');
  }

  async close(): Promise<void> {
    for (const clerk of [this.administrator, ...this.people]) await clerk.close();
    await this.server.stop();
  }
}

/** Asks the API with the session of somebody. Throws if the server refuses. */
async function ask<T>(by: Clerk, method: string, path: string, body?: unknown): Promise<Answer<T>> {
  const answer = await by.page.evaluate(
    async ([method, path, body]) => {
      const init: RequestInit = { method: method ?? 'GET' };
      if (body !== undefined) {
        init.body = body;
        init.headers = { 'content-type': 'application/json' };
      }
      const response = await fetch(`/api/v1/${path}`, init);
      const text = await response.text();
      return { status: response.status, body: text ? JSON.parse(text) : null };
    },
    [method, path, body === undefined ? undefined : JSON.stringify(body)] as (string | undefined)[],
  );
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer as Answer<T>;
}
