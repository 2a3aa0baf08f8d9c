// Texts of documents as paragraphs and lists: the twin of `crates/server/src/http/bulletin/pages/prose.rs`.

export type Block = { kind: 'paragraph'; text: string } | { kind: 'bullets' | 'numbers'; items: string[] };

/** Returns the blocks of a text. What begins every line of one with a dash or a number is a list. */
export function blocks(text: string): Block[] {
  const groups: string[][] = [[]];
  for (const line of text.split(/\r?\n/).map((one) => one.trim())) {
    if (line) groups.at(-1)?.push(line);
    else groups.push([]);
  }
  return groups.filter((lines) => lines.length > 0).map(blockOf);
}

function blockOf(lines: string[]): Block {
  const all = (mark: RegExp) =>
    lines.every((line) => mark.test(line)) ? lines.map((line) => line.replace(mark, '')) : null;
  const bullets = all(/^[-*•] /);
  if (bullets) return { kind: 'bullets', items: bullets };
  const numbers = all(/^[0-9]+[.)] /);
  return numbers ? { kind: 'numbers', items: numbers } : { kind: 'paragraph', text: lines.join('\n') };
}
