// What every story needs: a server, people who are closed afterwards, and a quiet end.

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { Person } from './person.ts';
import { Server, type ServerOptions } from './server.ts';

/** Gives the stories of a file one server and closes what each of them opened. */
export class Stage {
  server!: Server;
  private people: Person[] = [];
  private browsers: Browser[] = [];

  constructor(options: ServerOptions = {}) {
    beforeAll(async () => {
      this.server = await Server.start(options);
    });
    afterEach(async () => {
      const complaints = this.people.flatMap((person) => person.complaints.map((text) => `${person.name}: ${text}`));
      await Promise.all(this.people.map((person) => person.close().catch(() => undefined)));
      this.people = [];
      expect(complaints, 'the browser console is silent').toEqual([]);
      expect(this.server.errors(), 'the server logs no error').toEqual([]);
    });
    afterAll(async () => {
      await Promise.all(this.browsers.map((browser) => browser.close().catch(() => undefined)));
      await this.server?.stop();
    });
  }

  /** Keeps a browser for the file and closes it at the end. */
  async keep(browser: Promise<Browser>): Promise<Browser> {
    const kept = await browser;
    this.browsers.push(kept);
    return kept;
  }

  /** Changes the bad network before the server: `down rate=250kbit`. */
  changeLink(change: string): void {
    if (!this.server.link) throw new Error('the server has no bad network before it');
    this.server.link.change(change);
  }

  async person(browser: Browser, name: string, viewport?: { width: number; height: number }): Promise<Person> {
    const person = await Person.open(browser, name, viewport);
    this.people.push(person);
    return person;
  }

  /** Brings a guest in: knocks, and is admitted by the host. */
  async bring(host: Person, guest: Person, link: string): Promise<void> {
    await guest.knock(link);
    await host.admit(guest.name);
    await guest.inRoom();
  }
}
