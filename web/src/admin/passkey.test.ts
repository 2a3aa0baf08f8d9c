import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, text } from './passkey';

describe('bytes on the wire', () => {
  it('survive base64url without padding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (value) => {
        const written = text(Uint8Array.from(value).buffer);

        expect(written).toMatch(/^[A-Za-z0-9_-]*$/);
        expect([...bytes(written)]).toEqual([...value]);
      }),
    );
  });
});
