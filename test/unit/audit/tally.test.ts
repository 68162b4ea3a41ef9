import { beforeEach, expect, it } from '@jest/globals'
import type { AuditEvent } from '../../../src/audit/audit.ts'
import { createTally, type Tally } from '../../../src/audit/tally.ts'
import { actForRequest } from '../../../src/shared/actor.ts'

let now: number
let noted: AuditEvent[]
let tally: Tally

beforeEach(() => {
  now = 1000
  noted = []
  tally = createTally({ note: (event) => noted.push(event), maxKeys: 2, clock: () => now })
})

const add = (key: string) => tally.add(key, () => ({ event: 'token_handed_out', subject: key }))
const told = () => noted.splice(0).map(({ subject, count, since }) => [subject, count, since])

it('tells the first of a key at once, and the others as a count with the time they began', () => {
  add('a')
  now = 2000
  add('a')
  now = 3000
  add('a')
  expect(told()).toEqual([['a', undefined, undefined]])

  tally.flush()

  expect(told()).toEqual([['a', 2, 2000]])
})

it('goes on counting a key that was seen within the window, and forgets one that was not', () => {
  add('a')
  add('a')
  tally.flush()
  add('a')
  tally.flush()
  expect(told()).toEqual([
    ['a', undefined, undefined],
    ['a', 1, 1000],
    ['a', 1, 1000],
  ])

  tally.flush()
  expect(told()).toEqual([])
  add('a')

  expect(told()).toEqual([['a', undefined, undefined]])
})

it('keeps no more keys than it may: the oldest is told and forgotten', () => {
  for (const key of ['a', 'a', 'b', 'c']) add(key)

  expect(told()).toEqual([
    ['a', undefined, undefined],
    ['b', undefined, undefined],
    ['a', 1, 1000],
    ['c', undefined, undefined],
  ])
  tally.flush()
  expect(told()).toEqual([])
})

it('says of the repeats who it was, and not in which request', () => {
  actForRequest('4bf92f3577b34da6a3ce929d0e0e4736', () => add('a'))
  add('a')
  tally.flush()

  expect(noted.map(({ actor }) => actor)).toEqual([undefined, { kind: 'anonymous' }])
})
