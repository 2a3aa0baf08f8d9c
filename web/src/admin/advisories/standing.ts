// How advisories stand on this server, publisher by publisher.

import type { AdvisoryPolicy, OrganisationId, ProfileKey } from '../../protocol/messages';

/** How an advisory stands here. */
export type Standing = 'applied' | 'open' | 'refused' | 'superseded' | 'undone';

/** Returns how an advisory stands here. One whose later revision is published need not be applied any more. */
export function standingOf({ fate, superseded }: AdvisoryPolicy): Standing {
  if (fate?.in_force) return 'applied';
  if (superseded) return 'superseded';
  if (!fate) return 'open';
  return fate.not_followed ? 'refused' : 'undone';
}

/** What one publisher has published. */
export interface Shelf {
  publisher: OrganisationId;
  name: string;
  /** The newest first. */
  advisories: AdvisoryPolicy[];
  /** How many of them are in force here. */
  applied: number;
  /** How many there are to apply: what is superseded and not in force is not. */
  counted: number;
}

/** Returns advisories by their publishers, in the order of names. */
export function shelves(advisories: readonly AdvisoryPolicy[]): Shelf[] {
  const found = new Map<OrganisationId, Shelf>();
  for (const advisory of advisories) {
    const { publisher, publisher_name: name } = advisory;
    const shelf = found.get(publisher) ?? { publisher, name, advisories: [], applied: 0, counted: 0 };
    found.set(publisher, shelf);
    const standing = standingOf(advisory);
    shelf.advisories.push(advisory);
    shelf.applied += standing === 'applied' ? 1 : 0;
    shelf.counted += standing === 'superseded' ? 0 : 1;
  }
  return [...found.values()].sort((one, other) => one.name.localeCompare(other.name));
}

/** How long what came by itself is told at the top of the page, in milliseconds: two weeks. */
const NOTICE_MS = 14 * 24 * 60 * 60 * 1000;

/** Returns what came of followed publishers lately, applied or not, the last first: nobody's hand was in it. */
export function arrivals(advisories: readonly AdvisoryPolicy[], nowMs: number): AdvisoryPolicy[] {
  const at = ({ fate }: AdvisoryPolicy) => (fate?.followed ? fate.at_ms : 0);
  return advisories.filter((one) => at(one) > nowMs - NOTICE_MS).sort((one, other) => at(other) - at(one));
}

/** Returns the key of a publisher's newest advisory, for somebody to compare; empty where none is known. */
export function keyOf(advisories: readonly AdvisoryPolicy[], publisher: OrganisationId): ProfileKey {
  return advisories.find((advisory) => advisory.publisher === publisher)?.profile.key ?? '';
}
