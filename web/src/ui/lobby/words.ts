// What is said in the lobby: about the passcode, and about what is being waited for.

import { isUntold } from '../../call/mail';
import type { CallState } from '../../call/state';
import type { PasscodeView } from '../../protocol/messages';
import type { TextKey } from '../strings/keys';

/** From this many wrong tries on it may be more than a slip: somebody could be guessing through one's device. */
const SUSPICIOUS_TRIES = 2;

/** Returns what to say of wrong tries, or null before the first. Takes `left`. */
export function wrongPasscode({ wrong, left }: Extract<PasscodeView, { type: 'wanted' }>): TextKey | null {
  if (wrong === 0) return null;
  if (left === 0) return 'passcode-none-left';
  return wrong < SUSPICIOUS_TRIES ? 'passcode-wrong' : 'passcode-wrong-again';
}

export interface LobbyWords {
  title: TextKey;
  lead: TextKey;
}

/** Returns what the lobby says: who or what is being waited for. */
export function lobbyWords({
  e2ee,
  hostPresent,
  sentBack,
}: Pick<CallState, 'e2ee' | 'hostPresent' | 'sentBack'>): LobbyWords {
  if (e2ee?.stage === 'joining') return { title: 'lobby-joining', lead: 'lobby-joining-lead' };
  if (e2ee?.personal_link_wanted) return { title: 'lobby-personal', lead: 'lobby-personal-lead' };
  const byMail = isUntold(e2ee);
  if (e2ee?.stage === 'passcode_wanted') {
    return { title: 'lobby-passcode', lead: byMail ? 'lobby-passcode-mail' : 'lobby-passcode-lead' };
  }
  if (e2ee?.stage === 'proving') return { title: 'lobby-passcode', lead: 'lobby-proving-lead' };
  if (e2ee?.passcode.type === 'off') {
    return { title: 'lobby-title', lead: byMail ? 'lobby-passcode-off-mail' : 'lobby-passcode-off-lead' };
  }
  if (sentBack !== null && hostPresent) return { title: 'lobby-sent-back', lead: 'lobby-sent-back-lead' };
  if (byMail) return { title: 'lobby-title', lead: hostPresent ? 'lobby-mail-host-present' : 'lobby-mail-host-absent' };
  return { title: 'lobby-title', lead: hostPresent ? 'lobby-host-present' : 'lobby-host-absent' };
}
