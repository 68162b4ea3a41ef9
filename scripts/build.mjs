/** Builds `dist/` out of `src/`. Views and configuration stay where they are, one level above either. */
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

rmSync(`${root}dist`, { recursive: true, force: true })
const { status } = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`], {
  cwd: root,
  stdio: 'inherit',
})
// The file that `bin` in package.json names is run as a program.
if (status === 0) chmodSync(`${root}dist/cli/main.js`, 0o755)
process.exitCode = status ?? 1
