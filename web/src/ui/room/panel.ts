// The panels beside the stage: one is open at a time.

export type PanelName = 'chat' | 'people' | 'security';

/** `data-testid` of the button that opens a panel, where the focus returns when it closes. */
export const openers: Readonly<Record<PanelName, string>> = {
  chat: 'chat',
  people: 'people',
  security: 'encryption-state',
};

/** Which panel is open in this tab, or an empty text: a reload changes nothing on screen. */
const KEY = 'sabha.panel';

/** Returns the panel that was open before a reload; none where the browser keeps nothing. */
export function panelBefore(): PanelName | null {
  try {
    const before = sessionStorage.getItem(KEY);
    return before !== null && Object.hasOwn(openers, before) ? (before as PanelName) : null;
  } catch {
    return null;
  }
}

/** Takes note of the panel that is open. */
export function keepPanel(panel: PanelName | null): void {
  try {
    sessionStorage.setItem(KEY, panel ?? '');
  } catch {
    // Storage is blocked or full: after a reload none is open.
  }
}
