// Where the bars of the chart of refusals stand. Pure: numbers in, numbers out.

import type { Refusals, RefusalsByRule, Rule } from '../../protocol/messages';

/** Rules with a colour of their own; the others are one together. */
export const SERIES_MAX = 5;

/** A rule, or all the others together. */
export interface Series {
  rule: Rule | null;
  total: number;
  counts: number[];
}

/** A piece of a bar, from the top of the chart, both in the chart's units. */
export interface Part {
  series: number;
  top: number;
  height: number;
}

export interface Bar {
  atMs: number;
  total: number;
  parts: Part[];
}

export interface Chart {
  series: Series[];
  bars: Bar[];
  /** What the top of the chart stands for. */
  ceiling: number;
  total: number;
  /** The bar with most, if there is anything. */
  peak: Bar | null;
}

/** Returns the chart of what was refused, `height` units high. The most frequent rule stands at the bottom. */
export function chartOf({ first_ms, step_ms, steps, rules }: Refusals, height: number): Chart {
  const series: Series[] = rules.slice(0, SERIES_MAX).map(({ rule, total, counts }) => ({ rule, total, counts }));
  const others = rules.slice(SERIES_MAX);
  if (others.length > 0) series.push(together(others, steps));
  const indices = Array.from({ length: steps }, (_, index) => index);
  const totals = indices.map((index) => sum(series.map(({ counts }) => counts[index] ?? 0)));
  const ceiling = ceilingOf(Math.max(0, ...totals));
  const bars = indices.map((index) => {
    let top = height;
    const parts = series.flatMap(({ counts }, number) => {
      const part = ((counts[index] ?? 0) / ceiling) * height;
      top -= part;
      return part > 0 ? [{ series: number, top, height: part }] : [];
    });
    return { atMs: first_ms + index * step_ms, total: totals[index] ?? 0, parts };
  });
  const peak = bars.reduce<Bar | null>((most, bar) => (bar.total > (most?.total ?? 0) ? bar : most), null);
  return { series, bars, ceiling, total: sum(totals), peak };
}

/** Returns the smallest of 1, 2, 5, 10, 20, 50, ... that is not below `count`. */
export function ceilingOf(count: number): number {
  for (let unit = 1; ; unit *= 10) {
    const found = [1, 2, 5].map((digit) => digit * unit).find((step) => step >= count);
    if (found) return found;
  }
}

function together(rules: RefusalsByRule[], steps: number): Series {
  const counts = Array.from({ length: steps }, (_, index) => sum(rules.map((rule) => rule.counts[index] ?? 0)));
  return { rule: null, total: sum(rules.map(({ total }) => total)), counts };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
