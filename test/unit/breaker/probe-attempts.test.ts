import { describe, expect, it } from '@jest/globals'
import type { Operation } from '../../../src/breaker/breaker.ts'
import { createProbeAttempts } from '../../../src/breaker/probe-attempts.ts'
import { aConnection, type RecordChanges, T0 } from '../vault/support/records.ts'
import { HOUR } from '../vault/support/samsung.ts'

/** Nothing is attempted here. */
const unused = () => Promise.reject(new Error('not to be called'))

function fitness(operation: Operation, changes: RecordChanges, now = T0, isRefreshHeld = false) {
  const attempts = createProbeAttempts({
    refresher: { refresh: unused },
    mint: unused,
    programTokens: { replace: unused },
    isRefreshHeld: () => isRefreshHeld,
    clock: () => now,
  })
  return attempts.fitness(operation, {
    connection: aConnection(changes),
    version: 'v',
    serverNow: now,
  })
}

const ENDED = T0 + HOUR
const REFRESHING = { state: 'refreshing', until: ENDED + 1 } as const

describe('a connection to renew', () => {
  it.each([
    ['works', {}, T0, 'ready'],
    ['has ended', {}, ENDED, 'ready'],
    ['is frozen', { connection: { frozenAt: T0 } }, T0, 'gone'],
    ['needs consent', { refresh: { state: 'consent_required' } }, T0, 'gone'],
    ['has no refresh token', { without: 'refreshToken' }, T0, 'gone'],
    ['waits after a failure', { refresh: { failures: 1, retryAt: T0 + 1 } }, T0, 'later'],
    ['has waited after a failure', { refresh: { failures: 1, retryAt: T0 } }, T0, 'ready'],
    ['is being renewed', { refresh: REFRESHING }, ENDED, 'later'],
    ['was left by a vanished holder', { refresh: REFRESHING }, ENDED + 1, 'ready'],
    ['was left, and lives', { refresh: { ...REFRESHING, until: T0 } }, T0, 'later'],
    ['is uncertain, and lives', { refresh: { state: 'uncertain' } }, T0, 'later'],
    ['is uncertain, and has ended', { refresh: { state: 'uncertain' } }, ENDED, 'ready'],
  ] as const)('that %s', (_, changes, now, expected) => {
    expect(fitness('refresh', changes, now)).toBe(expected)
  })
})

describe('a connection to exchange', () => {
  it.each([
    ['lives', {}, T0, 'ready'],
    ['lives, and waits after a failure', { refresh: { retryAt: T0 + 1 } }, T0, 'ready'],
    ['is frozen', { connection: { frozenAt: T0 } }, T0, 'gone'],
    ['needs consent', { refresh: { state: 'consent_required' } }, T0, 'gone'],
    ['has ended, and can be renewed', {}, ENDED, 'ready'],
    ['has ended, and waits', { refresh: { retryAt: ENDED + 1 } }, ENDED, 'later'],
    ['lives, and cannot be renewed', { without: 'refreshToken' }, ENDED - 1, 'ready'],
    ['has ended, and cannot be renewed', { without: 'refreshToken' }, ENDED, 'gone'],
  ] as const)('that %s', (_, changes, now, expected) => {
    expect(fitness('exchange', changes, now)).toBe(expected)
  })

  it.each([
    ['lives', T0, 'ready'],
    ['has ended', ENDED, 'later'],
  ] as const)('that %s, while renewals are held', (_, now, expected) => {
    expect(fitness('exchange', {}, now, true)).toBe(expected)
  })
})
