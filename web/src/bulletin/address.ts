// What the address of the desk says: which page, and of which document.

import type { DocumentId } from '../protocol/messages';

export const PAGES = ['inbox', 'new', 'import', 'incidents', 'people', 'notices'] as const;
export type Page = (typeof PAGES)[number];

export type Place =
  | { page: Exclude<Page, 'new'> }
  /** A new document; `from` names one whose text it begins with, that it reports an incident, or that it was imported. */
  | { page: 'new'; from: DocumentId | 'import' | 'incident' | null }
  | { page: 'document'; id: DocumentId; revision: number | null }
  | { page: 'edit'; id: DocumentId };

const ID = '[a-z2-7]{26}';

/** Returns what a fragment names; the inbox if it names nothing. */
export function placeIn(fragment: string): Place {
  const document = new RegExp(`^#document/(${ID})(?:/([1-9][0-9]{0,3}))?$`).exec(fragment);
  if (document?.[1]) {
    return { page: 'document', id: document[1], revision: document[2] ? Number(document[2]) : null };
  }
  const edit = new RegExp(`^#edit/(${ID})$`).exec(fragment);
  if (edit?.[1]) return { page: 'edit', id: edit[1] };
  const from = new RegExp(`^#new(?:/(${ID}|import|incident))?$`).exec(fragment);
  if (from) return { page: 'new', from: from[1] ?? null };
  const page = PAGES.find((one) => fragment === `#${one}`);
  return page && page !== 'new' ? { page } : { page: 'inbox' };
}

/** Returns the fragment that names a place. */
export function addressOf(place: Place): string {
  switch (place.page) {
    case 'document':
      return `#document/${place.id}${place.revision ? `/${place.revision}` : ''}`;
    case 'edit':
      return `#edit/${place.id}`;
    case 'new':
      return place.from ? `#new/${place.from}` : '#new';
    default:
      return `#${place.page}`;
  }
}
