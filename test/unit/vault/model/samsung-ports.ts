import type { KnoxKind } from '../../../../src/knox/kind.ts'
import {
  type OnTokens,
  type SamsungAccountClient,
  TokenRequestError,
} from '../../../../src/samsung-account/tokens.ts'
import { Secret } from '../../../../src/shared/secret.ts'
import { type EpochMs, sleep } from '../../../../src/shared/time.ts'
import { knoxError, tokenError } from '../support/samsung.ts'
import type { Process } from './process.ts'
import type { Random } from './random.ts'
import type { Report } from './report.ts'
import { type Issue, MARKER, type Presentation, type SamsungTruth } from './samsung-truth.ts'

/**
 * What becomes of one renewal.
 *
 * `not_sent`: no byte left. `rate_limited`: 429 with Retry-After. `unavailable`: 5xx, and Samsung did nothing.
 * `unheard`: a time-out before it arrived. `lost`: a time-out after Samsung acted. `unreadable`: the same, and
 * at once. `late`: it arrives when nobody waits any more. `slow`: within the cap. `stalled`: Samsung acts at
 * once, and its answer comes when the lease is over.
 */
export const SAMSUNG_FAULTS = [
  'not_sent',
  'rate_limited',
  'unavailable',
  'unheard',
  'lost',
  'unreadable',
  'late',
  'slow',
  'stalled',
] as const

export type SamsungFault = (typeof SAMSUNG_FAULTS)[number]

/** A Knox token, and whose it is. */
export interface KnoxIssue {
  readonly connectionId: string
  readonly expiresAt: EpochMs
  readonly mintedAt: EpochMs
}

/** Samsung as processes see it. */
export interface SamsungPorts {
  /** The next renewals meet these, one each. */
  fail(faults: readonly SamsungFault[]): void
  /** Until then Samsung refuses this service's own credentials. */
  refuseClient(until: EpochMs): void
  isRefusingClient(): boolean
  mend(): void
  accountOf(process: Process): SamsungAccountClient
  knoxOf(process: Process): KnoxKind
  knoxToken(value: string): KnoxIssue | undefined
}

export interface SamsungPortsDeps {
  readonly truth: SamsungTruth
  readonly random: Random
  readonly timeoutMs: number
  readonly leaseMs: number
  readonly knoxLifeMs: number
  readonly now: () => EpochMs
  readonly report: Report
  /** A refresh token leaves a process. @returns what is known of the attempt */
  readonly onPresented: (
    process: Process,
    token: string,
  ) => Pick<Presentation, 'connectionId' | 'isRecovery' | 'generation'>
}

const RETRY_AFTER_SECONDS = 20

type Answer = { readonly issue: Issue } | { readonly error: unknown }

const outcomeOf = (answer: Answer): string =>
  'issue' in answer ? `tokens with ${answer.issue.refresh.split('-')[1]}` : String(answer.error)

/** Samsung's name for the customer of a connection. */
export const userOf = (connectionId: string): string => `user-of-${connectionId}`

export function createSamsungPorts(deps: SamsungPortsDeps): SamsungPorts {
  const { truth, random, timeoutMs, leaseMs, knoxLifeMs, now, report } = deps
  const knoxTokens = new Map<string, KnoxIssue>()
  let faults: SamsungFault[] = []
  let refusedUntil: EpochMs = 0

  const travel = async () => {
    const ms = random.pick(0, 1, 5, 40)
    if (ms > 0) await sleep(ms)
  }

  /** Samsung acts, whether or not anybody waits for it. @throws TokenRequestError */
  function act(presentation: Presentation): Issue {
    if (now() < refusedUntil) {
      presentation.outcome = 'refused'
      throw tokenError('operator')
    }
    try {
      presentation.issue = truth.redeem(presentation)
    } catch (error) {
      presentation.outcome = 'refused'
      throw error
    }
    presentation.outcome = 'issued'
    return presentation.issue
  }

  async function arriveLate(presentation: Presentation): Promise<void> {
    presentation.wasLate = true
    await sleep(timeoutMs + random.below(2000))
    try {
      act(presentation)
    } catch {
      // Nobody hears of it.
    }
  }

  /** What its process gets to hear. @throws TokenRequestError */
  async function request(presentation: Presentation, fault?: SamsungFault): Promise<Issue> {
    if (fault === 'late') void arriveLate(presentation)
    if (fault === 'late' || fault === 'unheard') {
      await sleep(timeoutMs)
      throw tokenError('ambiguous', 'timeout')
    }
    await (fault === 'slow' ? sleep(random.below(timeoutMs / 2)) : travel())
    if (fault === 'rate_limited') {
      presentation.outcome = 'refused'
      const { upstream } = tokenError('transient')
      throw new TokenRequestError('transient', 'rate_limited', upstream, RETRY_AFTER_SECONDS)
    }
    if (fault === 'unavailable') throw tokenError('ambiguous', 'unavailable')
    const issue = act(presentation)
    await (fault === 'slow' ? sleep(random.below(timeoutMs / 2)) : travel())
    if (fault === 'stalled') await sleep(leaseMs + random.below(leaseMs))
    if (fault === 'lost') await sleep(timeoutMs)
    if (fault === 'lost') throw tokenError('ambiguous', 'timeout')
    if (fault === 'unreadable') throw tokenError('ambiguous', 'malformed')
    return issue
  }

  /** Only some of them say it again where it is not replaced (RFC 6749 §6). */
  function receivedBy({ skewMs, clock }: Process, issue: Issue, spent: string) {
    const isSame = issue.refresh === spent && random.chance(50)
    return {
      accessToken: new Secret(issue.access),
      ...(isSame ? {} : { refreshToken: new Secret(issue.refresh) }),
      accessExpiresAt: issue.accessExpiresAt + skewMs,
      userId: userOf(issue.grant.connectionId),
      email: `${userOf(issue.grant.connectionId)}@${MARKER}.example`,
      receivedAt: clock(),
    }
  }

  async function refresh(process: Process, token: Secret, onTokens: OnTokens): Promise<void> {
    const spent = token.reveal()
    const fault = faults.shift()
    const known = deps.onPresented(process, spent)
    await process.pass('refresh_sent')
    if (fault === 'not_sent') throw tokenError('not_sent', 'unreachable')
    const presentation: Presentation = {
      token: spent,
      process,
      at: now(),
      ...known,
      wasLate: false,
      outcome: 'pending',
      issue: null,
      isHeard: false,
      hasEnded: false,
    }
    truth.presentations.push(presentation)
    const number = spent.split('-')[1]
    report.trace(
      process.name,
      `presents ${number}${known.isRecovery ? ' to recover' : ''}, ${fault ?? 'no fault'}`,
    )
    const answer = await request(presentation, fault).then(
      (issue) => ({ issue }),
      (error: unknown) => ({ error }),
    )
    await process.pass('refresh_answered')
    report.trace(process.name, `hears of ${number}: ${outcomeOf(answer)}`)
    try {
      if ('error' in answer) throw answer.error
      presentation.isHeard = true
      answer.issue.holders.push(process)
      await onTokens(receivedBy(process, answer.issue, spent))
    } catch (error) {
      const isNo = error instanceof TokenRequestError && error.kind !== 'ambiguous'
      presentation.isHeard ||= isNo && presentation.outcome === 'refused'
      throw error
    } finally {
      presentation.hasEnded = true
    }
  }

  async function mint(process: Process, accessToken: Secret) {
    const access = accessToken.reveal()
    await process.pass('knox_sent')
    await travel()
    const isRefused = now() < refusedUntil
    const isLive = truth.isLive(access)
    const value = `knox-${knoxTokens.size + 1}-${MARKER}`
    const expiresAt = now() + knoxLifeMs
    const connectionId = truth.issueOf(access)?.grant.connectionId ?? 'nobody'
    if (!isRefused && isLive) knoxTokens.set(value, { connectionId, expiresAt, mintedAt: now() })
    await travel()
    await process.pass('knox_answered')
    if (isRefused) throw knoxError('operator')
    if (!isLive) throw knoxError('idp_token', 'refused', '4010011')
    const { skewMs } = process
    return {
      headerName: 'x-knox-apitoken',
      value: new Secret(value),
      expiresAt: expiresAt + skewMs,
    }
  }

  return {
    fail: (more) => void faults.push(...more),
    refuseClient: (until) => {
      refusedUntil = until
    },
    isRefusingClient: () => now() < refusedUntil,
    mend: () => {
      faults = []
      refusedUntil = 0
    },
    accountOf: (process) => ({
      authorizationUrl: () => 'https://account.example/',
      exchangeCode: () => Promise.reject(new Error('no code is exchanged here')),
      refresh: (token, onTokens) => refresh(process, token, onTokens),
    }),
    knoxOf: (process) => ({
      mint: (accessToken) => mint(process, accessToken),
      verify: async () => {},
    }),
    knoxToken: (value) => knoxTokens.get(value),
  }
}
