// The shape of every peer connection of ours: which sections it offers, with which codecs and encodings.
// Fixed for its life: what they carry changes by `replaceTrack` here and by slot messages from the server.

import {
  type DownSlot,
  type Layer,
  limits,
  type MediaKind,
  rids,
  type Source,
  type UpSlot,
} from '../protocol/messages';

/** Pictures a phone can receive at once: one page of tiles and a share. */
const VIDEO_SLOTS_PHONE = 10;

/** Encoding of each simulcast layer, lowest first: browsers give bandwidth in this order. Of 1280x720 at 30 fps. */
const CAMERA_LAYERS: readonly { layer: Layer; scale: number; bitsPerSecond: number }[] = [
  { layer: 'low', scale: 4, bitsPerSecond: 150_000 },
  { layer: 'medium', scale: 2, bitsPerSecond: 500_000 },
  { layer: 'high', scale: 1, bitsPerSecond: 1_700_000 },
];
const SCREEN_BITS_PER_SECOND = 2_500_000;

/** Codecs that the media plane forwards, with retransmission. */
const CODECS: Record<MediaKind, readonly string[]> = {
  audio: ['audio/opus'],
  video: ['video/vp8', 'video/rtx'],
};

/** The sections of a peer connection, before and after their tags are known. */
export interface Sections {
  up: ReadonlyMap<Source, RTCRtpTransceiver>;
  down: readonly { kind: MediaKind; transceiver: RTCRtpTransceiver }[];
}

/** Returns how many pictures this device receives at once. */
export function videoSlots(isPhone: boolean): number {
  return isPhone ? VIDEO_SLOTS_PHONE : limits.videoSlotsMax;
}

/** Adds every section to a fresh connection. */
export function addSections(connection: RTCPeerConnection, videoSlotCount: number): Sections {
  const add = (kind: MediaKind, init: RTCRtpTransceiverInit) => {
    const transceiver = connection.addTransceiver(kind, init);
    preferCodecs(transceiver, kind);
    return transceiver;
  };
  const up = new Map<Source, RTCRtpTransceiver>([
    ['microphone', add('audio', { direction: 'sendonly' })],
    ['camera', add('video', { direction: 'sendonly', sendEncodings: cameraEncodings() })],
    ['screen', add('video', { direction: 'sendonly', sendEncodings: [{ maxBitrate: SCREEN_BITS_PER_SECOND }] })],
    ['screen_audio', add('audio', { direction: 'sendonly' })],
  ]);
  const down = [
    ...Array.from({ length: limits.audioSlotsMax }, () => 'audio' as const),
    ...Array.from({ length: videoSlotCount }, () => 'video' as const),
  ].map((kind) => ({ kind, transceiver: add(kind, { direction: 'recvonly' }) }));
  return { up, down };
}

/** Returns what each section of a described connection means. */
export function slotsOf({ up, down }: Sections): { up: UpSlot[]; down: DownSlot[] } {
  return {
    up: [...up].flatMap(([source, { mid }]) => (mid === null ? [] : [{ mid, source }])),
    down: down.flatMap(({ kind, transceiver: { mid } }) => (mid === null ? [] : [{ mid, kind }])),
  };
}

/** Returns which encodings of a sender run when only `layers` are watched. A single encoding is the high layer. */
export function activeEncodings<T extends { rid?: string; active?: boolean }>(
  encodings: readonly T[],
  layers: readonly Layer[],
): T[] {
  const wanted = new Set<string>(layers.map((layer) => rids[layer]));
  return encodings.map((encoding) => ({ ...encoding, active: wanted.has(encoding.rid || rids.high) }));
}

function cameraEncodings(): RTCRtpEncodingParameters[] {
  return CAMERA_LAYERS.map(({ layer, scale, bitsPerSecond }) => ({
    rid: rids[layer],
    scaleResolutionDownBy: scale,
    maxBitrate: bitsPerSecond,
  }));
}

function preferCodecs(transceiver: RTCRtpTransceiver, kind: MediaKind): void {
  const known = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const wanted = known.filter(({ mimeType }) => CODECS[kind].includes(mimeType.toLowerCase()));
  if (wanted.length > 0) transceiver.setCodecPreferences(wanted);
}
