import type { LookupAddress, lookup } from 'node:dns'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { type AddressGuard, createAddressGuard } from '../../../src/outbound/address-guard.ts'
import type { Outbound } from '../../../src/outbound/outbound.ts'
import { createReach } from '../../../src/outbound/public-address.ts'
import { createOutbound } from '../../../src/outbound/undici-outbound.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { failureOf, listen } from './servers.ts'

const cleanup = createCleanup()

/** A name server whose answer can be changed; it says what it was asked. */
function nameServer(first: readonly string[]) {
  const asked: string[] = []
  let answer = first
  const resolve = ((name: string, _options: object, callback: (...found: unknown[]) => void) => {
    asked.push(name)
    const found: LookupAddress[] = answer.map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }))
    if (found.length > 0) setImmediate(callback, null, found)
    else setImmediate(callback, Object.assign(new Error('no'), { code: 'ENOTFOUND' }), [])
    // The overloads of `dns.lookup` cannot be written as one function.
  }) as unknown as typeof lookup
  return {
    resolve,
    asked,
    answerWith(addresses: readonly string[]) {
      answer = addresses
    },
  }
}

/** A server that closes each connection after its answer, so that every request connects anew. */
async function server() {
  let connections = 0
  const tcp = createServer((socket) => {
    connections += 1
    socket.on('data', () => socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n'))
  })
  const { origin, close } = await listen(tcp)
  cleanup.add(close)
  return { port: new URL(origin).port, connections: () => connections }
}

const told: string[] = []
afterEach(() => {
  told.length = 0
  return cleanup.run()
})

function outboundTo(
  origins: readonly string[],
  listed: readonly string[],
  resolve?: typeof lookup,
): { readonly outbound: Outbound; readonly guard: AddressGuard } {
  const guard = createAddressGuard({
    mayReach: createReach(listed),
    onRefused: (host) => void told.push(host),
    ...(resolve === undefined ? {} : { resolve }),
  })
  const outbound = createOutbound({
    allowedOrigins: origins,
    timeoutMs: 5000,
    responseLimitBytes: 1000,
    clock: () => 0,
    guard,
  })
  cleanup.add(() => outbound.close())
  return { outbound, guard }
}

const REFUSED = 'address_not_allowed, not sent'

describe('a host of the configuration', () => {
  it.each(['http://10.0.0.1', 'http://[fd00::1]', 'http://0xa.1', 'http://[::ffff:127.0.0.1]'])(
    'that is a private address is not connected to: %s',
    async (start) => {
      const origin = new URL(`${start}:9`).origin
      const { outbound, guard } = outboundTo([origin], [])

      expect(await failureOf(outbound, `${origin}/token`)).toBe(REFUSED)
      expect(guard.refused()).toEqual([new URL(origin).hostname])
    },
  )

  it.each(['http://127.0.0.1', 'http://0x7f.1', 'http://localhost'])(
    'that is written as this machine may be there: %s',
    async (start) => {
      const { port, connections } = await server()
      const origin = new URL(`${start}:${port}`).origin
      const { outbound } = outboundTo([origin], [], nameServer(['127.0.0.1']).resolve)

      expect(await failureOf(outbound, origin)).toBe('answered 204')
      expect(connections()).toBe(1)
    },
  )

  it('that is written as this machine may be nowhere else', async () => {
    const origin = 'http://localhost:9'
    const { outbound } = outboundTo([origin], [], nameServer(['10.0.0.1']).resolve)

    expect(await failureOf(outbound, `${origin}/token`)).toBe(REFUSED)
  })

  it('is connected to when its address is listed', async () => {
    const { port, connections } = await server()
    const origins = [`http://knox.example:${port}`, `http://127.0.0.1:${port}`]
    const { resolve } = nameServer(['127.0.0.1'])
    const { outbound, guard } = outboundTo(origins, ['127.0.0.0/8'], resolve)

    for (const origin of origins) expect(await failureOf(outbound, origin)).toBe('answered 204')
    expect([connections(), guard.refused(), told]).toEqual([2, [], []])
  })

  it('gets only those of its addresses that may be reached', async () => {
    const { port, connections } = await server()
    const names = nameServer(['127.0.0.9', '10.0.0.1', '127.0.0.1', '::1'])
    const origin = `http://knox.example:${port}`
    const { outbound, guard } = outboundTo([origin], ['127.0.0.1'], names.resolve)

    expect(await failureOf(outbound, origin)).toBe('answered 204')
    expect([connections(), guard.refused()]).toEqual([1, []])
  })

  it('that does not resolve is unreachable, and no address was refused', async () => {
    const { outbound, guard } = outboundTo(['http://knox.example'], [], nameServer([]).resolve)

    expect(await failureOf(outbound, 'http://knox.example')).toBe('unreachable, not sent')
    expect(guard.refused()).toEqual([])
  })
})

describe('a name that changes its address', () => {
  it('is judged by each connection anew, told once, and forgiven when it is mended', async () => {
    const { port, connections } = await server()
    const names = nameServer(['127.0.0.1'])
    const origin = `http://knox.example:${port}`
    const { outbound, guard } = outboundTo([origin], ['127.0.0.1'], names.resolve)
    const ask = () => failureOf(outbound, origin)

    expect(await ask()).toBe('answered 204')
    names.answerWith(['127.0.0.2', '169.254.169.254'])
    expect([await ask(), await ask()]).toEqual([REFUSED, REFUSED])
    expect([connections(), guard.refused(), told]).toEqual([1, ['knox.example'], ['knox.example']])

    names.answerWith(['127.0.0.1'])
    expect(await ask()).toBe('answered 204')
    expect([connections(), guard.refused()]).toEqual([2, []])
    names.answerWith(['127.0.0.2'])
    expect(await ask()).toBe(REFUSED)
    expect(told).toEqual(['knox.example', 'knox.example'])
  })

  it('is resolved once for a connection: what was judged is what is connected to', async () => {
    const { port } = await server()
    const names = nameServer(['127.0.0.1'])
    const origin = `http://knox.example:${port}`
    const { outbound } = outboundTo([origin], ['127.0.0.1'], names.resolve)

    await failureOf(outbound, origin)

    expect(names.asked).toEqual(['knox.example'])
  })
})
