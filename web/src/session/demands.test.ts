import { afterEach, describe, expect, it, vi } from 'vitest';
import { Demands } from './demands.svelte';

const demand = { control: 'MEET.CHAT.SAFE', value: 'hosts' };

/** Has the server answer these bodies, one after another, and returns how often it was asked. */
function answers(...bodies: unknown[]): { asked(): number } {
  const fetch = vi.fn(async () => Response.json(bodies.shift()));
  vi.stubGlobal('fetch', fetch);
  return { asked: () => fetch.mock.calls.length };
}

describe('which advisories demand what', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('is asked once in two seconds, and once more for all who asked meanwhile', async () => {
    vi.useFakeTimers();
    const server = answers({ demands: [] }, { demands: [demand] }, { demands: [] });
    const demands = new Demands();
    const asked = [demands.ask(0), demands.ask(1), demands.ask(2)];
    expect(server.asked()).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    await Promise.all(asked);
    expect(server.asked()).toBe(2);
    expect(demands.list, 'what was demanded meanwhile').toEqual([demand]);

    await demands.ask(4_001);
    expect(server.asked()).toBe(3);
    expect(demands.list).toEqual([]);
  });

  it('an answer that is none changes nothing', async () => {
    const advisory = { document: 'd', revision: 1, title: 1, publisher: 'CERT' };
    answers({ demands: [demand] }, null, { demands: 1 }, { demands: [{ ...demand, advisory }] });
    const demands = new Demands();
    for (const ms of [0, 10_000, 20_000, 30_000]) await demands.ask(ms);

    expect(demands.list).toEqual([demand]);
  });

  it('a server that does not answer changes nothing', async () => {
    const demands = new Demands();
    answers({ demands: [demand] });
    await demands.ask(0);
    vi.stubGlobal(
      'fetch',
      vi.fn(async () => Promise.reject(new Error('gone'))),
    );
    await demands.ask(10_000);

    expect(demands.list).toEqual([demand]);
  });
});
