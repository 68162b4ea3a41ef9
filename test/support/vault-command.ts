import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** `knoxgate vault …`, in a process of its own. */
export interface VaultCommand {
  /** What it has written to standard error so far. */
  said(): string
  /** Ends it at once, wherever it is; resolves when it is gone. */
  kill(): Promise<void>
  readonly ended: Promise<{ readonly code: number | null; readonly out: string }>
}

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Starts a vault command with exactly these variables. */
export function startVaultCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): VaultCommand {
  const child = spawn(process.execPath, [MAIN, 'vault', ...args], { env: { ...env } })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  const closed = once(child, 'close')
  return {
    said: () => err,
    async kill() {
      child.kill('SIGKILL')
      await closed
    },
    ended: closed.then(([code]) => ({ code: code as number | null, out })),
  }
}
