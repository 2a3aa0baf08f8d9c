// The vault's place in IndexedDB, the only store in which a browser keeps a key that it does not give out.

import type { Sealed, Shelf } from './vault';

const DATABASE = 'sabha';
const VERSION = 1;
const KEYS = 'keys';
const DEVICES = 'devices';
const VAULT_KEY = 'vault';

export class IndexedDbShelf implements Shelf {
  #opened: Promise<IDBDatabase> | null = null;

  async key(make: () => Promise<CryptoKey>): Promise<CryptoKey> {
    const read = (store: IDBObjectStore) => done<CryptoKey | undefined>(store.get(VAULT_KEY));
    const found = await this.#in(KEYS, 'readonly', read);
    if (found) return found;
    const made = await make();
    // Another window may have made one meanwhile: the first stays. A transaction cannot wait for WebCrypto.
    return this.#in(KEYS, 'readwrite', async (store) => {
      const first = await read(store);
      if (first) return first;
      await done(store.add(made, VAULT_KEY));
      return made;
    });
  }

  get(id: string): Promise<Sealed | undefined> {
    return this.#in(DEVICES, 'readonly', (store) => done<Sealed | undefined>(store.get(id)));
  }

  async put(sealed: Sealed): Promise<void> {
    await this.#in(DEVICES, 'readwrite', (store) => done(store.put(sealed)));
  }

  async delete(id: string): Promise<void> {
    await this.#in(DEVICES, 'readwrite', (store) => done(store.delete(id)));
  }

  all(): Promise<Sealed[]> {
    return this.#in(DEVICES, 'readonly', (store) => done<Sealed[]>(store.getAll()));
  }

  async #in<T>(name: string, mode: IDBTransactionMode, act: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    this.#opened ??= openDatabase();
    const transaction = (await this.#opened).transaction(name, mode);
    return act(transaction.objectStore(name));
  }
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(KEYS);
    request.result.createObjectStore(DEVICES, { keyPath: 'id' });
  };
  return done(request);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
