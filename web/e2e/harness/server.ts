// Starts the real server for a test: the binary, an empty data directory, free ports.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { BadLink } from './link.ts';

/** The binary under test: SABHA_BIN, or the newest of what cargo built. */
export function binary(): string {
  const root = resolve(import.meta.dirname, '../../..');
  const candidates = [process.env.SABHA_BIN, join(root, 'target/debug/sabha'), join(root, 'target/release/sabha')];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error('no server binary: run `cargo build` first, or set SABHA_BIN');
  return found;
}

export interface ServerOptions {
  /** Address to listen on; port 0 takes a free one. */
  listen?: string;
  /** The address under which browsers come, if it is not the one listened on. */
  publicUrl?: string;
  /** Runs the server inside this network namespace. */
  namespace?: string;
  /** Keeps a data directory over a restart. */
  data?: string;
  extra?: string[];
  /** What the network does to media, in both directions, as `sabha-client impair` takes it; SABHA_E2E_LINK otherwise. */
  link?: string;
  /** Settings by their names in the environment. */
  env?: Record<string, string>;
}

/** First line of `sabha serve --output json`. */
interface Said {
  url: string;
  new_meeting_url: string;
  admin_setup_url: string | null;
}

export class Server {
  readonly url: string;
  readonly newMeetingUrl: string;
  /** The one-time link for the first administrator; null once there is one. */
  readonly setupUrl: string | null;
  readonly data: string;
  /** The bad network before its media, if there is one. */
  readonly link: BadLink | null;
  private readonly child: ChildProcess;
  private readonly log: string[];
  private readonly ownsData: boolean;

  private constructor(
    said: Said,
    data: string,
    link: BadLink | null,
    child: ChildProcess,
    log: string[],
    ownsData: boolean,
  ) {
    this.url = said.url;
    this.newMeetingUrl = said.new_meeting_url;
    this.setupUrl = said.admin_setup_url;
    this.data = data;
    this.link = link;
    this.child = child;
    this.log = log;
    this.ownsData = ownsData;
  }

  static async start(options: ServerOptions = {}): Promise<Server> {
    const data = options.data ?? mkdtempSync(join(tmpdir(), 'sabha-e2e-'));
    const serve = ['serve', '--output', 'json', '--listen', options.listen ?? '127.0.0.1:0', '--data', data];
    if (options.publicUrl) serve.push('--public-url', options.publicUrl);
    serve.push(...(options.extra ?? []));
    const [command, args] = options.namespace
      ? ['ip', ['netns', 'exec', options.namespace, binary(), ...serve]]
      : [binary(), serve];
    // A namespace has a network of its own, with one address only.
    const conditions = options.link ?? (options.namespace ? undefined : process.env.SABHA_E2E_LINK);
    const link = conditions ? await BadLink.start(conditions) : null;
    const env = { ...process.env, ...link?.env, ...options.env };
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const log: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
    const first = await new Promise<string>((done, fail) => {
      createInterface({ input: child.stdout }).once('line', done);
      child.once('exit', (code) => fail(new Error(`the server ended with ${code}:\n${log.join('\n')}`)));
    });
    return new Server(JSON.parse(first) as Said, data, link, child, log, !options.data);
  }

  get pid(): number {
    if (!this.child.pid) throw new Error('the server is not running');
    return this.child.pid;
  }

  /** Everything that it has written to its log. */
  wrote(): string {
    return this.log.join('\n');
  }

  /** Log lines of level ERROR: a human would have to act, so no test may cause one. */
  errors(): string[] {
    return this.log.filter((line) => /\bERROR\b|"level":"ERROR"/.test(line));
  }

  /** Reads one value of /metrics, summed over labels; `where` selects by label text. */
  async metric(name: string, where = ''): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(where))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** Runs another command of the program on the same data, as an administrator would beside it. */
  run(...args: string[]): string {
    return execFileSync(binary(), [...args, '--data', this.data], { encoding: 'utf8' });
  }

  /** Kills without warning, as a crash would. */
  async kill(): Promise<void> {
    const gone = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGKILL');
    await gone;
    await this.link?.stop();
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = new Promise((done) => this.child.once('exit', done));
      // The second signal ends a drain that waits for browsers which the test has already closed.
      this.child.kill('SIGTERM');
      const impatient = setTimeout(() => this.child.kill('SIGTERM'), 500);
      await gone;
      clearTimeout(impatient);
    }
    await this.link?.stop();
    if (this.ownsData) rmSync(this.data, { recursive: true, force: true });
  }
}
