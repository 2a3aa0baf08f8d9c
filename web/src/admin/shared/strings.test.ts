import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FluentResource } from '@fluent/bundle';
import { afterEach, describe, expect, it } from 'vitest';
import type { Rule } from '../../protocol/messages';
import { ruleText } from './rules';
import { speak, t } from './text';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const read = (language: string) => readFileSync(here(`./${language}.ftl`), 'utf8');
const messagesOf = (language: string) =>
  new Map([...new FluentResource(read(language)).body].map(({ id, value }) => [id, JSON.stringify(value)]));
const keys = [...messagesOf('en').keys()];
const LANGUAGES = ['en', 'hi', 'ur'] as const;

/** The ids of the rules by which the routes of the HTTP API refuse, as their code names them. */
function rulesOfRoutes(): Rule[] {
  const crates = here('../../../../crates');
  const ids = new Map(
    [...readFileSync(`${crates}/protocol/src/rule.rs`, 'utf8').matchAll(/^ {4}(\w+) = "([\w.]+)",$/gm)].map(
      ([, variant, id]) => [variant, id as Rule],
    ),
  );
  const code = ['server/src/http', 'server/src/accounts']
    .flatMap((folder) =>
      readdirSync(`${crates}/${folder}`, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.rs') && !name.endsWith('tests.rs'))
        .map((name) => readFileSync(`${crates}/${folder}/${name}`, 'utf8')),
    )
    .join('\n');
  const named = [...new Set([...code.matchAll(/\bRule::([A-Z]\w+)/g)].map((match) => match[1] ?? ''))];
  return named.flatMap((variant) => ids.get(variant) ?? []);
}

afterEach(() => speak('en', ''));

describe('strings that the console and the desk share', () => {
  it('keys file names exactly the messages of english', async () => {
    const union = [...keys].sort().map((key) => `  | '${key}'`);
    const file = `// Generated from en.ftl by the test beside it: \`npx vitest run strings -u\`. Do not edit.\n\nexport type TextKey =\n${union.join('\n')};\n`;

    await expect(file).toMatchFileSnapshot('./keys.ts');
  });

  it.each(LANGUAGES)('%s: every message parses, is named once, and takes what english takes', (language) => {
    const named = [...read(language).matchAll(/^([a-zA-Z][\w-]*) *=/gm)].map((match) => match[1] ?? '');
    const argumentsIn = (text = '') =>
      new Set([...text.matchAll(/"type":"var","name":"(\w+)"/g)].map(([, name]) => name));
    expect(named).toEqual(keys);
    const [own, english] = [messagesOf(language), messagesOf('en')];
    expect([...own.keys()]).toEqual(named);
    for (const key of keys) expect(argumentsIn(own.get(key)), key).toEqual(argumentsIn(english.get(key)));
    // A translation that says the English word has been forgotten.
    if (language !== 'en') expect(keys.filter((key) => own.get(key) === english.get(key))).toEqual([]);
  });

  it('every message is used', () => {
    const root = here('..');
    const code = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(svelte|ts)$/.test(name) && !/keys\.ts$|\.test\.ts$/.test(name))
      .map((name) => readFileSync(`${root}/${name}`, 'utf8'))
      .join('\n');
    expect(keys.filter((key) => !code.includes(`'${key}'`) && !/^(rule|passkey)-/.test(key))).toEqual([]);
  });

  it.each(LANGUAGES)('%s: whatever rule a route refuses by has its sentence', (language) => {
    speak(language, language === 'en' ? '' : read(language));
    const rules = rulesOfRoutes();

    expect(rules.length).toBeGreaterThan(40);
    expect(rules.filter((rule) => ruleText(rule) === null)).toEqual([]);
    expect(keys.filter((key) => key.startsWith('rule-')).length, 'and no other has one').toBe(rules.length);
  });

  it('what a route says stands where a rule has no sentence', () => {
    expect(ruleText('ROOM.FULL')).toBeNull();
    expect(t('refused-by', { rule: 'ROOM.FULL' })).toContain('ROOM.FULL');
  });
});
