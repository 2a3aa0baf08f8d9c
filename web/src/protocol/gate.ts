// The invite link, and what it lets a guest show: that it has the link (crates/protocol/src/gate.rs).
//
// `https://host/m/<meeting_id>#v1.<secret>`; the fragment never leaves the browser. The server is shown
// `gate_key = HKDF-SHA256(ikm = secret, salt = meeting id bytes, info = "sabha gate v1")` (RFC 5869), and cannot
// learn the secret from it. Nothing here keeps or sends anything.

import { FRAGMENT_PREFIX, type GateKey, limits, type MeetingId } from './messages';

const MEETING_ID_BYTES = 20;
const GATE_KEY_BYTES = 32;
/** RFC 4648 section 6, in lower case. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const MEETING_PATH = /^\/m\/([a-z2-7]{32})\/?$/;

/** What an invite link holds. */
export interface Invite {
  meeting: MeetingId;
  /** Base64url without padding, 16 bytes. */
  secret: string;
}

/** Draws a fresh meeting: its id and its secret. */
export function drawInvite(): Invite {
  return {
    meeting: base32(crypto.getRandomValues(new Uint8Array(MEETING_ID_BYTES))),
    secret: base64url(crypto.getRandomValues(new Uint8Array(limits.linkSecretBytes))),
  };
}

/** Returns the whole link of `invite` on the server at `origin`. */
export function inviteLink(origin: string, invite: Invite): string {
  return `${origin}/m/${invite.meeting}#${FRAGMENT_PREFIX}${invite.secret}`;
}

/** Returns the meeting a path such as `/m/<meeting_id>` names, or null. */
export function meetingOfPath(path: string): MeetingId | null {
  return MEETING_PATH.exec(path)?.[1] ?? null;
}

/** Returns the secret in a fragment such as `#v1.<secret>`, or null if it is none of this version. */
export function secretOfFragment(fragment: string): string | null {
  const text = fragment.replace(/^#/, '');
  if (!text.startsWith(FRAGMENT_PREFIX)) return null;
  const secret = text.slice(FRAGMENT_PREFIX.length);
  return bytesOfBase64url(secret)?.length === limits.linkSecretBytes ? secret : null;
}

/** Reads what a person pasted: a whole link to the server at `origin`, or its path. Null if it is neither. */
export function parseInvite(text: string, origin: string): Invite | null {
  let url: URL;
  try {
    url = new URL(text.trim(), origin);
  } catch {
    return null;
  }
  if (url.origin !== origin) return null;
  const meeting = meetingOfPath(url.pathname);
  const secret = secretOfFragment(url.hash);
  return meeting !== null && secret !== null ? { meeting, secret } : null;
}

/** Derives what a guest shows at the gate of the meeting. Fails for an invite that this module did not make or parse. */
export async function gateKey(invite: Invite): Promise<GateKey> {
  const secret = bytesOfBase64url(invite.secret);
  if (!secret) throw new TypeError('the secret is not base64url');
  const ikm = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const info = new TextEncoder().encode('sabha gate v1');
  const salt = bytesOfBase32(invite.meeting);
  const bits = await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, ikm, GATE_KEY_BYTES * 8);
  return base64url(new Uint8Array(bits));
}

/** Encodes without padding (RFC 4648 section 5). */
export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Decodes base64url without padding; null if `text` is anything else, non-canonical endings included. */
export function bytesOfBase64url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
  return base64url(bytes) === text ? bytes : null;
}

/** Encodes a multiple of 5 bytes, so that no padding arises. */
function base32(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return bits.replace(/.{5}/g, (five) => BASE32.charAt(Number.parseInt(five, 2)));
}

function bytesOfBase32(text: string): Uint8Array<ArrayBuffer> {
  let bits = '';
  for (const char of text) bits += BASE32.indexOf(char).toString(2).padStart(5, '0');
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}
