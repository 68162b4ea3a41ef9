import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Results, readResults } from './results.ts'
import { ROOT } from './rows.ts'

/** As the script `test` of package.json starts it. */
const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
]

/**
 * Runs these files, each in the project it belongs to, and tells how every test went. What Jest says
 * meanwhile goes to standard error.
 *
 * @throws when Jest ends without writing results
 */
export async function runTests(files: readonly string[]): Promise<Results> {
  const dir = mkdtempSync(join(tmpdir(), 'knoxgate-security-'))
  const output = join(dir, 'results.json')
  try {
    const args = [...JEST, '--json', `--outputFile=${output}`, '--runTestsByPath', ...files]
    const child = spawn(process.execPath, args, {
      cwd: fileURLToPath(ROOT),
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    await once(child, 'exit')
    return readResults([output])
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
