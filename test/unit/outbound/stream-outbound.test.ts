import type { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createAddressGuard } from '../../../src/outbound/address-guard.ts'
import { OutboundError } from '../../../src/outbound/outbound.ts'
import { createStreamOutbound } from '../../../src/outbound/stream-outbound.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { serveRaw } from './servers.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

function streamsTo(origin: string, more: Partial<Parameters<typeof createStreamOutbound>[0]> = {}) {
  const options = { allowedOrigins: [origin], connectTimeoutMs: 1000, clock: () => 0 }
  const streams = createStreamOutbound({ ...options, ...more })
  cleanup.add(() => streams.close())
  return streams
}

const REQUEST = {
  method: 'POST',
  path: '/x',
  headers: ['content-length', '2'],
  body: Buffer.from('{}'),
  signal: new AbortController().signal,
}

/** What becomes of an answer of these bytes: its status and body, or why there is none. */
async function outcomeOf(answer: string | ((socket: Socket) => void)): Promise<string> {
  const { origin, close } = await serveRaw((socket) => {
    if (typeof answer === 'string') socket.end(answer, 'latin1')
    else answer(socket)
  })
  cleanup.add(close)
  try {
    const { status, body } = await streamsTo(origin).stream({ ...REQUEST, origin })
    return await buffer(body).then(
      (bytes) => `${status} ${bytes.toString('latin1')}`,
      () => `${status} broken`,
    )
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    return `${error.reason}, ${error.sent ? 'sent' : 'not sent'}`
  }
}

const OK = 'HTTP/1.1 200 OK\r\n'
const EARLY = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'
const SIZED = `${OK}content-length: 2\r\n\r\n{}`

describe('an answer', () => {
  it.each([
    ['a length', SIZED, '200 {}'],
    ['chunks', `${OK}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, '200 {}'],
    ['trailers', `${OK}transfer-encoding: chunked\r\n\r\n0\r\nx: y\r\n\r\n`, '200 '],
    ['no length', `${OK}\r\n{}`, '200 {}'],
    ['no content', 'HTTP/1.1 204 No Content\r\n\r\n', '204 '],
    ['an encoding', `${OK}content-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}`, '200 {}'],
    ['eight informational ones before it', EARLY.repeat(8) + SIZED, '200 {}'],
    ['nine', EARLY.repeat(9) + SIZED, 'unreadable, sent'],
    ['a body that is too short', `${OK}content-length: 3\r\n\r\n{}`, '200 broken'],
    ['a chunk that is cut', `${OK}transfer-encoding: chunked\r\n\r\n9\r\n{}`, '200 broken'],
    ['two lengths', `${OK}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`, 'unreadable, sent'],
    ['a coding of its own', `${OK}transfer-encoding: gzip, chunked\r\n\r\n`, 'unreadable, sent'],
    ['a head that is too long', `${OK}x: ${'y'.repeat(20_000)}\r\n\r\n`, 'unreadable, sent'],
    ['another protocol', 'SSH-2.0-x\r\n\r\n', 'unreadable, sent'],
  ])('with %s', async (_what, bytes, outcome) => {
    expect(await outcomeOf(bytes)).toBe(outcome)
  })

  it('that never comes is none', async () => {
    expect(await outcomeOf((socket) => void socket.destroy())).toBe('unreachable, sent')
  })
})

describe('a request', () => {
  it('to another origin is not made', async () => {
    const streams = streamsTo('http://127.0.0.1:1')

    await expect(
      streams.stream({ ...REQUEST, origin: 'http://127.0.0.1:2' }),
    ).rejects.toMatchObject({ reason: 'host_not_allowed', sent: false })
  })

  it('to an address that may not be reached is not made', async () => {
    const origin = 'http://127.0.0.1:1'
    const guard = createAddressGuard({ mayReach: () => false, onRefused: () => {} })
    const named = 'http://named.test:1'
    const streams = streamsTo(origin, {
      allowedOrigins: [origin, named],
      guard: { ...guard, admits: (host) => host !== '127.0.0.1' },
    })

    await expect(streams.stream({ ...REQUEST, origin })).rejects.toMatchObject({
      reason: 'address_not_allowed',
      sent: false,
    })
  })

  it('that cannot connect was not sent', async () => {
    const { origin, close } = await serveRaw(() => {})
    await close()

    await expect(streamsTo(origin).stream({ ...REQUEST, origin })).rejects.toMatchObject({
      reason: 'unreachable',
      sent: false,
    })
  })

  it('is over when its signal says so, its answer included', async () => {
    const { origin, close } = await serveRaw((socket) => {
      socket.write(`${OK}content-length: 9\r\n\r\n{`)
    })
    cleanup.add(close)
    const ending = new AbortController()
    const streams = streamsTo(origin)
    const { body } = await streams.stream({ ...REQUEST, origin, signal: ending.signal })
    ending.abort()

    await expect(buffer(body)).rejects.toThrow()
    await expect(
      streams.stream({ ...REQUEST, origin, signal: ending.signal }),
    ).rejects.toMatchObject({ reason: 'timeout', sent: false })
  })
})
