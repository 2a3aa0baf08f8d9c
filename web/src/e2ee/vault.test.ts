import { describe, expect, it } from 'vitest';
import { type Sealed, type Shelf, Vault } from './vault';

class MemoryShelf implements Shelf {
  made: CryptoKey | null = null;
  readonly entries = new Map<string, Sealed>();

  async key(make: () => Promise<CryptoKey>) {
    this.made ??= await make();
    return this.made;
  }
  async get(id: string) {
    return this.entries.get(id);
  }
  async put(sealed: Sealed) {
    this.entries.set(sealed.id, sealed);
  }
  async delete(id: string) {
    this.entries.delete(id);
  }
  async all() {
    return [...this.entries.values()];
  }
}

const seed = Uint8Array.from({ length: 32 }, (_, index) => index);

describe('vault', () => {
  it('gives back what it was given, and what is stored does not show it', async () => {
    const shelf = new MemoryShelf();
    const vault = new Vault(shelf);

    expect(await vault.seal('a', seed, 1)).toBe(true);
    expect(await vault.open('a')).toEqual(seed);
    expect(Buffer.from(shelf.entries.get('a')?.bytes ?? new ArrayBuffer()).includes(seed.subarray(0, 8))).toBe(false);
    expect(shelf.made?.extractable).toBe(false);
  });

  it('what was forgotten, changed or put under another meeting does not open', async () => {
    const shelf = new MemoryShelf();
    const vault = new Vault(shelf);
    await vault.seal('a', seed, 1);
    const sealed = shelf.entries.get('a') as Sealed;

    shelf.entries.set('b', { ...sealed, id: 'b' });
    expect(await vault.open('b')).toBeNull();
    shelf.entries.set('a', { ...sealed, bytes: sealed.bytes.slice(1) });
    expect(await vault.open('a')).toBeNull();
    await vault.forget('a');
    expect(await vault.open('a')).toBeNull();
    expect(await vault.open('c')).toBeNull();
  });

  it('keeps 400 entries and lets the oldest go', async () => {
    const shelf = new MemoryShelf();
    const vault = new Vault(shelf);
    for (let index = 0; index < 402; index++) await vault.seal(String(index), seed, index === 3 ? 999 : index);

    expect(shelf.entries.size).toBe(400);
    expect(['0', '1', '2', '3'].filter((id) => shelf.entries.has(id))).toEqual(['2', '3']);
  });

  it('a browser that stores nothing costs the remembering only', async () => {
    const refusal = () => Promise.reject(new Error('storage is off'));
    const vault = new Vault({ key: refusal, get: refusal, put: refusal, delete: refusal, all: refusal });

    expect(await vault.seal('a', seed, 1)).toBe(false);
    expect(await vault.open('a')).toBeNull();
    await vault.forget('a');
  });
});
