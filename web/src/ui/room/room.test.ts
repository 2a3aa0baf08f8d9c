import { describe, expect, it } from 'vitest';
import type { ChatLine, Person } from '../../call/state';
import type { DeviceView } from '../../protocol/messages';
import { invitationOf, inviteOf } from './invitation';
import { handsFirst } from './roster';
import { unreadOf } from './unread';

const person = (id: number, hand: boolean) => ({ id, hand }) as Person;
const line = (id: number, own: boolean) => ({ id, own }) as ChatLine;

describe('roster', () => {
  it('raised hands come first, and nobody else changes place', () => {
    const people = [person(1, false), person(2, true), person(3, false), person(4, true)];

    expect(handsFirst(people).map(({ id }) => id)).toEqual([2, 4, 1, 3]);
  });
});

describe('unread', () => {
  it('own lines and those that were seen do not count', () => {
    const chat = [line(1, false), line(2, true), line(3, false), line(4, false)];

    expect(unreadOf(chat, 0)).toBe(3);
    expect(unreadOf(chat, 3)).toBe(1);
    expect(unreadOf([], 9)).toBe(0);
  });
});

describe('invitation', () => {
  it('says no more than the rules of the door allow', () => {
    const passcode = { type: 'set', passcode: 'x', admits: true, wrong: 0, by_mail: false };
    const door = { locked: false, passcode: { type: 'none' }, conduct: { controls: [] } };
    const view = (rest: object) => ({ ...door, ...rest }) as unknown as DeviceView;
    const under = (control: string, value: string) => view({ passcode, conduct: { controls: [{ control, value }] } });

    expect(invitationOf({ e2ee: null, role: 'host' })).toBe('invite-lead');
    expect(invitationOf({ e2ee: view({ passcode }), role: 'host' })).toBe('invite-lead-admits');
    expect(invitationOf({ e2ee: view({ passcode: { ...passcode, admits: false } }), role: 'host' })).toBe(
      'invite-lead',
    );
    expect(invitationOf({ e2ee: view({ passcode, locked: true }), role: 'host' })).toBe('invite-lead-locked');
    expect(invitationOf({ e2ee: view({}), role: 'participant' })).toBe('invite-lead-guest');
    const personal = under('ORG.LINK.PRIVATE', 'personal');
    expect(invitationOf({ e2ee: personal, role: 'host' })).toBe('invite-lead-personal');
    expect(invitationOf({ e2ee: personal, role: 'participant' })).toBe('invite-lead-personal-guest');
    expect(inviteOf(personal)).toBe('invites-lead');
    expect(inviteOf(under('MEET.LOBBY.ON', 'host'))).toBe('invites-lead-by-hand');
  });
});
