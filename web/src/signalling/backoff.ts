// When to try the connection again: at once, then in growing steps, spread so that a whole room does not come back
// in the same instant. Pure: the caller brings the time that passed and the randomness.

/** Steps between tries, in milliseconds; the last is repeated. */
const STEPS_MS: readonly number[] = [0, 500, 1000, 2000, 3000];
/** Part of a step that randomness decides. */
const JITTER = 0.3;

/**
 * Returns the milliseconds to wait before the try after `tries` (from 0) failed ones, or null if that try would begin later than
 * `windowMs` after the connection was lost, `lostForMs` ago. `random` is from [0, 1).
 */
export function backoff(tries: number, lostForMs: number, windowMs: number, random: number): number | null {
  const step = STEPS_MS[Math.min(tries, STEPS_MS.length - 1)] ?? 0;
  const waitMs = Math.round(step * (1 - JITTER + 2 * JITTER * random));
  return lostForMs + waitMs >= windowMs ? null : waitMs;
}
