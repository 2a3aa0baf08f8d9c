// Whether who is signed in in this browser may start meetings, for the start page. Asked only where somebody has signed in.

import { device } from './memory';

const ACCOUNT_PATH = '/api/v1/account';

/** Time the server has to answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** What an account may do here; `nobody` where none is signed in, or the server does not say. */
export type Standing = 'host' | 'member' | 'nobody';

/** Returns how who is signed in stands to the starting of meetings. */
export async function standing(): Promise<Standing> {
  if (!device.signedIn.read()) return 'nobody';
  try {
    const response = await fetch(ACCOUNT_PATH, {
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    // The session has ended meanwhile.
    if (response.status === 401) device.signedIn.forget();
    const answer: unknown = response.ok ? await response.json() : null;
    const roles = rolesIn(answer);
    if (roles === null) return 'nobody';
    return roles.includes('host') || roles.includes('administrator') ? 'host' : 'member';
  } catch {
    // Whoever signs in again will be told what is wrong.
    return 'nobody';
  }
}

/** Returns the roles of an account as the server tells of it; null if this is none. */
function rolesIn(value: unknown): unknown[] | null {
  const user = isRecord(value) ? value.user : null;
  return isRecord(user) && Array.isArray(user.roles) ? user.roles : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
