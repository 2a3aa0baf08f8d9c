// A sender that has the keys and does not keep to the rules: it sends its first frame again and again.

import { type EncodedFrame, FrameSender } from '../../src/e2ee/frames';
import { KeyRing } from '../../src/e2ee/keys';
import { importBaseKey, sourceBit } from '../../src/e2ee/sframe';

interface Options {
  key: Uint8Array<ArrayBuffer>;
  epoch: number;
  leaf: number;
}

const scope = globalThis as unknown as {
  onrtctransform: (event: {
    transformer: {
      options: Options;
      readable: ReadableStream<EncodedFrame>;
      writable: WritableStream<EncodedFrame>;
    };
  }) => void;
};

scope.onrtctransform = async ({ transformer: { options, readable, writable } }) => {
  const { key, epoch, leaf } = options;
  const keys = new KeyRing();
  const allowed = new Map([[leaf, sourceBit('camera')]]);
  keys.install({ epoch, baseKey: await importBaseKey(key), ownLeaf: leaf, allowed });
  keys.use(epoch);
  const sender = new FrameSender(keys, 'camera', 'vp8');
  let first: ArrayBuffer | null = null;
  const replay = new TransformStream<EncodedFrame, EncodedFrame>({
    async transform(frame, controller) {
      if (!first && (await sender.take(frame))) first = frame.data.slice(0);
      if (first) frame.data = first.slice(0);
      controller.enqueue(frame);
    },
  });
  await readable.pipeThrough(replay).pipeTo(writable);
};
