import { beforeEach, expect, it } from '@jest/globals'
import type { AuditEvent } from '../../../src/audit/audit.ts'
import { newConnectionId } from '../../../src/shared/ids.ts'
import { createLog } from '../../../src/shared/log.ts'
import {
  createUnreadableConnections,
  type UnreadableConnections,
} from '../../../src/vault/unreadable.ts'

const ID = newConnectionId(0)
let lines: Record<string, unknown>[]
let unreadable: UnreadableConnections
let noted: AuditEvent[]

beforeEach(() => {
  lines = []
  noted = []
  unreadable = createUnreadableConnections(
    createLog('debug', { write: (line) => void lines.push(JSON.parse(line)) }),
    { note: (event) => noted.push(event) },
  )
})

const events = () => lines.map(({ level, event, connectionId }) => [level, event, connectionId])

it('names a connection once, as an error, and counts it', () => {
  unreadable.found(ID)
  unreadable.found(ID)

  expect(events()).toEqual([['error', 'record_unreadable', ID]])
  expect([unreadable.count(), unreadable.ids()]).toEqual([1, [ID]])
})

it('says when it can be opened again, and does not name it twice when that was not for long', () => {
  unreadable.found(ID)
  unreadable.opened(ID)
  unreadable.opened(ID)

  expect(unreadable.count()).toBe(0)
  unreadable.found(ID)
  expect(unreadable.count()).toBe(1)
  expect(events()).toEqual([
    ['error', 'record_unreadable', ID],
    ['info', 'record_readable_again', ID],
  ])
})

it('does not count what is gone, and says nothing of it', () => {
  unreadable.found(ID)
  unreadable.gone(ID)

  expect(unreadable.count()).toBe(0)
  expect(events()).toHaveLength(1)
})

it('passes over what is no connection', () => {
  unreadable.found('cs_1')

  expect([unreadable.count(), lines]).toEqual([0, []])
})

it('counts all and names a thousand: with a wrong key there is nothing else', () => {
  for (let n = 0; n < 1001; n += 1) unreadable.found(newConnectionId(n))

  expect([unreadable.count(), lines.length]).toEqual([1001, 1000])
})

it('tells the audit trail once of each', () => {
  const id = newConnectionId(1)
  for (const _ of [1, 2]) unreadable.found(id)

  expect(noted).toEqual([
    { event: 'record_quarantined', outcome: 'record_unreadable', connectionId: id },
  ])
})
