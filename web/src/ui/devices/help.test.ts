import { describe, expect, it } from 'vitest';
import { browserOf, helpWith } from './help';

describe('device help', () => {
  it('the same trouble with both devices is said once', () => {
    expect(helpWith('permission_denied', 'permission_denied', 'firefox')).toEqual([
      { what: 'trouble-both-permission_denied', fix: 'fix-permission-firefox', device: 'both' },
    ]);
  });

  it('different troubles are said each', () => {
    expect(helpWith('in_use', 'not_found', 'chromium').map((help) => help.what)).toEqual([
      'trouble-camera-not_found',
      'trouble-microphone-in_use',
    ]);
    expect(helpWith(null, null, 'chromium')).toEqual([]);
  });

  it('browsers that name each other are told apart', () => {
    const like = (rest: string) => `Mozilla/5.0 ${rest}`;

    expect(browserOf(like('(X11; Linux) AppleWebKit/537.36 Chrome/150.0 Safari/537.36'))).toBe('chromium');
    expect(browserOf(like('(Linux; Android 15) AppleWebKit/537.36 Chrome/150.0 Mobile Safari/537.36'))).toBe('android');
    expect(browserOf(like('(Macintosh) AppleWebKit/605 Version/18.0 Safari/605'))).toBe('safari');
    expect(browserOf(like('(iPhone) AppleWebKit/605 CriOS/150 Mobile Safari/605'))).toBe('ios');
    expect(browserOf(like('(X11; Linux; rv:140.0) Gecko/20100101 Firefox/140.0'))).toBe('firefox');
  });
});
