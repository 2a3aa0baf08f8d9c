// The scores that follow from a vector: equations of CVSS 2.0 (section 3.2), 3.0 and 3.1 (sections 7 and 8), as
// `crates/advisory/src/csaf/cvss` has them. `vectors.json` there holds the two together; the server's check has the last word.

import { metricsOf, type Version } from './metrics';
import { type Chosen, isWhole } from './vector';

export interface Scores {
  base: number;
  temporal: number;
  environmental: number;
}

/** Returns the scores; null while a base metric has no value, since nothing follows then. */
export function scoresOf(version: Version, chosen: Chosen): Scores | null {
  if (!isWhole(version, chosen, 'base')) return null;
  return version === '2.0' ? scores2(chosen) : scores3(chosen, version === '3.1');
}

/** Returns the word of CVSS 3 for how severe a score is (section 5). */
export function severityOf(score: number): string {
  if (score === 0) return 'NONE';
  if (score < 4) return 'LOW';
  if (score < 7) return 'MEDIUM';
  return score < 9 ? 'HIGH' : 'CRITICAL';
}

/** Returns the weight of a metric; null where it is left open. */
function weightIn(version: Version, chosen: Chosen, short: string): number | null {
  const metric = metricsOf(version).find((one) => one.short === short);
  return metric?.values.find((one) => one.short === chosen[short])?.weight ?? null;
}

function scores3(chosen: Chosen, is31: boolean): Scores {
  const weight = (short: string) => weightIn('3.1', chosen, short) ?? 1;
  /** The metric whose value counts: the modified one where it has a value. */
  const counted = (modified: string, short: string) => (chosen[modified] ? modified : short);
  const up = (score: number) => roundUp(score, is31);
  const threat = weight('E') * weight('RL') * weight('RC');

  const changed = chosen.S === 'C';
  const iss = 1 - (1 - weight('C')) * (1 - weight('I')) * (1 - weight('A'));
  const impact = changed ? 7.52 * (iss - 0.029) - 3.25 * (iss - 0.02) ** 15 : 6.42 * iss;
  const exploitability = 8.22 * weight('AV') * weight('AC') * privileges(chosen, 'PR', changed) * weight('UI');
  const base = up(combined(impact, exploitability, changed));

  const changes = chosen[counted('MS', 'S')] === 'C';
  const left = (modified: string, short: string, required: string) =>
    1 - weight(counted(modified, short)) * weight(required);
  const miss = Math.min(1 - left('MC', 'C', 'CR') * left('MI', 'I', 'IR') * left('MA', 'A', 'AR'), 0.915);
  const reach = is31 ? (miss * 0.9731 - 0.02) ** 13 : (miss - 0.02) ** 15;
  const modifiedImpact = changes ? 7.52 * (miss - 0.029) - 3.25 * reach : 6.42 * miss;
  const modifiedExploitability =
    8.22 *
    weight(counted('MAV', 'AV')) *
    weight(counted('MAC', 'AC')) *
    privileges(chosen, counted('MPR', 'PR'), changes) *
    weight(counted('MUI', 'UI'));
  const environmental = up(up(combined(modifiedImpact, modifiedExploitability, changes)) * threat);
  return { base, temporal: up(base * threat), environmental };
}

/** Privileges are worth more to whoever gets out of a component's scope. */
function privileges(chosen: Chosen, short: string, changed: boolean): number {
  if (changed && chosen[short] === 'L') return 0.68;
  if (changed && chosen[short] === 'H') return 0.5;
  return weightIn('3.1', chosen, short) ?? 1;
}

function combined(impact: number, exploitability: number, changed: boolean): number {
  if (impact <= 0) return 0;
  return Math.min((changed ? 1.08 : 1) * (impact + exploitability), 10);
}

/** The least number with one decimal that is not less. Version 3.1 (appendix A) says how, so that no arithmetic makes 4.1 of 4.0. */
function roundUp(score: number, is31: boolean): number {
  if (!is31) return Math.ceil(score * 10) / 10;
  const steps = Math.round(score * 100_000);
  return steps % 10_000 === 0 ? steps / 100_000 : (Math.floor(steps / 10_000) + 1) / 10;
}

function scores2(chosen: Chosen): Scores {
  const weight = (short: string) => weightIn('2.0', chosen, short) ?? 1;
  const exploitability = 20 * weight('AV') * weight('AC') * weight('Au');
  const baseOf = (impact: number) => rounded((0.6 * impact + 0.4 * exploitability - 1.5) * (impact === 0 ? 0 : 1.176));
  const temporalOf = (base: number) => rounded(base * weight('E') * weight('RL') * weight('RC'));
  const impactOf = (required: (short: string) => number) => {
    const left = (short: string, of: string) => 1 - weight(short) * required(of);
    return 10.41 * (1 - left('C', 'CR') * left('I', 'IR') * left('A', 'AR'));
  };
  const base = baseOf(impactOf(() => 1));
  const adjusted = temporalOf(baseOf(Math.min(impactOf(weight), 10)));
  const damage = weightIn('2.0', chosen, 'CDP') ?? 0;
  const environmental = rounded((adjusted + (10 - adjusted) * damage) * weight('TD'));
  return { base, temporal: temporalOf(base), environmental };
}

/** The equation of the base score is a little below 0 for the least exploitable vectors, and a score is not. */
function rounded(score: number): number {
  return Math.max(Math.round(score * 10) / 10, 0);
}
