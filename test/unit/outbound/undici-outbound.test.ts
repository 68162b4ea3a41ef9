import { afterEach, describe, expect, it } from '@jest/globals'
import type { ResponseFact } from '../../../src/outbound/exchange.ts'
import type { Outbound } from '../../../src/outbound/outbound.ts'
import { createOutbound } from '../../../src/outbound/undici-outbound.ts'
import { failureOf, serve, type TestServer } from './servers.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

const keep = <T extends { close(): Promise<void> }>(one: T): T => {
  opened.push(one)
  return one
}

const LIMIT = 1000

/** An outbound to some servers, whose clock goes on by one second at each look. */
function outboundTo(servers: readonly TestServer[], facts: ResponseFact[] = []): Outbound {
  let now = 1_760_000_000_000
  return keep(
    createOutbound({
      allowedOrigins: servers.map(({ origin }) => origin),
      timeoutMs: 5000,
      responseLimitBytes: LIMIT,
      clock: () => {
        now += 1000
        return now
      },
      onResponse: (fact) => facts.push(fact),
    }),
  )
}

describe('a request', () => {
  it('goes out as given, without asking for compression', async () => {
    const seen: unknown[] = []
    const server = keep(
      await serve((req, res) => {
        const { method, url, headers } = req
        let body = ''
        req.setEncoding('utf8').on('data', (text) => {
          body += text
        })
        req.on('end', () => {
          seen.push({ method, url, body, 'x-test': headers['x-test'] })
          seen.push([headers['accept-encoding'], headers['user-agent'], headers.authorization])
          res.end('ok')
        })
      }),
    )

    await outboundTo([server]).request({
      method: 'POST',
      url: `${server.origin}/token?a=1`,
      headers: { 'x-test': 'yes', 'accept-encoding': 'gzip' },
      body: 'grant_type=ü',
    })

    expect(seen).toEqual([
      { method: 'POST', url: '/token?a=1', body: 'grant_type=ü', 'x-test': 'yes' },
      ['identity', 'knoxgate', undefined],
    ])
  })

  it('brings back status, lower-case headers, text, and when it left and arrived', async () => {
    const server = keep(
      await serve((_req, res) => {
        res.writeHead(418, { 'X-Odd': ['1', '2'], 'Content-Type': 'text/plain' }).end('\uFEFFtée')
      }),
    )

    const response = await outboundTo([server]).request({
      method: 'GET',
      url: server.origin,
      headers: {},
    })

    expect(response).toMatchObject({
      status: 418,
      body: 'tée',
      requestedAt: 1_760_000_001_000,
      receivedAt: 1_760_000_003_000,
    })
    expect(response.headers.get('x-odd')).toBe('1, 2')
    expect(response.headers.get('content-type')).toBe('text/plain')
  })

  it('tells about the head of every answer', async () => {
    const date = 'Sun, 06 Nov 1994 08:49:37 GMT'
    const server = keep(
      await serve((req, res) => {
        res.sendDate = false
        if (req.url === '/dated') res.setHeader('date', date)
        if (req.url === '/kept') res.setHeader('age', '0')
        res.writeHead(req.url === '/moved' ? 302 : 200).end()
      }),
    )
    const facts: ResponseFact[] = []
    const outbound = outboundTo([server], facts)

    for (const path of ['/dated', '/undated', '/moved', '/kept']) {
      await failureOf(outbound, server.origin + path)
    }

    const host = new URL(server.origin).host
    const plain = { host, status: 200, cached: false }
    expect(facts).toEqual([
      {
        host,
        status: 200,
        cached: false,
        dateHeader: date,
        requestedAt: 1_760_000_001_000,
        receivedAt: 1_760_000_002_000,
      },
      { ...plain, requestedAt: 1_760_000_004_000, receivedAt: 1_760_000_005_000 },
      { ...plain, status: 302, requestedAt: 1_760_000_007_000, receivedAt: 1_760_000_008_000 },
      { ...plain, cached: true, requestedAt: 1_760_000_009_000, receivedAt: 1_760_000_010_000 },
    ])
  })

  it('waits for the answer behind an informational one', async () => {
    const server = keep(
      await serve((_req, res) => {
        res.writeEarlyHints({ link: '</a>; rel=preload' })
        res.end('real')
      }),
    )
    const facts: ResponseFact[] = []

    expect(await failureOf(outboundTo([server], facts), server.origin)).toBe('answered 200')
    expect(facts).toHaveLength(1)
  })
})

describe('a request that would be two', () => {
  it.each<readonly [string, Record<string, string>]>([
    ['a line in a value', { a: 'b\r\nc: d' }],
    ['a line in a name', { 'a\r\nc': 'd' }],
    ['a zero byte', { a: 'b\u0000' }],
    ['a transfer coding of its own', { 'transfer-encoding': 'chunked' }],
    ['an upgrade', { upgrade: 'h2c' }],
  ])('is not sent, with %s in its headers', async (_what, headers) => {
    let asked = 0
    const server = keep(
      await serve((_req, res) => {
        asked += 1
        res.end()
      }),
    )
    const request = { method: 'POST', url: server.origin, headers, body: 'a' } as const

    await expect(outboundTo([server]).request(request)).rejects.toMatchObject({
      name: 'OutboundError',
      sent: false,
    })
    expect(asked).toBe(0)
  })
})

describe('the allow-list', () => {
  it('lets nothing out to another origin', async () => {
    let asked = 0
    const other = keep(
      await serve((_req, res) => {
        asked += 1
        res.end()
      }),
    )
    const server = keep(await serve((_req, res) => res.end()))
    const outbound = outboundTo([server])
    const { port } = new URL(server.origin)

    for (const url of [
      other.origin,
      `https://127.0.0.1:${port}`,
      `http://localhost:${port}`,
      `http://user@127.0.0.1:${port}`,
      `http://:secret@127.0.0.1:${port}`,
      `http://127.0.0.1:${port}@example.com/`,
      `http://127.0.0.1\u0000.example.com:${port}/`,
      `http://127.0.0.1%00.example.com:${port}/`,
      `http://127.0.0.1.:${port}x/`,
      '/token',
      '',
    ]) {
      expect([url, await failureOf(outbound, url)]).toEqual([url, 'host_not_allowed, not sent'])
    }
    expect(asked).toBe(0)
    expect(await failureOf(outbound, `${server.origin}/anywhere`)).toBe('answered 200')
  })

  it.each([300, 301, 302, 303, 304, 307, 308])('follows no redirect: %i', async (status) => {
    const asked: (string | undefined)[] = []
    const server = keep(
      await serve((req, res) => {
        asked.push(req.url)
        res.writeHead(status, { location: '/elsewhere' }).end()
      }),
    )

    expect(await failureOf(outboundTo([server]), `${server.origin}/a`)).toBe('redirected, sent')
    expect(asked).toEqual(['/a'])
  })
})

describe('the size cap', () => {
  const sized = async (bytes: number, headers: Record<string, string>) =>
    keep(await serve((_req, res) => res.writeHead(200, headers).end('a'.repeat(bytes))))

  it.each([
    ['announced', (bytes: number) => ({ 'content-length': String(bytes) })],
    ['in chunks', () => ({ 'transfer-encoding': 'chunked' })],
  ])('lets a body of exactly the limit in, and no byte more, %s', async (_how, headers) => {
    const full = await sized(LIMIT, headers(LIMIT))
    const over = await sized(LIMIT + 1, headers(LIMIT + 1))
    const outbound = outboundTo([full, over])

    expect(await failureOf(outbound, full.origin)).toBe('answered 200')
    expect(await failureOf(outbound, over.origin)).toBe('too_large, sent')
  })

  it('reads nothing of a body that is announced to be too large', async () => {
    const server = keep(
      await serve((_req, res) =>
        res.writeHead(200, { 'content-length': LIMIT + 1 }).flushHeaders(),
      ),
    )

    expect(await failureOf(outboundTo([server]), server.origin)).toBe('too_large, sent')
  })

  it('stops reading a body of 60 MB near the limit', async () => {
    const server = await (async () => {
      let written = 0
      const chunk = Buffer.alloc(64 * 1024)
      const running = await serve((_req, res) => {
        const push = () => {
          while (written < 60_000_000 && !res.destroyed) {
            written += chunk.length
            if (!res.write(chunk)) return
          }
        }
        res.on('drain', push)
        push()
      })
      return { ...keep(running), written: () => written }
    })()

    expect(await failureOf(outboundTo([server]), server.origin)).toBe('too_large, sent')
    expect(server.written()).toBeLessThan(30_000_000)
  })
})
