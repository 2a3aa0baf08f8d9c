// What this browser keeps of the plans that were made in it: titles, links and who is invited, sealed as the devices themselves are. The
// server has none of it.

import { IndexedDbShelf } from '../../e2ee/shelf';
import { type Shelf, Vault } from '../../e2ee/vault';
import type { ControlSettings, MeetingId, PlanId } from '../../protocol/messages';

/** A link of one person's own. */
export interface PersonalLink {
  /** Whose. */
  name: string;
  /** What comes after the path in it. */
  link: string;
}

export interface KeptPlan {
  title: string | null;
  /** What comes after the path in each meeting's link. */
  links: Record<MeetingId, string>;
  /** Links of single people to each meeting. */
  personal: Record<MeetingId, PersonalLink[]>;
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
const NOT_KEPT: Pick<KeptPlan, 'passcode' | 'byMail' | 'controls' | 'personal'> = {
  passcode: null,
  byMail: false,
  controls: [],
  personal: {},
};

function name(id: PlanId): string {
  return `plan ${id}`;
}

function isKept(value: unknown): value is Omit<KeptPlan, keyof typeof NOT_KEPT> & Partial<KeptPlan> {
  if (typeof value !== 'object' || value === null) return false;
  const { title, links, invited, passcode, byMail, controls, personal } = value as Record<string, unknown>;
  return (
    (title === null || isText(title)) &&
    typeof links === 'object' &&
    links !== null &&
    Object.values(links).every(isText) &&
    Array.isArray(invited) &&
    invited.every(isText) &&
    (passcode === undefined || passcode === null || isText(passcode)) &&
    (byMail === undefined || typeof byMail === 'boolean') &&
    (controls === undefined || Array.isArray(controls)) &&
    (personal === undefined || isPersonal(personal))
  );
}

function isPersonal(value: unknown): boolean {
  const isLink = (one: unknown) =>
    typeof one === 'object' && one !== null && 'name' in one && isText(one.name) && 'link' in one && isText(one.link);
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((list) => Array.isArray(list) && list.every(isLink))
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
