// Who is invited: addresses as they are typed or pasted. They stay in this browser, and go into calendar files only.

import { limits } from '../../protocol/messages';

/** Most who are invited to one meeting. */
export const INVITED_MAX = 100;
/** Longest address, in bytes (RFC 5321 section 4.5.3.1.3 less its angle brackets). */
const ADDRESS_BYTES_MAX = 254;
/** Something on both sides of one `@`, without what ends an address in a list. */
const ADDRESS = /^[^\s@,;:<>()[\]"\\]+@[^\s@,;:<>()[\]"\\]+$/u;

export type Invited = { addresses: string[] } | { wrong: string } | { tooMany: true };

/** Reads addresses, apart by blanks, commas, semicolons or lines. Twice the same is once. */
export function readInvited(text: string): Invited {
  const words = text.split(/[\s,;]+/u).filter((word) => word !== '');
  const addresses = [...new Set(words.map((word) => word.replace(/^<(.*)>$/u, '$1').toLowerCase()))];
  if (addresses.length > INVITED_MAX) return { tooMany: true };
  const wrong = addresses.find((address) => !isAddress(address));
  return wrong === undefined ? { addresses } : { wrong: wrong.slice(0, limits.nameCharsMax) };
}

function isAddress(text: string): boolean {
  return ADDRESS.test(text) && !/\p{C}/u.test(text) && new TextEncoder().encode(text).length <= ADDRESS_BYTES_MAX;
}
