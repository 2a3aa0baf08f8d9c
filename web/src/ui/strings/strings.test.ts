import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FluentResource } from '@fluent/bundle';
import { describe, expect, it } from 'vitest';
import { t } from './text';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const english = readFileSync(here('./en.ftl'), 'utf8');
const keys = [...english.matchAll(/^([a-zA-Z][\w-]*) *=/gm)].map((match) => match[1] ?? '');

/** Rules by which the server refuses in a call, as the protocol's types name them. Those of accounts and of the bulletin are other pages'. */
function rules(): string[] {
  const messages = readFileSync(here('../../protocol/messages.ts'), 'utf8');
  const union = /export type Rule = ([^;]+);/.exec(messages)?.[1] ?? '';
  return (
    [...union.matchAll(/"([A-Z._]+)"/g)]
      .map((match) => match[1] ?? '')
      // The page of administrators has its own words for its rules.
      .filter((rule) => !/^(ACCOUNT|BULLETIN|FLOOR)\./.test(rule))
  );
}

describe('strings', () => {
  it('keys file names exactly the messages of english', async () => {
    const union = [...keys].sort().map((key) => `  | '${key}'`);
    const file = `// Generated from en.ftl by the test beside it: \`npx vitest run strings -u\`. Do not edit.\n\nexport type TextKey =\n${union.join('\n')};\n`;

    await expect(file).toMatchFileSnapshot('./keys.ts');
  });

  it('every message parses and is named once', () => {
    expect([...new FluentResource(english).body].map((message) => message.id)).toEqual(keys);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('every message is used by some component', () => {
    const root = here('..');
    const code = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(svelte|ts)$/.test(name) && !/keys\.ts$|\.test\.ts$/.test(name))
      .map((name) => readFileSync(`${root}/${name}`, 'utf8'))
      .join('\n');
    // Families whose last part is a value of a type: `rule-…`, `ended-<reason>…` and so on.
    const families = [...code.matchAll(/`([a-z]+-(?:[a-z]+-)?)\$\{/g)].map((match) => match[1] ?? '');

    expect(
      keys.filter((key) => !code.includes(`'${key}'`) && !families.some((start) => key.startsWith(start))),
    ).toEqual([]);
  });

  it('every rule has its sentence', () => {
    const missing = rules().filter((rule) => !keys.includes(`rule-${rule.toLowerCase().replaceAll('.', '-')}`));

    expect(rules().length).toBeGreaterThan(10);
    expect(missing).toEqual([]);
  });

  it('plural follows the count', () => {
    const plain = (text: string) => text.replace(/[\u2066-\u2069]/g, '');

    expect(plain(t('room-count', { count: 1 }))).toBe('1 person');
    expect(plain(t('room-count', { count: 7 }))).toBe('7 people');
  });
});
