import {
  KnoxError,
  type KnoxFailureKind,
  type KnoxKind,
  type TwoLeggedKind,
} from '../../../../src/knox/kind.ts'
import {
  type ReceivedTokens,
  type SamsungAccountClient,
  type TokenFailureKind,
  TokenRequestError,
} from '../../../../src/samsung-account/tokens.ts'
import { Secret } from '../../../../src/shared/secret.ts'
import type { Clock } from '../../../../src/shared/time.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

/** What happens to one request: `before` Samsung acts, or `after` it acted and before it answers. */
export interface Step {
  readonly before?: () => void | Promise<void>
  readonly after?: () => void | Promise<void>
  /** Changes the answer. */
  readonly answer?: (tokens: ReceivedTokens) => ReceivedTokens
}

export interface SamsungOptions {
  readonly clock: Clock
  /** Whether a refresh token is replaced on use, and refused from then on. */
  readonly rotation?: 'rotate' | 'none'
  readonly accessLifeMs?: number
  readonly knoxLifeMs?: number
}

/** Samsung Account and Knox behind their two ports, with the truth about every token. */
export interface Samsung {
  readonly account: SamsungAccountClient
  readonly knox: KnoxKind
  /** The same Knox, for programs without consent; its exchanges count as the steps of `mintSteps`. */
  readonly twoLegged: TwoLeggedKind
  /** Refresh tokens as they were presented. */
  readonly spent: string[]
  /** Authorization codes as they were presented. */
  readonly codes: string[]
  /** Access tokens as they were presented for a Knox token. */
  readonly exchanged: string[]
  /** Steps of the next requests, one each, in order; then everything works. */
  readonly refreshSteps: Step[]
  readonly codeSteps: Step[]
  readonly mintSteps: Step[]
  readonly verifySteps: Step[]
  /** Tokens of a new consent. */
  consent(userId?: string): ReceivedTokens
  /** Knox refuses these access tokens with 4010011. */
  refuseAccess(token: Secret | 'all'): void
  /** The account of each access token. */
  userOf(accessToken: string): string | undefined
}

export const tokenError = (kind: TokenFailureKind, reason = 'refused'): TokenRequestError =>
  new TokenRequestError(kind, reason, { service: 'samsung-account', status: 400, code: 'AUT_1' })

export const knoxError = (kind: KnoxFailureKind, reason = 'refused', code = '4000'): KnoxError =>
  new KnoxError(kind, reason, { service: 'knox', status: 400, code })

/** A step that throws, before Samsung did anything unless `when` says otherwise. */
export const failing = (error: Error, when: 'before' | 'after' = 'before'): Step => ({
  [when]: () => {
    throw error
  },
})

/** A step that waits: `arrived` resolves when the request is there, `release` lets it go on. */
export function held(when: 'before' | 'after' = 'before') {
  const arrived = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const wait = () => {
    arrived.resolve()
    return released.promise
  }
  return { step: { [when]: wait } as Step, arrived: arrived.promise, release: released.resolve }
}

export function createSamsung(options: SamsungOptions): Samsung {
  const { clock, rotation = 'rotate', accessLifeMs = HOUR, knoxLifeMs = 30 * MINUTE } = options
  const users = new Map<string, string>()
  const refreshTokens = new Map<string, string>()
  const refused = new Set<string>()
  let count = 0
  const lists = { spent: [], codes: [], exchanged: [] } as Record<string, string[]>
  const steps = { refresh: [], code: [], mint: [], verify: [] } as Record<string, Step[]>

  function issue(userId: string): ReceivedTokens {
    count += 1
    const [access, refresh] = [`access-${count}`, `refresh-${count}`]
    users.set(access, userId)
    refreshTokens.set(refresh, userId)
    return {
      accessToken: new Secret(access),
      refreshToken: new Secret(refresh),
      accessExpiresAt: clock() + accessLifeMs,
      userId,
      email: `${userId}@example.com`,
      receivedAt: clock(),
    }
  }

  async function run<T>(list: Step[], act: () => T): Promise<readonly [T, Step]> {
    const step = list.shift() ?? {}
    await Promise.resolve()
    await step.before?.()
    const result = act()
    await step.after?.()
    return [result, step]
  }

  function redeem(token: string): ReceivedTokens {
    const userId = refreshTokens.get(token)
    if (userId === undefined) throw tokenError('customer')
    if (rotation === 'rotate') refreshTokens.delete(token)
    return issue(userId)
  }

  async function verify() {
    await run(steps.verify ?? [], () => undefined)
  }

  return {
    spent: lists.spent ?? [],
    codes: lists.codes ?? [],
    exchanged: lists.exchanged ?? [],
    refreshSteps: steps.refresh ?? [],
    codeSteps: steps.code ?? [],
    mintSteps: steps.mint ?? [],
    verifySteps: steps.verify ?? [],
    consent: (userId = 'ada') => issue(userId),
    refuseAccess: (token) => void refused.add(token === 'all' ? token : token.reveal()),
    userOf: (accessToken) => users.get(accessToken),

    account: {
      authorizationUrl: ({ state, locale = '' }) =>
        `https://account.example/signInGate?state=${state}&locale=${locale}`,
      async exchangeCode(code, onTokens) {
        lists.codes?.push(code.reveal())
        const [tokens, step] = await run(steps.code ?? [], () => issue(code.reveal()))
        await onTokens(step.answer?.(tokens) ?? tokens)
      },
      async refresh(token, onTokens) {
        lists.spent?.push(token.reveal())
        const [tokens, step] = await run(steps.refresh ?? [], () => redeem(token.reveal()))
        await onTokens(step.answer?.(tokens) ?? tokens)
      },
    },

    knox: {
      async mint(idpAccessToken) {
        const token = idpAccessToken.reveal()
        lists.exchanged?.push(token)
        const [number] = await run(steps.mint ?? [], () => {
          if (refused.has(token) || refused.has('all'))
            throw knoxError('idp_token', 'refused', '4010011')
          count += 1
          return count
        })
        const value = new Secret(`knox-${number}-of-${users.get(token)}`)
        return { headerName: 'x-knox-apitoken', value, expiresAt: clock() + knoxLifeMs }
      },
      verify,
    },

    twoLegged: {
      async mint() {
        lists.exchanged?.push('nobody')
        const [number] = await run(steps.mint ?? [], () => {
          count += 1
          return count
        })
        const value = new Secret(`knox-${number}-of-the-program`)
        return { headerName: 'x-knox-apitoken', value, expiresAt: clock() + knoxLifeMs }
      },
      verify,
    },
  }
}
