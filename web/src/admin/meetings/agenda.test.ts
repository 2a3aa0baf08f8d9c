import { describe, expect, it } from 'vitest';
import type { Plan, PlannedState } from '../../protocol/messages';
import { agenda, isOpen } from './agenda';

const HOUR = 3_600_000;
const NOON = new Date(2026, 10, 30, 12).getTime();

function plan(id: string, hours: readonly number[], state: PlannedState = 'planned'): Plan {
  return {
    id,
    schedule: { zone: 'Asia/Kolkata', starts: '2026-11-30T12:00', minutes: 30, early_minutes: 10 },
    created_ms: 0,
    meetings: hours.map((hour) => {
      const starts = NOON + hour * HOUR;
      const times = { opens_ms: starts - HOUR / 6, starts_ms: starts, ends_ms: starts + HOUR / 2 };
      return { meeting: `${id}${hour}`, times, state };
    }),
  };
}

describe('agenda', () => {
  it('lists what is to come by its days, next first, over all plans', () => {
    const days = agenda([plan('weekly', [1, 169]), plan('one', [3, 0])], new Map(), NOON);

    expect(days.map(({ entries }) => entries.map(({ planned }) => planned.meeting))).toEqual([
      ['one0', 'weekly1', 'one3'],
      ['weekly169'],
    ]);
    expect(days.map(({ startsMs }) => new Date(startsMs).getHours())).toEqual([0, 0]);
  });

  it('leaves out what has ended and what is over, and keeps what was cancelled', () => {
    expect(agenda([plan('past', [-1]), plan('over', [1], 'over')], new Map(), NOON)).toEqual([]);
    expect(agenda([plan('off', [1], 'cancelled')], new Map(), NOON).length).toBe(1);
  });

  it('knows titles and links of what this browser has planned', () => {
    const kept = new Map([
      [
        'one',
        {
          title: 'Cabinet',
          links: { one1: '#v1.x' },
          personal: { one1: [{ name: 'Ben', link: '#v1.x.y' }] },
          invited: [],
          passcode: 'blue-whale',
          byMail: false,
          controls: [],
        },
      ],
    ]);
    const entries = agenda([plan('one', [1]), plan('other', [2])], kept, NOON).flatMap((day) => day.entries);

    expect(entries.map(({ title, invite }) => [title, invite])).toEqual([
      ['Cabinet', '#v1.x'],
      [null, null],
    ]);
  });

  it('tells whether a lobby is open', () => {
    const [day] = agenda([plan('one', [1])], new Map(), NOON);
    const entry = day?.entries[0];
    if (!entry) throw new Error('there is one');

    expect([NOON, NOON + 0.9 * HOUR, NOON + HOUR, NOON + 1.5 * HOUR].map((now) => isOpen(entry, now))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});
