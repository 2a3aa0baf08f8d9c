import { describe, expect, it } from 'vitest';
import type { AdvisoryFate, AdvisoryPolicy } from '../../protocol/messages';
import { arrivals, keyOf, shelves, standingOf } from './standing';

const fate: AdvisoryFate = { at_ms: 1, floor: 1, followed: false, in_force: true, left_out: [], later: 0 };

function advisory(change: Partial<AdvisoryPolicy>): AdvisoryPolicy {
  return {
    document: 'd',
    revision: 1,
    publisher: 'cert',
    publisher_name: 'CERT',
    title: 'Lobbies',
    tlp: 'CLEAR',
    withdrawn: false,
    superseded: false,
    published_ms: 1,
    profile: { id: 'org.example', revision: 1, title: 'Lobbies', issuer: 'CERT', key: 'new', hash: '', bytes: 1 },
    ...change,
  };
}

describe('how an advisory stands', () => {
  it('is told from what became of it here', () => {
    expect(standingOf(advisory({}))).toBe('open');
    expect(standingOf(advisory({ fate }))).toBe('applied');
    expect(standingOf(advisory({ fate: { ...fate, in_force: false } }))).toBe('undone');
    const { floor: _, ...none } = fate;
    expect(standingOf(advisory({ fate: { ...none, in_force: false, not_followed: 'key' } }))).toBe('refused');
  });

  it('one with a later revision is nothing to apply, but still in force if it was applied', () => {
    expect(standingOf(advisory({ superseded: true }))).toBe('superseded');
    expect(standingOf(advisory({ superseded: true, fate }))).toBe('applied');
  });

  it('publishers are counted by what is applied of what there is to apply', () => {
    const other = { publisher: 'bank', publisher_name: 'Bank' };
    const found = shelves([advisory({ fate }), advisory({ superseded: true }), advisory({}), advisory(other)]);

    expect(found.map(({ name, applied, counted }) => [name, applied, counted])).toEqual([
      ['Bank', 0, 1],
      ['CERT', 1, 2],
    ]);
  });

  it('what came by itself is told for two weeks, the last first', () => {
    const followed = (at_ms: number) => advisory({ fate: { ...fate, at_ms, followed: true } });
    const day = 24 * 60 * 60 * 1000;
    const now = 100 * day;
    const found = arrivals(
      [advisory({ fate: { ...fate, at_ms: now } }), followed(87 * day), followed(99 * day), followed(85 * day)],
      now,
    );

    expect(found.map((one) => one.fate?.at_ms)).toEqual([99 * day, 87 * day]);
  });

  it('the key to compare is that of the newest advisory', () => {
    const old = advisory({});
    const listed = [advisory({}), { ...old, profile: { ...old.profile, key: 'old' } }];

    expect(keyOf(listed, 'cert')).toBe('new');
    expect(keyOf(listed, 'bank')).toBe('');
  });
});
