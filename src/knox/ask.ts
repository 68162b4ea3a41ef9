import type { Program } from '../config/config.ts'
import type { SamsungClock } from '../outbound/clock-governor.ts'
import {
  type Outbound,
  OutboundError,
  type OutboundRequest,
  type OutboundResponse,
} from '../outbound/outbound.ts'
import { type KnoxOperation, knoxRefusal, knoxSilence, mayBlameClock } from './failure.ts'
import type { KnoxError } from './kind.ts'

/** What it takes to ask Knox in the name of one program. */
export interface KnoxAccess {
  readonly program: Program
  readonly outbound: Outbound
  readonly samsungClock: SamsungClock
}

/** Makes one request. @throws KnoxError when there is no answer */
export async function ask(
  { outbound }: KnoxAccess,
  request: OutboundRequest,
): Promise<OutboundResponse> {
  try {
    return await outbound.request(request)
  } catch (error) {
    throw error instanceof OutboundError ? knoxSilence(error) : error
  }
}

export const isSuccess = ({ status }: OutboundResponse): boolean => status >= 200 && status < 300

/** Says what a refusal means; one that may blame our clock is shown to the governor first. */
export function judgeAnswer(
  { program: { knox }, samsungClock }: KnoxAccess,
  operation: KnoxOperation,
  response: OutboundResponse,
): KnoxError {
  const refusal = knoxRefusal(operation, response, knox.trustErrorCodes)
  if (mayBlameClock(refusal)) samsungClock.refused(new URL(knox.baseUrl).host, response)
  return refusal
}
