import { describe, expect, it } from 'vitest';
import { advisoryIn, answerIn, atItsName, pageIn, tokenIn } from './address';

const token = 'A'.repeat(43);

describe('address', () => {
  it('a one-time link carries a token of the right form and nothing else', () => {
    expect(tokenIn(`#setup.${token}`)).toBe(token);
    expect(tokenIn(`#invite.${token}`)).toBe(token);
    for (const wrong of ['', '#users', `#setup.${token}A`, `#other.${token}`, `#setup.${token}&x`, '#setup.'])
      expect(tokenIn(wrong)).toBeNull();
  });

  it('an answer of the identity provider has a state, and a code unless it said no', () => {
    expect(answerIn('?code=c&state=s')).toEqual({ code: 'c', state: 's' });
    expect(answerIn('?code=c&state=s&iss=https%3A%2F%2Fa')).toEqual({ code: 'c', state: 's', iss: 'https://a' });
    expect(answerIn('?error=access_denied&state=s')).toBe('declined');
    for (const nothing of ['', '?code=c', '?x=y']) expect(answerIn(nothing)).toBeNull();
  });

  it('a page is one of the pages', () => {
    expect(pageIn('#audit')).toBe('audit');
    expect(pageIn('#audits')).toBeNull();
    expect(pageIn('')).toBeNull();
  });

  it('an advisory is named by its document and revision, on the page of advisories', () => {
    const id = 'a'.repeat(26);
    expect(advisoryIn(`#advisories/${id}/12`)).toEqual({ document: id, revision: 12 });
    expect(pageIn(`#advisories/${id}/1`)).toBe('advisories');
    for (const wrong of [`#advisories/${id}`, `#advisories/${id}/0`, `#advisories/${id}A/1`, `#advisories/${id}/1/2`]) {
      expect(advisoryIn(wrong)).toBeNull();
      expect(pageIn(wrong)).toBeNull();
    }
  });

  it('this machine is named, so that a passkey can belong to it', () => {
    expect(atItsName(`http://127.0.0.1:8080/admin#setup.${token}`)).toBe(`http://localhost:8080/admin#setup.${token}`);
    expect(atItsName('http://[::1]:8080/admin')).toBe('http://localhost:8080/admin');
    expect(atItsName('http://localhost:8080/admin')).toBeNull();
    expect(atItsName('https://meet.example.org/admin')).toBeNull();
  });
});
