// What this browser remembers in secret: sealed under a key that it does not give out (`e2ee/vault.ts`), beside the
// devices themselves, which their worker keeps.
//
// The link of a meeting, so that a reload does not lose it once it is erased from the address bar; the newest token of
// the place held there; and the right to make meetings. A browser that keeps nothing costs only the remembering.

import { IndexedDbShelf } from '../e2ee/shelf';
import { type Shelf, Vault } from '../e2ee/vault';
import type { CreationKey, MeetingId, ResumeToken } from '../protocol/messages';

/** The creation key never goes to make room, so it counts as kept at the end of time (milliseconds since 1970). */
const FOR_GOOD_MS = Number.MAX_SAFE_INTEGER;

/** One secret. What cannot be read is as good as nothing. */
export interface Secret<T extends string> {
  read(): Promise<T | null>;
  write(value: T): Promise<void>;
  forget(): Promise<void>;
}

export class Secrets {
  readonly creationKey: Secret<CreationKey>;
  readonly #vault: Vault;

  constructor(shelf: Shelf = new IndexedDbShelf()) {
    this.#vault = new Vault(shelf);
    this.creationKey = this.#secret('creation key', () => FOR_GOOD_MS);
  }

  /** The secret of a meeting's link, in base64url. */
  link(meeting: MeetingId): Secret<string> {
    return this.#secret(`link ${meeting}`, Date.now);
  }

  /** The newest token of the place held in a meeting. */
  resume(meeting: MeetingId): Secret<ResumeToken> {
    return this.#secret(`resume ${meeting}`, Date.now);
  }

  /** Nothing of a meeting stays. */
  async forget(meeting: MeetingId): Promise<void> {
    await Promise.all([this.link(meeting).forget(), this.resume(meeting).forget()]);
  }

  #secret<T extends string>(id: string, keptAtMs: () => number): Secret<T> {
    return {
      read: async () => {
        const bytes = await this.#vault.open(id);
        return bytes && bytes.length > 0 ? (new TextDecoder().decode(bytes) as T) : null;
      },
      write: async (value) => {
        await this.#vault.seal(id, new TextEncoder().encode(value), keptAtMs());
      },
      forget: () => this.#vault.forget(id),
    };
  }
}
