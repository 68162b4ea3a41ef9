import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
/** What the built service reads beside its own files. */
const BESIDE = ['node_modules', 'views', 'config', 'package.json']

const run = promisify(execFile)

/**
 * Builds the service as `npm run build` does, but beside the working tree. The end of this process
 * removes it.
 *
 * @returns Path of its `main.js`.
 * @throws Error when it does not compile
 */
export async function buildService(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'knoxgate-bench-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const outDir = join(directory, 'dist')
  await run(process.execPath, [TSC, '-p', join(ROOT, 'tsconfig.json'), '--outDir', outDir])
  for (const name of BESIDE) await symlink(join(ROOT, name), join(directory, name))
  return join(outDir, 'main.js')
}
