// What a vulnerability says of products: whether each is affected, what to do, and how bad it is.

import { isObject, type Json, objects, put, textAt } from '../csaf';
import { VERSIONS, type Version } from '../cvss/metrics';
import { scoresOf, severityOf } from '../cvss/scores';
import { chosenIn } from '../cvss/vector';

/** What a form says of a product. A document can say more (`first_fixed`, `recommended`, ...): that stays as it is. */
export const STATUSES = ['known_affected', 'fixed', 'known_not_affected', 'under_investigation'] as const;
export type Status = (typeof STATUSES)[number];

export const REMEDIES = ['vendor_fix', 'workaround', 'mitigation', 'no_fix_planned', 'none_available'] as const;

/** Returns what is said of a product; null where nothing is. */
export function statusOf(vulnerability: Json, product: string): Status | null {
  return STATUSES.find((status) => ids(vulnerability, ['product_status', status]).includes(product)) ?? null;
}

export function withStatus(vulnerability: Json, product: string, status: Status | null): Json {
  let next = vulnerability;
  for (const one of STATUSES) {
    const others = ids(next, ['product_status', one]).filter((id) => id !== product);
    const all = one === status ? [...others, product] : others;
    next = put(next, ['product_status', one], all.length > 0 ? all : undefined);
  }
  return next;
}

export interface Remedy {
  category: string;
  details: string;
  url: string;
  products: string[];
}

export function remedies(vulnerability: Json): Remedy[] {
  return objects(vulnerability, 'remediations').map((one) => ({
    category: textAt(one, 'category'),
    details: textAt(one, 'details'),
    url: textAt(one, 'url'),
    products: ids(one, ['product_ids']),
  }));
}

export function withRemedy(vulnerability: Json, index: number, { category, details, url, products }: Remedy): Json {
  const all = objects(vulnerability, 'remediations');
  let one = put(put({ ...all[index], category, details }, ['url'], url || undefined), ['product_ids'], undefined);
  if (products.length > 0) one = { ...one, product_ids: products };
  return withList(vulnerability, 'remediations', index < all.length ? all.with(index, one) : [...all, one]);
}

export interface Score {
  version: Version;
  vector: string;
  products: string[];
  /** Whether it is of a kind that the form can write: what is not stays as it is. */
  isKnown: boolean;
}

export function scores(vulnerability: Json): Score[] {
  return objects(vulnerability, 'scores').map((one) => {
    const cvss = [one.cvss_v3, one.cvss_v2].filter(isObject);
    const version = VERSIONS.find((version) => version === cvss[0]?.version) ?? '3.1';
    const isKnown = cvss.length === 1 && version === cvss[0]?.version;
    return { version, vector: textAt(cvss[0] ?? {}, 'vectorString'), products: ids(one, ['products']), isKnown };
  });
}

/** Returns the vulnerability with a score. Numbers and words follow from the vector; other parts of the score are written anew. */
export function withScore(vulnerability: Json, index: number, { version, vector, products }: Score): Json {
  const all = objects(vulnerability, 'scores');
  const found = scoresOf(version, chosenIn(version, vector));
  const base = found?.base ?? 0;
  const cvss: Json = { version, vectorString: vector, baseScore: base };
  if (version !== '2.0') cvss.baseSeverity = severityOf(base);
  const one: Json = { [version === '2.0' ? 'cvss_v2' : 'cvss_v3']: cvss, products };
  return withList(vulnerability, 'scores', index < all.length ? all.with(index, one) : [...all, one]);
}

export function withoutAt(vulnerability: Json, list: 'remediations' | 'scores', index: number): Json {
  return withList(
    vulnerability,
    list,
    objects(vulnerability, list).filter((_, at) => at !== index),
  );
}

function withList(vulnerability: Json, list: string, all: readonly Json[]): Json {
  return put(vulnerability, [list], all.length > 0 ? all : undefined);
}

function ids(of: Json, path: readonly string[]): string[] {
  const value = path.reduce<unknown>((inside, key) => (isObject(inside) ? inside[key] : undefined), of);
  return Array.isArray(value) ? value.filter((id) => typeof id === 'string') : [];
}
