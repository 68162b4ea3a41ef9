import { describe, expect, it } from '@jest/globals'
import { createMetrics } from '../../../src/admin/metrics.ts'
import { REFRESH_OUTCOMES } from '../../../src/vault/outcomes.ts'
import type { ConnectionStatus } from '../../../src/vault/status.ts'

const make = (skews: () => readonly { host: string; skewMs: number }[] = () => []) =>
  createMetrics({
    programs: [
      { id: 'emm-eu', legacyRsa: false, products: ['kme'] },
      { id: 'emm-us', legacyRsa: true, products: ['kme', 'kdp'] },
    ],
    skews,
  })

/** The lines of one metric. */
async function linesOf(metrics: ReturnType<typeof make>, name: string) {
  const { text } = await metrics.render()
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
}

it('has a line of zero for every program and outcome before anything happened', async () => {
  const lines = await linesOf(make(), 'knoxgate_refresh_total')

  expect(lines).toHaveLength(2 * REFRESH_OUTCOMES.length)
  expect(lines.every((line) => line.endsWith(' 0'))).toBe(true)
})

it('counts refreshes by how they ended', async () => {
  const metrics = make()
  metrics.vault.refresh('emm-eu', 'success')
  metrics.vault.refresh('emm-eu', 'success')
  metrics.vault.refresh('emm-us', 'busy_timeout')

  expect(await linesOf(metrics, 'knoxgate_refresh_total')).toEqual(
    expect.arrayContaining([
      'knoxgate_refresh_total{program="emm-eu",outcome="success"} 2',
      'knoxgate_refresh_total{program="emm-us",outcome="busy_timeout"} 1',
    ]),
  )
  expect(metrics.refreshOutcomes()).toMatchObject({ success: 2, busy_timeout: 1, ambiguous: 0 })
})

it('measures exchanges and store operations in seconds', async () => {
  const metrics = make()
  metrics.vault.mint('emm-eu', 'ok', 250)
  metrics.store('read', 'ok', 2)

  expect(await linesOf(metrics, 'knoxgate_exchange_duration_seconds_sum')).toEqual([
    'knoxgate_exchange_duration_seconds_sum{program="emm-eu",outcome="ok"} 0.25',
  ])
  expect(await linesOf(metrics, 'knoxgate_store_operation_duration_seconds_sum')).toEqual([
    'knoxgate_store_operation_duration_seconds_sum{operation="read",outcome="ok"} 0.002',
  ])
})

it('shows how many new token sets are stored nowhere yet, as of when it is asked', async () => {
  const metrics = make()
  const shown = () => linesOf(metrics, 'knoxgate_uncommitted_rotations')
  expect(await shown()).toEqual(['knoxgate_uncommitted_rotations 0'])
  let count = 2
  metrics.uncommitted(() => count)

  expect(await shown()).toEqual(['knoxgate_uncommitted_rotations 2'])
  count = 0
  expect(await shown()).toEqual(['knoxgate_uncommitted_rotations 0'])
})

it('shows how many connections cannot be opened, as of when it is asked', async () => {
  const metrics = make()
  const shown = () => linesOf(metrics, 'knoxgate_unreadable_records')
  expect(await shown()).toEqual(['knoxgate_unreadable_records 0'])
  let count = 2
  metrics.unreadable(() => count)

  expect(await shown()).toEqual(['knoxgate_unreadable_records 2'])
  count = 0
  expect(await shown()).toEqual(['knoxgate_unreadable_records 0'])
})

it('shows what is held by program and operation, and counts the alarms', async () => {
  const metrics = make()
  metrics.breaker.alarm('emm-eu', 'refresh', true)
  metrics.breaker.alarm('emm-us', 'refresh', true)
  metrics.breaker.alarm('emm-us', 'refresh', false)
  metrics.breaker.alarmRaised('emm-eu')

  expect(await linesOf(metrics, 'knoxgate_operator_alarm')).toEqual([
    'knoxgate_operator_alarm{program="emm-eu",operation="refresh"} 1',
    'knoxgate_operator_alarm{program="emm-eu",operation="exchange"} 0',
    'knoxgate_operator_alarm{program="emm-us",operation="refresh"} 0',
    'knoxgate_operator_alarm{program="emm-us",operation="exchange"} 0',
  ])
  expect(await linesOf(metrics, 'knoxgate_operator_alarms_total')).toEqual([
    'knoxgate_operator_alarms_total{program="emm-eu"} 1',
    'knoxgate_operator_alarms_total{program="emm-us"} 0',
  ])
})

describe('connections by status', () => {
  const counts = (status: ConnectionStatus, count: number) =>
    new Map([['emm-eu', new Map([[status, count]])]])

  it('are those of the last sweep', async () => {
    const metrics = make()
    metrics.connections(counts('active', 5))
    metrics.connections(counts('frozen', 2))

    const lines = await linesOf(metrics, 'knoxgate_connections')
    expect(lines).toContain('knoxgate_connections{program="emm-eu",status="frozen"} 2')
    expect(lines).toContain('knoxgate_connections{program="emm-eu",status="active"} 0')
  })

  it('name no program that is not configured', async () => {
    const metrics = make()
    metrics.connections(new Map([['gone', new Map([['active', 5]] as const)]]))

    expect((await metrics.render()).text).not.toContain('gone')
  })
})

it('shows the clock skew as it is when it is asked', async () => {
  let skews = [{ host: 'a.example', skewMs: 1500 }]
  const metrics = make(() => skews)
  expect(await linesOf(metrics, 'knoxgate_clock_skew_seconds')).toEqual([
    'knoxgate_clock_skew_seconds{host="a.example"} 1.5',
  ])

  skews = [{ host: 'b.example', skewMs: -500 }]

  expect(await linesOf(metrics, 'knoxgate_clock_skew_seconds')).toEqual([
    'knoxgate_clock_skew_seconds{host="b.example"} -0.5',
  ])
})

it('shows what is made of Samsung’s clock, as it is when it is asked', async () => {
  const metrics = make()
  const lines = async () => [
    ...(await linesOf(metrics, 'knoxgate_clock_correction_seconds')),
    ...(await linesOf(metrics, 'knoxgate_clock_beyond_limit')),
  ]
  expect(await lines()).toEqual([
    'knoxgate_clock_correction_seconds 0',
    'knoxgate_clock_beyond_limit 0',
  ])

  let state = { skewMs: -239_500, correctionMs: -240_000, beyondLimit: false }
  metrics.clock(() => state)
  expect((await lines())[0]).toBe('knoxgate_clock_correction_seconds -240')

  state = { skewMs: 400_000, correctionMs: 0, beyondLimit: true }
  expect(await lines()).toEqual([
    'knoxgate_clock_correction_seconds 0',
    'knoxgate_clock_beyond_limit 1',
  ])
})

it('shows which programs sign with a short key', async () => {
  expect(await linesOf(make(), 'knoxgate_legacy_rsa_key')).toEqual([
    'knoxgate_legacy_rsa_key{program="emm-eu"} 0',
    'knoxgate_legacy_rsa_key{program="emm-us"} 1',
  ])
})

it('belongs to one process: two do not share their counters', async () => {
  const [one, two] = [make(), make()]
  one.vault.refresh('emm-eu', 'success')

  expect(two.refreshOutcomes().success).toBe(0)
})
