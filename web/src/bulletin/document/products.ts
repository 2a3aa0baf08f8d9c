// Names of products, and what a document says of which: the twin of `crates/advisory/src/layout/products.rs`.

import { field, list, type Term, text } from './layout';

const STATUSES: readonly [string, Term][] = [
  ['known_affected', 'affected'],
  ['first_affected', 'affected'],
  ['last_affected', 'affected'],
  ['under_investigation', 'investigated'],
  ['known_not_affected', 'not_affected'],
  ['first_fixed', 'fixed'],
  ['fixed', 'fixed'],
  ['recommended', 'recommended'],
];

/** Returns the products with what is said of them, each once; all products where nothing is said of any. */
export function stated(content: unknown): [Term | null, string][] {
  const names = namesIn(field(content, 'product_tree'));
  const said = new Map<string, [Term | null, string]>();
  for (const [status, term] of STATUSES) {
    for (const vulnerability of list(content, 'vulnerabilities')) {
      for (const id of list(field(vulnerability, 'product_status'), status)) {
        const key = `${term} ${String(id)}`;
        if (typeof id === 'string' && !said.has(key)) said.set(key, [term, names.get(id) ?? id]);
      }
    }
  }
  return said.size > 0 ? [...said.values()] : [...names.values()].map((name) => [null, name]);
}

/** Returns the names of a tree's products by their ids, in its order. */
function namesIn(tree: unknown): Map<string, string> {
  const names = new Map<string, string>();
  const add = (product: unknown) => {
    const [id, name] = [text(product, 'product_id'), text(product, 'name')];
    if (id && name) names.set(id, name);
  };
  const branch = (of: unknown) => {
    add(field(of, 'product'));
    list(of, 'branches').forEach(branch);
  };
  list(tree, 'full_product_names').forEach(add);
  list(tree, 'branches').forEach(branch);
  for (const one of list(tree, 'relationships')) add(field(one, 'full_product_name'));
  return names;
}
