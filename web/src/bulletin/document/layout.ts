// An advisory as agencies lay it out, while it is written and where members read it: the twin of
// `crates/advisory/src/layout.rs`, which says where each section comes from. The vectors beside that file hold the two together.

import { partOf } from './notes';
import { stated } from './products';

/** The sections, in the order in which agencies have them. */
export const PARTS = [
  'affected',
  'overview',
  'audience',
  'risk',
  'impact',
  'description',
  'solution',
  'vendor',
  'references',
  'vulnerabilities',
  'thanks',
  'contact',
  'disclaimer',
  'revisions',
] as const;
export type Part = (typeof PARTS)[number];

/** What kind of thing an entry is. */
export type Term =
  | 'affected'
  | 'investigated'
  | 'not_affected'
  | 'fixed'
  | 'recommended'
  | 'mitigation'
  | 'no_fix_planned'
  | 'none_available'
  | 'vendor_fix'
  | 'workaround';

export interface Entry {
  term: Term | null;
  heading: string | null;
  /** As the document has it (RFC 3339). */
  date: string | null;
  text: string | null;
  /** Begins with `https://`. */
  link: string | null;
}

export interface Section {
  part: Part;
  /** At least one. */
  entries: Entry[];
}

export interface Layout {
  title: string;
  id: string | null;
  version: string | null;
  status: string | null;
  original: string | null;
  current: string | null;
  severity: string | null;
  language: string | null;
  publisher: string | null;
  sections: Section[];
}

/** Returns how a document is shown. What is no JSON has an empty layout. */
export function layout(content: string): Layout {
  try {
    return layoutOf(JSON.parse(content));
  } catch {
    return layoutOf(null);
  }
}

/** Returns how a document is shown that has been read. */
export function layoutOf(content: unknown): Layout {
  const document = field(content, 'document');
  const tracking = field(document, 'tracking');
  const language = text(document, 'lang');
  return {
    title: text(document, 'title') ?? '',
    id: text(tracking, 'id'),
    version: text(tracking, 'version'),
    status: text(tracking, 'status'),
    original: text(tracking, 'initial_release_date'),
    current: text(tracking, 'current_release_date'),
    severity: text(field(document, 'aggregate_severity'), 'text') ?? highestSeverity(content),
    language: language && isLanguage(language) ? language : null,
    publisher: text(field(document, 'publisher'), 'name'),
    sections: sections(content),
  };
}

type Placed = [Part, Partial<Entry>];

function sections(content: unknown): Section[] {
  const placed: Placed[] = [
    ...stated(content).map(([term, heading]): Placed => ['affected', { term, heading }]),
    ...ofDocument(field(content, 'document')),
    ...list(content, 'vulnerabilities').flatMap(ofVulnerability),
  ];
  const found = new Map<Part, Map<string, Entry>>();
  for (const [part, said] of placed) {
    if (!said.heading && !said.text && !said.link) continue;
    const entry = { term: null, heading: null, date: null, text: null, link: null, ...said };
    const entries = found.get(part) ?? new Map<string, Entry>();
    // What is said twice is said once: vulnerabilities often share what to do.
    const key = JSON.stringify(Object.values(entry));
    if (!entries.has(key)) entries.set(key, entry);
    found.set(part, entries);
  }
  return PARTS.flatMap((part) => {
    const entries = found.get(part);
    return entries ? [{ part, entries: [...entries.values()] }] : [];
  });
}

function ofDocument(document: unknown): Placed[] {
  const publisher = field(document, 'publisher');
  const contact = {
    heading: text(publisher, 'name'),
    text: text(publisher, 'contact_details'),
    link: link(publisher, 'namespace'),
  };
  return [
    ...list(document, 'notes').flatMap((note) => {
      const placed = ofNote(note, null);
      const audience = text(note, 'audience');
      // Where an audience has a section of its own, that note says for whom it is.
      return audience && partOfNote(note) !== 'audience'
        ? [...placed, ['audience', { text: audience }] as Placed]
        : placed;
    }),
    ...references(document),
    ...thanks(document),
    ['contact', contact],
    ['contact', { text: text(publisher, 'issuing_authority') }],
    ...list(field(document, 'tracking'), 'revision_history').map(
      (one): Placed => [
        'revisions',
        { heading: text(one, 'number'), date: text(one, 'date'), text: text(one, 'summary') },
      ],
    ),
  ];
}

function ofVulnerability(vulnerability: unknown): Placed[] {
  const title = text(vulnerability, 'title');
  const name = text(vulnerability, 'cve') ?? firstText(list(vulnerability, 'ids'), 'text') ?? title;
  const lines = [
    title === name ? null : title,
    ...list(vulnerability, 'scores').map(score),
    weakness(field(vulnerability, 'cwe')),
  ];
  const said = lines.filter((line) => line !== null).join('\n') || null;
  return [
    ['vulnerabilities', { heading: name, text: said }],
    ...list(vulnerability, 'notes').flatMap((note) => ofNote(note, name)),
    ...list(vulnerability, 'threats').flatMap((threat): Placed[] => {
      const details = text(threat, 'details');
      const part = field(threat, 'category') === 'impact' ? 'impact' : 'risk';
      return details ? [[part, { heading: name, text: details }]] : [];
    }),
    ...list(vulnerability, 'remediations').flatMap((one): Placed[] => [
      ['solution', { term: remedy(field(one, 'category')), date: text(one, 'date'), text: text(one, 'details') }],
      ['vendor', { link: link(one, 'url') }],
    ]),
    ...references(vulnerability),
    ...thanks(vulnerability),
  ];
}

function partOfNote(note: unknown): Part {
  return partOf(field(note, 'category'), text(note, 'title'))[0];
}

function ofNote(note: unknown, subject: string | null): Placed[] {
  const named = text(note, 'title');
  const [part, isNamed] = partOf(field(note, 'category'), named);
  // A title that only names its section need not be said again.
  const title = isNamed ? null : named;
  const said = text(note, 'text');
  const heading = subject && title ? `${subject}: ${title}` : (title ?? subject);
  return said ? [[part, { heading, text: said }]] : [];
}

function references(of: unknown): Placed[] {
  return list(of, 'references').map((reference) => {
    const address = link(reference, 'url');
    // What is no link is still an address to be read.
    const said = address ? null : text(reference, 'url');
    return ['references', { heading: text(reference, 'summary'), text: said, link: address }];
  });
}

function thanks(of: unknown): Placed[] {
  return list(of, 'acknowledgments').map((one) => {
    const names = list(one, 'names').filter((name) => typeof name === 'string');
    const heading = [...names, text(one, 'organization')].filter((name) => name !== null).join(', ') || null;
    const address = list(one, 'urls').map(asLink).find(Boolean) ?? null;
    return ['thanks', { heading, text: text(one, 'summary'), link: address }];
  });
}

/** Returns a field of what may be an object. */
export function field(of: unknown, key: string): unknown {
  return typeof of === 'object' && of !== null && !Array.isArray(of) ? (of as Record<string, unknown>)[key] : undefined;
}

/** Returns a text of an object, without the white space around it; an empty one is none. */
export function text(of: unknown, key: string): string | null {
  const value = field(of, key);
  return typeof value === 'string' ? value.trim() || null : null;
}

export function list(of: unknown, key: string): unknown[] {
  const value = field(of, key);
  return Array.isArray(value) ? value : [];
}

function firstText(of: unknown[], key: string): string | null {
  return of.map((one) => text(one, key)).find(Boolean) ?? null;
}

function link(of: unknown, key: string): string | null {
  return asLink(field(of, key));
}

/** Returns an address that may be followed: `https`, and without anything that an address does not have. */
function asLink(value: unknown): string | null {
  const address = typeof value === 'string' ? value.trim() : '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return address.startsWith('https://') && !/[\s\u0000-\u001f\u007f-\u009f]/.test(address) ? address : null;
}

function isLanguage(tag: string): boolean {
  return tag.length <= 35 && /^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*$/.test(tag);
}

const REMEDIES: readonly Term[] = ['mitigation', 'no_fix_planned', 'none_available', 'vendor_fix', 'workaround'];

function remedy(category: unknown): Term | null {
  return REMEDIES.find((one) => one === category) ?? null;
}

function weakness(cwe: unknown): string | null {
  const id = text(cwe, 'id');
  const name = text(cwe, 'name');
  return id && name ? `${id}: ${name}` : id;
}

/** Returns a score as a line: version, number, severity and vector. */
function score(of: unknown): string | null {
  const cvss = field(of, 'cvss_v3') ?? field(of, 'cvss_v2');
  const number = field(cvss, 'baseScore');
  if (typeof number !== 'number') return null;
  const version = text(cvss, 'version');
  const parts = [
    version ? `CVSS ${version}:` : 'CVSS:',
    number.toFixed(1),
    text(cvss, 'baseSeverity'),
    text(cvss, 'vectorString'),
  ];
  return parts.filter((part) => part !== null).join(' ');
}

/** The words of CVSS for how bad something is, the least first (CVSS 3.1, section 5). */
const SEVERITIES: readonly unknown[] = ['NONE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];

function highestSeverity(content: unknown): string | null {
  const scores = list(content, 'vulnerabilities').flatMap((one) => list(one, 'scores'));
  const ranks = scores.map((one) => SEVERITIES.indexOf(field(field(one, 'cvss_v3'), 'baseSeverity')));
  return (SEVERITIES[Math.max(-1, ...ranks)] as string | undefined) ?? null;
}
