import { afterEach } from '@jest/globals'
import { generateKeysFile } from '../../../../src/sandbox/keys.ts'
import {
  createSandbox,
  type Sandbox,
  type SandboxOptions,
} from '../../../../src/sandbox/sandbox.ts'

/** The portal's registered redirect URI. */
export const REDIRECT_URI = 'https://gate.example/callback/emm'

/** One key pair per test file: making one takes longer than most tests. */
export const keys = await generateKeysFile()

/** A clock that stands until a test moves it. */
export interface TestClock {
  now: number
}

const running: Sandbox[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((sandbox) => sandbox.close()))
})

/** Starts a sandbox that is closed after the test. */
export async function startSandbox(
  options: Partial<SandboxOptions> = {},
  clock: TestClock = { now: Date.UTC(2026, 10, 20, 12) },
): Promise<Sandbox> {
  const sandbox = await createSandbox({
    clock: () => clock.now,
    ...options,
    registration: { keys, ...options.registration },
    settings: { redirectUris: [REDIRECT_URI], ...options.settings },
  })
  running.push(sandbox)
  return sandbox
}
