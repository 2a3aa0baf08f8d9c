import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FluentResource } from '@fluent/bundle';
import { describe, expect, it } from 'vitest';
import { ACTIONS, actionText, ROLES, roleText, SCOPES, scopeText } from './words';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const english = readFileSync(here('./en.ftl'), 'utf8');
const keys = [...english.matchAll(/^([a-zA-Z][\w-]*) *=/gm)].map((match) => match[1] ?? '');

/** The words of a union in the protocol's types. */
function wordsOf(type: string): string[] {
  const messages = readFileSync(here('../../protocol/messages.ts'), 'utf8');
  const union = new RegExp(`export type ${type} = ([^;]+);`).exec(messages)?.[1] ?? '';
  return [...union.matchAll(/"([\w.:]+)"/g)].map((match) => match[1] ?? '');
}

describe('strings of the admin page', () => {
  it('keys file names exactly the messages of english', async () => {
    const union = [...keys].sort().map((key) => `  | '${key}'`);
    const file = `// Generated from en.ftl by the test beside it: \`npx vitest run strings -u\`. Do not edit.\n\nexport type TextKey =\n${union.join('\n')};\n`;

    await expect(file).toMatchFileSnapshot('./keys.ts');
  });

  it('every message parses and is named once', () => {
    expect([...new FluentResource(english).body].map((message) => message.id)).toEqual(keys);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('every message is used', () => {
    const root = here('..');
    const code = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(svelte|ts)$/.test(name) && !/keys\.ts$|\.test\.ts$/.test(name))
      .map((name) => readFileSync(`${root}/${name}`, 'utf8'))
      .join('\n');
    const families = [...code.matchAll(/`([a-z]+-)\$\{/g)].map((match) => match[1] ?? '');

    expect(
      keys.filter((key) => !code.includes(`'${key}'`) && !families.some((start) => key.startsWith(start))),
    ).toEqual([]);
  });

  it('roles, scopes and actions are those of the protocol, each with its words', () => {
    expect([...ROLES].sort()).toEqual(wordsOf('AccountRole').sort());
    expect([...SCOPES].sort()).toEqual(wordsOf('Scope').sort());
    expect([...ACTIONS].sort()).toEqual(wordsOf('AuditAction').sort());
    const texts = [...ROLES.map(roleText), ...SCOPES.map(scopeText), ...ACTIONS.map(actionText)];
    expect(texts.filter((text) => /^(role|scope|did)-/.test(text))).toEqual([]);
  });
});
