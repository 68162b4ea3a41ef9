import type { Sandbox } from '../../../../src/sandbox/sandbox.ts'
import { amsBody, commonClaims, signJwt } from './knox.ts'
import { startSandbox, type TestClock } from './sandbox.ts'

/** Where the clock of these tests stands, in milliseconds. */
const START = 1_800_000_000_000

/** A sandbox and the clock that it goes by. */
export interface ProgramWorld {
  readonly sandbox: Sandbox
  readonly clock: TestClock
}

export async function programWorld(
  settings: Parameters<Sandbox['control']>[0] = {},
): Promise<ProgramWorld> {
  const clock = { now: START }
  const sandbox = await startSandbox({}, clock)
  sandbox.control(settings)
  return { sandbox, clock }
}

type Program = 'msp' | 'customer'

/** Good claims for `accesstoken`. */
export const programClaims = (
  { sandbox, clock }: ProgramWorld,
  program: Program = 'msp',
): Readonly<Record<string, unknown>> => ({
  clientIdentifier: sandbox.registration.programs[program].clientIdentifier,
  ...commonClaims(clock),
})

/** Posts to `accesstoken`. */
export const postProgram = (
  { sandbox }: ProgramWorld,
  body: Readonly<Record<string, unknown>>,
): Promise<Response> =>
  fetch(`${sandbox.localUrl}/ams/v1/users/accesstoken`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

/** Gets a Knox token for a program, and signs it. */
export async function signedProgramToken(
  world: ProgramWorld,
  program: Program = 'msp',
  minutes = 30,
): Promise<string> {
  const body = amsBody(signJwt(programClaims(world, program)), {
    validityForAccessTokenInMinutes: minutes,
  })
  // Holds because the request is good.
  const { accessToken } = (await (await postProgram(world, body)).json()) as { accessToken: string }
  return signJwt({ accessToken, ...commonClaims(world.clock) })
}

/** Calls a Knox API with a signed token, for a customer if one is named. */
export const callKnox = (
  { sandbox }: ProgramWorld,
  path: string,
  token: string,
  tenant?: string,
): Promise<Response> =>
  fetch(sandbox.localUrl + path, {
    headers: {
      'x-knox-apitoken': token,
      ...(tenant === undefined ? {} : { 'x-wsm-managed-tenantid': tenant }),
    },
  })
