/*
 * A fuzzed exchange in symbols: it is the same for the same seed, whatever ids and keys the run has.
 * `{{own:2}}` stands for a value of the run; see `world.ts`. All text is Latin-1, one character a byte.
 */

export type Listener = 'public' | 'admin'

export type Header = readonly [name: string, value: string]

/**
 * How a body is announced.
 *
 * - `length`, `chunked`: as it should be.
 * - `short`: what is over the announced length would be the next request.
 * - `long`: more is announced than comes.
 * - `both`: a length and chunks, with which requests are smuggled (RFC 9112 §6.3).
 * - `bad_chunk`: chunks of a size that is none.
 * - `unsaid`: not at all.
 */
export const FRAMINGS = [
  'length',
  'chunked',
  'short',
  'long',
  'both',
  'bad_chunk',
  'unsaid',
] as const

export interface FuzzBody {
  readonly content: string
  readonly framing: (typeof FRAMINGS)[number]
}

export interface FuzzRequest {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly headers: readonly Header[]
  readonly body: FuzzBody | null
}

/**
 * What the client does after it has written.
 *
 * - `wait`: it waits for all answers.
 * - `end`: it ends its half of the connection.
 * - `reset`: it is gone, without a word.
 */
export const ENDINGS = ['wait', 'end', 'reset'] as const

/** Requests on one connection, one behind the other without waiting. */
export interface Exchange {
  readonly listener: Listener
  readonly requests: readonly FuzzRequest[]
  /** The share of the bytes that is written, 0 to 1; less than 1 is a request that breaks off. */
  readonly share: number
  /** The bytes are written in so many pieces. */
  readonly pieces: number
  readonly ending: (typeof ENDINGS)[number]
}
