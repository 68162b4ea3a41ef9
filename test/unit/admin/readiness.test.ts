import { describe, expect, it } from '@jest/globals'
import type { ProgramState } from '../../../src/admin/program-report.ts'
import { createReadiness, type Phase, type ReadinessDeps } from '../../../src/admin/readiness.ts'
import { ServiceError } from '../../../src/shared/errors.ts'

const NOW = Date.parse('2026-11-20T17:00:00Z')
const STATE: ProgramState = {
  id: 'emm-eu',
  keys: {
    active: { thumbprint: 'a-thumbprint', modulusBits: 2048, loadedAt: NOW },
    pending: null,
    failure: null,
  },
  identifiers: { configured: 1, place: 1, fingerprint: 'a-fingerprint' },
}

const make = (changes: Partial<ReadinessDeps> = {}) =>
  createReadiness({
    phase: () => 'running',
    pingStore: async () => {},
    describeStore: async () => ({ kind: 'memory', warnings: ['nothing is kept'] }),
    keyRing: { opens: true, activeKid: 'k1', kids: ['k1', 'k0'], missing: [] },
    programs: () => [STATE],
    skews: () => [],
    clockState: () => ({ skewMs: null, correctionMs: 0, beyondLimit: false }),
    refusedHosts: () => [],
    alarms: () => [],
    refreshOutcomes: () => ({ success: 3 }),
    uncommitted: () => 0,
    audit: () => ({ failing: false, waiting: 0, lost: 0 }),
    warnings: ['configured'],
    clock: () => NOW,
    version: '1.2.3',
    ...changes,
  })

const ALARM = {
  programId: 'emm-eu',
  operation: 'refresh',
  since: NOW,
  upstream: { service: 'samsung-account', status: 400, code: 'AUT_1702', message: 'a word' },
} as const

it('warns of a Redis that is known to lack a security fix, and serves all the same', async () => {
  const warningsOf = async (version: string) => {
    const facts = { kind: 'redis', version, warnings: [] } as const
    const { ready, body } = await make({
      describeStore: async () => facts,
      warnings: [],
    }).report()
    return { ready, body }
  }

  expect(await warningsOf('7.2.10')).toMatchObject({
    ready: true,
    body: { warnings: [expect.stringContaining('CVE-2025-49844')] },
  })
  expect(await warningsOf('7.2.11')).toMatchObject({ ready: true, body: { warnings: [] } })
})

const away = async () => {
  throw new ServiceError('store_unavailable')
}

describe('readiness', () => {
  it.each([
    ['starting', false],
    ['running', true],
    ['draining', false],
  ] as const)('while %s: %j', async (phase: Phase, ready) => {
    const readiness = make({ phase: () => phase })

    expect(await readiness.isReady()).toBe(ready)
    expect((await readiness.report()).ready).toBe(ready)
  })

  it.each([
    ['the store refuses', { pingStore: away }],
    ['the store does not answer', { pingStore: () => new Promise<void>(() => {}) }],
    [
      'the key ring opens nothing',
      { keyRing: { opens: false, activeKid: 'k1', kids: ['k1'], missing: ['k0'] } },
    ],
  ])('ends when %s', async (_, changes: Partial<ReadinessDeps>) => {
    const readiness = make(changes)

    expect(await readiness.isReady()).toBe(false)
    expect((await readiness.report()).ready).toBe(false)
  })

  it('does not end with anything of Samsung’s', async () => {
    const readiness = make({
      skews: () => [{ host: 'api.samsungknox.com', skewMs: 9e9, observedAt: NOW }],
      clockState: () => ({ skewMs: 9e9, correctionMs: 0, beyondLimit: true }),
      alarms: () => [ALARM],
      refreshOutcomes: () => ({ operator_refused: 1e6, ambiguous: 1e6 }),
    })

    expect(await readiness.isReady()).toBe(true)
  })
})

describe('the report', () => {
  it('says everything that is known, and no secret', async () => {
    const { body } = await make({
      skews: () => [{ host: 'api.samsungknox.com', skewMs: -1250, observedAt: NOW }],
      clockState: () => ({ skewMs: -1250, correctionMs: -2000, beyondLimit: false }),
    }).report()

    expect(body).toEqual({
      status: 'ready',
      phase: 'running',
      version: '1.2.3',
      store: { answers: true, latency_ms: 0, kind: 'memory' },
      key_ring: { opens: true, active: 'k1', kids: ['k1', 'k0'], missing: [] },
      keys: [
        {
          program: 'emm-eu',
          thumbprint: 'a-thumbprint',
          modulus_bits: 2048,
          loaded_at: '2026-11-20T17:00:00.000Z',
          pending: null,
          rejected: null,
        },
      ],
      client_identifiers: [
        { program: 'emm-eu', configured: 1, place: 1, fingerprint: 'a-fingerprint' },
      ],
      clock_skew: [
        { host: 'api.samsungknox.com', skew_ms: -1250, observed_at: '2026-11-20T17:00:00.000Z' },
      ],
      clock_correction: { skew_ms: -1250, correction_ms: -2000, beyond_limit: false },
      breakers: [],
      refresh_outcomes: { success: 3 },
      uncommitted_rotations: 0,
      audit: { writable: true, waiting: 0, lost: 0 },
      warnings: ['configured', 'nothing is kept'],
    })
  })

  it('warns of a vault key that is missing, and goes on being ready', async () => {
    const keyRing = { opens: true, activeKid: 'k2', kids: ['k2'], missing: ['k1'] }

    const { ready, body } = await make({ keyRing, warnings: [] }).report()

    expect(ready).toBe(true)
    expect(body).toMatchObject({
      key_ring: { missing: ['k1'] },
      warnings: expect.arrayContaining([
        'vault key k1 is missing, and stored records may still need it',
      ]),
    })
  })

  it.each([
    [0, []],
    [1, ['new token sets that the store could not take yet are in this process only: 1']],
    [7, ['new token sets that the store could not take yet are in this process only: 7']],
  ])(
    'counts the tokens that are stored nowhere yet (%d), and goes on being ready',
    async (count, warnings) => {
      const { ready, body } = await make({
        warnings: [],
        describeStore: async () => ({ kind: 'memory', warnings: [] }),
        uncommitted: () => count,
      }).report()

      expect(ready).toBe(true)
      expect(body).toMatchObject({ uncommitted_rotations: count, warnings })
    },
  )

  it('names every program that is held, and for what', async () => {
    const knox = { service: 'knox', status: 401 } as const
    const alarms = [
      ALARM,
      { ...ALARM, operation: 'exchange', upstream: knox },
      { ...ALARM, programId: 'emm-us', upstream: { service: 'samsung-account' } },
    ] as const
    const { ready, body } = await make({ alarms: () => alarms, warnings: [] }).report()

    expect(ready).toBe(true)
    expect(body).toMatchObject({
      breakers: [
        {
          program: 'emm-eu',
          operation: 'refresh',
          since: '2026-11-20T17:00:00.000Z',
          upstream: { service: 'samsung-account', status: 400, code: 'AUT_1702' },
        },
        { operation: 'exchange', upstream: knox },
        { program: 'emm-us', upstream: { service: 'samsung-account' } },
      ],
      warnings: [
        'nothing is kept',
        'Samsung refuses the credentials of program emm-eu (AUT_1702): renewals of its Samsung tokens are held',
        'Samsung refuses the credentials of program emm-eu (status 401): exchanges for Knox tokens are held',
        'Samsung refuses the credentials of program emm-us (no code): renewals of its Samsung tokens are held',
      ],
    })
    expect(JSON.stringify(body)).not.toContain('a word')
  })

  it.each([
    [60_000, 0],
    [60_001, 1],
    [-60_000, 0],
    [-60_001, 1],
  ])('warns of a clock that differs by %d ms: %d', async (skewMs, count) => {
    const { body } = await make({
      warnings: [],
      describeStore: async () => ({ kind: 'memory', warnings: [] }),
      skews: () => [{ host: 'h.example', skewMs, observedAt: NOW }],
    }).report()

    expect(body).toHaveProperty('warnings.length', count)
  })

  it('warns of a clock that is too wrong to be corrected, also when nothing new is known', async () => {
    const bodyWhen = async (beyondLimit: boolean) => {
      const clockState = () => ({ skewMs: null, correctionMs: 0, beyondLimit })
      const { body } = await make({ clockState }).report()
      return body
    }

    expect(await bodyWhen(false)).toHaveProperty('warnings', ['configured', 'nothing is kept'])
    expect(await bodyWhen(true)).toHaveProperty('warnings', [
      'configured',
      'nothing is kept',
      'the clock differs from that of Samsung by more than 5 minutes, which is not corrected',
    ])
  })

  it('says that the store does not answer, and does not ask it for more', async () => {
    const { ready, body } = await make({
      pingStore: away,
      describeStore: () => new Promise(() => {}),
    }).report()

    expect(ready).toBe(false)
    expect(body).toMatchObject({
      status: 'not_ready',
      store: { answers: false },
      warnings: ['configured', 'the store does not answer'],
    })
  })

  it('warns of an audit trail that cannot be written, and of entries that were lost', async () => {
    const { ready, body } = await make({
      audit: () => ({ failing: true, waiting: 7, lost: 2 }),
    }).report()

    expect(ready).toBe(true)
    expect(body).toMatchObject({
      audit: { writable: false, waiting: 7, lost: 2 },
      warnings: expect.arrayContaining([
        'the audit trail cannot be written; entries that wait: 7',
        'audit entries that were lost since the start: 2',
      ]),
    })
  })

  it('goes on, and says so, while a host of Samsung is not called for its address', async () => {
    const { ready, body } = await make({ refusedHosts: () => ['kcs.example'] }).report()

    expect(ready).toBe(true)
    expect(body).toHaveProperty('warnings', [
      'configured',
      'nothing is kept',
      'kcs.example is not called: its address is not public, nor in upstream.allowed_addresses',
    ])
  })
})
