// Where frames are sealed and opened: the two workers of a device's streams, and what is attached to them.
//
// What is attached sends and plays nothing until keys come, by the ports, from the device's worker.

import type { MediaKind, Mid, Source } from '../protocol/messages';
import type { Codec, SlotContent } from './frames';
import type { ConnectionId, FromTransform, StreamTally, ToTransform, TransformOptions } from './messages';
import { startWorker } from './workers';

export type { Codec };

const KIND: Record<Source, MediaKind> = {
  microphone: 'audio',
  camera: 'video',
  screen: 'video',
  screen_audio: 'audio',
};
/** Codec of frames of which neither the browser nor their payload type tells it. */
const CODEC: Record<MediaKind, Codec> = { audio: 'opus', video: 'vp8' };

export interface TransformEvents {
  /** What became of the frames of some streams, at most once a second and kind. */
  counted(streams: readonly StreamTally[]): void;
  broken(message: string): void;
}

/** Is told when a slot has begun to carry something. */
export type Begun = (mid: Mid, content: SlotContent) => void;

/** Whether this browser can encrypt frames. */
export function canTransform(): boolean {
  return 'RTCRtpScriptTransform' in globalThis;
}

export class Transforms {
  /** To whom keys are told, as `MediaKeyChange`: to be handed to the device's worker. */
  readonly ports: readonly MessagePort[];
  /** One for each kind, so that all frames of a key pass the same worker and it can tell which it has seen. */
  readonly #workers: Record<MediaKind, Worker>;
  readonly #begun = new Map<ConnectionId, Begun>();

  constructor(events: TransformEvents) {
    const ports: MessagePort[] = [];
    const start = () => {
      const worker = startWorker('transform', events.broken);
      const { port1, port2 } = new MessageChannel();
      ports.push(port1);
      worker.onmessage = ({ data }: MessageEvent<FromTransform>) => {
        if (data.type === 'tallies') events.counted(data.streams);
        else this.#begun.get(data.connection)?.(data.mid, data.content);
      };
      worker.postMessage({ type: 'keys', port: port2 } satisfies ToTransform, [port2]);
      return worker;
    };
    this.#workers = { audio: start(), video: start() };
    this.ports = ports;
  }

  /** Encrypts what a sender sends. Before it has a track. */
  attachSender(sender: RTCRtpSender, connection: ConnectionId, source: Source, codec = CODEC[KIND[source]]): void {
    const options: TransformOptions = { kind: 'send', connection, source, codec };
    sender.transform = new RTCRtpScriptTransform(this.#workers[KIND[source]], options);
  }

  /** Decrypts what a slot receives. Before the connection is answered. */
  attachReceiver(receiver: RTCRtpReceiver, connection: ConnectionId, mid: Mid, codec?: Codec): void {
    const kind = receiver.track.kind as MediaKind;
    const options: TransformOptions = { kind: 'receive', connection, mid, codec: codec ?? CODEC[kind] };
    receiver.transform = new RTCRtpScriptTransform(this.#workers[kind], options);
  }

  /** Says which codec a payload type of a connection means. Before its first frame. */
  setPayloadTypes(connection: ConnectionId, codecs: ReadonlyMap<number, Codec>): void {
    this.#tell({ type: 'payload_types', connection, codecs: [...codecs] });
  }

  /** Says what slots of a connection carry from now on. Those that are not named carry what they did. */
  setSlots(connection: ConnectionId, slots: ReadonlyMap<Mid, SlotContent | null>): void {
    this.#tell({ type: 'slots', connection, slots: [...slots] });
  }

  /** Tells `begun` of each slot of a connection, once for each thing it carries after another. */
  watchSlots(connection: ConnectionId, begun: Begun): void {
    this.#begun.set(connection, begun);
  }

  /** Nothing more is said of a connection. */
  closeConnection(connection: ConnectionId): void {
    this.#begun.delete(connection);
    this.#tell({ type: 'connection_closed', connection });
  }

  close(): void {
    for (const worker of Object.values(this.#workers)) worker.terminate();
  }

  #tell(message: ToTransform): void {
    for (const worker of Object.values(this.#workers)) worker.postMessage(message);
  }
}
