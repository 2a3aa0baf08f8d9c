// Which field of the form a finding is about.

import type { CheckFinding } from '../../protocol/messages';
import { type Json, NOTES, type NotePart, partAt } from './csaf';

export type Field =
  | NotePart
  | 'title'
  | 'id'
  | 'language'
  | 'severity'
  | 'status'
  | 'date'
  | 'summary'
  | 'publisher'
  | 'namespace'
  | 'contact'
  | 'category'
  | 'references'
  | 'products'
  | 'vulnerabilities';

/** Places by how they begin, the longer ones first. */
const PLACES: readonly [string, Field][] = [
  ['/document/title', 'title'],
  ['/document/lang', 'language'],
  ['/document/category', 'category'],
  ['/document/aggregate_severity', 'severity'],
  ['/document/references', 'references'],
  ['/document/publisher/contact_details', 'contact'],
  ['/document/publisher/namespace', 'namespace'],
  ['/document/publisher', 'publisher'],
  ['/document/tracking/id', 'id'],
  ['/document/tracking/status', 'status'],
  ['/document/tracking/version', 'summary'],
  ['/document/tracking/revision_history', 'summary'],
  ['/document/tracking/current_release_date', 'date'],
  ['/document/tracking/initial_release_date', 'date'],
  ['/product_tree', 'products'],
  ['/vulnerabilities', 'vulnerabilities'],
];

/** Returns the field that a pointer (RFC 6901) names, or null for what the form does not show. */
export function fieldAt(document: Json, pointer: string): Field | null {
  const note = /^\/document\/notes\/(\d+)(?:\/|$)/.exec(pointer);
  if (note) return NOTES.find((part) => part === partAt(document, Number(note[1]))) ?? null;
  const date = /^\/document\/tracking\/revision_history\/\d+\/date$/.test(pointer);
  if (date) return 'date';
  const place = PLACES.find(([start]) => pointer === start || pointer.startsWith(`${start}/`));
  return place?.[1] ?? null;
}

/** Returns where a finding is: of a key that is missing, where it would be. */
function placeOf({ rule, pointer, message }: CheckFinding): string {
  const missing = rule === 'CSAF-SCHEMA' ? /^The key "(\w+)" is missing\.$/.exec(message) : null;
  return missing ? `${pointer}/${missing[1]}` : pointer;
}

/** Places that have fields of their own inside a field: they tell it themselves, with the rule. */
const INSIDE = /^\/(?:vulnerabilities\/\d+\/(?:scores|remediations|product_status)|product_tree\/branches)(?:\/|$)/;

/** Returns the errors at a place and below it. */
export function under(findings: readonly CheckFinding[], pointer: string): CheckFinding[] {
  const isThere = ({ pointer: at }: CheckFinding) => at === pointer || at.startsWith(`${pointer}/`);
  return findings.filter((finding) => finding.weight === 'error' && isThere(finding));
}

/** Whether a finding is told beside a field: what has to be put right is, advice stands together elsewhere. */
export function isBeside(document: Json, finding: CheckFinding): boolean {
  return finding.weight === 'error' && fieldAt(document, placeOf(finding)) !== null;
}

/** Returns what is told beside each field: its first error. */
export function besideFields(document: Json, findings: readonly CheckFinding[]): Partial<Record<Field, string>> {
  const told: Partial<Record<Field, string>> = {};
  for (const finding of findings.filter((one) => isBeside(document, one))) {
    const field = fieldAt(document, placeOf(finding));
    if (field && !told[field] && !INSIDE.test(finding.pointer)) told[field] = finding.message;
  }
  return told;
}
