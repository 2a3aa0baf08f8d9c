// What whoever has the invite link may do with it, as the rules of the door are now.

import { settingOf, takesPersonalLinksOnly } from '../../call/conduct';
import type { CallState } from '../../call/state';
import { controls, type DeviceView } from '../../protocol/messages';
import type { TextKey } from '../strings/keys';

/** For how long an invite for one person can be made, in hours. */
export const INVITE_HOURS = [1, 24, 168] as const;
/** On how many devices at a time. */
export const INVITE_DEVICES = [1, 2, 3] as const;

/** Returns the sentence that goes with the invite link. */
export function invitationOf({ e2ee, role }: Pick<CallState, 'e2ee' | 'role'>): TextKey {
  if (e2ee?.locked) return 'invite-lead-locked';
  if (takesPersonalLinksOnly(e2ee)) return role === 'host' ? 'invite-lead-personal' : 'invite-lead-personal-guest';
  if (role !== 'host') return 'invite-lead-guest';
  return e2ee?.passcode.type === 'set' && e2ee.passcode.admits ? 'invite-lead-admits' : 'invite-lead';
}

const LOBBY = controls.find(({ id }) => id === 'MEET.LOBBY.ON');

/** Returns what a link for one person does, as the rules of the door are now. */
export function inviteOf(e2ee: DeviceView | null): TextKey {
  const isByHand = e2ee !== null && LOBBY !== undefined && settingOf(e2ee.conduct.controls, LOBBY) === 'host';
  return isByHand ? 'invites-lead-by-hand' : 'invites-lead';
}
