import { beforeEach, describe, expect, it, vi } from 'vitest';
import { alerts, dismissAlert } from './alerts';
import { device } from './memory';

const alert = { document: 'd', revision: 2, title: 'T', owner_name: 'CERT', severity: 'high', tlp: 'CLEAR' } as const;

function answers(status: number, body: unknown) {
  const server = vi.fn(async () => new Response(JSON.stringify(body), { status }));
  vi.stubGlobal('fetch', server);
  return server;
}

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  device.signedIn.write(true);
});

describe('alerts on the start page', () => {
  it('are asked for only where somebody has signed in, and no more once the session is over', async () => {
    device.signedIn.forget();
    const server = answers(401, { rule: 'ACCOUNT.SIGNED_IN', message: '' });
    expect(await alerts()).toEqual({ alerts: [], more: 0 });
    expect(server).not.toHaveBeenCalled();

    device.signedIn.write(true);
    await alerts();
    await alerts();
    expect(server).toHaveBeenCalledTimes(1);
  });

  it('are none where the server says something else', async () => {
    answers(200, { alerts: [alert], more: 1 });
    expect(await alerts()).toEqual({ alerts: [alert], more: 1 });
    for (const other of [null, { alerts: [alert] }, { alerts: [{ ...alert, title: 1 }], more: 0 }]) {
      answers(200, other);
      expect(await alerts()).toEqual({ alerts: [], more: 0 });
    }
    answers(500, { alerts: [alert], more: 0 });
    expect(await alerts()).toEqual({ alerts: [], more: 0 });
  });

  it('are dismissed by document and revision', async () => {
    const server = answers(204, null);
    server.mockImplementation(async () => new Response(null, { status: 204 }));
    await dismissAlert(alert as never);
    const [, sent] = server.mock.calls[0] as unknown as [string, RequestInit];
    expect([sent.method, sent.body]).toEqual(['POST', '{"document":"d","revision":2}']);
  });
});
