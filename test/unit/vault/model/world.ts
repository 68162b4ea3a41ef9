import type { ConnectionId } from '../../../../src/shared/ids.ts'
import { Secret } from '../../../../src/shared/secret.ts'
import { FIRST_BINDING, newConnection } from '../../../../src/vault/connection-transitions.ts'
import type { DataKey } from '../../../../src/vault/envelope.ts'
import { createEnvelope } from '../../../../src/vault/envelope-keys.ts'
import { createKeyRing } from '../../../../src/vault/key-ring.ts'
import { documentKey } from '../../../../src/vault/store.ts'
import { sealTokens } from '../../../../src/vault/token-seal.ts'
import { PORTAL, PROGRAM } from '../support/world.ts'
import { type Cast, createCast } from './cast.ts'
import { createProcess } from './process.ts'
import { createRandom, type Random } from './random.ts'
import type { Report } from './report.ts'
import { userOf } from './samsung-ports.ts'
import { CONNECTIONS, type Setup } from './setup.ts'
import type { VirtualTime } from './virtual-time.ts'
import { createWatch, type Watch } from './watch.ts'

/** Replicas, their store, Samsung, and everybody who watches them. */
export interface World extends Watch, Cast {
  readonly time: VirtualTime
  readonly random: Random
  readonly report: Report
  readonly ids: readonly ConnectionId[]
}

/** A connection's key, opened and as its record has it. */
interface Sealing {
  readonly wrapped: string
  readonly dataKey: DataKey
}

/** Ids are part of what decides when a connection is due. */
function idOf(random: Random, index: number): ConnectionId {
  const digits = Array.from({ length: 31 }, () => random.below(10))
  return `conn_${digits.join('')}${index}`
}

/** Creates the world and lets everybody consent. */
export async function createWorld(setup: Setup, time: VirtualTime, report: Report): Promise<World> {
  const { now } = time
  const random = createRandom(setup.seed)
  const ids = Array.from({ length: CONNECTIONS }, (_, index) => idOf(random, index))
  const keyRing = createKeyRing([
    { kid: 'k1', key: new Secret(Buffer.alloc(32, 7).toString('base64')) },
  ])
  const envelope = createEnvelope({ keyRing, cacheMs: 300_000, maxEntries: 100, clock: now })
  const sealings = new Map<ConnectionId, Sealing>()
  for (const id of ids) sealings.set(id, await envelope.create(id))
  const dataKeys = new Map([...sealings].map(([id, { dataKey }]) => [id, dataKey]))
  const watch = createWatch({ setup, time, random, report, dataKeys })
  await connect(watch, sealings, time)
  const cast = createCast({ setup, time, random, report, watch, keyRing })
  return { ...watch, ...cast, time, random, report, ids }
}

/** Stores every connection as a consent does. */
async function connect(
  { truth, server }: Watch,
  sealings: ReadonlyMap<ConnectionId, Sealing>,
  { now }: VirtualTime,
): Promise<void> {
  const process = createProcess({ name: 'setup', slot: 0, skewMs: 0, now })
  for (const [id, { wrapped, dataKey }] of sealings) {
    const { access, refresh, accessExpiresAt } = truth.consent(id)
    const received = {
      accessToken: new Secret(access),
      refreshToken: new Secret(refresh),
      accessExpiresAt,
      receivedAt: now(),
    }
    const made = {
      id,
      portalId: PORTAL,
      tenantRef: `tenant-of-${id}`,
      program: PROGRAM,
      kind: 'samsung-account' as const,
      dataKey: wrapped,
      account: { id: userOf(id) },
      tokens: sealTokens(dataKey, FIRST_BINDING, 1, received),
      attempt: `consent-of-${id}`,
    }
    const text = JSON.stringify(newConnection(made, now()))
    const write = { process, key: documentKey(id), revision: 0, text, writeId: id }
    await server.apply({ ...write, options: { durable: true } })
  }
  server.settle()
}
