import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { sleep } from '../../../src/shared/time.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { expire } from '../../support/stored-connection.ts'

const CONNECTIONS = 5
const PER_SECOND = 500
const SECONDS = 2
/** Of the machine that runs other tests at the same time, not of the service. */
const PATIENT_MS = 500
/** What one wave may leave behind that the one before it has not. */
const GROWN_MB = 120
const TEST_MS = 60_000

let rig: Rig
/** It has a Knox token at hand; the others need Samsung. */
let healthy: string
let stalled: readonly string[]

beforeAll(async () => {
  rig = await startRig({
    env: { KNOXGATE_UPSTREAM_TIMEOUT: '2s', KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: '1s' },
  })
  healthy = await rig.connect('healthy')
  const ids: string[] = []
  for (let n = 0; n < CONNECTIONS; n += 1) ids.push(await rig.connect(`stalled-${n}`))
  stalled = ids
  expect((await rig.token(healthy)).status).toBe(200)
  for (const id of stalled) await expire(rig.db, id)
}, TEST_MS)
afterAll(() => rig?.close())

/** Resident memory of the service, in MB. */
function memory(): number {
  const status = readFileSync(`/proc/${rig.stack.services[0]?.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
}

/** How long each of the routes that do not need Samsung takes, asked in turns until told otherwise. */
async function timesUntil(isOver: () => boolean): Promise<readonly number[]> {
  const asks = [
    () => rig.token(healthy),
    () => rig.call('GET', '/v1/connections'),
    () => rig.call('GET', '/readyz'),
  ]
  const times: number[] = []
  while (!isOver()) {
    for (const ask of asks) {
      const since = performance.now()
      expect((await ask()).status).toBe(200)
      times.push(performance.now() - since)
    }
    await sleep(10)
  }
  return times.toSorted((one, other) => one - other)
}

const p99 = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length * 0.99)] ?? 0

interface Ended {
  readonly status: number
  readonly retryAfter: string | null
}

/** Callers of the stalled connections, 500 a second, and what each of them gets in the end. */
async function wave(): Promise<readonly Ended[]> {
  const answers: Promise<Ended>[] = []
  for (let tick = 0; tick < SECONDS * 10; tick += 1) {
    for (let n = 0; n < PER_SECOND / 10; n += 1) {
      const answer = rig.token(stalled[n % CONNECTIONS] ?? '')
      answers.push(
        answer.then(({ status, headers }) => ({ status, retryAfter: headers.get('retry-after') })),
      )
    }
    await sleep(100)
  }
  return Promise.all(answers)
}

it(
  'a Samsung that swallows requests slows nothing down that does not need it',
  async () => {
    rig.sandbox.addFault({
      on: 'token',
      times: 1000,
      do: { kind: 'delay_after_effect', ms: 30_000 },
    })
    rig.sandbox.clearRecord()
    let over = false
    const measured = timesUntil(() => over)

    const first = await wave()
    const warm = memory()
    const second = await wave()
    const grown = memory() - warm
    over = true
    const times = await measured

    const ended = [...first, ...second]
    expect(ended).toHaveLength(2 * PER_SECOND * SECONDS)
    expect(ended.filter(({ status }) => ![503, 504].includes(status))).toEqual([])
    expect(ended.filter(({ retryAfter }) => retryAfter === null)).toEqual([])
    expect(times.length).toBeGreaterThan(50)
    expect(p99(times)).toBeLessThan(PATIENT_MS)
    expect(grown).toBeLessThan(GROWN_MB)
    // All callers together have Samsung asked no more often than the back-off has it.
    const asked = rig.sandbox.record().requests.length
    expect(asked).toBeGreaterThanOrEqual(CONNECTIONS)
    expect(asked).toBeLessThan(CONNECTIONS * 10)
  },
  TEST_MS,
)
