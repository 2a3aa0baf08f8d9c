// What passes between browsers and the server's media port: a relay before it that counts, and changes nothing.

import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';

/** Where the server stands; the relay has the same port at another address of this machine. */
const SERVER = '127.0.0.1';
const RELAY =
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.2';

/** By their first bytes (RFC 7983 section 7, RFC 5761 section 4). */
export type PacketKind = 'stun' | 'dtls' | 'rtcp' | 'rtp' | 'other';

export interface Passed {
  /** Milliseconds, as `performance.now` has them. */
  at: number;
  way: 'up' | 'down';
  kind: PacketKind;
  /** Payload of UDP. */
  bytes: number;
}

function kindOf(packet: Uint8Array): PacketKind {
  const [first = 255, second = 0] = packet;
  if (first <= 3) return 'stun';
  if (first >= 20 && first <= 63) return 'dtls';
  if (first < 128 || first > 191) return 'other';
  return second >= 192 && second <= 223 ? 'rtcp' : 'rtp';
}

function bound(address: string, port = 0): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((done, fail) => {
    socket.once('error', fail);
    socket.bind(port, address, () => done(socket));
  });
}

export class Tap {
  /** By the browser's address, everything that passed. */
  readonly passed = new Map<string, Passed[]>();
  private readonly outer: Socket;
  private readonly inner = new Map<string, Promise<Socket>>();

  private constructor(outer: Socket) {
    this.outer = outer;
    outer.on('message', (packet, { address, port }) => {
      const from = `${address}:${port}`;
      this.note(from, 'up', packet);
      let inner = this.inner.get(from);
      if (!inner) {
        inner = bound(SERVER);
        this.inner.set(from, inner);
        void inner.then((socket) => {
          socket.on('message', (answer) => {
            this.note(from, 'down', answer);
            outer.send(answer, port, address);
          });
        });
      }
      void inner.then((socket) => socket.send(packet, this.port, SERVER));
    });
  }

  static async start(): Promise<Tap> {
    return new Tap(await bound(RELAY));
  }

  private get port(): number {
    return this.outer.address().port;
  }

  /** Settings of the server behind it. */
  get env(): Record<string, string> {
    return { SABHA__MEDIA__ADDRESS: SERVER, SABHA__MEDIA__PORT: String(this.port), SABHA__MEDIA__EXTERNAL_IPS: RELAY };
  }

  /** Returns whence a browser talks that begins while `begin` runs: the address that was not there before. */
  async addressOf(begin: () => Promise<void>): Promise<string> {
    const before = new Set(this.passed.keys());
    await begin();
    // Candidates that came to nothing have hardly sent anything.
    const fresh = [...this.passed].filter(([address]) => !before.has(address));
    const [found] = fresh.toSorted(([, a], [, b]) => b.length - a.length);
    if (!found) throw new Error('no media came');
    return found[0];
  }

  async stop(): Promise<void> {
    for (const inner of this.inner.values()) (await inner).close();
    this.outer.close();
  }

  private note(from: string, way: Passed['way'], packet: Uint8Array): void {
    const passed = this.passed.get(from) ?? [];
    this.passed.set(from, passed);
    passed.push({ at: performance.now(), way, kind: kindOf(packet), bytes: packet.byteLength });
  }
}
