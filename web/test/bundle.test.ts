// What a browser loads: built once into a temporary folder and measured as the server would send it.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** First load of the call page over a slow line: the page, its scripts and its styles, gzipped. */
const FIRST_LOAD_BYTES_MAX = 150_000;

let dist = '';
let html = '';
let adminHtml = '';
let bulletinHtml = '';

beforeAll(async () => {
  dist = mkdtempSync(join(tmpdir(), 'sabha-web-'));
  const root = fileURLToPath(new URL('..', import.meta.url));
  await build({ root, logLevel: 'warn', build: { outDir: dist } });
  html = readFileSync(join(dist, 'index.html'), 'utf8');
  await build({ root, logLevel: 'warn', configFile: join(root, 'vite.admin.config.ts'), build: { outDir: dist } });
  adminHtml = readFileSync(join(dist, 'admin.html'), 'utf8');
  await build({ root, logLevel: 'warn', configFile: join(root, 'vite.bulletin.config.ts'), build: { outDir: dist } });
  bulletinHtml = readFileSync(join(dist, 'bulletin.html'), 'utf8');
}, 180_000);

afterAll(() => rmSync(dist, { recursive: true, force: true }));

/** The files a page names, and those that their static imports name. */
function firstLoad(page = html): string[] {
  const found = new Set<string>();
  const walk = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    if (!name.endsWith('.js')) return;
    const code = readFileSync(join(dist, name), 'utf8');
    for (const [, file] of code.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) walk(`assets/${file}`);
  };
  for (const [, name] of page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)) walk(name ?? '');
  return [...found];
}

describe('bundle', () => {
  it('first load of the call page fits 150 kB gzip', () => {
    const sizes = firstLoad().map((name) => gzipSync(readFileSync(join(dist, name)), { level: 9 }).length);

    expect(sizes.length).toBeGreaterThan(0);
    expect(sizes.reduce((sum, size) => sum + size, gzipSync(html).length)).toBeLessThanOrEqual(FIRST_LOAD_BYTES_MAX);
  });

  it('the cryptography and its workers are no part of the first load', () => {
    expect(firstLoad().filter((name) => /\.wasm$|worker/.test(name))).toEqual([]);
  });

  it('the code for passwords is loaded by who uses one, and by no meeting', () => {
    expect(readdirSync(join(dist, 'assets')).filter((name) => /^opaque_bg.*\.wasm$/.test(name)).length).toBe(1);
    expect(firstLoad(adminHtml).filter((name) => /\.wasm$|opaque|password/.test(name))).toEqual([]);
    const calls = readdirSync(join(dist, 'assets')).filter((name) => /^(call|mls).*\.js$/.test(name));
    expect(calls.length).toBeGreaterThan(0);
    for (const name of calls) expect(readFileSync(join(dist, 'assets', name), 'utf8')).not.toContain('opaque_bg');
  });

  it('no page needs an inline script, style or event handler', () => {
    for (const page of [html, adminHtml, bulletinHtml]) {
      expect(page).not.toMatch(/<script(?![^>]*\bsrc=)/);
      expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/);
    }
  });

  it.each(['administrators', 'the bulletin'])(
    'the page for %s is no part of the call page, nor the call of it',
    (whom) => {
      const scripts = (page: string) => firstLoad(page).filter((name) => name.endsWith('.js'));
      const page = whom === 'administrators' ? adminHtml : bulletinHtml;

      expect(scripts(page).length).toBeGreaterThan(0);
      expect(scripts(page).filter((name) => scripts(html).includes(name))).toEqual([]);
      const code = scripts(page).map((name) => readFileSync(join(dist, name), 'utf8'));
      expect(code.some((text) => text.includes('RTCPeerConnection'))).toBe(false);
      expect(firstLoad().some((name) => readFileSync(join(dist, name), 'utf8').includes('userVerification'))).toBe(
        false,
      );
    },
  );

  it('nothing is loaded from another host', () => {
    const urls = /(?:(?:src|href)=["']|url\(["']?|import\(["'])(?:https?:)?\/\/[^"')]+/g;
    for (const name of [
      'index.html',
      'admin.html',
      'bulletin.html',
      ...firstLoad(),
      ...firstLoad(adminHtml),
      ...firstLoad(bulletinHtml),
    ]) {
      expect(readFileSync(join(dist, name), 'utf8').match(urls)).toBeNull();
    }
  });

  it('no markup carries a style attribute, which the policy would refuse', () => {
    for (const name of [...firstLoad(), ...firstLoad(adminHtml), ...firstLoad(bulletinHtml)].filter((file) =>
      file.endsWith('.js'),
    )) {
      expect(readFileSync(join(dist, name), 'utf8')).not.toMatch(/<[a-z][^<>`]*\sstyle="/);
    }
  });

  it('every large text asset has a brotli and a gzip sibling with the same content', () => {
    const texts = readdirSync(join(dist, 'assets')).filter((name) => /\.(js|css|svg|wasm)$/.test(name));
    const large = texts.map((name) => join(dist, 'assets', name)).filter((path) => readFileSync(path).length >= 512);

    expect(large.length).toBeGreaterThan(0);
    for (const path of large) {
      expect(existsSync(`${path}.br`)).toBe(true);
      expect(brotliDecompressSync(readFileSync(`${path}.br`)).equals(readFileSync(path))).toBe(true);
      expect(gunzipSync(readFileSync(`${path}.gz`)).equals(readFileSync(path))).toBe(true);
    }
  });

  it('every asset is named by its content, so that it can be cached for ever', () => {
    for (const name of readdirSync(join(dist, 'assets'))) {
      expect(name).toMatch(/-[\w-]{8}\.\w+(\.br|\.gz)?$/);
    }
  });
});
