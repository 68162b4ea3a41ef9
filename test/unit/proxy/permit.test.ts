import { describe, expect, it } from '@jest/globals'
import { permit } from '../../../src/proxy/permit.ts'

const product = (name: string, ...pathPrefixes: readonly string[]) => ({
  name,
  pathPrefixes,
  baseUrl: 'https://knox.example',
})
const PRODUCTS = [product('all', '/kcs'), product('kme', '/kcs/v1/kme'), product('kg', '/kg')]

describe('a call', () => {
  it.each([
    ['/kcs/v1/kme/devices', 'kme'],
    ['/kcs/v1/kme', 'kme'],
    ['/kcs/v1/kmes', 'all'],
    ['/kg/x', 'kg'],
  ])('belongs to the product with the longest prefix: %s to %s', (path, name) => {
    expect(permit(PRODUCTS, undefined, 'GET', path)).toMatchObject({ name })
  })

  it.each(['/', '/kgs', '/KG', '/v1/kg'])('belongs to none, and is refused: %s', (path) => {
    expect(permit(PRODUCTS, undefined, 'GET', path)).toEqual({
      rule: 'the path belongs to no product of the program',
    })
  })

  it.each([
    [{}, 'POST', true],
    [{ products: ['kg'] }, 'GET', true],
    [{ products: ['kme'] }, 'GET', false],
    [{ products: [] }, 'GET', false],
    [{ methods: ['GET'] }, 'HEAD', true],
    [{ methods: ['HEAD'] }, 'GET', false],
    [{ methods: ['GET', 'PUT'] }, 'DELETE', false],
    [{ pathPrefixes: ['/kg'] }, 'GET', true],
    [{ pathPrefixes: ['/kg/devices/'] }, 'GET', true],
    [{ pathPrefixes: ['/kg/device'] }, 'GET', false],
    [{ products: ['kg'], methods: ['GET'], pathPrefixes: ['/x'] }, 'GET', false],
  ] as const)('with a key for %j only, %s is %s', (limits, method, expected) => {
    const permitted = permit(PRODUCTS, limits, method, '/kg/devices/1')

    expect('name' in permitted).toBe(expected)
  })
})
