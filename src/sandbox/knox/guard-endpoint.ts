import type { Context } from '../context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { type Incoming, json } from '../http/exchange.ts'
import { authorizeFleet } from './callers.ts'
import { type KnoxErrorWriter, KnoxRefusal } from './errors.ts'
import { devicesOf } from './kme-data.ts'
import { credentialFacts, knoxEndpoint } from './knox-endpoint.ts'
import { cutPage, readPage } from './paging.ts'

/**
 * Makes the list of devices of Knox Guard, for its error shape and because it takes signed tokens
 * only (protocol.md 0.3 and 5.4). Its fields are not documented.
 */
export const guardDevicesEndpoint = (ctx: Context): Endpoint =>
  knoxEndpoint(ctx, 'kg', {
    facts: (incoming) => credentialFacts(incoming),
    handle(incoming) {
      const list = devicesOf(authorizeFleet(ctx, incoming, null))
      const deviceList = cutPage(list, readPage(readBody(incoming))).map((device) => ({
        deviceUid: device.imei,
        deviceStatus: 'Active',
        model: device.model,
      }))
      return json(200, { result: 'SUCCESS', totalCount: list.length, deviceList })
    },
    write: guardErrorReply,
  })

/** `{result, error: {code, message, reason}}`, with the code as it is set (protocol.md 5.4). */
const guardErrorReply: KnoxErrorWriter = ({ status, code, message, data: reason }, shape) => {
  const error = {
    number: { code, message, reason },
    string: { code: String(code), message, reason },
    array: { code: [code], message: [message], reason: [reason] },
  }
  return json(status, { result: 'FAIL', error: error[shape] }, { refusal: String(code) })
}

/** Real clients page in the body: `{"pageNum": 0, "pageSize": 100, "search": "…"}`. */
function readBody({ contentType, body }: Incoming): URLSearchParams {
  const value = contentType === 'application/json' ? parseJson(body) : null
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new KnoxRefusal('RESOURCE_INVALID_PARAM', 'the body must be a JSON object')
  }
  const query = new URLSearchParams()
  for (const [name, given] of Object.entries(value)) query.append(name, String(given))
  return query
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
