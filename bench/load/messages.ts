/** One round of load, as the generator is told of it. */
export interface LoadOrder {
  /** Origin of the server under load. */
  readonly url: string
  /** Each connection asks for its own share of these, again and again. */
  readonly paths: readonly string[]
  readonly authorization: string
  readonly connections: number
  /** How long, or how many requests. */
  readonly until: { readonly seconds: number } | { readonly requests: number }
}

/** What came of it. */
export interface LoadReport {
  readonly requestsPerSecond: number
  /** Answers with status 2xx. */
  readonly answered: number
  /** Other answers, time-outs and broken connections. */
  readonly failed: number
}
