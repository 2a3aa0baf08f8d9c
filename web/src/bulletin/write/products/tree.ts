// The tree of products as rows: a vendor, a product and a version or a range of versions, which is the order of branches that CSAF
// 2.0 asks for (section 3.2.2). A row is a leaf with what stands above it; neighbours with the same above them are one branch, so
// that rows stay in their order while a name is typed. What stands in the tree in another form stays as it is.

import { isObject, type Json, objects, put, saysNothingOf, textAt, withAffected } from '../csaf';

export interface ProductRow {
  id: string;
  vendor: string;
  product: string;
  version: string;
  isRange: boolean;
  cpe: string;
  purl: string;
  /** Where it stands (RFC 6901). */
  pointer: string;
}

/** A node of the tree with the branches above it, themselves without what is below them. */
interface Node {
  above: readonly Json[];
  node: Json;
  pointer: string;
}

const LEVELS = ['vendor', 'product_name'] as const;
const VERSION = 'product_version';
const RANGE = 'product_version_range';

/** Returns the rows: products that stand right below a product name, which is right below a vendor. */
export function rows(document: Json): ProductRow[] {
  return nodes(document).filter(isRow).map(rowOf);
}

/** Returns the document with a row that says something else. */
export function withRow(document: Json, id: string, change: Partial<Omit<ProductRow, 'id' | 'pointer'>>): Json {
  return withNodes(
    document,
    nodes(document).map((one) => (isRow(one) && idOf(one.node) === id ? changed(one, change) : one)),
  );
}

/** Returns the document with another row, of the last one's vendor and product. Every vulnerability affects it. */
export function withNewRow(document: Json): Json {
  const last = nodes(document).filter(isRow).at(-1);
  const id = freeId(document);
  const above = last?.above ?? LEVELS.map((category) => ({ category, name: '' }));
  const node = { category: VERSION, name: '', product: { name: '', product_id: id } };
  const added = changed({ above, node, pointer: '' }, {});
  return withAffected(withNodes(document, [...nodes(document), added]), [id]);
}

/** Returns the document without a row, and with nothing that is said of its product. */
export function withoutProduct(document: Json, id: string): Json {
  const kept = nodes(document).filter((one) => !(isRow(one) && idOf(one.node) === id));
  return saysNothingOf(withNodes(document, kept), new Set([id]));
}

function nodes(document: Json): Node[] {
  const walk = (branches: readonly Json[], above: readonly Json[], pointer: string): Node[] =>
    branches.flatMap((branch, at) => {
      const here = `${pointer}/branches/${at}`;
      const below = objects(branch, 'branches');
      if (branch.category !== LEVELS[above.length] || below.length === 0) {
        return [{ above, node: branch, pointer: here }];
      }
      const { branches: _, ...alone } = branch;
      return walk(below, [...above, alone], here);
    });
  return walk(objects(document, 'product_tree', 'branches'), [], '/product_tree');
}

/** Returns the document with these nodes as its tree. */
function withNodes(document: Json, all: readonly Node[]): Json {
  const build = (part: readonly Node[], depth: number): Json[] => {
    const branches: Json[] = [];
    for (let from = 0; from < part.length; ) {
      const first = part[from];
      const own = first?.above[depth];
      if (!first || !own) {
        if (first) branches.push(first.node);
        from += 1;
        continue;
      }
      const key = JSON.stringify(own);
      let to = from + 1;
      while (to < part.length && JSON.stringify(part[to]?.above[depth]) === key) to += 1;
      branches.push({ ...own, branches: build(part.slice(from, to), depth + 1) });
      from = to;
    }
    return branches;
  };
  const branches = build(all, 0);
  return put(document, ['product_tree', 'branches'], branches.length > 0 ? branches : undefined);
}

function isRow({ above, node }: Node): boolean {
  return above.length === LEVELS.length && (node.category === VERSION || node.category === RANGE) && idOf(node) !== '';
}

function idOf(node: Json): string {
  return textAt(node, 'product', 'product_id');
}

function rowOf({ above: [vendor, product], node, pointer }: Node): ProductRow {
  const helper = ['product', 'product_identification_helper'];
  return {
    id: idOf(node),
    vendor: textAt(vendor ?? {}, 'name'),
    product: textAt(product ?? {}, 'name'),
    version: textAt(node, 'name'),
    isRange: node.category === RANGE,
    cpe: textAt(node, ...helper, 'cpe'),
    purl: textAt(node, ...helper, 'purl'),
    pointer,
  };
}

/** Returns a row that says something else. Its name for people follows its parts, unless somebody has written another. */
function changed(one: Node, change: Partial<ProductRow>): Node {
  const before = rowOf(one);
  const { vendor, product, version, isRange, cpe, purl } = { ...before, ...change };
  const named = textAt(one.node, 'product', 'name');
  const follows = named === '' || named === nameOf(before);
  const name = follows ? nameOf({ vendor, product, version }) : named;
  let node: Json = { ...one.node, category: isRange ? RANGE : VERSION, name: version };
  node = put(node, ['product', 'name'], name);
  node = put(node, ['product', 'product_identification_helper', 'cpe'], cpe || undefined);
  node = put(node, ['product', 'product_identification_helper', 'purl'], purl || undefined);
  const names = [vendor, product];
  return { ...one, node, above: one.above.map((branch, depth) => ({ ...branch, name: names[depth] })) };
}

function nameOf({ vendor, product, version }: Pick<ProductRow, 'vendor' | 'product' | 'version'>): string {
  return [vendor, product, version].filter(Boolean).join(' ');
}

/** Returns an id that nothing in the document has. */
function freeId(document: Json): string {
  const text = JSON.stringify(document);
  let number = 1;
  while (text.includes(`"P-${number}"`)) number += 1;
  return `P-${number}`;
}

/** Returns every product of a document: its id and name, in the order of the tree. */
export function productsOf(document: Json): { id: string; name: string }[] {
  const found = new Map<string, string>();
  const add = (product: unknown) => {
    if (isObject(product)) found.set(textAt(product, 'product_id'), textAt(product, 'name'));
  };
  const walk = (branch: Json) => {
    add(branch.product);
    objects(branch, 'branches').forEach(walk);
  };
  objects(document, 'product_tree', 'branches').forEach(walk);
  objects(document, 'product_tree', 'full_product_names').forEach(add);
  for (const one of objects(document, 'product_tree', 'relationships')) add(one.full_product_name);
  found.delete('');
  return [...found].map(([id, name]) => ({ id, name: name || id }));
}
