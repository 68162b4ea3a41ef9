import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Fitness, ProbeAttempts } from '../../../src/breaker/probe-attempts.ts'
import { createKeyVerifier } from '../../../src/programs/key-verifier.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import type { Snapshot } from '../../../src/vault/connections.ts'
import { aConnection, T0 } from '../vault/support/records.ts'

const PORTALS = [
  { id: 'acme', programs: ['emm-eu', 'emm-us'] },
  { id: 'other', programs: ['emm-us'] },
]

let fitness: Record<string, Fitness>
let listed: Record<string, readonly string[]>
let asked: string[]
let listings: string[]
let failing: Error | null

beforeEach(() => {
  fitness = {}
  listed = { acme: [] }
  asked = []
  listings = []
  failing = null
})

const snapshotOf = (id: string): Snapshot => ({
  connection: aConnection({
    connection: { id: id as `conn_${string}` },
    binding: { program: id.startsWith('us') ? 'emm-us' : 'emm-eu' },
  }),
  version: 'v1',
  serverNow: T0,
})

const attempts: ProbeAttempts = {
  fitness: (_operation, { connection }) => fitness[connection.id] ?? 'ready',
  async make(operation, { connection }) {
    asked.push(`${operation} ${connection.id}`)
    if (failing !== null) throw failing
  },
}

const verifier = () =>
  createKeyVerifier({
    portals: PORTALS,
    directory: {
      async list(portalId) {
        listings.push(portalId)
        return listed[portalId] ?? []
      },
    },
    connections: {
      async read(id) {
        if (id === 'damaged') throw new ServiceError('record_unreadable')
        if (id === 'away') throw new ServiceError('store_unavailable')
        return id === 'gone' ? null : snapshotOf(id)
      },
    },
    attempts,
  })

describe('the verifier', () => {
  it('has one exchange made, by the first connection that can make one', async () => {
    listed.acme = ['gone', 'damaged', 'us-1', 'frozen', 'busy', 'eu-1', 'eu-2']
    fitness = { frozen: 'gone', busy: 'later' }

    await verifier().verify('emm-eu', () => asked.length > 0)

    expect(asked).toEqual(['exchange eu-1'])
    expect(listings).toEqual(['acme'])
  })

  it('goes on with others when an exchange decides nothing, three at most', async () => {
    listed.acme = ['eu-1', 'eu-2', 'eu-3', 'eu-4']
    failing = new ServiceError('upstream_timeout')

    await verifier().verify('emm-eu', () => false)

    expect(asked).toEqual(['exchange eu-1', 'exchange eu-2', 'exchange eu-3'])
  })

  it('asks nobody when it is decided already', async () => {
    listed.acme = ['eu-1']

    await verifier().verify('emm-eu', () => true)

    expect(asked).toEqual([])
  })

  it('ends where there is no connection', async () => {
    await verifier().verify('emm-eu', () => false)

    expect(asked).toEqual([])
  })

  it('passes a defect on, and that the store is away', async () => {
    listed.acme = ['away']
    await expect(verifier().verify('emm-eu', () => false)).rejects.toThrow(ServiceError)

    listed.acme = ['eu-1']
    failing = new TypeError('a defect')
    await expect(verifier().verify('emm-eu', () => false)).rejects.toThrow(TypeError)
  })
})
