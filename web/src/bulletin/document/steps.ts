// What somebody can do next with a document. The server decides; this only does not offer what it would always refuse.

import type { BulletinDocument, BulletinRole, DocumentStep, RevisionStage } from '../../protocol/messages';

/** A step, or what leads to the page where one writes. */
export type Offer = DocumentStep | 'edit' | 'begin';

const AFTER: Record<RevisionStage, readonly (readonly [Offer, readonly BulletinRole[]])[]> = {
  draft: [
    ['submit', ['author']],
    ['edit', ['author']],
  ],
  review: [
    ['approve', ['reviewer']],
    ['return', ['author', 'reviewer', 'publisher']],
  ],
  approved: [
    ['publish_final', ['publisher']],
    ['publish_interim', ['publisher']],
    ['return', ['author', 'reviewer', 'publisher']],
  ],
  interim: [['begin', ['author']]],
  final: [['begin', ['author']]],
};

/**
 * Returns what somebody with these roles in the organisation that owns the document is offered. `said` is what the newest
 * revision says of itself (`document.tracking.status`): only the step that it says would be taken.
 */
export function offers(
  document: Pick<BulletinDocument, 'withdrawn' | 'revisions'>,
  roles: readonly BulletinRole[],
  said: string | null,
): Offer[] {
  const newest = document.revisions[0];
  if (!newest || document.withdrawn) return [];
  const is = (...wanted: readonly BulletinRole[]) => wanted.some((role) => roles.includes(role));
  const next = AFTER[newest.stage].filter(([, by]) => is(...by)).map(([offer]) => offer);
  const published = document.revisions.some(({ stage }) => stage === 'interim' || stage === 'final');
  if (published && is('publisher', 'administrator')) next.push('withdraw');
  const other = said === 'interim' ? 'publish_final' : 'publish_interim';
  return next.filter((offer) => offer !== other);
}
