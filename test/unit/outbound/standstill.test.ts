import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import type { Outbound } from '../../../src/outbound/outbound.ts'
import { createOutbound } from '../../../src/outbound/undici-outbound.ts'
import { failureOf } from './servers.ts'

const TIMEOUT_MS = 300
/** Requests that have come; whether they may be answered; never anything else than 0. */
const [ASKED, MAY_ANSWER, NEVER] = [0, 1, 2]

let flags: Int32Array
let server: Worker
let outbound: Outbound
let url: string

/** A server in a thread of its own goes on while this one stands still. */
const SERVER = `
  const { parentPort, workerData: flags } = require('node:worker_threads')
  const server = require('node:http').createServer(async (req, res) => {
    Atomics.add(flags, 0, 1)
    while (Atomics.load(flags, 1) === 0) await new Promise(setImmediate)
    res.end('in time')
  })
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`

beforeEach(async () => {
  flags = new Int32Array(new SharedArrayBuffer(12))
  server = new Worker(SERVER, { eval: true, workerData: flags })
  const [port] = await once(server, 'message')
  url = `http://127.0.0.1:${port}`
  outbound = createOutbound({
    allowedOrigins: [url],
    timeoutMs: TIMEOUT_MS,
    responseLimitBytes: 1000,
    clock: Date.now,
  })
})
afterEach(async () => {
  await server.terminate()
  await outbound.close()
})

/** Nothing of this thread runs until its deadline is over, and some. */
const standStill = () => Atomics.wait(flags, NEVER, 0, TIMEOUT_MS + 200)
const request = () => outbound.request({ method: 'POST', url, headers: {}, body: 'x' })

it('reads an answer that came while the process stood still, although its time is over', async () => {
  const answer = request()
  while (Atomics.load(flags, ASKED) === 0) await new Promise(setImmediate)
  Atomics.store(flags, MAY_ANSWER, 1)
  standStill()

  expect((await answer).body).toBe('in time')
})

it('sends nothing when it goes on after its time', async () => {
  const failure = failureOf(outbound, url)
  // The connection is asked for by then, and made while the process stands still.
  for (let turn = 0; turn < 20; turn++) await null
  standStill()

  expect(await failure).toBe('timeout, not sent')
  await new Promise(setImmediate)
  expect(Atomics.load(flags, ASKED)).toBe(0)
})

it('gives up in time when no answer comes', async () => {
  const startedAt = performance.now()

  expect(await failureOf(outbound, url)).toBe('timeout, sent')
  expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + 200)
})
