/**
 * Prints a bill of materials: `npm run --silent sbom [-- --all]`, CycloneDX 1.6 in JSON. With `--all` also
 * what only builds and tests the service.
 */
import { readFileSync } from 'node:fs'
import { billOfMaterials } from './packages/bill-of-materials.mjs'

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'))
const bill = billOfMaterials(lock, { all: process.argv.includes('--all') })
process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`)
