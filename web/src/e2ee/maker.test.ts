import { describe, expect, it } from 'vitest';
import type { CreateDevice, CreateMeeting, DeviceView } from '../protocol/messages';
import { Maker } from './maker';
import type { FromMls, ToMls } from './messages';

const wishes = {
  suite: 'x_wing',
  name: 'Asha',
  title: 'Cabinet',
  passcode: null,
  admits: false,
} satisfies CreateDevice;
const creation = { meeting: 'a'.repeat(32) } as CreateMeeting;
const view = (invite: string, meeting = creation.meeting, invites: string[] = []): FromMls => ({
  type: 'output',
  output: { type: 'view', view: { meeting, invite, invites: invites.map((fragment) => ({ fragment })) } as DeviceView },
});

/** A worker that says `said` to whoever starts a device as `how`. */
function worker(said: Partial<Record<'create' | 'restore', FromMls[]>>) {
  const told: ToMls[] = [];
  const fake = {
    told,
    ended: false,
    onmessage: null as ((event: MessageEvent<FromMls>) => void) | null,
    postMessage(message: ToMls) {
      told.push(message);
      if (message.type !== 'start' || message.start.how === 'join') return;
      for (const data of said[message.start.how] ?? []) {
        queueMicrotask(() => fake.onmessage?.({ data } as MessageEvent<FromMls>));
      }
    },
    terminate() {
      fake.ended = true;
    },
  };
  return fake;
}

describe('maker', () => {
  it('gives a meeting once its device is found where it was kept', async () => {
    const fake = worker({
      create: [{ type: 'started', creation }, view('#v1.secret')],
      restore: [{ type: 'started', creation: null }],
    });
    const maker = new Maker(() => fake);

    expect(await maker.make(wishes)).toEqual({ creation, invite: '#v1.secret', invites: [] });
    expect(fake.told.map((message) => (message.type === 'start' ? message.start.how : message.type))).toEqual([
      'transforms',
      'create',
      'restore',
    ]);
  });

  it('takes no link of the device before, which is heard late', async () => {
    const fake = worker({
      create: [
        view('#v1.other', 'b'.repeat(32)),
        { type: 'started', creation },
        view('#v1.secret'),
        view('#v1.other', 'b'),
      ],
      restore: [{ type: 'started', creation: null }],
    });

    expect(await new Maker(() => fake).make(wishes)).toEqual({ creation, invite: '#v1.secret', invites: [] });
  });

  it('makes links for single people, and gives no meeting that kept fewer', async () => {
    const guests = ['Ben', 'Cara'].map((name) => ({ name, until_ms: 9, devices: 2 }));
    const keeps = (...fragments: string[]) =>
      worker({
        create: [{ type: 'started', creation }],
        restore: [view('#v1.secret', creation.meeting, fragments), { type: 'started', creation: null }],
      });
    const fake = keeps('#v1.secret.one', '#v1.secret.two');

    const made = await new Maker(() => fake).make(wishes, guests);
    expect(made?.invites.map(({ fragment }) => fragment)).toEqual(['#v1.secret.one', '#v1.secret.two']);
    expect(fake.told.slice(2, 4)).toEqual(
      guests.map((guest) => ({ type: 'command', command: { type: 'invite', ...guest } })),
    );
    expect(await new Maker(() => keeps('#v1.secret.one')).make(wishes, guests)).toBeNull();
  });

  it('gives none that was not kept, and none that was not made', async () => {
    const notKept = worker({
      create: [{ type: 'started', creation }, view('#v1.secret')],
      restore: [{ type: 'not_remembered' }],
    });
    const notMade = worker({ create: [{ type: 'failed', message: 'no', fatal: true }] });

    expect(await new Maker(() => notKept).make(wishes)).toBeNull();
    expect(await new Maker(() => notMade).make(wishes)).toBeNull();
  });

  it('ends after everything that it was asked', async () => {
    const fake = worker({ restore: [{ type: 'not_remembered' }] });
    const maker = new Maker(() => fake);
    maker.forget('b'.repeat(32));
    await maker.close();

    expect(fake.told.map(({ type }) => type)).toEqual(['transforms', 'forget', 'start']);
    expect(fake.ended).toBe(true);
  });
});
