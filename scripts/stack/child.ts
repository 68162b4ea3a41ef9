import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** A child whose standard output and standard error are read. */
export type Child = ChildProcessByStdio<null, Readable, Readable>

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Runs a script of this repository in a process that does not outlive this one: whatever ends this
 * process, short of SIGKILL, ends the child too.
 *
 * @param env - All it gets besides `PATH`.
 */
export function spawnNode(script: string, env: Readonly<Record<string, string>>): Child {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const cancel = atExit(() => child.kill('SIGKILL'))
  child.once('exit', cancel)
  return child
}

const acts = new Set<() => void>()
process.once('exit', () => {
  for (const act of acts) act()
})

/** Does something at the end of this process. @returns Undoes that. */
export function atExit(act: () => void): () => void {
  acts.add(act)
  return () => {
    acts.delete(act)
  }
}
