import { Agent, request as rawRequest } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createCall } from '../../../scripts/stack/portal-client.ts'
import { eventually } from '../../support/eventually.ts'
import { type ProductServer, startProductServer } from '../../support/product-server.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

let product: ProductServer
let rig: Rig
let id: string

beforeAll(async () => {
  product = await startProductServer()
  const products = [
    { name: 'kme', path_prefixes: ['/kcs/v1/kme'] },
    { name: 'test', path_prefixes: ['/test/v1'], base_url: product.url },
  ]
  rig = await startRig({
    program: { fields: { products } },
    env: { KNOXGATE_PROXY_TIMEOUT: '2s', KNOXGATE_PROXY_RESPONSE_LIMIT: '1mb' },
  })
  id = await rig.connect('tenant-1')
}, 60_000)
afterAll(async () => {
  await rig?.close()
  await product?.close()
})
beforeEach(() => {
  product.clear()
  rig.sandbox.clearRecord()
})

const knox = (path: string) => `${rig.stack.url}/v1/connections/${id}/knox${path}`
const ask = (path: string, init: RequestInit = {}, apiKey = rig.stack.apiKey()) =>
  fetch(knox(path), { ...init, headers: { ...init.headers, authorization: `Bearer ${apiKey}` } })
const headersOf = (raw: readonly string[] = []) =>
  new Headers(raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? '']] : [])) as [])

const newKey = async (proxy: object) => {
  const admin = createCall(rig.stack.services[0]?.adminUrl ?? '', rig.stack.adminToken)
  const fields = { scopes: ['proxy'], proxy }
  const { body } = await admin('POST', '/admin/v1/portals/acme-console/keys', fields)
  return String(body.api_key)
}

describe('a call of a product', () => {
  it('is answered by Samsung, with a credential that the caller never sees', async () => {
    const answer = await ask('/kcs/v1/kme/profiles/list?pageNum=0&pageSize=1')

    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ profileList: expect.any(Array) })
    expect(answer.headers.has('x-knoxgate-error')).toBe(false)
  })

  it('goes out as it came, but for who sends it', async () => {
    const answer = await ask('/test/v1/a%20b/c?x=1&y=%2f', {
      method: 'PUT',
      body: '{"a":1}',
      headers: {
        'content-type': 'application/json',
        cookie: 'a=b',
        'x-knox-apitoken': 'mine',
        'x-wsm-managed-tenantid': 'other',
        'x-forwarded-for': '10.0.0.1',
        x_forwarded_for: '10.0.0.1',
        'x-own': 'kept',
      },
    })
    const [seen] = product.seen
    const headers = headersOf(seen?.rawHeaders)

    expect(answer.status).toBe(200)
    expect([seen?.method, seen?.url]).toEqual(['PUT', '/test/v1/a%20b/c?x=1&y=%2f'])
    expect(await seen?.body).toBe(7)
    expect(headers.get('x-own')).toBe('kept')
    expect(headers.get('x-knox-apitoken')).toMatch(/^eyJ/)
    expect(headers.get('host')).toBe(new URL(product.url).host)
    for (const name of ['authorization', 'cookie', 'x-wsm-managed-tenantid', 'x-forwarded-for'])
      expect(headers.has(name)).toBe(false)
    expect(headers.has('x_forwarded_for')).toBe(false)
  })

  it('brings back what Samsung says, but for what is about another origin', async () => {
    product.answer((_req, res) => {
      res.writeHead(429, {
        'Retry-After': '7',
        'Content-Type': 'text/html',
        'Set-Cookie': 'a=b',
        'X-Knox-Inner': 'x',
        'X-Knoxgate-Error': 'forged',
        Connection: 'close, X-Hop',
        'X-Hop': '1',
        'X-Samsung': 'kept',
      })
      res.end('<p>slow down')
    })
    const answer = await ask('/test/v1/x')

    expect(answer.status).toBe(429)
    expect(answer.headers.get('retry-after')).toBe('7')
    expect(answer.headers.get('x-samsung')).toBe('kept')
    expect(await answer.text()).toBe('<p>slow down')
    for (const name of ['set-cookie', 'x-knox-inner', 'x-knoxgate-error', 'x-hop'])
      expect(answer.headers.has(name)).toBe(false)
  })

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])('may be a %s', async (method) => {
    product.answer((_req, res) => void res.writeHead(204).end())

    expect((await ask('/test/v1/x', { method })).status).toBe(204)
    expect(product.seen.map((one) => one.method)).toEqual([method])
  })

  it('may bring a redirect, which nobody follows', async () => {
    product.answer((_req, res) => void res.writeHead(302, { location: 'http://x.test/' }).end())
    const answer = await ask('/test/v1/x', { redirect: 'manual' })

    expect([answer.status, answer.headers.get('location')]).toEqual([302, 'http://x.test/'])
    expect(product.seen).toHaveLength(1)
  })

  it('needs the scope', async () => {
    const admin = createCall(rig.stack.services[0]?.adminUrl ?? '', rig.stack.adminToken)
    const made = await admin('POST', '/admin/v1/portals/acme-console/keys', { scopes: ['tokens'] })
    const answer = await ask('/test/v1/x', {}, String(made.body.api_key))

    expect(answer.headers.get('x-knoxgate-error')).toBe('insufficient_scope')
    expect(product.seen).toEqual([])
  })

  it('leads to no connection of somebody else', async () => {
    const url = knox('/test/v1/x').replace(id, `conn_${'0'.repeat(32)}`)
    const answer = await fetch(url, { headers: { authorization: `Bearer ${rig.stack.apiKey()}` } })

    expect([answer.status, answer.headers.get('x-knoxgate-error')]).toEqual([404, 'not_found'])
  })
})

describe('a path that the table does not have', () => {
  it.each(['/ams/v1/users/customer/accesstokenOAuth2', '/kcs/v1/rp/devices', '/testing/v1'])(
    'leads nowhere, and no token is made for it: %s',
    async (path) => {
      const answer = await ask(path, { method: 'POST' })

      expect(answer.status).toBe(403)
      expect(await answer.json()).toMatchObject({ code: 'path_not_allowed', connection_id: id })
      expect([product.seen, rig.sandbox.record().requests]).toEqual([[], []])
    },
  )
})

describe('a key with restrictions', () => {
  it.each([
    [{ products: ['test'] }, 'GET', '/kcs/v1/kme/profiles/list', 403],
    [{ products: ['test'] }, 'GET', '/test/v1/x', 200],
    [{ methods: ['GET'] }, 'POST', '/test/v1/x', 403],
    [{ methods: ['GET'] }, 'HEAD', '/test/v1/x', 200],
    [{ path_prefixes: ['/test/v1/a/'] }, 'GET', '/test/v1/ab', 403],
    [{ path_prefixes: ['/test/v1/a/'] }, 'GET', '/test/v1/a/b', 200],
  ] as const)('%j: %s %s is %d', async (limits, method, path, status) => {
    const answer = await ask(path, { method }, await newKey(limits))

    expect(answer.status).toBe(status)
    expect(product.seen).toHaveLength(status === 200 ? 1 : 0)
  })
})

describe('an answer that is none', () => {
  it('is 504 when it does not come in time', async () => {
    product.answer(() => {})
    const answer = await ask('/test/v1/x', { method: 'POST', body: 'x' })

    expect(answer.status).toBe(504)
    expect(await answer.json()).toMatchObject({ code: 'upstream_timeout', owner: 'samsung' })
  })

  it('is 502 when the connection is cut, and says that the call may have been made', async () => {
    product.answer((req) => void req.socket.destroy())
    const answer = await ask('/test/v1/x', { method: 'POST', body: 'x' })

    expect(answer.status).toBe(502)
    expect(await answer.json()).toMatchObject({
      code: 'upstream_unreachable',
      detail: 'the call may have been carried out',
    })
  })

  it('is 502 when it says that it is larger than the limit', async () => {
    product.answer((_req, res) => void res.writeHead(200, { 'content-length': 1_048_577 }).end())

    expect((await ask('/test/v1/x')).status).toBe(502)
  })

  it.each([
    ['larger than the limit', { 'x-a': 'b' }, 1_048_577],
    ['shorter than it said', { 'content-length': '20' }, 10],
  ])('breaks off when it is %s', async (_what, headers, size) => {
    product.answer((_req, res) => {
      res.writeHead(200, headers)
      res.write(Buffer.alloc(size), () => res.socket?.destroy())
    })
    const answer = await ask('/test/v1/x')

    expect(answer.status).toBe(200)
    await expect(answer.arrayBuffer()).rejects.toThrow()
  })

  it('ends the call upstream when the client leaves', async () => {
    let left = 0
    product.answer((_req, res) => {
      res.writeHead(200)
      res.write('x')
      res.once('close', () => {
        left = performance.now()
      })
    })
    const leaving = new AbortController()
    const answer = await ask('/test/v1/x', { signal: leaving.signal })
    const at = performance.now()
    leaving.abort()
    await answer.text().catch(() => {})

    await eventually(() => left > 0)
    expect(left - at).toBeLessThan(1000)
  })
})

it('a request that is larger than the limit is 413, announced or not', async () => {
  const { service } = await rig.another({ KNOXGATE_PROXY_REQUEST_LIMIT: '300kb' })
  const url = knox('/test/v1/x').replace(rig.stack.url, service.url)
  const send = (size: number, headers: Readonly<Record<string, string>>) =>
    new Promise<number>((resolve, reject) => {
      const authorization = `Bearer ${rig.stack.apiKey()}`
      const req = rawRequest(url, { method: 'POST', headers: { authorization, ...headers } })
      req.once('response', (res) => resolve(res.resume().statusCode ?? 0))
      req.once('error', reject)
      req.end(Buffer.alloc(size))
    })

  const statuses: unknown[] = []
  for (const framing of ['content-length', 'transfer-encoding'])
    for (const size of [307_200, 307_201])
      statuses.push(
        await send(size, {
          [framing]: framing === 'content-length' ? String(size) : 'chunked',
        }).catch(String),
      )
  expect(statuses).toEqual([200, 413, 200, 413])
})

it('an answer that comes before its request is whole leaves the connection in order', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const sockets = new Set<unknown>()
  const send = (size: number) =>
    new Promise<number>((resolve, reject) => {
      const headers = { authorization: `Bearer ${rig.stack.apiKey()}` }
      const req = rawRequest(knox('/test/v1/x'), { method: 'POST', headers, agent })
      req.once('socket', (socket) => sockets.add(socket))
      req.once('response', (res) => {
        res.resume().once('end', () => resolve(res.statusCode ?? 0))
      })
      req.once('error', reject)
      req.end(Buffer.alloc(size))
    })
  const statuses: number[] = []
  for (const size of [4_000_000, 0, 4_000_000, 10]) statuses.push(await send(size))
  agent.destroy()

  expect(statuses).toEqual([200, 200, 200, 200])
  expect(sockets.size).toBe(1)
})
