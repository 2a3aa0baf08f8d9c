// What is urgent in the bulletin for whoever is signed in in this browser, for the start page. Nobody else has any, so nothing is
// asked where nobody has signed in.

import type { BulletinAlert, BulletinAlerts, DismissAlert } from '../protocol/messages';
import { device } from './memory';

const ALERTS_PATH = '/api/v1/bulletin/alerts';

/** Time the server has to answer, in milliseconds. */
const ANSWER_MS = 10_000;

const NONE: BulletinAlerts = { alerts: [], more: 0 };

/** Returns what is urgent; nothing where the server does not say. */
export async function alerts(): Promise<BulletinAlerts> {
  if (!device.signedIn.read()) return NONE;
  const response = await fetch(ALERTS_PATH, request());
  // The session has ended meanwhile.
  if (response.status === 401) device.signedIn.forget();
  const answer: unknown = response.ok ? await response.json() : null;
  return isAlerts(answer) ? answer : NONE;
}

/** Shows one no more. */
export async function dismissAlert({ document, revision }: BulletinAlert): Promise<void> {
  const body: DismissAlert = { document, revision };
  const headers = { 'content-type': 'application/json' };
  await fetch(ALERTS_PATH, { ...request(), method: 'POST', headers, body: JSON.stringify(body) });
}

function request(): RequestInit {
  return { credentials: 'same-origin', cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) };
}

function isAlerts(value: unknown): value is BulletinAlerts {
  return (
    isRecord(value) && Array.isArray(value.alerts) && value.alerts.every(isAlert) && typeof value.more === 'number'
  );
}

function isAlert(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { document, revision, title, owner_name, severity, tlp } = value;
  return (
    typeof revision === 'number' && [document, title, owner_name, severity, tlp].every((one) => typeof one === 'string')
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
