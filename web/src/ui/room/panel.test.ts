import { beforeEach, describe, expect, it, vi } from 'vitest';
import { keepPanel, panelBefore } from './panel';

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
});

describe('panel', () => {
  it('that is open is open after a reload', () => {
    expect(panelBefore()).toBeNull();
    keepPanel('chat');
    expect(panelBefore()).toBe('chat');
    keepPanel(null);
    expect(panelBefore()).toBeNull();
  });

  it('that is none is not opened', () => {
    sessionStorage.setItem('sabha.panel', 'toString');
    expect(panelBefore()).toBeNull();
  });
});
