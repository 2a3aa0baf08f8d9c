import { describe, expect, it } from 'vitest';
import type { ChatLine } from '../../call/state';
import { groupsOf } from './groups';

let id = 0;
const line = (from: string, minute: number, name = from): ChatLine => ({
  id: ++id,
  from,
  name,
  text: 'x',
  own: false,
  atMs: minute * 60_000,
});

const shape = (chat: ChatLine[]) => groupsOf(chat).map(({ first, lines }) => `${first.from}${lines.length}`);

describe('groups of chat lines', () => {
  it('lines of one person stand together until somebody else writes', () => {
    expect(shape([line('a', 0), line('a', 1), line('b', 1), line('a', 2)])).toEqual(['a2', 'b1', 'a1']);
  });

  it('a long pause begins a new group', () => {
    expect(shape([line('a', 0), line('a', 4), line('a', 9), line('a', 15)])).toEqual(['a3', 'a1']);
  });

  it('the same name on another device is another person, and a new name a new group', () => {
    expect(shape([line('a', 0, 'Asha'), line('b', 0, 'Asha')])).toEqual(['a1', 'b1']);
    expect(shape([line('a', 0, 'Asha'), line('a', 0, 'Ben')])).toEqual(['a1', 'a1']);
  });

  it('nothing said makes no group', () => {
    expect(groupsOf([])).toEqual([]);
  });
});
