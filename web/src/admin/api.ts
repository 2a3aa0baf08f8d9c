// The HTTP API as this page uses it. The session is a cookie that no script sees; what changes something carries the
// page's origin, which the browser adds.

import type { ApiError, Rule } from '../protocol/messages';

/** The server said no, and by which rule; `null` if it could not be reached or did not say. */
export class Refused extends Error {
  readonly rule: Rule | null;

  constructor(rule: Rule | null) {
    super(rule ?? 'unreachable');
    this.rule = rule;
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Asks the server. Throws `Refused`. */
export async function ask<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, credentials: 'same-origin', cache: 'no-store', redirect: 'error' };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, init);
  } catch {
    throw new Refused(null);
  }
  const text = await response.text();
  if (!response.ok) throw new Refused(ruleIn(text));
  return (text ? JSON.parse(text) : undefined) as T;
}

function ruleIn(text: string): Rule | null {
  try {
    return (JSON.parse(text) as ApiError).rule;
  } catch {
    return null;
  }
}
