import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { metricsOf, VERSIONS, type Version } from './metrics';
import { scoresOf, severityOf } from './scores';
import { chosenIn, isWhole, vectorOf } from './vector';

interface Scored {
  version: Version;
  vector: string;
  scores: [number, number, number];
  severity: string;
}
const file = new URL('../../../../../crates/advisory/src/csaf/cvss/vectors.json', import.meta.url);
const scored: Scored[] = JSON.parse(readFileSync(file, 'utf8'));

describe('scores of CVSS', () => {
  it('are those of the server, for every vector that both know', () => {
    expect(scored.length).toBeGreaterThan(500);
    for (const version of VERSIONS) expect(scored.some((one) => one.version === version)).toBe(true);
    for (const { version, vector, scores, severity } of scored) {
      const found = scoresOf(version, chosenIn(version, vector));
      expect([found?.base, found?.temporal, found?.environmental], vector).toEqual(scores);
      expect(severityOf(scores[0])).toBe(severity);
    }
  });

  it('every value of every metric stands in a vector that both know', () => {
    for (const version of VERSIONS) {
      const said = new Set(scored.filter((one) => one.version === version).flatMap(({ vector }) => vector.split('/')));
      for (const { short, values } of metricsOf(version)) {
        for (const value of values) expect(said).toContain(`${short}:${value.short}`);
      }
    }
  });

  it('a vector is written as it was read, and what is no metric of its version is not', () => {
    for (const { version, vector } of scored) expect(vectorOf(version, chosenIn(version, vector))).toBe(vector);
    expect(chosenIn('3.1', 'CVSS:3.1/AV:Z/XX:N/AC:L/E:X/AC')).toEqual({ AC: 'L' });
    expect(vectorOf('2.0', { AV: 'N' })).toBe('AV:N');
  });

  it('without a base metric nothing follows', () => {
    const { C: _, ...rest } = chosenIn('3.1', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H');
    expect(isWhole('3.1', rest, 'base')).toBe(false);
    expect(scoresOf('3.1', rest)).toBeNull();
  });
});
