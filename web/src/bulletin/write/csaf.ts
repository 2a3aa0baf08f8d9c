// A document of CSAF 2.0 as the form sees it. Each field is a place in the document: reading one takes what is there, writing
// one gives another document with everything else as it was, so that what the form does not know is never lost.

import type { Part } from '../document/layout';
import { partOf } from '../document/notes';

export type Json = Record<string, unknown>;

/** Returns the document that a text is, or null for what is none. */
export function parse(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Returns a document as a text: two spaces a level, and keys in their order, as test 6.2.13 of CSAF 2.0 asks for. */
export function print(document: Json): string {
  return `${JSON.stringify(document, (_, value) => (isObject(value) ? inOrder(value) : value), 2)}\n`;
}

function inOrder(value: Json): Json {
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Returns the text at a place, as it is being typed; empty where there is none. */
export function textAt(document: Json, ...path: string[]): string {
  const value = at(document, path);
  return typeof value === 'string' ? value : '';
}

/** Returns the document with a text at a place. An empty text takes the place away, and what is around it once that is empty. */
export function withText(document: Json, path: readonly string[], text: string): Json {
  return put(document, path, text === '' ? undefined : text);
}

/** Sections that the form writes as one note each. */
export const NOTES = [
  'overview',
  'audience',
  'risk',
  'impact',
  'description',
  'solution',
  'vendor',
  'disclaimer',
] as const;
export type NotePart = (typeof NOTES)[number];

/** What agencies write above them; categories are those of CSAF. */
const TITLES: Record<NotePart, { category: string; title: string }> = {
  overview: { category: 'summary', title: 'Overview' },
  audience: { category: 'general', title: 'Target audience' },
  risk: { category: 'general', title: 'Risk assessment' },
  impact: { category: 'general', title: 'Impact assessment' },
  description: { category: 'description', title: 'Description' },
  solution: { category: 'other', title: 'Solution' },
  vendor: { category: 'other', title: 'Vendor information' },
  disclaimer: { category: 'legal_disclaimer', title: 'Disclaimer' },
};

/** Returns the text of a section's first note. */
export function noteText(document: Json, part: NotePart): string {
  const note = notes(document)[noteIndex(document, part)];
  return textAt(isObject(note) ? note : {}, 'text');
}

/** Returns the document with this text in a section. */
export function withNote(document: Json, part: NotePart, text: string): Json {
  const all = [...notes(document)];
  const index = noteIndex(document, part);
  const old = all[index];
  if (text === '') all.splice(index, index < 0 ? 0 : 1);
  else if (isObject(old)) all[index] = { ...old, text };
  else all.push({ category: TITLES[part].category, text, title: TITLES[part].title });
  return put(document, ['document', 'notes'], all.length > 0 ? all : undefined);
}

/** Returns in which section a note stands. */
export function partAt(document: Json, index: number): Part | null {
  const note = notes(document)[index];
  if (!isObject(note)) return null;
  return partOf(note.category, typeof note.title === 'string' ? note.title.trim() : null)[0];
}

export interface ReferenceRow {
  summary: string;
  url: string;
}

export function references(document: Json): ReferenceRow[] {
  return objects(document, 'document', 'references').map((one) => ({
    summary: textAt(one, 'summary'),
    url: textAt(one, 'url'),
  }));
}

export function withReferences(document: Json, rows: readonly ReferenceRow[]): Json {
  const old = objects(document, 'document', 'references');
  const all = rows.map((row, index) => ({ category: 'external', ...old[index], ...row }));
  return put(document, ['document', 'references'], all.length > 0 ? all : undefined);
}

/** Returns the names of the products that the form can write: those that stand in no branch. */
export function products(document: Json): string[] {
  return objects(document, 'product_tree', 'full_product_names').map((one) => textAt(one, 'name'));
}

/**
 * Returns the document with these products. Who keeps a name keeps the id; new ones are affected by every vulnerability, and
 * what is gone is gone from wherever it was named.
 */
export function withProducts(document: Json, names: readonly string[]): Json {
  const old = objects(document, 'product_tree', 'full_product_names');
  const taken = new Set(JSON.stringify(document).match(/(?<="product_id": ?")[^"]+/g) ?? []);
  const added: string[] = [];
  const all = names.map((name) => {
    const known = old.find((one) => textAt(one, 'name') === name);
    if (known) return known;
    let number = 1;
    while (taken.has(`P-${number}`)) number += 1;
    taken.add(`P-${number}`);
    added.push(`P-${number}`);
    return { name, product_id: `P-${number}` };
  });
  const kept = new Set(all.map((one) => textAt(one, 'product_id')));
  const gone = new Set(old.map((one) => textAt(one, 'product_id')).filter((id) => !kept.has(id)));
  const next = put(document, ['product_tree', 'full_product_names'], all.length > 0 ? all : undefined);
  return withAffected(saysNothingOf(next, gone), added);
}

/** Returns the document with products that every vulnerability affects. */
export function withAffected(document: Json, ids: readonly string[]): Json {
  const touched = objects(document, 'vulnerabilities').map((one) => affecting(one, ids));
  return touched.length > 0 ? put(document, ['vulnerabilities'], touched) : document;
}

/** Returns the document with nothing that vulnerabilities say of these products. */
export function saysNothingOf(document: Json, gone: ReadonlySet<string>): Json {
  const touched = objects(document, 'vulnerabilities').map((one) => without(one, gone));
  return touched.length > 0 ? put(document, ['vulnerabilities'], touched) : document;
}

/** Returns the ids of all products. */
function productIds(document: Json): string[] {
  const ids: string[] = [];
  const walk = (branch: Json) => {
    ids.push(textAt(branch, 'product', 'product_id'));
    objects(branch, 'branches').forEach(walk);
  };
  objects(document, 'product_tree', 'branches').forEach(walk);
  for (const one of objects(document, 'product_tree', 'full_product_names')) ids.push(textAt(one, 'product_id'));
  return ids.filter(Boolean);
}

/** Returns the document with a vulnerability that says something else. */
export function withVulnerability(document: Json, index: number, vulnerability: Json): Json {
  return put(document, ['vulnerabilities'], objects(document, 'vulnerabilities').with(index, vulnerability));
}

export interface VulnerabilityRow {
  cve: string;
  title: string;
  /** What the maker offers; only where a product is named. */
  fix: string;
}

export function vulnerabilities(document: Json): VulnerabilityRow[] {
  return objects(document, 'vulnerabilities').map((one) => ({
    cve: textAt(one, 'cve'),
    title: textAt(one, 'title'),
    fix: textAt(fixOf(one) ?? {}, 'details'),
  }));
}

export function withVulnerabilities(document: Json, rows: readonly VulnerabilityRow[]): Json {
  const old = objects(document, 'vulnerabilities');
  const ids = productIds(document);
  const all = rows.map((row, index) => {
    const before = old[index] ?? affecting({}, ids);
    const named = put(put(before, ['cve'], row.cve || undefined), ['title'], row.title || undefined);
    return withFix(named, row.fix, ids);
  });
  return put(document, ['vulnerabilities'], all.length > 0 ? all : undefined);
}

/** Takes rows away by their places; the others keep everything that the form does not show. */
export function withoutRow(document: Json, list: 'references' | 'vulnerabilities', index: number): Json {
  const path = list === 'references' ? ['document', 'references'] : ['vulnerabilities'];
  const rest = objects(document, ...path).filter((_, at) => at !== index);
  return put(document, path, rest.length > 0 ? rest : undefined);
}

/** Returns when the newest revision is from, and with it, of the first one, the document. */
export function withDate(document: Json, date: string): Json {
  const history = objects(document, 'document', 'tracking', 'revision_history');
  const dated = history.map((one, index) => (index === history.length - 1 ? { ...one, date } : one));
  let next = put(document, ['document', 'tracking', 'revision_history'], dated);
  next = put(next, ['document', 'tracking', 'current_release_date'], date);
  return history.length > 1 ? next : put(next, ['document', 'tracking', 'initial_release_date'], date);
}

/** Returns what the newest revision says of itself in the history. */
export function summary(document: Json): string {
  return textAt(objects(document, 'document', 'tracking', 'revision_history').at(-1) ?? {}, 'summary');
}

export function withSummary(document: Json, text: string): Json {
  const history = objects(document, 'document', 'tracking', 'revision_history');
  const told = history.map((one, index) => (index === history.length - 1 ? { ...one, summary: text } : one));
  return put(document, ['document', 'tracking', 'revision_history'], told);
}

/** Returns a document with a value at a place; `undefined` takes the place away. */
export function put(document: Json, path: readonly string[], value: unknown): Json {
  const [key, ...rest] = path;
  if (key === undefined) return document;
  const inner = document[key];
  const next = rest.length === 0 ? value : put(isObject(inner) ? inner : {}, rest, value);
  const { [key]: _, ...others } = document;
  const isEmpty = next === undefined || (rest.length > 0 && isObject(next) && Object.keys(next).length === 0);
  if (isEmpty) return others;
  return { ...document, [key]: next };
}

export function objects(document: Json, ...path: string[]): Json[] {
  const value = at(document, path);
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function at(document: Json, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), document);
}

function notes(document: Json): unknown[] {
  const value = at(document, ['document', 'notes']);
  return Array.isArray(value) ? value : [];
}

function noteIndex(document: Json, part: NotePart): number {
  return notes(document).findIndex((_, index) => partAt(document, index) === part);
}

const STATUSES = [
  'first_affected',
  'first_fixed',
  'fixed',
  'known_affected',
  'known_not_affected',
  'last_affected',
  'recommended',
  'under_investigation',
];

/** Returns a vulnerability that says nothing of these products any more. */
function without(vulnerability: Json, gone: ReadonlySet<string>): Json {
  const left = (list: unknown) => {
    const ids = Array.isArray(list) ? list.filter((id) => !gone.has(String(id))) : [];
    return ids.length > 0 ? ids : undefined;
  };
  let next = vulnerability;
  for (const status of STATUSES) {
    if (at(next, ['product_status', status]))
      next = put(next, ['product_status', status], left(at(next, ['product_status', status])));
  }
  for (const [list, key] of [
    ['remediations', 'product_ids'],
    ['scores', 'products'],
    ['threats', 'product_ids'],
    ['flags', 'product_ids'],
  ] as const) {
    if (!Array.isArray(next[list])) continue;
    const kept = objects(next, list)
      .map((one) => (key in one ? put(one, [key], left(one[key])) : one))
      // Of what nothing is left it says nothing; what never named a product stays as it was.
      .filter((one, index) => key in one || 'group_ids' in one || !(key in (objects(next, list)[index] ?? {})));
    next = put(next, [list], kept.length > 0 ? kept : undefined);
  }
  return next;
}

function affecting(vulnerability: Json, ids: readonly string[]): Json {
  if (ids.length === 0) return vulnerability;
  const known = at(vulnerability, ['product_status', 'known_affected']);
  const all = [...(Array.isArray(known) ? known : []), ...ids];
  return put(vulnerability, ['product_status', 'known_affected'], [...new Set(all)]);
}

function fixOf(vulnerability: Json): Json | undefined {
  return objects(vulnerability, 'remediations').find((one) => one.category === 'vendor_fix');
}

function withFix(vulnerability: Json, details: string, ids: readonly string[]): Json {
  const fix = fixOf(vulnerability);
  const all = objects(vulnerability, 'remediations');
  if (textAt(fix ?? {}, 'details') === details) return vulnerability;
  const rest = all.filter((one) => one !== fix);
  // A remedy is for products (test 6.1.29 of CSAF 2.0).
  const made = fix ?? { category: 'vendor_fix', details, product_ids: [...ids] };
  const next = details === '' ? rest : all.map((one) => (one === fix ? { ...made, details } : one));
  const added = details !== '' && !fix && ids.length > 0 ? [...next, made] : next;
  return put(vulnerability, ['remediations'], added.length > 0 ? added : undefined);
}
