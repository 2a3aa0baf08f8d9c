// A mail server that keeps what it is given, and what a reader that is not ours makes of it.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ICAL from 'ical.js';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

export class PostOffice {
  private readonly server: SMTPServer;
  private readonly taken: string[];

  private constructor(server: SMTPServer, taken: string[]) {
    this.server = server;
    this.taken = taken;
  }

  static async start(): Promise<PostOffice> {
    const taken: string[] = [];
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, _session, done) {
        const parts: Buffer[] = [];
        stream.on('data', (part: Buffer) => parts.push(part));
        stream.on('end', () => {
          taken.push(Buffer.concat(parts).toString());
          done();
        });
      },
    });
    const listening = server.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    return new PostOffice(server, taken);
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  /** Every byte that came, for who looks for a secret in it. */
  get bytes(): string {
    return this.taken.join('\n');
  }

  async mails(): Promise<Email[]> {
    return Promise.all(this.taken.map((one) => PostalMime.parse(one)));
  }

  async stop(): Promise<void> {
    await new Promise<void>((done) => this.server.close(done));
  }
}

/** Reads the calendar entries of a mail. */
export function eventsOf(mail: Email): { method: unknown; events: ICAL.Event[] } {
  const attached = mail.attachments.find(({ mimeType }) => mimeType === 'text/calendar');
  if (!attached) throw new Error('the mail has no calendar file');
  const text = typeof attached.content === 'string' ? attached.content : new TextDecoder().decode(attached.content);
  const calendar = new ICAL.Component(ICAL.parse(text) as unknown[]);
  const events = calendar.getAllSubcomponents('vevent').map((one) => new ICAL.Event(one));
  return { method: calendar.getFirstPropertyValue('method'), events };
}
