// What to say at the end of a call, and the one thing that can be done then.

import type { OverReason } from '../../call/state';
import type { TextKey } from '../strings/keys';

export interface Ending {
  title: TextKey;
  /** Title when it is known who decided; takes `name`. */
  titleBy: TextKey | null;
  lead: TextKey;
  action: 'home' | 'ask' | 'rejoin' | 'again' | 'here';
}

const ACTIONS: Readonly<Record<OverReason, Ending['action']>> = {
  abandoned: 'home',
  denied: 'ask',
  ended: 'home',
  full: 'again',
  left: 'rejoin',
  link_unknown: 'home',
  lobby_share: 'again',
  personal_link: 'home',
  locked: 'again',
  not_let_in: 'again',
  misbehaved: 'again',
  no_encryption: 'home',
  place_lost: 'ask',
  policy: 'home',
  removed: 'ask',
  replaced: 'here',
  server_gone: 'again',
  server_stopping: 'again',
  too_often: 'again',
  too_slow: 'rejoin',
};

/** Returns the words for `reason`. */
export function endingOf(reason: OverReason): Ending {
  const decided = reason === 'denied' || reason === 'removed' || reason === 'ended';
  return {
    title: `ended-${reason}`,
    titleBy: decided ? `ended-${reason}-by` : null,
    lead: `ended-${reason}-lead`,
    action: ACTIONS[reason],
  };
}

/** Label of the button for each action. */
export const actionLabels: Readonly<Record<Ending['action'], TextKey>> = {
  again: 'try-again',
  ask: 'ended-action-ask',
  here: 'ended-action-here',
  home: 'ended-action-home',
  rejoin: 'ended-action-rejoin',
};
