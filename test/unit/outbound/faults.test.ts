import { execFile } from 'node:child_process'
import { createServer as createTlsServer } from 'node:https'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createOutbound } from '../../../src/outbound/undici-outbound.ts'
import { makeSelfSigned } from './self-signed.ts'
import { failureOf, listen, serve, serveRaw, type TestServer } from './servers.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

/** How one POST to a server ends. */
async function outcomeAt({ origin }: TestServer, timeoutMs = 5000): Promise<string> {
  const outbound = createOutbound({
    allowedOrigins: [origin],
    timeoutMs,
    responseLimitBytes: 1_000_000,
    clock: () => 0,
  })
  opened.push(outbound)
  return failureOf(outbound, origin)
}

const started = async (server: Promise<TestServer>): Promise<TestServer> => {
  const running = await server
  opened.push(running)
  return running
}

describe('nothing was sent', () => {
  it('when the connection is refused', async () => {
    const server = await listen(createServer())
    await server.close()

    expect(await outcomeAt(server)).toBe('unreachable, not sent')
  })

  it('when the name cannot be resolved', async () => {
    const nowhere = { origin: 'http://knoxgate.invalid', close: async () => {} }

    expect(await outcomeAt(nowhere, 2000)).toMatch(/^(?:unreachable|timeout), not sent$/)
  })

  it('when the certificate is signed by nobody known', async () => {
    let asked = 0
    const tls = createTlsServer(makeSelfSigned(), (_req, res) => {
      asked += 1
      res.end()
    })
    const server = await started(listen(tls, 'https'))

    expect(await outcomeAt(server)).toBe('unreachable, not sent')
    expect(asked).toBe(0)
  })

  it('when the other side does not speak TLS', async () => {
    const { origin, close } = await started(serve((_req, res) => res.end()))
    const secure = { origin: origin.replace('http:', 'https:'), close }

    expect(await outcomeAt(secure)).toBe('unreachable, not sent')
  })

  it('when the TLS handshake hangs until the deadline', async () => {
    const server = await started(
      listen(
        createServer(() => {}),
        'https',
      ),
    )

    expect(await outcomeAt(server, 200)).toBe('timeout, not sent')
  })
})

describe('the request may have arrived', () => {
  it('when the answer never begins', async () => {
    const server = await started(serve(() => {}))

    expect(await outcomeAt(server, 500)).toBe('timeout, sent')
  })

  it('when the answer stops after its head', async () => {
    const server = await started(serve((_req, res) => res.flushHeaders()))

    expect(await outcomeAt(server, 500)).toBe('timeout, sent')
  })

  it('when the answer drips on beyond the deadline', async () => {
    const server = await started(
      serve((_req, res) => {
        const drip = setInterval(() => res.write('.'), 10)
        res.on('close', () => clearInterval(drip))
      }),
    )

    expect(await outcomeAt(server, 500)).toBe('timeout, sent')
  })

  it('when the connection is reset before the answer, and it is not tried again', async () => {
    let requests = 0
    const server = await started(
      serveRaw((socket) => {
        requests += 1
        socket.resetAndDestroy()
      }),
    )

    expect(await outcomeAt(server)).toBe('unreachable, sent')
    expect(requests).toBe(1)
  })

  it.each([
    ['closed before the answer', '', 'unreachable, sent'],
    ['closed in the head', 'HTTP/1.1 200 OK\r\nconten', 'unreachable, sent'],
    ['closed in the body', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{', 'unreachable, sent'],
    [
      'closed in a chunk',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{',
      'unreachable, sent',
    ],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n', 'unreadable, sent'],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
      'unreadable, sent',
    ],
    ['a head of 32 kB', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(32_000)}\r\n\r\n`, 'unreadable, sent'],
  ])('when the answer is %s', async (_what, bytes, outcome) => {
    const server = await started(serveRaw((socket) => socket.end(bytes)))

    expect(await outcomeAt(server)).toBe(outcome)
  })

  it.each(['gzip', 'br', 'x-unknown', 'gzip, gzip, gzip, gzip, gzip, gzip'])(
    'when the answer is encoded: %s',
    async (encoding) => {
      const bomb = gzipSync(Buffer.alloc(60_000_000))
      const server = await started(
        serve((_req, res) => res.writeHead(200, { 'content-encoding': encoding }).end(bomb)),
      )

      expect(await outcomeAt(server)).toBe('unreadable, sent')
    },
  )
})

it('reads an answer that says its encoding is identity', async () => {
  const server = await started(
    serve((_req, res) => res.writeHead(200, { 'content-encoding': 'Identity' }).end('{}')),
  )

  expect(await outcomeAt(server)).toBe('answered 200')
})

it('checks certificates even when the environment of the process says not to', async () => {
  const tls = createTlsServer(makeSelfSigned(), (_req, res) => res.end())
  const { origin } = await started(listen(tls, 'https'))
  const outbound = new URL('../../../src/outbound/undici-outbound.ts', import.meta.url).href
  const script = `
    import { createOutbound } from '${outbound}'
    const url = '${origin}'
    const ask = { method: 'GET', url, headers: {} }
    const options = { timeoutMs: 5000, responseLimitBytes: 9, clock: () => 0 }
    console.log((await fetch(url)).status)
    await createOutbound({ ...options, allowedOrigins: [url] }).request(ask)
      .catch(({ reason, sent }) => console.log(reason, sent))
    process.exit()`
  const env = { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_OPTIONS: '' }

  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { env },
  )

  expect(stdout).toBe('200\nunreachable false\n')
})

it('gives an answer that nobody asked for to no later request', async () => {
  const answer = (body: string) =>
    `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  let requests = 0
  const { origin } = await started(
    serveRaw((socket) => {
      requests += 1
      socket.write(requests === 1 ? answer('first') + answer('planted') : answer('second'))
    }),
  )
  const outbound = createOutbound({
    allowedOrigins: [origin],
    timeoutMs: 5000,
    responseLimitBytes: 100,
    clock: () => 0,
  })
  opened.push(outbound)
  const ask = () => outbound.request({ method: 'GET', url: origin, headers: {} })

  const bodies = [await ask(), await ask()].map(({ body }) => body)

  expect(bodies).toEqual(['first', 'second'])
})
