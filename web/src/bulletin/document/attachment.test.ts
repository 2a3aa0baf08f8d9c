import { describe, expect, it } from 'vitest';
import { attachmentPath } from './attachment';

describe('path of an attachment', () => {
  it('the end of the name says what a file is, before the browser does', () => {
    expect(attachmentPath('id', 'Report & more.PDF', 'application/x-unknown')).toBe(
      'bulletin/documents/id/attachments?name=Report+%26+more.PDF&media_type=application%2Fpdf',
    );
    for (const name of ['noend', 'constructor', 'a.toString']) {
      expect(attachmentPath('id', name, 'text/plain')).toContain('media_type=text%2Fplain');
    }
  });
});
