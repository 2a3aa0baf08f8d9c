// The certificate of a meeting: made by the host's device, countersigned by who was there, checked by anybody.

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { type CheckedCertificate, check } from './harness/log.ts';
import type { Person } from './harness/person.ts';
import { Stage } from './harness/story.ts';

const schemas = join(import.meta.dirname, '../../docs/schemas');

/** Has somebody save a file, and returns its path. */
async function saved(person: Person, what: 'save-certificate' | 'save-log'): Promise<string> {
  const download = person.page.waitForEvent('download');
  await person.get(what).click();
  return (await download).path();
}

/** Returns what a schema of ours finds wrong with a value, by a validator that is not ours. */
function faults(schema: string, value: unknown): unknown {
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
    JSON.parse(readFileSync(join(schemas, schema), 'utf8')),
  );
  return validate(value) ? null : validate.errors;
}

const stateOf = (person: Person) => person.get('certificate').getAttribute('data-state');

describe.skipIf(missing.chromium)('certificate', () => {
  const stage = new Stage();
  let red: Browser;
  let green: Browser;
  beforeAll(async () => {
    red = await stage.keep(launchChromium({ camera: 'red' }));
    green = await stage.keep(launchChromium({ camera: 'green' }));
  });

  test('the host certifies, who was there countersigns, and anybody checks it with the log', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await asha.openPanel('security');
    await ben.openPanel('security');
    expect(await ben.get('certificate').count()).toBe(0);

    await asha.get('suspend-all').click();
    await ben.get('suspended').waitFor();
    await asha.get('suspend-all').click();
    await ben.get('suspended').waitFor({ state: 'detached' });
    await asha.get('make-certificate').click();
    await expect.poll(() => stateOf(asha)).toBe('made');
    await expect.poll(() => stateOf(ben), { timeout: 15_000 }).toBe('agrees');
    expect(await ben.get('save-certificate').count()).toBe(0);
    await ben.get('countersign').click();
    await expect.poll(() => stateOf(ben)).toBe('countersigned');
    await expect.poll(() => asha.get('countersigned').getAttribute('data-count')).toBe('1');

    const certificate = await saved(asha, 'save-certificate');
    const log = await saved(asha, 'save-log');
    const checked = check(certificate, '--log', log) as CheckedCertificate;
    expect(checked).toMatchObject({ valid: true, kind: 'meeting_certificate', log_checked: true });
    expect(checked.countersigned.length).toBe(1);
    expect(checked.changes.flatMap(({ what }) => what)).toEqual(['all was suspended', 'the suspension was lifted']);
    expect(link).toContain(checked.meeting);
    const text = readFileSync(certificate, 'utf8');
    expect(text).not.toMatch(/Asha|Ben/);
    expect(faults('meeting-certificate.schema.json', JSON.parse(text))).toBeNull();

    const own = await saved(ben, 'save-certificate');
    expect(check(own, '--log', log)).toMatchObject({ valid: true });

    // One control, and one byte of each signature.
    const altered = `${certificate}.altered`;
    const refused = (changed: string) => {
      expect(changed).not.toBe(text);
      writeFileSync(altered, changed);
      return check(altered);
    };
    expect(refused(text.replace('"suspended": true', '"suspended": false'))).toMatchObject({ valid: false });
    const looser = refused(text.replace('"value": "granted"', '"value": "hosts"'));
    expect(looser).toMatchObject({
      valid: false,
      kind: 'meeting_certificate',
      error: expect.stringContaining('CERT-0'),
    });
    const flip = (letter: string) => (letter === 'A' ? 'B' : 'A');
    const signature = /("signature": ")(.)/g;
    expect([...text.matchAll(signature)].length).toBe(2);
    for (const nth of [0, 1]) {
      let seen = 0;
      const changed = text.replace(signature, (whole, before: string, letter: string) =>
        seen++ === nth ? before + flip(letter) : whole,
      );
      expect(refused(changed)).toMatchObject({ valid: false });
    }

    // The end: the last one, with the log.
    await asha.get('leave').click();
    await asha.get('end-meeting').click();
    expect(await asha.endedBecause()).toBe('ended');
    const last = await saved(asha, 'save-certificate');
    expect(check(last, '--log', await saved(asha, 'save-log'))).toMatchObject({ valid: true });
    expect(check(last, '--log', own)).toMatchObject({ valid: false });
  });

  test('when the log keeper is gone another host certifies what its own device saw', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const chitra = await stage.person(red, 'Chitra');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await stage.bring(asha, chitra, link);
    await asha.act('Ben', 'action-make-host');
    await expect.poll(() => ben.rosterRole('Ben')).toBe('host');
    await asha.openPanel('security');
    await asha.get('suspend-all').click();
    await chitra.get('suspended').waitFor();
    await asha.get('suspend-all').click();
    await chitra.get('suspended').waitFor({ state: 'detached' });
    // What was saved goes with the browser's window.
    const folder = mkdtempSync(join(tmpdir(), 'sabha-certificate-'));
    const log = join(folder, 'log');
    copyFileSync(await saved(asha, 'save-log'), log);
    await asha.close();

    await ben.openPanel('security');
    expect(await ben.get('save-log').count(), 'only one device keeps the log').toBe(0);
    await ben.get('suspend-all').click();
    await chitra.get('suspended').waitFor();
    await ben.get('make-certificate').click();
    await expect.poll(() => stateOf(ben)).toBe('made');
    await chitra.openPanel('security');
    await expect.poll(() => stateOf(chitra), { timeout: 15_000 }).toBe('agrees');
    await chitra.get('countersign').click();
    await expect.poll(() => ben.get('countersigned').getAttribute('data-count')).toBe('1');

    const certificate = await saved(ben, 'save-certificate');
    const checked = check(certificate, '--log', log) as CheckedCertificate;
    expect(checked).toMatchObject({ valid: true, keeps_log: false, record_full: false, log_checked: true });
    expect(checked.changes.flatMap(({ what }) => what).filter((what) => what.includes('suspen'))).toEqual([
      'all was suspended',
      'the suspension was lifted',
      'all was suspended',
    ]);
    expect(checked.countersigned.length).toBe(1);
    const text = readFileSync(certificate, 'utf8');
    expect(faults('meeting-certificate.schema.json', JSON.parse(text))).toBeNull();

    // Forged: a change of a control, of the log it has none of, and of where its record ends.
    const forged = `${certificate}.forged`;
    for (const changed of [
      text.replace('"suspended": true', '"suspended": false'),
      text.replace('"entries": 0', '"entries": 1'),
      text.replace('"record_full": false', '"record_full": true'),
    ]) {
      expect(changed).not.toBe(text);
      writeFileSync(forged, changed);
      expect(check(forged)).toMatchObject({ valid: false, error: expect.stringContaining('CERT-0') });
    }
    rmSync(folder, { recursive: true });
  });

  test('what the server exports of its audit log is checked by anybody', () => {
    const text = stage.server.run('audit', 'export');
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(faults('audit-entry.schema.json', JSON.parse(line))).toBeNull();
    const folder = mkdtempSync(join(tmpdir(), 'sabha-audit-'));
    const path = join(folder, 'audit.jsonl');
    writeFileSync(path, text);
    expect(check(path)).toMatchObject({ valid: true, kind: 'audit_log' });
    writeFileSync(path, text.replace('"at_ms":1', '"at_ms":2'));
    expect(check(path)).toMatchObject({ valid: false, kind: 'audit_log' });
    rmSync(folder, { recursive: true });
  });
});
