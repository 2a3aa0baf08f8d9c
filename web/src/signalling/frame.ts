// What the server may have said: checked for shape, so that no text from the wire can crash the page.
//
// Not a full validation: TypeScript's types come from the server's own, and what the device is to believe it checks
// itself. A message of an unknown type, or without a field that the reducer walks into, is dropped.

import type { ServerFrame, ServerMessage } from '../protocol/messages';

type Type = ServerMessage['type'];
type Kind = 'string' | 'number' | 'boolean' | 'array' | 'object';

/** The fields that are read as something other than an opaque value. */
const FIELDS: Record<Type, Readonly<Record<string, Kind>>> = {
  admitted: {
    you: 'number',
    role: 'string',
    epoch: 'number',
    in_group: 'boolean',
    resume: 'string',
    media_allowed: 'object',
  },
  closed: { reason: 'string' },
  codec_wanted: { source: 'string', codec: 'string' },
  done: {},
  door: { from: 'number', payload: 'string' },
  draining: { remaining_ms: 'number' },
  floor: { floor: 'array' },
  group_state: { epoch: 'number', group_info: 'string', tree: 'string' },
  handshake: { from: 'number', epoch: 'number', message: 'string' },
  joined: { answer: 'object', media: 'object', participants: 'array', lobby: 'array', seq: 'number' },
  knocked: { guest: 'object' },
  layers_wanted: { source: 'string', layers: 'array' },
  lobby_left: { guest: 'number', outcome: 'string' },
  media_answer: { answer: 'object' },
  media_lost: {},
  muted: { source: 'string', by: 'number' },
  participant_changed: { participant: 'object' },
  participant_joined: { participant: 'object' },
  participant_left: { participant: 'number', reason: 'string' },
  pong: {},
  quality_changed: { participant: 'number', quality: 'string' },
  refused: { rule: 'string', message: 'string' },
  relayed: { from: 'number', payload: 'string' },
  resume_renewed: { resume: 'string' },
  slots: { generation: 'number', slots: 'array' },
  speakers: { speaking: 'array' },
  waiting: { you: 'number', host_present: 'boolean' },
  welcome: { version: 'string', boot_epoch: 'number', challenge: 'string' },
  welcomed: { welcome: 'string', tree: 'string' },
};

/** Shape of what stands inside a field, by the field's name. */
const INNER: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  answer: { sdp: 'string', generation: 'number' },
  guest: { id: 'number', device: 'string', waiting_ms: 'number', of_organisation: 'boolean' },
  media: { microphone: 'boolean', camera: 'boolean', screen: 'boolean', screen_audio: 'boolean' },
  participant: {
    id: 'number',
    device: 'string',
    role: 'string',
    media: 'object',
    presence: 'string',
    of_organisation: 'boolean',
  },
  participants: {
    id: 'number',
    device: 'string',
    role: 'string',
    media: 'object',
    presence: 'string',
    of_organisation: 'boolean',
  },
  lobby: { id: 'number', device: 'string', waiting_ms: 'number', of_organisation: 'boolean' },
  floor: { control: 'string', value: 'string' },
  slots: { mid: 'string' },
};

/** Returns what `text` says, or null if it is no message of this protocol. */
export function parseFrame(text: string): ServerFrame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value) || !isObject(value.body)) return null;
  if (!isCount(value.re) || !isCount(value.seq)) return null;
  const { type } = value.body;
  const fields = typeof type === 'string' && Object.hasOwn(FIELDS, type) ? FIELDS[type as Type] : undefined;
  if (!fields || !hasShape(value.body, fields)) return null;
  return value as unknown as ServerFrame;
}

function isCount(value: unknown): boolean {
  return value === undefined || typeof value === 'number';
}

function hasShape(value: Record<string, unknown>, fields: Readonly<Record<string, Kind>>): boolean {
  return Object.entries(fields).every(([name, kind]) => {
    const field = value[name];
    if (kind !== 'array' && kind !== 'object') return typeof field === kind;
    const inner = INNER[name] ?? {};
    if (kind === 'object') return isObject(field) && hasShape(field, inner);
    if (!Array.isArray(field)) return false;
    return Object.keys(inner).length === 0 || field.every((item) => isObject(item) && hasShape(item, inner));
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
