// Which codec a payload type means: not every browser names the codec of a frame, but each tells the number under
// which it travels.

import type { Codec } from '../e2ee/transforms';

const NAMES: Readonly<Record<string, Codec>> = { opus: 'opus', vp8: 'vp8', vp9: 'vp9' };

/** Returns what the payload types in `sdp` mean, of the codecs that are forwarded (RFC 8866 section 6.6). */
export function payloadTypes(sdp: string): Map<number, Codec> {
  const found = new Map<number, Codec>();
  for (const [, number, name = ''] of sdp.matchAll(/^a=rtpmap:(\d{1,3}) ([\w-]+)\//gm)) {
    const codec = NAMES[name.toLowerCase()];
    if (codec) found.set(Number(number), codec);
  }
  return found;
}
