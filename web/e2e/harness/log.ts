// What anybody makes of an exported log: `sabha-client verify-log`, asked from a test.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface CheckedLog {
  valid: boolean;
  admitted: number;
  /** Milliseconds since 1970; null if the log was exported before the end. */
  ended_ms: number | null;
}

/** Checks a file. Throws if it does not hold. */
export function checkLog(path: string): CheckedLog {
  return JSON.parse(
    execFileSync(program(), ['verify-log', '--output', 'json', path], { encoding: 'utf8' }),
  ) as CheckedLog;
}

function program(): string {
  const root = resolve(import.meta.dirname, '../../..');
  const candidates = ['debug', 'release'].map((profile) => join(root, 'target', profile, 'sabha-client'));
  const found = candidates.find(existsSync);
  if (!found) throw new Error('nothing to check logs with: run `cargo build -p sabha-client` first');
  return found;
}
