import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { type ProductServer, startProductServer } from '../../support/product-server.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

let product: ProductServer
let rig: Rig
let id: string

beforeAll(async () => {
  product = await startProductServer()
  const products = [
    { name: 'kme', path_prefixes: ['/kcs/v1/kme'] },
    { name: 'test', path_prefixes: ['/test'], base_url: product.url },
  ]
  rig = await startRig({
    program: { fields: { products } },
    env: { KNOXGATE_KNOX_TOKEN_REJECTED_INTERVAL: '60s' },
  })
}, 60_000)
afterAll(async () => {
  await rig?.close()
  await product?.close()
})

let tenants = 0
beforeEach(async () => {
  // A connection for each test: how often a token may be replaced is counted by connection.
  id = await rig.connect(`tenant-${++tenants}`)
  await rig.token(id)
  product.clear()
  rig.sandbox.clearRecord()
})

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${rig.stack.url}/v1/connections/${id}/knox${path}`, {
    ...init,
    headers: { authorization: `Bearer ${rig.stack.apiKey()}` },
  })

/** What came to each of Samsung's sides, in order. */
const came = () => rig.sandbox.record().requests.map(({ on, code }) => [on, code ?? 'ok'])
const exchanges = () => came().filter(([on]) => on === 'ams').length
/** Fingerprint-free: which of the calls came with the same credential. */
const credentials = () =>
  product.seen.map(({ rawHeaders }) => rawHeaders[rawHeaders.indexOf('x-knox-apitoken') + 1])

/** Refuses the first `times` calls. */
const refuse = (times: number, status: number, body: unknown) => {
  let left = times
  product.answer((req, res) => {
    req.resume()
    left -= 1
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    if (left >= 0) res.writeHead(status, { 'content-type': 'application/json' }).end(text)
    else res.end('{}')
  })
}

describe('a credential that Samsung refused', () => {
  it('in mid-life is replaced, and the call made once more', async () => {
    rig.sandbox.control({ expireKcsTokens: true })
    const answer = await ask('/kcs/v1/kme/profiles/list?pageNum=0&pageSize=1')

    expect(answer.status).toBe(200)
    expect(came()).toEqual([
      ['kme', '4032251'],
      ['ams', 'ok'],
      ['kme', 'ok'],
    ])
  })

  it.each([
    ['a number', 403, { code: 4032251 }],
    ['a text', 403, { code: '4032252' }],
    ['an array', 403, { code: [4030000] }],
    ['what the MSP page says', 403, { code: '403225' }],
    ['the shape of Knox Guard', 403, { result: 'FAIL', error: { code: '4032251' } }],
    ['a jti that was used', 400, { code: 4002250 }],
    ['a 401 without a code', 401, 'no'],
  ])('is known by %s', async (_what, status, body) => {
    refuse(1, status, body)
    const answer = await ask('/test/x', { method: 'POST', body: 'hello' })

    expect(answer.status).toBe(200)
    expect(await Promise.all(product.seen.map((one) => one.body))).toEqual([5, 5])
    expect(new Set(credentials()).size).toBe(2)
    expect(exchanges()).toBe(1)
  })

  it('twice is not tried a third time', async () => {
    refuse(9, 403, { code: 4032251 })
    const answer = await ask('/test/x')

    expect(answer.status).toBe(403)
    expect(await answer.json()).toEqual({ code: 4032251 })
    expect(answer.headers.has('x-knoxgate-error')).toBe(false)
    expect(product.seen).toHaveLength(2)
  })

  it('again and again is renewed once a minute, however many ask', async () => {
    refuse(999, 401, '')
    const first = await ask('/test/x')
    const others = await Promise.all(Array.from({ length: 50 }, () => ask('/test/x')))

    expect(new Set([first, ...others].map(({ status }) => status))).toEqual(new Set([401]))
    expect(exchanges()).toBe(1)
  })

  it('is replaced once for all who come at the same time', async () => {
    rig.sandbox.control({ expireKcsTokens: true })
    const path = '/kcs/v1/kme/profiles/list?pageNum=0&pageSize=1'
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(path)))

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(exchanges()).toBe(1)
  })

  it.each([
    [401, { code: 4010000 }],
    [403, { code: 40300000 }],
    [403, { code: 4030100 }],
    [403, ''],
    [404, { code: 4032251 }],
    [500, { code: 4032251 }],
  ])('is not what %d %j means', async (status, body) => {
    refuse(1, status, body)

    expect((await ask('/test/x')).status).toBe(status)
    expect([product.seen.length, exchanges()]).toEqual([1, 0])
  })
})

describe('a refused call that was too large to be kept', () => {
  it.each([
    [262_144, 200, null, 2],
    [262_145, 403, 'true', 1],
  ])('of %d bytes is %d, retryable: %s', async (size, status, retryable, calls) => {
    refuse(1, 403, { code: 4032251 })
    const answer = await ask('/test/x', { method: 'POST', body: Buffer.alloc(size) })

    expect([answer.status, answer.headers.get('x-knoxgate-retryable')]).toEqual([status, retryable])
    expect(product.seen).toHaveLength(calls)
    expect((await ask('/test/x')).status).toBe(200)
    expect(exchanges()).toBe(1)
  })
})

it('a refusal is read for its code up to 64 KiB, and passed on whole when it is longer', async () => {
  const body = (size: number) => `{"code":4032251,"data":"${'x'.repeat(size - 26)}"}`
  refuse(1, 403, body(65_537))
  const long = await ask('/test/x')
  expect([long.status, (await long.text()).length]).toEqual([403, 65_537])

  refuse(1, 403, body(65_536))
  expect((await ask('/test/x')).status).toBe(200)
})
