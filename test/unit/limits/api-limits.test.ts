import { beforeEach, describe, expect, it } from '@jest/globals'
import { type ApiLimits, connectionOf, createApiLimits } from '../../../src/limits/api-limits.ts'
import { createLimiter, type LimitName } from '../../../src/limits/limiter.ts'
import { createRefusals } from '../../../src/limits/refusals.ts'
import type { Caller } from '../../../src/portal/authenticate.ts'
import { createLog } from '../../../src/shared/log.ts'
import { NO_AUDIT } from '../../support/audit.ts'
import { callerOf } from '../access/support/keys.ts'
import { NO_LIMITS } from './support/no-limits.ts'

const ID = `conn_${'0'.repeat(32)}`
const acme = { portal: { id: 'acme' }, apiKeyId: 'k1' }
const other = { portal: { id: 'other' }, apiKeyId: 'k2' }
const anyone: Caller = callerOf(undefined)

const limiter = (name: LimitName, quota: number) => createLimiter({ name, quota, windowMs: 60_000 })

/** Four from an address, three of a key, two about a connection. */
function limitsOf(quotas: { address?: number; key?: number; connection?: number } = {}): ApiLimits {
  const refusals = createRefusals({
    audit: NO_AUDIT,
    metrics: { limited() {}, shed() {} },
    log: createLog('silent'),
    clock: Date.now,
  })
  refusals.stop()
  const { address = 4, key = 3, connection = 2 } = quotas
  return createApiLimits({
    perAddress: limiter('address', address),
    perKey: limiter('key', key),
    perConnection: limiter('connection', connection),
    addressOf: () => '192.0.2.1',
    refusals,
  })
}

let limits: ApiLimits
beforeEach(() => {
  limits = limitsOf()
})

const count = async (sender = acme, id: string | null = ID) =>
  limits.prove(await limits.arrive(anyone), sender, id)

describe('a request', () => {
  it('counts for its address, its key and its connection', async () => {
    const counted = await count()

    expect(counted).toMatchObject({ exceeded: null, steps: 3 })
    expect(limits.headers(counted)).toEqual({
      'RateLimit-Policy': '"address";q=4;w=60, "key";q=3;w=60, "connection";q=2;w=60',
      RateLimit: '"connection";r=1;t=60',
    })
  })

  it('says of what it counts for only', async () => {
    const arrived = await limits.arrive(anyone)
    const proven = await limits.prove(arrived, acme, null)

    expect([limits.headers(arrived), limits.headers(proven)]).toEqual([
      { 'RateLimit-Policy': '"address";q=4;w=60', RateLimit: '"address";r=3;t=60' },
      { 'RateLimit-Policy': '"address";q=4;w=60, "key";q=3;w=60', RateLimit: '"key";r=2;t=60' },
    ])
  })

  it('is one too many for the limit that it exceeds first, and counts for none after that', async () => {
    await count()
    await count()
    const third = await count()
    expect(limits.refusal(third, acme)?.extras.detail).toBe('the limit connection is 2 in 60 s')
    const fourth = await count()
    expect(limits.refusal(fourth, acme)?.extras.detail).toBe('the limit key is 3 in 60 s')
    const fifth = await count(other, null)

    expect(limits.refusal(fifth)?.extras.detail).toBe('the limit address is 4 in 60 s')
    expect(fifth.steps).toBe(1)
  })

  it('is no refusal up to the last that may be', async () => {
    for (const _ of [1, 2]) expect(limits.refusal(await count(), acme)).toBeNull()
    expect(limits.refusal(await count(acme, null), acme)).toBeNull()
  })

  it('does not count against what another portal may with the same connection', async () => {
    limits = limitsOf({ address: 100, key: 100 })
    for (const _ of [1, 2, 3, 4]) await count(other)

    expect(limits.refusal(await count(), acme)).toBeNull()
  })

  it('is handed on with what it was counted for', async () => {
    const counted = await count()
    const req = { ...anyone } as Parameters<ApiLimits['keep']>[0]
    expect(limits.countOf(req)).toBeUndefined()

    limits.keep(req, counted)

    expect(limits.countOf(req)).toBe(counted)
  })
})

it('limits nothing, and says nothing, where there is no limit', async () => {
  limits = NO_LIMITS
  for (const _ of [1, 2, 3]) await count()

  const counted = await count()

  expect([limits.refusal(counted, acme), limits.headers(counted)]).toEqual([null, {}])
})

it('names only the limits that there are', async () => {
  limits = limitsOf({ address: 0, connection: 0 })

  expect(limits.headers(await count())['RateLimit-Policy']).toBe('"key";q=3;w=60')
})

it.each([
  [`/v1/connections/${ID}`, ID],
  [`/v1/connections/${ID}/token`, ID],
  [`/v1/connections/${ID}?a=1`, ID],
  [`/v1/connections/${ID}x`, null],
  [`/v1/connections/${ID.slice(0, -1)}`, null],
  ['/v1/connections', null],
  [`/v2/connections/${ID}`, null],
  [`/v1/connect-sessions/cs_${'0'.repeat(32)}`, null],
  [`/v1/x?y=/v1/connections/${ID}`, null],
])('finds the connection in %s', (target, id) => {
  expect(connectionOf(target)).toBe(id)
})
