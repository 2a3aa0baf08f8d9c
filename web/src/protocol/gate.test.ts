import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vector from '../../../crates/protocol/vectors/gate_key.txt?raw';
import {
  base64url,
  bytesOfBase64url,
  drawInvite,
  gateKey,
  inviteLink,
  meetingOfPath,
  parseInvite,
  secretOfFragment,
} from './gate';

const origin = 'https://meet.example.org';

describe('invite link', () => {
  it('gate key matches the vector that the server checks too', async () => {
    // 20 bytes of 2 and 16 bytes of 1.
    const invite = { meeting: 'aibaeaqc'.repeat(4), secret: base64url(new Uint8Array(16).fill(1)) };
    expect(await gateKey(invite)).toBe(vector.trim());
  });

  it('a drawn invite survives its link, whole or as a path', () => {
    const invite = drawInvite();
    const link = inviteLink(origin, invite);

    expect(link).toMatch(/^https:\/\/meet\.example\.org\/m\/[a-z2-7]{32}#v1\.[\w-]{22}$/);
    expect(parseInvite(` ${link}\n`, origin)).toEqual(invite);
    expect(parseInvite(link.slice(origin.length), origin)).toEqual(invite);
    expect(drawInvite().meeting).not.toBe(invite.meeting);
  });

  it('refuses other hosts, schemes, paths, versions and lengths', () => {
    const { meeting, secret } = drawInvite();
    for (const text of [
      '',
      'javascript:alert(1)',
      `https://evil.example/m/${meeting}#v1.${secret}`,
      `${origin}/m/${meeting}`,
      `${origin}/m/${meeting}#v2.${secret}`,
      `${origin}/m/${meeting}#v1.${secret}A`,
      `${origin}/m/${meeting}#v1.${secret.slice(1)}`,
      `${origin}/m/${meeting.toUpperCase()}#v1.${secret}`,
      `${origin}/m/${meeting.slice(1)}#v1.${secret}`,
      `${origin}/n/${meeting}#v1.${secret}`,
    ]) {
      expect(parseInvite(text, origin), text).toBeNull();
    }
  });

  it('reads path and fragment apart', () => {
    const { meeting, secret } = drawInvite();
    expect(meetingOfPath(`/m/${meeting}`)).toBe(meeting);
    expect(meetingOfPath('/')).toBeNull();
    expect(secretOfFragment(`#v1.${secret}`)).toBe(secret);
    expect(secretOfFragment('')).toBeNull();
  });

  it('no text that a person may paste makes it throw', () => {
    fc.assert(fc.property(fc.string(), (text) => parseInvite(text, origin) === null));
  });

  it('bytes survive base64url, and only the canonical text is accepted', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(bytesOfBase64url(base64url(bytes))).toEqual(bytes);
      }),
    );
    for (const text of ['A', 'AB', '+/', 'AA==', 'ä']) expect(bytesOfBase64url(text)).toBeNull();
  });
});
