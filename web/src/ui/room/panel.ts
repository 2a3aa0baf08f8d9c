// The panels beside the stage: one is open at a time.

export type PanelName = 'chat' | 'people' | 'security';

/** `data-testid` of the button that opens a panel, where the focus returns when it closes. */
export const openers: Readonly<Record<PanelName, string>> = {
  chat: 'chat',
  people: 'people',
  security: 'encryption-state',
};
