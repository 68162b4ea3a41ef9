import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { sendRaw } from '../../support/raw-http.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import {
  AMBIGUOUS_FRAMING,
  type Ground,
  hiddenRequest,
  lastRequest,
  MISLEADING_HEADERS,
  ODD_TARGETS,
  PROXY_TARGETS,
  TENANT_HEADERS,
  UNAMBIGUOUS_FRAMING,
} from '../../support/smuggling.ts'

let rig: Rig
let id: string
let ground: Ground

beforeAll(async () => {
  rig = await startRig()
  // It has no Knox token yet: whoever gets as far as a route that needs one is seen by Samsung.
  id = await rig.connect('tenant-1')
  ground = {
    key: `Authorization: Bearer ${rig.stack.apiKey()}`,
    front: '/v1/connections',
    secret: `/v1/connections/${id}/verify`,
  }
})
afterAll(() => rig?.close())
beforeEach(() => rig.sandbox.clearRecord())

const filled = (text: string): string =>
  text
    .replaceAll('{conn}', `/v1/connections/${id}`)
    .replaceAll('{id}', id)
    .replaceAll('{host}', new URL(rig.sandbox.url).host)

/** What Samsung's side has seen. */
const seen = () => rig.sandbox.record().requests

/** The statuses of all answers on a connection, until the service closed it. */
async function statusesOf(...bytes: readonly string[]): Promise<readonly number[]> {
  const { text } = await sendRaw(rig.stack.url, Buffer.from(bytes.join(''), 'latin1'))
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
  return statuses.filter((status) => status >= 200)
}

const request = (method: string, target: string, ...headers: readonly string[]) =>
  `${[`${method} ${target} HTTP/1.1`, 'Host: knoxgate.test', ground.key, ...headers].join('\r\n')}\r\n`
const REFUSED = [400, 403, 404, 405]
const PROXY_REFUSED = [400, 403, 404]
const LAST = 'Connection: close\r\n\r\n'

describe('a request in another one', () => {
  it.each(AMBIGUOUS_FRAMING)('is not carried out behind %s, and gets no answer', async (...row) => {
    const [, bytes] = row
    const statuses = await statusesOf(bytes(ground))

    expect(statuses).toEqual([400])
    expect(seen()).toEqual([])
  })

  it.each(UNAMBIGUOUS_FRAMING)('is not carried out as %s', async (_what, bytes) => {
    const statuses = await statusesOf(bytes(ground), lastRequest(ground))

    expect(statuses.slice(1)).toEqual([200])
    expect(seen()).toEqual([])
  })
})

describe('a request for an upgrade', () => {
  it.each(['h2c', 'websocket', 'TLS/1.0'])(
    'to %s is answered as if it were none, once',
    async (to) => {
      const hidden = hiddenRequest(ground)
      const upgrade = ['Connection: Upgrade', `Upgrade: ${to}`, `Content-Length: ${hidden.length}`]

      const asked = request('GET', ground.front, ...upgrade, 'Content-Type: application/json')

      expect(await statusesOf(asked, '\r\n', hidden, hidden)).toEqual([400])
      expect(seen()).toEqual([])
    },
  )
})

describe('a target that is no route', () => {
  it.each(ODD_TARGETS)('is refused whatever the method, and leads nowhere: %s', async (target) => {
    for (const method of ['POST', 'GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
      const statuses = await statusesOf(request(method, filled(target)), LAST)

      expect([method, statuses]).toEqual([method, [REFUSED.find((one) => one === statuses[0])]])
    }
    expect(seen()).toEqual([])
  })

  it.each(['CONNECT', 'TRACE', 'TRACK', 'PROPFIND', 'DEBUG'])(
    'nor is any by %s',
    async (method) => {
      for (const target of ['{host}', '{conn}/token', 'http://{host}/auth/oauth2/token']) {
        const statuses = await statusesOf(request(method, filled(target)), LAST)

        expect(statuses.filter((status) => status < 400)).toEqual([])
        expect(statuses.length).toBeLessThan(2)
      }
      expect(seen()).toEqual([])
    },
  )
})

it('there is one way into Knox: its paths are no routes of ours, with a good key either', async () => {
  for (const target of [
    '{conn}/knox',
    '{conn}/knox/',
    '/ams/v1/users/customer/accesstokenOAuth2',
    '/kcs/v1/kme/profiles/list',
    '/auth/oauth2/token',
  ])
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const statuses = await statusesOf(request(method, filled(target)), LAST)
      expect([method, target, statuses]).toEqual([method, target, [404]])
    }
  expect(seen()).toEqual([])
})

describe('behind the proxy, a path that is not in the table or can be read in two ways', () => {
  it.each(PROXY_TARGETS)('is refused whatever the method, and reaches nobody: %s', async (path) => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']) {
      const target = filled(`{conn}/knox${path}`)
      const statuses = await statusesOf(request(method, target), LAST)

      expect([method, statuses]).toEqual([
        method,
        [PROXY_REFUSED.find((one) => one === statuses[0])],
      ])
    }
    expect(seen()).toEqual([])
  })

  it.each(['OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND'])('nor by %s', async (method) => {
    const target = filled('{conn}/knox/kcs/v1/kme/profiles/list')
    const statuses = await statusesOf(request(method, target), LAST)

    expect(statuses.filter((status) => status < 400)).toEqual([])
    expect(seen()).toEqual([])
  })
})

describe('behind the proxy, a request in another one', () => {
  const proxied = (): Ground => ({
    ...ground,
    front: `/v1/connections/${id}/knox/kcs/v1/kme/profiles/list`,
    secret: `/v1/connections/${id}/knox/kcs/v1/kme/devices/list`,
  })
  const routes = () => seen().flatMap(({ on, route }) => (on === 'kme' ? [route] : []))

  it.each(AMBIGUOUS_FRAMING)('is not carried out behind %s, nor is the first', async (...row) => {
    const [, bytes] = row

    expect(await statusesOf(bytes(proxied()))).toEqual([400])
    expect(seen()).toEqual([])
  })

  it.each(UNAMBIGUOUS_FRAMING)('is only a body as %s', async (_what, bytes) => {
    await statusesOf(bytes(proxied()), lastRequest(ground))

    expect(routes().filter((route) => route.includes('devices'))).toEqual([])
  })
})

describe('behind the proxy, a header that means something elsewhere', () => {
  const LIST = '/knox/kcs/v1/kme/profiles/list?pageNum=0&pageSize=1'

  it.each(MISLEADING_HEADERS)('changes nothing: %s', async (header) => {
    const statuses = await statusesOf(request('GET', filled(`{conn}${LIST}`), filled(header)), LAST)

    // The strict sandbox would refuse a foreign tenant header, and another credential.
    expect(statuses).toEqual([200])
    expect(seen().filter(({ on }) => on === 'kme')).toMatchObject([
      { route: 'GET /kcs/v1/kme/profiles/list', outcome: 'accepted' },
    ])
  })

  it.each(TENANT_HEADERS)('nor does one that would name another customer: %s', async (header) => {
    const statuses = await statusesOf(request('GET', filled(`{conn}${LIST}`), header), LAST)

    expect(statuses).toEqual([200])
  })
})

describe('a header that means something elsewhere', () => {
  it.each(MISLEADING_HEADERS)('changes nothing: %s', async (header) => {
    const statuses = await statusesOf(
      request('GET', ground.front, filled(header)),
      '\r\n',
      lastRequest(ground),
    )

    expect(statuses).toEqual([200, 200])
    expect(seen()).toEqual([])
  })
})

it('and the hidden request, sent openly, is carried out: the tests above can fail', async () => {
  expect(await statusesOf(hiddenRequest(ground))).toEqual([200])

  expect(seen().map(({ on }) => on)).toContain('kme')
})
