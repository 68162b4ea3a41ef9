import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type BrokenRule, isBelow, readTarget, type Target } from '../../../src/proxy/target.ts'

const isBroken = (read: Target | BrokenRule): read is BrokenRule => 'rule' in read

/** Pieces that parsers of paths have differed about, and harmless ones. */
const piece = fc.constantFrom(
  ...['a', 'kcs', 'v1.1', 'ams', 'AMS', '/', '/', '/', '.', '..', '...', ';', ';a=b', '\\', '%'],
  ...['%2f', '%2F', '%5c', '%2e', '%2e%2e', '%252f', '%25', '%00', '%0d%0a', '%3b', '%3f', '%23'],
  ...['%20', '%09', '%c0%ae', '%c0%af', '%ef%bc%8f', '%ef%bc%8e%ef%bc%8e', '%e2%80%ae', '%u002e'],
  ...['?', '?x=1', '#', ' ', '\t', '\u0000', 'é', '%c3%a9', '\uff0f', ':', '@', '~', '+', 'http:'],
)
const raw = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`)

/** What a server may make of a path: decodes once more, folds widths, cuts parameters, resolves dots. */
function readings(path: string): readonly string[] {
  const decodeAgain = (text: string) => {
    try {
      return decodeURIComponent(text)
    } catch {
      return text
    }
  }
  const once = decodeAgain(path)
  const forms = [path, once, decodeAgain(once), once.normalize('NFKC')]
  return forms
    .flatMap((form) => [form, form.replaceAll('\\', '/'), form.replace(/;[^/]*/g, '')])
    .map((form) => new URL(`http://x${form.replace(/^\/+/, '/')}`).pathname)
}

describe('a target that is permitted', () => {
  it('reads the same to whoever decodes, folds, cuts or resolves it once more', () => {
    fc.assert(
      fc.property(raw, (text) => {
        const read = readTarget(text)
        fc.pre(!isBroken(read))
        if (isBroken(read)) return
        // `URL` trims the end of a text, which no server does to a path.
        const path = `${read.path}/end`
        const meant = new URL(`http://x${path}`).pathname
        for (const other of readings(path))
          expect(decodeURIComponent(other).normalize('NFKC')).toBe(
            decodeURIComponent(meant).normalize('NFKC'),
          )
      }),
      { numRuns: 5000 },
    )
  })

  it('is written in one form: read again it is the same', () => {
    fc.assert(
      fc.property(raw, (text) => {
        const read = readTarget(text)
        fc.pre(!isBroken(read))
        if (!isBroken(read)) expect(readTarget(read.path + read.query)).toEqual(read)
      }),
      { numRuns: 5000 },
    )
  })

  it('holds no step, no empty segment, no parameter, and nothing under /ams', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          raw,
          fc.string({ unit: 'binary' }).map((text) => `/${text}`),
        ),
        (text) => {
          const read = readTarget(text)
          if (isBroken(read)) return
          expect(read.path).toMatch(/^(?:\/(?!\.+(?:\/|$))[\w.~!$&'()*+,=:@%-]+)+$/)
          expect(read.path).not.toMatch(/%(?:2f|5c|3b|25|2e|00)|^\/ams(?:\/|$)/i)
        },
      ),
      { numRuns: 5000 },
    )
  })
})

describe('a target', () => {
  it.each([
    ['/kcs/v1/kme/profiles/list', '/kcs/v1/kme/profiles/list', ''],
    ['/kcs/v1/kme?a=%2f;..//', '/kcs/v1/kme', '?a=%2f;..//'],
    ['/%6bcs/v1', '/kcs/v1', ''],
    ['/a%20b/c:d@e', '/a%20b/c:d@e', ''],
    ['/%c3%a9', '/%C3%A9', ''],
    ['/amsterdam/..a', '/amsterdam/..a', ''],
  ])('is written anew: %s is %s%s', (text, path, query) => {
    expect(readTarget(text)).toEqual({ path, query })
  })

  it.each([
    ...['/', '//', '/a//b', '/a/', '/.', '/a/..', '/a/%2e%2e/b', '/a/...', '/a/%20', '/a/.%20'],
    ...['/a;b', '/a%3bb', '/a%2fb', '/a%5cb', '/a\\b', '/a%00', '/a%25b', '/a%252fb', '/a%3fb'],
    ...['/a%23', '/a#b', '/a%zz', '/a%', '/%c0%af', '/%ff', '/a b', '/é', '/a%e2%80%ae'],
    ...['/%ef%bc%8e%ef%bc%8e/a', '/a%ef%bc%8fb', '/ams', '/ams/v1', '/AMS/v1', '/%61ms/v1'],
    ...['/http://x/a', '/a?b c', '/a?b#c', '/a?"'],
  ])('is refused: %s', (text) => {
    expect(readTarget(text)).toEqual({ rule: expect.stringMatching(/^(?:the|\/ams)/) })
  })
})

it.each([
  ['/kcs/v1/kme', '/kcs/v1/kme', true],
  ['/kcs/v1/kme/x', '/kcs/v1/kme', true],
  ['/kcs/v1/kmex', '/kcs/v1/kme', false],
  ['/kcs/v1', '/kcs/v1/kme', false],
])('%s below %s: %s', (path, prefix, expected) => {
  expect(isBelow(path, prefix)).toBe(expected)
})
