// The worker through which every frame of one kind passes, audio or video: its streams, its clock, its messages.
// What happens to a frame is decided in `frames.ts` and `keys.ts`.

import type { MediaKeyChange, MediaState, Mid, Source } from '../protocol/messages';
import { type Codec, type EncodedFrame, FrameReceiver, FrameSender, type SlotContent, type Tally } from './frames';
import { KeyRing } from './keys';
import type { ConnectionId, FromTransform, StreamTally, ToTransform, TransformOptions } from './messages';
import { importBaseKey, sourceBit } from './sframe';

/** Of the browser's `RTCRtpScriptTransformer`, what is used here. */
interface Transformer {
  readonly options: TransformOptions;
  readonly readable: ReadableStream<EncodedFrame>;
  readonly writable: WritableStream<EncodedFrame>;
  /** Missing or refused where the stream is audio, or the browser cannot. */
  sendKeyFrameRequest?(): Promise<unknown>;
}

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToTransform>) => void) | null;
  onrtctransform: ((event: { transformer: Transformer }) => void) | null;
  postMessage(message: FromTransform): void;
}

const scope = globalThis as unknown as WorkerScope;
/** Interval of reports to the page, in milliseconds. */
const REPORT_MS = 1000;
/** Least time between two requests for a key frame by one stream, in milliseconds. */
const KEY_FRAME_MS = 500;
const SOURCES: readonly Source[] = ['microphone', 'camera', 'screen', 'screen_audio'];

const keys = new KeyRing();

interface Slot {
  content: SlotContent | null;
  receiver: FrameReceiver<EncodedFrame> | null;
}

const connections = new Map<ConnectionId, Map<Mid, Slot>>();
const payloadTypes = new Map<ConnectionId, Map<number, Codec>>();
/** Streams that are reported on, with what was last said of them. */
const reported = new Map<StreamTally['stream'], { tally: Tally; said: string }>();

scope.onrtctransform = ({ transformer }) => {
  const { options } = transformer;
  if (options.kind === 'send') send(transformer, options);
  else receive(transformer, options);
};

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case 'keys':
      takeKeysFrom(data.port);
      break;
    case 'slots':
      for (const [mid, content] of data.slots) {
        const slot = slotOf(data.connection, mid);
        slot.content = content;
        void slot.receiver?.expect(content, performance.now());
      }
      break;
    case 'payload_types':
      for (const [payloadType, codec] of data.codecs) payloadTypesOf(data.connection).set(payloadType, codec);
      break;
    case 'connection_closed':
      close(data.connection);
      break;
  }
};

function send(transformer: Transformer, options: TransformOptions & { kind: 'send' }): void {
  const { connection, source, codec } = options;
  const sender = new FrameSender(keys, source, codec, payloadTypesOf(connection));
  const seal = new TransformStream<EncodedFrame, EncodedFrame>({
    async transform(frame, controller) {
      if (await sender.take(frame)) controller.enqueue(frame);
    },
  });
  run(transformer, seal, { kind: 'send', connection, source }, sender.tally);
}

function receive(transformer: Transformer, options: TransformOptions & { kind: 'receive' }): void {
  const { connection, mid, codec } = options;
  let output: TransformStreamDefaultController<EncodedFrame> | null = null;
  const receiver = new FrameReceiver<EncodedFrame>(keys, {
    codec,
    payloadTypes: payloadTypesOf(connection),
    emit: (frame) => {
      try {
        output?.enqueue(frame);
      } catch {
        // The connection was closed while the frame was decrypted.
      }
    },
    begin: (content) => scope.postMessage({ type: 'begun', connection, mid, content }),
    requestKeyFrame: keyFrameRequests(transformer),
  });
  const open = new TransformStream<EncodedFrame, EncodedFrame>({
    start: (controller) => {
      output = controller;
    },
    transform: (frame) => receiver.take(frame, performance.now()),
  });
  const slot = slotOf(connection, mid);
  slot.receiver = receiver;
  void receiver.expect(slot.content, performance.now());
  run(transformer, open, { kind: 'receive', connection, mid }, receiver.tally);
}

/** Lets the frames of a stream pass through `step` for as long as it lives. */
function run(
  { readable, writable }: Transformer,
  step: TransformStream<EncodedFrame, EncodedFrame>,
  stream: StreamTally['stream'],
  tally: Tally,
): void {
  reported.set(stream, { tally, said: '' });
  // Ends with the connection, which is told by message: browsers differ in whether the streams end too.
  readable
    .pipeThrough(step)
    .pipeTo(writable)
    .catch(() => undefined);
}

function close(connection: ConnectionId): void {
  report();
  connections.delete(connection);
  payloadTypes.delete(connection);
  for (const stream of reported.keys()) if (stream.connection === connection) reported.delete(stream);
}

function keyFrameRequests(transformer: Transformer): () => void {
  let last = -KEY_FRAME_MS;
  return () => {
    const now = performance.now();
    if (now - last < KEY_FRAME_MS || !transformer.sendKeyFrameRequest) return;
    last = now;
    // Refused for audio, and for a stream that is over.
    transformer.sendKeyFrameRequest().catch(() => undefined);
  };
}

function payloadTypesOf(connection: ConnectionId): Map<number, Codec> {
  const known = payloadTypes.get(connection) ?? new Map<number, Codec>();
  payloadTypes.set(connection, known);
  return known;
}

function slotOf(connection: ConnectionId, mid: Mid): Slot {
  const slots = connections.get(connection) ?? new Map<Mid, Slot>();
  connections.set(connection, slots);
  const slot = slots.get(mid) ?? { content: null, receiver: null };
  slots.set(mid, slot);
  return slot;
}

/** Applies changes of keys one after the other, each when the one before is done. */
function takeKeysFrom(port: MessagePort): void {
  let last: Promise<void> = Promise.resolve();
  port.onmessage = ({ data }: MessageEvent<MediaKeyChange>) => {
    last = last.then(() => change(data));
  };
}

async function change(to: MediaKeyChange): Promise<void> {
  switch (to.type) {
    case 'drop':
      return keys.drop(to.epoch);
    case 'install': {
      const allowed = new Map(to.leaves.map(({ leaf, allowed }) => [leaf, bits(allowed)]));
      // What we may send ourselves is judged by the others; the list is of them.
      allowed.set(
        to.own_leaf,
        SOURCES.reduce((all, source) => all | sourceBit(source), 0),
      );
      const baseKey = await importBaseKey(fromBase64Url(to.base_key));
      return keys.install({ epoch: to.epoch, baseKey, ownLeaf: to.own_leaf, allowed });
    }
    case 'mute':
      return keys.mute();
    case 'use':
      return keys.use(to.epoch);
  }
}

function bits(allowed: MediaState): number {
  return SOURCES.filter((source) => allowed[source]).reduce((all, source) => all | sourceBit(source), 0);
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

function report(): void {
  const streams: StreamTally[] = [];
  for (const [stream, entry] of reported) {
    const said = JSON.stringify(entry.tally);
    if (said === entry.said) continue;
    entry.said = said;
    streams.push({ stream, ...entry.tally });
  }
  if (streams.length > 0) scope.postMessage({ type: 'tallies', streams });
}

setInterval(report, REPORT_MS);
