// Two peer connections in one page, joined without a server, with the real transforms and keys that the test chooses.

import { E2ee, isSupported } from '../../src/e2ee/e2ee';
import type { FromMls, StreamTally } from '../../src/e2ee/messages';
import { IndexedDbShelf } from '../../src/e2ee/shelf';
import { Transforms } from '../../src/e2ee/transforms';
import { Vault } from '../../src/e2ee/vault';
import type { MediaKeyChange, MediaLeaf } from '../../src/protocol/messages';
import replayUrl from './replay.worker.ts?worker&url';

const EPOCH = 300;
const ALICE = 3;
const BOB = 4;
const CONNECTION = 1;
const KEY = new Uint8Array(16).fill(7);
const OTHER_KEY = new Uint8Array(16).fill(8);
const EVERYTHING = { microphone: true, camera: true, screen: true, screen_audio: true };

export interface CallOptions {
  codec: 'video/VP8' | 'video/VP9';
  /** How Alice sends: as she should, in the clear, or her first picture again and again. */
  sends: 'sealed' | 'clear' | 'replayed';
  /** Whether both have the same key. */
  sameKey: boolean;
}

export interface Seen {
  framesSent: number;
  framesReceived: number;
  framesDecoded: number;
  keyFramesDecoded: number;
  /** Sum over all that was heard; silence has none. */
  audioEnergy: number;
  codecs: string[];
  /** Mean red, green and blue of the picture that is shown, if there is one. */
  picture: [number, number, number] | null;
  tallies: StreamTally[];
}

interface Api {
  call(options: CallOptions): Promise<void>;
  /** Both go on to the next epoch, as after a commit. */
  rekey(): void;
  see(): Promise<Seen>;
  /** Starts a device that nobody remembers; that takes the whole of the cryptography to find out. */
  startDevice(): Promise<FromMls>;
  /** What there is in a browser that cannot transform frames. */
  withoutTransforms(): { supported: boolean; refusal: string | null };
  vault: Vault;
}

declare global {
  interface Window {
    api: Api;
  }
}

interface Ends {
  sending: RTCPeerConnection;
  receiving: RTCPeerConnection;
  alice: Transforms;
  bob: Transforms;
  video: HTMLVideoElement;
  tallies: Map<string, StreamTally>;
}

let ends: Ends | null = null;
let epoch = EPOCH;
const broken: string[] = [];

function transforms(name: string, tallies: Map<string, StreamTally>): Transforms {
  return new Transforms({
    counted: (streams) => {
      for (const tally of streams) tallies.set(name + JSON.stringify(tally.stream), tally);
    },
    broken: (message) => broken.push(message),
  });
}

function tell(to: Transforms, change: MediaKeyChange): void {
  for (const port of to.ports) port.postMessage(change);
}

function arm(to: Transforms, ownLeaf: number, key: Uint8Array): void {
  const leaf = (index: number): MediaLeaf => ({ leaf: index, device: '', allowed: EVERYTHING });
  const leaves = [ALICE, BOB].filter((index) => index !== ownLeaf).map(leaf);
  const baseKey = btoa(String.fromCharCode(...key))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
  tell(to, { type: 'install', epoch, base_key: baseKey, own_leaf: ownLeaf, leaves });
}

/** A green picture with a bar that moves. */
function paint(): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  canvas.width = 320;
  canvas.height = 180;
  const context = canvas.getContext('2d');
  let left = 0;
  setInterval(() => {
    if (!context) return;
    context.fillStyle = 'rgb(20 200 40)';
    context.fillRect(0, 0, 320, 180);
    context.fillStyle = 'white';
    context.fillRect(left, 0, 20, 180);
    left = (left + 7) % 300;
  }, 50);
  const track = canvas.captureStream(20).getVideoTracks()[0];
  if (!track) throw new Error('a canvas has a picture');
  return track;
}

function prefer(transceiver: RTCRtpTransceiver, codec: string): void {
  const all = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  transceiver.setCodecPreferences(all.filter(({ mimeType }) => mimeType === codec));
}

async function call({ codec, sends, sameKey }: CallOptions): Promise<void> {
  const tallies = new Map<string, StreamTally>();
  const alice = transforms('alice', tallies);
  const bob = transforms('bob', tallies);
  const sending = new RTCPeerConnection();
  const receiving = new RTCPeerConnection();
  const video = document.createElement('video');
  ends = { sending, receiving, alice, bob, video, tallies };

  arm(alice, ALICE, sameKey ? KEY : OTHER_KEY);
  arm(bob, BOB, KEY);
  tell(alice, { type: 'use', epoch });

  const camera = sending.addTransceiver('video', { direction: 'sendonly' });
  prefer(camera, codec);
  const microphone = sending.addTransceiver('audio', { direction: 'sendonly' });
  if (sends === 'sealed') {
    alice.attachSender(camera.sender, CONNECTION, 'camera', codec === 'video/VP9' ? 'vp9' : 'vp8');
    alice.attachSender(microphone.sender, CONNECTION, 'microphone');
  } else if (sends === 'replayed') {
    const worker = startReplay();
    camera.sender.transform = new RTCRtpScriptTransform(worker, { key: KEY, epoch, leaf: ALICE });
  }
  await camera.sender.replaceTrack(paint());
  const voice = await navigator.mediaDevices.getUserMedia({ audio: true });
  await microphone.sender.replaceTrack(voice.getAudioTracks()[0] ?? null);

  sending.onicecandidate = ({ candidate }) => void receiving.addIceCandidate(candidate ?? undefined);
  receiving.onicecandidate = ({ candidate }) => void sending.addIceCandidate(candidate ?? undefined);
  receiving.ontrack = ({ transceiver, receiver }) => {
    const { mid } = transceiver;
    if (mid === null) throw new Error('a described section has a mid');
    bob.attachReceiver(
      receiver,
      CONNECTION,
      mid,
      codec === 'video/VP9' && receiver.track.kind === 'video' ? 'vp9' : undefined,
    );
    const source = receiver.track.kind === 'video' ? 'camera' : 'microphone';
    bob.setSlots(CONNECTION, new Map([[mid, { leaf: ALICE, source }]]));
  };
  await sending.setLocalDescription();
  await receiving.setRemoteDescription(sending.localDescription as RTCSessionDescription);
  await receiving.setLocalDescription();
  await sending.setRemoteDescription(receiving.localDescription as RTCSessionDescription);
  video.muted = false;
  video.srcObject = new MediaStream(receiving.getReceivers().map(({ track }) => track));
  document.body.append(video);
  // Fulfilled with the first picture, which may never come.
  video.play().catch(() => undefined);
}

function startReplay(): Worker {
  const { trustedTypes } = globalThis as unknown as {
    trustedTypes?: { createPolicy(name: string, rules: object): { createScriptURL(url: string): string } };
  };
  const policy = trustedTypes?.createPolicy('frames-page', { createScriptURL: (url: string) => url });
  return new Worker(policy?.createScriptURL(replayUrl) ?? replayUrl, { type: 'module' });
}

function rekey(): void {
  if (!ends) throw new Error('nobody calls');
  epoch += 1;
  arm(ends.alice, ALICE, OTHER_KEY);
  arm(ends.bob, BOB, OTHER_KEY);
  tell(ends.alice, { type: 'use', epoch });
  for (const end of [ends.alice, ends.bob]) tell(end, { type: 'drop', epoch: epoch - 1 });
}

async function see(): Promise<Seen> {
  if (!ends) throw new Error('nobody calls');
  if (broken.length > 0) throw new Error(broken.join());
  const { sending, receiving, video, tallies } = ends;
  const seen: Seen = {
    framesSent: 0,
    framesReceived: 0,
    framesDecoded: 0,
    keyFramesDecoded: 0,
    audioEnergy: 0,
    codecs: [],
    picture: look(video),
    tallies: [...tallies.values()],
  };
  for (const report of (await sending.getStats()).values()) {
    if (report.type === 'outbound-rtp' && report.kind === 'video') seen.framesSent += report.framesSent ?? 0;
  }
  const received = await receiving.getStats();
  for (const report of received.values()) {
    if (report.type !== 'inbound-rtp') continue;
    const { mimeType } = received.get(report.codecId) ?? {};
    if (mimeType) seen.codecs.push(mimeType);
    if (report.kind === 'video') {
      seen.framesReceived += report.framesReceived ?? 0;
      seen.framesDecoded += report.framesDecoded ?? 0;
      seen.keyFramesDecoded += report.keyFramesDecoded ?? 0;
    } else {
      seen.audioEnergy += report.totalAudioEnergy ?? 0;
    }
  }
  return seen;
}

function look(video: HTMLVideoElement): [number, number, number] | null {
  const canvas = document.createElement('canvas');
  canvas.width = 16;
  canvas.height = 9;
  const context = canvas.getContext('2d');
  if (!context || video.videoWidth === 0) return null;
  context.drawImage(video, 0, 0, 16, 9);
  const pixels = context.getImageData(0, 0, 16, 9).data;
  const mean = (offset: number) =>
    pixels.filter((_, index) => index % 4 === offset).reduce((sum, value) => sum + value, 0) / (16 * 9);
  return [mean(0), mean(1), mean(2)];
}

function startDevice(): Promise<FromMls> {
  return new Promise((said) => {
    const e2ee = new E2ee({ said, counted: () => undefined });
    e2ee.start({ how: 'restore', meeting: 'nobody' });
  });
}

function withoutTransforms(): { supported: boolean; refusal: string | null } {
  Reflect.deleteProperty(globalThis, 'RTCRtpScriptTransform');
  const supported = isSupported();
  try {
    new E2ee({ said: () => undefined, counted: () => undefined }).close();
    return { supported, refusal: null };
  } catch (error) {
    return { supported, refusal: String(error) };
  }
}

window.api = { call, rekey, see, startDevice, withoutTransforms, vault: new Vault(new IndexedDbShelf()) };
