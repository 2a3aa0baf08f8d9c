// What this side adds to the server's answer: that silence need not be sent.
//
// A sender uses discontinuous transmission (RFC 7587 section 3.1.3) only if the receiver's description says
// `usedtx=1`. Of a person who is silent the server then gets a few packets a second instead of fifty.

/** Returns `sdp` with `usedtx=1` for Opus in the section tagged `mid`, and unchanged if there is no such section. */
export function withSilenceUnsent(sdp: string, mid: string | null): string {
  if (mid === null) return sdp;
  return sdp
    .split(/^(?=m=)/m)
    .map((section) => (isTagged(section, mid) ? section.replace(OPUS_PARAMETERS, '$1;usedtx=1') : section))
    .join('');
}

/** Format parameters that only Opus has. */
const OPUS_PARAMETERS = /^(a=fmtp:\d+ (?!.*usedtx=)[^\r\n]*\buseinbandfec=[^\r\n]*)/m;

function isTagged(section: string, mid: string): boolean {
  return section.startsWith('m=audio') && section.split(/\r?\n/).includes(`a=mid:${mid}`);
}
