// How long there is to report an incident, in words.

import { t } from '../strings/text';

const MINUTE_MS = 60_000;

/** Returns how much time is left until `due`, or by how much it is over; both in milliseconds since 1970. */
export function leftText(due: number, now: number): string {
  const minutes = Math.floor(Math.abs(due - now) / MINUTE_MS);
  const time = { hours: Math.floor(minutes / 60), minutes: minutes % 60 };
  return t(now > due ? 'clock-over' : 'clock-left', time);
}
