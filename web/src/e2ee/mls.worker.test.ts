import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DeviceCommand, DeviceOutput, MediaKeyChange } from '../protocol/messages';
import type { FromMls, ToMls } from './messages';

/** A device that says what the test has it say. */
const fake = vi.hoisted(() => ({
  outputs: [] as unknown[],
  commands: [] as unknown[],
  refusal: null as Error | null,
  dueIn: null as number | null,
  timeouts: 0,
  freed: 0,
  exported: 0,
  sealed: [] as [string, number[]][],
}));

vi.mock('./device', () => ({
  Device: class Device {
    static async load() {}
    static create() {
      return new Device();
    }
    creation = { meeting: 'm' };
    command(command: unknown) {
      if (fake.refusal) throw fake.refusal;
      fake.commands.push(command);
    }
    timeout() {
      fake.timeouts += 1;
      fake.dueIn = null;
    }
    get dueIn() {
      return fake.dueIn;
    }
    poll() {
      return fake.outputs.shift() ?? null;
    }
    export() {
      fake.exported += 1;
      return Uint8Array.of(1, 2, 3);
    }
    free() {
      fake.freed += 1;
    }
  },
}));
vi.mock('./shelf', () => ({ IndexedDbShelf: class {} }));
vi.mock('./vault', () => ({
  Vault: class {
    async seal(id: string, bytes: Uint8Array) {
      fake.sealed.push([id, [...bytes]]);
    }
    async open() {
      return null;
    }
    async forget() {}
  },
}));

const install: MediaKeyChange = {
  type: 'install',
  epoch: 3,
  base_key: 'AAAAAAAAAAAAAAAAAAAAAA',
  own_leaf: 0,
  leaves: [],
};
const view = { type: 'view', view: { meeting: 'm' } } as DeviceOutput;
const media = (change: MediaKeyChange): DeviceOutput => ({ type: 'media', change });
const chat: DeviceCommand = { type: 'chat', text: 'hello' };

let page: FromMls[];
let keys: MediaKeyChange[];
let worker: { onmessage(event: { data: ToMls }): void };

beforeEach(async () => {
  vi.resetModules();
  Object.assign(fake, {
    outputs: [],
    commands: [],
    refusal: null,
    dueIn: null,
    timeouts: 0,
    freed: 0,
    exported: 0,
    sealed: [],
  });
  page = [];
  keys = [];
  vi.stubGlobal('postMessage', (message: FromMls) => page.push(message));
  await import('./mls.worker');
  worker = globalThis as unknown as typeof worker;
  const port = { postMessage: (change: MediaKeyChange) => keys.push(change) } as MessagePort;
  worker.onmessage({ data: { type: 'transforms', ports: [port] } });
});

/** Has the device say `outputs`, and waits until the worker has passed everything on. */
async function command(...outputs: DeviceOutput[]): Promise<void> {
  const before = fake.commands.length;
  fake.outputs.push(...outputs);
  worker.onmessage({ data: { type: 'command', command: chat } });
  await vi.waitFor(() => expect(fake.commands.length).toBe(before + 1));
  await vi.waitFor(() => expect(fake.outputs).toEqual([]));
}

async function create(): Promise<void> {
  worker.onmessage({ data: { type: 'start', start: { how: 'create', parameters: {} } } });
  await vi.waitFor(() => expect(page.at(-1)).toEqual({ type: 'started', creation: { meeting: 'm' } }));
}

describe('the worker of the device', () => {
  it('keys go to the transforms, in order, and never to the page', async () => {
    await create();
    keys.length = 0;
    await command(media(install), view, media({ type: 'use', epoch: 3 }));

    expect(keys).toEqual([install, { type: 'use', epoch: 3 }]);
    expect(page.slice(1)).toEqual([{ type: 'output', output: view }]);
    expect(JSON.stringify(page)).not.toContain(install.base_key);
  });

  it('another device begins without the keys of the one before', async () => {
    await create();
    await command(media(install));
    await create();

    expect(keys.slice(-2)).toEqual([{ type: 'mute' }, { type: 'drop', epoch: 3 }]);
    expect(fake.freed).toBe(1);
  });

  it('what must survive a reload is sealed under its meeting, once that is known', async () => {
    await create();
    await command({ type: 'remember' });
    expect(fake.sealed).toEqual([]);
    await command(view, { type: 'remember' }, { type: 'remember' });
    await command(view);
    await vi.waitFor(() => expect(fake.sealed).toEqual([['m', [1, 2, 3]]]));
    expect(fake.exported).toBe(1);
  });

  it('a command that cannot be done is told, and the next one is done', async () => {
    await create();
    fake.refusal = new Error('there is no such guest');
    worker.onmessage({ data: { type: 'command', command: chat } });
    await vi.waitFor(() =>
      expect(page.at(-1)).toEqual({ type: 'failed', message: 'there is no such guest', fatal: false }),
    );
    fake.refusal = null;
    await command();
  });

  it('code that breaks takes its keys along', async () => {
    await create();
    await command(media(install));
    fake.refusal = new WebAssembly.RuntimeError('unreachable');
    worker.onmessage({ data: { type: 'command', command: chat } });

    await vi.waitFor(() => expect(page.at(-1)).toEqual({ type: 'failed', message: 'unreachable', fatal: true }));
    expect(keys.slice(-2)).toEqual([{ type: 'mute' }, { type: 'drop', epoch: 3 }]);
  });

  it('the device is told when its time has come', async () => {
    await create();
    fake.dueIn = 5;
    await command();
    await vi.waitFor(() => expect(fake.timeouts).toBe(1));
  });

  it('a meeting that nobody remembers is told as such', async () => {
    worker.onmessage({ data: { type: 'start', start: { how: 'restore', meeting: 'm' } } });
    await vi.waitFor(() => expect(page).toEqual([{ type: 'not_remembered' }]));
  });
});
