import { describe, expect, it } from '@jest/globals'
import type { SettingsChange } from '../../../src/sandbox/control/control-request.ts'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { obtainTokens, refresh, type TokenBody } from './support/samsung-account.ts'
import { startSandbox, type TestClock } from './support/sandbox.ts'

interface Rotated {
  readonly sandbox: Sandbox
  readonly clock: TestClock
  /** The refresh token that was spent. */
  readonly spent: string
  /** What it was exchanged for. */
  readonly first: TokenBody
}

const read = async (res: Response): Promise<TokenBody> => (await res.json()) as TokenBody

/** A sandbox with grace in which one refresh token was just spent. */
async function rotated(settings: SettingsChange = {}): Promise<Rotated> {
  const clock = { now: 1_800_000_000_000 }
  const sandbox = await startSandbox({ settings: { rotation: 'grace', ...settings } }, clock)
  const { refresh_token: spent } = await obtainTokens(sandbox)
  const first = await read(await refresh(sandbox, spent))
  return { sandbox, clock, spent, first }
}

describe('a spent refresh token within grace', () => {
  it('gives the same tokens again, with what is left of their lives', async () => {
    const { sandbox, clock, spent, first } = await rotated()
    const before = sandbox.record()
    clock.now += 10_000

    const again = await read(await refresh(sandbox, spent))

    expect(again).toEqual({
      ...first,
      expires_in: 3590,
      access_token_expires_in: 3590,
      refresh_token_expires_in: 7_775_990,
    })
    const { issued, spent: spentNow, refused } = sandbox.record()
    expect([issued, spentNow, refused]).toEqual([before.issued, before.spent, before.refused])
  })

  it.each<[number | null, number, number]>([
    [null, 29_999, 200],
    [null, 30_000, 400],
    [5, 4_999, 200],
    [5, 5_000, 400],
    [0, 0, 400],
  ])('of %j s is answered after %i ms with %i', async (seconds, age, status) => {
    const { sandbox, clock, spent, first } = await rotated({ rotationGraceSeconds: seconds })
    clock.now += age

    const res = await refresh(sandbox, spent)

    expect(res.status).toBe(status)
    const standing = status === 200 ? 'in_grace' : 'spent'
    expect(sandbox.record().requests.at(-1)).toMatchObject({ standing, presentations: 2 })
    expect((await refresh(sandbox, first.refresh_token)).status).toBe(200)
  })

  it('is answered as often as it comes, but not for longer', async () => {
    const { sandbox, clock, spent } = await rotated()

    clock.now += 20_000
    const during = [await refresh(sandbox, spent), await refresh(sandbox, spent)]
    clock.now += 10_000
    const after = await refresh(sandbox, spent)

    expect(during.map(({ status }) => status)).toEqual([200, 200])
    expect(after.status).toBe(400)
  })

  it('gives every one of many simultaneous attempts the same tokens', async () => {
    const sandbox = await startSandbox({ settings: { rotation: 'grace' } })
    const { refresh_token: token } = await obtainTokens(sandbox)

    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(sandbox, token)))

    const sets = await Promise.all(answers.map((res) => res.text()))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
    expect(new Set(sets).size).toBe(1)
    expect(sandbox.record().spent.refreshTokens).toBe(1)
  })

  it('is judged by the settings of the moment it comes', async () => {
    const { sandbox, spent } = await rotated({ rotation: 'rotate' })

    const strict = await refresh(sandbox, spent)
    sandbox.control({ rotation: 'grace' })

    expect(strict.status).toBe(400)
    expect((await refresh(sandbox, spent)).status).toBe(200)
  })
})

describe('a spent refresh token within grace is refused', () => {
  it('once its successor was used, while the successor is not', async () => {
    const { sandbox, spent, first } = await rotated()
    const second = await read(await refresh(sandbox, first.refresh_token))

    const oldest = await refresh(sandbox, spent)
    const newest = await refresh(sandbox, first.refresh_token)

    expect(oldest.status).toBe(400)
    expect(await oldest.json()).toMatchObject({ error: 'invalid_grant', error_code: 'AUT_1802' })
    expect(await read(newest)).toEqual(second)
    expect(sandbox.record().requests.at(-2)).toMatchObject({
      standing: 'in_grace',
      outcome: 'refused',
    })
  })

  it('once the successor brought an access token and no other refresh token', async () => {
    const { sandbox, spent, first } = await rotated()
    sandbox.control({ refreshToken: 'absent' })
    await refresh(sandbox, first.refresh_token)

    expect((await refresh(sandbox, spent)).status).toBe(400)
  })

  it('after consent was taken back', async () => {
    const { sandbox, spent } = await rotated()

    sandbox.control({ revokeConsent: 'ada' })

    expect((await refresh(sandbox, spent)).status).toBe(400)
  })

  it.each([
    ['its own life', 5, 100],
    ["its successor's life", 100, 5],
  ])('when %s is over', async (_name, ownSeconds, successorSeconds) => {
    const clock = { now: 1_800_000_000_000 }
    const settings = { rotation: 'grace', refreshTokenLifetimeSeconds: ownSeconds } as const
    const sandbox = await startSandbox({ settings }, clock)
    const { refresh_token: token } = await obtainTokens(sandbox)
    sandbox.control({ refreshTokenLifetimeSeconds: successorSeconds })
    await refresh(sandbox, token)

    clock.now += 4_999
    const before = await refresh(sandbox, token)
    clock.now += 1
    const after = await refresh(sandbox, token)

    expect([before.status, after.status]).toEqual([200, 400])
  })
})

it('repeats an access token that has expired meanwhile with no life left', async () => {
  const { sandbox, clock, spent, first } = await rotated({ accessTokenLifetimeSeconds: 5 })

  clock.now += 6_000

  expect(await read(await refresh(sandbox, spent))).toMatchObject({
    access_token: first.access_token,
    expires_in: 0,
  })
})
