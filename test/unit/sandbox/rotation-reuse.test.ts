import { describe, expect, it } from '@jest/globals'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import type { Settings } from '../../../src/sandbox/settings.ts'
import {
  amsBody,
  clientIdentifierClaims,
  commonClaims,
  getKme,
  postAms,
  signJwt,
} from './support/knox.ts'
import {
  consent,
  cookieOf,
  decide,
  exchange,
  locationOf,
  obtainTokens,
  openSignIn,
  refresh,
  type TokenBody,
} from './support/samsung-account.ts'
import { startSandbox } from './support/sandbox.ts'

const clock = { now: 1_800_000_000_000 }
const read = async (res: Response): Promise<TokenBody> => (await res.json()) as TokenBody

const start = (settings: Partial<Settings> = {}): Promise<Sandbox> =>
  startSandbox({ settings: { rotation: 'reuse_revokes', ...settings } }, { ...clock })

const buyKcsToken = (sandbox: Sandbox, idpToken: string): Promise<Response> =>
  postAms(sandbox, amsBody(signJwt(clientIdentifierClaims(sandbox, clock, idpToken))))

/** Buys a Knox token. @returns It, signed */
async function knoxToken(sandbox: Sandbox, { access_token: idpToken }: TokenBody): Promise<string> {
  const body = await (await buyKcsToken(sandbox, idpToken)).json()
  return signJwt({ ...(body as object), ...commonClaims(clock) })
}

const lives = async (sandbox: Sandbox, { refresh_token: token }: TokenBody): Promise<boolean> =>
  (await refresh(sandbox, token)).ok

describe('a spent refresh token that comes again', () => {
  it('is refused, and so is its successor from then on', async () => {
    const sandbox = await start()
    const { refresh_token: spent } = await obtainTokens(sandbox)
    const second = await read(await refresh(sandbox, spent))
    const third = await read(await refresh(sandbox, second.refresh_token))

    const again = await refresh(sandbox, spent)

    expect(again.status).toBe(400)
    expect(await again.json()).toMatchObject({ error: 'invalid_grant', error_code: 'AUT_1802' })
    expect(await lives(sandbox, third)).toBe(false)
    expect(sandbox.record().requests.slice(-2)).toMatchObject([
      { standing: 'spent', presentations: 2, outcome: 'refused' },
      { standing: 'revoked', presentations: 1, outcome: 'refused' },
    ])
  })

  it('ends every access token and Knox token of the family', async () => {
    const sandbox = await start()
    const first = await obtainTokens(sandbox)
    const ofFirst = await knoxToken(sandbox, first)
    const second = await read(await refresh(sandbox, first.refresh_token))
    const ofSecond = await knoxToken(sandbox, second)
    const good = [await getKme(sandbox, ofFirst), await getKme(sandbox, ofSecond)]

    await refresh(sandbox, first.refresh_token)

    expect(good.map(({ status }) => status)).toEqual([200, 200])
    for (const token of [ofFirst, ofSecond]) {
      expect(await (await getKme(sandbox, token)).json()).toMatchObject({ code: 4032252 })
    }
    for (const { access_token: idpToken } of [first, second]) {
      const refusal = await buyKcsToken(sandbox, idpToken)
      expect(await refusal.json()).toMatchObject({ code: 4010011 })
    }
  })

  it('ends no other family, of nobody', async () => {
    const sandbox = await start()
    const { refresh_token: spent } = await obtainTokens(sandbox, 'ada')
    await refresh(sandbox, spent)
    const other = await obtainTokens(sandbox, 'ada')
    const ben = await obtainTokens(sandbox, 'ben')
    const knox = await knoxToken(sandbox, other)

    await refresh(sandbox, spent)

    expect(sandbox.record().families).toMatchObject([
      { account: 'ada', revoked: 'reuse' },
      { account: 'ada', revoked: null },
      { account: 'ben', revoked: null },
    ])
    expect((await getKme(sandbox, knox)).status).toBe(200)
    expect(await lives(sandbox, other)).toBe(true)
    expect(await lives(sandbox, ben)).toBe(true)
  })

  it('makes the sign-in page ask this administrator again, and nobody else', async () => {
    const sandbox = await start()
    const allowed = await decide(sandbox, { allow: 'ada' })
    const [ada, ben] = [cookieOf(allowed), cookieOf(await decide(sandbox, { allow: 'ben' }))]
    const code = locationOf(allowed).searchParams.get('code') ?? ''
    const { refresh_token: spent } = await read(await exchange(sandbox, code))
    await refresh(sandbox, spent)
    const before = await openSignIn(sandbox, {}, ada)

    await refresh(sandbox, spent)

    expect(before.status).toBe(302)
    expect((await openSignIn(sandbox, {}, ada)).status).toBe(200)
    expect((await openSignIn(sandbox, {}, ben)).status).toBe(302)
  })

  it('leaves the way to a new consent open', async () => {
    const sandbox = await start()
    const { refresh_token: spent } = await obtainTokens(sandbox)
    await refresh(sandbox, spent)
    await refresh(sandbox, spent)

    const anew = await read(await exchange(sandbox, await consent(sandbox)))

    expect(await lives(sandbox, anew)).toBe(true)
  })

  it('is found out at once among simultaneous attempts', async () => {
    const sandbox = await start()
    const { refresh_token: token } = await obtainTokens(sandbox)

    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(sandbox, token)))

    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
    expect(sandbox.record().families).toMatchObject([{ revoked: 'reuse', liveRefreshToken: null }])
  })

  it('ends the family even after its own life', async () => {
    const moved = { ...clock }
    const settings = { rotation: 'reuse_revokes', refreshTokenLifetimeSeconds: 100 } as const
    const sandbox = await startSandbox({ settings }, moved)
    const { refresh_token: spent } = await obtainTokens(sandbox)
    moved.now += 60_000
    const second = await read(await refresh(sandbox, spent))
    moved.now += 40_000

    await refresh(sandbox, spent)

    expect(await lives(sandbox, second)).toBe(false)
  })
})

describe('a family outlives', () => {
  it('a spent refresh token that comes again with rotation alone', async () => {
    const sandbox = await start({ rotation: 'rotate' })
    const { refresh_token: spent } = await obtainTokens(sandbox)
    const second = await read(await refresh(sandbox, spent))

    await refresh(sandbox, spent)

    expect(await lives(sandbox, second)).toBe(true)
  })

  it('a refresh token that was never spent and comes after its life', async () => {
    const moved = { ...clock }
    const settings = { rotation: 'reuse_revokes', refreshTokenLifetimeSeconds: 100 } as const
    const sandbox = await startSandbox({ settings }, moved)
    const first = await obtainTokens(sandbox)
    moved.now += 100_000

    expect(await lives(sandbox, first)).toBe(false)
    expect(sandbox.record().families).toMatchObject([{ revoked: null }])
  })

  it('a spent refresh token that another client presents', async () => {
    const sandbox = await start()
    const { refresh_token: spent } = await obtainTokens(sandbox)
    const second = await read(await refresh(sandbox, spent))
    const known = sandbox.state.refreshTokens.get(spent)
    if (known !== undefined) sandbox.state.refreshTokens.set(spent, { ...known, clientId: 'b' })

    const foreign = await refresh(sandbox, spent)

    expect(await foreign.json()).toMatchObject({ error_code: 'AUT_1806' })
    expect(await lives(sandbox, second)).toBe(true)
  })

  it('a spent refresh token with a wrong client secret', async () => {
    const sandbox = await start()
    const { refresh_token: spent } = await obtainTokens(sandbox)
    const second = await read(await refresh(sandbox, spent))

    await refresh(sandbox, spent, { client_secret: 'wrong' })

    expect(await lives(sandbox, second)).toBe(true)
  })

  it('a spent refresh token that a scripted fault answers', async () => {
    const sandbox = await start()
    const { refresh_token: spent } = await obtainTokens(sandbox)
    const second = await read(await refresh(sandbox, spent))
    sandbox.addFault({ on: 'token', do: { kind: 'status', status: 503 } })

    await refresh(sandbox, spent)

    expect(await lives(sandbox, second)).toBe(true)
  })
})
