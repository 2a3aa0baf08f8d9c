import { describe, expect, it } from 'vitest';
import { member } from '../../call/play';
import type { ConductView } from '../../protocol/messages';
import { badgesOf, hasRight, settingNote } from './rights';

const conduct = (share: string, rest: Partial<ConductView> = {}): ConductView => ({
  floor: [],
  controls: share === 'everyone' ? [] : [{ control: 'MEET.SHARE.HOST', value: share }],
  locks_at_ms: null,
  suspended: false,
  spotlight: null,
  ...rest,
});

describe('rights', () => {
  it('sharing is had by everybody, or by whom a host gave it', () => {
    expect(hasRight(member(1), 'screen', conduct('everyone'))).toBe(true);
    expect(hasRight(member(1), 'screen', conduct('granted'))).toBe(false);
    expect(hasRight(member(1, { given: ['screen'] }), 'screen', conduct('granted'))).toBe(true);
    expect(hasRight(member(1, { taken: ['screen'] }), 'screen', conduct('everyone'))).toBe(false);
  });

  it('what is given and of no use now says why', () => {
    const presenter = member(1, { given: ['screen'] });
    expect(settingNote(presenter, 'screen', conduct('granted'))).toBeNull();
    expect(settingNote(presenter, 'screen', conduct('hosts'))).toBe('right-hosts-only');
    expect(settingNote(member(1, { may_chat: false }), 'chat', conduct('granted'))).toBe('right-hosts-only');
    expect(settingNote(presenter, 'camera', conduct('granted', { suspended: true }))).toBe('right-suspended');
    expect(settingNote(member(1, { taken: ['chat'], may_chat: false }), 'chat', conduct('granted'))).toBeNull();
  });

  it('a role is named, and else what was taken', () => {
    expect(badgesOf(member(1))).toEqual([]);
    expect(badgesOf(member(1, { role: 'attendee', taken: ['microphone', 'camera', 'screen', 'chat'] }))).toEqual([
      'role-attendee',
    ]);
    expect(badgesOf(member(1, { role: null, taken: ['chat', 'camera'] }))).toEqual(['without-chat', 'without-camera']);
  });
});
