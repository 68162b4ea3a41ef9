import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { atExit } from './child.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
/** What the built service reads beside its own files. */
const BESIDE = ['node_modules', 'views', 'config', 'package.json']

const run = promisify(execFile)

/**
 * Builds the service as `npm run build` does, but beside the working tree. The end of this process
 * removes it.
 *
 * @returns Path of its `main.js`.
 * @throws Error with what the compiler says when it does not compile
 */
export async function buildService(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'knoxgate-built-'))
  atExit(() => rmSync(directory, { recursive: true, force: true }))
  const outDir = join(directory, 'dist')
  await compile(['-p', join(ROOT, 'tsconfig.json'), '--outDir', outDir])
  for (const name of BESIDE) await symlink(join(ROOT, name), join(directory, name))
  return join(outDir, 'main.js')
}

async function compile(args: readonly string[]): Promise<void> {
  try {
    await run(process.execPath, [TSC, ...args])
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
    throw new Error(`the service does not compile:\n${said}`)
  }
}
