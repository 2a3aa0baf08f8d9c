// Read back by a reader that is not ours.

import ICAL from 'ical.js';
import { describe, expect, it } from 'vitest';
import { type CalendarEvent, type CalendarMethod, calendarFile } from './calendar';

const STAMP = Date.UTC(2026, 10, 26, 23, 0);

function event(over: Partial<CalendarEvent> = {}): CalendarEvent {
  return {
    meeting: 'a'.repeat(32),
    title: 'Cabinet',
    link: `https://meet.example.org/m/${'a'.repeat(32)}#v1.AAAAAAAAAAAAAAAAAAAAAA`,
    startsMs: Date.UTC(2026, 10, 30, 3, 30),
    endsMs: Date.UTC(2026, 10, 30, 4, 15),
    description: 'Open the link',
    asked: null,
    ...over,
  };
}

function file(events: CalendarEvent[], method: CalendarMethod = 'PUBLISH'): string {
  return calendarFile(events, { host: 'meet.example.org', stampMs: STAMP, method });
}

function read(text: string) {
  const calendar = new ICAL.Component(ICAL.parse(text) as unknown[]);
  return { calendar, events: calendar.getAllSubcomponents('vevent').map((one) => new ICAL.Event(one)) };
}

describe('calendar file', () => {
  it('is read back with its times, its title and the whole link', () => {
    const { calendar, events } = read(file([event()]));

    expect(calendar.getFirstPropertyValue('method')).toBe('PUBLISH');
    expect(calendar.getFirstPropertyValue('version')).toBe('2.0');
    const [one] = events;
    expect(one?.uid).toBe(`${'a'.repeat(32)}@meet.example.org`);
    expect(one?.summary).toBe('Cabinet');
    expect(one?.startDate.toJSDate().getTime()).toBe(event().startsMs);
    expect(one?.endDate.toJSDate().getTime()).toBe(event().endsMs);
    expect(one?.startDate.zone.tzid).toBe('UTC');
    expect(one?.component.getFirstPropertyValue('url')).toBe(event().link);
    expect(one?.location).toBe(event().link);
    expect(one?.sequence).toBe(0);
  });

  it('gives every meeting of a series an event of its own', () => {
    const meetings = ['b', 'c', 'd'].map((letter) => letter.repeat(32));
    const { events } = read(file(meetings.map((meeting) => event({ meeting }))));

    expect(new Set(events.map(({ uid }) => uid)).size).toBe(3);
    expect(events.some((one) => one.isRecurring())).toBe(false);
  });

  it('keeps any title, and no title adds a line', () => {
    for (const title of [
      'Budget; plan, \\ and "more"',
      'राष्ट्रीय बैठक '.repeat(12).trim(),
      '👩‍👩‍👧‍👦'.repeat(30),
      'one\nEND:VEVENT\nBEGIN:VEVENT',
      'x'.repeat(500),
    ]) {
      const text = file([event({ title })]);
      const { events } = read(text);

      expect(events.length).toBe(1);
      expect(events[0]?.summary).toBe(title);
      for (const line of text.split('\r\n')) expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(75);
      expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    }
    expect(read(file([event({ title: 'a\u0000b\rc' })])).events[0]?.summary).toBe('a b\nc');
  });

  it('asks who is invited to come, and says so to nobody else', () => {
    const asked = { organizer: 'asha@example.org', invited: ['ben+work@example.org', 'c\r\nX-EVIL:1@example.org'] };
    const text = file([event({ asked })], 'REQUEST');
    const [one] = read(text).events;

    expect(one?.organizer).toBe('mailto:asha@example.org');
    expect(one?.attendees.map((attendee) => attendee.getFirstValue())).toEqual([
      'mailto:ben+work@example.org',
      'mailto:c%0D%0AX-EVIL%3A1@example.org',
    ]);
    expect(text).not.toMatch(/^X-EVIL/m);
    expect(read(file([event({ asked })])).events[0]?.attendees).toEqual([]);
  });

  it('takes back what it told before', () => {
    const { calendar, events } = read(file([event()], 'CANCEL'));

    expect(calendar.getFirstPropertyValue('method')).toBe('CANCEL');
    expect(events[0]?.component.getFirstPropertyValue('status')).toBe('CANCELLED');
    expect(events[0]?.sequence).toBe(1);
    expect(events[0]?.component.getFirstPropertyValue('url')).toBeNull();
  });
});
