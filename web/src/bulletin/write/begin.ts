// With what a document begins: a template, or the revision before it.

import type { DocumentKind, TlpLabel } from '../../protocol/messages';
import { isObject, type Json, objects, put, textAt, withDate, withNote } from './csaf';

export interface Beginning {
  kind: DocumentKind;
  label: TlpLabel;
  publisher: Publisher;
  language: string;
  /** RFC 3339. */
  now: string;
}

/** Who publishes it (CSAF 2.0 section 3.2.1.8). */
export interface Publisher {
  category: string;
  contact_details?: string;
  issuing_authority?: string;
  name: string;
  /** The address under which the publisher is known. */
  namespace: string;
}

/**
 * Returns as whom an organisation publishes: as the server's provider of CSAF says it of them (`provider-metadata.json`), and
 * else by its name and the server's address.
 */
export function publisherOf(organisation: string, origin: string, provider: unknown): Publisher {
  const said = isObject(provider) ? provider.publisher : null;
  if (isObject(said) && said.name === organisation && typeof said.namespace === 'string') {
    return said as unknown as Publisher;
  }
  return { category: 'coordinator', name: organisation, namespace: origin.replace(/^http:/, 'https:') };
}

export const TEMPLATES = ['blank', 'meetings'] as const;
export type Template = (typeof TEMPLATES)[number];

const DISCLAIMER = 'The information is given as it is, without any warranty.';

/** The nine points that CERT-In and the home ministry gave for meetings in April 2020, in our words. */
const MEETINGS = [
  'Give each meeting an id and a passcode of its own',
  'Turn the waiting room on, so that nobody enters without the host',
  'Let nobody join before the host',
  'Let only the host share a screen',
  'Let nobody who was removed come back',
  'Restrict or switch off the transfer of files',
  'Lock the meeting once everybody is there',
  'Restrict recording',
  'End the meeting for all, and do not only leave it',
]
  .map((point) => `- ${point}`)
  .join('\n');

/** Returns a document that is fit to be published once its empty fields are filled. */
export function begin(template: Template, beginning: Beginning): Json {
  const { kind, label, publisher, language, now } = beginning;
  const document: Json = {
    document: {
      category: kind === 'incident_report' ? 'csaf_security_incident_response' : 'csaf_base',
      csaf_version: '2.0',
      lang: language,
      publisher,
      title: '',
      tracking: {
        current_release_date: now,
        initial_release_date: now,
        revision_history: [{ date: now, number: '1', summary: 'First publication' }],
        status: 'final',
        version: '1',
      },
    },
  };
  let begun = withNote(labelled(document, label), 'disclaimer', DISCLAIMER);
  if (template === 'meetings') begun = withNote(begun, 'solution', MEETINGS);
  return begun;
}

/** The labels of TLP 1.0 are those that the schema of CSAF 2.0 knows; the text has the exact one. */
const WRITTEN: Record<TlpLabel, string> = {
  CLEAR: 'WHITE',
  GREEN: 'GREEN',
  AMBER: 'AMBER',
  'AMBER+STRICT': 'AMBER',
  RED: 'RED',
};

/** Returns a document that carries the label with which it is marked (`crates/advisory/src/csaf/labels.rs`). */
export function labelled(document: Json, label: TlpLabel): Json {
  const more = textAt(document, 'document', 'distribution', 'text').replace(/^TLP:[A-Z+]+\n?/, '');
  const text = more ? `TLP:${label}\n${more}` : `TLP:${label}`;
  const next = put(document, ['document', 'distribution', 'text'], text);
  return put(next, ['document', 'distribution', 'tlp'], { label: WRITTEN[label], url: 'https://www.first.org/tlp/' });
}

/** Returns the document that comes after a published one: with a later version, and its line in the history. */
export function nextRevision(published: Json, now: string): Json {
  const history = objects(published, 'document', 'tracking', 'revision_history');
  const version = later(textAt(published, 'document', 'tracking', 'version'));
  const longer = put(
    published,
    ['document', 'tracking', 'revision_history'],
    [...history, { date: now, number: version, summary: '' }],
  );
  return withDate(put(longer, ['document', 'tracking', 'version'], version), now);
}

/** Returns a document that begins with another's text, and with nothing of its life. */
export function copyOf(other: Json, beginning: Beginning): Json {
  const fresh = begin('blank', beginning);
  const copied = put(labelled(other, beginning.label), ['document', 'tracking'], (fresh.document as Json).tracking);
  return put(copied, ['document', 'publisher'], (fresh.document as Json).publisher);
}

/**
 * Returns an imported document as one that is written on here: with the label of its marking, and where it says nothing of who
 * publishes it and when, with that.
 */
export function arrived(document: Json, beginning: Beginning): Json {
  const marked = labelled(document, beginning.label);
  const { publisher, now } = beginning;
  const said = textAt(marked, 'document', 'publisher', 'namespace') !== '';
  const signed = said ? marked : put(marked, ['document', 'publisher'], publisher);
  // What other formats leave open, the server writes as the first moment of 1970.
  const date = textAt(signed, 'document', 'tracking', 'current_release_date');
  return date.startsWith('1970-01-01T00:00:00') ? withDate(signed, now) : signed;
}

/** Returns the version after one: the next whole number, or the next minor one of a version of three numbers (SemVer 2.0). */
function later(version: string): string {
  const semantic = /^(\d+)\.(\d+)\.\d+$/.exec(version);
  if (semantic) return `${semantic[1]}.${Number(semantic[2]) + 1}.0`;
  return String(Number.isSafeInteger(Number(version)) && version !== '' ? Number(version) + 1 : 1);
}
