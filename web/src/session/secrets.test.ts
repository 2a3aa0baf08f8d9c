import { describe, expect, it } from 'vitest';
import type { Sealed, Shelf } from '../e2ee/vault';
import { Secrets } from './secrets';

class MemoryShelf implements Shelf {
  readonly entries = new Map<string, Sealed>();
  #key: CryptoKey | null = null;

  async key(make: () => Promise<CryptoKey>) {
    this.#key ??= await make();
    return this.#key;
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

describe('secrets', () => {
  it('are given back as they were written, each under its meeting, until they are forgotten', async () => {
    const secrets = new Secrets(new MemoryShelf());
    await secrets.link('m').write('link of m');
    await secrets.resume('m').write('token of m');
    await secrets.link('n').write('link of n');
    expect(await secrets.link('m').read()).toBe('link of m');
    expect(await secrets.resume('m').read()).toBe('token of m');
    expect(await secrets.resume('n').read()).toBeNull();

    await secrets.forget('m');
    expect(await secrets.link('m').read()).toBeNull();
    expect(await secrets.resume('m').read()).toBeNull();
    expect(await secrets.link('n').read()).toBe('link of n');
  });

  it('do not stand in what is stored', async () => {
    const shelf = new MemoryShelf();
    await new Secrets(shelf).creationKey.write('a creation key');
    const [stored] = shelf.entries.values();
    expect(Buffer.from(stored?.bytes ?? new ArrayBuffer()).toString()).not.toContain('creation key');
  });

  it('the creation key outlasts any number of meetings', async () => {
    const secrets = new Secrets(new MemoryShelf());
    await secrets.creationKey.write('key');
    for (let count = 0; count < 410; count++) await secrets.link(`m${count}`).write('secret');
    expect(await secrets.creationKey.read()).toBe('key');
    expect(await secrets.link('m0').read()).toBeNull();
    expect(await secrets.link('m409').read()).toBe('secret');
  });

  it('a browser that keeps nothing costs only the remembering', async () => {
    const refuse = () => Promise.reject(new DOMException('blocked', 'SecurityError'));
    const secrets = new Secrets({ key: refuse, get: refuse, put: refuse, delete: refuse, all: refuse });
    await secrets.link('m').write('secret');
    expect(await secrets.link('m').read()).toBeNull();
    await secrets.forget('m');
  });
});
