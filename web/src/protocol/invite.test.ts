import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fragmentOf, type Invite, inviteLink, isOfMail, meetingOfPath, parseInvite, secretOfFragment } from './invite';

const origin = 'https://meet.example.org';
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const invites: fc.Arbitrary<Invite> = fc.record({
  meeting: fc.stringMatching(/^[a-z2-7]{32}$/),
  secret: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(base64url),
});

describe('invite link', () => {
  it('survives being written and read, whole or as a path', () => {
    fc.assert(
      fc.property(invites, (invite) => {
        const link = inviteLink(origin, invite.meeting, fragmentOf(invite.secret));

        expect(link).toMatch(/^https:\/\/meet\.example\.org\/m\/[a-z2-7]{32}#v1\.[\w-]{22}$/);
        expect(parseInvite(` ${link}\n`, origin)).toEqual(invite);
        expect(parseInvite(link.slice(origin.length), origin)).toEqual(invite);
      }),
    );
  });

  it('refuses other hosts, schemes, paths, versions and lengths', () => {
    const meeting = 'aibaeaqc'.repeat(4);
    const secret = base64url(new Uint8Array(16).fill(7));
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

  it('brings the invitation of a link for one person along, whole', () => {
    const secret = 'A'.repeat(22);
    expect(secretOfFragment(`#v1.${secret}.bm9uZQ`)).toBe(`${secret}.bm9uZQ`);
    for (const rest of ['.', '.a.b', '.=', '.ä', `.${'a'.repeat(321)}`])
      expect(secretOfFragment(`#v1.${secret}${rest}`), rest).toBeNull();
  });

  it('brings the key of a link that came by mail along, whole', () => {
    const key = base64url(new Uint8Array(32).fill(7));
    expect(secretOfFragment(`#v1.mail.${key}`)).toBe(`mail.${key}`);
    expect(isOfMail(`#v1.mail.${key}`)).toBe(true);
    expect(isOfMail(`#v1.${'A'.repeat(22)}`)).toBe(false);
    for (const rest of ['', `.${key}A`, `.${key.slice(1)}`, `.${key}.x`, '.'])
      expect(secretOfFragment(`#v1.mail${rest}`), rest).toBeNull();
  });

  it('reads path and fragment apart', () => {
    const meeting = 'a'.repeat(32);
    const secret = base64url(new Uint8Array(16));
    expect(meetingOfPath(`/m/${meeting}`)).toBe(meeting);
    expect(meetingOfPath('/')).toBeNull();
    expect(secretOfFragment(fragmentOf(secret))).toBe(secret);
    expect(secretOfFragment('')).toBeNull();
  });

  it('a secret is written in one form only', () => {
    const zeroes = 'A'.repeat(22);
    expect(secretOfFragment(`#v1.${zeroes}`)).toBe(zeroes);
    for (const secret of [`${'A'.repeat(21)}B`, `${zeroes}==`, `${'A'.repeat(21)}+`, `${'A'.repeat(21)}ä`]) {
      expect(secretOfFragment(`#v1.${secret}`), secret).toBeNull();
    }
  });

  it('no text that a person may paste makes it throw', () => {
    fc.assert(fc.property(fc.string(), (text) => parseInvite(text, origin) === null));
  });
});
