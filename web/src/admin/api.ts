// The HTTP API as this page uses it. The session is a cookie that no script sees; what changes something carries the
// page's origin, which the browser adds.

import type { ApiError, Rule } from '../protocol/messages';

/** The server said no, and by which rule; `null` if it could not be reached or did not say. */
export class Refused extends Error {
  readonly rule: Rule | null;
  /** The whole answer, for who wants to know more than the rule: its sentence, or what was found. */
  readonly answer: (ApiError & { check?: unknown }) | null;

  constructor(rule: Rule | null, answer: Refused['answer'] = null) {
    super(rule ?? 'unreachable');
    this.rule = rule;
    this.answer = answer;
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Asks the server. Throws `Refused`. */
export async function ask<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  const text = await send(path, init);
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Returns a text as the server has it. Throws `Refused`. */
export async function read(path: string): Promise<string> {
  return send(path, { method: 'GET' });
}

/** Returns a document that the server has for everybody, outside the API; null if it has none. */
export async function publicly(path: string): Promise<unknown> {
  try {
    const response = await fetch(path, { credentials: 'omit', redirect: 'error' });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** Brings a file as it is. Throws `Refused`. */
export async function bring<T>(path: string, file: Blob, method: Method = 'POST'): Promise<T> {
  return JSON.parse(await send(path, { method, body: file })) as T;
}

async function send(path: string, request: RequestInit): Promise<string> {
  const init: RequestInit = { ...request, credentials: 'same-origin', cache: 'no-store', redirect: 'error' };
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, init);
  } catch {
    throw new Refused(null);
  }
  const text = await response.text();
  if (!response.ok) throw refusal(text);
  return text;
}

function refusal(text: string): Refused {
  try {
    const answer = JSON.parse(text) as ApiError;
    return new Refused(answer.rule, answer);
  } catch {
    return new Refused(null);
  }
}
