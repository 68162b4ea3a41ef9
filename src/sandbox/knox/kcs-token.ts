import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import type { Context } from '../context.ts'
import type { AccessToken } from '../state.ts'

/**
 * Issues an unsigned Knox token for a Samsung Account token: a JWT of AMS's own, with the header
 * and claims of protocol.md 9b.
 *
 * Its HS256 key is used once and forgotten, because nobody but AMS could ever check it and AMS
 * knows its tokens by heart.
 */
export function issueKcsToken(ctx: Context, idpToken: AccessToken, minutes: number): string {
  const { accountId, familyId } = idpToken
  const iat = Math.floor(ctx.now() / 1000)
  const exp = iat + minutes * 60
  const claims = {
    context: ctx.registration.knox.context,
    accessToken: randomUUID(),
    iat,
    exp,
    iss: 'AMS',
    jti: randomBytes(8).readBigUInt64BE().toString(),
  }
  const input = `${encode({ alg: 'HS256' })}.${encode(claims)}`
  const signature = createHmac('sha256', randomBytes(32)).update(input).digest('base64url')
  const token = `${input}.${signature}`
  ctx.state.kcsTokens.set(token, { accountId, familyId, expiresAt: exp * 1000, revoked: false })
  ctx.state.activity.issued.kcsTokens += 1
  return token
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
