import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FluentResource } from '@fluent/bundle';
import { afterEach, describe, expect, it } from 'vitest';
import { PARTS } from '../document/layout';
import type { TextKey } from './keys';
import { languageFor, speak, t } from './text';
import * as words from './words';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const read = (language: string) => readFileSync(here(`./${language}.ftl`), 'utf8');
const keysIn = (source: string) => [...source.matchAll(/^([a-zA-Z][\w-]*) *=/gm)].map((match) => match[1] ?? '');
const keys = keysIn(read('en'));

/** The words of a union in the protocol's types. */
function wordsOf(type: string): string[] {
  const messages = readFileSync(here('../../protocol/messages.ts'), 'utf8');
  const union = new RegExp(`export type ${type} = ([^;]+);`).exec(messages)?.[1] ?? '';
  return [...union.matchAll(/"([\w.:+]+)"/g)].map((match) => match[1] ?? '');
}

afterEach(() => speak(languageFor(['en'])));

describe('strings of the bulletin', () => {
  it('keys file names exactly the messages of english', async () => {
    const union = [...keys].sort().map((key) => `  | '${key}'`);
    const file = `// Generated from en.ftl by the test beside it: \`npx vitest run strings -u\`. Do not edit.\n\nexport type TextKey =\n${union.join('\n')};\n`;

    await expect(file).toMatchFileSnapshot('./keys.ts');
  });

  it.each(['en', 'hi', 'ur'])(
    '%s: every message parses, is named once, and is one of english with its arguments',
    (language) => {
      const source = read(language);
      const named = keysIn(source);
      const argumentsOf = (text: string, key: string) =>
        new Set(
          [
            ...(new RegExp(`^${key} *=([^]*?)(?=^[a-zA-Z#]|(?![^]))`, 'm').exec(text)?.[1] ?? '').matchAll(/\$(\w+)/g),
          ].map((match) => match[1]),
        );
      expect([...new FluentResource(source).body].map((message) => message.id)).toEqual(named);
      expect(new Set(named).size).toBe(named.length);
      expect(named.filter((key) => !keys.includes(key))).toEqual([]);
      for (const key of named) expect(argumentsOf(source, key), key).toEqual(argumentsOf(read('en'), key));
    },
  );

  it.each(['hi', 'ur'])('%s: no message is there in english only, and none is left as english has it', (language) => {
    expect(keys.filter((key) => !keysIn(read(language)).includes(key))).toEqual([]);
    const said = (source: string) =>
      new Map([...new FluentResource(source).body].map(({ id, value }) => [id, JSON.stringify(value)]));
    const [own, english] = [said(read(language)), said(read('en'))];
    // Kilobytes are written alike everywhere.
    expect(keys.filter((key) => key !== 'kilobytes' && own.get(key) === english.get(key))).toEqual([]);
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

  it('every value of the protocol and every section has its word', () => {
    expect([...words.KINDS].sort()).toEqual(wordsOf('DocumentKind').sort());
    expect([...words.LABELS].sort()).toEqual(wordsOf('TlpLabel').sort());
    expect([...words.STAGES].sort()).toEqual(wordsOf('RevisionStage').sort());
    expect([...words.SEVERITIES].sort()).toEqual(wordsOf('Severity').sort());
    expect([...words.ROLES].sort()).toEqual(wordsOf('BulletinRole').sort());
    expect([...words.ACKNOWLEDGEMENTS].sort()).toEqual(wordsOf('Acknowledgement').sort());
    expect([...words.STATUSES].sort()).toEqual(wordsOf('IncidentStatus').sort());
    const families: [string, readonly string[]][] = [
      ['kind', words.KINDS],
      ['stage', words.STAGES],
      ['role', words.ROLES],
      ['said', words.ACKNOWLEDGEMENTS],
      ['status', words.STATUSES],
      ['clock', wordsOf('IncidentClock')],
      ['step', wordsOf('DocumentStep')],
      ['stepped', wordsOf('DocumentStep')],
      ['weight', wordsOf('FindingWeight')],
      ['part', PARTS],
    ];
    for (const [family, all] of families) {
      expect(all.length).toBeGreaterThan(0);
      for (const one of all) expect(keys).toContain(`${family}-${one}`);
    }
    for (const label of words.LABELS) expect(words.labelText(label)).not.toMatch(/^tlp-/);
  });

  it('the page speaks the first of the reader’s languages that there is, and English where that has no word', () => {
    expect(languageFor(['fr', 'ur-PK', 'hi']).tag).toBe('ur');
    expect(languageFor(['fr']).tag).toBe('en');
    speak({ tag: 'hi', direction: 'ltr', source: 'saved = सहेजा', shared: '' });
    expect(t('saved')).toBe('सहेजा');
    expect(t('cancel')).toBe('Cancel');
  });

  it('a severity that is no word of CVSS is said as it stands', () => {
    expect(words.severityText('HIGH')).toBe('High');
    expect(words.severityText('Grave')).toBe('Grave');
    expect('severity-high' satisfies TextKey).toBeTruthy();
  });
});
