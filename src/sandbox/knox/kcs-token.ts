import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import type { Context } from '../context.ts'
import type { AccessToken, EpochMs, ProgramKind } from '../state.ts'

/** Issues an unsigned Knox token for a Samsung Account token. */
export function issueKcsToken(ctx: Context, idpToken: AccessToken, minutes: number): string {
  const { accountId, familyId } = idpToken
  const { token, expiresAt } = makeToken(ctx, ctx.registration.knox.context, minutes)
  ctx.state.kcsTokens.set(token, { accountId, familyId, expiresAt, revoked: false })
  ctx.state.activity.issued.kcsTokens += 1
  return token
}

/** Issues an unsigned Knox token for a program that needs nobody's consent (protocol.md 6). */
export function issueProgramToken(ctx: Context, program: ProgramKind, minutes: number): string {
  const { context } = ctx.registration.programs[program]
  const { token, expiresAt } = makeToken(ctx, context, minutes)
  ctx.state.programTokens.set(token, { program, expiresAt })
  ctx.state.activity.issued.programTokens += 1
  return token
}

/**
 * Makes a JWT of AMS's own, with the header and claims of protocol.md 9b. Its HS256 key is used once
 * and forgotten, because nobody but AMS could ever check it and AMS knows its tokens by heart.
 */
function makeToken(
  ctx: Context,
  context: string,
  minutes: number,
): { readonly token: string; readonly expiresAt: EpochMs } {
  const iat = Math.floor(ctx.now() / 1000)
  const exp = iat + minutes * 60
  const claims = {
    context,
    accessToken: randomUUID(),
    iat,
    exp,
    iss: 'AMS',
    jti: randomBytes(8).readBigUInt64BE().toString(),
  }
  const input = `${encode({ alg: 'HS256' })}.${encode(claims)}`
  const signature = createHmac('sha256', randomBytes(32)).update(input).digest('base64url')
  return { token: `${input}.${signature}`, expiresAt: exp * 1000 }
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
