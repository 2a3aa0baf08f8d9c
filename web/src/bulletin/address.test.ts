import { describe, expect, it } from 'vitest';
import { addressOf, type Place, placeIn } from './address';

const id = 'abcdefghijklmnopqrstuvwxyz'.replace(/[^a-z2-7]/g, '2');

describe('address of the desk', () => {
  it('each place has a fragment that names it', () => {
    const places: Place[] = [
      { page: 'inbox' },
      { page: 'incidents' },
      { page: 'people' },
      { page: 'notices' },
      { page: 'new', from: null },
      { page: 'new', from: id },
      { page: 'new', from: 'incident' },
      { page: 'edit', id },
      { page: 'document', id, revision: null },
      { page: 'document', id, revision: 12 },
    ];
    for (const place of places) expect(placeIn(addressOf(place))).toEqual(place);
  });

  it('what names nothing is the inbox', () => {
    for (const fragment of ['', '#', '#document/', `#document/${id}x`, `#document/${id}/0`, '#edit', '#admin']) {
      expect(placeIn(fragment)).toEqual({ page: 'inbox' });
    }
  });
});
