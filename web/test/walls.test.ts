// The walls between the folders of `src/`, as imports and as names of browser interfaces.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../src', import.meta.url));

/** What each folder may import, besides itself. `.` is `main.ts` and `App.svelte`, which tie everything together. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  protocol: [],
  call: ['protocol'],
  signalling: ['protocol'],
  e2ee: ['protocol'],
  media: ['protocol', 'session/contract', 'e2ee/transforms'],
  session: ['protocol', 'call', 'signalling', 'media', 'e2ee/e2ee', 'e2ee/messages', 'e2ee/shelf', 'e2ee/vault'],
  // A CSAF advisory that is shown in a call is laid out as the bulletin does it, which is a pure function.
  ui: ['protocol/messages', 'call', 'session/contract', 'bulletin/document/layout'],
  // Another page: what it shares with the call are controls without words, what makes a passcode, and the words of the
  // policy's controls and of rules; and it tells the start page that somebody has signed in.
  admin: [
    'protocol/messages',
    'ui/controls',
    'ui/base',
    'ui/security/passcode',
    'ui/security/policy',
    'ui/strings/fluent',
    'ui/strings/rules',
    'e2ee/maker',
    'e2ee/password',
    'e2ee/shelf',
    'e2ee/vault',
    'session/memory',
  ],
  // The bulletin's desk: who is signed in, is signed in on the admin page, too, and what both show looks alike.
  bulletin: ['protocol/messages', 'ui/controls', 'ui/base', 'ui/strings/fluent', 'admin'],
  '.': ['session', 'ui'],
};

/** Packages that a folder may use; every other folder uses none. */
const PACKAGES: Record<string, RegExp> = {
  ui: /^(svelte|@lucide\/svelte|@fontsource|bits-ui|@fluent)/,
  session: /^svelte/,
  admin: /^(svelte|@lucide\/svelte|@fluent)/,
  bulletin: /^(svelte|@fluent)/,
  '.': /^svelte$/,
};

/** Interfaces of the browser that belong to one folder, and the single files outside it that may use them too. */
const BROWSER: readonly { name: RegExp; owners: readonly string[] }[] = [
  {
    name: /\bRTC(?!Rtp(Sender|Receiver)\b)[A-Z]\w*\b|\bgetUserMedia\b|\bgetDisplayMedia\b|\benumerateDevices\b/,
    owners: ['media/', 'e2ee/transforms.ts'],
  },
  { name: /\bRTCPeerConnection\b/, owners: ['media/'] },
  { name: /\bRTCRtp(Sender|Receiver)\b/, owners: ['media/', 'e2ee/transforms.ts'] },
  // What frames, keys and the device's secrets pass through is read in one place.
  { name: /\bRTCRtpScriptTransform\b|\.transform\s*=/, owners: ['e2ee/transforms.ts'] },
  { name: /\bcrypto\.subtle\b/, owners: ['e2ee/'] },
  { name: /\bWebAssembly\b|\bwasm\/|\bnew Worker\b|\bindexedDB\b/, owners: ['e2ee/'] },
  { name: /\bAudioContext\b/, owners: ['media/', 'ui/room/chime.ts'] },
  { name: /\bWebSocket\b/, owners: ['signalling/'] },
  {
    name: /\b(local|session)Storage\b/,
    owners: ['session/', 'admin/errand.ts', 'ui/preferences.svelte.ts', 'ui/room/panel.ts'],
  },
  { name: /\bfetch\(/, owners: ['session/', 'admin/api.ts'] },
  { name: /\bnavigator\.credentials\b/, owners: ['admin/passkey.ts'] },
];
/** What a pure folder must not touch. The name of a field is something else: `document: DocumentId`. */
const EFFECTS =
  /\b(document|window|navigator|location|setTimeout|setInterval|performance|Math\.random|Date\.now)\b(?!\??:)/;
const PURE = ['call/', 'protocol/', 'e2ee/frames.ts', 'e2ee/keys.ts', 'e2ee/sframe.ts', 'e2ee/vault.ts'];

interface SourceFile {
  path: string;
  folder: string;
  code: string;
}

const files: SourceFile[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(ts|svelte)$/.test(name) && !name.endsWith('.d.ts') && !name.startsWith('e2ee/wasm/'))
  .map((name) => ({
    path: name,
    folder: name.includes('/') ? name.slice(0, name.indexOf('/')) : '.',
    code: withoutComments(readFileSync(join(root, name), 'utf8')),
  }));
const shipped = files.filter((file) => !file.path.endsWith('.test.ts'));

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|(?<![:'"`])\/\/[^\n]*/g, '');
}

function importsOf(code: string): string[] {
  return [...code.matchAll(/(?<![-'])\b(?:from|import)\s*\(?\s*'([^'\n]+)'/g)].map((match) => match[1] ?? '');
}

function mayImport(file: SourceFile, specifier: string): boolean {
  if (!specifier.startsWith('.')) return PACKAGES[file.folder]?.test(specifier) ?? false;
  const target = relative(root, resolve(root, dirname(file.path), specifier));
  const allowed = [file.folder, ...(MAY_IMPORT[file.folder] ?? [])];
  if (file.folder === '.' && !target.includes('/')) return true;
  return allowed.some(
    (prefix) => target === prefix || target.startsWith(`${prefix}/`) || target.startsWith(`${prefix}.`),
  );
}

describe('walls between folders', () => {
  it('every folder has its rules', () => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.map((file) => file.folder).filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  it.each(shipped)('$path imports only what its folder may', (file) => {
    expect(importsOf(file.code).filter((specifier) => !mayImport(file, specifier))).toEqual([]);
  });

  it.each(shipped)('$path touches only the browser interfaces of its folder', (file) => {
    for (const { name, owners } of BROWSER) {
      if (!owners.some((owner) => file.path.startsWith(owner))) expect(file.code).not.toMatch(name);
    }
  });

  it.each(shipped.filter(({ path }) => PURE.some((prefix) => path.startsWith(prefix))))('$path is pure', (file) => {
    // Texts of generated types: `"bulletin.document"`.
    expect(file.code.replaceAll(/"[^"\n]*"/g, '""')).not.toMatch(EFFECTS);
  });

  it('tells a forbidden import from an allowed one', () => {
    const button: SourceFile = { path: 'ui/Button.svelte', folder: 'ui', code: '' };

    expect(mayImport(button, '../session/contract')).toBe(true);
    expect(mayImport(button, '../session/session.svelte')).toBe(false);
    expect(mayImport(button, '../media/peer')).toBe(false);
    expect(mayImport(button, 'lodash')).toBe(false);
    expect(importsOf("import type { A } from '../a';\nconst b = await import('../b');")).toEqual(['../a', '../b']);
  });
});
