// What this browser remembers of its devices across a reload: each sealed under a key that the browser keeps and does
// not give out. That guards against copies of the stored data, not against a hostile script in the page, which can
// ask for the same things as we do.
//
// Where the browser stores nothing, as some private windows, only the remembering is lost: `open` finds nothing.

/**
 * Entries kept; beyond that the one kept longest ago goes. A meeting's device is of use for minutes or days; those of
 * planned meetings, of which a user has at most 240, count as kept when their meeting begins.
 */
const ENTRIES_MAX = 400;
const NONCE_BYTES = 12;

/** One device, as it is stored. */
export interface Sealed {
  id: string;
  nonce: Uint8Array<ArrayBuffer>;
  bytes: ArrayBuffer;
  /** Milliseconds since 1970. */
  keptAt: number;
}

/** Where sealed devices lie. Every method may fail. */
export interface Shelf {
  /** Returns the key of this origin; makes it with `make` if there is none, once for all windows. */
  key(make: () => Promise<CryptoKey>): Promise<CryptoKey>;
  get(id: string): Promise<Sealed | undefined>;
  put(sealed: Sealed): Promise<void>;
  delete(id: string): Promise<void>;
  all(): Promise<Sealed[]>;
}

export class Vault {
  readonly #shelf: Shelf;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /** Keeps `bytes` under `id` in place of what was there. Returns false if this browser cannot. */
  async seal(id: string, bytes: Uint8Array<ArrayBuffer>, now: number): Promise<boolean> {
    try {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const sealed = await crypto.subtle.encrypt(parameters(id, nonce), await this.#key(), bytes);
      await this.#shelf.put({ id, nonce, bytes: sealed, keptAt: now });
      await this.#prune();
      return true;
    } catch {
      return false;
    }
  }

  /** Returns what was kept under `id`, or null. */
  async open(id: string): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const sealed = await this.#shelf.get(id);
      if (!sealed) return null;
      const opened = await crypto.subtle.decrypt(parameters(id, sealed.nonce), await this.#key(), sealed.bytes);
      return new Uint8Array(opened);
    } catch {
      return null;
    }
  }

  async forget(id: string): Promise<void> {
    await this.#shelf.delete(id).catch(() => undefined);
  }

  #key(): Promise<CryptoKey> {
    return this.#shelf.key(() =>
      crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']),
    );
  }

  async #prune(): Promise<void> {
    const oldestFirst = (await this.#shelf.all()).toSorted((a, b) => a.keptAt - b.keptAt);
    for (const { id } of oldestFirst.slice(0, Math.max(0, oldestFirst.length - ENTRIES_MAX))) {
      await this.#shelf.delete(id);
    }
  }
}

/** What is sealed for one meeting does not open as another's. */
function parameters(id: string, nonce: Uint8Array<ArrayBuffer>): AesGcmParams {
  return { name: 'AES-GCM', iv: nonce, additionalData: new TextEncoder().encode(id) };
}
