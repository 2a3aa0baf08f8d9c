// Where something that must be nowhere might have been left: in what the server has, and in what a browser keeps.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

/** Shortest piece of a mark that counts as found, in bytes: what is left when the ends are cut to whole groups of base64. */
const PIECE_BYTES = 12;

/** Returns the forms in which a mark could stand somewhere: as it is, in UTF-16, and in base64 at each of its three offsets. */
function formsOf(mark: string): Buffer[] {
  const bytes = Buffer.from(mark);
  const offsets = [0, 1, 2].map((offset) => {
    const whole = bytes.subarray(offset, offset + Math.floor((bytes.length - offset) / 3) * 3);
    if (whole.length < PIECE_BYTES) throw new Error('the mark is too short to be told from chance');
    return whole;
  });
  return [
    bytes,
    Buffer.from(mark, 'utf16le'),
    ...offsets.map((piece) => Buffer.from(piece.toString('base64'))),
    ...offsets.map((piece) => Buffer.from(piece.toString('base64url'))),
  ];
}

/** Returns whether a mark stands in some bytes, in any form. */
export function holds(bytes: Buffer, mark: string): boolean {
  return formsOf(mark).some((form) => bytes.includes(form));
}

/** Returns the files under a folder that hold a mark. */
export function filesWith(folder: string, mark: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  return files.filter((path) => statSync(path).isFile() && holds(readFileSync(path), mark));
}

/** Returns everything that a page's origin has stored in its browser, and the page itself, as one text. */
export async function keptBy(page: Page): Promise<Buffer> {
  const kept = await page.evaluate(async () => {
    const parts: string[] = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie];
    const text = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);
    const write = (value: unknown): string => {
      if (value instanceof ArrayBuffer) return text(new Uint8Array(value));
      if (ArrayBuffer.isView(value)) return text(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      if (typeof value === 'object' && value !== null && !(value instanceof CryptoKey)) {
        return Object.entries(value)
          .map(([name, inner]) => `${name} ${write(inner)}`)
          .join('\n');
      }
      return String(value);
    };
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    for (const { name } of await indexedDB.databases()) {
      if (!name) continue;
      const database = await done(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        const values = await done(database.transaction(store).objectStore(store).getAll());
        parts.push(`${name}/${store}`, ...values.map(write));
      }
      database.close();
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        parts.push(request.url, (await (await cache.match(request))?.text()) ?? '');
      }
    }
    return parts.join('\n');
  });
  return Buffer.from(`${kept}\n${await page.content()}`, 'utf8');
}
