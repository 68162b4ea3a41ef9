import { describe, expect, it } from '@jest/globals'
import { parseSession } from '../../../src/consent/session-record.ts'
import {
  beginExchange,
  bindBrowser,
  composeState,
  denySession,
  failSession,
  finishSession,
  holdCode,
  refusesCallback,
  refusesStart,
  sessionOfState,
  statusOfSession,
  undoExchange,
} from '../../../src/consent/session-transitions.ts'
import { newConnectSessionId, newSecretValue } from '../../../src/shared/ids.ts'
import { aSession, exchanging, failed, HELD, held, started, T0 } from './support/sessions.ts'

const END = aSession().expiresAt

describe('statusOfSession', () => {
  it.each([
    ['pending', aSession(), END - 1, 'pending'],
    ['pending', aSession(), END, 'expired'],
    ['with a code', held(), HELD.completeBy - 1, 'awaiting_completion'],
    ['with a code', held(), HELD.completeBy, 'expired'],
    ['in exchange', exchanging(), T0 + 11_999, 'awaiting_completion'],
    ['in exchange', exchanging(), T0 + 12_000, 'failed'],
    ['completed', finishSession(exchanging()), END * 2, 'completed'],
    ['denied', denySession(started(), 'access_denied'), END * 2, 'denied'],
    ['ended by Samsung', denySession(started(), 'server_error'), END * 2, 'failed'],
    ['failed', failed(), END * 2, 'failed'],
  ])('of a session %s', (_, session, now, status) => {
    expect(statusOfSession(session, now)).toBe(status)
  })
})

describe('refusesStart', () => {
  it.each([
    ['anybody first', aSession(), undefined, T0, null],
    ['the same browser again', started(), 'browser', T0, null],
    ['another browser', started(), 'other', T0, 'wrong_browser'],
    ['a browser without a cookie', started(), undefined, T0, 'wrong_browser'],
    ['at the last moment', aSession(), undefined, END - 1, null],
    ['too late', aSession(), undefined, END, 'expired'],
    ['after a code came', held(), 'browser', T0, 'used'],
    ['during the exchange', exchanging(), 'browser', T0, 'used'],
    ['after a denial', denySession(started(), 'access_denied'), 'browser', T0, 'denied'],
    ['after a failure', failed(), 'browser', T0, 'used'],
  ])('by %s', (_, session, browser, now, refusal) => {
    expect(refusesStart(session, browser, now)).toBe(refusal)
  })
})

describe('refusesCallback', () => {
  const mine = { state: 'state-1', browser: 'browser' }

  it.each([
    ['in order', started(), mine, T0, null],
    ['at the last moment', started(), mine, END - 1, null],
    ['too late', started(), mine, END, 'expired'],
    ['of another state', started(), { ...mine, state: 'state-9' }, T0, 'unknown_state'],
    ['of another browser', started(), { ...mine, browser: 'other' }, T0, 'wrong_browser'],
    ['without a cookie', started(), { ...mine, browser: undefined }, T0, 'wrong_browser'],
    ['of nothing that was started', aSession(), mine, T0, 'unknown_state'],
    ['for the second time', held(), mine, T0, 'used'],
    ['after the completion', finishSession(exchanging()), mine, T0, 'used'],
    ['after a denial', denySession(started(), 'access_denied'), mine, T0, 'denied'],
  ])('%s', (_, session, proof, now, refusal) => {
    expect(refusesCallback(session, proof, now)).toBe(refusal)
  })

  it('does not take a session that no browser is bound to for one without a cookie', () => {
    const unbound = aSession({ states: ['state-1'] })

    expect(refusesCallback(unbound, { state: 'state-1', browser: undefined }, T0)).toBe(
      'wrong_browser',
    )
  })
})

describe('the states of several tabs', () => {
  it('are open side by side, the newest four of them', () => {
    const names = ['s1', 's2', 's3', 's4', 's5']
    const session = names.reduce((one, state) => bindBrowser(one, 'browser', state), aSession())

    expect(session.states).toEqual(['s5', 's4', 's3', 's2'])
  })

  it('are closed by the first that comes back', () => {
    expect(held().states).toEqual([])
    expect(denySession(started(), 'access_denied').states).toEqual([])
  })
})

describe('the code', () => {
  it('is taken out for its one exchange', () => {
    expect(exchanging()).not.toHaveProperty('code')
    expect(exchanging()).not.toHaveProperty('dataKey')
    expect(JSON.stringify(exchanging())).not.toContain('v1.code')
  })

  it('can be put back as it was', () => {
    const { code, dataKey } = HELD

    expect(undoExchange(exchanging(), { code, dataKey })).toEqual(held())
  })

  it('does not stay behind in a session that has ended', () => {
    for (const ended of [finishSession(exchanging()), failSession(held(), 'code_expired')])
      expect(JSON.stringify(ended)).not.toContain('v1.code')
  })
})

it('forgets a failure that turned out to be none', () => {
  expect(finishSession(failSession(exchanging(), 'store_unavailable'))).not.toHaveProperty(
    'failure',
  )
})

it('is written so that it can be read again, in every phase', () => {
  const phases = [
    aSession(),
    started(),
    held(),
    exchanging(),
    finishSession(exchanging()),
    failed(),
    denySession(started(), 'access_denied'),
    beginExchange(held(), 'a', 'conn_00000000000000000000000000000000', T0),
    holdCode(started(), HELD),
  ]
  for (const session of phases) expect(parseSession(JSON.stringify(session))).toEqual(session)
})

describe('state', () => {
  it('names its session', () => {
    const id = newConnectSessionId()

    expect(sessionOfState(composeState(id, newSecretValue(16)))).toBe(id)
  })

  it('holds at least 128 random bits that never repeat (OA-02)', () => {
    const secrets = Array.from({ length: 10_000 }, () => newSecretValue(16))

    expect(new Set(secrets).size).toBe(10_000)
    expect(secrets.every((secret) => /^[\w-]{22}$/.test(secret))).toBe(true)
  })

  it.each([
    '',
    'x',
    newConnectSessionId(),
    `${newConnectSessionId()}.`,
    `${newConnectSessionId()}.short`,
    `${newConnectSessionId()}.${'a'.repeat(23)}`,
    `${newConnectSessionId()}.${'a'.repeat(22)}\n`,
    `conn_${'0'.repeat(32)}.${'a'.repeat(22)}`,
    `cs_${'0'.repeat(31)}.${'a'.repeat(22)}`,
    `cs_${'0'.repeat(30)}}{.${'a'.repeat(22)}`,
  ])('%j is none of ours', (state) => {
    expect(sessionOfState(state)).toBeNull()
  })
})
