// What the address of the page says: which page, or which one-time link was followed.

import type { DocumentId, LinkToken, ProviderAnswer } from '../protocol/messages';

export const PAGES = ['meetings', 'users', 'policy', 'advisories', 'live', 'health', 'audit', 'account'] as const;
export type Page = (typeof PAGES)[number];

/** Returns the token of a one-time link, or null: `#setup.<token>`, `#invite.<token>` or `#recover.<token>`. */
export function tokenIn(fragment: string): LinkToken | null {
  return /^#(?:setup|invite|recover)\.([A-Za-z0-9_-]{43})$/.exec(fragment)?.[1] ?? null;
}

/** Returns what the identity provider has sent back with the browser: its answer, that it said no, or nothing. */
export function answerIn(query: string): ProviderAnswer | 'declined' | null {
  const said = new URLSearchParams(query);
  const [code, state] = [said.get('code'), said.get('state')];
  if (!state) return null;
  if (!code) return 'declined';
  const iss = said.get('iss');
  return iss ? { code, state, iss } : { code, state };
}

/** Returns the page that a fragment names, or null. */
export function pageIn(fragment: string): Page | null {
  if (advisoryIn(fragment)) return 'advisories';
  return PAGES.find((page) => fragment === `#${page}`) ?? null;
}

/** Returns the revision of an advisory that a fragment names, or null: `#advisories/<document>/<revision>`. */
export function advisoryIn(fragment: string): { document: DocumentId; revision: number } | null {
  const [, document, revision] = /^#advisories\/([a-z2-7]{26})\/([1-9][0-9]{0,2})$/.exec(fragment) ?? [];
  return document && revision ? { document, revision: Number(revision) } : null;
}

/** Returns the same address under the name `localhost`, if it has this machine by number; otherwise null. */
export function atItsName(address: string): string | null {
  const url = new URL(address);
  if (url.hostname !== '127.0.0.1' && url.hostname !== '[::1]') return null;
  url.hostname = 'localhost';
  return url.href;
}
