// Everything that browsers send to the server, as the server reads it.

/** Bytes that came over one TCP connection, towards the server. */
type Stream = readonly Buffer[];

const HEAD_END = '\r\n\r\n';

/** Returns what the server read: requests as they are, and the messages of a WebSocket unmasked. */
export function heard(streams: readonly Stream[]): Buffer {
  return Buffer.concat(streams.map((stream) => heardOn(Buffer.concat(stream))));
}

function heardOn(bytes: Buffer): Buffer {
  const upgrade = /\r\nupgrade: websocket\r\n/i.exec(bytes.toString('latin1'));
  if (!upgrade) return bytes;
  const start = bytes.indexOf(HEAD_END, upgrade.index) + HEAD_END.length;
  const parts = [bytes.subarray(0, start)];
  for (let at = start; ; ) {
    const frame = frameAt(bytes, at);
    if (!frame) break;
    parts.push(frame.payload);
    at = frame.end;
  }
  return Buffer.concat(parts);
}

/** Reads a frame of a client (RFC 6455 section 5.2), or null if it is not all there. */
function frameAt(bytes: Buffer, at: number): { payload: Buffer; end: number } | null {
  if (bytes.length < at + 2) return null;
  const compressed = ((bytes[at] ?? 0) & 0x70) !== 0;
  if (compressed) throw new Error('the frame is of an extension: what is in it would not be found');
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
  const mask = at + 2 + wide;
  if (bytes.length < mask + 4) return null;
  const length = wide === 0 ? short : Number(bytes.readBigUInt64BE.call(pad(bytes.subarray(at + 2, mask))));
  const end = mask + 4 + length;
  if (bytes.length < end) return null;
  const payload = Buffer.from(bytes.subarray(mask + 4, end));
  for (let index = 0; index < payload.length; index++) {
    payload[index] = (payload[index] ?? 0) ^ (bytes[mask + (index % 4)] ?? 0);
  }
  return { payload, end };
}

function pad(number: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(8 - number.length), number]);
}

/** The forms in which 16 bytes or a text could travel. Those that would be found by chance are not among them. */
export function formsOf(secret: Buffer): Map<string, Buffer> {
  const base32 = toBase32(secret);
  const ascii = (text: string) => Buffer.from(text, 'latin1');
  const base64 = secret.toString('base64').replaceAll('=', '');
  // Inside a longer text of base64 the same bytes look different at each of three offsets; the ends are left out.
  const inside = [1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), secret]).toString('base64url');
    return text.slice(offset + 1, Math.floor(((offset + secret.length) * 8) / 6));
  });
  return new Map([
    ['raw', secret],
    ['base64', ascii(base64)],
    ['base64url', ascii(secret.toString('base64url'))],
    ['base64url at offset 1', ascii(inside[0] ?? '')],
    ['base64url at offset 2', ascii(inside[1] ?? '')],
    ['hex', ascii(secret.toString('hex'))],
    ['HEX', ascii(secret.toString('hex').toUpperCase())],
    ['base32', ascii(base32)],
    ['BASE32', ascii(base32.toUpperCase())],
    ['JSON numbers', ascii([...secret].join(','))],
    ['UTF-16', Buffer.from([...secret].flatMap((byte) => [byte, 0]))],
  ]);
}

/** RFC 4648 section 6 in small letters, without padding; a last group that is not full is left out. */
function toBase32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  return (bits.match(/.{5}/g) ?? []).map((group) => letters[Number.parseInt(group, 2)]).join('');
}
