// What a host has given and taken, in words: for the person's own row, and for the dialog in which it is changed.

import { settingOf } from '../../call/conduct';
import {
  type ConductView,
  controls,
  type MemberRight,
  type MemberRole,
  type MemberView,
} from '../../protocol/messages';
import type { TextKey } from '../strings/keys';

/** The roles a host can give, from the most rights to the least. */
export const ROLES: readonly MemberRole[] = ['presenter', 'participant', 'attendee'];

const SHARE = controls.find(({ id }) => id === 'MEET.SHARE.HOST');

function sharing(conduct: ConductView): string {
  return SHARE ? settingOf(conduct.controls, SHARE) : 'everyone';
}

/** Returns whether a member has a right as far as it is for hosts to give and take, whatever is suspended now. */
export function hasRight({ given, taken }: MemberView, right: MemberRight, conduct: ConductView): boolean {
  if (taken.includes(right)) return false;
  return right !== 'screen' || sharing(conduct) === 'everyone' || given.includes('screen');
}

/** Returns why a right that is given is of no use now, or null where it is. */
export function settingNote(member: MemberView, right: MemberRight, conduct: ConductView): TextKey | null {
  if (!hasRight(member, right, conduct)) return null;
  if (conduct.suspended) return 'right-suspended';
  if (right === 'screen' && sharing(conduct) === 'hosts') return 'right-hosts-only';
  return right === 'chat' && !member.may_chat ? 'right-hosts-only' : null;
}

/** Returns what everybody sees of a member's rights in the list: a role, or what was taken. */
export function badgesOf({ role, taken }: Pick<MemberView, 'role' | 'taken'>): TextKey[] {
  if (role === 'attendee' || role === 'presenter') return [`role-${role}`];
  return taken.map((right): TextKey => `without-${right}`);
}
