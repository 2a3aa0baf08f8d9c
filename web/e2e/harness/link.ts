// A bad network between browsers and a server: `sabha-client impair`, which does to packets what it is told.

import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { createInterface } from 'node:readline';
import { program } from './headless.ts';

/** What became of packets in one direction, of all clients. */
export interface WayReport {
  sent: number;
  arrived: number;
  lost: number;
  overflowed: number;
  overtaken: number;
}

/** What the last line of `sabha-client impair` says. */
export interface LinkReport {
  refused_packets: number;
  up: WayReport;
  down: WayReport;
  clients: unknown[];
}

/** Where the server stands, and where it says that it does: two addresses of this machine, and one port. */
const SERVER = '127.0.0.1';
/** Not on loopback if that can be: browsers have no candidate of their own there, or refuse to pair it (measured). */
const PROXY =
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.2';

export class BadLink {
  private readonly child: ChildProcess;
  private readonly port: number;
  private readonly lines: string[];

  private constructor(child: ChildProcess, port: number, lines: string[]) {
    this.child = child;
    this.port = port;
    this.lines = lines;
  }

  /** Stands before a server that is still to come, and does this to packets of every client, in both directions. */
  static async start(conditions: string): Promise<BadLink> {
    const port = await freePort();
    const ends = ['--listen', `${PROXY}:${port}`, '--to', `${SERVER}:${port}`];
    const child = spawn(program(), ['impair', ...ends, '--up', conditions, '--down', conditions], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    await new Promise<void>((done, fail) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        lines.push(line);
        done();
      });
      child.once('exit', (code) => fail(new Error(`sabha-client impair ended with ${code}: ${lines.join('\n')}`)));
    });
    return new BadLink(child, port, lines);
  }

  /** Settings of the server behind it. */
  get env(): Record<string, string> {
    return { SABHA__MEDIA__ADDRESS: SERVER, SABHA__MEDIA__PORT: String(this.port), SABHA__MEDIA__EXTERNAL_IPS: PROXY };
  }

  /** Changes what it does from now on: `down rate=250kbit`. */
  change(change: string): void {
    this.child.stdin?.write(`${change}\n`);
  }

  async stop(): Promise<LinkReport> {
    if (this.child.exitCode === null) {
      const gone = new Promise((done) => this.child.once('close', done));
      this.child.kill('SIGTERM');
      await gone;
    }
    return JSON.parse(this.lines.at(-1) ?? '') as LinkReport;
  }
}

/** A port that is free now at the proxy's address. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, PROXY, done));
  const { port } = socket.address();
  await new Promise<void>((done) => socket.close(done));
  return port;
}
