// What the page and its workers say to each other. Keys travel only between the workers, on ports of their own:
// nothing the page receives holds one, and no key is taken from the page.

import type {
  CreateMeeting,
  DeviceCommand,
  DeviceOutput,
  DisplayName,
  MeetingId,
  Mid,
  Source,
} from '../protocol/messages';
import type { Codec, SlotContent, Tally } from './frames';

/** How a device comes into being. What is in `parameters` is the cryptography's business (`Device.create`, `.join`). */
export type Start =
  | { how: 'create'; parameters: Record<string, unknown> }
  | { how: 'join'; parameters: Record<string, unknown> }
  /** From what this browser remembers of it, if it does. `secret` is that of the link by which it comes back now. */
  | { how: 'restore'; meeting: MeetingId; secret?: string };

/** Page to MLS worker. */
export type ToMls =
  /** First, once: where keys go. */
  | { type: 'transforms'; ports: readonly MessagePort[] }
  | { type: 'start'; start: Start }
  /** Under which name the device enters: a restored one knows only its last, one that made a meeting none. */
  | { type: 'rename'; name: DisplayName }
  | { type: 'command'; command: DeviceCommand }
  /** The meeting is over, or left for good: nothing of it stays in this browser. */
  | { type: 'forget'; meeting: MeetingId };

/** What a device says to the page: not the keys, and not that it wants to be remembered, which the worker does. */
export type DeviceSaid = Exclude<DeviceOutput, { type: 'media' | 'remember' }>;

/** MLS worker to page. */
export type FromMls =
  /** The device is there. `creation` is what opens its meeting at the server, if it was created. */
  | { type: 'started'; creation: CreateMeeting | null }
  /** There is no device to restore. */
  | { type: 'not_remembered' }
  | { type: 'output'; output: DeviceSaid }
  /** A command or the start was refused, or the code broke: nothing more comes out if `fatal`. */
  | { type: 'failed'; message: string; fatal: boolean };

/** Which peer connection a slot belongs to: two exist while one takes over from the other, with the same tags. */
export type ConnectionId = number;

/** Page to transform worker. */
export type ToTransform =
  /** First, once: where keys come from, as `MediaKeyChange`. */
  | { type: 'keys'; port: MessagePort }
  /** What slots of a connection carry from now on. Those that are not named carry what they did. */
  | { type: 'slots'; connection: ConnectionId; slots: readonly (readonly [Mid, SlotContent | null])[] }
  /** What payload types of a connection mean. */
  | { type: 'payload_types'; connection: ConnectionId; codecs: readonly (readonly [number, Codec])[] }
  | { type: 'connection_closed'; connection: ConnectionId };

/** Options of an `RTCRtpScriptTransform`: which way, and what. `codec` is that of frames that do not tell theirs. */
export type TransformOptions =
  | { kind: 'send'; connection: ConnectionId; source: Source; codec: Codec }
  | { kind: 'receive'; connection: ConnectionId; mid: Mid; codec: Codec };

/** What became of the frames of one stream, since it exists. */
export interface StreamTally extends Tally {
  stream:
    | { kind: 'send'; connection: ConnectionId; source: Source }
    | { kind: 'receive'; connection: ConnectionId; mid: Mid };
}

/** Transform worker to page. */
export type FromTransform =
  /** A slot has begun to carry this: the first frame of it was authentic and is being decoded. */
  | { type: 'begun'; connection: ConnectionId; mid: Mid; content: SlotContent }
  /** Every stream whose tally changed, at most once a second. */
  | { type: 'tallies'; streams: readonly StreamTally[] };
