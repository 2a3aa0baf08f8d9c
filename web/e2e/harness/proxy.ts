// A TCP proxy in front of the server, so that a test can cut a browser's connections as a bad network would, and read
// what browsers send.

import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';

export class CuttingProxy {
  private readonly pairs = new Set<[Socket, Socket]>();
  private refusing = false;
  /** What came from browsers, by connection. */
  readonly sent: Buffer[][] = [];

  readonly port: number;
  private readonly listener: NetServer;

  private constructor(listener: NetServer, port: number) {
    this.listener = listener;
    this.port = port;
  }

  /** Listens on a free port and passes everything to the port that `target` names by then. */
  static async start(target: () => number): Promise<CuttingProxy> {
    const listener = createServer();
    await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
    const address = listener.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    const proxy = new CuttingProxy(listener, address.port);
    listener.on('connection', (from) => proxy.pass(from, target()));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  private pass(from: Socket, port: number): void {
    if (this.refusing) {
      from.destroy();
      return;
    }
    const to = connect(port, '127.0.0.1');
    const pair: [Socket, Socket] = [from, to];
    this.pairs.add(pair);
    const end = () => {
      from.destroy();
      to.destroy();
      this.pairs.delete(pair);
    };
    const sent: Buffer[] = [];
    this.sent.push(sent);
    from.on('data', (bytes: Buffer) => sent.push(bytes));
    from.on('error', end).on('close', end).pipe(to);
    to.on('error', end).on('close', end).pipe(from);
  }

  /** Cuts every connection, without a word to either side. */
  cut(): void {
    for (const [from, to] of this.pairs) {
      from.resetAndDestroy();
      to.resetAndDestroy();
    }
    this.pairs.clear();
  }

  /** Cuts every connection and takes no new one until `heal`. */
  sever(): void {
    this.refusing = true;
    this.cut();
  }

  heal(): void {
    this.refusing = false;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((done) => this.listener.close(done));
  }
}
