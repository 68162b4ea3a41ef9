import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { AuditEntry } from '../../../src/audit/entry.ts'
import { AuditNotWritten, type AuditSink } from '../../../src/audit/sink.ts'
import { createMemoryAuditSink } from '../../../src/audit/sink-memory.ts'
import { createTrail, type Trail } from '../../../src/audit/trail.ts'
import { createVerifier } from '../../../src/audit/verify.ts'
import { createLog } from '../../../src/shared/log.ts'
import { eventually } from '../../support/eventually.ts'

const ABOUT = { version: '1.2.3', config: 'c0ffee' }
const clock = () => Date.parse('2026-11-20T17:00:00Z')

/** Says no, or loses the answer, when it is told to. */
interface Line {
  sink: AuditSink
  away: boolean
  /** Writes, and does not say so. */
  deaf: boolean
  batches: number[]
}

let memory: AuditSink
let line: Line
let trail: Trail
let lines: string[]

function createLine(): Line {
  const state: Line = { sink: memory, away: false, deaf: false, batches: [] }
  state.sink = {
    ...memory,
    async append(entries, options) {
      if (state.away) throw new AuditNotWritten('NOPERM')
      state.batches.push(entries.length)
      const appended = await memory.append(entries, options)
      if (state.deaf) throw new AuditNotWritten('timeout')
      return appended
    },
  }
  return state
}

function create(required = true): Trail {
  lines = []
  const log = createLog('debug', { write: (text) => void lines.push(text) })
  const settings = { required, handOutWindowMs: 600_000 }
  trail = createTrail({ sink: line.sink, processId: 'p1', settings, clock, log })
  return trail
}

beforeEach(() => {
  memory = createMemoryAuditSink({ maxEntries: 100_000, clock })
  line = createLine()
})
afterEach(async () => {
  line.away = false
  line.deaf = false
  await trail.close()
})

async function stored(): Promise<readonly AuditEntry[]> {
  const found: AuditEntry[] = []
  for await (const { text } of memory.read()) found.push(JSON.parse(text))
  return found
}

async function verdict() {
  const verifier = createVerifier({ complete: true })
  for await (const { id, text } of memory.read()) verifier.take(text, id)
  return verifier.end()
}

const logged = (name: string) =>
  lines.map((text) => JSON.parse(text)).filter(({ event }) => event === name)

describe('a trail', () => {
  it('begins with what was started and ends with an end record, as one whole chain', async () => {
    await create().start(ABOUT)
    trail.note({ event: 'session_created', portalId: 'acme' })
    await trail.close()

    expect(await stored()).toMatchObject([
      { seq: 1, event: 'process_started', actor: 'process', ...ABOUT },
      { seq: 2, event: 'session_created', portal: 'acme', outcome: 'ok' },
      { seq: 3, event: 'process_stopped', actor: 'process' },
    ])
    expect((await verdict()).bad).toEqual([])
  })

  it('tells the log its first and its last entry, so that they are known elsewhere', async () => {
    await create().start(ABOUT)
    await trail.close()

    const [first, last] = await stored()
    expect(logged('audit_checkpoint')).toMatchObject([
      { process: 'p1', sequence: 1, hash: first?.hash },
      { process: 'p1', sequence: 2, hash: last?.hash },
    ])
  })

  it('writes what comes in one turn of the event loop together', async () => {
    await create().start(ABOUT)
    for (let n = 0; n < 50; n++) trail.note({ event: 'token_minted' })
    await trail.record({ event: 'token_minted' })

    expect(line.batches).toEqual([1, 51])
  })

  it('writes no more than 200 entries at a time', async () => {
    await create().start(ABOUT)
    for (let n = 0; n < 400; n++) trail.note({ event: 'token_minted' })
    await trail.record({ event: 'token_minted' })

    expect(line.batches).toEqual([1, 200, 200, 1])
  })
})

describe('while nothing can be written', () => {
  beforeEach(async () => {
    await create().start(ABOUT)
    line.away = true
  })

  it('what must be recorded is refused, before and after the first failure', async () => {
    trail.assertWritable()
    const refusal = { code: 'audit_unavailable', extras: { retryAfterSeconds: 1 } }

    await expect(trail.record({ event: 'token_minted' })).rejects.toMatchObject(refusal)
    await expect(trail.record({ event: 'token_minted' })).rejects.toMatchObject(refusal)
    expect(trail.assertWritable).toThrow(expect.objectContaining(refusal))
    expect(trail.state()).toEqual({ failing: true, waiting: 2, lost: 0 })
    expect(logged('audit_not_written')).toMatchObject([{ level: 'error', reason: 'NOPERM' }])
  })

  it('what is noted waits, in order, and is written when it can be', async () => {
    trail.note({ event: 'consent_started' })
    await eventually(() => trail.state().failing)
    trail.note({ event: 'consent_given' })
    line.away = false

    await eventually(() => trail.state().waiting === 0)

    expect((await stored()).map(({ event }) => event)).toEqual([
      'process_started',
      'consent_started',
      'consent_given',
    ])
    expect((await verdict()).bad).toEqual([])
    expect(trail.state().failing).toBe(false)
    expect(trail.assertWritable).not.toThrow()
    expect(logged('audit_restored')).toHaveLength(1)
  })

  it('what is too much is given up, counted, and told in the trail itself', async () => {
    for (let n = 0; n < 50_003; n++) trail.note({ event: 'token_minted' })

    expect(trail.state()).toMatchObject({ waiting: 50_000, lost: 3 })
    line.away = false
    await eventually(() => trail.state().waiting === 0)

    const found = await stored()
    expect(found.filter(({ event }) => event === 'audit_entries_lost')).toMatchObject([
      { count: 3, actor: 'process' },
    ])
  })

  it('the end of the process says how many entries are lost with it', async () => {
    trail.note({ event: 'consent_started' })
    await trail.close()

    expect(logged('audit_entries_lost')).toMatchObject([{ level: 'error', count: 2 }])
  })
})

it('what need not be recorded goes on without a trail', async () => {
  await create(false).start(ABOUT)
  line.away = true
  trail.note({ event: 'consent_started' })
  await eventually(() => trail.state().failing)

  await trail.record({ event: 'token_minted' })

  expect(trail.assertWritable).not.toThrow()
})

it('an entry whose answer got lost is there once', async () => {
  await create().start(ABOUT)
  line.deaf = true
  await expect(trail.record({ event: 'token_minted' })).rejects.toMatchObject({
    code: 'audit_unavailable',
  })
  line.deaf = false
  await eventually(() => !trail.state().failing)

  await trail.record({ event: 'consent_started' })

  expect((await stored()).map(({ seq, event }) => [seq, event])).toEqual([
    [1, 'process_started'],
    [2, 'token_minted'],
    [3, 'consent_started'],
  ])
})

it('what a failover has undone is written again', async () => {
  await create().start(ABOUT)
  await trail.record({ event: 'consent_started' })
  // The server that took over has neither the entries nor the number of the newest.
  const other = createMemoryAuditSink({ maxEntries: 1000, clock })
  let isTold = false
  memory = {
    ...other,
    async append(entries, options) {
      const isGap = !isTold && entries[0]?.seq !== 1
      isTold = true
      return isGap && options?.afterGap !== true ? { newest: 0 } : other.append(entries, options)
    },
  }

  await trail.record({ event: 'consent_given' })

  expect((await stored()).map(({ seq }) => seq)).toEqual([1, 2, 3])
  expect((await verdict()).bad).toEqual([])
  expect(logged('audit_reasserted')).toMatchObject([{ level: 'warn', count: 2 }])
})
