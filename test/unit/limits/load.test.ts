import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { expect, it } from '@jest/globals'
import { createLoad, type LoadSettings } from '../../../src/limits/load.ts'
import { createRefusals } from '../../../src/limits/refusals.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { createLog } from '../../../src/shared/log.ts'
import { NO_AUDIT } from '../../support/audit.ts'
import { eventually } from '../../support/eventually.ts'
import { serve } from '../http/serve.ts'

const HEAD = ' HTTP/1.1\r\nHost: x\r\n\r\n'

function makeLoad(settings: Partial<LoadSettings> = {}) {
  const shed: string[] = []
  const refusals = createRefusals({
    audit: NO_AUDIT,
    metrics: { limited() {}, shed: (reason) => void shed.push(reason) },
    log: createLog('silent'),
    clock: Date.now,
  })
  refusals.stop()
  const most = { concurrentRequests: 4, concurrentRequestsPerPortal: 2 }
  return {
    load: createLoad({ ...most, concurrentRequestsUnproven: 1, ...settings }, refusals),
    shed,
  }
}

/**
 * A server whose requests are answered when the test says so. The first part of a path is the portal that
 * is proven; `/` is nobody's.
 */
async function start(settings: Partial<LoadSettings> = {}) {
  const { load, shed } = makeLoad(settings)
  const waiting: ServerResponse[] = []
  const { url } = await serve((req, res) => {
    const portalId = req.url?.slice(1) || null
    const ticket = load.enter(res, () => portalId)
    if (ticket instanceof ServiceError) return res.writeHead(503).end()
    const refusal = portalId === null ? null : ticket.prove(portalId)
    if (refusal !== null) return res.writeHead(503).end()
    return waiting.push(res)
  })
  const hang = async (...paths: readonly string[]): Promise<Socket> => {
    const before = waiting.length
    const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    socket.write(paths.map((path) => `GET ${path}${HEAD}`).join(''))
    await eventually(() => waiting.length === before + paths.length)
    return socket
  }
  const statusOf = async (path: string) => (await fetch(`${url}${path}`)).status
  return { load, shed, waiting, hang, statusOf }
}

it('has room for as many requests as it is told, and for no more', async () => {
  const { load, shed, hang, statusOf } = await start({ concurrentRequestsPerPortal: 4 })
  for (let at = 0; at < 4; at++) await hang('/acme')

  expect(load.inWork()).toBe(4)
  expect(await statusOf('/other')).toBe(503)
  expect(shed).toEqual(['total'])
  expect(load.inWork()).toBe(4)
})

it('leaves room for a portal when another has its share', async () => {
  const { shed, hang, statusOf } = await start()
  await hang('/acme')
  await hang('/acme')

  expect(await statusOf('/acme')).toBe(503)
  await hang('/other')
  expect(shed).toEqual(['portal'])
})

it('has room for few who have proven nothing, and then for those who have', async () => {
  const { shed, hang, statusOf } = await start()
  await hang('/')

  expect(await statusOf('/')).toBe(503)
  await hang('/acme')
  await hang('/acme')
  expect(await statusOf('/acme')).toBe(503)
  await hang('/other')
  expect(shed).toEqual(['unproven', 'portal'])
})

it('has no bound for 0', async () => {
  const all = { concurrentRequests: 0, concurrentRequestsPerPortal: 0 }
  const { load, hang } = await start({ ...all, concurrentRequestsUnproven: 0 })

  for (let at = 0; at < 10; at++) await hang('/acme')
  for (let at = 0; at < 10; at++) await hang('/')

  expect(load.inWork()).toBe(20)
})

it('counts a request once, however often it is proven', () => {
  const { load } = makeLoad()
  const closing = () => ({ once() {} }) as unknown as ServerResponse
  const ticket = load.enter(closing(), () => null)
  if (ticket instanceof ServiceError) throw ticket

  for (let time = 0; time < 5; time++) expect(ticket.prove('acme')).toBeNull()

  const second = load.enter(closing(), () => null)
  expect(second instanceof ServiceError ? second : second.prove('acme')).toBeNull()
})

/** Everything is free again: the room, the share of the portal, and that of the unproven. */
async function expectFree({ load, hang }: Awaited<ReturnType<typeof start>>) {
  await eventually(() => load.inWork() === 0)
  await hang('/acme')
  await hang('/acme')
  await hang('/')
  expect(load.inWork()).toBe(3)
}

it.each(['/acme', '/'])('has a place of %s again when the answer is out', async (path) => {
  const world = await start()
  await world.hang(path)

  world.waiting[0]?.end('done')

  await expectFree(world)
})

it.each(['/acme', '/'])('has a place of %s again when the client is gone', async (path) => {
  const world = await start()
  const socket = await world.hang(path)

  socket.destroy()

  await expectFree(world)
})

it('has the places again of requests that came behind one another, when the client is gone', async () => {
  const world = await start()
  const socket = await world.hang('/acme', '/acme')

  socket.destroy()

  await expectFree(world)
})

it('has a place again when the answer breaks off', async () => {
  const world = await start()
  await world.hang('/acme')

  world.waiting[0]?.destroy()

  await expectFree(world)
})
