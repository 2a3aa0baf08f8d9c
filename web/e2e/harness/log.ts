// What anybody makes of a file that a meeting or a server gave out: `sabha-client verify`, asked from a test.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface CheckedFile {
  valid: boolean;
  kind?: 'audit_log' | 'meeting_certificate' | 'meeting_log' | 'policy_profile';
  error?: string;
}

export interface CheckedLog extends CheckedFile {
  admitted: number;
  /** Milliseconds since 1970; null if the log was exported before the end. */
  ended_ms: number | null;
}

export interface CheckedCertificate extends CheckedFile {
  meeting: string;
  log_checked: boolean;
  keeps_log: boolean;
  record_full: boolean;
  changes: readonly { what: readonly string[] }[];
  countersigned: readonly { device: string }[];
}

/** Checks a log. Throws if it does not hold. */
export function checkLog(path: string): CheckedLog {
  const checked = check(path);
  if (!checked.valid) throw new Error(checked.error);
  return checked as CheckedLog;
}

/** Checks a file, and says what came of it. */
export function check(path: string, ...more: string[]): CheckedFile {
  const { status, stdout } = spawnSync(program(), ['verify', '--output', 'json', path, ...more], { encoding: 'utf8' });
  const checked = JSON.parse(stdout) as CheckedFile;
  if (checked.valid !== (status === 0)) throw new Error(`exit code ${status} for ${stdout}`);
  return checked;
}

/** The headless client, as it was built. */
export function program(): string {
  const root = resolve(import.meta.dirname, '../../..');
  const candidates = ['debug', 'release'].map((profile) => join(root, 'target', profile, 'sabha-client'));
  const found = candidates.find(existsSync);
  if (!found) throw new Error('nothing to check files with: run `cargo build -p sabha-client` first');
  return found;
}
