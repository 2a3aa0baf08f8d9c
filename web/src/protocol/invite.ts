// The invite link: `https://host/m/<meeting_id>#v1.<secret>`, with `.<invitation>` at its end if it was made for one
// person; `#v1.mail.<key>` if it came by mail. The fragment never leaves the browser.
//
// Only reads and writes it. What its holders derive from the secret is the device's business (crates/crypto/src/link.rs).

import { FRAGMENT_PREFIX, limits, type MeetingId } from './messages';

/** What it says is read by the device, which knows what must be in it. */
const INVITATION = /^[A-Za-z0-9_-]{1,320}$/;
/** Stands where the secret is in a link that came by mail, whose key the device reads. */
const MAIL = 'mail';
const MAIL_KEY_BYTES = 32;
const MEETING_PATH = /^\/m\/([a-z2-7]{32})\/?$/;

/** What an invite link holds. */
export interface Invite {
  meeting: MeetingId;
  /** 16 bytes in base64url without padding; with a dot and the invitation after it in a link for one person; `mail.` and a key in one that came by mail. */
  secret: string;
}

/** Returns the whole link to a meeting on the server at `origin`; `fragment` begins with `#`. */
export function inviteLink(origin: string, meeting: MeetingId, fragment: string): string {
  return `${origin}/m/${meeting}${fragment}`;
}

/** Returns the fragment that brings `secret`, with `#`. */
export function fragmentOf(secret: string): string {
  return `#${FRAGMENT_PREFIX}${secret}`;
}

/** Whether a fragment is of a link that came by mail, which lacks the meeting's secret. */
export function isOfMail(fragment: string): boolean {
  return fragment.startsWith(fragmentOf(`${MAIL}.`));
}

/** Returns the meeting a path such as `/m/<meeting_id>` names, or null. */
export function meetingOfPath(path: string): MeetingId | null {
  return MEETING_PATH.exec(path)?.[1] ?? null;
}

/** Returns the secret in a fragment such as `#v1.<secret>`, or null if it is none of this version. */
export function secretOfFragment(fragment: string): string | null {
  const text = fragment.replace(/^#/, '');
  if (!text.startsWith(FRAGMENT_PREFIX)) return null;
  const [secret = '', invitation, more] = text.slice(FRAGMENT_PREFIX.length).split('.');
  if (secret === MAIL) {
    const isKey = more === undefined && invitation !== undefined && isBase64url(invitation, MAIL_KEY_BYTES);
    return isKey ? `${MAIL}.${invitation}` : null;
  }
  const isWhole = more === undefined && (invitation === undefined || INVITATION.test(invitation));
  if (!isWhole || !isBase64url(secret, limits.linkSecretBytes)) return null;
  return invitation === undefined ? secret : `${secret}.${invitation}`;
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

/** Whether `text` is `length` bytes in base64url without padding, in the one form in which they are written. */
function isBase64url(text: string, length: number): boolean {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length !== Math.ceil((length * 4) / 3)) return false;
  const inBase64 = text.replaceAll('-', '+').replaceAll('_', '/');
  return btoa(atob(inBase64)).replaceAll('=', '') === inBase64;
}
