// A network of our own: the server and a browser in namespaces joined by a virtual cable, with a firewall
// between them. Needs root; tests that use it say so when they are skipped.

import { execFileSync } from 'node:child_process';

const SERVER = 'sabha-e2e-server';
const CLIENT = 'sabha-e2e-client';

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Why network namespaces cannot be used here, or null. */
export const unavailable: string | null = (() => {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    run('ip', 'netns', 'add', 'sabha-e2e-probe');
    run('ip', 'netns', 'del', 'sabha-e2e-probe');
    run('nft', '--version');
    return null;
  } catch (error) {
    return `network namespaces or nft are not available: ${String(error).split('\n')[0]}`;
  }
})();

export class Network {
  readonly server = SERVER;
  readonly client = CLIENT;
  readonly serverAddress = '10.77.0.1';
  private clientAddress = '10.77.0.2';

  static create(): Network {
    const network = new Network();
    network.remove();
    run('ip', 'netns', 'add', SERVER);
    run('ip', 'netns', 'add', CLIENT);
    run('ip', 'link', 'add', 'sabha-s', 'netns', SERVER, 'type', 'veth', 'peer', 'name', 'sabha-c', 'netns', CLIENT);
    for (const [namespace, link, address] of [
      [SERVER, 'sabha-s', network.serverAddress],
      [CLIENT, 'sabha-c', network.clientAddress],
    ] as const) {
      run('ip', '-n', namespace, 'addr', 'add', `${address}/24`, 'dev', link);
      run('ip', '-n', namespace, 'link', 'set', link, 'up');
      run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
    }
    return network;
  }

  /** Lets no UDP packet through to the server, as many offices do. */
  blockUdp(): void {
    const rules = 'table inet sabha { chain input { type filter hook input priority 0; meta l4proto udp drop; }; }';
    run('ip', 'netns', 'exec', SERVER, 'nft', rules);
  }

  /** Moves the client to another address, as from one network to the next. What used the old one breaks. */
  moveClient(): void {
    const next = this.clientAddress === '10.77.0.2' ? '10.77.0.3' : '10.77.0.2';
    run('ip', '-n', CLIENT, 'addr', 'add', `${next}/24`, 'dev', 'sabha-c');
    run('ip', '-n', CLIENT, 'addr', 'del', `${this.clientAddress}/24`, 'dev', 'sabha-c');
    // Deleting a primary address may take its neighbours along, unless the kernel promotes them.
    const left = run('ip', '-n', CLIENT, '-o', 'addr', 'show', 'dev', 'sabha-c');
    if (!left.includes(next)) run('ip', '-n', CLIENT, 'addr', 'add', `${next}/24`, 'dev', 'sabha-c');
    this.clientAddress = next;
  }

  remove(): void {
    for (const namespace of [SERVER, CLIENT]) {
      try {
        run('ip', 'netns', 'del', namespace);
      } catch {
        // Not there: nothing to remove.
      }
    }
  }
}
