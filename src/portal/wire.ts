import { z } from 'zod'
import { base64url, exactUrl, integer, integerParameter, text } from '../http/validate.ts'
import { isConnectionId } from '../shared/ids.ts'
import { CONNECTION_STATUSES } from '../vault/status.ts'

/*
 * What `/v1` takes: the wire in snake_case on the left, the service's words on the right. Unknown
 * fields and parameters are refused.
 */

const id = text(1, 64)
const tenantRef = text(1, 256)

/** Checked here, because any other key of the store could be named by it. */
const connectionId = z
  .string()
  .refine(isConnectionId, { error: 'must be the id of a connection: conn_ and 32 characters' })

/** RFC 5646 language tag or Samsung's `en_US`. */
const locale = z.string().regex(/^[A-Za-z]{2,8}([-_][A-Za-z0-9]{2,8}){0,3}$/, {
  error: 'must be a language tag such as en-US',
})

/** `POST /v1/connect-sessions` */
export const newSessionBody = z
  .strictObject({
    program: id,
    tenant_ref: tenantRef,
    tenant_name: text(1, 256).optional(),
    return_url: exactUrl,
    code_challenge: base64url(43),
    connection_id: connectionId.optional(),
    allow_account_change: z.boolean().optional(),
    locale: locale.optional(),
  })
  .transform((body) => ({
    program: body.program,
    tenantRef: body.tenant_ref,
    ...(body.tenant_name === undefined ? {} : { tenantName: body.tenant_name }),
    returnUrl: body.return_url,
    codeChallenge: body.code_challenge,
    ...(body.connection_id === undefined ? {} : { connectionId: body.connection_id }),
    allowAccountChange: body.allow_account_change ?? false,
    ...(body.locale === undefined ? {} : { locale: body.locale }),
  }))

/** `POST /v1/connections` */
export const newConnectionBody = z
  .strictObject({
    program: id,
    tenant_ref: tenantRef,
    tenant_name: text(1, 256).optional(),
    managed_tenant_id: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, { error: 'must be 1 to 64 letters, digits and hyphens' })
      .optional(),
  })
  .transform((body) => ({
    program: body.program,
    tenantRef: body.tenant_ref,
    ...(body.tenant_name === undefined ? {} : { tenantName: body.tenant_name }),
    ...(body.managed_tenant_id === undefined ? {} : { managedTenantId: body.managed_tenant_id }),
  }))

/** `POST /v1/connect-sessions/{id}/complete`; the verifier as in RFC 7636 §4.1. */
export const completionBody = z
  .strictObject({
    result_code: base64url(43),
    code_verifier: z.string().regex(/^[A-Za-z0-9\-._~]{43,128}$/, {
      error: 'must be 43 to 128 unreserved characters (RFC 7636)',
    }),
  })
  .transform((body) => ({ resultCode: body.result_code, codeVerifier: body.code_verifier }))

/** `POST /v1/connections/{id}/token` */
export const tokenBody = z
  .strictObject({
    min_ttl_seconds: integer(0, 1800).optional(),
    rejected: text(1, 64).optional(),
  })
  .transform((body) => ({
    minTtlMs: body.min_ttl_seconds === undefined ? undefined : body.min_ttl_seconds * 1000,
    rejected: body.rejected,
  }))

/** A call that takes no fields. */
export const emptyBody = z.strictObject({})

/** A call that takes no body: one that came all the same must not say anything. */
export const noBody = emptyBody.optional()

/** No query parameters. */
export const noQuery = z.strictObject({})

/** `GET /v1/connections` @param pageLimit - Largest `limit`. */
export const listQuery = (pageLimit: number) =>
  z
    .strictObject({
      limit: integerParameter(1, pageLimit).optional(),
      cursor: text(1, 128).optional(),
      status: z.enum(CONNECTION_STATUSES).optional(),
      tenant_ref: tenantRef.optional(),
      program: id.optional(),
    })
    .transform(({ limit, tenant_ref, ...rest }) => ({
      ...rest,
      limit: limit ?? Math.min(50, pageLimit),
      tenantRef: tenant_ref,
    }))
