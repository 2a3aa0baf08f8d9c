// Lines of one person that follow each other stand under one name.

import type { ChatLine } from '../../call/state';

/** Longest pause within a group, in milliseconds: later lines get a time of their own. */
const PAUSE_MS = 5 * 60_000;

export interface Group {
  /** The first line's. */
  id: number;
  first: ChatLine;
  lines: ChatLine[];
}

/** Returns the lines in groups, in order. A line belongs to the group before it if the same device wrote it soon after. */
export function groupsOf(chat: readonly ChatLine[]): Group[] {
  const groups: Group[] = [];
  let last: ChatLine | null = null;
  for (const line of chat) {
    const group = groups.at(-1);
    const goesOn =
      last !== null && line.from === last.from && line.name === last.name && line.atMs - last.atMs <= PAUSE_MS;
    if (group && goesOn) group.lines.push(line);
    else groups.push({ id: line.id, first: line, lines: [line] });
    last = line;
  }
  return groups;
}
