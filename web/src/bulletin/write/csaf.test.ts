import { describe, expect, it } from 'vitest';
import { layoutOf } from '../document/layout';
import { type Beginning, begin, copyOf, labelled, nextRevision, publisherOf } from './begin';
import {
  type Json,
  noteText,
  parse,
  print,
  products,
  put,
  references,
  textAt,
  vulnerabilities,
  withDate,
  withNote,
  withoutRow,
  withProducts,
  withReferences,
  withSummary,
  withText,
  withVulnerabilities,
} from './csaf';
import { besideFields, fieldAt, isBeside } from './findings';

const beginning: Beginning = {
  kind: 'advisory',
  label: 'AMBER+STRICT',
  publisher: { category: 'coordinator', name: 'CERT', namespace: 'https://cert.example' },
  language: 'en',
  now: '2026-11-27T10:00:00.000Z',
};
const fresh = begin('blank', beginning);
const foreign: Json = { document: { title: 'Old', x_own: { kept: true } }, x_more: [1, 2] };

describe('fields of a document', () => {
  it('writing one field leaves everything else as it was', () => {
    const written = withNote(withText(foreign, ['document', 'title'], 'New'), 'risk', 'High.');
    expect(written).toEqual({
      document: {
        title: 'New',
        x_own: { kept: true },
        notes: [{ category: 'general', text: 'High.', title: 'Risk assessment' }],
      },
      x_more: [1, 2],
    });
    expect(foreign).toEqual({ document: { title: 'Old', x_own: { kept: true } }, x_more: [1, 2] });
  });

  it('what is emptied is gone, with what was only around it', () => {
    const severe = withText(foreign, ['document', 'aggregate_severity', 'text'], 'High');
    expect(withText(severe, ['document', 'aggregate_severity', 'text'], '')).toEqual(foreign);
    expect(withNote(withNote(foreign, 'overview', 'x'), 'overview', '')).toEqual(foreign);
  });

  it('each section is read from the note that the layout shows there', () => {
    const document = { document: { notes: [{ category: 'summary', title: 'In short', text: 'Short' }] } };
    expect(noteText(document, 'overview')).toBe('Short');
    const next = withNote(document, 'overview', 'Shorter');
    expect(next.document).toEqual({ notes: [{ category: 'summary', title: 'In short', text: 'Shorter' }] });
    const sections = layoutOf(withNote(next, 'solution', '- Lock it')).sections.map(({ part }) => part);
    expect(sections).toEqual(['overview', 'solution']);
  });

  it('text is kept as it is typed, also its spaces', () => {
    expect(noteText(withNote(fresh, 'overview', 'a '), 'overview')).toBe('a ');
    expect(textAt(withText(fresh, ['document', 'title'], ' x '), 'document', 'title')).toBe(' x ');
  });

  it('a text that is no object is no document', () => {
    for (const text of ['', '[]', '7', '{']) expect(parse(text)).toBeNull();
    expect(parse(print(fresh))).toEqual(fresh);
  });

  it('keys are written in their order, whatever the order in which they came', () => {
    expect(print({ b: [{ d: 1, c: 2 }], a: null })).toBe(
      '{\n  "a": null,\n  "b": [\n    {\n      "c": 2,\n      "d": 1\n    }\n  ]\n}\n',
    );
  });
});

describe('products and vulnerabilities', () => {
  const two = withVulnerabilities(withProducts(fresh, ['Meet 1', 'Meet 2']), [
    { cve: 'CVE-2026-0001', title: 'Weak', fix: 'Update.' },
  ]);

  it('a vulnerability affects the products, and its fix is for them', () => {
    expect(products(two)).toEqual(['Meet 1', 'Meet 2']);
    expect(vulnerabilities(two)).toEqual([{ cve: 'CVE-2026-0001', title: 'Weak', fix: 'Update.' }]);
    expect(two.vulnerabilities).toEqual([
      {
        product_status: { known_affected: ['P-1', 'P-2'] },
        cve: 'CVE-2026-0001',
        title: 'Weak',
        remediations: [{ category: 'vendor_fix', details: 'Update.', product_ids: ['P-1', 'P-2'] }],
      },
    ]);
  });

  it('who keeps a name keeps the id, and what is gone is named nowhere', () => {
    const changed = withProducts(two, ['Meet 2', 'Meet 3']);
    expect(JSON.stringify(changed)).not.toContain('"P-1"');
    expect(changed.vulnerabilities).toMatchObject([
      { product_status: { known_affected: ['P-2', 'P-3'] }, remediations: [{ product_ids: ['P-2'] }] },
    ]);
    const none = withProducts(two, []);
    expect(none.product_tree).toBeUndefined();
    expect(none.vulnerabilities).toEqual([{ cve: 'CVE-2026-0001', title: 'Weak' }]);
  });

  it('without a product there is no fix that would be for nothing', () => {
    const alone = withVulnerabilities(fresh, [{ cve: '', title: 'Weak', fix: 'Update.' }]);
    expect(alone.vulnerabilities).toEqual([{ title: 'Weak' }]);
  });

  it('a row that goes takes nothing of the others along', () => {
    const rows = [
      { summary: 'One', url: 'https://one.example' },
      { summary: 'Two', url: 'https://two.example' },
    ];
    const own = put(
      withReferences(fresh, rows),
      ['document', 'references'],
      [
        { category: 'external', ...rows[0] },
        { category: 'self', ...rows[1] },
      ],
    );
    const left = withoutRow(own, 'references', 0);
    expect(references(left)).toEqual([rows[1]]);
    expect((left.document as Json).references).toEqual([{ category: 'self', ...rows[1] }]);
    expect((withoutRow(left, 'references', 0).document as Json).references).toBeUndefined();
  });
});

describe('how a document begins', () => {
  it('carries the exact label, and that of the schema', () => {
    expect((fresh.document as Json).distribution).toEqual({
      text: 'TLP:AMBER+STRICT',
      tlp: { label: 'AMBER', url: 'https://www.first.org/tlp/' },
    });
    const more = put(fresh, ['document', 'distribution', 'text'], 'TLP:AMBER\nAsk before you quote it.');
    const green = (labelled(more, 'GREEN').document as Json).distribution;
    expect(green).toMatchObject({ text: 'TLP:GREEN\nAsk before you quote it.', tlp: { label: 'GREEN' } });
  });

  it('whom the provider of CSAF names is named as it does, and anybody else by name and address', () => {
    const said = { category: 'coordinator', name: 'CERT', namespace: 'https://cert.example', contact_details: 'Phone' };
    expect(publisherOf('CERT', 'http://localhost:1', { publisher: said })).toEqual(said);
    for (const provider of [null, 7, { publisher: { ...said, name: 'Other' } }, { publisher: { name: 'CERT' } }]) {
      expect(publisherOf('CERT', 'http://localhost:1', provider)).toEqual({
        category: 'coordinator',
        name: 'CERT',
        namespace: 'https://localhost:1',
      });
    }
  });

  it('a later revision has the next version and its line in the history', () => {
    const next = nextRevision(fresh, '2026-11-28T10:00:00.000Z');
    expect((next.document as Json).tracking).toMatchObject({
      version: '2',
      initial_release_date: '2026-11-27T10:00:00.000Z',
      current_release_date: '2026-11-28T10:00:00.000Z',
      revision_history: [
        { number: '1', date: '2026-11-27T10:00:00.000Z' },
        { number: '2', date: '2026-11-28T10:00:00.000Z', summary: '' },
      ],
    });
    expect(textAt(withSummary(next, 'Fixed'), 'document', 'tracking', 'version')).toBe('2');
    const semantic = put(fresh, ['document', 'tracking', 'version'], '1.4.2');
    expect(textAt(nextRevision(semantic, beginning.now), 'document', 'tracking', 'version')).toBe('1.5.0');
  });

  it('the date of a first revision is that of the document', () => {
    const dated = (withDate(fresh, '2026-12-01T00:00:00Z').document as Json).tracking;
    expect(dated).toMatchObject({
      initial_release_date: '2026-12-01T00:00:00Z',
      current_release_date: '2026-12-01T00:00:00Z',
      revision_history: [{ date: '2026-12-01T00:00:00Z' }],
    });
  });

  it('a copy has the text of the other, and nothing of its life', () => {
    const other = withText(withNote(fresh, 'risk', 'High.'), ['document', 'tracking', 'id'], 'CIAD-1');
    const copy = copyOf(nextRevision(other, '2027-01-01T00:00:00Z'), { ...beginning, label: 'CLEAR' });
    expect(noteText(copy, 'risk')).toBe('High.');
    expect((copy.document as Json).tracking).toEqual((fresh.document as Json).tracking);
    expect(textAt(copy, 'document', 'distribution', 'text')).toBe('TLP:CLEAR');
  });
});

describe('where a finding is told', () => {
  const document = withNote(withNote(fresh, 'overview', 'x'), 'risk', 'y');

  it('a pointer names the field that writes there', () => {
    for (const [pointer, field] of [
      ['/document/title', 'title'],
      ['/document/notes/0/text', 'disclaimer'],
      ['/document/notes/1', 'overview'],
      ['/document/notes/2/text', 'risk'],
      ['/document/tracking/revision_history/0/date', 'date'],
      ['/document/tracking/revision_history/0/summary', 'summary'],
      ['/document/publisher/namespace', 'namespace'],
      ['/vulnerabilities/0/cve', 'vulnerabilities'],
      ['/document/titles', null],
      ['', null],
    ] as const) {
      expect(fieldAt(document, pointer), pointer).toBe(field);
    }
  });

  it('what has to be put right is told beside its field, and advice is not', () => {
    const finding = (weight: 'error' | 'warning', message: string) => ({
      rule: 'R',
      title: '',
      weight,
      pointer: '/document/title',
      message,
    });
    expect(besideFields(document, [finding('warning', 'w'), finding('error', 'e')])).toEqual({ title: 'e' });
    expect(besideFields(document, [finding('error', 'first'), finding('error', 'second')])).toEqual({ title: 'first' });
    const missing = { rule: 'CSAF-SCHEMA', pointer: '/document/tracking', message: 'The key "id" is missing.' };
    expect(besideFields(document, [{ ...finding('error', ''), ...missing }])).toEqual({ id: missing.message });
    expect(isBeside(document, finding('warning', 'w'))).toBe(false);
    expect(isBeside(document, { ...finding('error', 'e'), pointer: '' })).toBe(false);
  });
});
