import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { E2eeEvents } from '../e2ee/e2ee';
import type { FromMls } from '../e2ee/messages';
import type { Transforms } from '../e2ee/transforms';
import type { CreateMeeting, DeviceOutput } from '../protocol/messages';
import { OwnDevice } from './device';

/** Stands for the workers: notes what they are asked, and says what it is told to. */
class Workers {
  readonly asked: unknown[] = [];
  readonly transforms = {} as Transforms;
  events: E2eeEvents | null = null;
  start = (how: unknown) => this.asked.push(['start', how]);
  rename = (name: string) => this.asked.push(['rename', name]);
  command = (command: unknown) => this.asked.push(['command', command]);
  forget = (meeting: string) => this.asked.push(['forget', meeting]);
  close = () => this.asked.push(['close']);
  say(message: FromMls) {
    this.events?.said(message);
  }
}

function opened(): { workers: Workers; device: OwnDevice } {
  const workers = new Workers();
  const device = new OwnDevice((events) => {
    workers.events = events;
    return workers;
  });
  return { workers, device };
}

const started: FromMls = { type: 'started', creation: null };
const broken: FromMls = { type: 'failed', message: 'no', fatal: true };
const refused: FromMls = { type: 'failed', message: 'no', fatal: false };
const view = { type: 'view', view: {} } as DeviceOutput & { type: 'view' };
const body = { meeting: 'm' } as CreateMeeting;
const fresh = { title: 'Weekly', passcode: null, admits: false };

function listening(device: OwnDevice): string[] {
  const heard: string[] = [];
  device.listen({ says: ({ type }) => heard.push(type), failed: () => heard.push('failed') });
  return heard;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('own device', () => {
  it('one that is remembered enters under the name of today', async () => {
    const { workers, device } = opened();
    const found = device.restore('m');
    workers.say(started);
    expect(await found).toBe(true);
    device.enter('m', 'secret', 'Asha');
    expect(workers.asked).toEqual([
      ['start', { how: 'restore', meeting: 'm' }],
      ['rename', 'Asha'],
    ]);
  });

  it('one that is remembered is told of the link by which it comes back', () => {
    const { workers, device } = opened();
    void device.restore('m', 'secret.invitation');
    expect(workers.asked).toEqual([['start', { how: 'restore', meeting: 'm', secret: 'secret.invitation' }]]);
  });

  it.each<FromMls>([{ type: 'not_remembered' }, refused])('else a new one is made by the link: %o', async (answer) => {
    const { workers, device } = opened();
    const found = device.restore('m');
    workers.say(answer);
    expect(await found).toBe(false);
    device.enter('m', 'secret', 'Asha');
    device.enter('m', 'secret', 'Asha');
    expect(workers.asked.slice(1)).toEqual([
      ['start', { how: 'join', parameters: { meeting: 'm', secret: 'secret', name: 'Asha' } }],
    ]);
  });

  it('one that makes a meeting says what opens it, and goes on in the call', async () => {
    const { workers, device } = opened();
    const made = device.create('Asha', fresh);
    workers.say({ type: 'started', creation: body });
    workers.say({ type: 'output', output: view });
    expect(await made).toBe(body);
    expect(listening(device)).toEqual(['view']);
    expect(await device.restore('m')).toBe(true);
    device.enter('m', null, 'Bilal');
    expect(workers.asked.at(-1)).toEqual(['rename', 'Bilal']);
  });

  it('a code that cannot be loaded is told to whoever waits or listens', async () => {
    for (const act of ['restore', 'create'] as const) {
      const { workers, device } = opened();
      const answer = act === 'restore' ? device.restore('m') : device.create('Asha', fresh);
      workers.say(broken);
      expect(await answer).toBe(act === 'restore' ? false : null);
      expect(device.transforms).toBeNull();
      expect(listening(device)).toEqual(['failed']);
    }
  });

  it('a link that makes no device is a failure; a command that cannot be done is none', async () => {
    const { workers, device } = opened();
    const heard = listening(device);
    const found = device.restore('m');
    workers.say({ type: 'not_remembered' });
    await found;
    device.enter('m', 'secret', 'Asha');
    workers.say(refused);
    expect(heard).toEqual(['failed']);

    const second = opened();
    const heardSecond = listening(second.device);
    void second.device.restore('m');
    second.workers.say(started);
    second.workers.say(refused);
    expect(heardSecond).toEqual([]);
    second.workers.say(broken);
    second.workers.say(broken);
    expect(heardSecond).toEqual(['failed']);
  });

  it('a browser that cannot encrypt has no device', async () => {
    const device = new OwnDevice(() => {
      throw new Error('this browser cannot encrypt media');
    });
    expect(listening(device)).toEqual(['failed']);
    expect(await device.restore('m')).toBe(false);
    expect(await device.create('Asha', fresh)).toBeNull();
  });

  it('nothing is heard of one that is forgotten or closed', () => {
    for (const act of ['forget', 'close'] as const) {
      const { workers, device } = opened();
      const heard = listening(device);
      if (act === 'forget') void device.forget('m');
      else device.close();
      workers.say({ type: 'output', output: view });
      workers.say(broken);
      expect(heard).toEqual([]);
    }
  });

  it('but the log of a meeting that has ended, which comes while its device is being erased', () => {
    const { workers, device } = opened();
    const heard = listening(device);
    void device.forget('m');
    const log = { type: 'log', text: 'sabha/m' } as const;
    workers.say({ type: 'output', output: log });
    expect(heard).toEqual(['log']);
    device.close();
    workers.say({ type: 'output', output: log });
    expect(heard.length).toBe(1);
  });

  it('is forgotten when its worker has erased it, and then the worker goes', async () => {
    const { workers, device } = opened();
    void device.restore('m');
    workers.say(started);
    let isForgotten = false;
    const forgotten = device.forget('m').then(() => {
      isForgotten = true;
    });
    for (const earlier of [started, refused, { type: 'output', output: view } as const]) workers.say(earlier);
    await Promise.resolve();
    expect(isForgotten).toBe(false);
    workers.say({ type: 'not_remembered' });
    await forgotten;
    expect(workers.asked.slice(1)).toEqual([['forget', 'm'], ['start', { how: 'restore', meeting: 'm' }], ['close']]);
    await device.forget('m');
  });

  it('nobody waits for ever for one that cannot be erased', async () => {
    const { workers, device } = opened();
    const forgotten = device.forget('m');
    vi.advanceTimersByTime(10_000);
    await forgotten;
    expect(workers.asked.at(-1)).toEqual(['close']);
  });

  it('who waits for one that is closed is answered', async () => {
    const { device } = opened();
    const found = device.restore('m');
    device.close();
    expect(await found).toBe(false);
  });
});
