import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A helper process of the bench that answers messages. */
export interface Child {
  readonly pid: number
  /** Sends a message and waits for the next one back. @throws Error when it ends instead */
  ask(message: object): Promise<unknown>
  stop(): Promise<void>
}

/** Starts a file of the bench as a process of its own; it ends with this one. */
export function startChild(file: URL, profileDir?: string): Child {
  const profiling = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]
  const child: ChildProcess = fork(fileURLToPath(file), {
    execArgv: ['--disable-warning=ExperimentalWarning', ...profiling],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  const ended = once(child, 'exit')

  return {
    pid: child.pid ?? 0,
    async ask(message) {
      const answer = once(child, 'message')
      child.send(message)
      const failed = ended.then(() => {
        throw new Error(`${file.pathname} ended with ${child.exitCode}`)
      })
      const [reply]: unknown[] = await Promise.race([answer, failed])
      return reply
    },
    async stop() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
