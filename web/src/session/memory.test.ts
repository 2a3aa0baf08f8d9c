import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chosenDevices, device, tab } from './memory';

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
    const place = { name: 'Asha', media };
    tab.place('m').write(place);
    expect(tab.place('m').read()).toEqual(place);
    expect(tab.place('other').read()).toBeNull();
    tab.place('m').forget();
    expect(tab.place('m').read()).toBeNull();
  });

  it('what is not what it should be is as good as nothing', () => {
    for (const text of ['', '{', '1', '""', '{"name":"A"}', '{"name":"A","media":{}}', '[{}]']) {
      for (const key of ['sabha.place.m', 'sabha.over.m']) sessionStorage.setItem(key, text);
      for (const key of ['sabha.devices', 'sabha.name']) localStorage.setItem(key, text);
      for (const entry of [tab.place('m'), tab.over('m')]) expect(entry.read()).toBeNull();
      for (const entry of [device.chosen, device.name]) expect(entry.read()).toBeNull();
    }
  });

  it('an end is remembered with who decided it', () => {
    tab.over('m').write({ reason: 'removed', by: 'Host' });
    expect(tab.over('m').read()).toEqual({ reason: 'removed', by: 'Host' });
    sessionStorage.setItem('sabha.over.m', '{"reason":"left","by":null}');
    expect(tab.over('m').read()).toBeNull();
  });

  it('nothing chosen is any device', () => {
    expect(chosenDevices()).toEqual({ microphone: null, camera: null, speaker: null });
    device.chosen.write({ microphone: 'a', camera: null, speaker: null });
    expect(chosenDevices().microphone).toBe('a');
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
