import { beforeEach, describe, expect, it, vi } from 'vitest';
import { standing } from './hosting';
import { device } from './memory';

function answers(status: number, body: unknown) {
  const server = vi.fn(async () => new Response(JSON.stringify(body), { status }));
  vi.stubGlobal('fetch', server);
  return server;
}

const account = (...roles: string[]) => ({ user: { name: 'Asha', roles }, session: 's', organisation: 'Ministry' });

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  device.signedIn.write(true);
});

describe('who may start meetings', () => {
  it('are hosts and administrators, and no other account', async () => {
    for (const [roles, expected] of [
      [['host'], 'host'],
      [['administrator'], 'host'],
      [['security_officer', 'host'], 'host'],
      [['security_officer'], 'member'],
      [[], 'member'],
    ] as const) {
      answers(200, account(...roles));
      expect(await standing(), roles.join()).toBe(expected);
    }
  });

  it('is asked for only where somebody has signed in, and no more once the session is over', async () => {
    device.signedIn.forget();
    const server = answers(401, { rule: 'ACCOUNT.SIGNED_IN', message: '' });
    expect(await standing()).toBe('nobody');
    expect(server).not.toHaveBeenCalled();

    device.signedIn.write(true);
    expect([await standing(), await standing()]).toEqual(['nobody', 'nobody']);
    expect(server).toHaveBeenCalledTimes(1);
  });

  it('is nobody where the server does not say, and stays signed in', async () => {
    for (const other of [null, {}, { user: null }, { user: { roles: 'host' } }]) {
      answers(200, other);
      expect(await standing()).toBe('nobody');
    }
    answers(503, account('host'));
    expect(await standing()).toBe('nobody');
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('unreachable')));
    expect(await standing()).toBe('nobody');
    expect(device.signedIn.read()).toBe(true);
  });
});
