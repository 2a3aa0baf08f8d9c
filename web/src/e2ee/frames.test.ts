import { describe, expect, it } from 'vitest';
import { type Codec, type EncodedFrame, FrameReceiver, FrameSender, type SlotContent } from './frames';
import { KeyRing } from './keys';
import { importBaseKey, packKeyId, parseHeader, sourceBit } from './sframe';

const ALICE = 1;
const BOB = 2;
const EVERYTHING = 0b1111;

class Frame implements EncodedFrame {
  data: ArrayBuffer;
  readonly type: string;
  readonly #mimeType: string | undefined;
  readonly #payloadType: number | undefined;

  constructor(bytes: readonly number[], type = 'key', mimeType?: string, payloadType?: number) {
    this.data = Uint8Array.from(bytes).buffer;
    this.type = type;
    this.#mimeType = mimeType;
    this.#payloadType = payloadType;
  }

  getMetadata() {
    return {
      ...(this.#mimeType !== undefined && { mimeType: this.#mimeType }),
      ...(this.#payloadType !== undefined && { payloadType: this.#payloadType }),
    };
  }

  get bytes(): number[] {
    return [...new Uint8Array(this.data)];
  }

  copy(): Frame {
    return new Frame(this.bytes, this.type, this.#mimeType, this.#payloadType);
  }
}

async function ring(ownLeaf: number, epoch = 7, fill = 1, allowed: [number, number][] = everybody()): Promise<KeyRing> {
  const keys = new KeyRing();
  await install(keys, ownLeaf, epoch, fill, allowed);
  keys.use(epoch);
  return keys;
}

async function install(keys: KeyRing, ownLeaf: number, epoch: number, fill: number, allowed = everybody()) {
  const baseKey = await importBaseKey(new Uint8Array(16).fill(fill));
  keys.install({ epoch, baseKey, ownLeaf, allowed: new Map(allowed) });
}

const everybody = (): [number, number][] => [
  [ALICE, EVERYTHING],
  [BOB, EVERYTHING],
];

/** A slot of Bob's, which emits into `out`. */
function slot(keys: KeyRing, codec: Codec = 'vp8', payloadTypes: ReadonlyMap<number, Codec> = new Map()) {
  const out: Frame[] = [];
  const asked = { keyFrames: 0 };
  const begun: SlotContent[] = [];
  const receiver = new FrameReceiver<Frame>(keys, {
    codec,
    payloadTypes,
    emit: (frame) => out.push(frame),
    begin: (content) => begun.push(content),
    requestKeyFrame: () => {
      asked.keyFrames += 1;
    },
  });
  return { out, receiver, asked, begun };
}

const camera: SlotContent = { leaf: ALICE, source: 'camera' };
const picture = [0x10, 1, 2, 3, 4, 5];

async function sealed(sender: FrameSender, bytes = picture, type = 'key'): Promise<Frame> {
  const frame = new Frame(bytes, type);
  expect(await sender.take(frame)).toBe(true);
  return frame;
}

describe('a frame on its way', () => {
  it.each<[Codec, number]>([
    ['opus', 0],
    ['vp8', 1],
    ['vp9', 0],
  ])('%s keeps %i bytes readable and arrives as it was', async (codec, clear) => {
    const sender = new FrameSender(await ring(ALICE), 'camera', codec);
    const { out, receiver } = slot(await ring(BOB), codec);
    const frame = await sealed(sender);

    expect(frame.bytes.slice(0, clear)).toEqual(picture.slice(0, clear));
    expect(frame.bytes.slice(clear).join()).not.toContain(picture.slice(clear).join());
    const header = parseHeader(Uint8Array.from(frame.bytes.slice(clear)));
    expect(header).toMatchObject({ kid: packKeyId({ source: 'camera', leaf: ALICE, epochByte: 7 }), counter: 0 });

    await receiver.expect(camera, 0);
    await receiver.take(frame, 0);
    expect(out.map(({ bytes }) => bytes)).toEqual([picture]);
    expect(receiver.tally).toEqual({ passed: 1, dropped: {} });
  });

  it('the codec that the browser names goes before the one assumed', async () => {
    const sender = new FrameSender(await ring(ALICE), 'camera', 'vp9');
    const frame = new Frame(picture, 'key', 'video/VP8');
    await sender.take(frame);

    expect(frame.bytes[0]).toBe(picture[0]);
  });

  it('where the browser names none, the payload type tells, from picture to picture', async () => {
    const payloadTypes = new Map<number, Codec>([
      [96, 'vp8'],
      [98, 'vp9'],
    ]);
    const sender = new FrameSender(await ring(ALICE), 'camera', 'vp8', payloadTypes);
    const { out, receiver } = slot(await ring(BOB), 'vp8', payloadTypes);
    await receiver.expect(camera, 0);
    for (const payloadType of [96, 98, 96, 45]) {
      const frame = new Frame(picture, 'key', undefined, payloadType);
      await sender.take(frame);
      expect(parseHeader(Uint8Array.from(frame.bytes.slice(payloadType === 98 ? 0 : 1)))).not.toBeNull();
      await receiver.take(frame, 0);
    }

    expect(out.map(({ bytes }) => bytes)).toEqual([picture, picture, picture, picture]);
  });

  it('a payload type that lies opens nothing', async () => {
    const sender = new FrameSender(await ring(ALICE), 'camera', 'vp9');
    const { out, receiver } = slot(await ring(BOB), 'vp9', new Map([[98, 'vp8']]));
    await receiver.expect(camera, 0);
    const frame = new Frame(picture, 'key', undefined, 98);
    await sender.take(frame);
    await receiver.take(frame, 0);

    expect(out).toEqual([]);
    expect(receiver.tally.passed).toBe(0);
  });
});

describe('sending', () => {
  it('without a key nothing is written', async () => {
    const sender = new FrameSender(new KeyRing(), 'camera', 'vp8');
    const frame = new Frame(picture);

    expect(await sender.take(frame)).toBe(false);
    expect(sender.tally).toEqual({ passed: 0, dropped: { muted: 1 } });
  });

  it('an armed epoch is not sent with until it is in use, and nothing is sent once its key is gone', async () => {
    const keys = await ring(ALICE, 7);
    await install(keys, ALICE, 8, 2);
    const sender = new FrameSender(keys, 'microphone', 'opus');
    const epochOf = (frame: Frame) => (parseHeader(Uint8Array.from(frame.bytes))?.kid ?? 0) & 0xff;

    expect(epochOf(await sealed(sender))).toBe(7);
    keys.use(8);
    expect(epochOf(await sealed(sender))).toBe(8);
    keys.drop(8);
    expect(await sender.take(new Frame(picture))).toBe(false);
  });

  it('is stopped and started again', async () => {
    const keys = await ring(ALICE);
    const sender = new FrameSender(keys, 'camera', 'vp8');
    keys.mute();
    expect(await sender.take(new Frame(picture))).toBe(false);
    keys.use(7);
    expect(await sender.take(new Frame(picture))).toBe(true);
  });

  it('a source that the own grant does not cover is not sent', async () => {
    const keys = await ring(ALICE, 7, 1, [[ALICE, sourceBit('microphone')]]);

    expect(await new FrameSender(keys, 'camera', 'vp8').take(new Frame(picture))).toBe(false);
    expect(await new FrameSender(keys, 'microphone', 'opus').take(new Frame(picture))).toBe(true);
  });

  it('a counter is never used twice: not by a new connection, nor after the key was given again', async () => {
    const keys = await ring(ALICE);
    const counterOf = (frame: Frame) => parseHeader(Uint8Array.from(frame.bytes))?.counter;
    const seen = [counterOf(await sealed(new FrameSender(keys, 'microphone', 'opus')))];
    seen.push(counterOf(await sealed(new FrameSender(keys, 'microphone', 'opus'))));
    await install(keys, ALICE, 7, 1);
    seen.push(counterOf(await sealed(new FrameSender(keys, 'microphone', 'opus'))));
    keys.drop(7);
    await install(keys, ALICE, 7, 1);
    seen.push(counterOf(await sealed(new FrameSender(keys, 'microphone', 'opus'))));

    expect(seen).toEqual([0, 1, 2, 3]);
  });
});

describe('receiving', () => {
  it('a clear frame is dropped, whatever it holds', async () => {
    const { out, receiver } = slot(await ring(BOB));
    await receiver.expect(camera, 0);
    for (let first = 0; first < 256; first++) {
      await receiver.take(new Frame([0x10, first, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 0);
    }
    await receiver.take(new Frame([]), 0);
    await receiver.take(new Frame([0x10]), 0);
    await receiver.expect(null, 1000);

    expect(out).toEqual([]);
    expect(Object.values(receiver.tally.dropped).reduce((sum, each) => sum + each, 0)).toBe(257);
  });

  it('a frame under another key is dropped', async () => {
    const sender = new FrameSender(await ring(ALICE, 7, 9), 'camera', 'vp8');
    const { out, receiver } = slot(await ring(BOB, 7, 1));
    await receiver.expect(camera, 0);
    await receiver.take(await sealed(sender), 0);

    expect(out).toEqual([]);
    expect(receiver.tally.dropped).toEqual({ forged: 1 });
  });

  it('a frame is taken once, also through two slots at once', async () => {
    const sender = new FrameSender(await ring(ALICE), 'camera', 'vp8');
    const keys = await ring(BOB);
    const [first, second] = [slot(keys), slot(keys)];
    await Promise.all([first.receiver.expect(camera, 0), second.receiver.expect(camera, 0)]);
    const frame = await sealed(sender);
    await Promise.all([first.receiver.take(frame.copy(), 0), second.receiver.take(frame.copy(), 0)]);
    await first.receiver.take(frame.copy(), 0);

    expect(first.out.length + second.out.length).toBe(1);
    expect((first.receiver.tally.dropped.replayed ?? 0) + (second.receiver.tally.dropped.replayed ?? 0)).toBe(2);
  });

  it('a forged frame does not use up the counter of the true one', async () => {
    const sender = new FrameSender(await ring(ALICE), 'camera', 'vp8');
    const { out, receiver } = slot(await ring(BOB));
    await receiver.expect(camera, 0);
    const frame = await sealed(sender);
    const forged = frame.copy();
    const bytes = new Uint8Array(forged.data);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await receiver.take(forged, 0);
    await receiver.take(frame, 0);

    expect(out).toEqual([frame]);
  });

  it('an epoch is opened as long as its key is there', async () => {
    const sender = new FrameSender(await ring(ALICE), 'camera', 'vp8');
    const keys = await ring(BOB);
    const { out, receiver } = slot(keys);
    await receiver.expect(camera, 0);
    await install(keys, BOB, 8, 2);
    keys.use(8);
    await receiver.take(await sealed(sender), 0);
    keys.drop(7);
    await receiver.take(await sealed(sender), 0);

    expect(out.length).toBe(1);
    expect(receiver.tally.dropped).toEqual({ unknown_epoch: 1 });
  });

  it('an epoch 256 later takes the place of the one with the same low byte', async () => {
    const sender = new FrameSender(await ring(ALICE, 7, 1), 'camera', 'vp8');
    const keys = await ring(BOB, 7, 1);
    await install(keys, BOB, 7 + 256, 2);
    const { out, receiver } = slot(keys);
    await receiver.expect(camera, 0);
    await receiver.take(await sealed(sender), 0);

    expect(out).toEqual([]);
  });

  it('a source that the sender may not send is dropped, also from a leaf that nobody named', async () => {
    const keys = await ring(BOB, 7, 1, [
      [ALICE, sourceBit('microphone')],
      [BOB, EVERYTHING],
    ]);
    for (const leaf of [ALICE, 5]) {
      const sender = new FrameSender(await ring(leaf, 7, 1, [[leaf, EVERYTHING]]), 'camera', 'vp8');
      const { out, receiver } = slot(keys);
      await receiver.expect({ leaf, source: 'camera' }, 0);
      await receiver.take(await sealed(sender), 0);

      expect(out).toEqual([]);
      expect(receiver.tally.dropped).toEqual({ forbidden: 1 });
    }
  });

  it('what we sent ourselves does not come back as a picture', async () => {
    const sender = new FrameSender(await ring(BOB), 'camera', 'vp8');
    const { out, receiver } = slot(await ring(BOB));
    await receiver.expect({ leaf: BOB, source: 'camera' }, 0);
    await receiver.take(await sealed(sender), 0);

    expect(out).toEqual([]);
  });
});

describe('a slot', () => {
  it('shows nobody else than it is said to, and what waited comes out in order once it is said', async () => {
    const sender = new FrameSender(await ring(ALICE), 'camera', 'vp8');
    const { out, receiver } = slot(await ring(BOB));
    await receiver.expect({ leaf: ALICE, source: 'screen' }, 0);
    const frames = [await sealed(sender), await sealed(sender), await sealed(sender)];
    await receiver.take(frames[0] as Frame, 0);
    await receiver.take(frames[1] as Frame, 10);
    expect(out).toEqual([]);

    const said = receiver.expect(camera, 20);
    await receiver.take(frames[2] as Frame, 20);
    await said;
    expect(out).toEqual(frames);
    expect(receiver.tally).toEqual({ passed: 3, dropped: {} });
  });

  it('frames wait for half a second, and at most 32 of them', async () => {
    const sender = new FrameSender(await ring(ALICE), 'camera', 'vp8');
    const { out, receiver } = slot(await ring(BOB));
    await receiver.take(await sealed(sender), 0);
    for (let index = 0; index < 33; index++) await receiver.take(await sealed(sender), 500);
    expect(receiver.tally.dropped).toEqual({ unexpected: 2 });

    await receiver.expect(camera, 999);
    expect(out.length).toBe(32);
    await receiver.expect(null, 1000);
    await receiver.take(await sealed(sender), 1000);
    await receiver.expect(camera, 1500);
    expect(out.length).toBe(32);
    expect(receiver.tally.dropped).toEqual({ unexpected: 3 });
  });

  it('asks for a whole picture when the first after a gap builds on others', async () => {
    const sender = new FrameSender(await ring(ALICE), 'camera', 'vp8');
    const keys = await ring(BOB);
    const { receiver, asked } = slot(keys);
    await receiver.expect(camera, 0);
    await receiver.take(await sealed(sender), 0);
    await receiver.take(await sealed(sender, picture, 'delta'), 0);
    expect(asked.keyFrames).toBe(0);

    await receiver.take(new Frame([0x10]), 0);
    await receiver.take(await sealed(sender, picture, 'delta'), 0);
    await receiver.take(await sealed(sender, picture, 'delta'), 0);
    expect(asked.keyFrames).toBe(1);
  });

  it('begins with a whole picture whenever it carries somebody else, so that nobody is painted over another', async () => {
    const keys = await ring(3, 7, 1, [...everybody(), [3, EVERYTHING]]);
    const [alice, bob] = await Promise.all(
      [ALICE, BOB].map(async (leaf) => new FrameSender(await ring(leaf), 'camera', 'vp8')),
    );
    if (!alice || !bob) throw new Error('two are sending');
    const { out, receiver, asked, begun } = slot(keys);
    const bobs: SlotContent = { leaf: BOB, source: 'camera' };
    await receiver.expect(camera, 0);
    await receiver.take(await sealed(alice), 0);
    await receiver.expect(camera, 0);
    await receiver.take(await sealed(alice, picture, 'delta'), 0);
    expect(begun).toEqual([camera]);

    await receiver.expect(bobs, 0);
    await receiver.take(await sealed(bob, picture, 'delta'), 0);
    expect([out.length, begun.length, asked.keyFrames]).toEqual([2, 1, 1]);
    expect(receiver.tally.dropped).toEqual({ dependent: 1 });
    await receiver.take(await sealed(bob), 0);
    await receiver.take(await sealed(bob, picture, 'delta'), 0);
    expect([out.length, begun]).toEqual([4, [camera, bobs]]);

    await receiver.expect(null, 0);
    await receiver.expect(bobs, 0);
    await receiver.take(await sealed(bob, picture, 'delta'), 0);
    expect(out.length).toBe(4);
  });
});
