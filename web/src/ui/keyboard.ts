// Which command a key means in a call. Pure: the room carries the commands out.
// Rule: nothing fires while typing, in a menu, or together with a modifier that is not the shortcut's own.

export type Command = 'microphone' | 'camera' | 'talk' | 'hand' | 'chat' | 'people' | 'share' | 'layout' | 'help';

/** What of a `KeyboardEvent` decides. */
export interface Key {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  repeat: boolean;
}

/** Where the focus is, as far as it decides. */
export interface Focus {
  /** In something one types or chooses in. */
  typing: boolean;
  /** On something that the space bar presses. */
  pressable: boolean;
}

const PLAIN: Readonly<Record<string, Command>> = {
  h: 'hand',
  c: 'chat',
  p: 'people',
  s: 'share',
  l: 'layout',
  '?': 'help',
};
const WITH_MODIFIER: Readonly<Record<string, Command>> = { d: 'microphone', e: 'camera' };

/** Returns the command of a pressed key, or null. */
export function commandOf(key: Key, focus: Focus): Command | null {
  if (key.repeat || key.altKey) return null;
  const letter = key.key.toLowerCase();
  // With Ctrl or Cmd held nobody is typing a letter, so these work everywhere.
  if (key.ctrlKey !== key.metaKey) return key.shiftKey ? null : (WITH_MODIFIER[letter] ?? null);
  if (key.ctrlKey || focus.typing) return null;
  if (key.code === 'Space') return focus.pressable || key.shiftKey ? null : 'talk';
  if (key.shiftKey && letter !== '?') return null;
  return PLAIN[letter] ?? null;
}

/** Returns where the focus is. */
export function focusOf(element: Element | null): Focus {
  return {
    typing: element?.closest('input, textarea, select, [contenteditable], [role="menu"], dialog') != null,
    pressable: element?.closest('button, a, summary, [role="button"]') != null,
  };
}

/** Whether the keyboard has a command key in the place of control. */
const isApple = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Returns the shortcut as people of this keyboard write it. */
export function withModifier(letter: string): string {
  return isApple ? `⌘${letter}` : `Ctrl+${letter}`;
}
