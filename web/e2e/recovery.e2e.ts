// What breaks heals without a reload: the signalling connection, the server, the network path.

import { describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Network, unavailable } from './harness/network.ts';
import { Person } from './harness/person.ts';
import { CuttingProxy } from './harness/proxy.ts';
import { Server } from './harness/server.ts';

/** Fails if the page was loaded again since `mark` was set. */
async function mark(person: Person): Promise<() => Promise<void>> {
  await person.page.evaluate(() => Object.assign(window, { sameLoad: true }));
  return async () => expect(await person.page.evaluate(() => 'sameLoad' in window)).toBe(true);
}

describe.skipIf(missing.chromium)('recovery', () => {
  test('a dropped WebSocket and a restarted server cost no reload and unmute nobody', async () => {
    // The proxy has to know the server's port and the server the proxy's: a first start finds a free one.
    const probe = await Server.start();
    const listen = new URL(probe.url).host;
    await probe.stop();
    const proxy = await CuttingProxy.start(() => Number(listen.split(':')[1]));
    let server = await Server.start({ listen, publicUrl: proxy.url });
    const red = await launchChromium({ camera: 'red' });
    const green = await launchChromium({ camera: 'green' });
    try {
      const asha = await Person.open(red, 'Asha');
      const ben = await Person.open(green, 'Ben');
      const link = await asha.startMeeting(server.newMeetingUrl);
      await ben.knock(link);
      await asha.admit('Ben');
      await ben.inRoom();
      await ben.sees('Asha', 'red');
      const sameLoad = await mark(ben);
      await ben.get('mic-toggle').first().click();
      await expect.poll(() => ben.get('mic-toggle').first().getAttribute('aria-pressed')).toBe('false');

      proxy.cut();
      await ben.seesMotion('Asha', 'camera', 20);
      await asha.seesMotion('Ben', 'camera', 20);
      await expect.poll(() => asha.tile('Ben').count()).toBe(1);
      expect(await ben.get('mic-toggle').first().getAttribute('aria-pressed')).toBe('false');

      const kept = server.data;
      await server.kill();
      server = await Server.start({ listen, publicUrl: proxy.url, data: kept });
      await ben.sees('Asha', 'red');
      await asha.sees('Ben', 'green').catch(async () => {
        // Nobody comes back less muted than it left, so a camera may be off after a lost server.
        expect(await ben.get('cam-toggle').first().getAttribute('aria-pressed')).toBe('false');
      });
      expect(await ben.get('mic-toggle').first().getAttribute('aria-pressed')).toBe('false');
      await sameLoad();
    } finally {
      await Promise.all([red.close(), green.close()]);
      await proxy.stop();
      await server.stop();
    }
  });
});

describe.skipIf(missing.chromium || unavailable)(
  `the network${unavailable ? ` (skipped: ${unavailable})` : ''}`,
  () => {
    async function inNamespaces(story: (network: Network, host: Person, guest: Person, link: string) => Promise<void>) {
      const network = Network.create();
      const url = `http://${network.serverAddress}:8080`;
      const server = await Server.start({ listen: `${network.serverAddress}:8080`, namespace: network.server });
      const options = { namespace: network.client, secureOrigin: url };
      const red = await launchChromium({ ...options, camera: 'red' });
      const green = await launchChromium({ ...options, camera: 'green' });
      try {
        const asha = await Person.open(red, 'Asha');
        const ben = await Person.open(green, 'Ben');
        await story(network, asha, ben, server.newMeetingUrl);
        expect([...asha.complaints, ...ben.complaints].filter((text) => !text.includes('ERR_'))).toEqual([]);
      } finally {
        await Promise.all([red.close(), green.close()]);
        await server.stop();
        network.remove();
      }
    }

    async function meet(host: Person, guest: Person, newMeetingUrl: string): Promise<void> {
      const link = await host.startMeeting(newMeetingUrl);
      await guest.knock(link);
      await host.admit('Ben');
      await guest.inRoom();
      await guest.sees('Asha', 'red');
      await host.sees('Ben', 'green');
    }

    test('where UDP is blocked, a meeting runs over TCP on the HTTP port', async () => {
      await inNamespaces(async (network, asha, ben, newMeetingUrl) => {
        network.blockUdp();
        await meet(asha, ben, newMeetingUrl);
        const protocol = await ben.page.evaluate(async () => {
          const report = await window.peerConnections.at(-1)?.getStats();
          const stats = [...(report?.values() ?? [])];
          const transport = stats.find((stat) => stat.type === 'transport');
          const pair = stats.find((stat) => stat.id === transport?.selectedCandidatePairId);
          return stats.find((stat) => stat.id === pair?.localCandidateId)?.protocol;
        });
        expect(protocol).toBe('tcp');
      });
    });

    test('UDP that is blocked in the middle of a call is replaced by TCP', async () => {
      await inNamespaces(async (network, asha, ben, newMeetingUrl) => {
        await meet(asha, ben, newMeetingUrl);
        const sameLoad = await mark(ben);
        network.blockUdp();
        await expect
          .poll(
            () =>
              ben.seesMotion('Asha', 'camera', 30).then(
                () => true,
                () => false,
              ),
            { timeout: 60_000 },
          )
          .toBe(true);
        await sameLoad();
      });
    });

    test('a client that moves to another address goes on in the same call', async () => {
      await inNamespaces(async (network, asha, ben, newMeetingUrl) => {
        await meet(asha, ben, newMeetingUrl);
        const sameLoad = await mark(ben);
        network.moveClient();
        await expect
          .poll(
            () =>
              ben.sees('Asha', 'red').then(
                () => true,
                () => false,
              ),
            { timeout: 60_000 },
          )
          .toBe(true);
        await asha.sees('Ben', 'green');
        await sameLoad();
      });
    });
  },
);
