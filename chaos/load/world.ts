import type { SettingsChange } from '../../src/sandbox/control/control-request.ts'
import type { Settings } from '../../src/sandbox/settings.ts'
import { type Rig, type RigOptions, startRig } from '../../test/support/service-rig.ts'
import type { ScenarioContext } from '../scenario.ts'
import { GRACE_SECONDS, rotationConfig } from './programs.ts'
import { createReplica, type Replica } from './replica.ts'
import { createTruth, type Tenant, type Truth } from './truth.ts'

/** A deployment with connected customers, and what Samsung knows of them. */
export interface World {
  readonly rig: Rig
  readonly replicas: readonly Replica[]
  readonly tenants: readonly Tenant[]
  readonly truth: Truth
  /** Everything that all services have written so far. */
  output(): string
  /** Stops everything; a second call waits for the first. */
  close(): Promise<void>
}

export interface WorldOptions extends Pick<RigOptions, 'env' | 'program' | 'store'> {
  readonly replicas: number
  readonly connections: number
  /** What Samsung does with refresh tokens, as the services are told as well. */
  readonly rotation: Settings['rotation']
  /** How else Samsung behaves, from before the first consent on. */
  readonly samsung?: SettingsChange
}

/** What the services have by default, where a rig would have them ask the store each time. */
const AS_DELIVERED = {
  KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: '1s',
  KNOXGATE_KNOX_TOKEN_REJECTED_INTERVAL: '60s',
}

/** One key, from one address, sends more than many portals would. */
const RAISED = {
  KNOXGATE_LIMITS_PER_KEY: '0',
  KNOXGATE_LIMITS_PER_CONNECTION: '0',
  KNOXGATE_LIMITS_PER_ADDRESS: '0',
  KNOXGATE_LIMITS_PAGES_PER_ADDRESS: '0',
}

/** Consents that are walked through at the same time. */
const WALKS = 4

/** Starts built services on a Redis of their own and connects customers, with a token at hand. */
export async function startWorld(
  { entry, cleanup }: Pick<ScenarioContext, 'entry' | 'cleanup'>,
  options: WorldOptions,
): Promise<World> {
  const { rotation, program, store } = options
  const rig = await startRig({
    replicas: options.replicas,
    entry,
    ...(store === undefined ? {} : { store }),
    env: { ...AS_DELIVERED, ...RAISED, ...options.env },
    program: { ...program, samsungAccount: rotationConfig(rotation) },
  })
  const replicas = rig.stack.services.map((first, at) =>
    createReplica({ number: at + 1, first, env: rig.stack.env, entry }),
  )
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= end(rig, replicas)
    return closing
  }
  cleanup.add(close)
  rig.sandbox.control({
    rotation,
    rotationGraceSeconds: GRACE_SECONDS,
    ...options.samsung,
  })
  const truth = createTruth(rig)
  const tenants = await connectTenants(rig, truth, options.connections)
  rig.sandbox.clearRecord()
  const output = () => replicas.map((one) => one.output()).join('\n')
  return { rig, replicas, tenants, truth, output, close }
}

async function end(rig: Rig, replicas: readonly Replica[]): Promise<void> {
  for (const replica of replicas) replica.current().signal('SIGCONT')
  await Promise.all(replicas.map((replica) => replica.stop()))
  await rig.close()
}

async function connectTenants(rig: Rig, truth: Truth, count: number): Promise<readonly Tenant[]> {
  const tenants: Tenant[] = []
  let next = 0
  const walk = async () => {
    while (next < count) {
      const number = next++
      const id = await rig.connect(`tenant-${number}`, number % 2 === 0 ? 'ada' : 'ben')
      const { status } = await rig.token(id)
      if (status !== 200) throw new Error(`no first token: ${status}`)
      tenants.push(await truth.meet(id))
    }
  }
  await Promise.all(Array.from({ length: WALKS }, walk))
  return tenants
}
