// Where a file is brought to, and as what.

import type { AttachmentType, DocumentId } from '../../protocol/messages';

/** Types by the end of a name: browsers say of some files nothing, or something of their own. */
const TYPES: ReadonlyMap<string, AttachmentType> = new Map([
  ['csv', 'text/csv'],
  ['jpeg', 'image/jpeg'],
  ['jpg', 'image/jpeg'],
  ['json', 'application/json'],
  ['pdf', 'application/pdf'],
  ['png', 'image/png'],
  ['txt', 'text/plain'],
  ['zip', 'application/zip'],
]);

/** Returns the path to which a file goes. What has no known end is said to be what the browser says, and the server decides. */
export function attachmentPath(document: DocumentId, name: string, type: string): string {
  const end = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  const query = new URLSearchParams({ name, media_type: TYPES.get(end) ?? type });
  return `bulletin/documents/${document}/attachments?${query}`;
}
