// What of the chat has not been seen.

import type { ChatLine } from '../../call/state';

/** Returns how many lines others wrote after the one with id `readId`, the last that was seen. */
export function unreadOf(chat: readonly ChatLine[], readId: number): number {
  return chat.filter((line) => !line.own && line.id > readId).length;
}
