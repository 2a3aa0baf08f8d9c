// Makes a meeting: its keys and its first device here, and of these the server is told what it may know.

import {
  type ControlSettings,
  type CreateMeeting,
  type DisplayName,
  MEETINGS_PATH,
  type MeetingId,
  POLICY_PATH,
  type PolicyInfo,
} from '../protocol/messages';
import type { CreationRight } from './address';
import type { NewMeeting, StartTrouble } from './contract';
import { OwnDevice } from './device';

/** Time the server has to answer, in milliseconds. */
const ANSWER_MS = 10_000;

export type Created = { meeting: MeetingId; device: OwnDevice } | { trouble: StartTrouble };

/** Makes a meeting by this right. The device that made it, and its caller, go on to enter it as host. */
export async function createMeeting(right: CreationRight, name: DisplayName, wishes: NewMeeting): Promise<Created> {
  const floor = await demanded();
  if (floor === null) return { trouble: 'unreachable' };
  const device = new OwnDevice();
  const body = await device.create(name, wishes, floor);
  const trouble = body === null ? 'no_encryption' : await open(right, body);
  if (body !== null && trouble === null) return { meeting: body.meeting, device };
  device.close();
  return { trouble: trouble ?? 'no_encryption' };
}

/** Returns what the organisation demands of every meeting, for the device to sign; null if the server does not say. */
async function demanded(): Promise<ControlSettings | null> {
  try {
    const response = await fetch(POLICY_PATH, { credentials: 'omit', signal: AbortSignal.timeout(ANSWER_MS) });
    const policy: unknown = response.ok ? await response.json() : null;
    return isPolicy(policy) ? policy.floor : null;
  } catch {
    return null;
  }
}

function isPolicy(value: unknown): value is PolicyInfo {
  return typeof value === 'object' && value !== null && 'floor' in value && Array.isArray(value.floor);
}

/** Has the server open the meeting. Null if it did. */
async function open(right: CreationRight, body: CreateMeeting): Promise<StartTrouble | null> {
  let response: Response;
  try {
    response = await fetch(MEETINGS_PATH, {
      method: 'POST',
      headers: {
        ...(right.by === 'key' && { authorization: `Bearer ${right.key}` }),
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
      credentials: right.by === 'session' ? 'same-origin' : 'omit',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch {
    return 'unreachable';
  }
  if (response.status === 401 && right.by === 'session') return 'signed_out';
  if (!response.ok) return response.status >= 500 ? 'unreachable' : 'refused';
  const created: unknown = await response.json().catch(() => null);
  return isCreated(created, body.meeting) ? null : 'unreachable';
}

function isCreated(value: unknown, meeting: MeetingId): boolean {
  return typeof value === 'object' && value !== null && 'meeting' in value && value.meeting === meeting;
}
