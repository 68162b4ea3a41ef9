import { describe, expect, it } from '@jest/globals'
import { createReadiness, type Phase, type ReadinessDeps } from '../../../src/admin/readiness.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { makeProgram } from '../samsung-account/program.ts'

const NOW = Date.parse('2026-11-20T17:00:00Z')
const program = makeProgram('https://eu-kcs-api.example')

const make = (changes: Partial<ReadinessDeps> = {}) =>
  createReadiness({
    phase: () => 'running',
    pingStore: async () => {},
    describeStore: async () => ({ kind: 'memory', warnings: ['nothing is kept'] }),
    keyRing: () => ({ opens: true, activeKid: 'k1', kids: ['k1', 'k0'] }),
    programs: [program],
    skews: () => [],
    refreshOutcomes: () => ({ success: 3 }),
    warnings: ['configured'],
    clock: () => NOW,
    version: '1.2.3',
    ...changes,
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
      { keyRing: () => ({ opens: false, activeKid: 'k1', kids: ['k1'] }) },
    ],
  ])('ends when %s', async (_, changes: Partial<ReadinessDeps>) => {
    const readiness = make(changes)

    expect(await readiness.isReady()).toBe(false)
    expect((await readiness.report()).ready).toBe(false)
  })

  it('does not end with anything of Samsung’s', async () => {
    const readiness = make({
      skews: () => [{ host: 'api.samsungknox.com', skewMs: 9e9, observedAt: NOW }],
      refreshOutcomes: () => ({ operator_refused: 1e6, ambiguous: 1e6 }),
    })

    expect(await readiness.isReady()).toBe(true)
  })
})

describe('the report', () => {
  it('says everything that is known, and no secret', async () => {
    const { body } = await make({
      skews: () => [{ host: 'api.samsungknox.com', skewMs: -250, observedAt: NOW }],
    }).report()

    expect(body).toEqual({
      status: 'ready',
      phase: 'running',
      version: '1.2.3',
      store: { answers: true, latency_ms: 0, kind: 'memory' },
      key_ring: { opens: true, active: 'k1', kids: ['k1', 'k0'] },
      keys: [{ program: 'emm-eu', thumbprint: program.keys.thumbprint, modulus_bits: 2048 }],
      clock_skew: [
        { host: 'api.samsungknox.com', skew_ms: -250, observed_at: '2026-11-20T17:00:00.000Z' },
      ],
      refresh_outcomes: { success: 3 },
      warnings: ['configured', 'nothing is kept'],
    })
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
})
