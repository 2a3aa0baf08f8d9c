// Durations and times of day as people read them in a call.

/** Returns `m:ss`, with hours only once there are some. */
export function clock(elapsedMs: number): string {
  const seconds = Math.max(0, Math.floor(elapsedMs / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Returns day and time in the reader's zone and habit. `atMs` is milliseconds since 1970. */
export function dayAndTime(atMs: number): string {
  return dateTime.format(atMs);
}

const dayTime = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** Returns the time of day in the reader's zone and habit. `atMs` is milliseconds since 1970. */
export function clockTime(atMs: number): string {
  return dayTime.format(atMs);
}
