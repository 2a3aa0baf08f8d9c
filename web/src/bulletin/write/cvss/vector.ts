// Vectors of CVSS: which metrics have which value, and as a text.

import { type Group, metricsOf, type Version } from './metrics';

/** The short name of each metric's value; a metric that is left open is not in it. */
export type Chosen = Readonly<Record<string, string>>;

/** Returns what a vector says, as far as it is one of the version: what it says besides is not looked at. */
export function chosenIn(version: Version, vector: string): Chosen {
  const chosen: Record<string, string> = {};
  for (const part of vector.split('/')) {
    const [short, value] = part.split(':');
    const metric = metricsOf(version).find((one) => one.short === short);
    if (metric?.values.some((one) => one.short === value) && value) chosen[metric.short] = value;
  }
  return chosen;
}

/** Returns the vector that says this, in the order of the standard. */
export function vectorOf(version: Version, chosen: Chosen): string {
  const parts = metricsOf(version)
    .filter(({ short }) => chosen[short])
    .map(({ short }) => `${short}:${chosen[short]}`);
  return [...(version === '2.0' ? [] : [`CVSS:${version}`]), ...parts].join('/');
}

/** Whether every metric of a group has a value. */
export function isWhole(version: Version, chosen: Chosen, group: Group): boolean {
  return metricsOf(version).every((metric) => metric.group !== group || chosen[metric.short]);
}
