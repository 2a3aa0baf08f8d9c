// Planned meetings as a calendar file (RFC 5545), made in the page: it carries whole links, which the server never sees.
//
// Every meeting has a link of its own, so a series is as many events and not one with a rule. Times are in UTC, which
// every calendar shows in its reader's zone; a series was laid out by the clocks of its own zone before.

/** One meeting. */
export interface CalendarEvent {
  meeting: string;
  title: string;
  /** The whole link. */
  link: string;
  startsMs: number;
  endsMs: number;
  /** What is said about it: how to come in. */
  description: string;
  /** Who asks whom to come, by their addresses; null where that is not said. */
  asked: { organizer: string; invited: readonly string[] } | null;
}

/**
 * What the file tells a calendar: that these are, that somebody is asked to come, or that they are not any more. Who asks and
 * who is asked stands in the latter two only, and they are about one meeting each (RFC 5546 section 3.2).
 */
export type CalendarMethod = 'PUBLISH' | 'REQUEST' | 'CANCEL';

/** Longest line, in bytes, its end not counted (section 3.1). */
const LINE_BYTES_MAX = 75;
const PRODUCT = '-//Sabha//Sabha//EN';

/** Returns the file. `host` makes ids that no other server gives; `stampMs` is when it was made. */
export function calendarFile(
  events: readonly CalendarEvent[],
  { host, stampMs, method }: { host: string; stampMs: number; method: CalendarMethod },
): string {
  const isOff = method === 'CANCEL';
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    `PRODID:${PRODUCT}`,
    'CALSCALE:GREGORIAN',
    `METHOD:${method}`,
    ...events.flatMap((event) => [
      'BEGIN:VEVENT',
      `UID:${event.meeting}@${host}`,
      `DTSTAMP:${utc(stampMs)}`,
      // A cancellation goes over what it cancels (section 3.8.7.4).
      `SEQUENCE:${isOff ? 1 : 0}`,
      `STATUS:${isOff ? 'CANCELLED' : 'CONFIRMED'}`,
      `DTSTART:${utc(event.startsMs)}`,
      `DTEND:${utc(event.endsMs)}`,
      `SUMMARY:${text(event.title)}`,
      ...(method === 'PUBLISH' ? [] : people(event)),
      ...(isOff ? [] : [`DESCRIPTION:${text(event.description)}`, `LOCATION:${text(event.link)}`, `URL:${event.link}`]),
      // Whoever reads the calendar of another must not get in by it.
      'CLASS:PRIVATE',
      'TRANSP:OPAQUE',
      'END:VEVENT',
    ]),
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${fold(line)}\r\n`).join('');
}

/** Who asks, and who is asked (sections 3.8.4.1 and 3.8.4.3). */
function people({ asked }: CalendarEvent): string[] {
  if (!asked) return [];
  const invited = asked.invited.map((one) => `ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION:${mailto(one)}`);
  return [`ORGANIZER:${mailto(asked.organizer)}`, ...invited];
}

/** An address as a URI (RFC 6068), which holds nothing that ends a line or begins a parameter. */
function mailto(address: string): string {
  return `mailto:${encodeURIComponent(address).replace('%40', '@').replaceAll('%2B', '+')}`;
}

/** A moment in UTC (section 3.3.5, form 2). */
function utc(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** A text as a value (section 3.3.11). What no line may hold becomes a blank. */
function text(value: string): string {
  return (
    value
      .replace(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
      .replace(/[\u0000-\u0009\u000B-\u001F\u007F]/g, ' ')
      .replace(/[\\;,]/g, '\\$&')
      .replace(/\n/g, '\\n')
  );
}

/** Breaks a line into lines of at most 75 bytes, within no character (section 3.1). */
function fold(line: string): string {
  const encoder = new TextEncoder();
  let out = '';
  let room = LINE_BYTES_MAX;
  for (const character of line) {
    const bytes = encoder.encode(character).length;
    if (bytes > room) {
      out += '\r\n ';
      room = LINE_BYTES_MAX - 1;
    }
    out += character;
    room -= bytes;
  }
  return out;
}
