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
  type VideoCodec,
} from '../protocol/messages';

/** Pictures a phone can receive at once: one page of tiles and a share. */
const VIDEO_SLOTS_PHONE = 10;

/** Encoding of each simulcast layer, lowest first: browsers give bandwidth in this order. Of 1280x720 at 30 fps. */
const CAMERA_LAYERS: readonly { layer: Layer; scale: number; bitsPerSecond: number }[] = [
  { layer: 'low', scale: 4, bitsPerSecond: 150_000 },
  { layer: 'medium', scale: 2, bitsPerSecond: 500_000 },
  { layer: 'high', scale: 1, bitsPerSecond: 1_700_000 },
];
/**
 * Pictures of each camera layer in two temporal layers: every other one is needed by none but the next of its kind, so
 * that the server may leave it out where a tile is small or a link narrow. Two and not three, which Chromium takes for
 * itself: fifteen pictures a second are the fewest that are worth looking at, and fewer layers compress better.
 */
const CAMERA_SCALABILITY = 'L1T2';
const SCREEN_BITS_PER_SECOND = 2_500_000;

/** Codecs that the media plane forwards, as they are received. VP8 is what everybody knows. */
const RECEIVED: Record<MediaKind, readonly string[]> = {
  audio: ['audio/opus'],
  video: ['video/vp9', 'video/vp8'],
};
/**
 * Codecs in which each source is sent, the first that both sides know. A screen is text, which VP9 draws sharper for the
 * same bits; it has one layer, and goes back to VP8 while somebody watches who does not know VP9. A camera has three
 * layers, in the codec that everybody knows: no face depends on what somebody else's browser can decode.
 */
const SENT: Record<Source, readonly string[]> = {
  microphone: ['audio/opus'],
  camera: ['video/vp8'],
  screen: ['video/vp9', 'video/vp8'],
  screen_audio: ['audio/opus'],
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
  const add = (kind: MediaKind, codecs: readonly string[], init: RTCRtpTransceiverInit) => {
    const transceiver = connection.addTransceiver(kind, init);
    const known = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
    const preferred = preferredCodecs(known, codecs);
    if (preferred.length > 0) transceiver.setCodecPreferences(preferred);
    return transceiver;
  };
  const send = (source: Source, kind: MediaKind, sendEncodings: RTCRtpEncodingParameters[] = []) =>
    [source, add(kind, SENT[source], { direction: 'sendonly', sendEncodings })] as const;
  const up = new Map<Source, RTCRtpTransceiver>([
    send('microphone', 'audio'),
    send('camera', 'video', cameraEncodings()),
    send('screen', 'video', [{ maxBitrate: SCREEN_BITS_PER_SECOND }]),
    send('screen_audio', 'audio'),
  ]);
  const down = [
    ...Array.from({ length: limits.audioSlotsMax }, () => 'audio' as const),
    ...Array.from({ length: videoSlotCount }, () => 'video' as const),
  ].map((kind) => ({ kind, transceiver: add(kind, RECEIVED[kind], { direction: 'recvonly' }) }));
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

/** Returns `encodings` in `codec`, and unchanged if it is not among those that were negotiated. */
export function encodedAs<T extends object>(
  encodings: readonly T[],
  negotiated: readonly RTCRtpCodec[],
  codec: VideoCodec,
): (T & { codec?: RTCRtpCodec })[] {
  const chosen = negotiated.find(({ mimeType }) => mimeType.toLowerCase() === `video/${codec}`);
  return encodings.map((encoding) => (chosen ? { ...encoding, codec: chosen } : encoding));
}

/** Returns the encodings of a camera. A browser that does not know `scalabilityMode` passes over it. */
export function cameraEncodings(): RTCRtpEncodingParameters[] {
  return CAMERA_LAYERS.map(({ layer, scale, bitsPerSecond }) => ({
    rid: rids[layer],
    scaleResolutionDownBy: scale,
    maxBitrate: bitsPerSecond,
    scalabilityMode: CAMERA_SCALABILITY,
  }));
}

/** Returns those of a browser's codecs that are wanted, in the order of `wanted`, then what retransmits them. */
export function preferredCodecs<T extends { mimeType: string; sdpFmtpLine?: string }>(
  known: readonly T[],
  wanted: readonly string[],
): T[] {
  const named = (name: string) => known.filter(({ mimeType }) => mimeType.toLowerCase() === name);
  const preferred = wanted.flatMap((name) => named(name).filter(isForwarded));
  return preferred.length > 0 ? [...preferred, ...named('video/rtx')] : [];
}

/** Of VP9 the server forwards profile 0 (RFC 9628 section 6), which is also what is meant where none is named. */
function isForwarded({ mimeType, sdpFmtpLine }: { mimeType: string; sdpFmtpLine?: string }): boolean {
  if (mimeType.toLowerCase() !== 'video/vp9') return true;
  return !/\bprofile-id=(?!0\b)/.test(sdpFmtpLine ?? '');
}
