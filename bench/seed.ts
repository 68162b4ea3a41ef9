import { createHmac } from 'node:crypto'
import { parseVaultKeys } from '../src/config/vault-keys.ts'
import { newAttemptId, newConnectionId, newSecretValue } from '../src/shared/ids.ts'
import { createLog } from '../src/shared/log.ts'
import { Secret } from '../src/shared/secret.ts'
import { FIRST_BINDING, keepKnoxToken, newConnection } from '../src/vault/connection-transitions.ts'
import { createConnections } from '../src/vault/connections.ts'
import { derivePurposeKey } from '../src/vault/derive-keys.ts'
import { createDirectory, placeOf } from '../src/vault/directory.ts'
import type { Envelope } from '../src/vault/envelope.ts'
import { createEnvelope } from '../src/vault/envelope-keys.ts'
import { createKeyRing } from '../src/vault/key-ring.ts'
import type { Connection } from '../src/vault/record.ts'
import { createRedisStore } from '../src/vault/store-redis.ts'
import { sealKnoxToken, sealTokens } from '../src/vault/token-seal.ts'

export interface SeedOptions {
  readonly redisUrl: string
  /** The service's own, so that it opens what is stored here. */
  readonly vaultKeys: string
  readonly pepper: string
  readonly program: string
  /** Length of a signed access token, in characters. */
  readonly tokenLength: number
}

export interface Seeder {
  /** Stores connections with a Knox token at hand; their ids. */
  fill(portalId: string, count: number): Promise<readonly string[]>
  close(): Promise<void>
}

const DAY_MS = 86_400_000
const TOKEN_MS = 1_800_000
const IN_FLIGHT = 64

/**
 * Stores connections as consent and the first hand-out would have left them: through the vault's
 * own modules, but without ten thousand walks through a browser.
 */
export async function createSeeder(options: SeedOptions): Promise<Seeder> {
  const log = createLog('silent')
  const store = await createRedisStore({ url: new Secret(options.redisUrl), timeoutMs: 5000, log })
  const keyRing = createKeyRing(parseVaultKeys(options.vaultKeys, false) ?? [])
  const clock = Date.now
  const envelope = createEnvelope({ keyRing, cacheMs: 1000, maxEntries: 1, clock })
  const connections = createConnections({ store, tombstoneMs: DAY_MS, clock, log })
  const tenantKey = derivePurposeKey(Buffer.from(options.pepper), 'tenant-ref')
  const hashTenantRef = (ref: string) =>
    createHmac('sha256', tenantKey).update(ref).digest('base64url')
  const directory = createDirectory({ store, connections, hashTenantRef })

  async function add(portalId: string, tenantRef: string): Promise<string> {
    const connection = await makeConnection(envelope, options, portalId, tenantRef)
    await directory.claim(placeOf(connection), connection.id)
    await directory.add(portalId, connection.id)
    await connections.create(connection)
    return connection.id
  }

  return {
    async fill(portalId, count) {
      const ids: string[] = []
      while (ids.length < count) {
        const batch = Array.from({ length: Math.min(IN_FLIGHT, count - ids.length) }, (_, at) =>
          add(portalId, `tenant-${ids.length + at}`),
        )
        ids.push(...(await Promise.all(batch)))
      }
      return ids
    },
    close: store.close,
  }
}

/** A connection with random tokens of the usual lengths. */
async function makeConnection(
  envelope: Envelope,
  { program, tokenLength }: SeedOptions,
  portalId: string,
  tenantRef: string,
): Promise<Connection> {
  const now = Date.now()
  const id = newConnectionId(now)
  const { wrapped, dataKey } = await envelope.create(id)
  const tokens = sealTokens(dataKey, FIRST_BINDING, 1, {
    accessToken: new Secret(newSecretValue(24)),
    accessExpiresAt: now + DAY_MS,
    refreshToken: new Secret(newSecretValue(24)),
    receivedAt: now,
  })
  const kind = 'samsung-account'
  const attempt = newAttemptId()
  const made = {
    id,
    portalId,
    tenantRef,
    program,
    kind,
    dataKey: wrapped,
    tokens,
    attempt,
  } as const
  const connection = newConnection(made, now)
  const value = new Secret(newSecretValue(tokenLength).slice(0, tokenLength))
  const knoxToken = {
    generation: 1,
    headerName: 'x-knox-apitoken',
    value: sealKnoxToken(dataKey, FIRST_BINDING, 1, value),
    tokenId: newAttemptId(),
    mintedAt: now,
    expiresAt: now + TOKEN_MS,
  }
  return keepKnoxToken(connection, knoxToken, undefined, now) ?? connection
}
