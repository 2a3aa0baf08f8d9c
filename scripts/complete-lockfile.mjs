// Adds to web/package-lock.json the platform variants that npm left out of it.
//
// Tools with native parts (the linter, the bundler) pin one optional package for each platform. npm drops from
// the lockfile what it could not install where it was run (npm/cli#4828), and `npm ci` then refuses the whole
// file. The versions are those the parents pin; platforms are read from the names. Run by `make format`.

import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../web/package-lock.json', import.meta.url);
const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

const text = readFileSync(path, 'utf8');
const lock = JSON.parse(text);
const present = Object.keys(lock.packages);

for (const parent of Object.values({ ...lock.packages })) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    const words = name.split(/[-/]/);
    const os = systems.filter((system) => words.includes(system));
    const cpu = processors.filter((processor) => words.includes(processor));
    if (present.some((key) => key.endsWith(place)) || os.length + cpu.length === 0) continue;
    const musl = words.some((word) => word.startsWith('musl'));
    lock.packages[place] = {
      version: version.replace(/^[\^~]/, ''),
      ...(cpu.length > 0 && { cpu }),
      ...(parent.dev && { dev: true }),
      ...(os.includes('linux') && { libc: [musl ? 'musl' : 'glibc'] }),
      optional: true,
      ...(os.length > 0 && { os }),
    };
  }
}

const byPlace = ([a], [b]) => (a < b ? -1 : 1);
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(byPlace));
const complete = `${JSON.stringify(lock, null, 2)}\n`;
if (complete !== text) writeFileSync(path, complete);
