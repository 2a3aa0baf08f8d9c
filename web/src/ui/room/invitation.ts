// What whoever has the invite link may do with it, as the rules of the door are now.

import type { CallState } from '../../call/state';
import type { TextKey } from '../strings/keys';

/** For how long an invite for one person can be made, in hours. */
export const INVITE_HOURS = [1, 24, 168] as const;
/** On how many devices at a time. */
export const INVITE_DEVICES = [1, 2, 3] as const;

/** Returns the sentence that goes with the invite link. */
export function invitationOf({ e2ee, role }: Pick<CallState, 'e2ee' | 'role'>): TextKey {
  if (e2ee?.locked) return 'invite-lead-locked';
  if (role !== 'host') return 'invite-lead-guest';
  return e2ee?.passcode.type === 'set' && e2ee.passcode.admits ? 'invite-lead-admits' : 'invite-lead';
}
