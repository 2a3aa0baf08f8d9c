import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { device, hostedHere, rememberHosted, tab } from './memory';

/** The browser's storage, in memory. */
class Storage {
  items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
}

const media = { microphone: true, camera: false, screen: false, screen_audio: false };

beforeEach(() => {
  vi.stubGlobal('localStorage', new Storage());
  vi.stubGlobal('sessionStorage', new Storage());
});
afterEach(() => vi.unstubAllGlobals());

describe('memory', () => {
  it('gives back what was written, until it is forgotten', () => {
    const place = { resume: 'token', name: 'Asha', media };
    tab.place('m').write(place);
    expect(tab.place('m').read()).toEqual(place);
    expect(tab.place('other').read()).toBeNull();
    tab.place('m').forget();
    expect(tab.place('m').read()).toBeNull();
  });

  it('keeps secrets of a link in the tab and not on the device', () => {
    tab.secret('m').write('secret');
    expect((localStorage as unknown as Storage).items.size).toBe(0);
  });

  it('what is not what it should be is as good as nothing', () => {
    for (const text of ['', '{', '1', '""', '{"resume":1}', '[{}]']) {
      for (const key of ['sabha.place.m', 'sabha.over.m', 'sabha.secret.m']) sessionStorage.setItem(key, text);
      for (const key of ['sabha.hosted', 'sabha.devices', 'sabha.name']) localStorage.setItem(key, text);
      for (const entry of [tab.place('m'), tab.over('m'), tab.secret('m')]) expect(entry.read()).toBeNull();
      for (const entry of [device.hosted, device.chosen, device.name]) expect(entry.read()).toBeNull();
    }
  });

  it('remembers a bounded number of hosted meetings, the newest first', () => {
    for (let count = 0; count < 60; count++) rememberHosted({ meeting: `m${count}`, token: 't', secret: 's' });
    rememberHosted({ meeting: 'm59', token: 'newer', secret: 's' });

    expect(device.hosted.read()).toHaveLength(50);
    expect(hostedHere('m59')?.token).toBe('newer');
    expect(hostedHere('m0')).toBeNull();
  });

  it('a browser that keeps nothing costs only the remembering', () => {
    const refuse = () => {
      throw new DOMException('blocked', 'SecurityError');
    };
    vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse, removeItem: refuse });
    device.name.write('Asha');
    device.name.forget();
    expect(device.name.read()).toBeNull();
    vi.stubGlobal('localStorage', undefined);
    expect(device.name.read()).toBeNull();
  });
});
