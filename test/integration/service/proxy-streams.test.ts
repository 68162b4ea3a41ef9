import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { type ProductServer, startProductServer } from '../../support/product-server.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

const MIB = 1_048_576
const CHUNK = Buffer.alloc(MIB / 4, 'x')
/** What is held of a stream at any time, and what a busy process grows by anyway. */
const MOST_GROWTH = 64 * MIB

let product: ProductServer
let rig: Rig
let id: string

beforeAll(async () => {
  product = await startProductServer()
  const products = [{ name: 'test', path_prefixes: ['/test'], base_url: product.url }]
  rig = await startRig({
    program: { fields: { products } },
    env: { KNOXGATE_PROXY_REQUEST_LIMIT: '300mb' },
  })
  id = await rig.connect('tenant-1')
  // The first of everything takes memory that stays.
  product.answer((req, res) => void req.resume().once('end', () => send(res, 16)))
  await move('PUT', 16)
}, 60_000)
afterAll(async () => {
  await rig?.close()
  await product?.close()
})
beforeEach(() => product.clear())

/** Writes so many MiB as fast as they are taken. */
async function send(to: NodeJS.WritableStream, mebibytes: number): Promise<void> {
  for (let sent = 0; sent < mebibytes * MIB; sent += CHUNK.length)
    if (!to.write(CHUNK)) await once(to, 'drain')
  to.end()
}

/** Makes a call with a body of so many MiB; how many bytes came back. */
async function move(method: string, mebibytes: number): Promise<number> {
  const req = request(`${rig.stack.url}/v1/connections/${id}/knox/test/x`, {
    method,
    headers: { authorization: `Bearer ${rig.stack.apiKey()}` },
  })
  const answered = once(req, 'response')
  await send(req, mebibytes)
  const [res] = await answered
  let size = 0
  for await (const chunk of res) size += chunk.length
  expect(res.statusCode).toBe(200)
  return size
}

async function residentBytes(): Promise<number> {
  const url = `${rig.stack.services[0]?.adminUrl}/metrics`
  const headers = { authorization: `Bearer ${rig.stack.adminToken}` }
  const text = await (await fetch(url, { headers })).text()
  return Number(/^knoxgate_process_resident_memory_bytes (\S+)$/m.exec(text)?.[1])
}

/** By how much memory grows, at most, while something is done. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  const before = await residentBytes()
  let most = before
  let looking = Promise.resolve()
  const timer = setInterval(() => {
    looking = looking.then(async () => {
      most = Math.max(most, await residentBytes())
    })
  }, 100)
  await work().finally(() => clearInterval(timer))
  await looking
  return most - before
}

it('a download of 256 MiB takes no memory that grows with it', async () => {
  product.answer((_req, res) => void send(res, 256))
  const growth = await growthDuring(async () => {
    expect(await move('GET', 0)).toBe(256 * MIB)
  })

  expect(growth).toBeLessThan(MOST_GROWTH)
}, 60_000)

it('an upload of 256 MiB takes no memory that grows with it', async () => {
  product.answer((req, res) => void req.once('end', () => res.end('{}')))
  const growth = await growthDuring(async () => {
    expect(await move('POST', 256)).toBe(2)
  })

  expect(await product.seen[0]?.body).toBe(256 * MIB)
  expect(growth).toBeLessThan(MOST_GROWTH)
}, 60_000)

it('an upload that nobody reads is held back, and ends when nothing moves', async () => {
  const { service } = await rig.another({ KNOXGATE_PROXY_TIMEOUT: '1s' })
  product.answer((req) => void req.pause())
  const req = request(`${service.url}/v1/connections/${id}/knox/test/x`, {
    method: 'POST',
    headers: { authorization: `Bearer ${rig.stack.apiKey()}` },
  })
  req.on('error', () => {})
  const answered = once(req, 'response')
  let taken = 0
  const writing = setInterval(() => {
    while (req.writable && !req.writableNeedDrain && taken < 64 * MIB) {
      req.write(CHUNK)
      taken += CHUNK.length
    }
  }, 5)
  const [res] = await answered.finally(() => clearInterval(writing))

  expect(res.statusCode).toBe(504)
  expect(taken).toBeLessThan(64 * MIB)
  req.destroy()
}, 30_000)
