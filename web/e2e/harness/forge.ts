// What a malicious server could make of what it sees: `crates/sim/examples/forge.rs`, asked from a test.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DeviceKey, GroupEpoch, GroupInfo, HandshakeMessage, RatchetTree } from '../../src/protocol/messages.ts';

export interface Forged {
  epoch: GroupEpoch;
  /** The ghost's. */
  device: DeviceKey;
  commit: HandshakeMessage;
}

/** Makes a commit by which somebody whom no host has admitted enters the group. */
export function forge(link: string, group_info: GroupInfo, tree: RatchetTree): Forged {
  const url = new URL(link);
  const meeting = url.pathname.split('/').at(-1);
  const input = JSON.stringify({ meeting, link: url.hash, group_info, tree });
  return JSON.parse(execFileSync(program(), { input, encoding: 'utf8' })) as Forged;
}

function program(): string {
  const root = resolve(import.meta.dirname, '../../..');
  const candidates = ['debug', 'release'].map((profile) => join(root, 'target', profile, 'examples/forge'));
  const found = candidates.find(existsSync);
  if (!found) throw new Error('no program to forge with: run `cargo build -p sabha-sim --example forge` first');
  return found;
}
