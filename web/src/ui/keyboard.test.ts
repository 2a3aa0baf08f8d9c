import { describe, expect, it } from 'vitest';
import { commandOf, type Focus, type Key } from './keyboard';

const nowhere: Focus = { typing: false, pressable: false };
const typing: Focus = { typing: true, pressable: false };
const onButton: Focus = { typing: false, pressable: true };

function press(key: string, held: Partial<Key> = {}): Key {
  const code = key === ' ' ? 'Space' : '';
  return { key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, repeat: false, ...held };
}

describe('shortcuts', () => {
  it('each key means its command', () => {
    const pressed = ['h', 'c', 'p', 's', 'l', '?', ' ', 'x'].map((key) => commandOf(press(key), nowhere));

    expect(pressed).toEqual(['hand', 'chat', 'people', 'share', 'layout', 'help', 'talk', null]);
    expect(commandOf(press('d', { ctrlKey: true }), nowhere)).toBe('microphone');
    expect(commandOf(press('e', { metaKey: true }), nowhere)).toBe('camera');
  });

  it('no plain key fires while typing', () => {
    for (const key of ['h', 'c', 'p', 's', 'l', '?', ' ']) expect(commandOf(press(key), typing)).toBeNull();
  });

  it('the microphone can be switched even while typing', () => {
    expect(commandOf(press('d', { ctrlKey: true }), typing)).toBe('microphone');
  });

  it('space presses a focused button instead of talking', () => {
    expect(commandOf(press(' '), onButton)).toBeNull();
    expect(commandOf(press('p'), onButton)).toBe('people');
  });

  it('a held key fires once', () => {
    expect(commandOf(press('d', { ctrlKey: true, repeat: true }), nowhere)).toBeNull();
    expect(commandOf(press(' ', { repeat: true }), nowhere)).toBeNull();
  });

  it('shortcuts of the browser are left alone', () => {
    expect(commandOf(press('p', { ctrlKey: true }), nowhere)).toBeNull();
    expect(commandOf(press('c', { metaKey: true }), nowhere)).toBeNull();
    expect(commandOf(press('D', { ctrlKey: true, shiftKey: true }), nowhere)).toBeNull();
    expect(commandOf(press('l', { altKey: true }), nowhere)).toBeNull();
    expect(commandOf(press('S', { shiftKey: true }), nowhere)).toBeNull();
  });

  it('question mark needs its shift key', () => {
    expect(commandOf(press('?', { shiftKey: true }), nowhere)).toBe('help');
  });
});
