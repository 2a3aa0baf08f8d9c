// What a meeting that is made at once can begin with: the organisation's templates, for whoever is signed in.

import type { Template } from '../protocol/messages';

const TEMPLATES_PATH = '/api/v1/templates';

/** Time the server has to answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** Returns the templates that whoever is signed in can choose from; none where the server names none. */
export async function templates(): Promise<Template[]> {
  try {
    const init: RequestInit = { credentials: 'same-origin', cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS) };
    const response = await fetch(TEMPLATES_PATH, init);
    const answer: unknown = response.ok ? await response.json() : null;
    return isTemplates(answer) ? answer.templates : [];
  } catch {
    // Making the meeting will say what is wrong.
    return [];
  }
}

function isTemplates(value: unknown): value is { templates: Template[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'templates' in value &&
    Array.isArray(value.templates) &&
    value.templates.every(isTemplate)
  );
}

function isTemplate(value: unknown): value is Template {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, controls } = value as Record<string, unknown>;
  return typeof id === 'string' && typeof name === 'string' && Array.isArray(controls);
}
