// A server that does not keep to the protocol, played between a page and the honest one: it reads what both say, and
// changes, drops or adds what the server says.

import type { WebSocketRoute } from 'playwright-core';
import type { ClientFrame, ClientMessage, ServerFrame, ServerMessage } from '../../src/protocol/messages.ts';
import type { Person } from './person.ts';

/** Returns what is to be passed on of a server's frame, or null for nothing. */
export type Lie = (frame: ServerFrame) => ServerFrame | null;

type Said<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;
type Asked<T extends ClientMessage['type']> = Extract<ClientMessage, { type: T }>;

export class Middle {
  /** What the page said, oldest first. */
  readonly asked: ClientMessage[] = [];
  /** What the server said, oldest first, whether it was passed on or not. */
  readonly said: ServerMessage[] = [];
  #lie: Lie = (frame) => frame;
  #page: WebSocketRoute | null = null;
  /** Frames of the room's order that were kept back on this connection: the later ones close up, so that no gap shows. */
  #keptBack = 0;

  /** Stands between a person's page and the server from the page's next connection on. */
  static async before(person: Person): Promise<Middle> {
    const middle = new Middle();
    await person.page.routeWebSocket(/\/api\/v1\/signalling$/, (page) => middle.#connect(page));
    return middle;
  }

  #connect(page: WebSocketRoute): void {
    const server = page.connectToServer();
    this.#page = page;
    this.#keptBack = 0;
    page.onMessage((text) => {
      this.asked.push((JSON.parse(String(text)) as ClientFrame).body);
      server.send(text);
    });
    server.onMessage((text) => {
      const frame = JSON.parse(String(text)) as ServerFrame;
      this.said.push(structuredClone(frame.body));
      const passed = this.#lie(frame);
      if (passed) page.send(JSON.stringify(this.#closedUp(passed)));
      else if (frame.seq !== undefined) this.#keptBack += 1;
    });
  }

  #closedUp(frame: ServerFrame): ServerFrame {
    return frame.seq === undefined ? frame : { ...frame, seq: frame.seq - this.#keptBack };
  }

  /** Treats what the server says like this from now on. */
  lie(lie: Lie): void {
    this.#lie = lie;
  }

  /** Passes everything on again. */
  repent(): void {
    this.#lie = (frame) => frame;
  }

  /** Says something that the server did not say. */
  inject(body: ServerMessage): void {
    this.#page?.send(JSON.stringify({ body } satisfies ServerFrame));
  }

  /** The newest that the server said of a type. */
  last<T extends ServerMessage['type']>(type: T): Said<T> | undefined {
    return this.said.findLast((message): message is Said<T> => message.type === type);
  }

  /** The newest that the page said of a type. */
  lastAsked<T extends ClientMessage['type']>(type: T): Asked<T> | undefined {
    return this.asked.findLast((message): message is Asked<T> => message.type === type);
  }
}
