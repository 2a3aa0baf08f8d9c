import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyOrder, nextOrder, type Order, SPEECH_MS } from './order';

const people = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

function then(before: Order, speaking: number[], nowMs: number, present = people(6), inView = 3): Order {
  return nextOrder(before, { present, speaking, inView, nowMs });
}

describe('order of tiles', () => {
  it('is the order of arrival at first', () => {
    expect(then(emptyOrder, [], 0).people).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('does not change for a cough', () => {
    let order = then(emptyOrder, [6], 0);
    order = then(order, [], 400);
    order = then(order, [6], 5000);
    order = then(order, [], 5400);

    expect(order.people).toEqual([1, 2, 3, 4, 5, 6]);
    expect(order.speaker).toBeNull();
  });

  it('brings a speaker into view after two seconds of speech, in exchange for the quietest in view', () => {
    let order = then(emptyOrder, [3], 0);
    order = then(order, [6], 500);
    expect(order.dueMs).toBe(500 + SPEECH_MS);
    order = then(order, [6], 500 + SPEECH_MS);

    expect(order.people).toEqual([1, 6, 3, 4, 5, 2]);
    expect(order.speaker).toBe(6);
  });

  it('bridges a breath but not a silence', () => {
    let order = then(emptyOrder, [5], 0);
    order = then(order, [], 1000);
    order = then(order, [5], 1500);
    expect(then(order, [5], 2000).people).toContain(5);
    expect(then(order, [5], 2000).speaker).toBe(5);

    order = then(emptyOrder, [5], 0);
    order = then(order, [], 1000);
    order = then(order, [5], 3000);
    expect(then(order, [5], 3500).speaker).toBeNull();
  });

  it('moves nobody when a speaker is in view already', () => {
    let order = then(emptyOrder, [2], 0);
    order = then(order, [2], 3000);

    expect(order.people).toEqual([1, 2, 3, 4, 5, 6]);
    expect(order.speaker).toBe(2);
  });

  it('keeps who is large while both talk', () => {
    let order = then(emptyOrder, [2], 0);
    order = then(order, [2, 1], 3000);
    order = then(order, [1, 2], 6000);
    expect(order.speaker).toBe(2);
    order = then(order, [1], 6500);
    expect(order.speaker).toBe(1);
  });

  it('closes the gap of who left and puts newcomers last', () => {
    const order = then(then(emptyOrder, [], 0), [], 1, [1, 3, 4, 5, 6, 7]);
    expect(order.people).toEqual([1, 3, 4, 5, 6, 7]);
  });

  it('holds everybody present exactly once, and changes only for a speaker out of view', () => {
    const step = fc.record({
      present: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 12 }),
      speaking: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }),
      inView: fc.integer({ min: 0, max: 12 }),
      passedMs: fc.integer({ min: 0, max: 4000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let order = emptyOrder;
        let nowMs = 0;
        for (const { present, speaking, inView, passedMs } of steps) {
          nowMs += passedMs;
          const before = order;
          order = nextOrder(before, { present, speaking, inView, nowMs });

          expect([...order.people].sort()).toEqual([...present].sort());
          const kept = before.people.filter((person) => present.includes(person));
          const calm = order.people.filter((person) => kept.includes(person));
          if (kept.join() !== calm.join()) expect(speaking.length).toBeGreaterThan(0);
          if (order.speaker !== null) expect(present).toContain(order.speaker);
          if (order.dueMs !== null) expect(order.dueMs).toBeGreaterThan(nowMs);
        }
      }),
    );
  });
});
