import type { Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { createClientAddress } from '../../../src/http/client-address.ts'

const addressOf = (trusted: readonly string[], from: string | undefined, forwarded?: string) =>
  createClientAddress(trusted)({
    // Nothing else is asked of it.
    socket: { remoteAddress: from } as Socket,
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  })

describe('where nobody is trusted', () => {
  it.each([undefined, '10.0.0.1', '127.0.0.1, 10.0.0.1'])(
    'the socket counts, whatever is forwarded: %s',
    (forwarded) => {
      expect(addressOf([], '192.0.2.7', forwarded)).toBe('192.0.2.7')
    },
  )

  it('an IPv4 client of a dual-stack socket is one of IPv4', () => {
    expect(addressOf([], '::ffff:192.0.2.7')).toBe('192.0.2.7')
  })

  it('a socket that is gone has no address', () => {
    expect(addressOf([], undefined)).toBeNull()
  })
})

describe('behind trusted proxies', () => {
  const trusted = ['10.0.0.0/8', '2001:db8::/32']

  it.each([
    ['one proxy', '10.0.0.1', '192.0.2.7', '192.0.2.7'],
    ['a proxy by IPv6', '2001:db8::1', '192.0.2.7', '192.0.2.7'],
    ['a proxy on a dual-stack socket', '::ffff:10.0.0.1', '192.0.2.7', '192.0.2.7'],
    ['two proxies', '10.0.0.1', '192.0.2.7, 10.0.0.2', '192.0.2.7'],
    ['what the client wrote itself', '10.0.0.1', '10.9.9.9, 198.51.100.1, 192.0.2.7', '192.0.2.7'],
    ['a client that is mapped', '10.0.0.1', '::ffff:192.0.2.7', '192.0.2.7'],
    ['a client within', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['nothing forwarded', '10.0.0.1', undefined, '10.0.0.1'],
  ])('the last that no trusted proxy is: %s', (_, from, forwarded, expected) => {
    expect(addressOf(trusted, from, forwarded)).toBe(expected)
  })

  it('somebody else’s word is not taken', () => {
    expect(addressOf(trusted, '192.0.2.7', '10.0.0.1')).toBe('192.0.2.7')
  })

  it.each(['', 'unknown', '192.0.2.7:4711', '192.0.2.7, ', '_hidden'])(
    'what cannot be read is nobody’s address: %j',
    (forwarded) => {
      expect(addressOf(trusted, '10.0.0.1', forwarded)).toBeNull()
    },
  )
})
