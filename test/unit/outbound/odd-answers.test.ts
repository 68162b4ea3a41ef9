import { createServer, type Socket } from 'node:net'
import tls, { createServer as createTlsServer } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Outbound } from '../../../src/outbound/outbound.ts'
import { createOutbound } from '../../../src/outbound/undici-outbound.ts'
import { createCertificateAuthority } from '../../support/certificate-authority.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { failureOf, listen, serveRaw } from './servers.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

function outboundTo(origin: string): Outbound {
  const options = { timeoutMs: 5000, responseLimitBytes: 1000, clock: () => 0 }
  const outbound = createOutbound({ ...options, allowedOrigins: [origin] })
  cleanup.add(() => outbound.close())
  return outbound
}

/** How a POST ends that is answered with these bytes, or by this. */
async function outcomeOf(answer: string | ((socket: Socket) => void)): Promise<string> {
  const { origin, close } = await serveRaw((socket) => {
    if (typeof answer === 'string') socket.end(answer, 'latin1')
    else answer(socket)
  })
  cleanup.add(close)
  return failureOf(outboundTo(origin), origin)
}

const OK = 'HTTP/1.1 200 OK\r\n'
const SIZED = 'content-length: 2\r\n\r\n{}'
const CHUNKED = '2\r\n{}\r\n0\r\n\r\n'
const UNREADABLE = 'unreadable, sent'

describe('an answer is not read whose length has two meanings', () => {
  it.each([
    ['a length and chunks', `content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n${CHUNKED}`],
    ['chunks and a length', `transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n${CHUNKED}`],
    ['one length twice', 'content-length: 2\r\ncontent-length: 2\r\n\r\n{}'],
    ['a list of lengths', 'content-length: 2, 2\r\n\r\n{}'],
    ['a length with a sign', 'content-length: +2\r\n\r\n{}'],
    ['a length below zero', 'content-length: -2\r\n\r\n{}'],
    ['a length in hex', 'content-length: 0x2\r\n\r\n{}'],
    ['a length beyond numbers', `content-length: ${'9'.repeat(30)}\r\n\r\n{}`],
    ['a blank before the colon', 'content-length : 2\r\n\r\n{}'],
    ['a chunk beyond numbers', `transfer-encoding: chunked\r\n\r\n${'f'.repeat(17)}\r\n{}\r\n`],
    ['a folded header', `x: a\r\n b\r\n${SIZED}`],
    ['a zero byte in a header', `x: a\u0000b\r\n${SIZED}`],
    ['gzip, then chunks', `transfer-encoding: gzip, chunked\r\n\r\n${CHUNKED}`],
    ['gzip until the end', 'transfer-encoding: gzip\r\n\r\n{}'],
    ['chunks of chunks', `transfer-encoding: chunked, chunked\r\n\r\n${CHUNKED}`],
    ['chunks, said twice', `${'transfer-encoding: chunked\r\n'.repeat(2)}\r\n${CHUNKED}`],
    ['what is almost chunks', 'transfer-encoding: xchunked\r\n\r\n{}'],
    ['an encoding hidden behind identity', `content-encoding: identity, gzip\r\n${SIZED}`],
    ['a hundred encodings', `content-encoding: ${Array(100).fill('gzip')}\r\n${SIZED}`],
  ])('%s', async (_what, rest) => {
    expect(await outcomeOf(OK + rest)).toBe(UNREADABLE)
  })

  it('lines that end in a line feed only', async () => {
    expect(await outcomeOf('HTTP/1.1 200 OK\ncontent-length: 2\n\n{}')).toBe(UNREADABLE)
  })

  it('and one that has a single meaning is', async () => {
    expect(await outcomeOf(OK + SIZED)).toBe('answered 200')
    expect(await outcomeOf(`${OK}Transfer-Encoding: Chunked\r\n\r\n${CHUNKED}`)).toBe(
      'answered 200',
    )
  })
})

describe('around an answer', () => {
  const HINT = 'HTTP/1.1 103 Early Hints\r\n\r\n'
  const trailed = (trailers: string) =>
    `${OK}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n${trailers}\r\n`

  it('eight informational ones are passed over, and the ninth is too many', async () => {
    expect(await outcomeOf(HINT.repeat(8) + OK + SIZED)).toBe('answered 200')
    expect(await outcomeOf(HINT.repeat(9) + OK + SIZED)).toBe(UNREADABLE)
  })

  it('informational ones without end are given up at once', async () => {
    let written = 0
    const outcome = await outcomeOf((socket) => {
      const push = () => {
        while (!socket.destroyed) {
          written += HINT.length * 1000
          if (!socket.write(HINT.repeat(1000))) return
        }
      }
      socket.on('drain', push)
      push()
    })

    expect(outcome).toBe(UNREADABLE)
    expect(written).toBeLessThan(20_000_000)
  })

  it('a head of 16 KiB is the limit, however many headers share it', async () => {
    const headers = (count: number) => OK + 'a: b\r\n'.repeat(count) + SIZED

    expect(await outcomeOf(headers(2000))).toBe('answered 200')
    expect(await outcomeOf(headers(9000))).toBe(UNREADABLE)
  })

  it('trailers are passed over, and are part of that limit', async () => {
    expect(await outcomeOf(trailed('x: y\r\n'))).toBe('answered 200')
    expect(await outcomeOf(trailed(`x: ${'y'.repeat(17_000)}\r\n`))).toBe(UNREADABLE)
    expect(await outcomeOf(trailed('a: b\r\n'.repeat(9000)))).toBe(UNREADABLE)
  })

  it('nothing is switched to another protocol', async () => {
    const upgrade =
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n{}'

    expect(await outcomeOf(upgrade)).toMatch(/, sent$/)
  })
})

const answer = (body: string) => `${OK}content-length: ${body.length}\r\n\r\n${body}`

describe.each(['http', 'https'])('what comes on an idle connection, %s,', (scheme) => {
  const usual = tls.getCACertificates('default')
  const authority = createCertificateAuthority('test')
  const certificate = authority.issue('IP:127.0.0.1')
  beforeAll(() => tls.setDefaultCACertificates([...usual, authority.cert]))
  afterAll(() => {
    tls.setDefaultCACertificates(usual)
    authority.remove()
  })

  /** A server whose first connection can be written to at any time. */
  async function server() {
    const connections: Socket[] = []
    let requests = 0
    const serve = (socket: Socket) => {
      connections.push(socket)
      socket.on('error', () => {})
      socket.on('data', () => {
        requests += 1
        socket.write(answer(requests === 1 ? 'first' : 'second'))
      })
    }
    const listener = scheme === 'http' ? createServer(serve) : createTlsServer(certificate, serve)
    const { origin, close } = await listen(listener, scheme)
    cleanup.add(close)
    const plant = (text: string) =>
      new Promise((resolve) => connections[0]?.write(text, () => resolve(null)))
    return { origin, plant, requests: () => requests }
  }

  it.each([
    ['an answer', answer('planted')],
    ['two answers', answer('planted') + answer('planted')],
    ['the beginning of an answer', 'HTTP/1.1 200 OK\r\ncontent-length: 7\r\nx: '],
    ['an informational answer', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    [
      'a redirect',
      'HTTP/1.1 302 Found\r\nlocation: http://evil.test/\r\ncontent-length: 0\r\n\r\n',
    ],
    ['no HTTP', 'planted'],
  ])('reaches no later request: %s', async (_what, planted) => {
    const { origin, plant, requests } = await server()
    const outbound = outboundTo(origin)
    const ask = () => outbound.request({ method: 'GET', url: origin, headers: {} })

    expect((await ask()).body).toBe('first')
    await plant(planted)

    expect((await ask()).body).toBe('second')
    expect(requests()).toBe(2)
  })
})

it('takes nothing beyond the announced length for the next answer', async () => {
  let requests = 0
  const { origin, close } = await serveRaw((socket) => {
    requests += 1
    if (requests === 1) socket.write(`${OK}content-length: 5\r\n\r\nfirst${answer('planted')}`)
    else socket.write(answer('second'))
  })
  cleanup.add(close)
  const outbound = outboundTo(origin)
  const ask = () => outbound.request({ method: 'GET', url: origin, headers: {} })

  expect([(await ask()).body, (await ask()).body]).toEqual(['first', 'second'])
})
