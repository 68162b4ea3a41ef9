import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The service as `npm run build` emits it, in a directory of its own. */
export interface Build {
  /** Path of its `main.js`. */
  readonly entry: string
  remove(): Promise<void>
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
/** What the built service reads beside its own files. */
const BESIDE = ['node_modules', 'views', 'config', 'package.json']

const run = promisify(execFile)

/** Builds the service without touching the working tree. @throws Error when it does not compile */
export async function buildService(): Promise<Build> {
  const directory = await mkdtemp(join(tmpdir(), 'knoxgate-bench-'))
  const outDir = join(directory, 'dist')
  await run(process.execPath, [TSC, '-p', join(ROOT, 'tsconfig.json'), '--outDir', outDir])
  for (const name of BESIDE) await symlink(join(ROOT, name), join(directory, name))
  return {
    entry: join(outDir, 'main.js'),
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}
