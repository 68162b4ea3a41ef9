import { describe, expect, it } from '@jest/globals'
import type { SpoilAction } from '../../../src/sandbox/control/faults.ts'
import { fingerprint } from '../../../src/sandbox/record.ts'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import type { Settings } from '../../../src/sandbox/settings.ts'
import { obtainTokens, refresh, type TokenBody } from './support/samsung-account.ts'
import { startSandbox } from './support/sandbox.ts'

const read = async (res: Response): Promise<TokenBody> => (await res.json()) as TokenBody

async function ready(settings: Partial<Settings> = {}) {
  const clock = { now: 1_800_000_000_000 }
  const sandbox = await startSandbox({ settings }, clock)
  const { refresh_token: token } = await obtainTokens(sandbox)
  return { sandbox, clock, token }
}

/** Refreshes, and takes it that a fault may keep the answer. */
async function refreshBadly(sandbox: Sandbox, token: string, kind: SpoilAction['kind']) {
  sandbox.addFault({ on: 'token', do: { kind } })
  await refresh(sandbox, token)
    .then(
      (res) => res.text(),
      () => '',
    )
    .catch(() => '')
}

/** The value of the one refresh token that is live. */
const liveOf = (sandbox: Sandbox): string =>
  [...sandbox.state.refreshTokens].find(([, { status }]) => status === 'live')?.[0] ?? ''

describe('a family', () => {
  it('begins with the exchange of a code', async () => {
    const { sandbox, token } = await ready()

    expect(sandbox.record().families).toEqual([
      {
        id: expect.stringMatching(/^fam_[\w-]{36}$/),
        account: 'ada',
        revoked: null,
        rotations: 0,
        liveRefreshToken: fingerprint(token),
        delivery: 'delivered',
      },
    ])
  })

  it('is another one for every code, and every request names its own', async () => {
    const { sandbox, token } = await ready()
    const { refresh_token: second } = await obtainTokens(sandbox, 'ada')
    await refresh(sandbox, second)
    await refresh(sandbox, token)

    const { families, requests } = sandbox.record()

    const [one, other] = families.map(({ id }) => id)
    expect(one).not.toBe(other)
    expect(requests.flatMap(({ family }) => family ?? [])).toEqual([one, other, other, one])
  })

  it('counts rotations and follows the live refresh token', async () => {
    const { sandbox, token } = await ready()
    const second = await read(await refresh(sandbox, token))
    const third = await read(await refresh(sandbox, second.refresh_token))

    expect(sandbox.record().families).toMatchObject([
      { rotations: 2, liveRefreshToken: fingerprint(third.refresh_token) },
    ])
  })

  it.each<[Partial<Settings>]>([[{ rotation: 'none' }], [{ refreshToken: 'absent' }]])(
    'counts no rotation with %j',
    async (settings) => {
      const { sandbox, token } = await ready()
      sandbox.control(settings)

      await refresh(sandbox, token)

      expect(sandbox.record().families).toMatchObject([
        { rotations: 0, liveRefreshToken: fingerprint(token), delivery: 'delivered' },
      ])
    },
  )

  it('has no live refresh token when none was ever issued', async () => {
    const { sandbox } = await ready({ refreshToken: '-1' })

    expect(sandbox.record().families).toMatchObject([{ liveRefreshToken: null, delivery: null }])
  })

  it.each([
    [99_999, true],
    [100_000, false],
  ])('has a live refresh token of 100 s after %i ms: %j', async (age, live) => {
    const { sandbox, clock, token } = await ready({ refreshTokenLifetimeSeconds: 100 })

    clock.now += age

    const liveRefreshToken = live ? fingerprint(token) : null
    expect(sandbox.record().families).toMatchObject([{ liveRefreshToken, revoked: null }])
  })

  it('says that consent was taken back', async () => {
    const { sandbox } = await ready()

    sandbox.control({ revokeConsent: 'ada' })

    expect(sandbox.record().families).toMatchObject([
      { revoked: 'consent', liveRefreshToken: null },
    ])
  })

  it('keeps the first reason of its end', async () => {
    const { sandbox, token } = await ready({ rotation: 'reuse_revokes' })
    await refresh(sandbox, token)
    await refresh(sandbox, token)

    sandbox.control({ revokeConsent: 'ada' })

    expect(sandbox.record().families).toMatchObject([{ revoked: 'reuse' }])
  })

  it('is forgotten with its tokens', async () => {
    const { sandbox } = await ready()

    sandbox.control({ forgetTokens: true })

    expect(sandbox.record().families).toEqual([])
  })
})

describe('the newest refresh token of a family', () => {
  it.each<[SpoilAction['kind'], string]>([
    ['reset_after_effect', 'cut'],
    ['headers_only', 'cut'],
    ['half_body', 'cut'],
    ['malformed', 'spoilt'],
  ])('was not delivered by an answer with %s', async (kind, delivery) => {
    const { sandbox, token } = await ready()

    await refreshBadly(sandbox, token, kind)

    const live = liveOf(sandbox)
    expect(live).not.toBe(token)
    expect(sandbox.record().families).toMatchObject([
      { rotations: 1, liveRefreshToken: fingerprint(live), delivery },
    ])
  })

  it('is delivered when a repetition within grace arrives', async () => {
    const { sandbox, token } = await ready({ rotation: 'grace' })
    await refreshBadly(sandbox, token, 'reset_after_effect')
    const live = liveOf(sandbox)

    const repeated = await read(await refresh(sandbox, token))

    expect(repeated.refresh_token).toBe(live)
    expect(sandbox.record().families).toMatchObject([
      { rotations: 1, liveRefreshToken: fingerprint(live), delivery: 'delivered' },
    ])
  })

  it('stays delivered when a repetition is lost', async () => {
    const { sandbox, token } = await ready({ rotation: 'grace' })
    await refresh(sandbox, token)

    await refreshBadly(sandbox, token, 'reset_after_effect')

    const { requests, families } = sandbox.record()
    expect(requests.at(-1)).toMatchObject({ standing: 'in_grace', delivery: 'cut' })
    expect(families).toMatchObject([{ rotations: 1, delivery: 'delivered' }])
  })

  it('stays delivered when a scripted refusal is lost', async () => {
    const { sandbox, token } = await ready()

    await refreshBadly(sandbox, token, 'reset')

    expect(sandbox.record().families).toMatchObject([
      { rotations: 0, liveRefreshToken: fingerprint(token), delivery: 'delivered' },
    ])
  })
})
