import { describe, expect, it } from '@jest/globals'
import type { Told } from '../../../chaos/matrix/asking.ts'
import { type Blow, SETTLE_MS } from '../../../chaos/matrix/cell.ts'
import type { Evidence } from '../../../chaos/matrix/evidence.ts'
import { endsInConsent, judge } from '../../../chaos/matrix/judge.ts'
import { MODES } from '../../../chaos/matrix/modes.ts'
import { POINTS, pointsNamed } from '../../../chaos/matrix/points.ts'
import type { RequestEntry } from '../../../src/sandbox/record.ts'
import { DEFAULT_SETTINGS } from '../../../src/sandbox/settings.ts'
import { createState } from '../../../src/sandbox/state.ts'

const CUSTOMER = { connectionId: 'conn_1', family: 'fam_1' }
const NOW = 1_800_000_000_000

const sandbox = { state: createState(DEFAULT_SETTINGS) }
const issued = { accountId: 'ada', expiresAt: NOW + 60_000, revoked: false } as const
sandbox.state.kcsTokens.set('knox-token-of-one', { ...issued, familyId: 'fam_1' })
sandbox.state.kcsTokens.set('knox-token-of-two', { ...issued, familyId: 'fam_2' })

const claims = (accessToken: string) =>
  Buffer.from(JSON.stringify({ accessToken })).toString('base64url')

const handedOut = (kcsToken = 'knox-token-of-one', receivedAt = NOW): Told => ({
  status: 200,
  token: `signed.${claims(kcsToken)}.signature`,
  expiresAt: NOW + 60_000,
  receivedAt,
})

const refresh = (presented: string): RequestEntry => ({
  at: '',
  on: 'token',
  route: 'POST /token',
  status: 200,
  outcome: 'accepted',
  delivery: 'delivered',
  family: 'fam_1',
  standing: 'live',
  presented,
})

const intent = (attempt: string, generation: number) => ({
  connectionId: 'conn_1',
  attempt,
  generation,
  recovering: attempt === 'second',
})

const event = (fields: Readonly<Record<string, string>>): string =>
  `${JSON.stringify({ ...fields, connectionId: 'conn_1' })}\n`

const ended = (attempt: string, outcome = 'success') =>
  event({ event: 'refresh_ended', attempt, outcome })

/** A process was killed with its request, another one has recovered, and one renewal more proves it. */
const GOOD: Evidence = {
  told: [{ status: 0, receivedAt: NOW }, handedOut()],
  settled: handedOut(),
  settledAfterMs: SETTLE_MS,
  exitCode: null,
  survived: false,
  proof: { live: 'fp-2', told: handedOut(), request: refresh('fp-2') },
  intents: { victim: [intent('first', 1)], peer: [intent('second', 1), intent('third', 2)] },
  spent: 1,
  output: {
    victim: '',
    peer:
      event({ event: 'recovery_begun', attempt: 'second' }) +
      ended('second', 'recovered_after_uncertain') +
      ended('third'),
  },
  stored: JSON.stringify({ binding: { refresh: { state: 'ok' } } }),
  requests: [refresh('fp-1'), refresh('fp-1'), refresh('fp-2')],
}

function verdictOn(changed: Partial<Evidence>, id = 'F4', blow: Blow = 'SIGKILL') {
  const [point] = pointsNamed([id])
  if (point === undefined) throw new Error('no such point')
  const cell = { point, mode: 'rotate', blow }
  return judge(cell, CUSTOMER, { ...GOOD, ...changed }, sandbox)
}

/** The invariants that are named in the problems. */
const broken = (changed: Partial<Evidence>): readonly string[] =>
  verdictOn(changed).problems.map((problem) => problem.slice(0, 2))

it('finds nothing wrong with a connection that recovered', () => {
  expect(verdictOn({})).toEqual({ state: 'recovered', problems: [] })
})

describe('the judge of a cell', () => {
  it('I1: misses the announcement of a recovery', () => {
    const peer = ended('second', 'recovered_after_uncertain') + ended('third')

    expect(broken({ output: { victim: '', peer } })).toEqual(['I1'])
  })

  it('I2: accepts no consent that need not be asked for', () => {
    const settled = { status: 409, code: 'consent_required', receivedAt: NOW }

    expect(verdictOn({ settled, proof: undefined })).toMatchObject({
      state: 'consent',
      problems: [expect.stringMatching(/^I2/)],
    })
  })

  it('I2: accepts neither that it stays unknown nor that nothing comes', () => {
    const settled = { status: 503, code: 'refresh_outcome_unknown', receivedAt: NOW }
    const stored = JSON.stringify({ binding: { refresh: { state: 'uncertain' } } })

    expect(verdictOn({ settled, proof: undefined })).toMatchObject({
      state: 'stuck',
      problems: [expect.stringMatching(/^I2/)],
    })
    expect(verdictOn({ settled, stored, proof: undefined })).toMatchObject({
      state: 'uncertain',
      problems: [expect.stringMatching(/^I2/)],
    })
  })

  it('I2: accepts nothing but consent where the token was lost', () => {
    expect(verdictOn({}, 'F5').problems).toEqual([expect.stringMatching(/^I2/)])
  })

  it.each([
    ['is not the one that lives', { live: 'fp-3', told: handedOut(), request: refresh('fp-2') }],
    ['was never presented', { live: 'fp-2', told: handedOut(), request: undefined }],
    [
      'brings nothing',
      { live: 'fp-2', told: { status: 409, receivedAt: NOW }, request: refresh('fp-2') },
    ],
  ])('I2: sees that the stored refresh token %s', (_, proof) => {
    expect(broken({ proof })).toEqual(['I2'])
  })

  it('I3: sees what settles a millisecond too late', () => {
    expect(broken({ settledAfterMs: SETTLE_MS + 1 })).toEqual(['I3'])
  })

  it('I3: sees a process that could not be ended in order', () => {
    expect(broken({ survived: true, exitCode: 1, spent: 0 })).toEqual(['I3'])
  })

  it.each([
    ['the record', { stored: `{"binding":{"refresh":{}},"x":"knox-token-of-one"}` }],
    ['the log of the one', { output: { ...GOOD.output, victim: 'knox-token-of-one' } }],
    [
      'the log of the other',
      { output: { victim: '', peer: `${GOOD.output.peer}knox-token-of-one` } },
    ],
  ])('I5: finds a token in %s', (_, changed) => {
    expect(broken(changed)).toEqual(['I5'])
  })

  it.each([
    ["is another customer's", handedOut('knox-token-of-two')],
    ['nobody has issued', handedOut('knox-token-of-none')],
    ['had ended', handedOut('knox-token-of-one', NOW + 60_000)],
  ])('I6: sees a token that %s', (_, told) => {
    expect(broken({ told: [told] })).toEqual(['I6'])
  })

  it.each([
    ['twice', GOOD.output.peer + ended('third')],
    ['never', GOOD.output.peer.replace('"third"', '"other"')],
  ])('I7: sees an attempt that was reported %s', (_, peer) => {
    expect(broken({ output: { victim: '', peer } })).toEqual(['I7'])
  })

  it('I7: wants a report from a process that lives on, for what it has spent', () => {
    expect(broken({ survived: true, exitCode: 0 })).toEqual(['I7'])
    expect(broken({ survived: true, exitCode: 0, spent: 0 })).toEqual([])
  })
})

it('names the cells that end in consent, and no others', () => {
  const cells = MODES.flatMap(({ name: mode }) =>
    POINTS.flatMap((point) =>
      (['SIGKILL', 'SIGSTOP'] as const).map((blow) => ({ point, mode, blow })),
    ),
  ).filter(({ point, blow }) => blow === 'SIGSTOP' || point.onlyStopped !== true)

  const lost = cells
    .filter(endsInConsent)
    .map(({ point, mode, blow }) => `${point.id} ${mode} ${blow}`)

  expect(cells).toHaveLength(112 + 16)
  expect(lost.filter((name) => !name.includes('+')).toSorted()).toEqual(
    ['rotate', 'reuse_revokes']
      .flatMap((mode) => [
        ...['F5', 'F6', 'F7', 'F8'].map((id) => `${id} ${mode} SIGKILL`),
        ...['F5', 'F6', 'F7'].map((id) => `${id} ${mode} SIGSTOP`),
      ])
      .toSorted(),
  )
  expect(lost.filter((name) => name.includes('+'))).toEqual(
    ['F4+', 'F5+', 'F6+', 'F7+'].map((id) => `${id} reuse_revokes SIGSTOP`),
  )
})
