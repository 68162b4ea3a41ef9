import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { clearCookie, flowCookie, parseCookies } from '../../../src/http/cookies.ts'

describe('parseCookies', () => {
  it('reads our cookies and passes over the others', () => {
    const cookies = parseCookies(
      'theme="a; b"; __Host-kg_1=abc; kg_1=evil; __Secure-x=1;__Host-kg_2=d=e',
    )

    expect([...cookies]).toEqual([
      ['kg_1', 'abc'],
      ['kg_2', 'd=e'],
    ])
  })

  it.each([undefined, '', ';;;', 'a', '__Host-', '__Host-=x'])('finds none in %j', (header) => {
    expect(parseCookies(header).size).toBe(0)
  })

  it('refuses a cookie of ours that comes twice', () => {
    expect(() => parseCookies('__Host-a=1; b=2; __Host-a=1')).toThrow('given more than once')
  })

  it('does not mind that somebody else’s cookie comes twice', () => {
    expect(parseCookies('a=1; a=2; __Host-a=3').get('a')).toBe('3')
  })

  it('reads a header of 12 KiB and refuses one byte more', () => {
    const header = (bytes: number) => `__Host-a=${'x'.repeat(bytes - 9)}`

    expect(parseCookies(header(12_288)).size).toBe(1)
    expect(() => parseCookies(header(12_289))).toThrow('Cookie is over 12288 bytes')
  })

  it('reads back what flowCookie writes', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[\w-]{1,20}$/),
        fc.stringMatching(/^[\w-]{1,64}$/),
        (name, value) => {
          const [pair] = flowCookie(name, value, 600).split(';')

          expect([...parseCookies(`x=1; ${pair}`)]).toEqual([[name, value]])
        },
      ),
    )
  })
})

describe('flowCookie', () => {
  it('is for this host, out of reach of scripts, and comes along on GETs from elsewhere', () => {
    expect(flowCookie('kg_1', 'abc-_', 600)).toBe(
      '__Host-kg_1=abc-_; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax',
    )
  })

  it.each([
    ['kg 1', 'abc', 600],
    ['', 'abc', 600],
    ['kg', 'a;b', 600],
    ['kg', 'a\r\nb', 600],
    ['kg', '', 600],
    ['kg', 'abc', 0],
    ['kg', 'abc', 1.5],
  ])('refuses to write %j=%j for %d seconds', (name, value, seconds) => {
    expect(() => flowCookie(name, value, seconds)).toThrow(RangeError)
  })
})

describe('clearCookie', () => {
  it('expires the cookie with the attributes it was set with', () => {
    expect(clearCookie('kg_1')).toBe(
      '__Host-kg_1=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax',
    )
  })
})
