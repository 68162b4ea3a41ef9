import { resolve } from 'node:path'
import { createSandbox } from './sandbox.ts'
import { expectedBy } from './setup/config-entries.ts'
import { oauthRedirectUri } from './setup/further-entries.ts'
import { loadOrCreateKeys } from './setup/keys-store.ts'
import { setupText } from './setup/setup-text.ts'
import { readStartOptions, StartError } from './setup/start-options.ts'

const KEYS_PATH = resolve('.knoxgate/sandbox/keys.json')

/** Starts the sandbox as the environment says, and tells how to use it. */
async function start(): Promise<void> {
  const { port, redirectUris, kinds } = readStartOptions(process.env)
  const further = kinds.includes('knox-oauth2')
    ? [oauthRedirectUri(expectedBy(redirectUris[0]))]
    : []
  const keys = await loadOrCreateKeys(KEYS_PATH)
  const sandbox = await createSandbox({
    port,
    clock: Date.now,
    registration: { keys },
    settings: { redirectUris: [...redirectUris, ...further] },
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void sandbox.close())
  }
  console.log(setupText(sandbox, KEYS_PATH, kinds))
}

function explain(error: unknown): string {
  if (error instanceof StartError) return error.message
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return 'the port is in use; stop the other program, or choose another with SANDBOX_PORT'
  }
  if (code === 'EACCES') return `no permission for the port or for ${KEYS_PATH}`
  if (error instanceof RangeError) {
    return `${KEYS_PATH} cannot be read (${error.message}); delete it to get a new one`
  }
  return error instanceof Error ? error.message : 'unknown error'
}

try {
  await start()
} catch (error) {
  console.error(`sandbox: ${explain(error)}`)
  process.exitCode = 1
}
