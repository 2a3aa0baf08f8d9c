// What somebody can make of encoded frames: with a key, without one, and as they are.

import { deflateSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { deriveFrameKey, importBaseKey, type KeyId, open, parseHeader, unpackKeyId } from '../../src/e2ee/sframe.ts';
import type { WireFrame } from './insight.ts';

/** Bytes of a frame that stay readable for the server, as the format says. */
const CLEAR_BYTES = { audio: 0, video: 1 };

/** The test tone, in hertz. */
const TONE_HZ = 1000;

export type BaseKeys = ReadonlyMap<number, Uint8Array<ArrayBuffer>>;

/** Whose frame it says it is, or null if it is not in the format. */
export function originOf({ media, bytes }: WireFrame): KeyId | null {
  const header = parseHeader(bytes.subarray(CLEAR_BYTES[media]));
  return header && unpackKeyId(header.kid);
}

/** Opens a frame with any of the keys, whichever epoch it says. Null if none opens it. */
export async function opened(frame: WireFrame, keys: BaseKeys): Promise<WireFrame | null> {
  const clear = CLEAR_BYTES[frame.media];
  const sealed = frame.bytes.subarray(clear);
  const header = parseHeader(sealed);
  if (!header) return null;
  const prefix = frame.bytes.subarray(0, clear);
  for (const bytes of keys.values()) {
    const key = await deriveFrameKey(await importBaseKey(bytes), header.kid, 'decrypt');
    const content = await open(key, header, prefix, sealed);
    if (content) return { ...frame, bytes: Uint8Array.from([...prefix, ...content]) };
  }
  return null;
}

/**
 * Each frame once: while it probes the bandwidth a server sends packets again, and a browser hands the frame of one
 * packet to its transform again. Throws if one counter of one key has sealed two frames, which would open both.
 */
export function distinct(frames: readonly WireFrame[]): WireFrame[] {
  const sealed = new Map<string, WireFrame>();
  for (const frame of frames) {
    const header = parseHeader(frame.bytes.subarray(CLEAR_BYTES[frame.media]));
    const nonce = header ? `${header.kid}/${header.counter}` : `none/${sealed.size}`;
    const same = sealed.get(nonce);
    if (same && Buffer.compare(same.bytes, frame.bytes) !== 0) throw new Error(`two frames under counter ${nonce}`);
    if (!same) sealed.set(nonce, frame);
  }
  return [...sealed.values()];
}

/** How small what is not header can be made, 1 being as large as it is: what has any pattern becomes smaller. */
export function compressed(frames: readonly WireFrame[]): number {
  const sealed = frames.map(({ media, bytes }) => {
    const rest = bytes.subarray(CLEAR_BYTES[media]);
    return rest.subarray(parseHeader(rest)?.length ?? 0);
  });
  const all = Buffer.concat(sealed);
  return deflateSync(all, { level: 9 }).length / all.length;
}

/** Feeds frames to a browser's VP8 decoder. Returns the mean red, green and blue of each picture that comes out. */
export function pictures(page: Page, frames: readonly WireFrame[]): Promise<[number, number, number][]> {
  return page.evaluate(
    async (texts) => {
      const seen: [number, number, number][] = [];
      const canvas = new OffscreenCanvas(32, 18);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      const look = (frame: VideoFrame) => {
        context?.drawImage(frame, 0, 0, 32, 18);
        frame.close();
        const pixels = context?.getImageData(0, 0, 32, 18).data ?? new Uint8ClampedArray();
        const sum: [number, number, number] = [0, 0, 0];
        pixels.forEach((level, index) => {
          if (index % 4 < 3) sum[index % 4] = (sum[index % 4] ?? 0) + level / (32 * 18);
        });
        seen.push(sum);
      };
      let decoder: VideoDecoder | null = null;
      let settled: () => void = () => undefined;
      for (const [index, text] of texts.entries()) {
        const data = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
        // One after the other: after an error the next frame gets a decoder of its own. A frame that gives neither a
        // picture nor an error is waited for no longer than the decoder can need.
        const done = new Promise<void>((resolve) => {
          settled = resolve;
          setTimeout(resolve, 500);
        });
        if (decoder === null || decoder.state === 'closed') {
          const output = (frame: VideoFrame) => {
            look(frame);
            settled();
          };
          decoder = new VideoDecoder({ output, error: () => settled() });
          decoder.configure({ codec: 'vp8', optimizeForLatency: true });
        }
        // RFC 6386 section 9.1: the lowest bit of a frame is clear if it can be decoded by itself.
        const type = ((data[0] ?? 1) & 1) === 0 ? 'key' : 'delta';
        try {
          decoder.decode(new EncodedVideoChunk({ type, timestamp: index * 50_000, data }));
        } catch {
          // A new decoder refuses to begin with a frame that does not stand alone.
          settled();
        }
        await done;
      }
      return seen;
    },
    frames.map(({ bytes }) => Buffer.from(bytes).toString('base64')),
  );
}

/** Feeds frames to a browser's Opus decoder. Returns which part of the energy that comes out is the test tone, 0 to 1. */
export function toneShare(page: Page, frames: readonly WireFrame[]): Promise<number> {
  const texts = frames.map(({ bytes }) => Buffer.from(bytes).toString('base64'));
  return page.evaluate(
    async ({ texts, toneHz }) => {
      let [tone, all] = [0, 0];
      const hear = (heard: AudioData) => {
        const samples = new Float32Array(heard.numberOfFrames);
        heard.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
        // Correlation with the tone, which in these lengths (a multiple of its period) nothing else leaks into.
        let [real, imaginary, energy] = [0, 0, 0];
        samples.forEach((sample, index) => {
          const angle = (2 * Math.PI * toneHz * index) / heard.sampleRate;
          real += sample * Math.cos(angle);
          imaginary += sample * Math.sin(angle);
          energy += sample * sample;
        });
        tone += (2 * (real * real + imaginary * imaginary)) / samples.length;
        all += energy;
        heard.close();
      };
      let decoder: AudioDecoder | null = null;
      for (const [index, text] of texts.entries()) {
        const data = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
        if (decoder === null || decoder.state === 'closed') {
          decoder = new AudioDecoder({ output: hear, error: () => undefined });
          decoder.configure({ codec: 'opus', sampleRate: 48_000, numberOfChannels: 1 });
        }
        try {
          decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp: index * 20_000, data }));
        } catch {
          if (decoder.state !== 'closed') decoder.close();
        }
      }
      if (decoder?.state === 'configured') await decoder.flush().catch(() => undefined);
      return all === 0 ? 0 : tone / all;
    },
    { texts, toneHz: TONE_HZ },
  );
}

/** Makes a person's microphone hear nothing but the test tone, from the page's next load on. */
export async function playTone(page: Page): Promise<void> {
  await page.addInitScript((toneHz) => {
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      const stream = await ask(constraints);
      if (stream.getAudioTracks().length === 0) return stream;
      const context = new AudioContext();
      const oscillator = new OscillatorNode(context, { frequency: toneHz });
      const out = context.createMediaStreamDestination();
      oscillator.connect(out);
      oscillator.start();
      // Without a gesture there is no sound yet.
      addEventListener('click', () => void context.resume());
      return new MediaStream([...stream.getVideoTracks(), ...out.stream.getAudioTracks()]);
    };
  }, TONE_HZ);
}
