import { describe, expect, it } from 'vitest';
import { type Json, put } from '../csaf';
import { productsOf, rows, withNewRow, withoutProduct, withRow } from './tree';

const leaf = (name: string, id: string): Json => ({
  category: 'product_version',
  name,
  product: { name: `Acme Meet ${name}`, product_id: id },
});
const other: Json = {
  category: 'product_family',
  name: 'Phones',
  branches: [{ category: 'product_name', name: 'P', product: { name: 'Phone', product_id: 'X' } }],
};
const tree: Json = {
  product_tree: {
    branches: [
      {
        category: 'vendor',
        name: 'Acme',
        x_own: 1,
        branches: [
          { category: 'product_name', name: 'Meet', branches: [leaf('1', 'A'), leaf('2', 'B'), leaf('3', 'C')] },
        ],
      },
      other,
    ],
    full_product_names: [{ name: 'Other', product_id: 'O' }],
  },
  vulnerabilities: [
    {
      cve: 'CVE-2026-0001',
      product_status: { known_affected: ['B', 'O'], fixed: ['A'] },
      remediations: [{ category: 'vendor_fix', details: 'x', product_ids: ['B'] }],
    },
  ],
};
const said = (document: Json) =>
  rows(document).map(({ vendor, product, version }) => `${vendor}/${product}/${version}`);

describe('the tree of products', () => {
  it('has a row for each version of a product of a vendor, and where it stands', () => {
    expect(said(tree)).toEqual(['Acme/Meet/1', 'Acme/Meet/2', 'Acme/Meet/3']);
    expect(rows(tree)[1]?.pointer).toBe('/product_tree/branches/0/branches/0/branches/1');
    expect(productsOf(tree).map(({ id }) => id)).toEqual(['A', 'B', 'C', 'X', 'O']);
  });

  it('a row that is renamed parts its branch, keeps its place and goes back when it is named as before', () => {
    const parted = withRow(tree, 'B', { vendor: 'Bolt' });
    expect(said(parted)).toEqual(['Acme/Meet/1', 'Bolt/Meet/2', 'Acme/Meet/3']);
    expect((parted.product_tree as { branches: Json[] }).branches).toHaveLength(4);
    expect(withRow(parted, 'B', { vendor: 'Acme' })).toEqual(tree);
    expect(rows(withRow(tree, 'B', { product: 'Meet Pro' })).map(({ product }) => product)).toEqual([
      'Meet',
      'Meet Pro',
      'Meet',
    ]);
  });

  it('typing a name letter by letter ends where typing it at once does', () => {
    let typed = tree;
    for (const vendor of ['', 'A', 'Ac', 'Acm', 'Acme', 'Acme ', 'Acme 2']) typed = withRow(typed, 'B', { vendor });
    expect(typed).toEqual(withRow(tree, 'B', { vendor: 'Acme 2' }));
  });

  it('the name for people follows its parts until somebody writes another', () => {
    const named = (document: Json) => productsOf(document).find(({ id }) => id === 'B')?.name;
    expect(named(withRow(tree, 'B', { version: '2.1' }))).toBe('Acme Meet 2.1');
    const own = withRow(tree, 'B', { version: '9' });
    const written = JSON.parse(JSON.stringify(own).replace('Acme Meet 9', 'The old one')) as Json;
    expect(named(withRow(written, 'B', { version: '8' }))).toBe('The old one');
  });

  it('identifiers are there as long as they say something, and a range is another category', () => {
    const known = withRow(withRow(tree, 'A', { cpe: 'cpe:2.3:a:acme:meet:1:*:*:*:*:*:*:*' }), 'A', {
      purl: 'pkg:npm/meet@1',
    });
    expect(rows(known)[0]).toMatchObject({ cpe: 'cpe:2.3:a:acme:meet:1:*:*:*:*:*:*:*', purl: 'pkg:npm/meet@1' });
    expect(withRow(withRow(known, 'A', { cpe: '' }), 'A', { purl: '' })).toEqual(tree);
    const ranged = withRow(tree, 'A', { isRange: true, version: 'vers:generic/<2' });
    expect(JSON.stringify(ranged)).toContain('"category":"product_version_range"');
    expect(rows(ranged)[0]?.isRange).toBe(true);
  });

  it('a new row is of the last one’s product and affected; one that is gone is named nowhere', () => {
    const more = withNewRow(tree);
    expect(said(more).at(-1)).toBe('Acme/Meet/');
    const named = withRow(more, 'P-1', { version: '4' });
    expect(productsOf(named).find(({ id }) => id === 'P-1')?.name).toBe('Acme Meet 4');
    expect((more.vulnerabilities as Json[])[0]).toMatchObject({
      product_status: { known_affected: ['B', 'O', 'P-1'] },
    });
    const less = withoutProduct(tree, 'B');
    expect(said(less)).toEqual(['Acme/Meet/1', 'Acme/Meet/3']);
    expect((less.vulnerabilities as Json[])[0]).toEqual({
      cve: 'CVE-2026-0001',
      product_status: { known_affected: ['O'], fixed: ['A'] },
    });
    expect(JSON.stringify(withoutProduct(withNewRow({}), 'P-1'))).toBe('{}');
  });

  it('what has another form stays as it is', () => {
    const changed = withRow(withNewRow(tree), 'A', { vendor: 'Z' });
    expect((changed.product_tree as { branches: unknown[] }).branches).toContainEqual(other);
    const odd: Json = { product_tree: { branches: [1, { category: 'vendor', name: 'Empty', branches: [] }, other] } };
    expect(rows(odd)).toEqual([]);
    expect(put(withNewRow(odd), ['x'], 1).product_tree).toMatchObject({ branches: expect.arrayContaining([other]) });
  });
});
