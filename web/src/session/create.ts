// Makes a meeting: draws its id and secret here, tells the server what it may know, and remembers the right to host.

import { drawInvite, gateKey } from '../protocol/gate';
import {
  type CreateMeeting,
  type CreationKey,
  MEETINGS_PATH,
  type MeetingCreated,
  type MeetingId,
} from '../protocol/messages';
import { rememberHosted } from './memory';

/** Time the server has to answer, in milliseconds. */
const ANSWER_MS = 10_000;

export type Created = { meeting: MeetingId } | { trouble: 'refused' | 'unreachable' };

/** Makes a meeting by the right of `key`. */
export async function createMeeting(key: CreationKey): Promise<Created> {
  const invite = drawInvite();
  const body: CreateMeeting = { meeting: invite.meeting, gate_key: await gateKey(invite) };
  let response: Response;
  try {
    response = await fetch(MEETINGS_PATH, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      credentials: 'omit',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch {
    return { trouble: 'unreachable' };
  }
  if (!response.ok) return { trouble: response.status >= 500 ? 'unreachable' : 'refused' };
  const created: unknown = await response.json().catch(() => null);
  if (!isCreated(created) || created.meeting !== invite.meeting) return { trouble: 'unreachable' };
  rememberHosted({ meeting: invite.meeting, token: created.host_token, secret: invite.secret });
  return { meeting: invite.meeting };
}

function isCreated(value: unknown): value is MeetingCreated {
  return typeof value === 'object' && value !== null && 'meeting' in value && 'host_token' in value;
}
