import type { Redis } from 'ioredis'
import { connect, createCall } from '../../scripts/stack/portal-client.ts'
import { type Stack, startStack } from '../../scripts/stack/stack.ts'
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Cleanup } from '../../test/support/cleanup.ts'
import { startRedisFaultProxy } from '../../test/support/redis-fault-proxy.ts'
import { startReplicated } from '../../test/support/redis-replicas.ts'
import { type Asking, askForToken } from './asking.ts'
import { collectIntents, type StoredIntent } from './intents.ts'
import { ENVIRONMENT, type Mode } from './modes.ts'

/** A connection, and what Samsung knows it by. */
export interface Customer {
  readonly connectionId: string
  /** Id of the family of its tokens. */
  readonly family: string
}

/** One Samsung, and a process of the service that nothing happens to. */
export interface World {
  readonly mode: Mode
  readonly sandbox: Sandbox
  readonly stack: Stack
  /** For looking at what is stored. */
  readonly db: Redis
  readonly redisPort: number
  /** The built service's `main.js`, or `src/main.ts`. */
  readonly entry: string
  readonly peer: {
    /** Asks the process for a token of a connection. */
    readonly ask: (connectionId: string) => Asking
    readonly intents: readonly StoredIntent[]
    output(): string
  }
  /** Walks one more customer through consent, and has a first token made. One at a time. */
  connect(): Promise<Customer>
}

/** Starts a world with a master and a replica of its own. */
export async function startWorld(mode: Mode, entry: string, cleanup: Cleanup): Promise<World> {
  const { master, admin: db } = await startReplicated(1, cleanup)
  const sandbox = await createSandbox({ clock: Date.now, settings: { rotation: mode.name } })
  cleanup.add(() => sandbox.close())
  const proxy = await startRedisFaultProxy(master.port)
  cleanup.add(() => proxy.stop())
  const intents = collectIntents(proxy)
  const stack = await startStack({
    redisUrl: proxy.url,
    sandbox,
    entry,
    env: ENVIRONMENT,
    program: { samsungAccount: mode.program },
  })
  cleanup.add(() => stack.close())
  const call = createCall(stack.url, stack.apiKey())
  return {
    mode,
    sandbox,
    stack,
    db,
    redisPort: master.port,
    entry,
    peer: {
      ask: (connectionId) => askForToken(call, connectionId),
      intents,
      output: () => stack.services.map((service) => service.output()).join(''),
    },
    connect: customersOf(stack, sandbox),
  }
}

function customersOf(stack: Stack, sandbox: Sandbox): () => Promise<Customer> {
  const call = createCall(stack.url, stack.apiKey())
  let count = 0
  return async () => {
    count += 1
    const tenantRef = `tenant-${count}`
    const returnUrl = stack.portals[0]?.returnUrl ?? ''
    const made = await connect({ call, program: stack.programId, tenantRef, returnUrl })
    if (made.status !== 200) throw new Error(`not connected: ${JSON.stringify(made.body)}`)
    const connectionId = String(made.body.id)
    const family = sandbox.record().families.at(-1)?.id ?? ''
    const { status, body } = await call('POST', `/v1/connections/${connectionId}/token`)
    if (status !== 200) throw new Error(`no first token: ${JSON.stringify(body)}`)
    return { connectionId, family }
  }
}
