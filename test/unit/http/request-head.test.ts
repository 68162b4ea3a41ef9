import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { guardRequestHead } from '../../../src/http/request-head.ts'
import { createLog } from '../../../src/shared/log.ts'
import { sendRaw } from '../../support/raw-http.ts'

let server: Server
let seen: string[]
let lines: string[]

beforeEach(async () => {
  seen = []
  lines = []
  const log = createLog('info', { write: (line) => void lines.push(line) })
  const guarded = guardRequestHead(
    (req, res) => {
      seen.push(`${req.method} ${req.url}`)
      res.end('reached')
    },
    { log },
  )
  server = createServer({ requireHostHeader: false }, guarded).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

const send = (target: string, lines: readonly string[] = ['Host: x'], method = 'GET') => {
  const { port } = server.address() as AddressInfo
  const head = [`${method} ${target} HTTP/1.1`, ...lines, 'Connection: close'].join('\r\n')
  return sendRaw(`http://127.0.0.1:${port}`, `${head}\r\n\r\n`)
}

it.each([
  ['/', '/'],
  ['/a?b=%', '/a?b=%'],
  ['//a/b', '//a/b'],
  ['/[/a', '/[/a'],
  ['http://x/a?b=c', '/a?b=c'],
  ['HTTPS://x:8443/a', '/a'],
  ['http://x', '/'],
  ['http://x?b=c', '/?b=c'],
  ['http://x/a/../b', '/a/../b'],
])('hands on %s as %s', async (target, url) => {
  expect((await send(target)).body).toContain('reached')
  expect(seen).toEqual([`GET ${url}`])
})

it('hands on a question about the server as a whole', async () => {
  await send('*', ['Host: x'], 'OPTIONS')

  expect(seen).toEqual(['OPTIONS *'])
})

it.each(['http://[/a', 'http://a:99999/b', '*', 'ftp://x/a'])(
  'refuses the target %s',
  async (target) => {
    const answer = await send(target)

    expect(seen).toEqual([])
    expect(answer.status).toBe(400)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
  },
)

it.each([
  ['two hosts', ['Host: x', 'Host: x'], 'host is given more than once'],
  ['no host', [], 'host is missing'],
  ['two keys', ['Host: x', 'Authorization: a', 'authorization: b'], 'authorization is given'],
  ['two types', ['Host: x', 'Content-Type: a', 'Content-Type: b'], 'content-type is given'],
])('refuses a request with %s, and says why', async (_, head, detail) => {
  const answer = await send('/', head)

  expect(seen).toEqual([])
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const body = JSON.parse(answer.body)
  expect(body).toMatchObject({ code: 'malformed_request', status: 400 })
  expect(body.detail).toContain(detail)
  expect(body.trace_id).toBe(answer.headers.get('x-trace-id'))
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { event: 'request_refused', code: 'malformed_request', traceId: body.trace_id },
  ])
})

it.each(['h2c', 'websocket'])('answers who asks for an upgrade to %s, and lets go', async (to) => {
  const { port } = server.address() as AddressInfo
  const upgrade = `GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${to}\r\n\r\n`
  const answer = await sendRaw(`http://127.0.0.1:${port}`, upgrade)

  expect(answer.body).toContain('reached')
  expect(answer.headers.get('connection')).toBe('close')
})

it('does not ask HTTP/1.0 for a host', async () => {
  const { port } = server.address() as AddressInfo
  const answer = await sendRaw(`http://127.0.0.1:${port}`, 'GET /a HTTP/1.0\r\n\r\n')

  expect(answer.body).toContain('reached')
})
