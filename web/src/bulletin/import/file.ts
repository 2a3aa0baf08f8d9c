// A file that somebody imports: where it goes, and the draft that came of it, until it is written on.

import { bring, Refused } from '../../admin/api';
import type { ImportedDraft } from '../../protocol/messages';

/** Most bytes of a file that is imported, as the server has it: told before they travel. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** What prose is by the end of a name. Everything else the server sees by how it begins. */
const PROSE: readonly [RegExp, string][] = [
  [/\.x?html?$/i, 'html'],
  [/\.(md|te?xt)$/i, 'text'],
];

let held: ImportedDraft | null = null;

/** Returns the draft that was made last; null after the page was loaded anew. */
export function imported(): ImportedDraft | null {
  return held;
}

/** Returns the path to which a file goes. */
export function importPath(name: string): string {
  const from = PROSE.find(([end]) => end.test(name))?.[1];
  return from ? `bulletin/import?from=${from}` : 'bulletin/import';
}

/** Has the server make a draft of a file, and keeps it here. The server stores nothing. Throws `Refused`. */
export async function importFile(file: File): Promise<ImportedDraft> {
  if (file.size > FILE_BYTES_MAX) {
    const message = `the file has ${file.size} bytes, and ${FILE_BYTES_MAX} are the most`;
    throw new Refused('BULLETIN.CONTENT', { rule: 'BULLETIN.CONTENT', message });
  }
  held = await bring<ImportedDraft>(importPath(file.name), file);
  return held;
}
