// What changed between two revisions, section by section and line by line.

import { type Layout, PARTS, type Part, type Section } from './layout';

export interface Line {
  kind: 'same' | 'added' | 'removed';
  text: string;
}

export interface Difference {
  /** `null` for what stands at the head of the document. */
  part: Part | null;
  lines: Line[];
}

/** Most lines of a section that are compared with each other: a table of a million cells. Longer ones are shown as replaced. */
const LINES_MAX = 1000;

/** Returns the sections that differ, in their order. */
export function differences(before: Layout, after: Layout): Difference[] {
  const pairs: [Part | null, string[], string[]][] = [
    [null, head(before), head(after)],
    ...PARTS.map((part): [Part, string[], string[]] => [part, linesOf(before, part), linesOf(after, part)]),
  ];
  return pairs
    .map(([part, old, now]) => ({ part, lines: compare(old, now) }))
    .filter(({ lines }) => lines.some(({ kind }) => kind !== 'same'));
}

/** Returns one text as another's, by a longest common subsequence of lines: what went is before what came. */
export function compare(before: readonly string[], after: readonly string[]): Line[] {
  const removed = (text: string): Line => ({ kind: 'removed', text });
  const added = (text: string): Line => ({ kind: 'added', text });
  if (before.length > LINES_MAX || after.length > LINES_MAX) {
    const equal = before.length === after.length && before.every((line, at) => line === after[at]);
    if (equal) return before.map((text) => ({ kind: 'same', text }));
    return [...before.map(removed), ...after.map(added)];
  }
  // `common[i][j]` counts what the rests from `i` and from `j` on have in common.
  const common = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    const row = common[i];
    for (let j = after.length - 1; row && j >= 0; j--) {
      row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, now] = [before[i], after[j]];
    if (old !== undefined && old === now) {
      lines.push({ kind: 'same', text: old });
      [i, j] = [i + 1, j + 1];
    } else if (old !== undefined && (now === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(removed(old));
      i += 1;
    } else if (now !== undefined) {
      lines.push(added(now));
      j += 1;
    }
  }
  return lines;
}

function head(layout: Layout): string[] {
  const { title, id, version, status, severity, publisher } = layout;
  return [title, id, version, status, severity, publisher].filter((line) => line !== null);
}

function linesOf(layout: Layout, part: Part): string[] {
  const section: Section | undefined = layout.sections.find((one) => one.part === part);
  return (section?.entries ?? []).flatMap((entry) => [
    ...[entry.heading, entry.date].filter((line) => line !== null),
    ...(entry.text ?? '').split('\n').filter((line) => line.trim()),
    ...(entry.link ? [entry.link] : []),
  ]);
}
