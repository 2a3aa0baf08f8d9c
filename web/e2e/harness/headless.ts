// Somebody without a browser: `sabha-client`, which has none of the page's inputs and so none of their limits.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

export interface HeadlessOptions {
  name: string;
  /** Said in the chat once it is in. */
  says?: readonly string[];
  /** Of the meeting that it makes, if the link is for that. */
  title?: string;
}

export class Headless {
  /** The invite of the meeting that it made. */
  readonly invite: string | null;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, invite: string | null) {
    this.child = child;
    this.invite = invite;
  }

  /** Follows a link: knocks, and goes in once it is let in; or makes a meeting and lets everybody in. */
  static async join(link: string, { name, says = [], title }: HeadlessOptions): Promise<Headless> {
    const makes = link.includes('/new#');
    const args = ['join', link, '--name', name, '--publish', 'none', '--subscribe', 'none', '--suite', 'classical'];
    for (const text of says) args.push(`--say=${text}`);
    if (title) args.push(`--title=${title}`);
    const child = spawn(program(), args, { stdio: ['ignore', 'pipe', 'inherit'] });
    if (!makes) return new Headless(child, null);
    const first = await new Promise<string>((done, fail) => {
      createInterface({ input: child.stdout }).once('line', done);
      child.once('exit', (code) => fail(new Error(`sabha-client ended with ${code}`)));
    });
    return new Headless(child, (JSON.parse(first) as { invite: string }).invite);
  }

  async leave(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const gone = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGKILL');
    await gone;
  }
}

/** Follows a link that leads nowhere for this one. Returns the exit code and what the program reported. */
export async function refusedEntry(link: string, name: string): Promise<{ code: number | null; report: unknown }> {
  const child = spawn(program(), ['join', link, '--name', name, '--patience', '20', '--duration', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += String(chunk);
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, report: JSON.parse(said) };
}

/** Where `sabha-client` was built. */
export function program(): string {
  const root = resolve(import.meta.dirname, '../../..');
  const candidates = ['debug', 'release'].map((profile) => join(root, 'target', profile, 'sabha-client'));
  const found = candidates.find(existsSync);
  if (!found) throw new Error('no headless participant: run `cargo build --bin sabha-client` first');
  return found;
}
