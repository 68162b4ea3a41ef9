import { afterEach, describe, expect, it } from '@jest/globals'
import { createGate } from '../../../src/outbound/gate.ts'
import { createOutbound } from '../../../src/outbound/undici-outbound.ts'
import { failureOf, serve } from './servers.ts'

const never = new AbortController().signal

describe('a gate', () => {
  it('lets as many in as it has places, the others in the order they came', async () => {
    const gate = createGate(2, 10)
    const order: string[] = []
    const first = await gate.enter(never)
    const second = await gate.enter(never)
    const third = gate.enter(never).then((leave) => {
      order.push('third')
      leave()
    })
    const fourth = gate.enter(never).then((leave) => {
      order.push('fourth')
      leave()
    })

    await Promise.resolve()
    expect(order).toEqual([])
    second()
    first()
    await Promise.all([third, fourth])
    expect(order).toEqual(['third', 'fourth'])
  })

  it('takes one place back however often it is left', async () => {
    const gate = createGate(1, 10)
    const leave = await gate.enter(never)
    leave()
    leave()
    await gate.enter(never)
    const late = new AbortController()
    const waiting = gate.enter(late.signal)

    late.abort()

    await expect(waiting).rejects.toMatchObject({ reason: 'timeout', sent: false })
  })

  it('passes over whoever has given up', async () => {
    const gate = createGate(1, 10)
    const leave = await gate.enter(never)
    const impatient = new AbortController()
    const given = gate.enter(impatient.signal).catch(() => 'gave up')
    const patient = gate.enter(never)

    impatient.abort()
    leave()

    await expect(given).resolves.toBe('gave up')
    await expect(patient).resolves.toBeInstanceOf(Function)
  })
})

describe('a full gate', () => {
  it('lets as many wait as it has room for, and tells the next one at once', async () => {
    const gate = createGate(1, 2)
    const leave = await gate.enter(never)
    const first = gate.enter(never)
    const second = gate.enter(never)

    await expect(gate.enter(never)).rejects.toMatchObject({ reason: 'timeout', sent: false })
    leave()
    const leaveAgain = await first
    const third = gate.enter(never)
    leaveAgain()
    for (const turn of [second, third]) (await turn)()
  })

  it('has room again for whoever comes after one that has given up', async () => {
    const gate = createGate(1, 1)
    const leave = await gate.enter(never)
    const impatient = new AbortController()
    const given = gate.enter(impatient.signal).catch(() => 'gave up')
    impatient.abort()
    await given

    const patient = gate.enter(never)
    leave()

    await expect(patient).resolves.toBeInstanceOf(Function)
  })
})

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

it('gives every place back, after an answer and after a failure', async () => {
  const server = await serve((req, res) => (req.url === '/ok' ? res.end() : res.destroy()))
  const outbound = createOutbound({
    allowedOrigins: [server.origin],
    timeoutMs: 5000,
    responseLimitBytes: 100,
    clock: () => 0,
  })
  opened.push(server, outbound)

  for (let n = 0; n < 65; n += 1) {
    expect(await failureOf(outbound, `${server.origin}/ok`)).toBe('answered 200')
    expect(await failureOf(outbound, server.origin)).toBe('unreachable, sent')
  }
})

describe('a server that stalls', () => {
  it('is sent 64 requests at a time, and nothing of those that timed out waiting', async () => {
    let asked = 0
    const server = await serve(() => {
      asked += 1
    })
    const outbound = createOutbound({
      allowedOrigins: [server.origin],
      timeoutMs: 1500,
      responseLimitBytes: 100,
      clock: () => 0,
    })
    opened.push(server, outbound)

    const outcomes = await Promise.all(
      Array.from({ length: 100 }, () => failureOf(outbound, server.origin)),
    )

    expect(outcomes.filter((outcome) => outcome === 'timeout, sent')).toHaveLength(64)
    expect(outcomes.filter((outcome) => outcome === 'timeout, not sent')).toHaveLength(36)
    expect(asked).toBe(64)
  })

  it('is waited for by 4,096 requests, and by no more of them', async () => {
    const server = await serve(() => {})
    const outbound = createOutbound({
      allowedOrigins: [server.origin],
      timeoutMs: 2500,
      responseLimitBytes: 100,
      clock: () => 0,
    })
    opened.push(server, outbound)
    let open = 64 + 4096 + 10
    const outcomes = Array.from({ length: open }, () =>
      failureOf(outbound, server.origin).finally(() => {
        open -= 1
      }),
    )

    const refused = await Promise.all(outcomes.slice(-10))

    expect(refused).toEqual(Array(10).fill('timeout, not sent'))
    expect(open).toBe(64 + 4096)
    await Promise.all(outcomes)
  })

  it('keeps no other server from being asked', async () => {
    const stalled = await serve(() => {})
    const healthy = await serve((_req, res) => res.end())
    const outbound = createOutbound({
      allowedOrigins: [stalled.origin, healthy.origin],
      timeoutMs: 2000,
      responseLimitBytes: 100,
      clock: () => 0,
    })
    opened.push(stalled, healthy, outbound)
    const waiting = Array.from({ length: 100 }, () => failureOf(outbound, stalled.origin))

    expect(await failureOf(outbound, healthy.origin)).toBe('answered 200')
    await Promise.all(waiting)
  })
})
