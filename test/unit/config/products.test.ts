import { describe, expect, it } from '@jest/globals'
import { isTokenPath } from '../../../src/config/products.ts'
import { knox, load, problemsOf, program } from './valid-config.ts'

const productsOf = (changes: Readonly<Record<string, unknown>> = {}) =>
  load({ programs: [program(changes)] }).programs[0]?.products ?? []

/** The fields that are wrong with a table. */
const wrong = (products: unknown) =>
  problemsOf({ programs: [program({ products })], portals: [] }).map(({ field }) => field)

const KME = { name: 'kme', path_prefixes: ['/kcs/v1/kme'] }

describe('the products of a program', () => {
  it('are those of its kind, at its own origin, when it names none', () => {
    const products = productsOf({ knox: knox({ base_url: 'https://knox.example/' }) })

    expect(products.map(({ name }) => name)).toEqual([
      ...['kme', 'knox-configure', 'kdp', 'knox-guard', 'asset-intelligence'],
    ])
    expect(new Set(products.map(({ baseUrl }) => baseUrl))).toEqual(
      new Set(['https://knox.example']),
    )
    expect(products.flatMap(({ pathPrefixes }) => pathPrefixes).some(isTokenPath)).toBe(false)
  })

  it('are those that it names, each at an origin of its own if it has one', () => {
    const base_url = 'https://kai.example'
    const products = [KME, { name: 'kai', path_prefixes: ['/kai/v1', '/kai/v2'], base_url }]

    expect(productsOf({ products })).toEqual([
      { name: 'kme', pathPrefixes: ['/kcs/v1/kme'], baseUrl: 'https://eu-kcs-api.samsungknox.com' },
      { name: 'kai', pathPrefixes: ['/kai/v1', '/kai/v2'], baseUrl: base_url },
    ])
  })

  it('may be none', () => {
    expect(productsOf({ products: [] })).toEqual([])
  })

  it.each([
    ...['/', '', 'kcs', '/kcs/', '//kcs', '/kcs//v1', '/..', '/kcs/../ams', '/.', '/a%20b', '/a;b'],
    ...['/ams', '/ams/v1', '/AMS', '/a\\b', '/a?b', '/a#b', '/ü', `/${'a'.repeat(256)}`],
  ])('never stand under %s', (prefix) => {
    expect(wrong([{ ...KME, path_prefixes: [prefix] }])).toEqual([
      '[0].products[0].path_prefixes[0]',
    ])
  })

  it.each([
    ['a name that is none', [{ ...KME, name: 'K M E' }], '[0].products[0].name'],
    ['a base_url with a path', [{ ...KME, base_url: 'https://x.test/y' }], '.base_url'],
    ['no prefix', [{ ...KME, path_prefixes: [] }], '.path_prefixes'],
    ['a name twice', [KME, { name: 'kme', path_prefixes: ['/x'] }], '[0].products'],
    ['a prefix twice', [KME, { ...KME, name: 'other' }], '[0].products'],
    ['a field that is unknown', [{ ...KME, paths: [] }], '[0].products[0]'],
  ])('are refused with %s', (_what, products, field) => {
    expect(wrong(products)).toEqual([expect.stringContaining(field)])
  })
})

it.each([
  ['/ams', true],
  ['/AMS/v1', true],
  ['//ams/v1', true],
  ['/amsterdam', false],
  ['/kcs/ams', false],
])('%s is where tokens are made: %s', (path, expected) => {
  expect(isTokenPath(path)).toBe(expected)
})
