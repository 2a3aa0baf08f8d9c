// What a person chooses to show in the room only, made into restricted material: text and advisories as they are, pictures
// painted and written anew, so that nothing but what is seen goes out of the file.

import { contentOf } from '../call/material';
import { limits, type MaterialKind } from '../protocol/messages';
import type { MaterialTrouble } from './contract';

export interface Prepared {
  kind: MaterialKind;
  content: string;
}

/** Largest file that is read at all, in bytes: a picture of a camera. */
const FILE_BYTES_MAX = 32 * 1024 * 1024;
/** Longest side of a picture that is shown, in dots: a page of print stays legible. */
const SIDE_DOTS_MAX = 2560;
/** How a picture is tried until it fits, the best first: its longest side in dots, and the quality of JPEG. */
const TRIES = [
  [SIDE_DOTS_MAX, 0.9],
  [SIDE_DOTS_MAX, 0.75],
  [1920, 0.75],
  [1280, 0.7],
] as const;

const PNG = [0x89, 0x50, 0x4e, 0x47];
const JPEG = [0xff, 0xd8, 0xff];

/** Returns what a file is by its first bytes; its name and what the browser says of it do not count. */
export function pictureType(bytes: Uint8Array): 'image/jpeg' | 'image/png' | null {
  const begins = (with_: readonly number[]) => with_.every((byte, at) => bytes[at] === byte);
  if (begins(PNG)) return 'image/png';
  return begins(JPEG) ? 'image/jpeg' : null;
}

/** Returns text as restricted material, laid out as an advisory if it is one of CSAF. */
export function prepareText(text: string): Prepared | MaterialTrouble {
  if (text.trim() === '') return 'empty';
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > limits.materialTextBytesMax) return 'too_large';
  if (text.includes('\0')) return 'unknown_type';
  return { kind: isAdvisory(text) ? 'csaf' : 'text', content: contentOf(bytes) };
}

function isAdvisory(text: string): boolean {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null && !Array.isArray(read) && 'document' in read;
  } catch {
    return false;
  }
}

/** Returns a file as restricted material. Resolves whatever the file is; rejects never. */
export async function prepareFile(file: Blob): Promise<Prepared | MaterialTrouble> {
  if (file.size === 0) return 'empty';
  if (file.size > FILE_BYTES_MAX) return 'too_large';
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const type = pictureType(bytes);
    if (type !== null) return await preparePicture(new Blob([bytes], { type }));
    return prepareText(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return 'unknown_type';
  }
}

/** Paints a picture and writes it anew: as PNG if that fits, else as JPEG. */
async function preparePicture(file: Blob): Promise<Prepared | MaterialTrouble> {
  const picture = await createImageBitmap(file);
  try {
    const whole = painted(picture, SIDE_DOTS_MAX);
    if (file.type === 'image/png') {
      const png = await written(whole, 'image/png');
      if (png !== null) return { kind: 'png', content: contentOf(png) };
    }
    for (const [side, quality] of TRIES) {
      const jpeg = await written(side === SIDE_DOTS_MAX ? whole : painted(picture, side), 'image/jpeg', quality);
      if (jpeg !== null) return { kind: 'jpeg', content: contentOf(jpeg) };
    }
    return 'too_large';
  } finally {
    picture.close();
  }
}

function painted(picture: ImageBitmap, sideMax: number): HTMLCanvasElement {
  const scale = Math.min(1, sideMax / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext('2d');
  if (!context) throw new Error('the browser cannot paint');
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** Returns the picture's bytes, or null if they are more than can be shown. */
async function written(canvas: HTMLCanvasElement, type: string, quality?: number): Promise<Uint8Array | null> {
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type, quality));
  if (blob?.type !== type) throw new Error('the browser cannot write a picture');
  return blob.size > limits.materialBytesMax ? null : new Uint8Array(await blob.arrayBuffer());
}
