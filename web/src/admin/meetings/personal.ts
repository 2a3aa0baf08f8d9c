// Links for single people, made with a planned meeting: for whom, until when, and on how many devices.

import type { Guest } from '../../e2ee/maker';
import { limits } from '../../protocol/messages';

/** Most links that a meeting's device makes. */
export const PERSONAL_MAX = 32;
/** Longest time that such a link is good. */
const GOOD_MS = 31 * 24 * 3_600_000;
/** A computer and a telephone. */
const DEVICES = 2;

/** Returns who of `invited` gets a link to a meeting that ends at `endsMs`: nobody if it would be void before that. */
export function guestsOf(invited: readonly string[], endsMs: number, nowMs: number): Guest[] {
  if (!isInReach(endsMs, nowMs)) return [];
  return invited.map((address) => ({ name: nameOf(address), until_ms: endsMs, devices: DEVICES }));
}

/** Whether a link made at `nowMs` is still good when a meeting ends at `endsMs`. */
function isInReach(endsMs: number, nowMs: number): boolean {
  return endsMs <= nowMs + GOOD_MS;
}

/** What the host sees of who comes by the link: the address, as much of it as a name may have. */
function nameOf(address: string): string {
  return [...address].slice(0, limits.nameCharsMax).join('');
}
