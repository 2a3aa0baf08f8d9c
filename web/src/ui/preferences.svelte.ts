// How this person likes the room to look, remembered on this device. Nothing about any meeting is kept here.

import type { LayoutChoice } from '../call/layout';

export type Scheme = 'dark' | 'light' | 'system';
export type Corner = 'top-start' | 'top-end' | 'bottom-start' | 'bottom-end';

const KEY = 'sabha.look';
const SCHEMES: readonly unknown[] = ['dark', 'light', 'system'] satisfies Scheme[];
const LAYOUTS: readonly unknown[] = ['auto', 'grid', 'speaker'] satisfies LayoutChoice[];

class Preferences {
  scheme = $state<Scheme>('dark');
  layout = $state<LayoutChoice>('auto');
  selfShown = $state(true);
  selfCorner = $state<Corner>('bottom-end');

  constructor() {
    const kept = read();
    if (SCHEMES.includes(kept.scheme)) this.scheme = kept.scheme as Scheme;
    if (LAYOUTS.includes(kept.layout)) this.layout = kept.layout as LayoutChoice;
  }

  /** Remembers the choices that outlive a meeting. Where the browser keeps nothing, they last as long as the page. */
  keep(): void {
    try {
      localStorage.setItem(KEY, JSON.stringify({ scheme: this.scheme, layout: this.layout }));
    } catch {
      // Storage is blocked or full: the choice holds for this page.
    }
  }
}

function read(): Record<string, unknown> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof kept === 'object' && kept !== null ? { ...kept } : {};
  } catch {
    return {};
  }
}

export const preferences = new Preferences();
