import { beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { acme, createPortalWorld, other, type PortalWorld } from './support/world.ts'

let world: PortalWorld
let cursor: string

beforeEach(async () => {
  world = await createPortalWorld()
  await world.connect()
  await world.connect({ tenantRef: 'tenant-2' })
  const page = await world.call('GET', '/v1/connections?limit=1', acme.apiKey)
  cursor = page.body.next_cursor
})

const ask = (text: string, apiKey: string = acme.apiKey) =>
  world.call('GET', `/v1/connections?cursor=${encodeURIComponent(text)}`, apiKey)

describe('a cursor', () => {
  it('leads on for the portal that was given it', async () => {
    const { status, body } = await ask(cursor)
    expect([status, body.data.length]).toEqual([200, 1])
  })

  it('is refused from any other portal', async () => {
    const { status, body } = await ask(cursor, other.apiKey)
    expect([status, body.code]).toEqual([422, 'invalid_request'])
  })

  it('is refused when anything of it is changed, added or left out', async () => {
    const edit = fc.record({
      at: fc.nat(),
      length: fc.nat({ max: 3 }),
      piece: fc.string({ unit: 'grapheme-ascii', maxLength: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(edit, async ({ at, length, piece }) => {
        const start = at % (cursor.length + 1)
        const edited = cursor.slice(0, start) + piece + cursor.slice(start + length)
        fc.pre(edited !== cursor)
        const { status, body } = await ask(edited)
        expect([status, body.code]).toEqual([422, 'invalid_request'])
      }),
      { numRuns: 300 },
    )
  })

  it('is refused, and nothing worse, whatever stands in its place', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
        const { status, body } = await ask(text)
        expect([status, body.code]).toEqual([422, 'invalid_request'])
      }),
      { numRuns: 200 },
    )
  })
})
