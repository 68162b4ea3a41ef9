import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import type { StackPortal } from '../stack/config-dir.ts'
import { type Call, createCall } from '../stack/portal-client.ts'
import { freePort } from '../stack/service-process.ts'
import { type Stack, startStack } from '../stack/stack.ts'
import { type PortalProcess, startPortalProcess } from './portal-process.ts'
import { choosePort } from './ports.ts'

/** Everything that is running, and where. */
export interface Demo {
  readonly sandbox: Sandbox
  readonly stack: Stack
  readonly portal: PortalProcess
  /** knoxgate as browsers see it. */
  readonly publicUrl: string
  /** Calls `/v1` with the portal's key. */
  readonly call: Call
  stop(): Promise<void>
}

/** What has to be stopped again, whatever became of the rest. */
interface Started {
  sandbox?: Sandbox
  stack?: Stack
  portal?: PortalProcess
}

/** Ctrl-C waits for nobody. */
const ENVIRONMENT = { KNOXGATE_HTTP_DRAIN_TIMEOUT: '2s' }

/** Picks a port, given the one that people know. */
type PickPort = (known: number) => Promise<number>

/**
 * Starts the sandbox in this process, knoxgate and the example portal in children.
 *
 * Another program may take a known port between the look and the use; then the free ones serve.
 *
 * @param pickPort - `freePort` for a run that must not meet another one.
 */
export async function startDemo(pickPort: PickPort = choosePort): Promise<Demo> {
  try {
    return await startOrStop(pickPort)
  } catch (error) {
    if (pickPort === freePort) throw error
    return startOrStop(freePort)
  }
}

async function startOrStop(pickPort: PickPort): Promise<Demo> {
  const started: Started = {}
  try {
    return await startAll(started, pickPort)
  } catch (error) {
    await stopAll(started)
    throw error
  }
}

async function startAll(started: Started, pickPort: PickPort): Promise<Demo> {
  const port = await pickPort(8080)
  const portalPort = await pickPort(3000)
  const portalUrl = `http://localhost:${portalPort}`
  const publicUrl = `http://localhost:${port}`
  const sandbox = await createSandbox({ clock: Date.now, port: await pickPort(4300) })
  started.sandbox = sandbox
  const stack = await startStack({
    sandbox,
    port,
    publicUrl,
    env: { ...ENVIRONMENT, ADMIN_PORT: String(await pickPort(9090)) },
    portals: [portalAt(portalUrl)],
  })
  started.stack = stack
  const portal = await startPortalProcess({
    knoxgateUrl: publicUrl,
    apiKey: stack.apiKey(),
    program: stack.programId,
    port: portalPort,
  })
  started.portal = portal
  const call = createCall(stack.url, stack.apiKey())
  return { sandbox, stack, portal, publicUrl, call, stop: () => stopAll(started) }
}

const portalAt = (url: string): StackPortal => ({
  id: 'acme-console',
  name: 'Acme Console',
  returnUrl: `${url}/knox/return`,
  reconnectUrl: `${url}/knox/connect`,
})

async function stopAll({ sandbox, stack, portal }: Started): Promise<void> {
  await Promise.all([portal?.stop(), stack?.close()])
  await sandbox?.close()
}
