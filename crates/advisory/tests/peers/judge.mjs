// Judges the CSAF documents of a folder by csaf-validator-lib: node judge.mjs FOLDER
//
// Prints a line of JSON for each file: its name, and the tests that it fails, numbered as in the standard. Left out are the
// tests that open connections (6.3.6, 6.3.7) and the spell check (6.3.8), which `advisory` does not carry out either.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import * as informative from '@secvisogram/csaf-validator-lib/informativeTests.js'
import * as mandatory from '@secvisogram/csaf-validator-lib/mandatoryTests.js'
import * as optional from '@secvisogram/csaf-validator-lib/optionalTests.js'
import { csaf_2_0 } from '@secvisogram/csaf-validator-lib/schemaTests.js'

const left_out = new Set(['6.3.6', '6.3.7', '6.3.8'])
const tests = [...Object.entries(mandatory), ...Object.entries(optional), ...Object.entries(informative)]
  .map(([name, test]) => [name.replace(/^[a-z]+Test_/i, '').replaceAll('_', '.'), test])
  .filter(([number]) => !left_out.has(number))

const folder = process.argv[2]
for (const file of readdirSync(folder).sort()) {
  const document = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const failed = csaf_2_0(document).isValid ? [] : ['SCHEMA']
  for (const [number, test] of tests) {
    try {
      const { isValid, warnings, infos } = await test(document)
      if (isValid === false || warnings?.length || infos?.length) failed.push(number)
    } catch {
      // It stumbles over some documents that the schema refuses, and then says nothing about them.
    }
  }
  console.log(JSON.stringify({ file, failed }))
}
