import { describe, expect, it } from '@jest/globals'
import type { Settings } from '../../../src/sandbox/settings.ts'
import {
  consent,
  exchange,
  obtainTokens,
  refresh,
  type TokenBody,
} from './support/samsung-account.ts'
import { startSandbox } from './support/sandbox.ts'

const read = async (res: Response): Promise<TokenBody> => (await res.json()) as TokenBody

describe('refreshing with rotation', () => {
  it('hands out a new refresh token and refuses the spent one', async () => {
    const sandbox = await startSandbox({ settings: { rotation: 'rotate' } })
    const first = await obtainTokens(sandbox)

    const second = await read(await refresh(sandbox, first.refresh_token))
    const again = await refresh(sandbox, first.refresh_token)

    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(second.access_token).not.toBe(first.access_token)
    expect(again.status).toBe(400)
    expect(await again.json()).toMatchObject({ error: 'invalid_grant', error_code: 'AUT_1802' })
    expect((await refresh(sandbox, second.refresh_token)).status).toBe(200)
  })

  it('lets one of many simultaneous attempts win', async () => {
    const sandbox = await startSandbox({ settings: { rotation: 'rotate' } })
    const { refresh_token: token } = await obtainTokens(sandbox)

    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(sandbox, token)))

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(sandbox.record().spent.refreshTokens).toBe(1)
  })

  it('does not spend a token when the answer brings no successor', async () => {
    const sandbox = await startSandbox({ settings: { rotation: 'rotate' } })
    const { refresh_token: token } = await obtainTokens(sandbox)
    sandbox.control({ refreshToken: 'absent' })

    const body = await read(await refresh(sandbox, token))

    expect(body.refresh_token).toBeUndefined()
    expect((await refresh(sandbox, token)).status).toBe(200)
  })
})

describe('refreshing without rotation', () => {
  it('repeats the refresh token with what is left of its life', async () => {
    const clock = { now: 1_800_000_000_000 }
    const sandbox = await startSandbox(
      { settings: { rotation: 'none', refreshTokenLifetimeSeconds: 100 } },
      clock,
    )
    const first = await obtainTokens(sandbox)
    clock.now += 40_000

    const second = await (await refresh(sandbox, first.refresh_token)).json()

    expect(second).toMatchObject({
      refresh_token: first.refresh_token,
      refresh_token_expires_in: 60,
    })
  })
})

describe('a refresh token', () => {
  it.each([
    [99_999, 200],
    [100_000, 400],
  ])('of 100 s is answered after %i ms with %i', async (age, status) => {
    const clock = { now: 1_800_000_000_000 }
    const sandbox = await startSandbox({ settings: { refreshTokenLifetimeSeconds: 100 } }, clock)
    const { refresh_token: token } = await obtainTokens(sandbox)

    clock.now += age

    expect((await refresh(sandbox, token)).status).toBe(status)
  })

  it('dies with the consent of its administrator, and of no other', async () => {
    const sandbox = await startSandbox()
    const ada = await obtainTokens(sandbox, 'ada')
    const ben = await obtainTokens(sandbox, 'ben')

    sandbox.control({ revokeConsent: 'ada' })

    expect((await refresh(sandbox, ada.refresh_token)).status).toBe(400)
    expect((await refresh(sandbox, ben.refresh_token)).status).toBe(200)
  })

  it('is unknown after the sandbox forgot everything', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainTokens(sandbox)

    sandbox.control({ forgetTokens: true })

    expect((await refresh(sandbox, token)).status).toBe(400)
  })

  it('of another client is refused', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainTokens(sandbox)
    const known = sandbox.state.refreshTokens.get(token)
    if (known !== undefined) sandbox.state.refreshTokens.set(token, { ...known, clientId: 'b' })

    expect(await (await refresh(sandbox, token)).json()).toMatchObject({ error_code: 'AUT_1806' })
  })

  it.each([
    ['missing', undefined, 'AUT_1006'],
    ['given twice', ['a', 'b'], 'AUT_1015'],
    ['unknown', 'unknown', 'AUT_1802'],
    ['-1', '-1', 'AUT_1802'],
  ])('that is %s is refused', async (_name, token, code) => {
    const sandbox = await startSandbox()
    await obtainTokens(sandbox)

    const res = await refresh(sandbox, '', { refresh_token: token })

    expect(res.status).toBe(400)
    expect(await res.json()).toMatchObject({ error_code: code })
  })
})

describe('oddities of a token response', () => {
  it.each<[Partial<Settings>, object]>([
    [{ refreshToken: '-1' }, { refresh_token: -1, refresh_token_expires_in: -1 }],
    [{ refreshToken: 'number' }, { refresh_token: 4711, refresh_token_expires_in: -1 }],
    [{ refreshToken: 'empty' }, { refresh_token: '', refresh_token_expires_in: -1 }],
    [
      { numbersAsStrings: true },
      {
        access_token_expires_in: '3600',
        expires_in: '3600',
        refresh_token_expires_in: '7776000',
      },
    ],
    [{ accessTokenLifetimeSeconds: 5 }, { access_token_expires_in: 5, expires_in: 5 }],
    [{ scope: 'null' }, { scope: null }],
  ])('%j', async (settings, expected) => {
    const sandbox = await startSandbox({ settings })

    const body = await (await exchange(sandbox, await consent(sandbox))).json()

    expect(body).toMatchObject(expected)
  })

  it.each<[Partial<Settings>, readonly string[]]>([
    [{ refreshToken: 'absent' }, ['refresh_token', 'refresh_token_expires_in']],
    [{ tokenType: 'absent' }, ['token_type']],
    [{}, ['scope']],
  ])('%j leaves out %j', async (settings, missing) => {
    const sandbox = await startSandbox({ settings })

    const body = await (await exchange(sandbox, await consent(sandbox))).json()

    for (const name of missing) expect(body).not.toHaveProperty(name)
  })
})
