// Whether files fit a JSON schema: node fits.mjs SCHEMA OTHER-SCHEMA[,OTHER-SCHEMA] FILE...
//
// The schema may refer to the others, of which only the parts that it refers to are needed.

import { readFileSync } from 'node:fs'

import addFormats from 'ajv-formats'
import Ajv2020 from 'ajv/dist/2020.js'

const read = (file) => JSON.parse(readFileSync(file, 'utf8'))
const [schema, others, ...files] = process.argv.slice(2)
const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats(ajv)
for (const version of ['2.0', '3.0', '3.1']) ajv.addSchema({}, `https://www.first.org/cvss/cvss-v${version}.json`)
for (const other of others.split(',')) ajv.addSchema(read(other))
const fits = ajv.compile(read(schema))
for (const file of files) {
  if (!fits(read(file))) {
    console.error(file, fits.errors)
    process.exitCode = 1
  }
}
