import { describe, expect, it } from 'vitest';
import { controls } from '../../protocol/messages';
import { levelText, limitsOf, nameText, noteText } from './policy';

const lock = controls.find(({ id }) => id === 'MEET.LOCK.AUTO');
if (!lock) throw new Error('there is no MEET.LOCK.AUTO');

describe('policy', () => {
  it('every control and level has its words', () => {
    for (const entry of controls) {
      const words = [nameText(entry), ...(entry.levels ?? []).map((level) => levelText(entry, level))];
      if (!entry.levels && !entry.limit) words.push(noteText(entry));
      for (const text of words) expect(text, entry.id).toMatch(/^[A-Z].*[a-z0-9.]$/);
    }
  });

  it('a host is offered what is within the floor, and what is set', () => {
    expect(limitsOf(lock, 'none', 'none')).toEqual(['none', '5', '15', '30', '60', '120', '240']);
    expect(limitsOf(lock, '20', '7')).toEqual(['5', '7', '15', '20']);
  });
});
