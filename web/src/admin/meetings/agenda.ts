// Planned meetings in the order in which they come, by the days of whoever looks at them.

import type { ControlSettings, Plan, PlannedMeeting } from '../../protocol/messages';
import type { KeptPlan, PersonalLink } from './kept';

/** One meeting with its plan, and what this browser keeps of it. */
export interface Entry {
  plan: Plan;
  planned: PlannedMeeting;
  /** Its title; null where this browser has not planned it, or it has none. */
  title: string | null;
  /** What comes after the path in its link; null where this browser has not planned it. */
  invite: string | null;
  /** Links of single people, made with it in this browser. */
  personal: readonly PersonalLink[];
  /** Addresses of who is invited, so far as this browser knows. */
  invited: readonly string[];
  /** The passcode that it begins with; null where there is none, or this browser has not planned it. */
  passcode: string | null;
  /** Whether its device takes who comes by mail. */
  byMail: boolean;
  /** What it begins with beyond the floor, so far as this browser knows. */
  controls: ControlSettings;
}

export interface Day {
  /** Begins the day, in milliseconds since 1970. */
  startsMs: number;
  entries: Entry[];
}

/** Returns what has not ended at `nowMs`, next first. */
export function agenda(plans: readonly Plan[], kept: ReadonlyMap<string, KeptPlan>, nowMs: number): Day[] {
  const entries = plans
    .flatMap((plan) =>
      plan.meetings.map((planned) => ({
        plan,
        planned,
        title: kept.get(plan.id)?.title ?? null,
        invite: kept.get(plan.id)?.links[planned.meeting] ?? null,
        personal: kept.get(plan.id)?.personal[planned.meeting] ?? [],
        invited: kept.get(plan.id)?.invited ?? [],
        passcode: kept.get(plan.id)?.passcode ?? null,
        byMail: kept.get(plan.id)?.byMail ?? false,
        controls: kept.get(plan.id)?.controls ?? [],
      })),
    )
    .filter(({ planned }) => planned.times.ends_ms > nowMs && planned.state !== 'over')
    .toSorted((a, b) => a.planned.times.starts_ms - b.planned.times.starts_ms);
  const days: Day[] = [];
  for (const entry of entries) {
    const startsMs = dayOf(entry.planned.times.starts_ms);
    const last = days.at(-1);
    if (last?.startsMs === startsMs) last.entries.push(entry);
    else days.push({ startsMs, entries: [entry] });
  }
  return days;
}

/** Returns when the day of a moment begins, on the clocks of this browser. */
function dayOf(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}

/** Whether a lobby is open for whoever has the link. */
export function isOpen({ planned }: Entry, nowMs: number): boolean {
  return planned.state === 'planned' && planned.times.opens_ms <= nowMs && nowMs < planned.times.ends_ms;
}
