import { beforeEach, describe, expect, it } from '@jest/globals'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { failing, HOUR, tokenError } from '../vault/support/samsung.ts'
import { codeOf, PORTAL } from '../vault/support/world.ts'
import { acme, createPortalWorld, other, type PortalWorld } from './support/world.ts'

let world: PortalWorld

beforeEach(async () => {
  world = await createPortalWorld()
})

interface Page {
  readonly data: readonly { readonly id: string; readonly status: string }[]
  readonly next_cursor: string | null
}

async function list(query = '', apiKey = acme.apiKey): Promise<Page> {
  const res = await world.call('GET', `/v1/connections${query}`, apiKey)
  expect(res.status).toBe(200)
  return res.body
}

/** Every page of a list, one after another. */
async function pages(query: string): Promise<readonly Page[]> {
  const all: Page[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page = await list(`?${query}${cursor === '' ? '' : `&cursor=${cursor}`}`)
    all.push(page)
    cursor = page.next_cursor
  }
  return all
}

const idsOf = (all: readonly Page[]) => all.flatMap(({ data }) => data.map(({ id }) => id))

/** Connections of one portal, a millisecond apart. */
async function make(count: number, portalId = PORTAL): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    world.advance(1)
    ids.push(await world.connect({ portalId, tenantRef: `tenant-${i}` }))
  }
  return ids
}

it('is empty where there is nothing', async () => {
  expect(await list()).toEqual({ data: [], next_cursor: null })
})

describe('a list of 250 connections', () => {
  it.each([1, 7, 99, 100])('in pages of %d loses none and repeats none', async (limit) => {
    const made = await make(limit === 1 ? 20 : 250)
    await make(5, 'other')

    const all = await pages(`limit=${limit}`)

    expect(idsOf(all)).toEqual(made)
    for (const { data } of all.slice(0, -1)) expect(data).toHaveLength(limit)
  })

  it('ends with its last full page', async () => {
    await make(50)

    const all = await pages('limit=25')

    expect(all.map(({ data }) => data.length)).toEqual([25, 25])
  })

  it('comes 50 at a time', async () => {
    await make(60)

    expect((await list()).data).toHaveLength(50)
  })

  it('loses none when some are deleted and made while it is read', async () => {
    const made = await make(30)
    const first = await list('?limit=10')
    const gone = [made[9], made[12]].map(String)
    for (const id of gone) await world.call('DELETE', `/v1/connections/${id}`).expect(204)
    const [late] = await make(1)

    const rest: string[] = []
    let cursor = first.next_cursor
    while (cursor !== null) {
      const page = await list(`?limit=10&cursor=${cursor}`)
      rest.push(...idsOf([page]))
      cursor = page.next_cursor
    }

    expect(rest).toEqual([...made.slice(10).filter((id) => !gone.includes(id)), late])
  })

  it('leaves out what is only hinted at', async () => {
    const made = await make(3)
    await world.connections.remove(made[1] ?? '', tombstoneOf)
    await world.directory.add(PORTAL, `conn_${'0'.repeat(32)}`)

    expect(idsOf([await list()])).toEqual([made[0], made[2]])
  })

  it('shows no other portal’s, whatever the hints say', async () => {
    const [foreign] = await make(1, 'other')
    await world.directory.add(PORTAL, foreign ?? '')

    expect((await list()).data).toEqual([])
    expect(idsOf([await list('', other.apiKey)])).toEqual([foreign])
  })
})

it('is not hidden by a record that nobody can read', async () => {
  const made = await make(3)
  const key = documentKey(made[1] ?? '')
  const { document } = await world.store.read(key)
  await world.store.compareAndSet(key, document?.revision ?? 0, 'broken', 'w')

  expect(idsOf([await list()])).toEqual([made[0], made[2]])
  expect(idsOf(await pages('limit=1'))).toEqual([made[0], made[2]])
})

describe('a cursor', () => {
  const refused = async (cursor: string, apiKey = acme.apiKey) => {
    const res = await world.call('GET', `/v1/connections?cursor=${cursor}`, apiKey)
    return res.status === 422 && res.body.errors[0].field
  }

  it('of this list is taken again and again', async () => {
    await make(3)
    const { next_cursor } = await list('?limit=1')

    expect(await list(`?limit=1&cursor=${next_cursor}`)).toEqual(
      await list(`?limit=1&cursor=${next_cursor}`),
    )
  })

  it('of another portal is refused', async () => {
    await make(2)
    await make(2, 'other')
    const { next_cursor } = await list('?limit=1', other.apiKey)

    expect(await refused(next_cursor ?? '')).toBe('cursor')
    expect(await refused(next_cursor ?? '', other.apiKey)).toBe(false)
  })

  it('that was changed is refused', async () => {
    const made = await make(3)
    const { next_cursor } = await list('?limit=1')
    const [id = '', mac = ''] = (next_cursor ?? '').split('.')
    expect(id).toBe(made[0])
    const forged = [
      id,
      `${id}.`,
      `.${mac}`,
      `${made[1]}.${mac}`,
      `${id}.${mac.slice(1)}`,
      `${id}.${mac}.${mac}`,
      `${id}.${[...mac].reverse().join('')}`,
      'null',
      'x',
    ]

    for (const cursor of forged) expect(await refused(cursor)).toBe('cursor')
  })
})

describe('a filter', () => {
  it('by status finds what there is, over as many pages as it takes', async () => {
    const made = await make(30)
    const frozen = made.filter((_, i) => i % 7 === 3)
    for (const id of frozen) world.frozen.add(id)

    expect(idsOf(await pages('status=frozen&limit=2'))).toEqual(frozen)
    expect(idsOf(await pages('status=active&limit=4'))).toHaveLength(30 - frozen.length)
    expect(idsOf(await pages('status=revoked'))).toEqual([])
  })

  it('by a rare status looks at a thousand a call, and says where to go on', async () => {
    const made = await make(1020)
    const last = made.at(-1) ?? ''
    world.frozen.add(last)

    const all = await pages('status=frozen')

    expect(all.map(({ data }) => data.length)).toEqual([0, 1])
    expect(idsOf(all)).toEqual([last])
  })

  it('by status goes by what is so now', async () => {
    const [id = ''] = await make(1)
    world.advance(2 * HOUR)
    world.samsung.refreshSteps.push(failing(tokenError('customer')))
    await codeOf(world.replica().ask(id))

    expect(idsOf([await list('?status=consent_required')])).toEqual([id])
    expect((await list('?status=active')).data).toEqual([])
  })

  it('by tenant_ref finds the customer’s connection', async () => {
    const made = await make(5)
    await make(5, 'other')

    expect(await list('?tenant_ref=tenant-3')).toMatchObject({
      data: [{ id: made[3], tenant_ref: 'tenant-3' }],
      next_cursor: null,
    })
    expect((await list('?tenant_ref=tenant-9')).data).toEqual([])
    expect((await list('?tenant_ref=tenant-3&status=frozen')).data).toEqual([])
  })

  it('by program finds its connections', async () => {
    const made = await make(3)

    expect(idsOf([await list('?program=emm-eu')])).toEqual(made)
    expect((await list('?program=emm-us')).data).toEqual([])
    expect((await list('?program=emm-us&tenant_ref=tenant-1')).data).toEqual([])
    expect(idsOf([await list('?program=emm-eu&tenant_ref=tenant-1')])).toEqual([made[1]])
  })

  it('by tenant_ref finds one connection for each program, page by page', async () => {
    const made = [await world.connect()]
    world.advance(1)
    made.push(await world.connect({ program: 'emm-us' }))

    expect(idsOf(await pages('tenant_ref=tenant-1&limit=1'))).toEqual(made)
    expect(idsOf([await list('?tenant_ref=tenant-1&program=emm-us')])).toEqual([made[1]])
    expect((await list('?tenant_ref=tenant-1')).next_cursor).toBeNull()
  })

  it('by tenant_ref and a cursor goes on after it', async () => {
    await make(3)
    const { next_cursor } = await list('?limit=1')

    const query = `cursor=${next_cursor}`
    expect((await list(`?tenant_ref=tenant-0&${query}`)).data).toEqual([])
    expect((await list(`?tenant_ref=tenant-1&${query}`)).data).toHaveLength(1)
  })
})

it('does not call a store that is away an empty list', async () => {
  await make(1)
  world.faulty.setDown(true)

  for (const query of ['', '?tenant_ref=tenant-0', '?status=active']) {
    const res = await world.call('GET', `/v1/connections${query}`)
    expect(res.status).toBe(503)
    expect(res.body).toMatchObject({ code: 'store_unavailable', retryable: true })
    expect(res.headers['retry-after']).toBe('1')
  }
})

it('shows the connections of a program that is held as degraded, and no others', async () => {
  const [id] = await make(1)
  const other = await world.connect({ program: 'emm-us', tenantRef: 'tenant-us' })
  const upstream = { service: 'samsung-account', status: 400, code: 'AUT_1702' } as const
  for (const each of ['a', 'b', 'c'])
    await world.breaker.refused('emm-eu', 'refresh', each, upstream)

  expect((await list('?status=degraded')).data).toMatchObject([
    { id, status: 'degraded', status_reason: 'program_held' },
  ])
  expect((await list('?status=active')).data).toMatchObject([{ id: other }])
  await world.breaker.accepted('emm-eu', 'refresh', 'd')
  expect((await list('?status=active')).data).toHaveLength(2)
})
