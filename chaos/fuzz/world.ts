import { fileURLToPath } from 'node:url'
import { type Call, createCall } from '../../scripts/stack/portal-client.ts'
import { eventually } from '../../test/support/eventually.ts'
import { type Rig, startRig } from '../../test/support/service-rig.ts'
import { eventsNamed } from '../load/events.ts'
import { GRACE_SECONDS, rotationConfig } from '../load/programs.ts'
import type { Values } from './bytes.ts'
import type { Exchange } from './exchange.ts'
import { PORTALS } from './portals.ts'
import { createStock } from './stock.ts'

/** What a service has written about itself; see `self-report.ts`. */
export interface SelfReport {
  readonly inUseMb: number
  readonly rssMb: number
  readonly prototypes: string
}

/** A real service, and what the fuzzed requests may name. */
export interface FuzzWorld {
  readonly rig: Rig
  readonly ports: Readonly<Record<Exchange['listener'], number>>
  /** Texts that answers may hold although they name a host. */
  readonly named: readonly string[]
  /** Connections that no request names. */
  readonly witnesses: readonly string[]
  /** Connections that requests name, of a portal with whose key none is sent. */
  readonly foreign: readonly string[]
  /** That portal's own calls. */
  readonly callOther: Call
  values(): Values
  /** Keeps a value that an answer has told. */
  learn(name: string, value: string): void
  /** Makes anew what requests have used up or frozen. */
  restock(): Promise<void>
  report(): Promise<SelfReport>
  close(): Promise<void>
}

const MB = 1_048_576
const SELF_REPORT = fileURLToPath(new URL('./self-report.ts', import.meta.url))
const WITNESSES = 3
/** So that tokens are renewed all the time. */
const ACCESS_TOKEN_SECONDS = 60

/**
 * Starts a service on a Redis of its own, with customers of two portals.
 *
 * @param entry - The built service's `main.js`, or `src/main.ts`.
 * @param env - More variables of the service.
 */
export async function startFuzzWorld(
  entry: string,
  env: Readonly<Record<string, string>> = {},
): Promise<FuzzWorld> {
  const { NODE_OPTIONS = '', ...others } = env
  const rig = await startRig({
    entry,
    portals: Object.values(PORTALS),
    env: { ...others, NODE_OPTIONS: `${NODE_OPTIONS} --import ${SELF_REPORT}` },
    program: { samsungAccount: rotationConfig('grace') },
  })
  try {
    return await furnish(rig)
  } catch (error) {
    await rig.close()
    throw error
  }
}

async function furnish(rig: Rig): Promise<FuzzWorld> {
  const { stack, sandbox } = rig
  const [service] = stack.services
  if (service === undefined) throw new Error('there is no service')
  sandbox.control({
    rotation: 'grace',
    rotationGraceSeconds: GRACE_SECONDS,
    accessTokenLifetimeSeconds: ACCESS_TOKEN_SECONDS,
  })
  const admin: Call = createCall(service.adminUrl, stack.adminToken)
  const stock = await createStock(rig, admin)
  const witnesses: string[] = []
  for (let n = 0; n < WITNESSES; n++) witnesses.push(await rig.connect(`witness-${n}`))

  async function report(): Promise<SelfReport> {
    const before = reports(service?.output() ?? '').length
    service?.signal('SIGUSR2')
    await eventually(() => reports(service?.output() ?? '').length > before)
    const latest = reports(service?.output() ?? '').at(-1)
    return {
      inUseMb: Number(latest?.in_use) / MB,
      rssMb: Number(latest?.rss) / MB,
      prototypes: String(latest?.prototypes),
    }
  }

  return {
    rig,
    ports: { public: portOf(service.url), admin: portOf(service.adminUrl) },
    named: Object.values(PORTALS).map(({ id }) => `http://localhost:3999/${id}`),
    witnesses,
    foreign: stock.foreign,
    callOther: createCall(service.url, stack.apiKey(PORTALS.other.id)),
    values: stock.values,
    learn: stock.learn,
    restock: stock.restock,
    report,
    close: rig.close,
  }
}

const reports = (output: string) => eventsNamed(output, 'self_report')
const portOf = (url: string): number => Number(new URL(url).port)
