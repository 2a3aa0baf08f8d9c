// Links in what people write. Only https, only what is wholly visible: a link that names one host and leads to
// another, a program, a file share or another scheme stays plain text.

import { skeleton } from '../../call/likeness';

export interface Piece {
  text: string;
  /** Where it leads, if it is a link. */
  href: string | null;
}

/** Nothing invisible in it, and nothing right before it of which it would be a part: an address within another is not shown as one. */
const CANDIDATE = /(?<![\p{L}\p{N}:|/\\@=&%#])https:\/\/[^\s\p{Cf}<>"'\\]+/giu;
/** What ends a sentence rather than a link. */
const TRAILING = /[.,;:!?…'")\]}»”’]+$/u;

/** Returns the text in pieces, plain ones and links, which together are the text again. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(CANDIDATE)) {
    const link = trimmed(found);
    const href = hrefOf(link);
    if (href === null) continue;
    if (index > from) pieces.push({ text: text.slice(from, index), href: null });
    pieces.push({ text: link, href });
    from = index + link.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), href: null });
  return pieces;
}

/** Leaves a closing bracket that the link itself opened, as in `/wiki/Sabha_(assembly)`. */
function trimmed(found: string): string {
  const link = found.replace(TRAILING, '');
  const rest = found.slice(link.length);
  return rest.startsWith(')') && link.includes('(') && !link.includes(')') ? `${link})` : link;
}

function hrefOf(link: string): string | null {
  if (!URL.canParse(link)) return null;
  const url = new URL(link);
  // What stands before an @ looks like a host and is none.
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return null;
  return passesForAnother(link, url) ? null : url.href;
}

/** Whether a host with letters of another script is drawn like one of ASCII: a name in Devanagari is not, a Cyrillic one may be. */
function passesForAnother(link: string, { hostname }: URL): boolean {
  if (!/(^|\.)xn--/.test(hostname)) return false;
  const typed = /^https:\/\/([^/?#]*)/i.exec(link)?.[1] ?? '';
  return /(?!\p{sc=Latin})\p{L}/u.test(typed) && /^[ -~]*$/.test(skeleton(typed));
}
