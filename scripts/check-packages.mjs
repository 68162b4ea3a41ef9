/**
 * Checks what would be installed: `node scripts/check-packages.mjs [package-lock.json]`. Ends with 1 and one
 * line per problem. Needs no dependencies, so that it can run before anything is installed.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { auditLock } from './packages/audit-lock.mjs'

const read = (url) => JSON.parse(readFileSync(url, 'utf8'))
const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const problems = auditLock(read(process.argv[2] ?? here('../package-lock.json')), {
  allowed: read(here('packages/allowed.json')),
  refused: read(here('packages/refused.json')),
})
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
else console.log('packages: nothing to object to')
