// Which advisories demand what a meeting has to keep, as everybody may know them: asked when it is to be shown, not before.

import type { PolicyAdvisories, PolicyDemand } from '../protocol/messages';

const DEMANDS_PATH = '/api/v1/policy/advisories';

/** Time the server has to answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** For so long an answer is good, in milliseconds. Who asks meanwhile hears what comes after: the floor may just have changed. */
const GOOD_MS = 2_000;

export class Demands {
  list = $state.raw<readonly PolicyDemand[]>([]);
  private askedMs = Number.NEGATIVE_INFINITY;
  private again: Promise<void> | null = null;

  /** Asks the server: at once, or a moment later if it has just been asked. What was known stays where it does not answer. */
  ask(nowMs: number): Promise<void> {
    const goodMs = this.askedMs + GOOD_MS - nowMs;
    if (goodMs <= 0) return this.fetch(nowMs);
    this.again ??= new Promise((done) => setTimeout(done, goodMs)).then(() => {
      this.again = null;
      return this.fetch(nowMs + goodMs);
    });
    return this.again;
  }

  private async fetch(nowMs: number): Promise<void> {
    this.askedMs = nowMs;
    try {
      const init: RequestInit = { credentials: 'omit', cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS) };
      const response = await fetch(DEMANDS_PATH, init);
      const answer: unknown = response.ok ? await response.json() : null;
      if (isAnswer(answer)) this.list = answer.demands;
    } catch {
      // The rule itself is shown in any case.
    }
  }
}

function isAnswer(value: unknown): value is PolicyAdvisories {
  return isRecord(value) && Array.isArray(value.demands) && value.demands.every(isDemand);
}

function isDemand(value: unknown): value is PolicyDemand {
  if (!isRecord(value) || typeof value.control !== 'string' || typeof value.value !== 'string') return false;
  const { advisory } = value;
  if (advisory === undefined || advisory === null) return true;
  const { title, publisher, tracking } = isRecord(advisory) ? advisory : {};
  return (
    typeof title === 'string' &&
    typeof publisher === 'string' &&
    ['string', 'undefined', 'object'].includes(typeof tracking)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
