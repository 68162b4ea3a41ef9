import type { Request } from 'express'
import type { Delivery } from '../record.ts'

/** A request as the endpoints see it: nothing parsed that they have to judge. */
export interface Incoming {
  readonly path: string
  readonly query: URLSearchParams
  /** Media type in lower case without parameters; empty when there is none. */
  readonly contentType: string
  /** First value of a header, `undefined` when absent. */
  readonly header: (name: string) => string | undefined
  readonly body: string
}

/** An answer as the endpoints give it; sending it, or failing to, is somebody else's work. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Samsung's code when this is a refusal; for the record. */
  readonly refusal?: string
  /** Fingerprints of what is handed out, by name; for the record. */
  readonly issued?: Readonly<Record<string, string>>
  /** Family of the tokens that are handed out; for the record. */
  readonly family?: string
  /** Is told how sending this answer went, once that is known. */
  readonly onDelivery?: (delivery: Delivery) => void
}

/** Reads what Express received; the body must have been read as text. */
export function readIncoming(req: Request): Incoming {
  const query = req.originalUrl.indexOf('?')
  return {
    path: req.path,
    query: new URLSearchParams(query === -1 ? '' : req.originalUrl.slice(query)),
    contentType: (req.get('content-type') ?? '').split(';', 1).join('').trim().toLowerCase(),
    header: (name) => req.get(name),
    body: typeof req.body === 'string' ? req.body : '',
  }
}

/** Makes a JSON answer. */
export const json = (
  status: number,
  value: unknown,
  notes: Pick<Reply, 'refusal' | 'issued' | 'family' | 'onDelivery'> = {},
): Reply => ({
  status,
  headers: { 'Content-Type': 'application/json;charset=UTF-8' },
  body: JSON.stringify(value),
  ...notes,
})

/** Makes a redirect that a browser follows with GET. */
export const redirect = (location: string, headers: Record<string, string> = {}): Reply => ({
  status: 302,
  headers: { Location: location, ...headers },
  body: '',
})
