// A camera picture whose owner and motion can be recognised after encoding, forwarding and decoding.
//
// The whole picture has its owner's colour; a white bar crosses it from left to right. A receiver that sees
// the colour sees this person and nobody else, and a bar at another place sees another frame.

import { writeFileSync } from 'node:fs';

/** Colours far apart in hue, so that no codec confuses them: name, and Y, Cb, Cr of BT.601. */
export const colours = {
  red: [81, 90, 240],
  green: [145, 54, 34],
  blue: [41, 240, 110],
} as const;

export type Colour = keyof typeof colours;

const WIDTH = 1280;
const HEIGHT = 720;
const FRAMES = 45;
const BAR = 160;

/** Writes a YUV4MPEG2 file that Chromium plays as its camera (--use-file-for-fake-video-capture). */
export function writeCamera(path: string, colour: Colour): void {
  const [luma, blue, red] = colours[colour];
  const header = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F15:1 Ip A1:1 C420mpeg2\n`);
  const frames: Buffer[] = [header];
  for (let index = 0; index < FRAMES; index++) {
    // Even, because colour is sampled at half the resolution.
    const left = 2 * Math.floor(((index / FRAMES) * (WIDTH - BAR)) / 2);
    const y = Buffer.alloc(WIDTH * HEIGHT, luma);
    const cb = Buffer.alloc((WIDTH * HEIGHT) / 4, blue);
    const cr = Buffer.alloc((WIDTH * HEIGHT) / 4, red);
    for (let row = 0; row < HEIGHT; row++) y.fill(235, row * WIDTH + left, row * WIDTH + left + BAR);
    for (let row = 0; row < HEIGHT / 2; row++) {
      const start = (row * WIDTH) / 2 + left / 2;
      cb.fill(128, start, start + BAR / 2);
      cr.fill(128, start, start + BAR / 2);
    }
    frames.push(Buffer.from('FRAME\n'), y, cb, cr);
  }
  writeFileSync(path, Buffer.concat(frames));
}

/** What a decoded picture shows. */
export interface Seen {
  /** Mean red, green and blue outside the bar, 0 to 255. */
  mean: readonly [number, number, number];
  /** The colour that fills most of it, or none of ours. */
  colour: Colour | null;
  /** Where the white bar's middle is, 0 to 1, or null without a bar. */
  bar: number | null;
  width: number;
  height: number;
}

/** Names the colour nearest to an RGB mean, if one is near. */
export function nearest([r, g, b]: readonly [number, number, number]): Colour | null {
  if (r > 150 && g < 110 && b < 110) return 'red';
  if (g > 150 && r < 130 && b < 130) return 'green';
  if (b > 150 && r < 130 && g < 130) return 'blue';
  return null;
}
