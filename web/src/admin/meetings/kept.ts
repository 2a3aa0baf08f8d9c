// What this browser keeps of the plans that were made in it: titles, links and who is invited, sealed as the devices themselves are. The
// server has none of it.

import { IndexedDbShelf } from '../../e2ee/shelf';
import { type Shelf, Vault } from '../../e2ee/vault';
import type { ControlSettings, MeetingId, PlanId } from '../../protocol/messages';

export interface KeptPlan {
  title: string | null;
  /** What comes after the path in each meeting's link. */
  links: Record<MeetingId, string>;
  /** Addresses of who is invited. */
  invited: string[];
  /** The passcode that the meetings begin with, to be told to who is invited. */
  passcode: string | null;
  /** Whether their devices take who comes by mail. */
  byMail: boolean;
  /** What they begin with beyond the floor. */
  controls: ControlSettings;
}

export class KeptPlans {
  readonly #vault: Vault;

  constructor(shelf: Shelf = new IndexedDbShelf()) {
    this.#vault = new Vault(shelf);
  }

  /** Returns what is kept of a plan, or null if it was made elsewhere. */
  async read(id: PlanId): Promise<KeptPlan | null> {
    const bytes = await this.#vault.open(name(id));
    if (!bytes) return null;
    try {
      const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
      return isKept(value) ? { ...NOT_KEPT, ...value } : null;
    } catch {
      return null;
    }
  }

  /** Keeps a plan until `lastMs`, when its last meeting begins. Returns false if this browser cannot. */
  write(id: PlanId, plan: KeptPlan, lastMs: number): Promise<boolean> {
    return this.#vault.seal(name(id), new TextEncoder().encode(JSON.stringify(plan)), lastMs);
  }
}

/** What earlier versions did not keep. */
const NOT_KEPT: Pick<KeptPlan, 'passcode' | 'byMail' | 'controls'> = { passcode: null, byMail: false, controls: [] };

function name(id: PlanId): string {
  return `plan ${id}`;
}

function isKept(value: unknown): value is Omit<KeptPlan, keyof typeof NOT_KEPT> & Partial<KeptPlan> {
  if (typeof value !== 'object' || value === null) return false;
  const { title, links, invited, passcode, byMail, controls } = value as Record<string, unknown>;
  return (
    (title === null || isText(title)) &&
    typeof links === 'object' &&
    links !== null &&
    Object.values(links).every(isText) &&
    Array.isArray(invited) &&
    invited.every(isText) &&
    (passcode === undefined || passcode === null || isText(passcode)) &&
    (byMail === undefined || typeof byMail === 'boolean') &&
    (controls === undefined || Array.isArray(controls))
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
