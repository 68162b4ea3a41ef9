import {
  type Connection,
  type ConsentBinding,
  consentBinding,
  type KnoxTokenRecord,
  type RefreshState,
  type TokenSet,
  withCurrentBinding,
} from '../../../../src/vault/record.ts'
import { HOUR, MINUTE } from './samsung.ts'

/** The moment at which every record here was made. */
export const T0 = 1_000_000_000_000

export interface RecordChanges {
  readonly connection?: Partial<Connection>
  readonly tokenSet?: Partial<TokenSet>
  readonly refresh?: Partial<RefreshState>
  readonly binding?: Partial<ConsentBinding>
  readonly without?: 'refreshToken'
}

export const TOKEN_SET: TokenSet = {
  generation: 1,
  committedBy: 'consent',
  accessToken: 'v1.access-1',
  accessExpiresAt: T0 + HOUR,
  issuedAt: T0,
  refreshToken: 'v1.refresh-1',
}

export const KNOX_TOKEN: KnoxTokenRecord = {
  generation: 1,
  headerName: 'x-knox-apitoken',
  value: 'v1.knox-1',
  tokenId: 'id-1',
  mintedAt: T0,
  expiresAt: T0 + 30 * MINUTE,
}

/** A healthy connection of generation 1 with differences. Its "sealed" texts open with no key. */
export function aConnection(changes: RecordChanges = {}): Connection {
  const { refreshToken, ...bare } = TOKEN_SET
  const isFinal = changes.without === 'refreshToken' || refreshToken === undefined
  return {
    format: 1,
    type: 'connection',
    id: 'conn_00000000000000000000000000000000',
    portalId: 'acme',
    tenantRef: 'tenant-1',
    createdAt: T0,
    updatedAt: T0,
    generation: 1,
    dataKey: 'v1.k1.wrapped',
    current: 'b1',
    bindings: [
      {
        id: 'b1',
        program: 'emm-eu',
        kind: 'samsung-account',
        tokenSet: { ...(isFinal ? bare : { ...bare, refreshToken }), ...changes.tokenSet },
        refresh: { state: 'ok', since: T0, failures: 0, ...changes.refresh },
        ...changes.binding,
      },
    ],
    ...changes.connection,
  }
}

/** A connection with a Knox token kept. */
export const withKnoxToken = (
  connection: Connection,
  changes: Partial<KnoxTokenRecord> = {},
): Connection =>
  withCurrentBinding(connection, {
    ...consentBinding(connection),
    knoxToken: { ...KNOX_TOKEN, ...changes },
  })

/** What a transition has made. @throws Error when it made nothing */
export function must(connection: Connection | null): Connection {
  if (connection === null) throw new Error('nothing was changed')
  return connection
}

export const refreshOf = (connection: Connection): RefreshState =>
  consentBinding(connection).refresh
