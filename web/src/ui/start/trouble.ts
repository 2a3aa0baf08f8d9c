/** Why the last try on the start page failed. */
export type StartTrouble =
  | 'link_invalid' // what was typed is not an invite link
  | 'refused' // the server refused to open a meeting for this device
  | 'unreachable'; // the server did not answer
