// Seals and opens frames of several streams in one worker, by the code that does it in a call, as fast as it goes.

import { type EncodedFrame, FrameReceiver, FrameSender } from '../../src/e2ee/frames';
import { KeyRing } from '../../src/e2ee/keys';
import { importBaseKey, sourceBit } from '../../src/e2ee/sframe';

export interface Work {
  streams: number;
  framesEach: number;
  frameBytes: number;
}

export interface Measured {
  /** Microseconds for one frame, with all streams at once. */
  sealUs: number;
  openUs: number;
  opened: number;
}

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Work>) => void;
  postMessage(message: Measured): void;
};

const EPOCH = 1;

class Frame implements EncodedFrame {
  readonly type: string;
  data: ArrayBuffer;

  constructor(index: number, bytes: number) {
    this.type = index === 0 ? 'key' : 'delta';
    this.data = new ArrayBuffer(bytes);
  }

  getMetadata(): { mimeType: string } {
    return { mimeType: 'video/VP8' };
  }
}

async function ring(ownLeaf: number, streams: number): Promise<KeyRing> {
  const keys = new KeyRing();
  const baseKey = await importBaseKey(new Uint8Array(16).fill(7));
  const allowed = new Map(Array.from({ length: streams + 1 }, (_, leaf) => [leaf, sourceBit('camera')]));
  keys.install({ epoch: EPOCH, baseKey, ownLeaf, allowed });
  keys.use(EPOCH);
  return keys;
}

/** Does something with every frame, in order within a stream. Returns microseconds a frame. */
async function timed(all: Frame[][], each: (frame: Frame, stream: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await Promise.all(
    all.map(async (frames, stream) => {
      for (const frame of frames) await each(frame, stream);
    }),
  );
  return ((performance.now() - start) * 1000) / all.reduce((sum, frames) => sum + frames.length, 0);
}

scope.onmessage = async ({ data: { streams, framesEach, frameBytes } }) => {
  const leaves = Array.from({ length: streams }, (_, index) => index + 1);
  const frames = leaves.map(() => Array.from({ length: framesEach }, (_, index) => new Frame(index, frameBytes)));
  const rings = await Promise.all(leaves.map((leaf) => ring(leaf, streams)));
  const senders = rings.map((keys) => new FrameSender(keys, 'camera', 'vp8'));
  const sealUs = await timed(frames, async (frame, stream) => senders[stream]?.take(frame));

  const keys = await ring(0, streams);
  let opened = 0;
  const receivers = leaves.map((leaf) => {
    const receiver = new FrameReceiver<Frame>(keys, {
      codec: 'vp8',
      emit: () => {
        opened += 1;
      },
      begin: () => undefined,
      requestKeyFrame: () => undefined,
    });
    void receiver.expect({ leaf, source: 'camera' }, 0);
    return receiver;
  });
  const openUs = await timed(frames, async (frame, stream) => receivers[stream]?.take(frame, 0));
  scope.postMessage({ sealUs, openUs, opened });
};
