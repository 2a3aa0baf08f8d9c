import { describe, expect, it } from 'vitest';
import type { Refusals, Rule } from '../../protocol/messages';
import { ceilingOf, chartOf, SERIES_MAX } from './chart';

const refusals = (rules: [Rule, number[]][]): Refusals => ({
  first_ms: 1_000,
  step_ms: 60_000,
  steps: 3,
  rules: rules.map(([rule, counts]) => ({ rule, counts, total: counts.reduce((a, b) => a + b, 0) })),
});

describe('the chart of refusals', () => {
  it('stacks what each rule refused, within the height', () => {
    const chart = chartOf(
      refusals([
        ['WIRE.RATE', [4, 0, 1]],
        ['ROOM.ENTRY.LINK', [1, 0, 1]],
      ]),
      100,
    );
    expect(chart).toMatchObject({ ceiling: 5, total: 7, peak: { atMs: 1_000, total: 5 } });
    expect(chart.bars.map(({ atMs, total }) => [atMs, total])).toEqual([
      [1_000, 5],
      [61_000, 0],
      [121_000, 2],
    ]);
    expect(chart.bars[0]?.parts).toEqual([
      { series: 0, top: 20, height: 80 },
      { series: 1, top: 0, height: 20 },
    ]);
    expect(chart.bars[1]?.parts).toEqual([]);
  });

  it('puts rare rules together, and leaves none out', () => {
    const all: Rule[] = ['WIRE.RATE', 'ROOM.LOCKED', 'ROOM.FULL', 'WIRE.FORM', 'WIRE.ORDER', 'ROOM.SOURCE', 'ORG.MFA'];
    const chart = chartOf(refusals(all.map((rule, index) => [rule, [10 - index, 0, 1]])), 100);
    expect(chart.series).toHaveLength(SERIES_MAX + 1);
    expect(chart.series.at(-1)).toEqual({ rule: null, total: 11, counts: [9, 0, 2] });
    expect(chart.total).toBe(chart.series.reduce((total, series) => total + series.total, 0));
  });

  it('of nothing has bars without parts and a ceiling', () => {
    expect(chartOf(refusals([]), 100)).toMatchObject({ ceiling: 1, total: 0, peak: null, series: [] });
  });

  it.each([
    [0, 1],
    [1, 1],
    [3, 5],
    [10, 10],
    [11, 20],
    [4_999, 5_000],
  ])('%d is below a ceiling of %d', (count, ceiling) => {
    expect(ceilingOf(count)).toBe(ceiling);
  });
});
